/* Descriptors on their way from one process to another in a socket's queue (SCM_RIGHTS, unix(7)).
 *
 * A service keeps a struct files_in_flight with the message that it belongs to and knows nothing of
 * what is in it; Core knows in which socket's queue it lies.  That matters because a socket may be on
 * its way in its own queue, or two in each other's: no program can reach them any more, and yet each
 * keeps the other.  Core finds such circles when the last descriptor outside is closed. */
#ifndef NET_IN_FLIGHT_H
#define NET_IN_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <lib/list.h>

#define FILES_IN_FLIGHT_MOST 253 /* in one message: SCM_MAX_FD */

struct file;
struct socket;

struct files_in_flight {
    struct list settle;    /* what is to be let go of soon */
    struct list all;       /* those in queues */
    struct list held;      /* of one socket's queue */
    struct socket *holder; /* in whose queue it is; NULL: in nobody's */
    uint32_t user;         /* who has sent it */
    bool dropped;          /* by the service; to be freed */
    unsigned count;
    struct file *files[]; /* references */
};

/* ---- for services; none of these sleeps or calls a service ---- */

/* It lies in the queue of the socket with this number now. */
void files_in_flight_moved(struct files_in_flight *files, uint64_t socket);

/* Another one with the same files, for MSG_PEEK.  -ENOMEM. */
int files_in_flight_copy(const struct files_in_flight *files, struct files_in_flight **out);

/* Nobody will receive it. */
void files_in_flight_drop(struct files_in_flight *files);

/* ---- for Core ---- */

/* One with room for `count` files, and none in it yet.  -ENOMEM. */
int files_in_flight_create(unsigned count, struct files_in_flight **out);

/* May the running user send `count` more files?  0 or -ETOOMANYREFS (RLIMIT_NOFILE). */
int files_in_flight_check(unsigned count);

/* It has been received, and is in nobody's queue any more. */
void files_in_flight_take(struct files_in_flight *files);

/* Lets go of everything that has been dropped, and of what that leads to, one after the other and
 * not one within the other.  Due after each call to a service that may drop something. */
void in_flight_settle(void);

/* A file in flight has lost its last user outside of queues: settles, and looks for circles. */
void in_flight_collect(void);

#endif
