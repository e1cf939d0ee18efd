/* probe-hostile SEED CALLS [USER [THREADS]]: no argument of a system call harms the kernel.
 *
 * Every number from 0 to 512 is called with arguments drawn from a pool of everything that has ever
 * been mistaken for a pointer, a length, a descriptor or a flag.  The calls are made in children, a
 * few in each, because many of them end or cripple their caller; a child that makes no progress is
 * killed.  The children live in a directory of their own, which is their root, as root or as the
 * user with the id USER; with THREADS others in the same process that meanwhile change the memory
 * and the descriptors under the calls' hands (hostile_threads.h).  What root can change for everybody (clock, host name, terminal) is put
 * back at the end.
 *
 * Nothing can be said about results.  What counts is that the kernel goes on, so the only output is
 * a summary; the caller then looks at the free memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define NUMBERS        513
#define CALLS_IN_CHILD 128
#define PATIENCE_MS    30 /* without a call, until a child counts as asleep */

#define PAGE        4096ul
#define DESCRIPTORS 24  /* that calls are made with */
#define FILLER      200 /* and 201: descriptors of a pipe through which the valid page is filled */
#define SCRATCH     "/tmp/hostile"

static __thread uint64_t state; /* of the random numbers: xorshift64* */

static uint64_t draw(uint64_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545f4914f6cdd1dull >> 16) % limit;
}

static char *area;                 /* valid, read-only, inaccessible, unmapped: a page each */
static volatile unsigned *counter; /* calls made, shared with the parent */
static pid_t self;
static uid_t user;       /* as whom the calls are made */
static unsigned threads; /* beside the one that calls */

static const char *const names[] = {
    "x",        "d",         "d/y", ".",      "..",    "/",    "",         "loop",
    "link",     "fifo",      "x/",  "d/../x", "tmpfs", "proc", "devtmpfs", "/proc/self/mem",
    "/dev/tty", "nowhere/x",
};

#include "hostile_threads.h"

static uint64_t pointer(void)
{
    static const uint64_t bad[] = {
        0,
        1,
        8,
        0xfff,
        0x1000,
        0xffff,
        0x7fffffffe000,
        0x7fffffffeff9,
        0x7fffffffefff,
        0x7ffffffff000,
        0x7fffffffffff,
        0x800000000000,
        0x8000000000000000,
        0xffff7fffffffffff,
        0xffff800000000000,
        0xffff888000000000,
        0xffffffff7fffffff,
        0xffffffff80000000,
        0xffffffff80100000,
        0xffffffff80200008,
        0xfffffffffffff000,
        0xffffffffffffffff,
        0x41414141,
        0x4141414141414141,
    };
    uint64_t page = (uint64_t)area;
    switch (draw(8)) {
    case 0:
        return bad[draw(sizeof bad / sizeof *bad)];
    case 1:
        return page + PAGE - draw(64); /* runs into what cannot be written */
    case 2:
        return page + draw(4) * PAGE + draw(16);
    case 3:
        return page + 2 * PAGE - draw(64); /* readable, then not at all */
    case 4:
        return page + 3 * PAGE;
    default:
        return page + draw(PAGE / 8) * 8;
    }
}

static uint64_t number(void)
{
    static const uint64_t odd[] = {
        0x7f,
        0x80,
        0xff,
        0x100,
        0xfff,
        0x1000,
        0x1001,
        0x7fff,
        0x8000,
        0xffff,
        0x10000,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7ffffffff000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0xfffffffffffff000,
        0xfffffffffffff001,
        0xffffffffffffffff,
        (uint64_t)-2,
        (uint64_t)-4,
        (uint64_t)-100,
        (uint64_t)-1000,
    };
    switch (draw(5)) {
    case 0:
        return odd[draw(sizeof odd / sizeof *odd)];
    case 1:
        return 1ull << draw(64);
    case 2:
        return draw(1ull << (1 + draw(40)));
    default:
        return draw(16);
    }
}

static uint64_t argument(void)
{
    switch (draw(8)) {
    case 0:
    case 1:
    case 2:
        return pointer();
    case 3:
        return (uint64_t)names[draw(sizeof names / sizeof *names)];
    default:
        return number();
    }
}

