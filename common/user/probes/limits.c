/* probe-limits: resource limits and the rules of credentials. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "checks_of_processes.h"

static volatile int count;
static void *volatile bad_address = (void *)8;

static void handler(int signal)
{
    (void)signal;
    count++;
}

static void limit(int resource, rlim_t soft, rlim_t hard)
{
    if (setrlimit(resource, &(struct rlimit){ soft, hard }))
        _exit(90);
}

/* ---- the calls ---- */

static int user_limits(void)
{
    struct rlimit old;
    if (setresuid(1000, 1000, 1000) || getrlimit(RLIMIT_NPROC, &old))
        return 1;
    limit(RLIMIT_FSIZE, 100, 1000);
    if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1000, 1001 }) != -1 || errno != EPERM)
        return 2;
    limit(RLIMIT_FSIZE, 1000, 1000);
    limit(RLIMIT_FSIZE, 0, 0);
    if (syscall(SYS_prlimit64, 1, RLIMIT_FSIZE, NULL, &old) != -1 || errno != EPERM)
        return 3;
    return 0;
}

static void calls(void)
{
    struct rlimit old;
    check_errno("no such limit", EINVAL, getrlimit(RLIM_NLIMITS, &old));
    check_errno("soft above hard", EINVAL, setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 2, 1 }));
    check_errno("bad address", EFAULT, syscall(SYS_setrlimit, RLIMIT_FSIZE, bad_address));
    check_errno("bad address for the old", EFAULT,
                syscall(SYS_getrlimit, RLIMIT_FSIZE, bad_address));
    check_errno("prlimit of nobody", ESRCH,
                syscall(SYS_prlimit64, 999999, RLIMIT_FSIZE, NULL, &old));
    check("prlimit of another", 0, syscall(SYS_prlimit64, 1, RLIMIT_FSIZE, NULL, &old));
    check_errno("nobody before no such limit", ESRCH,
                syscall(SYS_prlimit64, 999999, RLIM_NLIMITS, NULL, &old));
    check_errno("a bad address before nobody", EFAULT,
                syscall(SYS_prlimit64, 999999, RLIM_NLIMITS, bad_address, &old));
    check_errno("no such limit before no address", EINVAL,
                syscall(SYS_getrlimit, RLIM_NLIMITS, NULL));
    check_errno("no address", EFAULT, syscall(SYS_getrlimit, RLIMIT_FSIZE, NULL));
    check_errno("no address before no such limit", EFAULT,
                syscall(SYS_setrlimit, RLIM_NLIMITS, NULL));
    check("a user may only lower", EXITED(0), child_status(user_limits));
}

/* ---- each limit ---- */

static int open_files(void)
{
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    limit(RLIMIT_NOFILE, 10, 20);
    int opened = 0, ends[2];
    while (open("/dev/null", O_RDONLY) >= 0)
        opened++;
    if (opened != 7 || errno != EMFILE)
        return 1;
    if (dup(0) != -1 || errno != EMFILE)
        return 2;
    if (dup2(0, 10) != -1 || errno != EBADF)
        return 3;
    if (fcntl(0, F_DUPFD, 10) != -1 || errno != EINVAL)
        return 4;
    close(9);
    if (pipe(ends) != -1 || errno != EMFILE)
        return 5;
    if (open("/dev/null", O_RDONLY) != 9)
        return 6;
    limit(RLIMIT_NOFILE, 5, 20);
    if (fcntl(9, F_GETFD) != 0)
        return 7; /* what is open stays open */
    return 0;
}

static int processes(void)
{
    if (setresuid(4321, 4321, 4321))
        return 1;
    limit(RLIMIT_NPROC, 5, 5);
    int made = 0;
    pid_t child[10];
    while (made < 9 && (child[made] = fork()) > 0)
        made++;
    if (made < 9 && child[made] == 0)
        for (;;)
            pause();
    int error = errno;
    for (int i = 0; i < made; i++) {
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
    if (made != 4 || error != EAGAIN)
        return 10 + made;
    pid_t again = fork(); /* those who have gone no longer count */
    if (again == 0)
        _exit(0);
    return again > 0 ? 0 : 3;
}

static int root_processes(void)
{
    limit(RLIMIT_NPROC, 0, 0);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 1;
}

/* Who becomes a user with too many processes hears of it when he calls execve(2). */
static int processes_by_setuid(void)
{
    pid_t child[2];
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            if (setresuid(4322, 4322, 4322))
                _exit(1);
            for (;;)
                pause();
        }
    }
    usleep(50000);
    limit(RLIMIT_NPROC, 1, 1);
    if (setresuid(4322, 4322, 4322))
        return 1;
    for (int i = 0; i < 2; i++) {
        execl("/bin/busybox", "true", NULL);
        if (errno != EAGAIN)
            return 2;
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
    execl("/bin/busybox", "true", NULL);
    return 3;
}

