/* probe-stop: stop and continue in all their combinations with other signals, and what a process is
 * told of signals that the kernel itself sends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "checks_of_processes.h"

static volatile int count;
static volatile siginfo_t last;

static void note(int signal, siginfo_t *information, void *context)
{
    (void)signal;
    (void)context;
    last = *information;
    count++;
}

static void install(int signal, int flags)
{
    struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | flags };
    sigaction(signal, &action, NULL);
    count = 0;
    last = (siginfo_t){ 0 };
}

static sigset_t set_of(int a, int b)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, a);
    sigaddset(&set, b);
    return set;
}

static void mask(int how, int a, int b)
{
    sigset_t set = set_of(a, b);
    sigprocmask(how, &set, NULL);
}

static int is_pending(int signal)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, signal);
}

/* ---- stop and continue ---- */

/* What the parent sees of its child: the next event, as wait(2) reports it, or -2 for nothing
 * within a moment. */
static int next_event(pid_t child)
{
    int status;
    for (int i = 0; i < 50; i++) {
        pid_t got = waitpid(child, &status, WUNTRACED | WCONTINUED | WNOHANG);
        if (got)
            return got == child ? status : -1;
        usleep(2000);
    }
    return -2;
}

#define STOPPED(signal) ((signal) << 8 | 0x7f)
#define CONTINUED       0xffff

/* Both pending at once: the stop, which has the lower number, comes first. */
static int stop_before_death(void)
{
    mask(SIG_BLOCK, SIGTSTP, SIGXCPU);
    raise(SIGXCPU);
    raise(SIGTSTP);
    mask(SIG_UNBLOCK, SIGTSTP, SIGXCPU);
    return 1;
}

static int death_before_stop(void)
{
    mask(SIG_BLOCK, SIGTSTP, SIGTERM);
    raise(SIGTSTP);
    raise(SIGTERM);
    mask(SIG_UNBLOCK, SIGTSTP, SIGTERM);
    return 1;
}

static int stop_twice(void)
{
    raise(SIGSTOP);
    raise(SIGTSTP);
    return 3;
}

/* A handler for SIGCONT runs when the process has continued, with the mask of its own. */
static int continue_handled(void)
{
    install(SIGCONT, 0);
    raise(SIGSTOP);
    return count == 1 && last.si_code == SI_USER && last.si_pid == getppid() ? 4 : 5;
}

static int continue_blocked(void)
{
    mask(SIG_BLOCK, SIGCONT, SIGCONT);
    raise(SIGSTOP);
    return is_pending(SIGCONT) ? 6 : 7; /* blocked it does not pend when ignored; it does here */
}

static int continue_ignored(void)
{
    signal(SIGCONT, SIG_IGN);
    raise(SIGSTOP);
    return 8;
}

static int stop_handled(void)
{
    install(SIGTSTP, 0);
    raise(SIGTSTP);
    return count == 1 ? 9 : 10;
}

static int stop_ignored(void)
{
    signal(SIGTTIN, SIG_IGN);
    raise(SIGTTIN);
    return 11;
}

/* A pending handler waits until the process continues. */
static int handler_while_stopped(void)
{
    install(SIGUSR1, 0);
    raise(SIGSTOP);
    return 20 + count;
}

static pid_t start(int (*body)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(body());
    return child;
}

static void stops(void)
{
    pid_t child = start(stop_before_death);
    check("SIGTSTP before SIGXCPU: stops", STOPPED(SIGTSTP), next_event(child));
    check("stays so", -2, next_event(child));
    kill(child, SIGCONT);
    int status = next_event(child);
    check_true("then continues, or is gone already",
               status == CONTINUED || (status & 0x7f) == SIGXCPU);
    if (status == CONTINUED)
        status = next_event(child);
    check("and dies", SIGXCPU, status & 0x7f);

    child = start(death_before_stop);
    check("SIGTERM before SIGTSTP: dies", KILLED(SIGTERM), next_event(child));

    child = start(stop_twice);
    check("first stop", STOPPED(SIGSTOP), next_event(child));
    kill(child, SIGSTOP);
    check("a stop of what is stopped is nothing new", -2, next_event(child));
    kill(child, SIGCONT);
    check("second stop", STOPPED(SIGTSTP), (usleep(20000), next_event(child)));
    kill(child, SIGCONT);
    check("ends", EXITED(3), (usleep(20000), next_event(child)));

    int (*const bodies[])(void) = { continue_handled, continue_blocked, continue_ignored };
    static const int expected[] = { 4, 6, 8 };
    static const char *const names[] = { "SIGCONT handled", "SIGCONT blocked", "SIGCONT ignored" };
    for (int i = 0; i < 3; i++) {
        child = start(bodies[i]);
        next_event(child);
        kill(child, SIGCONT);
        waitpid(child, &status, 0);
        check(names[i], EXITED(expected[i]), status);
    }
    check("a stop signal handled", EXITED(9), child_status(stop_handled));
    check("a stop signal ignored", EXITED(11), child_status(stop_ignored));

    child = start(handler_while_stopped);
    next_event(child);
    kill(child, SIGUSR1);
    check("a signal does not wake who is stopped", -2, next_event(child));
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    check("it is handled afterwards", EXITED(21), status);
}

