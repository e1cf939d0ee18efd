/* Threads, for the rest of the platform. */
#ifndef PLATFORM_THREAD_PRIVATE_H
#define PLATFORM_THREAD_PRIVATE_H

#include <stdbool.h>

#include <platform/thread.h>

/* Makes the boot code a thread. */
void thread_init(void);

/* True if the 8 bytes at `address` lie in the stack of the running thread. */
bool thread_on_stack(uint64_t address);

#endif
