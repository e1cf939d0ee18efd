/* Descriptors on their way, Core's side of net/in_flight.h. */
#ifndef NET_FILES_IN_FLIGHT_H
#define NET_FILES_IN_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <lib/list.h>
#include <net/in_flight.h>

#define FILES_IN_FLIGHT_MOST 253 /* in one message: SCM_MAX_FD */

struct file;
struct socket;

struct files_in_flight {
    files_handle handle;   /* NO_FILES: nobody may name it any more; to be freed */
    struct list settle;    /* what is to be let go of soon */
    struct list all;       /* those in queues */
    struct list held;      /* of one socket's queue */
    struct socket *holder; /* in whose queue it is; NULL: in nobody's */
    uint32_t user;         /* who has sent it */
    const struct socket
        *peeker; /* whose queue it was copied from, to be received there; only compared */
    unsigned count;
    struct file *files[]; /* references */
};

/* One with room for `count` files, and none in it yet.  -ENOMEM. */
int files_in_flight_create(unsigned count, struct files_in_flight **out);

/* What a handle stands for; NULL: nothing. */
struct files_in_flight *files_in_flight_find(files_handle handle);

/* May the running user send `count` more files?  0 or -ETOOMANYREFS (RLIMIT_NOFILE). */
int files_in_flight_check(unsigned count);

/* What a service says that `socket` has received, which is in nobody's queue any more: a handle that
 * the service does not know; NO_FILES if there are none, or they were not on their way to it. */
files_handle files_in_flight_take(files_handle files, const struct socket *socket);

/* The socket has no queue any more. */
void files_in_flight_leave(struct socket *socket);

/* Lets go of everything that has been dropped, and of what that leads to, one after the other and
 * not one within the other.  Due after each call to a service that may drop something. */
void in_flight_settle(void);

/* A file in flight has lost its last user outside of queues: settles, and looks for circles. */
void in_flight_collect(void);

#endif
