/* probe-refuse [PERIOD COMMAND [ARGUMENT]...]: what the kernel does when it cannot get memory.
 *
 * Without arguments: each of many operations is tried again and again, with the first, the second,
 * the third … of its requests for memory refused (/proc/sys/vm/fail_allocation), until none is left
 * to refuse.  It works or fails with an errno that says so, and afterwards every page is back.
 * With arguments: runs the command while every PERIOD-th request of the whole system is refused, and
 * says nothing of how it ends.  As root, in a directory of its own; not for Linux. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <grp.h>

#include "checks_of_processes.h"
#include "refuse_sockets.h"

#define PAGE       4096
#define TRIES_MOST 400 /* requests of one operation */

static int failures_file, drop_file;

static void refuse(long first, long period)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%ld %ld", first, period);
    if (write(failures_file, text, length) != length)
        _exit(97);
}

static char *contents(const char *name)
{
    static char text[4096];
    int fd = open(name, O_RDONLY);
    ssize_t length = read(fd, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
    close(fd);
    return text;
}

static long refused(void)
{
    return atol(contents("/proc/sys/vm/fail_allocation"));
}

static void drop(void)
{
    if (write(drop_file, "2", 1) != 1)
        _exit(97);
}

static long free_memory(void)
{
    drop();
    return atol(strstr(contents("/proc/meminfo"), "MemFree:") + 8);
}

/* ---- operations: 0, or -1 with an errno ---- */

static int make_file(void)
{
    int fd =
        open("file-with-a-name-that-is-too-long-to-be-kept-in-a-dentry", O_CREAT | O_RDWR, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int write_file(void)
{
    static char data[20000];
    int fd = open("file", O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (fd < 0)
        return -1;
    int done = write(fd, data, sizeof data) < 0 || pwrite(fd, data, 1, 1l << 40) < 0 ? -1 : 0;
    int error = errno;
    close(fd);
    errno = error;
    return done;
}

static int make_directory(void)
{
    return mkdir("directory", 0700) || mkdir("directory/in-it", 0700);
}

static int make_links(void)
{
    static char target[1000];
    memset(target, 't', sizeof target - 1);
    return symlink(target, "symlink") || link("kept", "link") || mkfifo("fifo", 0600);
}

static int follow_links(void)
{
    struct stat status;
    return stat("kept-link/../kept-directory/./file", &status) || access("missing", F_OK) == 0;
}

static int rename_files(void)
{
    return rename("kept", "renamed-to-a-name-that-is-too-long-to-be-kept-in-a-dentry") ||
           rename("renamed-to-a-name-that-is-too-long-to-be-kept-in-a-dentry", "kept");
}

static int list_directories(void)
{
    DIR *stream = opendir("/proc/self/fd");
    if (!stream)
        return -1;
    errno = 0;
    while (readdir(stream))
        continue;
    int error = errno;
    closedir(stream);
    errno = error;
    return error ? -1 : 0;
}

static int read_proc(void)
{
    static const char *const names[] = { "/proc/self/maps", "/proc/self/status",
                                         "/proc/mounts",    "/proc/self/cmdline",
                                         "/proc/stat",      "/proc/1/environ" };
    static char text[8192];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd = open(names[i], O_RDONLY);
        if (fd < 0)
            return -1;
        ssize_t length = read(fd, text, sizeof text);
        int error = errno;
        close(fd);
        errno = error;
        if (length < 0)
            return -1;
    }
    return 0;
}

static int forks(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : waitpid(child, &status, 0) != child;
}

static int executes(void)
{
    int status;
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", "an argument", NULL);
        _exit(1);
    }
    return child < 0 ? -1 : waitpid(child, &status, 0) != child;
}

static int maps(void)
{
    char *memory = mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -1;
    int done = mprotect(memory + 8 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE) ||
               munmap(memory + 32 * PAGE, PAGE);
    int error = errno;
    munmap(memory, 64 * PAGE);
    errno = error;
    return done ? -1 : 0;
}

/* Faults have no errno: the page comes, from the reserve if need be. */
static int touches(void)
{
    volatile char *memory =
        mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -1;
    for (size_t i = 0; i < 4 << 20; i += 64 * PAGE)
        memory[i] = 1;
    return munmap((void *)memory, 4 << 20);
}

static int maps_file(void)
{
    int fd = open("mapped", O_CREAT | O_RDWR, 0600);
    if (fd < 0)
        return -1;
    int done = ftruncate(fd, 1 << 20);
    volatile char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        memory[500000] = memory[5] + 1;
    int error = errno;
    if (memory != MAP_FAILED)
        munmap((void *)memory, 1 << 20);
    close(fd);
    errno = error;
    return memory == MAP_FAILED ? -1 : done;
}

static int maps_shared(void)
{
    volatile char *memory =
        mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -1;
    memory[100000] = 1;
    return munmap((void *)memory, 1 << 20);
}

static int uses_pipe(void)
{
    static char data[30000];
    int ends[2];
    if (pipe(ends))
        return -1;
    int done = write(ends[1], data, sizeof data) < 0 || fcntl(ends[1], F_SETPIPE_SZ, 1 << 17) < 0;
    int error = errno;
    close(ends[0]), close(ends[1]);
    errno = error;
    return done ? -1 : 0;
}

static int opens_fifo(void)
{
    int fd = open("kept-fifo", O_RDWR);
    return fd < 0 ? -1 : close(fd);
}

static int many_descriptors(void)
{
    if (dup2(0, 500) < 0)
        return -1;
    return close(500);
}

static int opens_terminal(void)
{
    int unlock = 0, index;
    char name[32];
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (master < 0)
        return -1;
    int terminal = -1, error = 0;
    if (ioctl(master, TIOCSPTLCK, &unlock) == 0 && ioctl(master, TIOCGPTN, &index) == 0) {
        snprintf(name, sizeof name, "/dev/pts/%d", index);
        terminal = open(name, O_RDWR | O_NOCTTY);
    }
    error = errno;
    if (terminal >= 0)
        close(terminal);
    close(master);
    errno = error;
    return terminal < 0 ? -1 : 0;
}

static int locks_file(void)
{
    int fd = open("kept", O_RDWR);
    if (fd < 0)
        return -1;
    struct flock lock = { .l_type = F_WRLCK, .l_len = 100 };
    struct flock hole = { .l_type = F_UNLCK, .l_start = 50, .l_len = 1 };
    int done = fcntl(fd, F_SETLK, &lock) || fcntl(fd, F_SETLK, &hole);
    int error = errno;
    close(fd);
    errno = error;
    return done ? -1 : 0;
}

static int waits(void)
{
    struct pollfd fds[40];
    for (int i = 0; i < 40; i++)
        fds[i] = (struct pollfd){ .fd = 0 };
    struct itimerval timer = { .it_value.tv_sec = 100 }, none = { 0 };
    if (poll(fds, 40, 1) < 0 || setitimer(ITIMER_REAL, &timer, NULL) || usleep(1000))
        return -1;
    return setitimer(ITIMER_REAL, &none, NULL);
}

static int changes_identity(void)
{
    gid_t groups[100] = { 0 };
    return setgroups(100, groups) || setresuid(0, 0, 0);
}

static void nothing(int signal)
{
    (void)signal;
}

static int sends_signals(void)
{
    sigset_t set;
    signal(SIGUSR1, nothing);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    return sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
}

static int mounts(void)
{
    if (mount("none", "kept-directory", "tmpfs", 0, "size=1m"))
        return -1;
    return umount("kept-directory");
}

static int mounts_proc(void)
{
    if (mount("none", "kept-directory", "proc", 0, ""))
        return -1;
    return umount("kept-directory");
}

static int changes_directory(void)
{
    static char name[PAGE];
    return chdir("kept-directory") || !getcwd(name, sizeof name) || chdir("..");
}

static const struct {
    const char *name;
    int (*run)(void);
} operations[] = {
    { "a new file", make_file },
    { "writing", write_file },
    { "directories", make_directory },
    { "links", make_links },
    { "path names", follow_links },
    { "renaming", rename_files },
    { "listing", list_directories },
    { "/proc", read_proc },
    { "fork", forks },
    { "execve", executes },
    { "mmap", maps },
    { "page faults", touches },
    { "a mapped file", maps_file },
    { "shared memory", maps_shared },
    { "pipes", uses_pipe },
    { "FIFOs", opens_fifo },
    { "descriptors", many_descriptors },
    { "pseudo-terminals", opens_terminal },
    { "locks", locks_file },
    { "timers and poll", waits },
    { "credentials", changes_identity },
    { "signals", sends_signals },
    { "mount", mounts },
    { "mount of proc", mounts_proc },
    { "directories of processes", changes_directory },
    { "streams", sends_stream },
    { "datagrams", sends_datagrams },
    { "descriptors in flight", sends_files },
    { "connections", connects },
    { "names of sockets", names_sockets },
    { "connections by network", connects_by_network },
};

static void clean(void)
{
    static const char *const made[] = {
        "file-with-a-name-that-is-too-long-to-be-kept-in-a-dentry",
        "renamed-to-a-name-that-is-too-long-to-be-kept-in-a-dentry",
        "file",
        "symlink",
        "link",
        "fifo",
        "mapped",
        "local-socket",
    };
    rename(made[1], "kept");
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        unlink(made[i]);
    umount("kept-directory");
    rmdir("directory/in-it");
    rmdir("directory");
}

static int is_excuse(int error)
{
    return error == ENOMEM || error == ENOSPC || error == ENFILE || error == ENOLCK ||
           error == EAGAIN || error == ENOBUFS;
}

/* In a child: the operation with its n-th request refused.  Exit status 0: it worked, or failed with
 * a reason; 1: with another one, which is then printed. */
static int try(size_t operation, long n)
{
    pid_t child = fork();
    int status = -1;
    if (child == 0) {
        drop();
        errno = 0;
        refuse(n, 0);
        int failed = operations[operation].run() != 0, error = errno;
        refuse(0, 0);
        if (failed && !is_excuse(error)) {
            printf("request %ld refused: errno %d\n", n, error);
            fflush(stdout);
            _exit(1);
        }
        _exit(0);
    }
    waitpid(child, &status, 0);
    refuse(0, 0);
    clean();
    return status;
}

/* Until nothing was refused any more. */
static void operation(size_t i)
{
    long before = 0, after;
    for (int counted = 0; counted < 2; counted++) { /* the first time for what stays for good */
        if (counted)
            before = free_memory();
        long n = 1, seen;
        do {
            seen = refused();
            int status = try(i, n);
            if (status != 0) {
                check(operations[i].name, 0, status);
                return;
            }
        } while (refused() > seen && ++n < TRIES_MOST);
        if (n < 2 || n == TRIES_MOST)
            check(operations[i].name, -1, n);
    }
    after = free_memory();
    check(operations[i].name, before, after);
}

static int run(char **command)
{
    long period = atol(command[0]);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        refuse(period, period);
        execvp(command[1], command + 1);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    refuse(0, 0);
    return 0;
}

int main(int argc, char **argv)
{
    failures_file = open("/proc/sys/vm/fail_allocation", O_WRONLY | O_CLOEXEC);
    drop_file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    if (failures_file < 0 || drop_file < 0)
        return 98;
    if (argc > 2)
        return run(argv + 1);
    close(open("kept", O_CREAT | O_WRONLY, 0600));
    mkdir("kept-directory", 0700);
    close(open("kept-directory/file", O_CREAT | O_WRONLY, 0600));
    symlink("kept-directory", "kept-link");
    mkfifo("kept-fifo", 0600);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (argc < 2 || strcmp(argv[1], operations[i].name) == 0)
            operation(i);
    unlink("kept-fifo"), unlink("kept-link"), unlink("kept-directory/file"), unlink("kept");
    rmdir("kept-directory");
    return checks_failed;
}
