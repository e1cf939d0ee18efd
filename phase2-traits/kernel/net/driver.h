/* The trait of Ethernet drivers.
 *
 * A driver moves no data.  Core owns the buffers; the driver gets their bus addresses, each with a
 * tag that means nothing to it, puts them into the device's rings, and tells which tags the device
 * is done with.  It calls nothing but the platform.  The rules of fs/vfs.h hold.
 *
 * Interrupts do not enter a driver: Core masks the line and calls collect() and interrupts() later,
 * so that a driver never waits and never meets itself.  Of all these operations, after a successful
 * open(), an errno other than -EAGAIN ends the device: Core calls close() and nothing more.  The
 * system goes on without it. */
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
    unsigned receive_slots, transmit_slots; /* buffers that the rings hold; not 0 */
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

    /* Takes the device and resets it; interrupts stay off.  -ENODEV: not a device of this driver.
     * At boot, for each PCI function, until one of the drivers takes it; what fails leaves the
     * device as it was, and the next driver is asked.  Several devices: several handles. */
    int (*open)(const struct pci_device *device, ethernet_handle *out,
                struct ethernet_answer *answer);

    /* Stops the device for good: it touches no buffer any more.  The end of it, whatever the
     * answer; but if it fails Core gives up the buffers, for the device may still write to them. */
    int (*close)(ethernet_handle device);

    /* An empty buffer to receive into; a frame of `length` bytes to be sent.  -EAGAIN: the ring is
     * full, or nothing can be taken now; Core comes again later.  The device need not hear of it
     * before kick().  `address` is a multiple of FRAME_BUFFER_SIZE, below 4 GiB or not; `length` is
     * at most FRAME_LENGTH_MOST.  `tag` is below the number of slots, and no other buffer that the
     * driver has in this direction has the same.  There are never more of them than slots. */
    int (*offer)(ethernet_handle device, uint64_t address, uint32_t tag);
    int (*transmit)(ethernet_handle device, uint64_t address, size_t length, uint32_t tag);

    /* The device is to look at what was given to it since the last time, be it nothing. */
    int (*kick)(ethernet_handle device);

    /* Up to `capacity` buffers that the device is done with, in its order; each once, or Core stops
     * the device.  `*count` is 0 going in; as many as `capacity`: Core calls again at once.  Also
     * called without an interrupt.  What was received is believed to have no length but 14 to
     * FRAME_BUFFER_SIZE bytes. */
    int (*collect)(ethernet_handle device, struct ethernet_completion *out, size_t capacity,
                   size_t *count);

    /* Acknowledges what the device has told by interrupts, and lets it interrupt from now on or
     * keeps it from it.  May be called again, the same way, at any time. */
    int (*interrupts)(ethernet_handle device, bool on);

    /* Is there a cable now?  `*up` going in is what was said last. */
    int (*link)(ethernet_handle device, bool *up);

    /* From now on the device takes in frames for `address`, for everybody and for groups, or
     * (`promiscuous`) all there are.  More of them do no harm. */
    int (*filter)(ethernet_handle device, const uint8_t address[6], bool promiscuous);
};

#endif
