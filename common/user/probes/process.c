/* probe-process: fork, exec, exit and wait, groups and sessions, as Linux has them. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "checks_of_processes.h"

extern char **environ;

static char self[PATH_MAX];                    /* this program */
static void *volatile bad_address = (void *)8; /* volatile, or the compiler sees through it */

static void pass(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(99);
}

/* Waits for a byte; false at the end of the pipe. */
static int await(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 1;
}

static void make_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) != 0)
        exit(98);
    close(fd);
}

/* A child that waits to be killed. */
static pid_t sleeper(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

static int end(pid_t child)
{
    int status = -1;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return status;
}

/* ---- exit and wait ---- */

static int exit_0(void)
{
    return 0;
}
static int exit_7(void)
{
    return 7;
}
static int exit_255(void)
{
    return 255;
}
static int exit_259(void)
{
    _exit(259);
}
static int die_kill(void)
{
    return kill(getpid(), SIGKILL);
}
static int die_term(void)
{
    return raise(SIGTERM);
}
static int die_abort(void)
{
    abort();
}
static int die_real_time(void)
{
    return raise(SIGRTMIN + 3);
}
static int die_segv(void)
{
    return *(volatile int *)bad_address;
}

static void exit_statuses(void)
{
    check("exit 0", EXITED(0), child_status(exit_0));
    check("exit 7", EXITED(7), child_status(exit_7));
    check("exit 255", EXITED(255), child_status(exit_255));
    check("exit 259", EXITED(3), child_status(exit_259));
    check("SIGKILL", KILLED(SIGKILL), child_status(die_kill));
    check("SIGTERM", KILLED(SIGTERM), child_status(die_term));
    check("SIGABRT", KILLED(SIGABRT), child_status(die_abort));
    check("real-time signal", KILLED(SIGRTMIN + 3), child_status(die_real_time));
    check("SIGSEGV", KILLED(SIGSEGV), child_status(die_segv));
}

static void wait4_options(void)
{
    int status = 0;
    struct rusage usage;
    check_errno("wait4 without children", ECHILD, wait4(-1, &status, 0, NULL));
    check_errno("wait4 bad option", EINVAL, wait4(-1, &status, 0x100, NULL));
    check_errno("wait4 WEXITED is no option of it", EINVAL, wait4(-1, &status, WEXITED, NULL));
    check_errno("wait4 INT_MIN", ESRCH, wait4(INT_MIN, &status, 0, NULL));

    pid_t child = sleeper();
    check("WNOHANG, nothing yet", 0, wait4(-1, &status, WNOHANG, NULL));
    check_errno("wait for another's child", ECHILD, wait4(getppid(), &status, WNOHANG, NULL));
    check_errno("wait for no such group", ECHILD, wait4(-child, &status, WNOHANG, NULL));
    check("wait for own group", 0, wait4(0, &status, WNOHANG, NULL));
    check_errno("__WCLONE sees no ordinary child", ECHILD,
                wait4(-1, &status, WNOHANG | __WCLONE, NULL));
    check("__WALL sees it", 0, wait4(-1, &status, WNOHANG | __WALL, NULL));
    kill(child, SIGSTOP);
    check("WUNTRACED", child, wait4(child, &status, WUNTRACED, NULL));
    check("stop status", SIGSTOP << 8 | 0x7f, status);
    check("a stop is told once", 0, wait4(child, &status, WUNTRACED | WNOHANG, NULL));
    kill(child, SIGCONT);
    check("WCONTINUED", child, wait4(child, &status, WCONTINUED, NULL));
    check("continue status", 0xffff, status);
    check("a continue is told once", 0, wait4(child, &status, WCONTINUED | WNOHANG, NULL));
    kill(child, SIGTSTP);
    check("SIGTSTP stops", child, wait4(child, &status, WUNTRACED, NULL));
    check("its status", SIGTSTP << 8 | 0x7f, status);
    kill(child, SIGTERM);
    check("a stopped process does not die of SIGTERM yet", 0, wait4(child, &status, WNOHANG, NULL));
    kill(child, SIGCONT);
    check("but when it continues", child, wait4(child, &status, 0, &usage));
    check("of SIGTERM", KILLED(SIGTERM), status);
    child = sleeper();
    kill(child, SIGSTOP);
    wait4(child, &status, WUNTRACED, NULL);
    kill(child, SIGHUP);
    check("SIGKILL ends a stopped process", KILLED(SIGKILL), end(child));

    child = fork();
    if (child == 0)
        _exit(5);
    check_errno("bad address for the status", EFAULT, wait4(child, bad_address, 0, NULL));
    check_errno("the child is gone all the same", ECHILD, wait4(child, NULL, 0, NULL));
}

static void check_information(const char *name, const siginfo_t *information, pid_t pid, int code,
                              int value)
{
    char line[80];
    snprintf(line, sizeof line, "%s: si_signo", name);
    check(line, SIGCHLD, information->si_signo);
    snprintf(line, sizeof line, "%s: si_code", name);
    check(line, code, information->si_code);
    snprintf(line, sizeof line, "%s: si_status", name);
    check(line, value, information->si_status);
    snprintf(line, sizeof line, "%s: si_pid", name);
    check_true(line, information->si_pid == pid);
    snprintf(line, sizeof line, "%s: si_uid", name);
    check(line, getuid(), information->si_uid);
}

static void waitid_options(void)
{
    siginfo_t information;
    memset(&information, 0x55, sizeof information);
    check_errno("waitid without children", ECHILD, waitid(P_ALL, 0, &information, WEXITED));
    check_errno("waitid without what", EINVAL, waitid(P_ALL, 0, &information, WNOHANG));
    check_errno("waitid bad option", EINVAL, waitid(P_ALL, 0, &information, WEXITED | 0x100));
    check_errno("waitid bad kind", EINVAL, waitid(77, 0, &information, WEXITED));
    check_errno("waitid P_PID 0", EINVAL, waitid(P_PID, 0, &information, WEXITED));
    check_errno("waitid P_PID negative", EINVAL, waitid(P_PID, -5, &information, WEXITED));
    check_errno("waitid P_PGID negative", EINVAL, waitid(P_PGID, -5, &information, WEXITED));
    check_errno("waitid group 1", ECHILD, waitid(P_PGID, 1, &information, WEXITED));

    pid_t child = sleeper();
    check("waitid WNOHANG", 0, waitid(P_ALL, 0, &information, WEXITED | WNOHANG));
    check("si_pid is cleared", 0, information.si_pid);
    check("si_signo too", 0, information.si_signo);
    check("waitid own group", 0, waitid(P_PGID, 0, &information, WEXITED | WNOHANG));
    kill(child, SIGSTOP);
    check("waitid WSTOPPED", 0, waitid(P_PID, child, &information, WSTOPPED | WNOWAIT));
    check_information("stopped", &information, child, CLD_STOPPED, SIGSTOP);
    check("WNOWAIT leaves it", 0, waitid(P_PID, child, &information, WSTOPPED));
    check_information("stopped again", &information, child, CLD_STOPPED, SIGSTOP);
    waitid(P_PID, child, &information, WSTOPPED | WNOHANG);
    check("then it is told", 0, information.si_pid);
    kill(child, SIGCONT);
    check("waitid WCONTINUED", 0, waitid(P_PID, child, &information, WCONTINUED));
    check_information("continued", &information, child, CLD_CONTINUED, SIGCONT);
    kill(child, SIGUSR1);
    check("waitid killed, WNOWAIT", 0, waitid(P_PID, child, &information, WEXITED | WNOWAIT));
    check_information("killed", &information, child, CLD_KILLED, SIGUSR1);
    check("waitid killed", 0, waitid(P_PID, child, &information, WEXITED));
    check_errno("now it is gone", ECHILD, waitid(P_PID, child, &information, WEXITED));

    child = fork();
    if (child == 0)
        _exit(300);
    check("waitid without siginfo", 0,
          syscall(SYS_waitid, P_PID, child, NULL, WEXITED | WNOWAIT, NULL));
    check("waitid exited", 0, waitid(P_ALL, 0, &information, WEXITED | WSTOPPED | WCONTINUED));
    check_information("exited", &information, child, CLD_EXITED, 300 & 0xff);
}

static void zombies(void)
{
    int channel[2], answer[2];
    siginfo_t information;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitid(P_PID, child, &information, WEXITED | WNOWAIT);
    check("a signal to a zombie", 0, kill(child, SIGTERM));
    check("a zombie's group", getpgrp(), getpgid(child));
    check("a zombie can be moved", 0, setpgid(child, child));
    check("and is found there", child, waitpid(-child, NULL, 0));
    check_errno("afterwards there is nobody", ESRCH, kill(child, 0));

    /* Orphans, living and dead, become init's. */
    if (pipe(channel) || pipe(answer))
        exit(97);
    child = fork();
    if (child == 0) {
        if (fork() == 0) { /* dead before its parent */
            _exit(1);
        }
        if (fork() == 0) { /* outlives its parent */
            close(channel[1]);
            await(channel[0]);
            while (getppid() != 1)
                usleep(1000);
            pass(answer[1]);
            _exit(0);
        }
        _exit(0);
    }
    check("the middle one", child, waitpid(child, NULL, 0));
    close(channel[1]);
    check_true("an orphan's parent is 1", await(answer[0]));
    close(channel[0]);
    close(answer[0]);
    close(answer[1]);
}

static volatile int child_signals;

static void count_child(int signal)
{
    (void)signal;
    child_signals++;
}

static void ignored_children(void)
{
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            _exit(i);
    check_errno("SIGCHLD ignored: nothing to wait for", ECHILD, waitpid(-1, NULL, 0));
    int vforked = 0;
    for (int i = 0; i < 50; i++) {
        pid_t child = vfork();
        if (child == 0)
            _exit(0);
        vforked += child > 0;
    }
    check("vfork of children that nobody waits for", 50, vforked);
    check_errno("none of them either", ECHILD, waitpid(-1, NULL, 0));

    struct sigaction action = { .sa_handler = count_child, .sa_flags = SA_NOCLDWAIT | SA_RESTART };
    sigaction(SIGCHLD, &action, NULL);
    if (fork() == 0)
        _exit(1);
    check_errno("SA_NOCLDWAIT: likewise", ECHILD, waitpid(-1, NULL, 0));
    check("but the signal comes", 1, child_signals);

    child_signals = 0;
    action.sa_flags = SA_NOCLDSTOP | SA_RESTART;
    sigaction(SIGCHLD, &action, NULL);
    pid_t child = sleeper();
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, NULL, WCONTINUED);
    check("SA_NOCLDSTOP: no signal for stops", 0, child_signals);
    end(child);
    check("one for the end", 1, child_signals);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- groups and sessions ---- */

static int no_leader_setsid(void)
{
    if (setsid() != getpid() || getsid(0) != getpid() || getpgrp() != getpid())
        return 1;
    if (setsid() != -1 || errno != EPERM)
        return 2;
    if (setpgid(0, 0) != -1 || errno != EPERM)
        return 3;
    return 0;
}

static int leader_setsid(void)
{
    if (setpgid(0, 0) || getpgrp() != getpid() || setpgid(0, 0))
        return 1;
    return setsid() == -1 && errno == EPERM ? 0 : 2;
}

/* The id of a group that outlives its leader cannot become a session. */
static int led_setsid(void)
{
    if (setpgid(0, 0))
        return 1;
    pid_t child = sleeper();
    int result = setpgid(0, getpgid(getppid())) ? 2 : setsid() == -1 && errno == EPERM ? 0 : 3;
    end(child);
    return result;
}

static void groups(void)
{
    int ready[2];
    check("new session", EXITED(0), child_status(no_leader_setsid));
    check("a leader makes no session", EXITED(0), child_status(leader_setsid));
    check("nor who gave its group its id", EXITED(0), child_status(led_setsid));
    check_errno("getpgid of nobody", ESRCH, getpgid(32767 * 8));
    check_errno("getpgid negative", ESRCH, getpgid(-1));
    check_errno("getsid of nobody", ESRCH, getsid(32767 * 8));
    check_true("getsid of init", getsid(1) >= 0);
    check("getpgid 0", getpgrp(), getpgid(0));

    pid_t a = sleeper(), b = sleeper();
    check_errno("setpgid negative", EINVAL, setpgid(a, -1));
    check_errno("setpgid of the parent", ESRCH, setpgid(getppid(), a));
    check_errno("setpgid of nobody", ESRCH, setpgid(32767 * 8, a));
    check_errno("no such group", EPERM, setpgid(a, a + 20000));
    check_errno("not a group's id", EPERM, setpgid(a, b));
    check("a group of its own", 0, setpgid(a, 0));
    check("its id", a, getpgid(a));
    check("join it", 0, setpgid(b, a));
    check("a signal to the group", 0, kill(-a, SIGTERM));
    int status = 0;
    check_true("ends the one", waitpid(-a, &status, 0) > 0 && status == KILLED(SIGTERM));
    check_true("and the other", waitpid(-a, &status, 0) > 0 && status == KILLED(SIGTERM));
    check_errno("no group any more", ESRCH, kill(-a, 0));

    if (pipe(ready))
        exit(97);
    a = fork();
    if (a == 0) {
        setsid();
        pass(ready[1]);
        for (;;)
            pause();
    }
    await(ready[0]);
    check_errno("a child in another session", EPERM, setpgid(a, getpgrp()));
    check_errno("join another session's group", EPERM, setpgid(0, a));
    end(a);

    fcntl(ready[1], F_SETFD, FD_CLOEXEC);
    a = fork();
    if (a == 0) {
        close(ready[0]);
        execl(self, "probe-process", "sleep", NULL);
        _exit(1);
    }
    close(ready[1]);
    await(ready[0]); /* the end of the pipe: the child has called execve */
    check_errno("setpgid after exec", EACCES, setpgid(a, a));
    end(a);
    close(ready[0]);
}

static int report_fd;

static void report_hangup(int signal)
{
    (void)signal;
    pass(report_fd);
}

/* In a session of its own: a parent P and its child G in another group, which stops.  When P is
 * gone nobody could continue G, so it gets SIGHUP and SIGCONT. */
static int orphaned_stopped_group(void)
{
    int report[2], ready[2], status;
    setsid();
    if (pipe(report) || pipe(ready))
        return 1;
    report_fd = report[1];
    pid_t parent = fork();
    if (parent == 0) {
        setpgid(0, 0);
        pid_t child = fork();
        if (child == 0) {
            setpgid(0, 0);
            signal(SIGHUP, report_hangup);
            close(report[0]);
            close(ready[1]);
            raise(SIGTSTP); /* not orphaned yet: stops */
            pass(report[1]);
            raise(SIGTSTP); /* orphaned: nothing happens */
            pass(report[1]);
            _exit(0);
        }
        setpgid(child, child);
        if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
            _exit(1);
        _exit(0);
    }
    close(report[1]);
    if (waitpid(parent, &status, 0) != parent || status)
        return 2;
    if (!await(report[0]))
        return 3; /* SIGHUP's handler */
    if (!await(report[0]))
        return 4; /* it went on */
    if (!await(report[0]))
        return 5; /* and did not stop again */
    return 0;
}

static void orphans(void)
{
    check("an orphaned group does not stay stopped", EXITED(0),
          child_status(orphaned_stopped_group));
}

/* ---- execve ---- */

static long execute(const char *path, char *const argv[], char *const envp[])
{
    int status, channel[2], error = 0;
    if (pipe2(channel, O_CLOEXEC))
        exit(97);
    pid_t child = fork();
    if (child == 0) {
        execve(path, argv, envp);
        error = errno;
        _exit(write(channel[1], &error, sizeof error) != sizeof error);
    }
    close(channel[1]);
    if (read(channel[0], &error, sizeof error) != sizeof error)
        error = 0;
    close(channel[0]);
    waitpid(child, &status, 0);
    return error ? -error : status;
}

static long execute_plain(const char *path)
{
    char *argv[] = { (char *)path, NULL };
    return execute(path, argv, environ);
}

static void exec_errors(void)
{
    char name[PATH_MAX + 10];
    make_file("text", "no program\n", 0755);
    make_file("empty", "", 0755);
    make_file("plain", "#!/bin/sh\n", 0644);
    make_file("no-interpreter", "#!/nonexistent/interpreter\n", 0755);
    make_file("bare", "#!\n", 0755);
    make_file("blank", "#!  \t \n", 0755);
    make_file("directory-interpreter", "#!/\n", 0755);
    make_file("elf", "\177ELF", 0755);
    mkdir("directory", 0755);
    check("ENOENT", -ENOENT, execute_plain("none"));
    check("ENOENT, empty name", -ENOENT, execute_plain(""));
    check("ENOTDIR", -ENOTDIR, execute_plain("text/x"));
    check("EACCES, directory", -EACCES, execute_plain("directory"));
    check("EACCES, not executable, for root too", -EACCES, execute_plain("plain"));
    check("EACCES, device", -EACCES, execute_plain("/dev/null"));
    check("ENOEXEC, text", -ENOEXEC, execute_plain("text"));
    check("ENOEXEC, empty", -ENOEXEC, execute_plain("empty"));
    check("ENOEXEC, short ELF", -ENOEXEC, execute_plain("elf"));
    check("ENOEXEC, #! alone", -ENOEXEC, execute_plain("bare"));
    check("ENOEXEC, #! and blanks", -ENOEXEC, execute_plain("blank"));
    check("ENOENT, interpreter", -ENOENT, execute_plain("no-interpreter"));
    check("EACCES, interpreter is a directory", -EACCES, execute_plain("directory-interpreter"));
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    check("ENAMETOOLONG", -ENAMETOOLONG, execute_plain(name));
    symlink("loop", "loop");
    check("ELOOP, links", -ELOOP, execute_plain("loop"));
    int fd = open("plain", O_WRONLY);
    chmod("plain", 0755);
    check("ETXTBSY, open for writing", -ETXTBSY, execute_plain("plain"));
    close(fd);
    check("ETXTBSY no more", EXITED(0), execute_plain("plain"));
    char *arguments[] = { "x", NULL };
    check("EFAULT, name", -EFAULT, execute(bad_address, arguments, environ));
    check("EFAULT, argv", -EFAULT, execute(self, bad_address, environ));
    char *bad[] = { "x", bad_address, NULL };
    check("EFAULT, a string", -EFAULT, execute(self, bad, environ));
    check("EFAULT, envp", -EFAULT, execute(self, arguments, bad));
}

static int write_own_file(void)
{
    return open(self, O_WRONLY) == -1 && errno == ETXTBSY ? 0 : 1;
}

/* How long may it be?  A string 32 pages; all together a quarter of the stack. */
static void exec_sizes(void)
{
    size_t most = 32 * 4096;
    char *string = malloc(most + 1);
    memset(string, 'a', most);
    string[most] = '\0';
    char *argv[] = { self, "count", string, NULL };
    check("E2BIG, a string of 32 pages", -E2BIG, execute(self, argv, environ));
    string[most - 1] = '\0';
    check("one byte less", EXITED(0), execute(self, argv, environ));
    char *many[20];
    many[0] = self;
    many[1] = "count";
    for (int i = 2; i < 19; i++)
        many[i] = string;
    many[19] = NULL;
    check("E2BIG, more than 2 MiB", -E2BIG, execute(self, many, environ));
    many[16] = NULL;
    check("14 times 128 KiB", EXITED(0), execute(self, many, environ));
    struct rlimit old, small = { 1 << 20, RLIM_INFINITY };
    getrlimit(RLIMIT_STACK, &old);
    small.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_STACK, &small);
    many[4] = NULL;
    check("E2BIG, a quarter of a small stack", -E2BIG, execute(self, many, environ));
    many[3] = NULL;
    check("128 KiB fit into a small stack", EXITED(0), execute(self, many, environ));
    setrlimit(RLIMIT_STACK, &old);

    size_t count = 300000; /* pointers count too */
    char **pointers = malloc((count + 1) * sizeof *pointers);
    for (size_t i = 0; i < count; i++)
        pointers[i] = "";
    pointers[0] = self;
    pointers[1] = "count";
    pointers[count] = NULL;
    check("E2BIG, 300,000 empty strings", -E2BIG, execute(self, pointers, environ));
    pointers[100000] = NULL;
    check("100,000 empty strings", EXITED(0), execute(self, pointers, environ));
    free(pointers);
    free(string);
}

