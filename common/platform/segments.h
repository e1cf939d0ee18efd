/* The segments that long mode still wants, and the stacks it switches to by itself. */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "selectors.h"

/* Loads the GDT and the task register. */
void segments_init(void);

/* The stack that exceptions, interrupts and system calls from user mode start on.  `top` is
 * aligned to 16. */
void segments_set_kernel_stack(uint64_t top);

/* Where SYSCALL finds the same (trap.S). */
extern uint64_t kernel_stack_top;

/* True if `address` lies in a stack of the interrupt stack table. */
bool segments_on_interrupt_stack(uint64_t address);

#endif