/* Puts into the valid page what calls may find there: names, small numbers, pointers, noise. */
static void fill_area(void)
{
    static uint64_t words[PAGE / sizeof(uint64_t)];
    uint64_t kind = draw(5);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = kind == 0   ? draw(4)
                   : kind == 1 ? pointer()
                   : kind == 2 ? number()
                   : kind == 3 ? 0
                               : draw(~0ull >> 1);
    if (kind == 3) /* one string without an end for a while, as long as a page */
        memset(words, 'n', PAGE - draw(2));
    /* Another thread may have taken the page away: a system call can live with that. */
    if (write(FILLER + 1, words, PAGE) < 0 || read(FILLER, area, PAGE) < 0)
        return;
}

/* Calls that would end the test instead of testing: other people's processes and machines. */
static int is_left_out(long call)
{
    return call == SYS_reboot || call == SYS_chroot || call == SYS_pivot_root;
}

/* Calls whose first argument names a process: only this one, or none. */
static int takes_process(long call)
{
    return call == SYS_kill || call == SYS_tkill || call == SYS_tgkill || call == SYS_prlimit64 ||
           call == SYS_rt_sigqueueinfo || call == SYS_rt_tgsigqueueinfo ||
           call == SYS_setpriority || call == SYS_pidfd_open || call == SYS_ptrace;
}

static void one_call(long call)
{
    uint64_t a[6];
    for (int i = 0; i < 6; i++)
        a[i] = argument();
    if (draw(2)) /* plausible first arguments get further */
        a[0] = draw(2) ? draw(DESCRIPTORS) : (uint64_t)names[draw(sizeof names / sizeof *names)];
    if (is_left_out(call))
        return;
    if (takes_process(call))
        a[0] = a[1] = draw(4) ? (uint64_t)self : 0x7fffffff;
    if (call == SYS_setpriority)
        a[0] = 0;
    if (call == SYS_kill || call == SYS_tkill || call == SYS_rt_sigqueueinfo)
        a[1] = number();
    if (call == SYS_fork || call == SYS_vfork || call == SYS_clone) {
        if (call == SYS_clone) /* a stack of the pool's would only lose the child */
            a[1] = draw(4) ? 0 : a[1];
        if (syscall(call, a[0], a[1], a[2], a[3], a[4]) == 0)
            _exit(0);
        return;
    }
    syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (getpid() != self)
        _exit(0);
}

static void open_sockets(void)
{
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);    /* 12 and 13 */
    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends);     /* 14 and 15 */
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends); /* 16 and 17 */
    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);              /* 18 */
    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);              /* 19 and so on */
    socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, 1);
    socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
}

static void open_files(void)
{
    int ends[2];
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        close(fd);
    if (pipe2(ends, O_NONBLOCK) == 0) {
        dup2(ends[0], FILLER);
        dup2(ends[1], FILLER + 1);
        close(ends[0]);
        close(ends[1]);
    }
    open("/dev/null", O_RDWR);                          /* 0 */
    open("x", O_RDWR | O_CREAT | O_NONBLOCK, 0644);     /* 1 */
    open("d", O_RDONLY | O_DIRECTORY);                  /* 2 */
    if (pipe2(ends, O_NONBLOCK) == 0)                   /* 3 and 4 */
        open("fifo", O_RDWR | O_NONBLOCK);              /* 5 */
    open("x", O_PATH);                                  /* 6 */
    open("x", O_WRONLY | O_APPEND);                     /* 7 */
    open("zero", O_RDWR);                               /* 8 */
    open("terminal", O_RDONLY | O_NONBLOCK | O_NOCTTY); /* 9 */
    open("proc/self/stat", O_RDONLY);                   /* 10 */
    open("proc/self/maps", O_RDONLY);                   /* 11 */
    open_sockets();
}

static void child(unsigned first, unsigned calls)
{
    self = getpid();
    signal(SIGPIPE, SIG_IGN);
    setsid(); /* without a terminal that could be hung up for others, too */
    if (chroot(".") != 0)
        _exit(2);
    open_files();
    if (user && (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user)))
        _exit(2);
    area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(area + PAGE, PAGE, PROT_READ);
    mprotect(area + 2 * PAGE, PAGE, PROT_NONE);
    munmap(area + 3 * PAGE, PAGE);
    for (unsigned i = 0; i < threads; i++)
        start_disturbing();
    for (unsigned i = 0; i < calls; i++) {
        fill_area();
        /* Each number comes round; every other call is one of the old numbers, which all kernels
         * have. */
        one_call(i & 1 ? (long)draw(335) : (long)((first + i) / 2 % NUMBERS));
        ++*counter;
    }
    is_over = 1;
    _exit(0);
}

