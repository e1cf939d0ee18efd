/* Who is told of an exception: Core if a program raised it, the panic report if the kernel did.
 *
 * Two kernel faults are ordinary: a user copy that meets a page which is not there yet, and the
 * loading of FPU state that a program supplied. */
#include "trap.h"

#include <stddef.h>
#include <linux/errno.h>

#include <platform/address_space.h>

#include "asm.h"
#include "interrupt.h"
#include "panic.h"
#include "processor.h"
#include "segments.h"
#include "user_copy.h"

/* Page-fault error code (Intel SDM volume 3, 4.7). */
#define FAULT_WRITE        (1u << 1)
#define FAULT_USER         (1u << 2)
#define FAULT_RESERVED_BIT (1u << 3)
#define FAULT_FETCH        (1u << 4)

/* RFLAGS (Intel SDM volume 1, 3.4.3). */
#define FLAG_ALWAYS_SET      (1u << 1)
#define FLAG_TRAP            (1u << 8)
#define FLAG_INTERRUPT       (1u << 9)
#define FLAG_DIRECTION       (1u << 10)
#define FLAG_IO_PRIVILEGE    (3u << 12)
#define FLAG_NESTED_TASK     (1u << 14)
#define FLAG_RESUME          (1u << 16)
#define FLAG_ALIGNMENT_CHECK (1u << 18)
#define FLAGS_ARITHMETIC     0x8d5u /* CF PF AF ZF SF OF */
#define FLAGS_OF_USER                                                                              \
    (FLAGS_ARITHMETIC | FLAG_TRAP | FLAG_DIRECTION | FLAG_RESUME | FLAG_ALIGNMENT_CHECK)

/* SYSCALL (Intel SDM volume 3, 5.8.8). */
#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define FLAGS_CLEARED_BY_SYSCALL                                                                   \
    (FLAG_TRAP | FLAG_INTERRUPT | FLAG_DIRECTION | FLAG_IO_PRIVILEGE | FLAG_NESTED_TASK |          \
     FLAG_RESUME | FLAG_ALIGNMENT_CHECK)

/* What trap.S knows by number. */
_Static_assert(offsetof(struct user_registers, r11) == 48, "REGISTER_R11");
_Static_assert(offsetof(struct user_registers, rcx) == 88, "REGISTER_RCX");
_Static_assert(offsetof(struct user_registers, orig_rax) == 120, "REGISTER_ORIGINAL_RAX");
_Static_assert(offsetof(struct user_registers, rip) == 128, "REGISTER_RIP");
_Static_assert(offsetof(struct user_registers, rflags) == 144, "REGISTER_RFLAGS");
_Static_assert(sizeof(struct user_registers) == 168, "the stack of trap.S");
_Static_assert(sizeof(struct kernel_registers) == 176, "the stack of trap.S");
_Static_assert(offsetof(struct trap_handlers, system_call) == 0, "trap.S");
_Static_assert(offsetof(struct trap_handlers, before_user) == 24, "trap.S");

/* Read by trap.S: the handlers, whether CLAC exists, and one word for SYSCALL's first moment. */
struct trap_handlers trap_handlers;
bool trap_clear_access;
uint64_t user_stack_pointer;

static kernel_fault_hook fault_hook;

void trap_set_handlers(const struct trap_handlers *handlers)
{
    trap_handlers = *handlers;
}

void trap_set_kernel_fault_hook(kernel_fault_hook hook)
{
    fault_hook = hook;
}

void trap_init(void)
{
    trap_clear_access = processor_features.smap;
    msr_write(MSR_STAR, (uint64_t)USER_CODE_32 << 48 | (uint64_t)KERNEL_CODE << 32);
    msr_write(MSR_LSTAR, (uint64_t)system_call_entry);
    msr_write(MSR_FMASK, FLAGS_CLEARED_BY_SYSCALL);
}

void user_registers_reset(struct user_registers *registers, user_address rip, user_address rsp)
{
    *registers = (struct user_registers){
        .orig_rax = (uint64_t)-1,
        .rip = rip,
        .cs = USER_CODE,
        .rflags = FLAG_ALWAYS_SET | FLAG_INTERRUPT,
        .rsp = rsp,
        .ss = USER_STACK,
    };
}

int user_registers_sanitize(struct user_registers *registers)
{
    registers->cs = USER_CODE;
    registers->ss = USER_STACK;
    registers->rflags = (registers->rflags & FLAGS_OF_USER) | FLAG_ALWAYS_SET | FLAG_INTERRUPT;
    return registers->rip < USER_END ? 0 : -EFAULT;
}

static struct exception describe(unsigned vector, uint64_t error_code)
{
    return (struct exception){
        .vector = vector,
        .error_code = error_code,
        .address = vector == EXCEPTION_PAGE_FAULT ? cr2_read() : 0,
    };
}

/* Asks Core to make the page fit the access.  Anything outside user space is none of its
 * business. */
static int resolve_page_fault(const struct exception *exception)
{
    if (exception->address >= USER_END || exception->error_code & FAULT_RESERVED_BIT)
        return -EFAULT;
    unsigned access = exception->error_code & FAULT_FETCH   ? PAGE_EXECUTE
                      : exception->error_code & FAULT_WRITE ? PAGE_WRITE
                                                            : PAGE_READ;
    return trap_handlers.page_fault(exception->address, access);
}

void trap_from_user(struct user_registers *registers, unsigned vector, uint64_t error_code)
{
    if (vector >= VECTOR_LINE) {
        interrupt_dispatch(vector, NULL);
        return;
    }
    struct exception exception = describe(vector, error_code);
    sti(); /* only after CR2 has been read: what runs now may fault as well */
    /* An access that the processor makes itself, to a descriptor table say, is not the program's:
     * no mapping would help (Intel SDM volume 3, 4.7, U/S). */
    if (vector == EXCEPTION_PAGE_FAULT && (exception.error_code & FAULT_USER) &&
        resolve_page_fault(&exception) == 0)
        return;
    trap_handlers.exception(registers, &exception);
    trap_handlers.before_user(registers);
}

/* IRETQ and SYSRET fault in the kernel when rip is not canonical, so the program gets here the
 * exception that the processor would raise if it could. */
void trap_refuse_return(struct user_registers *registers)
{
    struct exception exception = { .vector = EXCEPTION_PROTECTION };
    trap_handlers.exception(registers, &exception);
    trap_handlers.before_user(registers);
}

/* The ordinary kernel faults.  True if the kernel can go on. */
static bool mend_kernel_fault(struct kernel_registers *registers, const struct exception *exception)
{
    uint64_t fixup = user_fault_fixup(registers->rip);
    if (fixup == 0)
        return false;
    if (exception->vector == EXCEPTION_PAGE_FAULT) {
        if (exception->address >= USER_END)
            return false;
        sti();
        int result = resolve_page_fault(exception);
        cli();
        if (result == 0)
            return true;
    } else if (exception->vector != EXCEPTION_PROTECTION) {
        return false;
    }
    registers->rip = fixup;
    return true;
}

void trap_from_kernel(struct kernel_registers *registers)
{
    unsigned vector = (unsigned)registers->vector;
    if (vector >= VECTOR_LINE) {
        interrupt_dispatch(vector, registers);
        return;
    }
    /* A double fault leaves the address of the page fault that it came from in CR2. */
    struct exception exception = describe(vector, registers->error_code);
    if (vector == EXCEPTION_DOUBLE_FAULT)
        exception.address = cr2_read();
    if (mend_kernel_fault(registers, &exception))
        return;
    if (fault_hook && fault_hook(registers, &exception))
        return;
    panic_exception(registers, &exception);
}
