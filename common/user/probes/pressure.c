/* probe-pressure LOAD [NUMBER]: asks for all that there is of one thing, checks that the refusal is
 * Linux's, and gives everything back.  `probe-balance probe-pressure LOAD` then tells whether the
 * kernel has it all.  Run as root in a directory of its own; without a LOAD, all that Linux does
 * too. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "checks_of_processes.h"

#define PAGE 4096
#define USER 54321 /* nobody else's */

static long number; /* how many; 0: the load's own default */

static void limit(int resource, rlim_t value)
{
    struct rlimit limits = { value, value };
    setrlimit(resource, &limits);
}

static long result_of(long value)
{
    return value == -1 ? -errno : value;
}

/* ---- processes ---- */

/* Ends all of the user's processes but itself: the signal goes to all at once, so none forks on. */
static int end_all_of_user(void)
{
    setuid(USER);
    return kill(-1, SIGKILL) != 0;
}

static int bomb_of_user(void)
{
    limit(RLIMIT_NPROC, 60);
    setuid(USER);
    for (;;)
        if (fork() == -1 && errno != EAGAIN)
            return 1;
}

static void bomb(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(bomb_of_user());
    usleep(500000);
    pid_t mine = fork(); /* root is not concerned */
    if (mine == 0)
        _exit(7);
    int status = -1;
    waitpid(mine, &status, 0);
    check("root forks beside a fork bomb", EXITED(7), status);
    check("the bomb is ended", EXITED(0), child_status(end_all_of_user));
    waitpid(child, &status, 0);
    check("it never heard anything but EAGAIN", KILLED(SIGKILL), status);
}

static void processes(void)
{
    long wanted = number ? number : 500, made = 0, answered = 0, ended = 0;
    int start[2], answers[2], status;
    char byte;
    pid_t *children = calloc(wanted, sizeof *children);
    if (pipe(start) || pipe(answers))
        exit(2);
    fflush(stdout);
    for (; made < wanted; made++) {
        children[made] = fork();
        if (children[made] < 0)
            break;
        if (children[made] == 0) {
            close(start[1]);
            status = read(start[0], &byte, 1); /* until the parent closes its end */
            _exit(write(answers[1], "x", 1) != 1);
        }
    }
    check("processes alive at once", wanted, made);
    close(start[1]);
    close(answers[1]); /* the end comes when nobody is left to answer */
    while (answered < made && read(answers[0], &byte, 1) == 1)
        answered++;
    for (long i = 0; i < made; i++)
        ended += waitpid(children[i], &status, 0) == children[i] && status == EXITED(0);
    check("each answered", made, answered);
    check("and ended", made, ended);
}

/* ---- names ---- */

static void deep(void)
{
    long levels = number ? number : 3000, made = 0, removed = 0;
    static char name[PATH_MAX + 1];
    int top = open(".", O_RDONLY | O_DIRECTORY);
    while (made < levels && mkdir("d", 0700) == 0 && chdir("d") == 0)
        made++;
    check("directories, each in the one before", levels, made);
    check("the path is too long to tell", made > PATH_MAX / 2 ? -ENAMETOOLONG : made * 2,
          made > PATH_MAX / 2 ? result_of(syscall(SYS_getcwd, name, PATH_MAX)) : made * 2);
    check("a file at the bottom", 0, result_of(close(open("file", O_CREAT | O_WRONLY, 0600))));
    check("unlinked", 0, result_of(unlink("file")));
    while (removed < made && chdir("..") == 0 && rmdir("d") == 0)
        removed++;
    check("removed from below", made, removed);
    check("back at the top", 0, result_of(fchdir(top)));
    close(top);
}

/* Whoever is in a directory that has gone stays there; its memory goes when he leaves. */
static void deep_and_deleted(void)
{
    long made = 0;
    char upper[8];
    int top = open(".", O_RDONLY | O_DIRECTORY);
    while (made < 200 && mkdir("d", 0700) == 0 && chdir("d") == 0)
        made++;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    for (long i = 0; i < made; i++)
        if (chdir("..") != 0 || rmdir("d") != 0)
            check("rmdir", 0, i);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check("back at the top", 0, result_of(fchdir(top)));
    check("nothing is left", -ENOENT, result_of(readlink("d", upper, sizeof upper)));
    close(top);
}