/* What a program started by `path` says of itself when it gets "show". */
static void check_shown(const char *name, const char *path, char *const argv[],
                        const char *expected)
{
    static char got[8192];
    int channel[2];
    size_t size = 0;
    ssize_t piece;
    if (pipe(channel))
        exit(97);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(channel[1], 1);
        close(channel[0]);
        close(channel[1]);
        char *environment[] = { "ONE=1", "TWO=", NULL };
        execve(path, argv, environment);
        printf("errno %d", errno);
        fflush(stdout);
        _exit(1);
    }
    close(channel[1]);
    while (size < sizeof got - 1 &&
           (piece = read(channel[0], got + size, sizeof got - 1 - size)) > 0)
        size += piece;
    got[size] = '\0';
    close(channel[0]);
    waitpid(child, NULL, 0);
    if (strcmp(got, expected)) {
        printf("FAIL %s: expected \"%s\", got \"%s\"\n", name, expected, got);
        checks_failed = 1;
    } else {
        printf("ok %s\n", name);
    }
}

static void scripts(void)
{
    char text[PATH_MAX + 300], name[20], expected[200];
    symlink(self, "show"); /* so that the name is short and the same everywhere */
    char *argv[] = { "zero", "one", "two words", NULL };
    check_shown("argv and envp", "./show", argv, "[zero][one][two words] ONE=1 TWO= ./show show");
    char *none[] = { NULL };
    check_shown("empty argv", "./show", none, "[] ONE=1 TWO= ./show show");
    check_shown("null argv", "./show", NULL, "[] ONE=1 TWO= ./show show");
    make_file("script", "#!./show\n", 0755);
    check_shown("script", "./script", argv,
                "[./show][./script][one][two words] ONE=1 TWO= ./script script");
    make_file("script", "#! \t ./show \t  a  b\t c \t \nrest\n", 0755);
    check_shown("script with argument", "script", argv,
                "[./show][a  b\t c][script][one][two words] ONE=1 TWO= script script");
    make_file("script", "#!./show", 0755);
    check_shown("script without line end", "./script", none,
                "[./show][./script] ONE=1 TWO= ./script script");
    make_file("inner", "#!./show -i\n", 0755);
    make_file("outer", "#!./inner -o\n", 0755);
    check_shown("script of a script", "./outer", argv,
                "[./show][-i][./inner][-o][./outer][one][two words] ONE=1 TWO= ./outer outer");
    make_file("level0", "#!./show\n", 0755);
    for (int i = 1; i < 7; i++) {
        snprintf(name, sizeof name, "level%d", i);
        snprintf(text, sizeof text, "#!./level%d\n", i - 1);
        make_file(name, text, 0755);
    }
    snprintf(
        expected, sizeof expected,
        "[./show][./level0][./level1][./level2][./level3][./level4] ONE=1 TWO= ./level4 level4");
    check_shown("five levels of scripts", "./level4", none, expected);
    check("ELOOP, six levels", -ELOOP, execute_plain("./level5"));
    /* The first line is looked at up to 256 bytes. */
    memset(text, 'a', sizeof text);
    memcpy(text, "#!./show ", 9);
    strcpy(text + 300, "\n");
    make_file("script", text, 0755);
    char long_argument[512];
    snprintf(long_argument, sizeof long_argument,
             "[./show][%.*s][./script] ONE=1 TWO= ./script script", 246, text + 9);
    check_shown("a long argument is cut", "./script", none, long_argument);
    memset(text, '/', 290);
    memcpy(text, "#!.", 3);
    strcpy(text + 290, "show\n");
    make_file("script", text, 0755);
    check("ENOEXEC, interpreter's name is too long", -ENOEXEC, execute_plain("script"));
    make_file("abcdefghijklmnopqrstuvw", "#!./show\n", 0755);
    check_shown(
        "a task's name has 15 bytes", "./abcdefghijklmnopqrstuvw", none,
        "[./show][./abcdefghijklmnopqrstuvw] ONE=1 TWO= ./abcdefghijklmnopqrstuvw abcdefghijklmno");
    make_file("abcdefghijklmnopqrstuvw", "", 0755);
    int fd = open("script", O_WRONLY);
    check("ETXTBSY, script", -ETXTBSY, execute_plain("script"));
    close(fd);
}

