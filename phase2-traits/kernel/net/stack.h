/* The network stack as a whole, and what it may ask of Core.
 *
 * Core calls the stack with one frame, one timer or one piece of deferred work at a time; sockets
 * are separate traits (net/socket_ops.h).  Nothing calls back into it: a frame that the stack sends
 * is copied and queued by Core, and handed to the driver when the stack's call has returned.
 *
 * The rules of fs/vfs.h hold here too.  But for start() and control(), nobody waits for an answer:
 * what fails is counted or logged, and has cost a frame or a turn, no more.  A system without a
 * stack works without sockets of its kinds; there can be one stack. */
#ifndef NET_STACK_H
#define NET_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct user_buffer; /* fs/user_buffer.h */

#define INTERFACE_LOOPBACK 1u /* interface indices: the first Ethernet device is 2 */
#define INTERFACE_NAME     16 /* bytes, NUL included (IFNAMSIZ) */
#define STACK_TIMERS       16 /* that a stack can have */

/* What the stack does again and again, while it says that it has to. */
struct stack_timer {
    uint32_t milliseconds; /* not 0 */

    /* `*again` is true going in.  After a failure, or `*again` set to false, it rests until the
     * stack calls network_timer(). */
    int (*expired)(bool *again);
};

struct network_stack_ops {
    /* Once, before all others.  The loopback interface is there afterwards.  If this fails the
     * kernel does not start: sockets are registered already that could not do without. */
    int (*start)(void);

    /* An Ethernet device, known from now on as `index` and by `name`; down and without address.
     * Once for each index, from 2 on; if it fails, Core stops the device. */
    int (*attach)(unsigned index, const char *name, const uint8_t address[6], unsigned mtu);

    /* The cable was plugged in or pulled, or the device has been stopped: then for the last time.
     * -ENODEV: the index was never attached, which a device that did not start may lead to. */
    int (*link)(unsigned index, bool up);

    /* A frame of `length` bytes, 14 to FRAME_BUFFER_SIZE (net/driver.h), Ethernet header first; it
     * may be wrong in any other way.  The stack copies what it keeps.  If it fails, the frame is
     * lost and counted; it does not come again. */
    int (*input)(unsigned index, const void *frame, size_t length);

    /* Deferred work that network_work() asked for: a bounded part of it; `*more` (false going in):
     * some is left, and Core calls again when others have had their turn. */
    int (*work)(bool *more);

    /* ioctl(2) about interfaces, by a socket that is not the stack's; as in net/socket_ops.h.
     * -ENOTTY: it is about none. */
    int (*control)(unsigned command, struct user_buffer *argument, int *result);

    const struct stack_timer *timers;
    size_t timer_count; /* at most STACK_TIMERS */
};

/* ---- what a stack may ask of Core: in any call to it or to one of its sockets ---- */

struct network_piece {
    const void *data;
    size_t size; /* bytes */
};

/* Queues a frame, made of pieces, to be sent; they are copied.  0, -ENOBUFS (the queue is full),
 * -EMSGSIZE, -ENODEV. */
int network_send(unsigned index, const struct network_piece *pieces, size_t count);

/* The device is to take in frames for `address`, for everybody and for groups, or all there are.
 * -ENODEV. */
int network_filter(unsigned index, const uint8_t address[6], bool promiscuous);

/* Have work() called soon. */
void network_work(void);

/* Timer `number` is to run from now on; nothing if it runs already. */
void network_timer(size_t number);

/* Frames, bytes and losses of an interface's device since boot, for /proc/net/dev. */
struct interface_statistics {
    uint64_t received_frames, received_bytes, received_errors, received_dropped;
    uint64_t sent_frames, sent_bytes, sent_errors, sent_dropped;
};
int network_device_statistics(unsigned index, struct interface_statistics *out); /* -ENODEV */

#endif