static void long_names(void)
{
    char name[300];
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    check("a name of 255 bytes", 0, result_of(mkdir(name, 0700)));
    check("is found", 0, result_of(access(name, F_OK)));
    check("and removed", 0, result_of(rmdir(name)));
    name[255] = 'n';
    name[256] = '\0';
    check("a name of 256 bytes", -ENAMETOOLONG, result_of(mkdir(name, 0700)));
    check("is not looked for", -ENAMETOOLONG, result_of(access(name, F_OK)));
    static char path[PATH_MAX + 2];
    memset(path, '/', sizeof path);
    path[PATH_MAX - 1] = '\0';
    check("a path of 4095 bytes", 0, result_of(access(path, F_OK)));
    path[PATH_MAX - 1] = '/';
    path[PATH_MAX] = '\0';
    check("a path of 4096 bytes", -ENAMETOOLONG, result_of(access(path, F_OK)));
}

static void links(void)
{
    char name[16], target[16];
    check("a link to itself", 0, result_of(symlink("loop", "loop")));
    check("is a loop", -ELOOP, result_of(access("loop", F_OK)));
    check("a pair", 0, result_of(symlink("pong", "ping") | symlink("ping", "pong")));
    check("is a loop too", -ELOOP, result_of(access("ping", F_OK)));
    close(open("link0", O_CREAT | O_WRONLY, 0600));
    for (int i = 1; i <= 41; i++) {
        snprintf(name, sizeof name, "link%d", i);
        snprintf(target, sizeof target, "link%d", i - 1);
        symlink(target, name);
    }
    check("40 links", 0, result_of(access("link40", F_OK)));
    check("41 links", -ELOOP, result_of(access("link41", F_OK)));
    for (int i = 0; i <= 41; i++) {
        snprintf(name, sizeof name, "link%d", i);
        unlink(name);
    }
    unlink("loop"), unlink("ping"), unlink("pong");
}

static long entries(const char *directory)
{
    long found = 0;
    DIR *stream = opendir(directory);
    if (!stream)
        return -errno;
    while (readdir(stream))
        found++;
    closedir(stream);
    return found - 2;
}

/* `count` files in directories of `each`. */
static void make_files(long count, long each)
{
    char name[64];
    long made = 0, removed = 0, listed = 0;
    for (long i = 0; i < count; i++) {
        snprintf(name, sizeof name, "d%ld", i / each);
        if (i % each == 0)
            mkdir(name, 0700);
        snprintf(name, sizeof name, "d%ld/f%ld", i / each, i);
        int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        made += fd >= 0;
        close(fd);
    }
    check("files made", count, made);
    for (long i = 0; i < count; i += each) {
        snprintf(name, sizeof name, "d%ld", i / each);
        listed += entries(name);
    }
    check("files listed", count, listed);
    for (long i = 0; i < count; i++) {
        snprintf(name, sizeof name, "d%ld/f%ld", i / each, i);
        removed += unlink(name) == 0;
        snprintf(name, sizeof name, "d%ld", i / each);
        if ((i + 1) % each == 0 || i + 1 == count)
            removed -= rmdir(name) != 0;
    }
    check("files removed", count, removed);
}

static void files(void)
{
    long count = number ? number : 5000;
    make_files(count, count);
}

static void directories(void)
{
    make_files(number ? number : 5000, 50);
}

/* Every name of a file takes memory, so tmpfs counts each: nobody gets around its limit. */
static void names(void)
{
    char name[16];
    long made = 0;
    mkdir("small", 0700);
    check("a tmpfs of 50 nodes", 0,
          result_of(mount("none", "small", "tmpfs", 0, "nr_inodes=50,size=40k")));
    if (chdir("small") != 0)
        exit(2);
    close(open("file", O_CREAT | O_WRONLY, 0600));
    do
        snprintf(name, sizeof name, "name%ld", made);
    while (link("file", name) == 0 && ++made < 1000);
    check("no room for a name more", ENOSPC, errno);
    check("hard links", 48, made);
    for (long i = 0; i < made; i++) {
        snprintf(name, sizeof name, "name%ld", i);
        unlink(name);
    }
    static char target[4000];
    memset(target, 't', sizeof target - 1);
    for (made = 0; made < 1000; made++) {
        snprintf(name, sizeof name, "name%ld", made);
        if (symlink(target, name) != 0)
            break;
    }
    check("no room for a long link more", ENOSPC, errno);
    check("long links", 10, made);
    check("short ones have room", 0, result_of(symlink("short", "link")));
    check("back", 0, result_of(chdir("..")));
    check("unmounted", 0, result_of(umount("small")));
    rmdir("small");
}

/* ---- files ---- */

static long free_blocks(void)
{
    struct statvfs status;
    fstatvfs(open(".", O_RDONLY | O_CLOEXEC), &status);
    return status.f_bfree;
}