/* ---- the parent hears of it ---- */

static int sleeper(void)
{
    for (;;)
        pause();
    return 0;
}

static void reports(void)
{
    siginfo_t information;
    pid_t child = start(sleeper);
    kill(child, SIGSTOP);
    check("waitid sees the stop", 0, waitid(P_PID, child, &information, WSTOPPED | WNOWAIT));
    kill(child, SIGCONT);
    check("continued before it was told: the stop is forgotten", CONTINUED, next_event(child));
    kill(child, SIGSTOP);
    waitid(P_PID, child, &information, WSTOPPED | WNOWAIT);
    kill(child, SIGCONT);
    kill(child, SIGSTOP);
    waitid(P_PID, child, &information, WSTOPPED | WNOWAIT);
    check("stopped again: the continue is forgotten", STOPPED(SIGSTOP), next_event(child));
    check("no more", -2, next_event(child));
    kill(child, SIGKILL);
    check("killed while stopped: nothing of a continue", KILLED(SIGKILL), next_event(child));

    /* SIGCHLD: ignored it is not sent, blocked it pends. */
    mask(SIG_BLOCK, SIGCHLD, SIGCHLD);
    signal(SIGCHLD, SIG_IGN);
    child = start(sleeper);
    kill(child, SIGSTOP);
    next_event(child);
    kill(child, SIGKILL);
    check_errno("nothing to wait for", ECHILD, waitpid(child, NULL, 0));
    signal(SIGCHLD, SIG_DFL);
    check("no SIGCHLD pends", 0, is_pending(SIGCHLD));
    child = start(sleeper);
    kill(child, SIGKILL);
    sigset_t set = set_of(SIGCHLD, SIGCHLD);
    check("default but blocked it can be awaited", SIGCHLD, sigwaitinfo(&set, &information));
    check("si_code", CLD_KILLED, information.si_code);
    check("si_status", SIGKILL, information.si_status);
    check_true("si_pid", information.si_pid == child);
    waitpid(child, NULL, 0);
    mask(SIG_UNBLOCK, SIGCHLD, SIGCHLD);
}

/* ---- calls that a stop interrupts ---- */

static int awaits_through_stop(void)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR1);
    struct timespec second = { 1, 0 };
    sigprocmask(SIG_BLOCK, &set, NULL);
    long result = syscall(SYS_rt_sigtimedwait, &set, NULL, &second, 8);
    return result == -1 && errno == EINTR ? 0 : result == -1 && errno == EAGAIN ? 1 : 2;
}

static int pauses_through_stop(void)
{
    install(SIGUSR1, 0);
    return pause() == -1 && errno == EINTR && count == 1 ? 0 : 1;
}

static int suspends_through_stop(void)
{
    sigset_t none;
    install(SIGUSR1, 0);
    mask(SIG_BLOCK, SIGUSR1, SIGUSR1);
    sigemptyset(&none);
    return sigsuspend(&none) == -1 && errno == EINTR && count == 1 ? 0 : 1;
}

static int waits_through_stop(void)
{
    pid_t child = fork();
    if (child == 0) {
        usleep(150000);
        _exit(0);
    }
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}

static int sleeps_until_through_stop(void)
{
    struct timespec until, now;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 150000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return error ? 1 : now.tv_sec > until.tv_sec || now.tv_nsec >= until.tv_nsec ? 0 : 2;
}

