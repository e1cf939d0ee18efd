/* probe-signal: signals as Linux delivers them, down to the frame on the stack. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "checks_of_processes.h"

static volatile int count, last_signal, last_code, last_value, depth, deepest;
static siginfo_t last;
static void *volatile bad_address = (void *)8;

static void handler(int signal)
{
    count++;
    last_signal = signal;
}

static void information_handler(int signal, siginfo_t *information, void *context)
{
    (void)context;
    count++;
    last_signal = signal;
    last = *information;
}

static void install(int signal, void (*function)(int), int flags)
{
    struct sigaction action = { .sa_handler = function, .sa_flags = flags };
    sigaction(signal, &action, NULL);
    count = last_signal = 0;
}

static void install_information(int signal, int flags)
{
    struct sigaction action = { .sa_sigaction = information_handler,
                                .sa_flags = SA_SIGINFO | flags };
    sigaction(signal, &action, NULL);
    count = last_signal = 0;
    memset(&last, 0, sizeof last);
}

static sigset_t set_of(int a, int b)
{
    sigset_t set;
    sigemptyset(&set);
    if (a)
        sigaddset(&set, a);
    if (b)
        sigaddset(&set, b);
    return set;
}

static void block(int signal)
{
    sigset_t set = set_of(signal, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void unblock(int signal)
{
    sigset_t set = set_of(signal, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int is_blocked(int signal)
{
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, signal);
}

static int is_pending(int signal)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, signal);
}

/* ---- sigaction ---- */

static volatile int seen_blocked_self, seen_blocked_masked, order[8], order_count;

static void nest(int signal)
{
    deepest = ++depth > deepest ? depth : deepest;
    seen_blocked_self = is_blocked(signal);
    seen_blocked_masked = is_blocked(SIGUSR2);
    if (++count < 3)
        raise(signal);
    depth--;
}

static void note_order(int signal)
{
    order[order_count++] = signal;
}