static void deleted(void)
{
    static char data[1 << 16];
    mkdir("own", 0700);
    if (mount("none", "own", "tmpfs", 0, "size=8m") != 0 || chdir("own") != 0)
        exit(2);
    fflush(stdout);
    pid_t child = fork(); /* descriptors of free_blocks() go with it */
    if (child == 0) {
        checks_failed = 0;
        long before = free_blocks();
        int fd = open("big", O_CREAT | O_RDWR, 0600);
        while (write(fd, data, sizeof data) > 0)
            continue;
        check("the file system is full", ENOSPC, errno);
        check("nothing is free", 0, free_blocks());
        unlink("big");
        check("nor when the name has gone", 0, free_blocks());
        char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        check("nor when it is closed but mapped", 0, free_blocks());
        memory[5] = 1;
        munmap(memory, 1 << 20);
        check("all when it is unmapped", before, free_blocks());
        _exit(checks_failed);
    }
    int status = -1;
    waitpid(child, &status, 0);
    check("deleted files", EXITED(0), status);
    check("back", 0, result_of(chdir("..")));
    check("unmounted", 0, result_of(umount("own")));
    rmdir("own");
}

static void sparse(void)
{
    int fd = open("sparse", O_CREAT | O_RDWR, 0600);
    struct stat status;
    char byte = 'x';
    check("a byte at the end of the largest file", 1,
          result_of(pwrite(fd, &byte, 1, LLONG_MAX - 1)));
    check("no byte behind it", -1, pwrite(fd, &byte, 1, LLONG_MAX));
    fstat(fd, &status);
    check("its size", 1, status.st_size == LLONG_MAX);
    check("takes a page", 8, status.st_blocks);
    for (int shift = 13; shift < 62; shift += 7)
        check("a byte far out", 1, result_of(pwrite(fd, &byte, 1, 1ll << shift)));
    check("holes read as zeros", 1, result_of(pread(fd, &byte, 1, 1ll << 60)));
    check("zero", 0, byte);
    check("a hole's end", 1, result_of(lseek(fd, 1ll << 50, SEEK_DATA)) == 1ll << 55);
    check("cut", 0, result_of(ftruncate(fd, 0)));
    fstat(fd, &status);
    check("takes none", 0, status.st_blocks);
    close(fd);
    unlink("sparse");
}

static int exhaust_descriptors(void)
{
    int last = 0, fd;
    limit(RLIMIT_NOFILE, 1000);
    while ((fd = dup(0)) >= 0)
        last = fd;
    return errno != EMFILE ? 1 : last != 999 ? 2 : close(999) || dup(0) != 999 ? 3 : 0;
}

static void descriptors(void)
{
    check("descriptors up to the limit", EXITED(0), child_status(exhaust_descriptors));
}

static int exhaust_files(void)
{
    setuid(USER);
    while (open("/dev/null", O_RDONLY) >= 0)
        continue;
    if (errno != ENFILE)
        return 1;
    int ends[2];
    return pipe(ends) == -1 && errno == ENFILE ? 0 : 2;
}

static void write_number(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY);
    check("a limit is set", strlen(text), result_of(write(fd, text, strlen(text))));
    close(fd);
}

/* Changes a limit of the whole system, so it is not for a Linux in use. */
static void open_files(void)
{
    static const char name[] = "/proc/sys/fs/file-max";
    char old[32] = "", few[32];
    int fd = open(name, O_RDONLY);
    check("the limit is known", 1, read(fd, old, sizeof old - 1) > 1);
    close(fd);
    fd = open("/proc/sys/fs/file-nr", O_RDONLY);
    check("so are the open files", 1, read(fd, few, sizeof few - 1) > 1);
    close(fd);
    snprintf(few, sizeof few, "%d", atoi(few) + 100);
    write_number(name, few);
    check("the system's open files", EXITED(0), child_status(exhaust_files));
    write_number(name, old);
}

/* ---- pipes ---- */

static int pipes_of_user(void)
{
    int ends[2], made = 0, last[2] = { -1, -1 };
    limit(RLIMIT_NOFILE, 4096);
    setuid(USER);
    for (; made < 1026 && pipe(ends) == 0; made++) {
        if (made < 1024 && fcntl(ends[0], F_GETPIPE_SZ) != 65536)
            return 1;
        memcpy(last, ends, sizeof last);
    }
    if (made != 1026)
        return 2;
    if (fcntl(last[0], F_GETPIPE_SZ) != 8192)
        return 3;
    if (fcntl(last[0], F_SETPIPE_SZ, 16384) != -1 || errno != EPERM)
        return 4;
    return fcntl(last[0], F_SETPIPE_SZ, 4096) == 4096 ? 0 : 5;
}

