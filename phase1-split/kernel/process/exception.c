/* What user programs do wrong arrives as an exception and leaves as a signal.  signal(7),
 * sigaction(2). */
#include <linux/signal.h>

#include <asm/sigcontext.h>
#include <linux/errno.h>

#include <memory/reclaim.h>
#include <platform/log.h>
#include <platform/memory.h>
#include <process/process.h>

#include "signal_queue.h"

/* Vectors that platform/trap.h has no name for. */
#define EXCEPTION_SEGMENT_MISSING 11

struct meaning {
    int signal, code;
};

static struct meaning page_fault_meaning(int error)
{
    switch (error) {
    case -EACCES:
        return (struct meaning){ SIGSEGV, SEGV_ACCERR };
    case -ENXIO:
    case -EIO:
        return (struct meaning){ SIGBUS, BUS_ADRERR };
    case -ENOMEM:
        return (struct meaning){ SIGKILL, SI_KERNEL };
    default:
        return (struct meaning){ SIGSEGV, SEGV_MAPERR };
    }
}

/* What of the floating-point unit's exceptions is both raised and unmasked (Intel SDM volume 1,
 * 8.1.3, 8.1.5 and 10.2.3), from the running task's FXSAVE image. */
static unsigned float_exceptions(unsigned vector)
{
    struct _fpstate_64 state;
    signal_read_fpu(&state);
    return vector == EXCEPTION_SIMD ? state.mxcsr & ~(state.mxcsr >> 7) : state.swd & ~state.cwd;
}

static struct meaning float_meaning(unsigned vector)
{
    static const struct {
        unsigned flags;
        int code;
    } codes[] = { { 0x01, FPE_FLTINV },
                  { 0x04, FPE_FLTDIV },
                  { 0x08, FPE_FLTOVF },
                  { 0x12, FPE_FLTUND },
                  { 0x20, FPE_FLTRES } };
    unsigned raised = float_exceptions(vector);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (raised & codes[i].flags)
            return (struct meaning){ SIGFPE, codes[i].code };
    return (struct meaning){ SIGFPE, SI_KERNEL };
}

static struct meaning meaning_of(const struct exception *exception)
{
    switch (exception->vector) {
    case EXCEPTION_DIVIDE:
        return (struct meaning){ SIGFPE, FPE_INTDIV };
    case EXCEPTION_DEBUG:
        return (struct meaning){ SIGTRAP, TRAP_TRACE };
    case EXCEPTION_BREAKPOINT:
        return (struct meaning){ SIGTRAP, SI_KERNEL };
    case EXCEPTION_INVALID_OPCODE:
        return (struct meaning){ SIGILL, ILL_ILLOPN };
    case EXCEPTION_X87:
    case EXCEPTION_SIMD:
        return float_meaning(exception->vector);
    case EXCEPTION_ALIGNMENT:
        return (struct meaning){ SIGBUS, BUS_ADRALN };
    case EXCEPTION_PAGE_FAULT: /* Core is not asked about what is no user address */
        return page_fault_meaning(exception->address < USER_END ? current->fault_error : -EFAULT);
    case EXCEPTION_STACK_SEGMENT: /* a non-canonical address, reached through rsp or rbp */
    case EXCEPTION_SEGMENT_MISSING:
        return (struct meaning){ SIGBUS, SI_KERNEL };
    default: /* general protection, bound, overflow */
        return (struct meaning){ SIGSEGV, SI_KERNEL };
    }
}

/* For want of memory a process is being ended, perhaps this one.  If another, that one gets its
 * turn first. */
static bool somebody_is_ended(void)
{
    if (!memory_run_out())
        return false;
    if (!signal_fatal_waiting(current))
        scheduler_yield();
    return true;
}

void signal_exception(struct user_registers *registers, const struct exception *exception)
{
    struct meaning meaning = meaning_of(exception);
    if (meaning.signal == SIGKILL && somebody_is_ended())
        return; /* the instruction faults again */
    current->exception = *exception;
    uint64_t address = exception->vector == EXCEPTION_PAGE_FAULT               ? exception->address
                       : meaning.code == SI_KERNEL || meaning.signal == SIGBUS ? 0
                                                                               : registers->rip;
    siginfo_t information;
    memset(&information, 0, sizeof information);
    information.si_signo = meaning.signal;
    information.si_code = meaning.code;
    memcpy(&information.si_addr, &address, sizeof address);
    if (meaning.signal == SIGKILL)
        printk(LOG_ERROR, "out of memory: killed process %d (%s), with nobody else to end",
               current->process->id, current->command);
    registers->orig_rax = -1;
    signal_force(meaning.signal, &information);
}