static void actions(void)
{
    struct sigaction action = { .sa_handler = nest }, old;
    check_errno("sigaction of 0", EINVAL, syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
    check_errno("sigaction of 65", EINVAL, syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
    check_errno("sigaction of SIGKILL", EINVAL, sigaction(SIGKILL, &action, NULL));
    check_errno("sigaction of SIGSTOP", EINVAL, sigaction(SIGSTOP, &action, NULL));
    check("SIGKILL's may be read", 0, sigaction(SIGKILL, NULL, &old));
    check_errno("sigaction, size of the mask", EINVAL,
                syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    check_errno("sigaction, bad address", EFAULT,
                syscall(SYS_rt_sigaction, SIGUSR1, bad_address, NULL, 8));
    check_errno("sigprocmask, bad how", EINVAL, syscall(SYS_rt_sigprocmask, 9, &action, NULL, 8));
    check_errno("sigprocmask, bad address", EFAULT,
                syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad_address, NULL, 8));
    check_errno("sigprocmask, size", EINVAL,
                syscall(SYS_rt_sigprocmask, SIG_BLOCK, &action, NULL, 16));

    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    count = depth = deepest = 0;
    raise(SIGUSR1);
    check("blocked in its handler: one after the other", 3, count);
    check("never nested", 1, deepest);
    check("itself blocked", 1, seen_blocked_self);
    check("sa_mask blocked", 1, seen_blocked_masked);
    check("not afterwards", 0, is_blocked(SIGUSR1) + is_blocked(SIGUSR2));
    action.sa_flags = SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &old);
    check("old flags", 0, old.sa_flags & (SA_NODEFER | SA_RESETHAND | SA_ONSTACK));
    count = depth = deepest = 0;
    raise(SIGUSR1);
    check("SA_NODEFER nests", 3, deepest);
    check("itself not blocked", 0, seen_blocked_self);
    install(SIGUSR1, handler, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &old);
    check("SA_RESETHAND: handled once", 1, count);
    check_true("then default", old.sa_handler == SIG_DFL);

    /* Several at once: the lower numbers run last, as their frames are pushed first. */
    install(SIGUSR1, note_order, 0);
    install(SIGUSR2, note_order, 0);
    install(SIGTERM, note_order, 0);
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    raise(SIGTERM);
    raise(SIGUSR2);
    raise(SIGUSR1);
    order_count = 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    check("all came", 3, order_count);
    check("order 1", SIGTERM, order[0]);
    check("order 2", SIGUSR2, order[1]);
    check("order 3", SIGUSR1, order[2]);
    signal(SIGTERM, SIG_DFL);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    check("SIGKILL cannot be blocked", 0, is_blocked(SIGKILL) + is_blocked(SIGSTOP));
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- pending ---- */

static void pending(void)
{
    install(SIGUSR1, handler, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    check("blocked: not handled", 0, count);
    check("but pending", 1, is_pending(SIGUSR1));
    unblock(SIGUSR1);
    check_true("standard signals do not queue", count >= 1 && count <= 2);
    check("no longer pending", 0, is_pending(SIGUSR1));
    block(SIGUSR1);
    raise(SIGUSR1);
    install(SIGUSR1, SIG_IGN, 0);
    check("ignoring takes it back", 0, is_pending(SIGUSR1));
    raise(SIGUSR1);
    check("blocked and ignored stays", 1, is_pending(SIGUSR1));
    install(SIGUSR1, handler, 0);
    unblock(SIGUSR1);
    check("so that a new handler gets it", 1, count);
    block(SIGCONT);
    block(SIGTSTP);
    raise(SIGTSTP);
    check("a stop signal pending", 1, is_pending(SIGTSTP));
    raise(SIGCONT);
    check("SIGCONT takes it back", 0, is_pending(SIGTSTP));
    check("and pends itself", 1, is_pending(SIGCONT));
    raise(SIGTSTP);
    check("the other way round", 0, is_pending(SIGCONT));
    raise(SIGCONT);
    unblock(SIGTSTP);
    unblock(SIGCONT);
    if (fork() == 0)
        _exit(is_pending(SIGUSR1));
    block(SIGUSR1);
    raise(SIGUSR1);
    pid_t child = fork();
    int status;
    if (child == 0)
        _exit(is_pending(SIGUSR1) + 2 * is_blocked(SIGUSR1));
    waitpid(child, &status, 0);
    check("fork inherits the mask, not what is pending", EXITED(2), status);
    unblock(SIGUSR1);
    while (wait(NULL) > 0)
        ;
}

/* ---- real-time signals ---- */

static int values[16], value_count;

static void note_value(int signal, siginfo_t *information, void *context)
{
    (void)context;
    values[value_count++] = (signal - SIGRTMIN) * 100 + information->si_value.sival_int;
}

static int queue(int signal, int value)
{
    return sigqueue(getpid(), signal, (union sigval){ .sival_int = value });
}

/* As a user who has no other signals waiting. */
static int queue_limit(void)
{
    if (setresuid(4244, 4244, 4244) || setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){ 5, 5 }))
        return 1;
    block(SIGRTMIN);
    value_count = 0;
    int sent = 0;
    while (sent < 100 && queue(SIGRTMIN, 0) == 0)
        sent++;
    if (sent != 5 || errno != EAGAIN)
        return 2;
    if (kill(getpid(), SIGCHLD) || kill(getpid(), SIGRTMIN + 1))
        return 3; /* kill(2) needs no place in the queue */
    unblock(SIGRTMIN);
    return value_count == 6 ? 0 : 10 + value_count;
}

/* A user who has as many signals waiting as he may takes nothing from others. */
static int queue_of_others(void)
{
    union sigval value = { .sival_int = 1 };
    sigset_t set;
    int ready[2];
    char byte;
    if (pipe(ready))
        return 1;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t child = fork();
    if (child == 0) {
        if (setresuid(4245, 4245, 4245))
            _exit(1);
        while (sigqueue(getpid(), SIGRTMIN, value) == 0)
            ;
        if (errno == EAGAIN && write(ready[1], "f", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    int full = read(ready[0], &byte, 1) == 1;
    int queued =
        sigqueue(getpid(), SIGRTMIN, value) == 0 && sigqueue(getpid(), SIGRTMIN, value) == 0;
    int both = sigwaitinfo(&set, NULL) == SIGRTMIN && sigwaitinfo(&set, NULL) == SIGRTMIN;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return full && queued && both ? 0 : 1;
}

static void real_time(void)
{
    struct sigaction action = { .sa_sigaction = note_value, .sa_flags = SA_SIGINFO };
    static const int expected[] = { 1, 2, 3, 101, 102, 201 };
    sigfillset(&action.sa_mask);
    for (int i = 0; i < 3; i++) {
        sigaction(SIGRTMIN + i, &action, NULL);
        block(SIGRTMIN + i);
    }
    queue(SIGRTMIN + 1, 1);
    queue(SIGRTMIN, 1);
    queue(SIGRTMIN + 2, 1);
    queue(SIGRTMIN, 2);
    queue(SIGRTMIN + 1, 2);
    queue(SIGRTMIN, 3);
    sigset_t all = set_of(SIGRTMIN, SIGRTMIN + 1);
    sigaddset(&all, SIGRTMIN + 2);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    check("six queued signals", 6, value_count);
    for (int i = 0; i < 6; i++) {
        char name[40];
        snprintf(name, sizeof name, "queue order %d", i);
        check(name, expected[i], values[i]);
    }
    check("RLIMIT_SIGPENDING", EXITED(0), child_status(queue_limit));
    check("one user's signals are not another's", EXITED(0), child_status(queue_of_others));
}

/* ---- siginfo ---- */

/* Linux tells of a continued child some time after wait(2) has. */
static void await_signals(int wanted)
{
    for (int i = 0; count < wanted && i < 2000; i++)
        usleep(1000);
}

static void senders(void)
{
    install_information(SIGUSR1, 0);
    kill(getpid(), SIGUSR1);
    check("kill: si_signo", SIGUSR1, last.si_signo);
    check("kill: si_code", SI_USER, last.si_code);
    check("kill: si_pid", getpid(), last.si_pid);
    check("kill: si_uid", getuid(), last.si_uid);
    check("kill: si_errno", 0, last.si_errno);
    syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
    check("tgkill: si_code", SI_TKILL, last.si_code);
    check("tgkill: si_pid", getpid(), last.si_pid);
    queue(SIGUSR1, 42);
    check("sigqueue: si_code", SI_QUEUE, last.si_code);
    check("sigqueue: si_value", 42, last.si_value.sival_int);
    check("sigqueue: si_pid", getpid(), last.si_pid);

    siginfo_t information = { .si_signo = SIGUSR1, .si_code = SI_USER };
    check("own siginfo to oneself", 0,
          syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &information));
    check_errno("but not to others", EPERM,
                syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &information));
    information.si_code = SI_QUEUE;
    check_errno("sigqueueinfo to nobody", ESRCH,
                syscall(SYS_rt_sigqueueinfo, 999999, SIGUSR1, &information));
    check_errno("sigqueueinfo, bad address", EFAULT,
                syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, bad_address));

    install_information(SIGCHLD, SA_RESTART);
    pid_t child = fork();
    if (child == 0)
        _exit(9);
    waitpid(child, NULL, 0);
    await_signals(1);
    check("SIGCHLD: si_code", CLD_EXITED, last.si_code);
    check("SIGCHLD: si_status", 9, last.si_status);
    check("SIGCHLD: si_pid", child, last.si_pid);
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    await_signals(2);
    check("stopped: si_code", CLD_STOPPED, last.si_code);
    check("stopped: si_status", SIGSTOP, last.si_status);
    kill(child, SIGCONT);
    waitpid(child, NULL, WCONTINUED);
    await_signals(3);
    check("continued: si_code", CLD_CONTINUED, last.si_code);
    check("continued: si_status", SIGCONT, last.si_status);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    await_signals(4);
    check("killed: si_code", CLD_KILLED, last.si_code);
    check("killed: si_status", SIGTERM, last.si_status);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- faults ---- */

static sigjmp_buf back;
static greg_t fault_trap, fault_error, fault_cr2;

static void fault_handler(int signal, siginfo_t *information, void *context)
{
    const ucontext_t *at = context;
    last = *information;
    last_signal = signal;
    fault_trap = at->uc_mcontext.gregs[REG_TRAPNO];
    fault_error = at->uc_mcontext.gregs[REG_ERR];
    fault_cr2 = at->uc_mcontext.gregs[REG_CR2];
    siglongjmp(back, 1);
}

/* Runs `body`, which is to fault: the signal and si_code (times 1000). */
static void check_fault(const char *name, void (*body)(void), int signal, int code, void *address,
                        int trap)
{
    char line[100];
    last_signal = 0;
    memset(&last, 0, sizeof last);
    if (!sigsetjmp(back, 1))
        body();
    snprintf(line, sizeof line, "%s: signal", name);
    check(line, signal, last_signal);
    snprintf(line, sizeof line, "%s: si_code", name);
    check(line, code, last.si_code);
    if (address != (void *)-1) {
        snprintf(line, sizeof line, "%s: si_addr", name);
        check_true(line, last.si_addr == address);
    }
    snprintf(line, sizeof line, "%s: trap number", name);
    check(line, trap, fault_trap);
}

static char *volatile page; /* for the bodies */
static volatile int zero, sink;
extern char divide_here[], illegal_here[], trap_here[];

static void touch_null(void)
{
    sink = *(volatile int *)bad_address;
}
static void write_page(void)
{
    *page = 1;
}
static void read_page(void)
{
    sink = *page;
}
static void run_page(void)
{
    ((void (*)(void))page)();
}
static void divide(void)
{
    __asm__ volatile(".globl divide_here\nxor %%edx, %%edx\nmov $1, %%eax\nxor %%ecx, "
                     "%%ecx\ndivide_here: idivl %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx");
}
static void illegal(void)
{
    __asm__ volatile(".globl illegal_here\nillegal_here: ud2");
}
static void breakpoint(void)
{
    __asm__ volatile("int3");
}
static void privileged(void)
{
    __asm__ volatile("hlt");
}
static void non_canonical(void)
{
    sink = *(volatile int *)(0x1234567812345678 + zero);
}
static void kernel_address(void)
{
    sink = *(volatile int *)(0xffff800000000000 + zero);
}
static void jump_far(void)
{
    ((void (*)(void))(0x8000000000000000 + zero))();
}
static void interrupt_80(void)
{
    __asm__ volatile("int $0x21");
}
static void x87_divide(void)
{
    uint16_t control = 0x37b; /* division by zero unmasked */
    __asm__ volatile("fninit\nfldcw %0\nfld1\nfldz\nfdivrp\nfwait" : : "m"(control));
}

static void faults(void)
{
    struct sigaction action = { .sa_sigaction = fault_handler, .sa_flags = SA_SIGINFO };
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    for (int i = 0; i < 5; i++)
        sigaction(signals[i], &action, NULL);
    check_fault("null", touch_null, SIGSEGV, SEGV_MAPERR, bad_address, 14);
    check("error code of a read", 4, fault_error);
    check("CR2", 8, fault_cr2);
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_fault("read-only", write_page, SIGSEGV, SEGV_ACCERR, page, 14);
    mprotect(page, 4096, PROT_NONE);
    check_fault("PROT_NONE", read_page, SIGSEGV, SEGV_ACCERR, page, 14);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    check_fault("not executable", run_page, SIGSEGV, SEGV_ACCERR, page, 14);
    munmap(page, 4096);
    check_fault("unmapped again", read_page, SIGSEGV, SEGV_MAPERR, page, 14);
    int fd = open("/tmp/signal-probe", O_RDWR | O_CREAT | O_TRUNC, 0600);
    unlink("/tmp/signal-probe");
    if (ftruncate(fd, 100))
        exit(99);
    char *file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    page = file + 4096;
    check_fault("beyond the end of a file", read_page, SIGBUS, BUS_ADRERR, page, 14);
    check_fault("written there", write_page, SIGBUS, BUS_ADRERR, page, 14);
    page = file + 200;
    *page = 1;
    check("behind the end in the last page", 1, *page);
    if (ftruncate(fd, 0))
        exit(99);
    check_fault("cut off", read_page, SIGBUS, BUS_ADRERR, page, 14);
    check_errno("write(2) from there", EFAULT, write(fd, page, 1));
    munmap(file, 8192);
    close(fd);
    check_fault("division", divide, SIGFPE, FPE_INTDIV, divide_here, 0);
    check_fault("illegal", illegal, SIGILL, ILL_ILLOPN, illegal_here, 6);
    check_fault("breakpoint", breakpoint, SIGTRAP, SI_KERNEL, NULL, 3);
    check_fault("privileged", privileged, SIGSEGV, SI_KERNEL, NULL, 13);
    check_fault("not canonical", non_canonical, SIGSEGV, SI_KERNEL, NULL, 13);
    check_fault("kernel's", kernel_address, SIGSEGV, SEGV_MAPERR, (void *)0xffff800000000000, 14);
    check_fault("jump not canonical", jump_far, SIGSEGV, SI_KERNEL, NULL, 13);
    check_fault("interrupt gate", interrupt_80, SIGSEGV, SI_KERNEL, NULL, 13);
    check_fault("x87 division", x87_divide, SIGFPE, FPE_FLTDIV, (void *)-1, 16);
    for (int i = 0; i < 5; i++)
        signal(signals[i], SIG_DFL);
}

static int blocked_fault(void)
{
    block(SIGSEGV);
    install(SIGSEGV, handler, 0);
    touch_null();
    return 0;
}

static int ignored_fault(void)
{
    signal(SIGSEGV, SIG_IGN);
    touch_null();
    return 0;
}

static int fault_in_handler_body(void)
{
    struct sigaction action = { .sa_handler = (void (*)(int))(void *)touch_null };
    sigaction(SIGSEGV, &action, NULL);
    touch_null();
    return 0;
}

/* ---- interrupted calls ---- */

static int channel[2];

static void arm(void)
{
    struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
    count = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void write_on_alarm(int signal)
{
    (void)signal;
    if (count++ == 0) {
        struct itimerval again = { { 0, 0 }, { 0, 20000 } };
        setitimer(ITIMER_REAL, &again, NULL);
    } else if (write(channel[1], "y", 1) != 1) {
        _exit(97);
    }
}

static void restarts(void)
{
    char byte;
    struct timespec second = { 1, 0 }, left;
    struct pollfd poll_pipe;
    if (pipe(channel))
        exit(98);
    poll_pipe = (struct pollfd){ channel[0], POLLIN, 0 };
    install(SIGALRM, handler, 0);
    arm();
    check_errno("read", EINTR, read(channel[0], &byte, 1));
    install(SIGALRM, write_on_alarm, SA_RESTART);
    arm();
    check("read, SA_RESTART", 1, read(channel[0], &byte, 1));
    check("both signals came", 2, count);

    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    install(SIGALRM, handler, 0);
    arm();
    check_errno("waitpid", EINTR, waitpid(child, NULL, 0));
    install(SIGALRM, handler, SA_RESTART);
    for (int i = 0; i < 2; i++) {
        install(SIGALRM, handler, i ? SA_RESTART : 0);
        const char *how = i ? ", SA_RESTART" : "";
        char name[60];
        arm();
        snprintf(name, sizeof name, "nanosleep%s", how);
        check_errno(name, EINTR, nanosleep(&second, &left));
        snprintf(name, sizeof name, "nanosleep%s: what is left", how);
        check_true(name, left.tv_sec == 0 && left.tv_nsec > 500000000 && left.tv_nsec < 990000000);
        arm();
        snprintf(name, sizeof name, "poll%s", how);
        check_errno(name, EINTR, poll(&poll_pipe, 1, 1000));
        arm();
        snprintf(name, sizeof name, "poll without end%s", how);
        check_errno(name, EINTR, poll(&poll_pipe, 1, -1));
        arm();
        snprintf(name, sizeof name, "pause%s", how);
        check_errno(name, EINTR, pause());
        arm();
        snprintf(name, sizeof name, "select%s", how);
        check_errno(name, EINTR, select(0, NULL, NULL, NULL, &(struct timeval){ 1, 0 }));
        sigset_t none;
        sigemptyset(&none);
        block(SIGALRM);
        arm();
        snprintf(name, sizeof name, "sigsuspend%s", how);
        check_errno(name, EINTR, sigsuspend(&none));
        check("the mask is back", 1, is_blocked(SIGALRM));
        arm();
        snprintf(name, sizeof name, "ppoll%s", how);
        check_errno(name, EINTR, ppoll(&poll_pipe, 1, &second, &none));
        check("handled once", 1, count);
        arm();
        usleep(40000);
        snprintf(name, sizeof name, "pending before ppoll%s", how);
        check_errno(name, EINTR, ppoll(&poll_pipe, 1, &second, &none));
        check("handled at once", 1, count);
        unblock(SIGALRM);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        arm();
        snprintf(name, sizeof name, "absolute sleep%s", how);
        check(name, EINTR, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    }
    /* A full pipe: what was written counts. */
    install(SIGALRM, handler, SA_RESTART);
    static char block_of[200000];
    arm();
    ssize_t written = write(channel[1], block_of, sizeof block_of);
    check("a partial write", 65536, written);
    install(SIGALRM, handler, 0);
    arm();
    check_errno("a write of nothing yet", EINTR, write(channel[1], block_of, sizeof block_of));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(channel[0]);
    close(channel[1]);

    /* A signal without handler disturbs nobody: stop and continue. */
    if (pipe(channel))
        exit(98);
    child = fork();
    if (child == 0) {
        struct timespec t = { 0, 150000000 };
        alarm(0);
        int slept = nanosleep(&t, NULL);
        int got = poll(&poll_pipe, 0, 150);
        _exit((slept == 0) + 2 * (got == 0) + 4 * (read(channel[0], &byte, 1) == 1));
    }
    int status;
    for (int i = 0; i < 10; i++) {
        usleep(40000);
        kill(child, SIGSTOP);
        waitpid(child, NULL, WUNTRACED);
        kill(child, SIGCONT);
    }
    if (write(channel[1], "z", 1) != 1)
        exit(98);
    waitpid(child, &status, 0);
    check("stop and continue: nanosleep, poll, read go on", EXITED(7), status);
    close(channel[0]);
    close(channel[1]);
}

static void waiting(void)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR2);
    siginfo_t information;
    struct timespec none = { 0, 0 }, some = { 0, 20000000 };
    int signal_number;
    sigprocmask(SIG_BLOCK, &set, NULL);
    check_errno("sigtimedwait, nothing", EAGAIN, sigtimedwait(&set, NULL, &none));
    check_errno("sigtimedwait, time-out", EAGAIN, sigtimedwait(&set, NULL, &some));
    check_errno("sigtimedwait, bad time", EINVAL,
                sigtimedwait(&set, NULL, &(struct timespec){ 0, 1000000000 }));
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    check("the lower one", SIGUSR1, sigwaitinfo(&set, &information));
    check("si_code", SI_USER, information.si_code);
    check("sigwait", 0, sigwait(&set, &signal_number));
    check("the other", SIGUSR2, signal_number);
    check("both taken", 0, is_pending(SIGUSR1) + is_pending(SIGUSR2));
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        usleep(20000);
        sigqueue(self, SIGUSR1, (union sigval){ .sival_int = 5 });
        _exit(0);
    }
    check("waits for it", SIGUSR1, sigtimedwait(&set, &information, &(struct timespec){ 5, 0 }));
    check("its value", 5, information.si_value.sival_int);
    check_true("its sender", information.si_pid == child);
    waitpid(child, NULL, 0);
    install(SIGALRM, handler, SA_RESTART);
    arm();
    check_errno("another signal's handler", EINTR, /* the C library would try again */
                syscall(SYS_rt_sigtimedwait, &set, NULL, &(struct timespec){ 5, 0 }, 8));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- kill ---- */

static int nobody_else(void)
{
    if (setresuid(4242, 4242, 4242))
        return 1;
    return kill(-1, 0) == 0 ? 0 : errno;
}

static int kill_others(void)
{
    int status;
    if (setresuid(4243, 4243, 4243))
        return 1;
    pid_t a = fork();
    if (a == 0)
        for (;;)
            pause();
    if (kill(-1, SIGTERM))
        return 2;
    if (waitpid(a, &status, 0) != a || status != KILLED(SIGTERM))
        return 3;
    return kill(1, 0) == -1 && errno == EPERM ? 0 : 4;
}

static void kills(void)
{
    check_errno("kill nobody", ESRCH, kill(999999, 0));
    check_errno("kill with a bad signal", EINVAL, kill(getpid(), 65));
    check_errno("kill with a negative one", EINVAL, kill(getpid(), -1));
    check_errno("kill nobody with a bad signal", ESRCH, kill(999999, 65));
    check_errno("kill no group", ESRCH, kill(-999999, SIGTERM));
    check_errno("kill INT_MIN", ESRCH, kill(INT_MIN, SIGTERM));
    check_errno("tgkill 0", EINVAL, syscall(SYS_tgkill, 0, getpid(), 0));
    check_errno("tgkill nobody", ESRCH, syscall(SYS_tgkill, 999999, 999999, 0));
    check_errno("tgkill of another process's task", ESRCH, syscall(SYS_tgkill, getpid(), 1, 0));
    check_errno("tgkill bad signal", EINVAL, syscall(SYS_tgkill, getpid(), getpid(), 65));
    check_errno("tkill 0", EINVAL, syscall(SYS_tkill, 0, 0));
    check("kill 0 to init", 0, kill(1, 0));
    check("kill(-1) of a user without processes", EXITED(0), child_status(nobody_else));
    check("kill(-1) reaches the user's, not oneself", EXITED(0), child_status(kill_others));
    pid_t root_child = fork();
    if (root_child == 0)
        for (;;)
            pause();
    pid_t user = fork();
    int status;
    if (user == 0) {
        if (setresuid(1000, 1000, 1000))
            _exit(9);
        int refused = kill(root_child, SIGTERM) == -1 && errno == EPERM;
        int continued = kill(root_child, SIGCONT) == 0; /* the same session */
        _exit(refused + 2 * continued);
    }
    waitpid(user, &status, 0);
    check("EPERM; but SIGCONT in the session", EXITED(3), status);
    kill(root_child, SIGKILL);
    waitpid(root_child, NULL, 0);
}

/* ---- the frame ---- */

static char alternate[65536] __attribute__((aligned(16)));

static volatile int on_alternate, flags_inside;

static void where(int signal)
{
    char here;
    stack_t stack;
    (void)signal;
    count++;
    on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
    sigaltstack(NULL, &stack);
    flags_inside = stack.ss_flags;
    stack.ss_flags = 0;
    deepest = sigaltstack(&stack, NULL) == -1 ? errno : 0;
}

static void alternate_stack(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, old;
    check("sigaltstack, none at first", 0, sigaltstack(NULL, &old));
    check("SS_DISABLE", SS_DISABLE, old.ss_flags);
    stack.ss_size = 2047;
    check_errno("too small", ENOMEM, sigaltstack(&stack, NULL));
    stack.ss_size = sizeof alternate;
    stack.ss_flags = 77;
    check_errno("bad flags", EINVAL, sigaltstack(&stack, NULL));
    check_errno("bad address", EFAULT, syscall(SYS_sigaltstack, bad_address, NULL));
    stack.ss_flags = 0;
    check("set", 0, sigaltstack(&stack, NULL));
    install(SIGUSR1, where, 0);
    raise(SIGUSR1);
    check("without SA_ONSTACK", 0, on_alternate);
    check("flags", 0, flags_inside);
    install(SIGUSR1, where, SA_ONSTACK);
    raise(SIGUSR1);
    check("with it", 1, on_alternate);
    check("SS_ONSTACK inside", SS_ONSTACK, flags_inside);
    check("EPERM inside", EPERM, deepest);
    sigaltstack(NULL, &old);
    check("afterwards", 0, old.ss_flags);
    check_true("the same", old.ss_sp == alternate && old.ss_size == sizeof alternate);
    stack.ss_flags = 1 << 31; /* SS_AUTODISARM */
    check("SS_AUTODISARM", 0, sigaltstack(&stack, NULL));
    raise(SIGUSR1);
    check("disarmed inside", SS_DISABLE, flags_inside);
    sigaltstack(NULL, &old);
    check("armed again afterwards", (int)(1u << 31), old.ss_flags);
    stack.ss_flags = SS_DISABLE;
    check("disable", 0, sigaltstack(&stack, NULL));
    raise(SIGUSR1);
    check("not used then", 0, on_alternate);
}

static volatile int nested_handlers;

static void set_float_mode(int signal)
{
    uint32_t mxcsr;
    uint16_t control;
    (void)signal;
    __asm__ volatile("stmxcsr %0\nfnstcw %1" : "=m"(mxcsr), "=m"(control));
    flags_inside = mxcsr;
    deepest = control;
    mxcsr = 0x1fc0;
    __asm__ volatile(
        "pxor %%xmm0, %%xmm0\npxor %%xmm7, %%xmm7\npxor %%xmm15, %%xmm15\nldmxcsr %0\nfninit"
        :
        : "m"(mxcsr)
        : "xmm0", "xmm7", "xmm15");
}

static void float_state(void)
{
    uint64_t a = 0x1122334455667788, b = 0x99aabbccddeeff00, x = 0, y = 0;
    uint32_t mode = 0x5f80, after = 0; /* rounding towards zero... */
    uint16_t control = 0xc7f, control_after = 0;
    install(SIGUSR1, set_float_mode, 0);
    long number = SYS_kill, pid = getpid(), result;
    register long sig __asm__("rsi") = SIGUSR1;
    __asm__ volatile(
        "ldmxcsr %[mode]\nfldcw %[control]\nfld1\nmovq %[a], %%xmm7\nmovq %[b], %%xmm15\n"
        "syscall\n"
        "movq %%xmm7, %[x]\nmovq %%xmm15, %[y]\nstmxcsr %[after]\nfnstcw %[control_after]\nfstp "
        "%%st(0)\n"
        : "=a"(result), [x] "=&r"(x), [y] "=&r"(y), [after] "=m"(after),
          [control_after] "=m"(control_after)
        : "0"(number), "D"(pid),
          "r"(sig), [a] "r"(a), [b] "r"(b), [mode] "m"(mode), [control] "m"(control)
        : "rcx", "r11", "memory", "xmm7", "xmm15");
    check("the call", 0, result);
    check_true("xmm7 is kept", x == a);
    check_true("xmm15 is kept", y == b);
    check("MXCSR is kept", 0x5f80, after);
    check("the x87 control word is kept", 0xc7f, control_after);
    check("MXCSR in the handler", 0x1f80, flags_inside);
    check("control word in the handler", 0x37f, deepest);
    mode = 0x1f80;
    __asm__ volatile("ldmxcsr %0\nfninit" : : "m"(mode));
}

static void change_context(int signal, siginfo_t *information, void *context)
{
    ucontext_t *at = context;
    (void)signal, (void)information;
    at->uc_mcontext.gregs[REG_R15] = 0x1515;
    at->uc_mcontext.gregs[REG_RBX] = 0xb0b0;
    at->uc_mcontext.gregs[REG_RAX] = 0xaaaa;
    at->uc_mcontext.gregs[REG_EFL] |= 1;                    /* carry */
    ((uint64_t *)at->uc_mcontext.fpregs->_xmm)[4] = 0x3333; /* low half of xmm2 */
    sigaddset(&at->uc_sigmask, SIGUSR2);
}

static void skip_instruction(int signal, siginfo_t *information, void *context)
{
    ucontext_t *at = context;
    (void)signal, (void)information;
    at->uc_mcontext.gregs[REG_RIP] += 2;
}

static void frames(void)
{
    struct sigaction action = { .sa_sigaction = change_context, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    long result = SYS_kill;
    uint64_t r15, rbx, xmm2, carry;
    __asm__ volatile("clc\nsyscall\nsetc %%cl\nmovzbl %%cl, %%ecx\nmovq %%xmm2, %%rdx\n"
                     : "+a"(result), "=b"(rbx), "=d"(xmm2), "=c"(carry)
                     : "D"((long)getpid()), "S"((long)SIGUSR1)
                     : "r11", "r15", "memory", "xmm2");
    check("changed rax", 0xaaaa, result);
    check("changed rbx", 0xb0b0, rbx);
    check("changed xmm2", 0x3333, xmm2);
    check("changed flag", 1, carry);
    check("changed mask", 1, is_blocked(SIGUSR2));
    unblock(SIGUSR2);
    (void)r15;
    action.sa_sigaction = skip_instruction;
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile("ud2");
    check("changed rip", 1, 1);
    signal(SIGILL, SIG_DFL);
}

/* The 128 bytes below the stack pointer belong to whoever was interrupted. */
static void red_zone(void)
{
    uint64_t bad = 1;
    install(SIGUSR1, handler, 0);
    __asm__ volatile(
        "mov %%rsp, %%r12\n"
        "mov $16, %%ecx\n"
        "1: mov %%rcx, %%r13\nneg %%r13\nmov %%rcx, (%%rsp,%%r13,8)\ndec %%ecx\njnz 1b\n"
        "mov %[number], %%eax\nsyscall\n"
        "xor %%ebx, %%ebx\n"
        "mov $16, %%ecx\n"
        "2: mov %%rcx, %%r13\nneg %%r13\ncmp %%rcx, (%%rsp,%%r13,8)\nje 3f\ninc %%ebx\n3: dec "
        "%%ecx\njnz 2b\n"
        : "=&b"(bad)
        : "D"((long)getpid()), "S"((long)SIGUSR1), [number] "i"(SYS_kill)
        : "rax", "rcx", "r11", "r12", "r13", "memory");
    check("handled", 1, count);
    check("words of the red zone that changed", 0, bad);
}

static int garbage_frame(void)
{
    __asm__ volatile("mov $15, %%eax\nmov $64, %%rsp\nsyscall" : : : "memory");
    return 0;
}

static int zero_frame(void)
{
    static char zeros[8192] __attribute__((aligned(64)));
    __asm__ volatile("mov $15, %%eax\nmov %0, %%rsp\nsyscall" : : "r"(zeros + 4096) : "memory");
    return 0;
}

static void break_float(int signal, siginfo_t *information, void *context)
{
    ucontext_t *at = context;
    (void)signal, (void)information;
    at->uc_mcontext.fpregs->mxcsr = 0xffffffff;
}

static int bad_float(void)
{
    struct sigaction action = { .sa_sigaction = break_float, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    return 0;
}

static void break_rip(int signal, siginfo_t *information, void *context)
{
    ucontext_t *at = context;
    (void)signal, (void)information;
    at->uc_mcontext.gregs[REG_RIP] = 0x8000000000000000;
}

static int bad_rip(void)
{
    struct sigaction action = { .sa_sigaction = break_rip, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    return 0;
}

static void break_selectors(int signal, siginfo_t *information, void *context)
{
    ucontext_t *at = context;
    (void)signal, (void)information;
    at->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x4000; /* I/O privilege, nested task */
    at->uc_mcontext.gregs[REG_EFL] &= ~0x200L;         /* no interrupts */
}

static int bad_flags(void)
{
    uint64_t flags;
    struct sigaction action = { .sa_sigaction = break_selectors, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    __asm__ volatile("pushfq\npop %0" : "=r"(flags));
    return (flags & 0x7200) == 0x200 ? 0 : 1;
}

static int bad_handler_address(void)
{
    signal(SIGUSR1, (void (*)(int))0x8000000000000000);
    raise(SIGUSR1);
    return 0;
}

/* ---- no stack left ---- */

static volatile int bottom = -1; /* never reached, which the compiler must not know */

static int deep(int n)
{
    volatile char space[1024];
    space[0] = n;
    return n == bottom ? 0 : deep(n + 1) + space[0];
}

static void on_overflow(int signal, siginfo_t *information, void *context)
{
    const ucontext_t *at = context;
    char here;
    (void)signal;
    int there = &here >= alternate && &here < alternate + sizeof alternate;
    long distance = (char *)information->si_addr - (char *)at->uc_mcontext.gregs[REG_RSP];
    _exit(there && distance > -4096 && distance < 4096 ? 10 : 11);
}

static int overflow(void)
{
    return deep(0);
}

static int overflow_handled(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
    struct sigaction action = { .sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    return deep(0);
}

static int overflow_same_stack(void)
{
    install(SIGSEGV, handler, 0);
    return deep(0);
}

static void leave_12(int signal)
{
    _exit(signal == SIGSEGV ? 12 : 13);
}

/* A stack pointer into nowhere: the handler of SIGUSR1 cannot run, that of SIGSEGV can. */
static int no_stack(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
    sigaltstack(&stack, NULL);
    install(SIGSEGV, leave_12, SA_ONSTACK);
    install(SIGUSR1, handler, 0);
    __asm__ volatile("mov $4096, %%rsp\nmov %2, %%eax\nsyscall\nud2"
                     :
                     : "D"((long)getpid()), "S"((long)SIGUSR1), "i"(SYS_kill));
    return 0;
}

static int no_stack_at_all(void)
{
    install(SIGSEGV, leave_12, 0);
    install(SIGUSR1, handler, 0);
    __asm__ volatile("mov $4096, %%rsp\nmov %2, %%eax\nsyscall\nud2"
                     :
                     : "D"((long)getpid()), "S"((long)SIGUSR1), "i"(SYS_kill));
    return 0;
}

static void recurse_on_alternate(int signal)
{
    volatile char space[6000];
    space[0] = 1;
    raise(signal);
    (void)space;
}

/* Handlers that nest until the alternate stack is full must not write below it. */
static int full_alternate(void)
{
    char *low =
        mmap(NULL, 65536 + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = { .ss_sp = low + 65536, .ss_size = 65536 };
    sigaltstack(&stack, NULL);
    install(SIGUSR1, recurse_on_alternate, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
    return 0;
}

static void ends(void)
{
    check("SIGSEGV while blocked", KILLED(SIGSEGV), child_status(blocked_fault));
    check("SIGSEGV while ignored", KILLED(SIGSEGV), child_status(ignored_fault));
    check("SIGSEGV in its own handler", KILLED(SIGSEGV), child_status(fault_in_handler_body));
    check("sigreturn without a stack", KILLED(SIGSEGV), child_status(garbage_frame));
    check("sigreturn to zeros", KILLED(SIGSEGV), child_status(zero_frame));
    check("sigreturn with bad floats", KILLED(SIGSEGV), child_status(bad_float));
    check("sigreturn to a bad address", KILLED(SIGSEGV), child_status(bad_rip));
    check("sigreturn with bad flags", EXITED(0), child_status(bad_flags));
    check("handler at a bad address", KILLED(SIGSEGV), child_status(bad_handler_address));
    check("stack overflow", KILLED(SIGSEGV), child_status(overflow));
    check("handled on the alternate stack", EXITED(10), child_status(overflow_handled));
    check("no room for a handler", KILLED(SIGSEGV), child_status(overflow_same_stack));
    check("no frame: SIGSEGV's handler", EXITED(12), child_status(no_stack));
    check("no frame for that either", KILLED(SIGSEGV), child_status(no_stack_at_all));
    check("alternate stack full", KILLED(SIGSEGV), child_status(full_alternate));
}

int main(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    actions();
    pending();
    real_time();
    senders();
    faults();
    restarts();
    waiting();
    kills();
    alternate_stack();
    float_state();
    frames();
    red_zone();
    ends();
    return checks_failed;
}