/* Waits for the child, and ends it when it sleeps.  Returns 1 if it had to. */
static int wait_for(pid_t pid)
{
    sigset_t set;
    struct timespec tick = { 0, PATIENCE_MS * 1000000 };
    unsigned seen = *counter, quiet = 0;
    int killed = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        sigtimedwait(&set, NULL, &tick);
        quiet = *counter == seen ? quiet + 1 : 0;
        seen = *counter;
        if (quiet > 1) {
            kill(pid, SIGKILL);
            kill(pid, SIGCONT);
            killed = 1;
        }
    }
    kill(-pid, SIGKILL); /* children of the child */
    return killed;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path) && errno != EBUSY ? -1 : 0;
}

static void prepare(void)
{
    mkdir(SCRATCH, 0755);
    if (chdir(SCRATCH) != 0 || chown(SCRATCH, user, user) != 0)
        exit(2);
    mkdir("d", 0755);
    mkdir("proc", 0755);
    if (symlink("loop", "loop") != 0 || symlink("x", "link") != 0)
        exit(2);
    mkfifo("fifo", 0644);
    mknod("zero", S_IFCHR | 0666, 1 << 8 | 5);
    mknod("terminal", S_IFCHR | 0666, 4 << 8 | 64);
    mount("proc", "proc", "proc", 0, "");
}

/* Unmounts what the children have mounted, one over the other, and removes everything. */
static void tidy(void)
{
    static const char *const places[] = { "d/y",  "d", "proc", "x",    "link",
                                          "fifo", ".", "zero", SCRATCH };
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            while (umount2(places[i], MNT_DETACH) == 0)
                continue;
        if (chdir("/") != 0 || chdir(SCRATCH) != 0)
            break;
    }
    if (chdir("/") != 0)
        exit(2);
    nftw(SCRATCH, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int64_t clock_difference(void)
{
    struct timespec wall, steady;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &steady);
    return (wall.tv_sec - steady.tv_sec) * 1000000000ll + wall.tv_nsec - steady.tv_nsec;
}

static void restore_clock(int64_t difference)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t wall = difference + now.tv_sec * 1000000000ll + now.tv_nsec;
    now.tv_sec = wall / 1000000000;
    now.tv_nsec = wall % 1000000000;
    clock_settime(CLOCK_REALTIME, &now);
}

int main(int argc, char **argv)
{
    struct utsname names_before;
    struct termios terminal;
    int has_terminal = tcgetattr(0, &terminal) == 0;
    int64_t difference = clock_difference();
    unsigned calls, asleep = 0, children = 0;
    sigset_t set;

    if (argc < 3) /* a child has executed it */
        return 0;
    if (geteuid() != 0)
        return 2;
    user = argc > 3 ? (uid_t)atoi(argv[3]) : 0;
    threads = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
    state = 0x9e3779b97f4a7c15ull ^ strtoull(argv[1], NULL, 0) << 1;
    calls = (unsigned)atoi(argv[2]);
    uname(&names_before);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* Where no call that goes beyond its area comes to. */
    counter = mmap((void *)0x21234567000, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                   -1, 0);
    prepare();
    for (unsigned done = 0; done < calls; done += CALLS_IN_CHILD) {
        uint64_t seed = draw(~0ull);
        pid_t pid = fork();
        if (pid == 0) {
            sigprocmask(SIG_UNBLOCK, &set, NULL);
            state = seed | 1;
            child(done, CALLS_IN_CHILD);
        }
        if (pid < 0) {
            printf("FAIL hostile: cannot fork: errno %d\n", errno);
            return 1;
        }
        asleep += (unsigned)wait_for(pid);
        children++;
    }
    unsigned made = *counter;
    tidy();
    restore_clock(difference);
    if (sethostname(names_before.nodename, strlen(names_before.nodename)) != 0 ||
        setdomainname(names_before.domainname, strlen(names_before.domainname)) != 0)
        return 1;
    if (has_terminal)
        tcsetattr(0, TCSANOW, &terminal);
    fprintf(stderr, "%u calls returned in %u children, %u killed asleep\n", made, children, asleep);
    printf("%s hostile\n", made > calls / 4 ? "ok" : "FAIL");
    return made <= calls / 4;
}
