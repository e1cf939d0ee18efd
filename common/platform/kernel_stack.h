/* Kernel stacks: 16 KiB each, above an unmapped guard, cached for reuse. */
#ifndef PLATFORM_KERNEL_STACK_H
#define PLATFORM_KERNEL_STACK_H

#include <stdbool.h>
#include <stdint.h>

/* A stack, its end (the highest address, 16-byte aligned) in `*top`; 0 or -ENOMEM.  Contents are
 * undefined. */
int kernel_stack_allocate(void **top);

/* Gives a stack back.  Not the one that is running. */
void kernel_stack_free(void *top);

/* Gives the cached stacks back, and the page tables in which no stack is left. */
void kernel_stacks_trim(void);

/* True when `address` lies below some kernel stack (the boot stack included), where a push that
 * found no room ends up. */
bool kernel_stack_is_guard(uint64_t address);

#endif
