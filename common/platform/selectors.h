/* Segment selectors, for C and assembly alike.
 *
 * SYSCALL and SYSRET dictate the order (Intel SDM volume 3, 5.8.8): the kernel's stack segment
 * follows its code segment; user stack and 64-bit user code follow 32-bit user code.  The user
 * selectors have the values of Linux, because signal frames show them to programs. */
#ifndef SELECTORS_H
#define SELECTORS_H

#define KERNEL_CODE  0x10
#define KERNEL_STACK 0x18
#define USER_CODE_32 0x23
#define USER_STACK   0x2b
#define USER_CODE    0x33
#define TASK_STATE   0x40

/* Interrupt stack table slots of the task state segment (Intel SDM volume 3, 6.14.5). */
#define STACK_DOUBLE_FAULT  1
#define STACK_NMI           2
#define STACK_MACHINE_CHECK 3

#endif
