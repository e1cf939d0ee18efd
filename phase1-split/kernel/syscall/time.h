/* Time-outs as system calls are given them. */
#ifndef SYSCALL_TIME_H
#define SYSCALL_TIME_H

#include <stdint.h>

#include <linux/time_types.h>

#include <platform/page.h>

/* Reads a struct timespec in nanoseconds, cut to what 63 bits hold.  -EFAULT, or -EINVAL if it is
 * negative or has a part of 10^9 or more. */
int time_read_timespec(user_address from, uint64_t *out);

struct __kernel_timespec time_to_timespec(uint64_t nanoseconds);

/* ns until `deadline`, by clock_monotonic(); 0 if it has passed. */
uint64_t time_left_until(uint64_t deadline);

/* `nanoseconds` from now, as a deadline for task_sleep(): never WAIT_FOREVER. */
uint64_t time_deadline_after(uint64_t nanoseconds);

#endif
