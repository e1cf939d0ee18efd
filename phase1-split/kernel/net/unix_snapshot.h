/* What /proc/net/unix tells. */
#ifndef NET_UNIX_SNAPSHOT_H
#define NET_UNIX_SNAPSHOT_H

#include <net/socket_ops.h>

/* What Core knows itself of a Unix socket, for it is procfs that asks, and no service may be called
 * for another. */
struct unix_snapshot {
    uint64_t inode;
    uint32_t references;
    int type;
    bool listening, connected;
    struct socket_address name; /* length 0: none; an abstract one begins with NUL */
};

/* The sockets of AF_UNIX one after the other: the one after `previous` (0: the first), which must
 * still be there, or the first again.  False if there is no other. */
bool unix_snapshot_next(uint64_t previous, struct unix_snapshot *out);

#endif
