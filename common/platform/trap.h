/* What trap.S and the rest of the platform share of the traps. */
#ifndef PLATFORM_TRAP_PRIVATE_H
#define PLATFORM_TRAP_PRIVATE_H

#include <platform/trap.h>

#define VECTOR_NMI           2
#define VECTOR_MACHINE_CHECK 18

/* The entry points in trap.S. */
extern const uint64_t trap_stub_table[];
void system_call_entry(void);
void thread_start(void);

/* Called by trap.S: on a thread's stack for what happened in user mode, on whatever stack was in
 * use for the rest. */
void trap_from_user(struct user_registers *registers, unsigned vector, uint64_t error_code);
void trap_from_kernel(struct kernel_registers *registers);
void trap_refuse_return(struct user_registers *registers);

/* Sets SYSCALL up. */
void trap_init(void);

#endif