static void auxiliary(void)
{
    check("AT_PAGESZ", 4096, getauxval(AT_PAGESZ));
    check("AT_CLKTCK", 100, getauxval(AT_CLKTCK));
    check("AT_PHENT", sizeof(Elf64_Phdr), getauxval(AT_PHENT));
    check("AT_UID", getuid(), getauxval(AT_UID));
    check("AT_EUID", geteuid(), getauxval(AT_EUID));
    check("AT_GID", getgid(), getauxval(AT_GID));
    check("AT_EGID", getegid(), getauxval(AT_EGID));
    check("AT_SECURE", 0, getauxval(AT_SECURE));
    check("AT_FLAGS", 0, getauxval(AT_FLAGS));
    check("AT_BASE of a static program", 0, getauxval(AT_BASE));
    check_true("AT_RANDOM", getauxval(AT_RANDOM) != 0);
    check_true("AT_ENTRY", getauxval(AT_ENTRY) != 0);
    check_true("AT_HWCAP has SSE2", getauxval(AT_HWCAP) & 1 << 26);
    check("AT_PLATFORM", 0, strcmp((char *)getauxval(AT_PLATFORM), "x86_64"));
    Elf64_Phdr *table = (Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads += table[i].p_type == PT_LOAD;
    check_true("AT_PHDR is the table", loads > 0);
    check_true("the signal frame's size", getauxval(51 /* AT_MINSIGSTKSZ */) >= 1000);
}

static void close_on_exec(void)
{
    int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int low = dup2(kept, 60), high = fcntl(closed, F_DUPFD_CLOEXEC, 61);
    char *argv[] = { self, "descriptors", NULL };
    (void)low, (void)high;
    char expected[20];
    snprintf(expected, sizeof expected, "%d 60", kept);
    close(0); /* so that what is open does not depend on how this was started */
    check_shown("what stays open over exec", self, argv, expected);
    close(kept);
    close(closed);
    close(60);
    close(high);
}

static int ignored_and_blocked(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGHUP, count_child);
    raise(SIGUSR2);
    umask(027);
    if (chdir("directory") != 0)
        return 9;
    execl(self, "probe-process", "inherited", NULL);
    return 8;
}

