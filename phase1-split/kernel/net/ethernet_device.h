/* The inside of an Ethernet device, for ethernet.c and ethernet_work.c. */
#ifndef NET_ETHERNET_DEVICE_H
#define NET_ETHERNET_DEVICE_H

#include <net/ethernet.h>
#include <net/impairment.h>
#include <net/packet.h>
#include <param.h>

#define ETHERNET_FIRST (INTERFACE_LOOPBACK + 1) /* index of the first device */

/* The packets that a ring of the device holds.  A packet's tag is its place here: whatever a driver
 * says, it can name only packets that it was given. */
struct packet_ring {
    struct packet *packets[RING_PACKETS]; /* by tag; NULL: the tag is free */
    uint16_t free_tags[RING_PACKETS];     /* from `used` to `slots` - 1 */
    unsigned slots, used;
};

struct ethernet_device {
    char name[INTERFACE_NAME];
    unsigned index; /* as interfaces count; 0: the device has been stopped for good */
    unsigned line;  /* it interrupts by this one */
    const struct ethernet_ops *driver;
    ethernet_handle handle;

    bool link_up;     /* what the stack was told last */
    bool interrupted; /* the line is masked until the driver has acknowledged it */
    bool due;         /* the device may be done with some packets */

    bool filter_due; /* the driver has not heard yet of: */
    uint8_t address[6];
    bool promiscuous;

    struct packet_ring receive, transmit;
    struct list empty; /* packets that are to be offered for receiving */
    struct list queue; /* frames that wait for a place in the transmit ring */
    unsigned queued;   /* as many */
    struct cable cable_in, cable_out;
    struct interface_statistics statistics;
};

extern struct ethernet_device *ethernet_devices[ETHERNET_DEVICES];
extern unsigned ethernet_count;
extern const struct network_stack_ops *ethernet_stack;

void packet_ring_init(struct packet_ring *ring, unsigned slots);

static inline bool packet_ring_full(const struct packet_ring *ring)
{
    return ring->used == ring->slots;
}

/* Puts the packet into a ring that is not full, and returns its tag. */
uint32_t packet_ring_put(struct packet_ring *ring, struct packet *packet);

/* Takes the packet out that has the tag; NULL: none has. */
struct packet *packet_ring_take(struct packet_ring *ring, uint32_t tag);

/* Gives the device's receive ring the buffers that it has room for.  0, or what the driver said. */
int ethernet_refill(struct ethernet_device *device);

/* The device's interrupt has been served.  The line is open again when that holds for all devices
 * on it. */
void ethernet_unmask(struct ethernet_device *device);

/* The device or its driver does not work: it is stopped for good, and its memory is freed. */
void ethernet_stop(struct ethernet_device *device, int error);

#endif