/* An effective user id of 0 is privilege enough. */
static int processes_privileged(void)
{
    if (setresuid(4323, 0, 0))
        return 1;
    limit(RLIMIT_NPROC, 0, 0);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 2;
}

static int priorities(void)
{
    if (setpriority(PRIO_PROCESS, 0, 25) || getpriority(PRIO_PROCESS, 0) != 19)
        return 1;
    if (setpriority(PRIO_PROCESS, 0, -25) || getpriority(PRIO_PROCESS, 0) != -20)
        return 2;
    if (setpriority(3, 0, 0) != -1 || errno != EINVAL)
        return 3;
    if (setpriority(PRIO_PROCESS, 999999, 0) != -1 || errno != ESRCH)
        return 4;
    setpriority(PRIO_PROCESS, 0, 5);
    pid_t child = fork();
    if (child == 0) {
        if (setresuid(4323, 4323, 4323))
            _exit(1);
        if (setpriority(PRIO_PROCESS, 0, 4) != -1 || errno != EACCES)
            _exit(2);
        if (setpriority(PRIO_PROCESS, 0, 5) || setpriority(PRIO_PROCESS, 0, 6))
            _exit(3);
        if (setpriority(PRIO_PROCESS, getppid(), 10) != -1 || errno != EPERM)
            _exit(4);
        if (getpriority(PRIO_USER, 0) != 6 || getpriority(PRIO_PROCESS, getppid()) != 5)
            _exit(5);
        errno = 0;
        _exit(nice(100) == 19 && nice(-1) == -1 && errno == EPERM ? 0 : 6);
    }
    int status;
    waitpid(child, &status, 0);
    return status ? 10 + (status >> 8) : 0;
}

/* A limit lowered below what is in use takes nothing away; children inherit it. */
static int inherited_limit(void)
{
    struct rlimit got;
    limit(RLIMIT_MSGQUEUE, 77, 78);
    pid_t child = fork();
    if (child == 0)
        _exit(getrlimit(RLIMIT_MSGQUEUE, &got) || got.rlim_cur != 77 || got.rlim_max != 78);
    int status;
    waitpid(child, &status, 0);
    return status >> 8;
}

static int file_size(void)
{
    char name[] = "/tmp/limits.XXXXXX", data[300] = "";
    int fd = mkstemp(name);
    unlink(name);
    limit(RLIMIT_FSIZE, 200, 200);
    if (write(fd, data, 300) != 200)
        return 1;
    signal(SIGXFSZ, handler);
    if (write(fd, data, 1) != -1 || errno != EFBIG || count != 1)
        return 2;
    if (ftruncate(fd, 201) != -1 || errno != EFBIG || count != 2)
        return 3;
    if (pwrite(fd, data, 10, 195) != 5)
        return 4;
    if (ftruncate(fd, 100) || write(fd, data, 1) != -1)
        return 5;
    signal(SIGXFSZ, SIG_DFL);
    return write(fd, data, 1) == -1 ? 6 : 7;
}