/* Runs in the new program. */
static int inherited(void)
{
    sigset_t set;
    struct sigaction action;
    char cwd[PATH_MAX];
    sigprocmask(SIG_BLOCK, NULL, &set);
    if (!sigismember(&set, SIGUSR2))
        return 1;
    sigpending(&set);
    if (!sigismember(&set, SIGUSR2))
        return 2;
    sigaction(SIGUSR1, NULL, &action);
    if (action.sa_handler != SIG_IGN)
        return 3;
    sigaction(SIGHUP, NULL, &action);
    if (action.sa_handler != SIG_DFL)
        return 4;
    if (umask(0) != 027)
        return 5;
    if (!getcwd(cwd, sizeof cwd) || !strstr(cwd, "/directory"))
        return 6;
    return 0;
}

/* ---- set-user-ID ---- */

static int as_user(void)
{
    if (setgroups(0, NULL) || setresgid(1001, 1001, 1001) || setresuid(1000, 1000, 1000))
        return 100;
    return 0;
}

static int run_as_user(const char *path)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (as_user())
            _exit(100);
        execl(path, "probe-process", "ids", NULL);
        _exit(errno);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void copy_self(const char *to)
{
    char buffer[65536];
    ssize_t size;
    int from = open(self, O_RDONLY), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    while ((size = read(from, buffer, sizeof buffer)) > 0)
        if (write(fd, buffer, size) != size)
            exit(96);
    close(from);
    close(fd);
}