static int selects_through_stop(void)
{
    struct timeval time = { 0, 150000 }; /* the C library would keep what is left to itself */
    return syscall(SYS_select, 0, NULL, NULL, NULL, &time) == 0 && time.tv_usec == 0 ? 0 : 1;
}

static void interrupted_by_stops(void)
{
    static const struct {
        const char *name;
        int (*body)(void);
        int signal; /* that ends it; 0: it ends by itself */
    } calls[] = {
        { "sigtimedwait is interrupted by a stop", awaits_through_stop, 0 },
        { "pause goes on", pauses_through_stop, SIGUSR1 },
        { "sigsuspend goes on", suspends_through_stop, SIGUSR1 },
        { "waitpid goes on", waits_through_stop, 0 },
        { "clock_nanosleep goes on", sleeps_until_through_stop, 0 },
        { "select goes on", selects_through_stop, 0 },
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int status;
        pid_t child = start(calls[i].body);
        usleep(50000);
        kill(child, SIGSTOP);
        waitpid(child, NULL, WUNTRACED);
        kill(child, SIGCONT);
        usleep(50000);
        if (calls[i].signal)
            kill(child, calls[i].signal);
        waitpid(child, &status, 0);
        check(calls[i].name, EXITED(0), status);
    }
}

/* ---- what the kernel sends ---- */

static void check_sender(const char *name, int code, pid_t pid)
{
    char line[80];
    snprintf(line, sizeof line, "%s: came", name);
    check(line, 1, count);
    snprintf(line, sizeof line, "%s: si_code", name);
    check(line, code, last.si_code);
    snprintf(line, sizeof line, "%s: si_pid", name);
    check_true(line, last.si_pid == pid);
}

static void from_kernel(void)
{
    int ends[2];
    if (pipe(ends))
        exit(2);
    close(ends[0]);
    install(SIGPIPE, 0);
    check_errno("a pipe without a reader", EPIPE, write(ends[1], "x", 1));
    check_sender("SIGPIPE", SI_USER, getpid());
    check("SIGPIPE: si_uid", getuid(), last.si_uid);
    signal(SIGPIPE, SIG_IGN);
    check_errno("ignored", EPIPE, write(ends[1], "x", 1));
    mask(SIG_BLOCK, SIGPIPE, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    check_errno("blocked", EPIPE, write(ends[1], "x", 1));
    check("pends", 1, is_pending(SIGPIPE));
    signal(SIGPIPE, SIG_IGN);
    mask(SIG_UNBLOCK, SIGPIPE, SIGPIPE);
    close(ends[1]);

    install(SIGALRM, 0);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 1000 } }, NULL);
    while (!count)
        usleep(1000);
    check_sender("SIGALRM", SI_KERNEL, 0);

    char name[] = "/tmp/stop.XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    install(SIGXFSZ, 0);
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, before.rlim_max });
    check_errno("a file too large", EFBIG, write(fd, "x", 1));
    setrlimit(RLIMIT_FSIZE, &before);
    check_sender("SIGXFSZ", SI_USER, getpid());
    close(fd);

    install(SIGVTALRM, 0);
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){ { 0, 0 }, { 0, 1000 } }, NULL);
    while (!count)
        ;
    check_sender("SIGVTALRM", SI_KERNEL, 0);
}

/* ---- flags, actions, arguments ---- */

struct kernel_action {
    uint64_t handler, flags, restorer, mask;
};