static int address_space(void)
{
    void *small = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    limit(RLIMIT_AS, 64 << 20, 64 << 20);
    if (mmap(NULL, 65 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
        errno != ENOMEM)
        return 1;
    if (mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
        return 2;
    if (mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return 3;
    if (mmap(small, 33 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
            MAP_FAILED ||
        *(volatile char *)small != 0)
        return 4; /* a refused mapping leaves what was there */
    uintptr_t end = syscall(SYS_brk, 0);
    if ((uintptr_t)syscall(SYS_brk, end + (48 << 20)) != end)
        return 5;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : 6;
}

static volatile int bottom = -1; /* never reached, which the compiler must not know */

static int deep(int n)
{
    volatile char space[1024];
    space[0] = n;
    return n == bottom ? 0 : deep(n + 1) + space[0];
}

static int stack_and_address_space(void)
{
    limit(RLIMIT_AS, 4 << 20, 4 << 20); /* less than RLIMIT_STACK */
    return deep(0);
}

static int data_segment(void)
{
    limit(RLIMIT_DATA, 8 << 20, 8 << 20);
    uintptr_t end = syscall(SYS_brk, 0);
    if ((uintptr_t)syscall(SYS_brk, end + (16 << 20)) != end)
        return 1;
    if (mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
            MAP_FAILED ||
        errno != ENOMEM)
        return 2;
    void *plain = mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (plain == MAP_FAILED)
        return 3; /* not writable: no data */
    if (mprotect(plain, 16 << 20, PROT_READ | PROT_WRITE) != -1 || errno != ENOMEM)
        return 4;
    if (mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ==
        MAP_FAILED)
        return 5;
    if ((uintptr_t)syscall(SYS_brk, end + 4096) != end + 4096)
        return 6;
    return 0;
}

static int use_stack(size_t size)
{
    volatile char *space = __builtin_alloca(size);
    for (size_t i = size; i > 4096; i -= 4096)
        space[i - 1] = 1;
    return 0;
}

static int stack_enough(void)
{
    limit(RLIMIT_STACK, 1 << 20, 1 << 20);
    return use_stack(700000);
}

static int stack_too_small(void)
{
    limit(RLIMIT_STACK, 1 << 20, 1 << 20);
    return use_stack(1100000);
}

static int stack_larger(void)
{
    limit(RLIMIT_STACK, 32 << 20, RLIM_INFINITY);
    return use_stack(24 << 20);
}

static void spin(void)
{
    for (;;)
        for (volatile int i = 0; i < 1000000; i++)
            ;
}

static int processor_soft(void)
{
    limit(RLIMIT_CPU, 1, 10);
    spin();
    return 0;
}

static int processor_hard(void)
{
    signal(SIGXCPU, SIG_IGN);
    limit(RLIMIT_CPU, 1, 2);
    spin();
    return 0;
}

static void leave_33(int signal)
{
    struct rlimit now;
    struct rusage usage;
    (void)signal;
    getrlimit(RLIMIT_CPU, &now);
    getrusage(RUSAGE_SELF, &usage);
    long time = usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
                usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
    _exit(now.rlim_cur != 2 ? 34 : time < 900 ? 35 : time > 1900 ? 36 : 33);
}

static int processor_handled(void)
{
    signal(SIGXCPU, leave_33);
    limit(RLIMIT_CPU, 1, 10);
    spin();
    return 0;
}

static int core_ignored(void)
{
    limit(RLIMIT_CORE, 0, 0);
    abort();
}

static void each(void)
{
    check("RLIMIT_NOFILE", EXITED(0), child_status(open_files));
    check("RLIMIT_NPROC of a user", EXITED(0), child_status(processes));
    check("RLIMIT_NPROC of root", EXITED(0), child_status(root_processes));
    check("RLIMIT_NPROC of a new user", EXITED(0), child_status(processes_by_setuid));
    check("RLIMIT_NPROC of a privileged user", EXITED(0), child_status(processes_privileged));
    check("RLIMIT_NICE", EXITED(0), child_status(priorities));
    check("children inherit limits", EXITED(0), child_status(inherited_limit));
    check("RLIMIT_FSIZE", KILLED(SIGXFSZ), child_status(file_size));
    check("RLIMIT_AS", EXITED(0), child_status(address_space));
    check("RLIMIT_AS and the stack", KILLED(SIGSEGV), child_status(stack_and_address_space));
    check("RLIMIT_DATA", EXITED(0), child_status(data_segment));
    check("RLIMIT_STACK, enough", EXITED(0), child_status(stack_enough));
    check("RLIMIT_STACK, too small", KILLED(SIGSEGV), child_status(stack_too_small));
    check("RLIMIT_STACK, larger", EXITED(0), child_status(stack_larger));
    check("RLIMIT_CPU, soft", KILLED(SIGXCPU), child_status(processor_soft));
    check("RLIMIT_CPU, handled, moves on", EXITED(33), child_status(processor_handled));
    check("RLIMIT_CPU, hard", KILLED(SIGKILL), child_status(processor_hard));
    check("RLIMIT_CORE 0", KILLED(SIGABRT), child_status(core_ignored));
}

/* ---- credentials ---- */

/* Real, effective, saved of users and groups as digits: 0 for root, a for 1000, b for 2000, … */
static char letter(unsigned id)
{
    return id % 1000 ? '?' : id ? 'a' + id / 1000 - 1 : '0';
}

static void check_ids(const char *name, const char *expected)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;
    getresuid(&r, &e, &s);
    getresgid(&rg, &eg, &sg);
    int fs = setfsuid(-1), fsg = setfsgid(-1);
    char got[10] = { letter(r),  letter(e),  letter(s),  letter(fs),
                     letter(rg), letter(eg), letter(sg), letter(fsg) };
    if (strcmp(got, expected)) {
        printf("FAIL %s: expected %s, got %s\n", name, expected, got);
        checks_failed = 1;
    } else {
        printf("ok %s\n", name);
    }
    fflush(stdout);
}

#define A 1000
#define B 2000
#define C 3000
#define D 4000

/* Each in a child of its own, which starts as root. */
static int root_rules(void)
{
    check_ids("root", "00000000");
    check_errno("setuid(-1)", EINVAL, syscall(SYS_setuid, -1));
    check_errno("setgid(-1)", EINVAL, syscall(SYS_setgid, -1));
    check("setresgid", 0, setresgid(A, B, C));
    check_ids("groups", "0000abcb");
    check("setgid by root", 0, setgid(D));
    check_ids("sets all", "0000dddd");
    check("setresuid partly", 0, setresuid(-1, B, -1));
    check_ids("effective only", "0b0bdddd");
    check_errno("no longer privileged", EPERM, setresuid(-1, -1, C));
    check_errno("setgid too", EPERM, setgid(A));
    check_errno("setgroups too", EPERM, setgroups(0, NULL));
    check("back", 0, setresuid(-1, 0, -1));
    check("setuid by root", 0, setuid(A));
    check_ids("for good", "aaaadddd");
    check_errno("no way back", EPERM, setuid(0));
    check_errno("nor by setreuid", EPERM, setreuid(-1, 0));
    check("to oneself", 0, setuid(A));
    return checks_failed;
}

static int user_rules(void)
{
    if (setresuid(A, B, C))
        return 1;
    check_ids("three ids", "abcb0000");
    check_errno("setuid to the effective id", EPERM, setuid(B));
    check("setuid to the real id", 0, setuid(A));
    check_ids("effective only", "aaca0000");
    check("setuid to the saved id", 0, setuid(C));
    check_ids("effective only", "accc0000");
    check_errno("setuid to another", EPERM, setuid(B));
    check("setresuid rotates", 0, setresuid(C, A, A));
    check_ids("rotated", "caaa0000");
    check_errno("setresuid to another", EPERM, setresuid(A, B, C));
    check_ids("nothing changed", "caaa0000");
    check("setreuid swaps", 0, setreuid(A, C));
    check_ids("the saved follows", "accc0000");
    return checks_failed;
}

static int setreuid_rules(void)
{
    if (setresuid(A, B, C))
        return 1;
    check_errno("real from the saved id", EPERM, setreuid(C, -1));
    check("effective from the saved id", 0, setreuid(-1, C));
    check_ids("the saved follows, as it is not the real", "accc0000");
    check("effective from the real id", 0, setreuid(-1, A));
    check_ids("the saved stays", "aaca0000");
    check("real from the effective", 0, setreuid(A, -1));
    check_ids("the saved follows", "aaaa0000");
    return checks_failed;
}

static int group_rules(void)
{
    if (setresgid(A, B, C) || setresuid(A, A, A))
        return 1;
    check_ids("three ids", "aaaaabcb");
    check_errno("setgid to the effective id", EPERM, setgid(B));
    check("setgid to the saved id", 0, setgid(C));
    check_ids("effective only", "aaaaaccc");
    check_errno("setregid: real from another", EPERM, setregid(B, -1));
    check("setregid swaps", 0, setregid(C, A));
    check_ids("the saved follows", "aaaacaaa");
    check_errno("setresgid to another", EPERM, setresgid(B, -1, -1));
    check("setresgid", 0, setresgid(A, A, A));
    check_errno("gone", EPERM, setgid(C));
    return checks_failed;
}

static int fs_rules(void)
{
    check("setfsuid tells the old", 0, setfsuid(B));
    check("the new", B, setfsuid(B));
    check_ids("it alone", "000b0000");
    int fd = open("/tmp/limits.fs", O_CREAT | O_EXCL | O_WRONLY, 0600);
    struct stat status;
    fstat(fd, &status);
    unlink("/tmp/limits.fs");
    check("files belong to it", B, status.st_uid);
    check("seteuid sets it too", 0, seteuid(A));
    check_ids("as well", "0a0a0000");
    check("refused without a word", A, setfsuid(C));
    check("unchanged", A, setfsuid(C));
    check("setfsgid", 0, setfsgid(C));
    check("refused too", 0, setfsgid(C));
    return checks_failed;
}

static int group_lists(void)
{
    gid_t groups[8] = { 5, 3, 9, 3 }, got[8];
    check("setgroups", 0, setgroups(4, groups));
    check("their number", 4, getgroups(0, NULL));
    check("getgroups", 4, getgroups(8, got));
    check("in order", 1, got[0] == 3 && got[1] == 3 && got[2] == 5 && got[3] == 9);
    check_errno("no room", EINVAL, getgroups(3, got));
    check_errno("negative", EINVAL, syscall(SYS_getgroups, -1, got));
    check_errno("bad address", EFAULT, syscall(SYS_getgroups, 8, bad_address));
    check_errno("too many", EINVAL, syscall(SYS_setgroups, 65537, groups));
    check_errno("setgroups, bad address", EFAULT, syscall(SYS_setgroups, 3, bad_address));
    check("unchanged", 4, getgroups(0, NULL));
    int fd = open("/tmp/limits.group", O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fchown(fd, 0, 9) || fchmod(fd, 0640))
        return 1;
    setresgid(A, A, A);
    setresuid(A, A, A);
    check_true("a supplementary group opens files", open("/tmp/limits.group", O_RDONLY) >= 0);
    check_errno("for what it may", EACCES, open("/tmp/limits.group", O_WRONLY));
    int own = open("/tmp/limits.own", O_CREAT | O_EXCL | O_WRONLY, 0600);
    check("give a file to an own group", 0, fchown(own, -1, 5));
    check_errno("not to another", EPERM, fchown(own, -1, 6));
    check_errno("nor to another user", EPERM, fchown(own, B, -1));
    return checks_failed;
}

static int inherit(void)
{
    if (setgroups(1, (gid_t[]){ 7 }) || setresuid(A, B, C))
        return 1;
    pid_t child = fork();
    int status;
    if (child == 0) {
        check_ids("fork keeps them", "abcb0000");
        check("and the groups", 1, getgroups(0, NULL));
        _exit(checks_failed);
    }
    waitpid(child, &status, 0);
    return status != 0;
}

static void masks(void)
{
    struct stat status;
    mode_t old = umask(0777);
    check("umask tells the old", 0777, umask(01777));
    check("nine bits only", 0777, umask(027));
    int fd = open("/tmp/limits.umask", O_CREAT | O_EXCL | O_WRONLY, 0666);
    fstat(fd, &status);
    check("files", 0640, status.st_mode & 07777);
    close(fd);
    unlink("/tmp/limits.umask");
    mkdir("/tmp/limits.umask", 0777);
    stat("/tmp/limits.umask", &status);
    check("directories", 0750, status.st_mode & 07777);
    rmdir("/tmp/limits.umask");
    umask(old);
}

static void credentials(void)
{
    check("rules of root", EXITED(0), child_status(root_rules));
    check("rules of users", EXITED(0), child_status(user_rules));
    check("rules of setreuid", EXITED(0), child_status(setreuid_rules));
    check("rules of groups", EXITED(0), child_status(group_rules));
    check("rules of setfsuid", EXITED(0), child_status(fs_rules));
    check("lists of groups", EXITED(0), child_status(group_lists));
    unlink("/tmp/limits.group");
    unlink("/tmp/limits.own");
    check("children", EXITED(0), child_status(inherit));
    masks();
}

int main(void)
{
    if (setgroups(0, NULL))
        return 99;
    calls();
    each();
    credentials();
    return checks_failed;
}