#define IDS(uid, gid, secure) ((uid) << 2 | (gid) << 1 | (secure)) /* which of them are root's */

static void set_user_id(void)
{
    chmod(".", 0755);
    copy_self("privileged");
    check("an ordinary program", IDS(0, 0, 0), run_as_user("./privileged"));
    chmod("privileged", 04755);
    check("set-user-ID root", IDS(1, 0, 1), run_as_user("./privileged"));
    chmod("privileged", 02755);
    check("set-group-ID root", IDS(0, 1, 1), run_as_user("./privileged"));
    chmod("privileged", 06755);
    check("both", IDS(1, 1, 1), run_as_user("./privileged"));
    chmod("privileged", 02745);
    check("set-group-ID without group execution is none", IDS(0, 0, 0),
          run_as_user("./privileged"));
    chmod("privileged", 0755);
    make_file("script", "#!./privileged ids\n", 06755);
    check("set-user-ID scripts are none", IDS(0, 0, 0), run_as_user("./script"));
    chown("privileged", 1000, 1001);
    check("a change of owner", 0100755, ({
              struct stat status;
              chmod("privileged", 06755);
              chown("privileged", 0, 0);
              stat("privileged", &status);
              (long)status.st_mode;
          }));
    unlink("privileged");
}

/* ---- vfork and clone ---- */

