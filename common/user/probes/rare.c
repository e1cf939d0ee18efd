/* probe-rare: what programs seldom ask for, from shared tables of descriptors to a file executed
 * by its descriptor.  Runs as root: it mounts. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/random.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <time.h>
#include <ucontext.h>

#include "check.h"

#define SCRATCH    "probe-rare.scratch"
#define STACK_SIZE 65536
#define ANSWER     42 /* exit status of this program when it was executed in a special way */

static void *volatile bad_address = (void *)8;
static char stack[STACK_SIZE] __attribute__((aligned(16)));

static int finished(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- descriptors ---- */

static void descriptor_flags(void)
{
    int fds[2], on = 1, off = 0;
    check("pipe", 0, pipe(fds));
    check("FIOCLEX", 0, ioctl(fds[0], FIOCLEX));
    check("it is closed by execve", FD_CLOEXEC, fcntl(fds[0], F_GETFD));
    check("FIONCLEX", 0, ioctl(fds[0], FIONCLEX));
    check("it is kept by execve", 0, fcntl(fds[0], F_GETFD));
    check("FIONBIO", 0, ioctl(fds[0], FIONBIO, &on));
    check("it does not wait", -EAGAIN, read(fds[0], &on, 1));
    check("FIONBIO, off", 0, ioctl(fds[0], FIONBIO, &off));
    check("it waits", O_RDONLY, fcntl(fds[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    check("FIONBIO, bad address", -EFAULT, ioctl(fds[0], FIONBIO, bad_address));
    close(fds[0]);
    close(fds[1]);
}

static int shared_fd;

static int close_own(void *unused)
{
    (void)unused;
    if (syscall(SYS_close_range, shared_fd, shared_fd, CLOSE_RANGE_UNSHARE))
        return 1;
    return fcntl(shared_fd, F_GETFD) == -1 && errno == EBADF ? ANSWER : 2;
}

static int close_shared(void *unused)
{
    (void)unused;
    return close(shared_fd) ? 1 : ANSWER;
}

static int execute_again(void *unused)
{
    char number[16];
    (void)unused;
    snprintf(number, sizeof number, "%d", shared_fd);
    execl("/proc/self/exe", "probe-rare", "closed", number, NULL);
    return 1;
}

static int clone_and_wait(int (*body)(void *), int flags)
{
    return finished(clone(body, stack + STACK_SIZE, flags | SIGCHLD, NULL));
}

static void shared_tables(void)
{
    shared_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    check("close_range unshares", ANSWER, clone_and_wait(close_own, CLONE_FILES));
    check("the other's descriptor is there", FD_CLOEXEC, fcntl(shared_fd, F_GETFD));
    check("execve unshares", ANSWER, clone_and_wait(execute_again, CLONE_FILES));
    check("the other's is still there", FD_CLOEXEC, fcntl(shared_fd, F_GETFD));
    check("close in a shared table", ANSWER, clone_and_wait(close_shared, CLONE_FILES));
    check("it is gone for both", -EBADF, fcntl(shared_fd, F_GETFD));
}

static void nothing(int signal)
{
    (void)signal;
}

static int handle_usr1(void *unused)
{
    (void)unused;
    return signal(SIGUSR1, nothing) == SIG_ERR ? 1 : ANSWER;
}

static void shared_handlers(void)
{
    int shared = CLONE_VM | CLONE_VFORK | CLONE_SIGHAND;
    signal(SIGUSR1, SIG_IGN);
    check("a handler set by another", ANSWER, clone_and_wait(handle_usr1, shared));
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    check("it is everybody's", 1, action.sa_handler == nothing);
    shared_fd = -1;
    check("execve with shared handlers", ANSWER, clone_and_wait(execute_again, shared));
    sigaction(SIGUSR1, NULL, &action);
    check("execve reset its own only", 1, action.sa_handler == nothing);
    signal(SIGUSR1, SIG_DFL);
}

/* clone3() by a caller who knows more of its structure than the kernel may. */
static void later_structures(void)
{
    static unsigned char structure[256] __attribute__((aligned(8)));
    uint64_t exit_signal = SIGCHLD;
    memcpy(structure + 32, &exit_signal, sizeof exit_signal);
    fflush(stdout);
    pid_t child = (pid_t)syscall(SYS_clone3, structure, sizeof structure);
    if (child == 0)
        _exit(ANSWER);
    check("clone3 with zeros behind", ANSWER, finished(child));
    structure[200] = 1;
    check("clone3 with more", -E2BIG, syscall(SYS_clone3, structure, sizeof structure));
    check("clone3, too small", -EINVAL, syscall(SYS_clone3, structure, 56));
    check("clone3, too large", -E2BIG, syscall(SYS_clone3, structure, 4097));
    check("clone3, bad address", -EFAULT, syscall(SYS_clone3, bad_address, 88));
}

static int execute_descriptor(int fd, const char *name, int flags)
{
    char *arguments[] = { "probe-rare", "answer", NULL };
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_execveat, fd, name, arguments, environ, flags);
        _exit(errno);
    }
    return finished(child);
}

static void executing_descriptors(void)
{
    int fds[2], self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    check("pipe to execute", 0, pipe(fds));
    check("execveat of a descriptor", ANSWER, execute_descriptor(self, "", AT_EMPTY_PATH));
    check("execveat of a pipe", EACCES, execute_descriptor(fds[0], "", AT_EMPTY_PATH));
    check("execveat of nothing", EBADF, execute_descriptor(999, "", AT_EMPTY_PATH));
    check("execveat, empty name", ENOENT, execute_descriptor(self, "", 0));
    check("execveat, bad flags", EINVAL, execute_descriptor(self, "nothing", 1));
    close(fds[0]);
    close(fds[1]);
    close(self);
}

/* ---- processes ---- */

static void privileges(void)
{
    check("PR_GET_NO_NEW_PRIVS", 0, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    check("no_new_privs of 2", -EINVAL, prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
    check("no_new_privs and more", -EINVAL, prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    check("get it and more", -EINVAL, prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
    check("PR_SET_NO_NEW_PRIVS", 0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    check("it is set", 1, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    check("it cannot be taken back", -EINVAL, prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    check("PR_GET_DUMPABLE", 1, prctl(PR_GET_DUMPABLE));
    check("PR_SET_DUMPABLE", 0, prctl(PR_SET_DUMPABLE, 0));
    check("not dumpable", 0, prctl(PR_GET_DUMPABLE));
    check("PR_SET_DUMPABLE, again", 0, prctl(PR_SET_DUMPABLE, 1));
    check("dumpable 2 is for the kernel", -EINVAL, prctl(PR_SET_DUMPABLE, 2));
}

static void segment_base(void)
{
    uint64_t word = 4711, value = 0;
    check("ARCH_SET_GS", 0, syscall(SYS_arch_prctl, ARCH_SET_GS, &word));
    sched_yield();
    asm volatile("mov %%gs:0, %0" : "=r"(value));
    check("what it points to", 4711, value);
    check("ARCH_GET_GS", 0, syscall(SYS_arch_prctl, ARCH_GET_GS, &value));
    check("where it points", (long)&word, value);
    check("ARCH_SET_GS, the kernel's", -EPERM, syscall(SYS_arch_prctl, ARCH_SET_GS, -4096L));
    check("ARCH_GET_GS, bad address", -EFAULT, syscall(SYS_arch_prctl, ARCH_GET_GS, bad_address));
}

static void group_priority(void)
{
    check("a group", 0, setpgid(0, 0));
    check("priority of the group", 0, setpriority(PRIO_PGRP, 0, 5));
    check("it is the process's", 5, getpriority(PRIO_PROCESS, 0));
    check("by number", 5, getpriority(PRIO_PGRP, (id_t)getpid()));
    check("no such group", -ESRCH, setpriority(PRIO_PGRP, 999999, 5));
}

static void unreachable_directory(void)
{
    char name[4096] = "";
    check("a directory to be the root", 0, mkdir("root", 0755));
    check("chroot", 0, chroot("root"));
    check_value("getcwd", 1, syscall(SYS_getcwd, name, sizeof name) > 0);
    check("it cannot be reached", 0, strncmp(name, "(unreachable)/", 14));
}

/* ---- signals ---- */

static volatile int caught, code;

static void note_step(int signal, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    caught = signal;
    code = info->si_code;
    user->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

/* The trap flag, set by the program itself. */
static void single_step(void)
{
    struct sigaction action = { .sa_sigaction = note_step, .sa_flags = SA_SIGINFO };
    sigaction(SIGTRAP, &action, NULL);
    /* The red zone is not ours. */
    asm volatile("sub $128, %%rsp; pushf; orl $0x100, (%%rsp); popf; nop; add $128, %%rsp" ::
                     : "cc", "memory");
    check("single step", SIGTRAP, caught);
    check("its code", TRAP_TRACE, code);
    signal(SIGTRAP, SIG_DFL);
}

static struct signalfd_siginfo next_signal(int fd)
{
    struct signalfd_siginfo info = { 0 };
    check("a signal by descriptor", sizeof info, read(fd, &info, sizeof info));
    return info;
}

/* As a timer would send it: a process may send itself anything. */
static void timer_signal(int fd)
{
    siginfo_t sent = { .si_signo = SIGUSR1, .si_code = SI_TIMER };
    sent.si_timerid = 3;
    sent.si_overrun = 4;
    sent.si_ptr = (void *)0x1234567890;
    check("a timer's, sent", 0, syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &sent));
    struct signalfd_siginfo info = next_signal(fd);
    check("of a timer", SI_TIMER, info.ssi_code);
    check("which one", 3, info.ssi_tid);
    check("its overruns", 4, info.ssi_overrun);
    check("its value", 0x1234567890, info.ssi_ptr);
    check("its value, short", 0x34567890, info.ssi_int);
}

static void signals_by_descriptor(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    timer_signal(fd);
    siginfo_t fault = { .si_signo = SIGSEGV, .si_code = SEGV_MAPERR };
    fault.si_addr = (void *)0xabc000;
    check("a fault, sent", 0, syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &fault));
    struct signalfd_siginfo info = next_signal(fd);
    check("its address", 0xabc000, info.ssi_addr);
    check("no sender", 0, info.ssi_pid);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(3);
    info = next_signal(fd);
    check("a child's end", CLD_EXITED, info.ssi_code);
    check("its status", 3, info.ssi_status);
    check("its number", child, info.ssi_pid);
    check("its end is waited for", 3, finished(child));
    raise(SIGUSR1);
    check("a signal to a bad address", -EFAULT, read(fd, bad_address, sizeof info));
    close(fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void waiting_with_constants(void)
{
    static const struct timespec second = { 1, 0 }, now = { 0, 0 };
    /* Again and again: on a busy host the first may come before the wait has begun. */
    struct itimerval often = { .it_interval.tv_usec = 20000, .it_value.tv_usec = 20000 };
    struct itimerval never = { 0 };
    sigset_t all, before, after;
    signal(SIGALRM, nothing);
    setitimer(ITIMER_REAL, &often, NULL);
    check("ppoll, a time that is only read", -EINTR, syscall(SYS_ppoll, 0, 0, &second, 0, 8));
    check("pselect, the same", -EINTR, syscall(SYS_pselect6, 0, 0, 0, 0, &second, 0));
    setitimer(ITIMER_REAL, &never, NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, NULL, &before);
    check("ppoll with a mask", 0, syscall(SYS_ppoll, 0, 0, &now, &all, 8));
    sigprocmask(SIG_SETMASK, NULL, &after);
    check("the mask is the old one", 0, memcmp(&before, &after, 8));
    check("ppoll, bad mask", -EFAULT, syscall(SYS_ppoll, 0, 0, &now, bad_address, 8));
    check("ppoll, size of the mask", -EINVAL, syscall(SYS_ppoll, 0, 0, &now, &all, 7));
    signal(SIGALRM, SIG_DFL);
}

/* ---- futexes ---- */

static long futex(uint32_t *word, int operation, long a, const void *b, uint32_t *other, long c)
{
    return result(syscall(SYS_futex, word, operation, a, b, other, c));
}

static long wake_operation(uint32_t *words, int operation, int argument, int compare, int with)
{
    return futex(words, FUTEX_WAKE_OP, 1, (void *)1, words + 1,
                 FUTEX_OP(operation, argument, compare, with));
}

static void wake_operations(void)
{
    uint32_t words[2] = { 0, 0xff };
    check("WAKE_OP, and not", 0, wake_operation(words, FUTEX_OP_ANDN, 0x0f, FUTEX_OP_CMP_EQ, 0));
    check("what it leaves", 0xf0, words[1]);
    check("WAKE_OP, exclusive or", 0,
          wake_operation(words, FUTEX_OP_XOR, 0x3c, FUTEX_OP_CMP_EQ, 0));
    check("what this leaves", 0xcc, words[1]);
    check("WAKE_OP, bit by number", 0,
          wake_operation(words, FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 8, FUTEX_OP_CMP_EQ, 0));
    check("the bit is set", 0x1cc, words[1]);
    check("WAKE_OP, no such comparison", -ENOSYS, wake_operation(words, FUTEX_OP_OR, 0, 9, 0));
    check("WAKE_OP, no such operation", -ENOSYS, wake_operation(words, 6, 0, FUTEX_OP_CMP_EQ, 0));
}

/* A child waits on the second word, whose value is 5: is it woken? */
static void wake_comparisons(void)
{
    static const struct {
        const char *name;
        int compare, with, woken;
    } cases[] = { { "5 != 4", FUTEX_OP_CMP_NE, 4, 1 },  { "5 != 5", FUTEX_OP_CMP_NE, 5, 0 },
                  { "5 < 6", FUTEX_OP_CMP_LT, 6, 1 },   { "5 < 5", FUTEX_OP_CMP_LT, 5, 0 },
                  { "5 <= 5", FUTEX_OP_CMP_LE, 5, 1 },  { "5 <= 4", FUTEX_OP_CMP_LE, 4, 0 },
                  { "5 > 4", FUTEX_OP_CMP_GT, 4, 1 },   { "5 > 5", FUTEX_OP_CMP_GT, 5, 0 },
                  { "5 >= 5", FUTEX_OP_CMP_GE, 5, 1 },  { "5 >= 6", FUTEX_OP_CMP_GE, 6, 0 },
                  { "5 >= -1", FUTEX_OP_CMP_GE, -1, 1 } };
    uint32_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    words[1] = 5;
    fflush(stdout);
    pid_t child = fork();
    while (child == 0)
        futex(words + 1, FUTEX_WAIT, 5, NULL, NULL, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        long woken = 0;
        /* One that is to be woken may not wait yet. */
        for (int patience = 0; patience < (cases[i].woken ? 1000 : 20) && !woken; patience++) {
            usleep(1000);
            woken = wake_operation(words, FUTEX_OP_OR, 0, cases[i].compare, cases[i].with);
        }
        check(cases[i].name, cases[i].woken, woken);
    }
    kill(child, SIGKILL);
    check("the one who waits", 1000 + SIGKILL, finished(child));
    munmap(words, 4096);
}

static void stopped_wait(void)
{
    uint32_t word = 0;
    struct timespec time = { 0, 200000000 };
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(futex(&word, FUTEX_WAIT, 0, &time, NULL, 0) == -ETIMEDOUT ? ANSWER : 1);
    usleep(50000);
    kill(child, SIGSTOP);
    int status;
    check("stopped in a wait", child, waitpid(child, &status, WUNTRACED));
    kill(child, SIGCONT);
    check("it goes on to its end", ANSWER, finished(child));
}

/* The word of a robust list whose owner ends: who waits for it is woken. */
static void owner_ends(void)
{
    struct shared {
        struct robust_list_head head;
        struct robust_list entry;
        uint32_t word;
    } *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared->head.list.next = &shared->entry;
    shared->head.futex_offset = offsetof(struct shared, word) - offsetof(struct shared, entry);
    shared->entry.next = &shared->head.list;
    fflush(stdout);
    pid_t owner = fork();
    if (owner == 0) {
        syscall(SYS_set_robust_list, &shared->head, sizeof shared->head);
        shared->word = (uint32_t)getpid() | FUTEX_WAITERS;
        pause();
    }
    pid_t waiter = fork();
    if (waiter == 0) {
        struct timespec time = { 5, 0 };
        while (!*(volatile uint32_t *)&shared->word)
            sched_yield();
        uint32_t owned = (uint32_t)owner | FUTEX_WAITERS;
        long woken = futex(&shared->word, FUTEX_WAIT, owned, &time, NULL, 0);
        /* Its owner may have ended before. */
        _exit(woken == 0 || woken == -EAGAIN ? ANSWER : 1);
    }
    usleep(100000);
    kill(owner, SIGKILL);
    check("the owner", 1000 + SIGKILL, finished(owner));
    check("the one who waits for it", ANSWER, finished(waiter));
    check("the word", FUTEX_OWNER_DIED | FUTEX_WAITERS, shared->word);
    munmap(shared, 4096);
}

/* ---- mounts ---- */

static void mount_options(void)
{
    struct stat about;
    struct statfs figures;
    check("a place", 0, mkdir("place", 0755));
    check("tmpfs with an owner", 0,
          mount("x", "place", "tmpfs", MS_MGC_VAL, "uid=5,gid=6,mode=711,nr_blocks=4"));
    check("stat", 0, stat("place", &about));
    check("its user", 5, about.st_uid);
    check("its group", 6, about.st_gid);
    check("its mode", 0711, about.st_mode & 07777);
    check("statfs", 0, statfs("place", &figures));
    check("its blocks", 4, figures.f_blocks);
    check("unmount it", 0, umount("place"));
    check("tmpfs of half the memory", 0, mount("x", "place", "tmpfs", 0, "size=50%"));
    check("statfs of it", 0, statfs("place", &figures));
    check("it has blocks", 1, figures.f_blocks > 1000);
    check("unmount that", 0, umount("place"));
    check("size of letters", -EINVAL, mount("x", "place", "tmpfs", 0, "size=x"));
    check("no such option", -EINVAL, mount("x", "place", "tmpfs", 0, "colour=red"));
    check("owner of letters", -EINVAL, mount("x", "place", "tmpfs", 0, "uid=x"));
    check("the place is left", 0, rmdir("place"));
}

/* The root of the mount at the directory `name` of this one, as mountinfo has it: "ok" if it ends
 * in `root`. */
static const char *root_of_mount(const char *name, const char *root)
{
    static char line[4096], from[2048], where[2048];
    const char *answer = "no such mount";
    FILE *file = fopen("/proc/self/mountinfo", "r");
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%*d %*d %*s %2047s %2047s", from, where) == 2) {
            const char *last = strrchr(where, '/'), *end = from + strlen(from) - strlen(root);
            if (strcmp(last + 1, name) == 0)
                answer = end >= from && strcmp(end, root) == 0 ? "ok" : "another root";
        }
    fclose(file);
    return answer;
}

static void bind_mounts(void)
{
    check("one place", 0, mkdir("one", 0755));
    check("another", 0, mkdir("other", 0755));
    check("a file there", 0, mknod("one/file", S_IFREG | 0644, 0));
    check("a file here", 0, mknod("file", S_IFREG | 0644, 0));
    check("bind a directory", 0, mount("one", "other", NULL, MS_BIND, NULL));
    check("the file is seen", 0, access("other/file", F_OK));
    check("mountinfo names the directory", 0, strcmp(root_of_mount("other", "/one"), "ok"));
    check("bind a file", 0, mount("one/file", "file", NULL, MS_BIND, NULL));
    check("bind a directory to a file", -ENOTDIR, mount("one", "file", NULL, MS_BIND, NULL));
    check("bind a file to a directory", -ENOTDIR, mount("file", "one", NULL, MS_BIND, NULL));
    check("bind nothing", -ENOENT, mount("nothing", "one", NULL, MS_BIND, NULL));
    check("remove what is covered", -EBUSY, unlink("file"));
    check("unmount the file", 0, umount("file"));
    check("unmount the directory", 0, umount("other"));
    check("the file is not seen", -ENOENT, access("other/file", F_OK));
    check("not a mount", -EINVAL, umount("other"));
    check("leave the files", 0, unlink("file") | unlink("one/file"));
    check("leave the places", 0, rmdir("one") | rmdir("other"));
}

static void detached_mounts(void)
{
    check("an outer place", 0, mkdir("outer", 0755));
    check("an outer mount", 0, mount("x", "outer", "tmpfs", 0, NULL));
    check("an inner place", 0, mkdir("outer/inner", 0755));
    check("an inner mount", 0, mount("x", "outer/inner", "tmpfs", 0, NULL));
    check("the outer one is in use", -EBUSY, umount("outer"));
    check("both are taken off", 0, umount2("outer", MNT_DETACH));
    check("what was there is gone", -ENOENT, access("outer/inner", F_OK));
    check("leave it", 0, rmdir("outer"));
}

/* ---- devices ---- */

static void random_devices(void)
{
    int fd = open("/dev/urandom", O_RDWR), bits = -1;
    check("write to /dev/urandom", 5, write(fd, "bytes", 5));
    check("RNDGETENTCNT", 0, ioctl(fd, RNDGETENTCNT, &bits));
    check("it has some", 1, bits > 0);
    check("RNDRESEEDCRNG", 0, ioctl(fd, RNDRESEEDCRNG));
    check("no such command", -EINVAL, ioctl(fd, TIOCGWINSZ, &bits));
    close(fd);
    struct pollfd null = { open("/dev/null", O_RDWR), POLLIN | POLLOUT, 0 };
    check("poll /dev/null", 1, poll(&null, 1, 0));
    check("it is ready", POLLIN | POLLOUT, null.revents);
    close(null.fd);
}

static void files_of_proc(void)
{
    char link[64] = "", wanted[64];
    snprintf(wanted, sizeof wanted, "%d/task/%d", getpid(), getpid());
    check("readlink thread-self", strlen(wanted), readlink("/proc/thread-self", link, 63));
    check("it is this thread", 0, strcmp(wanted, link));
    int fd = open("/proc/version", O_RDONLY);
    check("control of /proc/version", -ENOTTY, ioctl(fd, TIOCGWINSZ, link));
    close(fd);
    check("remove /proc/version", -EPERM, unlink("/proc/version"));
}

static void sockets_of_names(void)
{
    check("the name of a socket", 0, mknod("socket", S_IFSOCK | 0600, 0));
    check("it cannot be opened", -ENXIO, open("socket", O_RDONLY));
    check("it can be named", 0, unlink("socket"));
}

static void refused_settings(void)
{
    struct timeval bad[] = { { 0, 1000000 }, { 0, -1 }, { -1, 0 } };
    for (size_t i = 0; i < 3; i++)
        check("settimeofday", -EINVAL, syscall(SYS_settimeofday, &bad[i], NULL));
    check("settimeofday, bad address", -EFAULT, syscall(SYS_settimeofday, bad_address, NULL));
    check("reboot without its number", -EINVAL, syscall(SYS_reboot, 1, 2, 0x1234567, NULL));
    check("reboot in no way", -EINVAL, syscall(SYS_reboot, 0xfee1dead, 672274793, 1, NULL));
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "answer") == 0)
        return ANSWER;
    if (count == 3 && strcmp(words[1], "closed") == 0)
        return fcntl(atoi(words[2]), F_GETFD) == -1 ? ANSWER : 1;
    enter_scratch(SCRATCH);
    descriptor_flags();
    shared_tables();
    shared_handlers();
    later_structures();
    executing_descriptors();
    check("privileges", 0, in_child(privileges));
    check("segment base", 0, in_child(segment_base));
    check("priority of a group", 0, in_child(group_priority));
    check("unreachable directory", 0, in_child(unreachable_directory));
    check("the root is left", 0, rmdir("root"));
    single_step();
    signals_by_descriptor();
    waiting_with_constants();
    wake_operations();
    wake_comparisons();
    stopped_wait();
    owner_ends();
    mount_options();
    bind_mounts();
    detached_mounts();
    random_devices();
    files_of_proc();
    sockets_of_names();
    refused_settings();
    return finish(SCRATCH);
}
