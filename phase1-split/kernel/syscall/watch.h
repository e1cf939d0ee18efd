/* What poll and select in their variants share: watches on descriptors, time-outs in the caller's
 * memory, and signal masks for the time of a call. */
#ifndef SYSCALL_WATCH_H
#define SYSCALL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <platform/page.h>
#include <process/wait_queue.h>

struct file;

struct watch {
    int fd;                   /* negative: to be left alone */
    uint32_t wanted;          /* POLL* bits that end the wait */
    uint32_t ready;           /* those of them that held at the last look; POLLNVAL: no such file */
    struct file *file;        /* NULL: there is none, or there was nothing to wait for */
    struct wait_queue *queue; /* woken when the file's state changes */
    struct wait_entry entry;
};

#define NOW 0 /* a deadline that has passed: look once, do not sleep */

/* How many of `count` watches, whose `fd` and `wanted` are set, are ready; 0 when the deadline came
 * first; -ERESTARTSYS for a signal; -ENOMEM.  Sleeps unless the deadline is NOW. */
long watch_wait(struct watch *watches, unsigned count, uint64_t deadline);

/* `size` bytes: those at `few` if they suffice, else from the heap; NULL without memory.  To be
 * given back by memory_release() with the same `few`. */
void *memory_for(size_t size, void *few, size_t few_size);
void memory_release(void *memory, void *few);

/* A relative time-out in the caller's memory, where select and ppoll leave what remains of it. */
struct limit {
    user_address address; /* 0: none */
    bool microseconds;    /* a timeval, else a timespec */
    uint64_t deadline;    /* clock_monotonic(), or NOW, or WAIT_FOREVER */
};

uint64_t deadline_after(uint64_t seconds, uint64_t nanoseconds);

/* Fills in the deadline.  0, -EFAULT, -EINVAL. */
int limit_read(struct limit *limit);

/* Leaves the remaining time with the caller, and makes of watch_wait()'s `result` what the system
 * call answers. */
long limit_write_back(const struct limit *limit, long result);

/* Sets the signal mask at `address` (0: none) for the time of the call.  0, -EFAULT, -EINVAL. */
int mask_set(user_address address, size_t size);

/* Restores the old one, watch_wait() having answered `result`. */
void mask_restore(user_address address, long result);

#endif