static int pipe_sizes_of_user(void)
{
    int ends[2];
    setuid(USER);
    if (pipe(ends))
        return 1;
    if (fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) != 1 << 20)
        return 2;
    return fcntl(ends[1], F_SETPIPE_SZ, (1 << 20) + 1) == -1 && errno == EPERM ? 0 : 3;
}

/* Bytes written with one capacity are read in order with another. */
static long order_kept(int *ends)
{
    static unsigned char data[40000], got[40000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = i * 7 + i / 251;
    if (write(ends[1], data, 30000) != 30000 || read(ends[0], got, 20000) != 20000)
        return 1;
    if (write(ends[1], data + 30000, 10000) != 10000)
        return 2;
    if (fcntl(ends[0], F_SETPIPE_SZ, 32768) != 32768 ||
        fcntl(ends[0], F_SETPIPE_SZ, 70000) != 131072)
        return 3;
    if (read(ends[0], got + 20000, 30000) != 20000)
        return 4;
    return memcmp(data, got, sizeof data) ? 5 : 0;
}

static void pipes(void)
{
    int ends[2];
    static char data[65536];
    if (pipe2(ends, O_NONBLOCK))
        exit(2);
    check("a pipe's capacity", 65536, result_of(fcntl(ends[0], F_GETPIPE_SZ)));
    check("rounded up to a page", PAGE, result_of(fcntl(ends[0], F_SETPIPE_SZ, 1)));
    check("holds that", PAGE, result_of(write(ends[1], data, sizeof data)));
    check("and no more", -EAGAIN, result_of(write(ends[1], data, 1)));
    check("rounded up to a power of two", 16384, result_of(fcntl(ends[0], F_SETPIPE_SZ, 8193)));
    check("holds more", 12288, result_of(write(ends[1], data, sizeof data)));
    check("does not shrink below what it holds", -EBUSY,
          result_of(fcntl(ends[0], F_SETPIPE_SZ, 8192)));
    check("none of 4 GiB", -EINVAL, result_of(fcntl(ends[0], F_SETPIPE_SZ, 0xffffffff)));
    check("no pipe", -EBADF, result_of(fcntl(0, F_SETPIPE_SZ, PAGE)));
    check("the largest for all", 1 << 20, result_of(fcntl(ends[0], F_SETPIPE_SZ, 1 << 20)));
    check("all is read", 16384, result_of(read(ends[0], data, sizeof data)));
    check("bytes keep their order", 0, order_kept(ends));
    close(ends[0]), close(ends[1]);
    check("pipes of a user", EXITED(0), child_status(pipes_of_user));
    check("their sizes", EXITED(0), child_status(pipe_sizes_of_user));
}

/* ---- memory ---- */

static int split_areas(void)
{
    size_t pages = 140000;
    long done = 0;
    char *memory = mmap(NULL, pages * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    for (size_t i = 1; i < pages; i += 2, done++)
        if (mprotect(memory + i * PAGE, PAGE, PROT_NONE) != 0)
            break;
    if (errno != ENOMEM || done < 32700 || done > 32765)
        return 2;
    if (munmap(memory + (pages - 3) * PAGE, PAGE) != -1 || errno != ENOMEM)
        return 3; /* it would take one more */
    if (munmap(memory, pages / 4 * PAGE) != 0)
        return 4;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    int status = 1;
    waitpid(child, &status, 0);
    return status ? 5 : munmap(memory, pages * PAGE) ? 6 : 0;
}

static void areas(void)
{
    check("65530 areas", EXITED(0), child_status(split_areas));
}

static void shared(void)
{
    size_t size = 8 << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    for (int child = 0; child < 4; child++) {
        if (fork() != 0)
            continue;
        for (size_t i = child * PAGE; i < size; i += 4 * PAGE)
            memory[i] = child + 1;
        _exit(0);
    }
    while (wait(NULL) > 0)
        continue;
    long sum = 0;
    for (size_t i = 0; i < size; i += PAGE)
        sum += memory[i];
    check("all children's pages", (long)(size / PAGE / 4 * 10), sum);
    munmap(memory, size);
}

static volatile int bottom = -1; /* never reached, which the compiler must not know */

static int recurse(int level)
{
    volatile char space[4000];
    space[0] = level;
    return level == bottom ? 0 : recurse(level + 1) + space[0];
}

static int grow_stack(void)
{
    limit(RLIMIT_STACK, 8 << 20);
    return recurse(0);
}

static void stack(void)
{
    check("a stack up to its limit", KILLED(SIGSEGV), child_status(grow_stack));
}

/* argv of `count` strings of `length` bytes. */
static long execute_with(long count, size_t length)
{
    char **vector = calloc(count + 1, sizeof *vector), *text = malloc(length);
    memset(text, 'a', length);
    text[length - 1] = '\0';
    for (long i = 0; i < count; i++)
        vector[i] = i ? text : "true";
    fflush(stdout);
    pid_t child = vfork();
    if (child == 0) {
        execv("/bin/true", vector);
        _exit(errno);
    }
    int status = -1;
    waitpid(child, &status, 0);
    free(vector), free(text);
    return status;
}

static void arguments(void)
{
    check("a string of 128 KiB", EXITED(0), execute_with(2, 131072));
    check("a byte more", EXITED(E2BIG), execute_with(2, 131073));
    check("many long ones", EXITED(0), execute_with(15, 131000));
    check("too many", EXITED(E2BIG), execute_with(18, 131000));
    check("many short ones", EXITED(0), execute_with(200000, 2));
    check("too many pointers", EXITED(E2BIG), execute_with(250000, 2));
}

/* ---- the rest ---- */

static void locks(void)
{
    int fd = open("locked", O_CREAT | O_RDWR, 0600);
    long made = 0;
    for (; made < 3000; made++) {
        struct flock lock = { .l_type = F_WRLCK, .l_start = 2 * made, .l_len = 1 };
        if (fcntl(fd, F_SETLK, &lock) != 0)
            break;
    }
    check("locks on every other byte", 3000, made);
    struct flock all = { .l_type = F_WRLCK };
    check("one for all", 0, result_of(fcntl(fd, F_SETLK, &all)));
    close(fd);
    unlink("locked");
}

static int queue_signals(void)
{
    sigset_t set;
    long count = 0;
    limit(RLIMIT_SIGPENDING, 200);
    setuid(USER);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    while (sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }) == 0)
        count++;
    return errno != EAGAIN ? 1 : count != 200;
}

