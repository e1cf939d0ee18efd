/* What user programs do wrong arrives as an exception and leaves as a signal.  signal(7),
 * sigaction(2). */
#include <linux/errno.h>

#include <platform/log.h>
#include <platform/memory.h>
#include <process/process.h>

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
        return (struct meaning){ SIGFPE, FPE_FLTINV };
    case EXCEPTION_ALIGNMENT:
        return (struct meaning){ SIGBUS, BUS_ADRALN };
    case EXCEPTION_PAGE_FAULT:
        return page_fault_meaning(current->fault_error);
    default: /* general protection, stack segment, bound, overflow */
        return (struct meaning){ SIGSEGV, SI_KERNEL };
    }
}

void signal_exception(struct user_registers *registers, const struct exception *exception)
{
    struct meaning meaning = meaning_of(exception);
    uint64_t address = exception->vector == EXCEPTION_PAGE_FAULT ? exception->address
                                                                 : registers->rip;
    siginfo_t information;
    memset(&information, 0, sizeof information);
    information.si_signo = meaning.signal;
    information.si_code = meaning.code;
    memcpy(&information.si_addr, &address, sizeof address);
    if (meaning.signal == SIGKILL)
        printk(LOG_ERROR, "out of memory: killed process %d (%s), which asked for more",
               current->process->id, current->command);
    registers->orig_rax = -1;
    signal_force(meaning.signal, &information);
}