static void action_words(void)
{
    struct kernel_action action = { .handler = 1, .flags = ~0ull, .mask = ~0ull }, old;
    syscall(SYS_rt_sigaction, SIGUSR2, &action, NULL, 8);
    syscall(SYS_rt_sigaction, SIGUSR2, NULL, &old, 8);
    check("flags that nobody knows are not kept", 0xdc000807, (long)old.flags);
    check("SIGKILL and SIGSTOP are not masked", ~0x40100l, (long)old.mask);
    signal(SIGUSR2, SIG_DFL);
    check_errno("a wrong signal after a bad address", EFAULT,
                syscall(SYS_rt_sigaction, 65, 8, NULL, 8));
    check_errno("a wrong size before it", EINVAL, syscall(SYS_rt_sigaction, 65, 8, NULL, 9));
    check_errno("sigprocmask writes the old mask last", EFAULT,
                syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8));
    check("how does not matter without a set", 0,
          syscall(SYS_rt_sigprocmask, 77, NULL, &action, 8));
    check_errno("sigpending, too large", EINVAL, syscall(SYS_rt_sigpending, &action, 16));
    check("sigpending, small", 0, syscall(SYS_rt_sigpending, &action, 4));
    check_errno("sigpending, bad address", EFAULT, syscall(SYS_rt_sigpending, 8, 8));
    check_errno("kill of an empty group with a bad signal", ESRCH, kill(-999999, 99));
    check_errno("kill of the own group with a bad signal", EINVAL, kill(0, 99));
    check_errno("tgkill -1", EINVAL, syscall(SYS_tgkill, -1, getpid(), 0));
    check_errno("tkill nobody", ESRCH, syscall(SYS_tkill, 999999, 99));

    siginfo_t information = { .si_code = SI_QUEUE };
    install(SIGUSR1, 0);
    check("rt_tgsigqueueinfo", 0,
          syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &information));
    check("it came", 1, count);
    check("with the number of the call", SIGUSR1, last.si_signo);
    check("with its code", SI_QUEUE, last.si_code);
    check_errno("to task 0", EINVAL,
                syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &information));
    check_errno("to nobody", ESRCH,
                syscall(SYS_rt_tgsigqueueinfo, getpid(), 999999, SIGUSR1, &information));
    check_errno("bad address", EFAULT,
                syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, 8));
    information.si_code = SI_USER;
    check_errno("in the name of kill, to another", EPERM,
                syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), SIGUSR1, &information));
}

/* ---- a new program ---- */

static int sends_on_exec(void)
{
    stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
    sigaltstack(&stack, NULL);
    mask(SIG_BLOCK, SIGUSR1, SIGRTMIN);
    raise(SIGUSR1);
    raise(SIGRTMIN);
    install(SIGUSR2, SA_NOCLDSTOP | SA_RESTART);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    alarm(77);
    execl("/proc/self/exe", "probe-stop", "executed", NULL);
    return 9;
}

static int executed(void)
{
    struct kernel_action action;
    stack_t stack;
    int wrong = 0;
    wrong |= !is_pending(SIGUSR1) || !is_pending(SIGRTMIN);
    syscall(SYS_rt_sigaction, SIGUSR2, NULL, &action, 8);
    wrong |= (action.handler || action.flags || action.mask) << 1;
    syscall(SYS_rt_sigaction, SIGHUP, NULL, &action, 8);
    wrong |= (action.handler != 1) << 2;
    syscall(SYS_rt_sigaction, SIGCHLD, NULL, &action, 8);
    wrong |= (action.handler != 1) << 3;
    sigaltstack(NULL, &stack);
    wrong |= !(stack.ss_flags & SS_DISABLE) << 4;
    int left = alarm(0);
    wrong |= (left < 70 || left > 77) << 5;
    return wrong;
}

/* ---- the end of a parent ---- */

static int dies_with_parent(void)
{
    int ends[2], value = 0;
    char byte;
    if (prctl(PR_GET_PDEATHSIG, &value) || value || pipe(ends))
        return 1;
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            install(SIGUSR1, 0);
            if (prctl(PR_SET_PDEATHSIG, SIGUSR1) || prctl(PR_GET_PDEATHSIG, &value) ||
                value != SIGUSR1 || write(ends[1], "r", 1) != 1)
                _exit(1);
            for (int i = 0; i < 1000 && !count; i++)
                usleep(1000);
            byte = count == 1 ? 'y' : 'n';
            _exit(write(ends[1], &byte, 1) != 1);
        }
        _exit(read(ends[0], &byte, 1) != 1);
    }
    close(ends[1]);
    waitpid(middle, NULL, 0);
    if (read(ends[0], &byte, 1) != 1)
        return 2;
    if (prctl(PR_SET_PDEATHSIG, 65) != -1 || errno != EINVAL)
        return 3;
    return byte == 'y' ? 0 : 4;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "executed"))
        return executed();
    setpgid(0, 0); /* so that the tests' stops concern a group that is not orphaned */
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        action_words();
        stops();
        reports();
        interrupted_by_stops();
        from_kernel();
        check("what execve keeps and what it resets", EXITED(0), child_status(sends_on_exec));
        check("PR_SET_PDEATHSIG", EXITED(0), child_status(dies_with_parent));
        _exit(checks_failed);
    }
    int status;
    waitpid(child, &status, 0);
    return status != 0;
}
