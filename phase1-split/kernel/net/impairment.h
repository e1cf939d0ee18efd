/* A bad cable, for tests: `net.drop=5 net.reorder=5` on the kernel's command line loses 5 % of all
 * frames and delivers 5 % after the one that follows them, in both directions. */
#ifndef NET_IMPAIRMENT_H
#define NET_IMPAIRMENT_H

#include <stdbool.h>

#include <net/packet.h>

/* One direction of a device's cable. */
struct cable {
    struct packet *held; /* waits for the next one to overtake it; NULL: none */
};

/* Reads the command line.  At boot. */
void impairment_init(void);

/* Sends `packet` through the cable.  What comes out is added to `out`, in order, what is lost to
 * `lost`; the packet may also stay in the cable for now. */
void cable_pass(struct cable *cable, struct packet *packet, struct list *out, struct list *lost);

/* Adds to `out` what has stayed in the cable: nothing has followed it for a while. */
void cable_flush(struct cable *cable, struct list *out);

#endif