static volatile int shared_word;

static void vforks(void)
{
    shared_word = 0;
    pid_t child = vfork();
    if (child == 0) {
        usleep(20000);
        shared_word = 1;
        _exit(6);
    }
    check("vfork: the parent waits, memory is shared", 1, shared_word);
    int status;
    waitpid(child, &status, 0);
    check("its status", EXITED(6), status);
    child = vfork();
    if (child == 0) {
        execl(self, "probe-process", "sleep", NULL);
        _exit(1);
    }
    check("vfork: goes on at exec", 0, waitpid(child, NULL, WNOHANG));
    check("and ends", KILLED(SIGKILL), end(child));
    child = vfork();
    if (child == 0) {
        execl("./none", "none", NULL);
        _exit(errno);
    }
    waitpid(child, &status, 0);
    check("vfork: exec fails", EXITED(ENOENT), status);
    child = vfork();
    if (child == 0) {
        kill(getpid(), SIGKILL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    check("vfork: a killed child", KILLED(SIGKILL), status);

    /* A parent in vfork() can be killed; the child goes on. */
    int report[2];
    if (pipe(report))
        exit(97);
    pid_t parent = fork();
    if (parent == 0) {
        pid_t middle = getpid();
        if (vfork() == 0) {
            kill(middle, SIGTERM);
            while (getppid() == middle)
                usleep(1000);
            pass(report[1]);
            _exit(0);
        }
        _exit(1);
    }
    close(report[1]);
    waitpid(parent, &status, 0);
    check("a parent waiting in vfork can be killed", KILLED(SIGTERM), status);
    check_true("its child goes on", await(report[0]));
    close(report[0]);
}

static pid_t raw_clone(unsigned long flags, int *parent_tid, int *child_tid)
{
    return syscall(SYS_clone, flags, NULL, parent_tid, child_tid, NULL);
}

static int clone_body(void *fd)
{
    shared_word = 7;
    close(*(int *)fd);
    if (chdir("/") != 0)
        return 1;
    return 3;
}

static int clone_nothing(void *argument)
{
    (void)argument;
    return 0;
}

static volatile int usr1_count, usr1_code, usr1_status;

static void usr1_handler(int signal, siginfo_t *information, void *context)
{
    (void)signal, (void)context;
    usr1_count++;
    usr1_code = information->si_code;
    usr1_status = information->si_status;
}

static void clones(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    char cwd[PATH_MAX];
    int status, tid = 0, fd = open("/dev/null", O_RDONLY);
    pid_t child =
        clone(clone_body, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, &fd);
    check("clone with a stack", child, waitpid(child, &status, 0));
    check("its status", EXITED(3), status);
    check("CLONE_VM", 7, shared_word);
    check_errno("CLONE_FILES", EBADF, fcntl(fd, F_GETFD));
    check("CLONE_FS", 0, strcmp(getcwd(cwd, sizeof cwd) ? cwd : "", "/"));

    shared_word = 0;
    fd = open("/dev/null", O_RDONLY);
    if ((child = raw_clone(SIGCHLD | CLONE_FS | CLONE_PARENT_SETTID, &tid, NULL)) == 0) {
        shared_word = 9;
        close(fd);
        _exit(chdir("/tmp"));
    }
    check("CLONE_PARENT_SETTID", child, tid);
    waitpid(child, NULL, 0);
    check("without CLONE_VM", 0, shared_word);
    check("without CLONE_FILES", 0, fcntl(fd, F_GETFD));
    check("CLONE_FS alone", 0, strcmp(getcwd(cwd, sizeof cwd) ? cwd : "", "/tmp"));
    close(fd);

    tid = 0;
    if ((child = raw_clone(SIGCHLD | CLONE_CHILD_SETTID, NULL, &tid)) == 0)
        _exit(tid != getpid());
    waitpid(child, &status, 0);
    check("CLONE_CHILD_SETTID", 0, status);
    check("in the child only", 0, tid);
    tid = 5;
    child = clone(clone_nothing, stack + sizeof stack, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD,
                  NULL, NULL, NULL, &tid);
    waitpid(child, NULL, 0);
    check("CLONE_CHILD_CLEARTID", 0, tid);

    check_errno("CLONE_SIGHAND without CLONE_VM", EINVAL,
                raw_clone(SIGCHLD | CLONE_SIGHAND, NULL, NULL));
    check_errno("CLONE_THREAD without CLONE_SIGHAND", EINVAL,
                raw_clone(SIGCHLD | CLONE_THREAD, NULL, NULL));

    if ((child = raw_clone(0, NULL, NULL)) == 0)
        _exit(4);
    check_errno("no exit signal: wait does not see it", ECHILD, waitpid(child, &status, 0));
    check("__WCLONE does", child, waitpid(child, &status, __WCLONE));
    check("its status", EXITED(4), status);
    struct sigaction action = { .sa_sigaction = usr1_handler, .sa_flags = SA_SIGINFO | SA_RESTART };
    sigaction(SIGUSR1, &action, NULL);
    if ((child = raw_clone(SIGUSR1, NULL, NULL)) == 0)
        _exit(4);
    check("SIGUSR1 as the exit signal", child, waitpid(child, &status, __WALL));
    check("it came", 1, usr1_count);
    check("si_code", CLD_EXITED, usr1_code);
    check("si_status", 4, usr1_status);
    if ((child = raw_clone(SIGUSR1, NULL, NULL)) == 0) {
        execl(self, "probe-process", "count", NULL);
        _exit(1);
    }
    check("exec makes it SIGCHLD", child, waitpid(child, &status, __WALL));
    check("so no SIGUSR1", 1, usr1_count);
    signal(SIGUSR1, SIG_DFL);

    if ((child = fork()) == 0) {
        pid_t sister = raw_clone(SIGCHLD | CLONE_PARENT, NULL, NULL);
        if (sister == 0)
            _exit(12);
        _exit(waitpid(sister, NULL, 0) == -1 && errno == ECHILD ? 11 : 1);
    }
    waitpid(child, &status, 0);
    check("CLONE_PARENT: not the caller's child", EXITED(11), status);
    check_true("but its parent's", waitpid(-1, &status, 0) > 0);
    check("its status", EXITED(12), status);
}

/* ---- what this program is when it is executed by itself ---- */

static int show(int argc, char **argv)
{
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    for (char **each = environ; *each; each++)
        printf(" %s", *each);
    printf(" %s %s", (char *)getauxval(AT_EXECFN), name);
    return 0;
}

static int show_descriptors(void)
{
    const char *blank = "";
    for (int fd = 3; fd < 100; fd++)
        if (fcntl(fd, F_GETFD) >= 0) {
            printf("%s%d", blank, fd);
            blank = " ";
        }
    return 0;
}

static int be(int argc, char **argv)
{
    if (!strcmp(argv[1], "sleep"))
        for (;;)
            pause();
    if (!strcmp(argv[1], "count"))
        return 0;
    if (!strcmp(argv[1], "descriptors"))
        return show_descriptors();
    if (!strcmp(argv[1], "inherited"))
        return inherited();
    if (!strcmp(argv[1], "ids"))
        return IDS(geteuid() == 0, getegid() == 0, getauxval(AT_SECURE) != 0);
    return show(argc, argv);
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/process.XXXXXX", path[64];
    if (argc < 1 || strcmp(argv[0], "./show") == 0 || strstr((char *)getauxval(AT_EXECFN), "show"))
        return show(argc, argv);
    if (argc > 1)
        return be(argc, argv);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || !mkdtemp(directory) ||
        chdir(directory) != 0)
        return 95;
    umask(022);
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    exit_statuses();
    wait4_options();
    waitid_options();
    zombies();
    ignored_children();
    groups();
    orphans();
    exec_errors();
    check("a running program cannot be written", 0, write_own_file());
    exec_sizes();
    scripts();
    auxiliary();
    close_on_exec();
    check("what survives exec", EXITED(0), child_status(ignored_and_blocked));
    set_user_id();
    vforks();
    clones();
    snprintf(path, sizeof path, "rm -rf %s", directory);
    if (chdir("/") || system(path))
        return 94;
    return checks_failed;
}
