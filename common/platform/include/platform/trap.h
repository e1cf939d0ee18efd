/* Entries into the kernel: system calls, exceptions, page faults, and the way back.
 *
 * Ring 1 hands over one table of handlers before the first user thread runs.  The handlers are
 * called on the thread's kernel stack with interrupts on; they may sleep (switch threads).
 * Interrupts themselves never call Ring 1: they post events (platform/event.h). */
#ifndef PLATFORM_TRAP_H
#define PLATFORM_TRAP_H

#include <platform/page.h>

/* A thread's user registers while it is in the kernel, in the order of Linux's struct pt_regs
 * (asm/ptrace.h).  `orig_rax` is the system call number on entry by SYSCALL, -1 otherwise. */
struct user_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi, orig_rax;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* What user_registers must hold so that user mode starts cleanly at `rip` with `rsp`. */
void user_registers_reset(struct user_registers *registers, user_address rip, user_address rsp);

/* Makes registers that a program supplied (sigreturn) safe to load: user segments, only the
 * flags that user mode may change, canonical rip.  -EFAULT if rip is not a user address. */
int user_registers_sanitize(struct user_registers *registers);

/* An exception as the processor reports it (Intel SDM volume 3, chapter 6). */
struct exception {
    unsigned vector; /* 0 to 31 */
    uint64_t error_code;
    uint64_t address; /* CR2 for vector 14, else 0 */
};

enum {
    EXCEPTION_DIVIDE = 0,
    EXCEPTION_DEBUG = 1,
    EXCEPTION_BREAKPOINT = 3,
    EXCEPTION_OVERFLOW = 4,
    EXCEPTION_BOUND = 5,
    EXCEPTION_INVALID_OPCODE = 6,
    EXCEPTION_DOUBLE_FAULT = 8,
    EXCEPTION_STACK_SEGMENT = 12,
    EXCEPTION_PROTECTION = 13,
    EXCEPTION_PAGE_FAULT = 14,
    EXCEPTION_X87 = 16,
    EXCEPTION_ALIGNMENT = 17,
    EXCEPTION_SIMD = 19,
};

struct trap_handlers {
    /* SYSCALL: number in registers->orig_rax, arguments in rdi rsi rdx r10 r8 r9.  The handler
     * stores the result in registers->rax, which on entry holds -ENOSYS. */
    void (*system_call)(struct user_registers *registers);

    /* A user page is not mapped, or not for this access (exactly one PAGE_* bit).  0: mapped
     * now, try again.  -EFAULT or another errno: not possible; for a fault in user mode
     * `exception` follows, a copy (platform/user.h) stops short. */
    int (*page_fault)(user_address address, unsigned access);

    /* User mode raised an exception that page_fault did not mend. */
    void (*exception)(struct user_registers *registers, const struct exception *exception);

    /* Called before each return to user mode while events are pending (platform/event.h), after
     * every exception, and after a system call if events are pending: the place for deferred
     * work, rescheduling and signals. */
    void (*before_user)(struct user_registers *registers);
};
void trap_set_handlers(const struct trap_handlers *handlers);

/* A hook that a later step of the course uses: who may claim an exception raised in kernel mode
 * before it becomes a panic (true: handled, resume with `registers` as changed).  NULL removes
 * it. */
struct kernel_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi, vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};
typedef bool (*kernel_fault_hook)(struct kernel_registers *registers,
                                  const struct exception *exception);
void trap_set_kernel_fault_hook(kernel_fault_hook hook);

#endif