static void signals(void)
{
    check("a full queue of signals", EXITED(0), child_status(queue_signals));
}

static void mounts(void)
{
    long made = 0, gone = 0, count = number ? number : 200;
    mkdir("on", 0700);
    while (made < count && mount("none", "on", "tmpfs", 0, "size=4k") == 0)
        made++;
    check("mounts on each other", count, made);
    while (gone < made && umount("on") == 0)
        gone++;
    check("unmounted", made, gone);
    check("the last is gone", -EINVAL, result_of(umount("on")));
    rmdir("on");
}

/* Linux has more of them, so the number is this kernel's. */
static int exhaust_terminals(void)
{
    long count = 0;
    limit(RLIMIT_NOFILE, 4096);
    setuid(USER);
    while (open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0)
        count++;
    return (errno == ENOSPC && count > 200) || errno == ENOMEM ? 0 : 1;
}

static void terminals(void)
{
    check("all pseudo-terminals", EXITED(0), child_status(exhaust_terminals));
}

static const struct {
    const char *name;
    void (*run)(void);
    int of_linux_too;
} loads[] = {
    { "bomb", bomb, 1 },
    { "processes", processes, 1 },
    { "deep", deep, 1 },
    { "deep-deleted", deep_and_deleted, 1 },
    { "long-names", long_names, 1 },
    { "links", links, 1 },
    { "files", files, 1 },
    { "directories", directories, 1 },
    { "names", names, 1 },
    { "deleted", deleted, 1 },
    { "sparse", sparse, 1 },
    { "descriptors", descriptors, 1 },
    { "open-files", open_files, 0 },
    { "pipes", pipes, 1 },
    { "areas", areas, 1 },
    { "shared", shared, 1 },
    { "stack", stack, 1 },
    { "arguments", arguments, 1 },
    { "locks", locks, 1 },
    { "signals", signals, 1 },
    { "mounts", mounts, 1 },
    { "terminals", terminals, 0 },
};

int main(int argc, char **argv)
{
    int known = 0;
    number = argc > 2 ? atol(argv[2]) : 0;
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        if (argc > 1 ? strcmp(argv[1], loads[i].name) : !loads[i].of_linux_too)
            continue;
        known = 1;
        loads[i].run();
    }
    return known ? checks_failed : 98;
}
