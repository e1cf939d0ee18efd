/* The trait of Ethernet drivers.
 *
 * A driver moves no data.  Core owns the buffers; the driver gets their bus addresses, each with a
 * tag that means nothing to it, puts them into the device's rings, and tells which tags the device
 * is done with.  It calls nothing but the platform.  The rules of fs/vfs.h hold. */
#ifndef NET_DRIVER_H
#define NET_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <platform/pci.h>

#define FRAME_BUFFER_SIZE 2048 /* bytes of a buffer, aligned to as much */
#define FRAME_LENGTH_MOST 1514 /* Ethernet header and 1500 bytes */

typedef struct service_ethernet *ethernet_handle;

struct ethernet_answer {
    uint8_t address[6];
    unsigned receive_slots, transmit_slots; /* buffers that the rings hold */
};

/* The device is done with a buffer. */
struct ethernet_completion {
    uint32_t tag;
    bool received;   /* else: sent */
    bool failed;     /* the frame is damaged, or was not sent */
    uint16_t length; /* received bytes, without checksum */
};

struct ethernet_ops {
    const char *name;

    /* Takes the device and resets it; interrupts stay off.  -ENODEV: not a device of this driver. */
    int (*open)(const struct pci_device *device, ethernet_handle *out,
                struct ethernet_answer *answer);

    /* Stops the device for good: it touches no buffer any more. */
    int (*close)(ethernet_handle device);

    /* An empty buffer to receive into; a frame of `length` bytes to be sent.  -EAGAIN: the ring is
     * full.  The device need not hear of it before kick(). */
    int (*offer)(ethernet_handle device, uint64_t address, uint32_t tag);
    int (*transmit)(ethernet_handle device, uint64_t address, size_t length, uint32_t tag);
    int (*kick)(ethernet_handle device);

    /* Up to `capacity` buffers that the device is done with, in its order. */
    int (*collect)(ethernet_handle device, struct ethernet_completion *out, size_t capacity,
                   size_t *count);

    /* Acknowledges what the device has told by interrupts, and lets it interrupt from now on or
     * keeps it from it. */
    int (*interrupts)(ethernet_handle device, bool on);

    int (*link)(ethernet_handle device, bool *up);

    /* From now on the device takes in frames for `address`, for everybody and for groups, or
     * (`promiscuous`) all there are.  More of them do no harm. */
    int (*filter)(ethernet_handle device, const uint8_t address[6], bool promiscuous);
};

#endif
