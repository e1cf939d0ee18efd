/* procfs, proc(5): formats, figures that must agree with what system calls say, permissions, and
 * processes that go while somebody looks at them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "check.h"

#define TEXT_MAX 65536
#define NOBODY   65534
#define MEGABYTE (1 << 20)
#define FIELDS   60

static char text[TEXT_MAX], other[TEXT_MAX];

/* ---- reading ---- */

/* A whole file into `out`, NUL-terminated: its length or an errno. */
static long slurp(const char *path, char *out)
{
    int fd = open(path, O_RDONLY);
    long length = 0, count;
    if (fd < 0)
        return -errno;
    while ((count = read(fd, out + length, TEXT_MAX - 1 - length)) > 0)
        length += count;
    if (count < 0)
        length = -errno;
    close(fd);
    out[length < 0 ? 0 : length] = '\0';
    return length;
}

static long slurp_of(pid_t pid, const char *name)
{
    char path[64];
    sprintf(path, "/proc/%d/%s", pid, name);
    return slurp(path, text);
}

/* What follows the line's name in `from`; "" if there is no such line. */
static const char *line_of(const char *from, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = from; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (!strncmp(line, name, length))
            return line + length + strspn(line + length, ": \t");
    return "";
}

static long number_of(const char *from, const char *name)
{
    return strtol(line_of(from, name), NULL, 10);
}

static long status_number(const char *name)
{
    slurp("/proc/self/status", text);
    return number_of(text, name);
}

static unsigned long status_set(const char *name)
{
    slurp("/proc/self/status", text);
    return strtoul(line_of(text, name), NULL, 16);
}

static int count_lines(const char *from)
{
    int count = 0;
    while ((from = strchr(from, '\n')))
        count++, from++;
    return count;
}

/* The numbers of a stat file by their numbers in proc(5); 2 and 3 are left out.  How many. */
static int stat_fields(pid_t pid, unsigned long long *field, char *state)
{
    if (slurp_of(pid, "stat") < 0)
        return -1;
    const char *at = strrchr(text, ')');
    if (!at)
        return -1;
    field[1] = strtoull(text, NULL, 10);
    *state = at[2];
    at += 3;
    int count = 3;
    for (char *end; count < FIELDS; at = end) {
        unsigned long long value = strtoull(at, &end, 10);
        if (end == at)
            break;
        field[++count] = value;
    }
    return count;
}

static char state_of(pid_t pid)
{
    unsigned long long field[FIELDS + 1];
    char state = '?';
    return stat_fields(pid, field, &state) < 0 ? '?' : state;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void burn(double time)
{
    for (double end = seconds() + time; seconds() < end;)
        for (volatile int i = 0; i < 100000; i++)
            ;
}

/* ---- stat, statm, status ---- */

static void test_stat(void)
{
    unsigned long long field[FIELDS + 1] = { 0 };
    char state = '?';
    prctl(PR_SET_NAME, "a) b (c");
    check("stat has 52 fields", 52, stat_fields(getpid(), field, &state));
    check("stat: state", 'R', state);
    check("stat: pid", getpid(), field[1]);
    check("stat: parent", getppid(), field[4]);
    check("stat: group", getpgrp(), field[5]);
    check("stat: session", getsid(0), field[6]);
    check("stat: priority", 20, field[18]);
    check("stat: nice", 0, field[19]);
    check("stat: threads", 1, field[20]);
    check("stat: started in the past", 1, field[22] / 100.0 <= seconds() + 0.02);
    check("stat: not long ago", 1, field[22] / 100.0 > seconds() - 60);
    check("stat: exit signal", SIGCHLD, field[38]);
    check("stat: code lies before its end", 1, field[26] < field[27]);
    check("stat: arguments before environment", 1, field[48] < field[49] && field[50] >= field[49]);
    check("stat: name", 0, strncmp(strchr(text, '('), "(a) b (c)", 9));
    slurp("/proc/self/statm", text);
    unsigned long pages[8] = { 0 };
    check("statm has 7 fields", 7,
          sscanf(text, "%lu %lu %lu %lu %lu %lu %lu", &pages[0], &pages[1], &pages[2], &pages[3],
                 &pages[4], &pages[5], &pages[6]));
    check("statm: size as in stat", field[23], pages[0] * getpagesize());
    check("statm: resident is less", 1, pages[1] > 0 && pages[1] <= pages[0]);
    check("statm: shared is less", 1, pages[2] <= pages[1]);
}

static void test_times(void)
{
    unsigned long long before[FIELDS + 1], after[FIELDS + 1];
    char state;
    stat_fields(getpid(), before, &state);
    burn(0.3);
    stat_fields(getpid(), after, &state);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long ticks = (long)(after[14] + after[15] - before[14] - before[15]);
    long used = usage.ru_utime.tv_sec * 100 + usage.ru_utime.tv_usec / 10000 +
                usage.ru_stime.tv_sec * 100 + usage.ru_stime.tv_usec / 10000;
    check("times grow", 1, ticks >= 5 && ticks <= 35);
    check("times as getrusage has them", 1, labs(used - (long)(after[14] + after[15])) <= 3);
}

static void test_status(void)
{
    static const char *const names[] = {
        "Name:",
        "Umask:",
        "State:",
        "Tgid:",
        "Ngid:",
        "Pid:",
        "PPid:",
        "TracerPid:",
        "Uid:",
        "Gid:",
        "FDSize:",
        "Groups:",
        "VmPeak:",
        "VmSize:",
        "VmLck:",
        "VmPin:",
        "VmHWM:",
        "VmRSS:",
        "RssAnon:",
        "RssFile:",
        "RssShmem:",
        "VmData:",
        "VmStk:",
        "VmExe:",
        "VmLib:",
        "VmSwap:",
        "Threads:",
        "SigQ:",
        "SigPnd:",
        "ShdPnd:",
        "SigBlk:",
        "SigIgn:",
        "SigCgt:",
        "Cpus_allowed:",
        "Cpus_allowed_list:",
        "voluntary_ctxt_switches:",
        "nonvoluntary_ctxt_switches:",
    };
    const char *last = text;
    long missing = 0;
    slurp("/proc/self/status", text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *line = line_of(text, names[i]);
        missing += line <= last;
        last = line;
    }
    check("status: all lines in their order", 0, missing);
    check("status: pid", getpid(), status_number("Pid"));
    check("status: parent", getppid(), status_number("PPid"));
    umask(027);
    slurp("/proc/self/status", text);
    check("status: umask", 0, strncmp(line_of(text, "Umask"), "0027\n", 5));
    umask(022);
    check("status: running", 0, strncmp(line_of(text, "State"), "R (running)\n", 12));
    check("status: resident is less than the most", 1,
          number_of(text, "VmRSS") <= number_of(text, "VmHWM"));
}

static void test_groups(void)
{
    static const gid_t groups[] = { 7, 12, 5000 };
    setgroups(3, groups);
    setresgid(20, 21, 22);
    setresuid(10, 0, 11);
    slurp("/proc/self/status", text);
    check("status: groups", 0, strncmp(line_of(text, "Groups"), "7 12 5000 \n", 11));
    check("status: group ids", 0, strncmp(line_of(text, "Gid"), "20\t21\t22\t21\n", 12));
    check("status: user ids", 0, strncmp(line_of(text, "Uid"), "10\t0\t11\t0\n", 10));
}

static void catch (int signal)
{
    (void)signal;
}

static void test_signals(void)
{
    sigset_t set;
    signal(SIGUSR2, SIG_IGN);
    signal(SIGHUP, catch);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_SETMASK, &set, NULL);
    long before = status_number("SigQ");
    check("status: blocked", 1ul << (SIGUSR1 - 1) | 1ul << (SIGRTMIN - 1), status_set("SigBlk"));
    check("status: ignored", 1, status_set("SigIgn") >> (SIGUSR2 - 1) & 1);
    check("status: caught", 1, status_set("SigCgt"));
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 3; i++)
        sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
    check("status: pending for the process", 1ul << (SIGUSR1 - 1) | 1ul << (SIGRTMIN - 1),
          status_set("ShdPnd"));
    check("status: pending for the task", 0, status_set("SigPnd"));
    check("status: queued", before + 4, status_number("SigQ"));
}

/* ---- memory ---- */

static void test_memory(void)
{
    memset(other, 0, sizeof other); /* so that reading touches no new page */
    memset(text, 0, sizeof text);
    long size = status_number("VmSize"), anonymous = status_number("RssAnon");
    int areas = (slurp("/proc/self/maps", text), count_lines(text));
    char *memory =
        mmap(NULL, 4 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* A hole on either side, so that it stays an area of its own. */
    munmap(memory, MEGABYTE);
    munmap(memory + 3 * MEGABYTE, MEGABYTE);
    memory += MEGABYTE;
    check("memory: size grows", size + 2048, status_number("VmSize"));
    check("memory: one more area", areas + 1, (slurp("/proc/self/maps", text), count_lines(text)));
    memset(memory, 1, MEGABYTE);
    long grown = status_number("RssAnon") - anonymous;
    check("memory: resident grows", 1, grown >= 1024 - 256 && grown <= 1024 + 512);
    char start[32];
    sprintf(start, "%lx-%lx rw-p 00000000 00:00 0", (long)memory, (long)memory + 2 * MEGABYTE);
    slurp("/proc/self/smaps", text);
    const char *area = strstr(text, start);
    check("smaps: the area", 1, area != NULL);
    check("smaps: size", 2048, area ? number_of(area, "Size") : -1);
    check("smaps: resident", 1024, area ? number_of(area, "Rss") : -1);
    check("smaps: proportional", 1024, area ? number_of(area, "Pss") : -1);
    check("smaps: private", 1024, area ? number_of(area, "Private_Dirty") : -1);
    check("smaps: anonymous", 1024, area ? number_of(area, "Anonymous") : -1);
    long sum = 0;
    for (const char *at = text; (at = strstr(at, "\nRss:")); at += 5)
        sum += strtol(at + 5, NULL, 10);
    slurp("/proc/self/smaps_rollup", other);
    check("smaps_rollup: the sum", sum, number_of(other, "Rss"));
    munmap(memory, 2 * MEGABYTE);
    check("memory: size shrinks", size, status_number("VmSize"));
    check("memory: the peak stays", 1, number_of(text, "VmPeak") >= size + 2048);
    check("memory: and the most resident", 1,
          number_of(text, "VmHWM") >= number_of(text, "VmRSS") + 1024 - 512);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    check("getrusage: the most resident", 1, usage.ru_maxrss >= 1024 && usage.ru_maxrss < 65536);
}

static void touch_eight(void)
{
    char *memory =
        mmap(NULL, 8 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 1, 8 * MEGABYTE);
}

static void test_usage_of_children(void)
{
    struct rusage usage;
    in_child(touch_eight);
    getrusage(RUSAGE_CHILDREN, &usage);
    check("getrusage: the largest child", 1,
          usage.ru_maxrss >= 8192 - 512 && usage.ru_maxrss < 65536);
}

static void test_transfers(void)
{
    char buffer[100];
    long first, second;
    int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
    first = slurp("/proc/self/io", text);
    long read_before = number_of(text, "rchar"), calls = number_of(text, "syscr");
    long written = number_of(text, "wchar"), writes = number_of(text, "syscw");
    check("reads", 100, read(zero, buffer, 100));
    check("writes", 100, write(null, buffer, 100));
    long printed = strlen("ok reads\n") + strlen("ok writes\n");
    second = slurp("/proc/self/io", text);
    check("io has 7 lines", 7, count_lines(text));
    check("io: bytes read", first + 100, number_of(text, "rchar") - read_before);
    check("io: reads", 3, number_of(text, "syscr") - calls);
    check("io: bytes written", 100 + printed, number_of(text, "wchar") - written);
    check("io: writes", 3, number_of(text, "syscw") - writes);
    check("io: a file that is read", 1, second > 0);
    close(zero);
    close(null);
}

/* ---- cmdline and comm ---- */

static void test_command_line(char **argv)
{
    size_t length = strlen(argv[0]) + 1;
    check("cmdline: length", length, slurp("/proc/self/cmdline", text));
    check("cmdline: the arguments", 0, memcmp(text, argv[0], length));
    argv[0][length - 1] = '!'; /* a title that goes on into the environment */
    check("cmdline: a title", strlen(argv[0]) + 1, slurp("/proc/self/cmdline", text));
    check("cmdline: of its text", 0, strcmp(text, argv[0]));
    argv[0][length - 1] = '\0';
}

static void test_name(void)
{
    int fd = open("/proc/self/comm", O_RDWR);
    char name[32] = "";
    check("comm: write", 20, write(fd, "a-name-that-is-long\n", 20));
    check("comm: read", 16, pread(fd, name, sizeof name, 0));
    check("comm: cut", 0, strcmp(name, "a-name-that-is-\n"));
    prctl(PR_SET_NAME, "other");
    check("comm: the beginning again", 0, lseek(fd, 0, SEEK_SET));
    check("comm: is made anew", 6, read(fd, name, sizeof name));
    close(fd);
    char path[64];
    sprintf(path, "/proc/%d/comm", getppid());
    fd = open(path, O_WRONLY);
    check("comm: of another", -EINVAL, write(fd, "x", 1));
    close(fd);
}

/* ---- reading in pieces, refused writes ---- */

static void test_pieces(void)
{
    long length = slurp("/proc/self/limits", text), done = 0;
    int fd = open("/proc/self/limits", O_RDONLY);
    while (read(fd, other + done, 1) == 1)
        done++;
    check("pieces: as long", length, done);
    check("pieces: the same", 0, memcmp(text, other, length));
    check("pieces: from the middle", 10, pread(fd, other, 10, 100));
    check("pieces: is the middle", 0, memcmp(text + 100, other, 10));
    check("pieces: behind the end", 0, pread(fd, other, 10, length + 5));
    check("pieces: seek", 50, lseek(fd, 50, SEEK_SET));
    check("pieces: read there", 10, read(fd, other, 10));
    check("pieces: is there", 0, memcmp(text + 50, other, 10));
    close(fd);
    check("limits: lines", 17, count_lines(text));
    check("limits: no unit", 0,
          strncmp(strstr(text, "Max nice"),
                  "Max nice priority         0                    0                    \n", 68));
    fd = open("/proc/self/limits", O_RDONLY);
    check("pieces: before anything was read", 10, pread(fd, other, 10, 100));
    check("pieces: is that place", 0, memcmp(text + 100, other, 10));
    close(fd);
}

static long write_to(const char *path)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return -errno;
    long count = result(write(fd, "1", 1));
    close(fd);
    return count;
}

static void test_refusals(void)
{
    check("write: to a process's file", -EINVAL, write_to("/proc/self/stat"));
    check("write: to the system's", -EIO, write_to("/proc/uptime"));
    check("create", -ENOENT, open("/proc/nonesuch", O_CREAT | O_WRONLY, 0600));
    check("rename", -ENOENT, rename("/proc/version", "/proc/nonesuch"));
    check("rename over another", -EPERM, rename("/proc/version", "/proc/uptime"));
    check("link", -ENOENT, link("/proc/version", "/proc/nonesuch"));
    check("make a directory", -ENOENT, mkdir("/proc/nonesuch", 0700));
    check("chmod", -EPERM, chmod("/proc/self/stat", 0600));
    check("no such process", -ENOENT, slurp("/proc/99999999/stat", text));
    check("leading zero", -ENOENT, slurp("/proc/01/stat", text));
    check("read a directory", -EISDIR, slurp("/proc/self", text));
}

/* ---- descriptors ---- */

static void test_descriptors(void)
{
    char target[128], path[64];
    struct stat status;
    int fd = open("f", O_CREAT | O_WRONLY | O_APPEND, 0600), ends[2];
    check("fd: write", 5, write(fd, "abcde", 5));
    sprintf(path, "/proc/self/fd/%d", fd);
    lstat(path, &status);
    check("fd: permissions", S_IFLNK | 0300, status.st_mode);
    check("fd: size", 64, status.st_size);
    unlink("f");
    target[result(readlink(path, target, sizeof target - 1))] = '\0';
    check("fd: deleted", 1, strstr(target, "/f (deleted)") != NULL);
    sprintf(path, "/proc/self/fdinfo/%d", fd);
    slurp(path, text);
    check("fdinfo: position", 5, number_of(text, "pos"));
    check("fdinfo: flags", O_WRONLY | O_APPEND,
          strtol(line_of(text, "flags"), NULL, 8) & (O_ACCMODE | O_APPEND));
    check("fdinfo: close on exec is not set", 0,
          strtol(line_of(text, "flags"), NULL, 8) & O_CLOEXEC);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    slurp(path, text);
    check("fdinfo: close on exec", O_CLOEXEC, strtol(line_of(text, "flags"), NULL, 8) & O_CLOEXEC);
    close(fd);
    check("fdinfo: of none", -ENOENT, slurp(path, text));
    check("pipe", 0, pipe(ends));
    sprintf(path, "/proc/self/fd/%d", ends[0]);
    target[result(readlink(path, target, sizeof target - 1))] = '\0';
    fstat(ends[0], &status);
    sprintf(path, "pipe:[%lu]", (unsigned long)status.st_ino);
    check("fd: a pipe's name", 0, strcmp(target, path));
    close(ends[0]);
    close(ends[1]);
}

static void test_locks(void)
{
    int fd = open("f", O_CREAT | O_RDWR, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 };
    char record[64];
    struct stat status;
    fcntl(fd, F_SETLK, &lock);
    flock(fd, LOCK_SH);
    fstat(fd, &status);
    sprintf(record, "POSIX  ADVISORY  WRITE %d ", getpid());
    slurp("/proc/locks", text);
    const char *line = strstr(text, record);
    check("locks: of a record", 1, line != NULL);
    unsigned long inode = 0, start = 0, end = 0;
    if (line)
        sscanf(line + strlen(record), "%*x:%*x:%lu %lu %lu", &inode, &start, &end);
    check("locks: inode", status.st_ino, inode);
    check("locks: from", 10, start);
    check("locks: to", 14, end);
    line = strstr(text, "FLOCK  ADVISORY  READ");
    check("locks: of the file", 1, line != NULL && strstr(line, " 0 EOF\n") != NULL);
    close(fd);
    unlink("f");
}

/* ---- other processes ---- */

static pid_t start_sleeper(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    for (int i = 0; i < 500 && state_of(child) != 'S'; i++)
        usleep(10000);
    return child;
}

static void test_states(void)
{
    pid_t child = start_sleeper();
    char path[64], target[64];
    check("sleeps", 'S', state_of(child));
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    check("stopped", 'T', state_of(child));
    kill(child, SIGKILL);
    siginfo_t information;
    waitid(P_PID, child, &information, WEXITED | WNOWAIT);
    check("zombie", 'Z', state_of(child));
    check("zombie: no command line", 0, slurp_of(child, "cmdline"));
    slurp_of(child, "statm");
    check("zombie: no memory", 0, strcmp(text, "0 0 0 0 0 0 0\n"));
    slurp_of(child, "status");
    check("zombie: no size", 0, strlen(line_of(text, "VmSize")));
    check("zombie: state", 0, strncmp(line_of(text, "State"), "Z (zombie)\n", 11));
    sprintf(path, "/proc/%d/exe", child);
    check("zombie: no program", -ENOENT, readlink(path, target, sizeof target));
    waitpid(child, NULL, 0);
    check("gone", -ENOENT, slurp_of(child, "stat"));
}

static void test_death(void)
{
    pid_t child = start_sleeper();
    char path[64], entries[1024];
    sprintf(path, "/proc/%d", child);
    int directory = open(path, O_RDONLY | O_DIRECTORY);
    int stat = openat(directory, "stat", O_RDONLY),
        cmdline = openat(directory, "cmdline", O_RDONLY);
    int fds = openat(directory, "fd", O_RDONLY | O_DIRECTORY);
    int begun = openat(directory, "limits", O_RDONLY);
    check("death: the beginning of a file", 10, read(begun, entries, 10));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check("death: lookup", -ESRCH, openat(directory, "stat", O_RDONLY));
    check("death: list", -ENOENT, getdents(directory, (void *)entries, sizeof entries));
    check("death: list descriptors", -ENOENT, getdents(fds, (void *)entries, sizeof entries));
    check("death: stat", -ESRCH, read(stat, entries, 10));
    check("death: cmdline", -ESRCH, read(cmdline, entries, 10));
    check("death: the rest of a file", 10, read(begun, entries, 10));
    close(directory);
    close(stat);
    close(cmdline);
    close(fds);
    close(begun);
}

/* The list of /proc while children come and go: what stays is there once. */
static void test_list(void)
{
    char own[16], parent[16];
    long twice = 0;
    sprintf(own, "%d", getpid());
    sprintf(parent, "%d", getppid());
    for (int round = 0; round < 10; round++) {
        DIR *directory = opendir("/proc");
        struct dirent *entry;
        int seen = 0, steps = 0;
        while ((entry = readdir(directory))) {
            seen += !strcmp(entry->d_name, own) || !strcmp(entry->d_name, parent);
            if (steps++ % 8 == 0) {
                pid_t child = fork();
                if (child == 0)
                    _exit(0);
                waitpid(child, NULL, 0);
            }
        }
        closedir(directory);
        twice += seen != 2;
    }
    check("list: who stays is there once", 0, twice);
}

/* ---- permissions ---- */

static pid_t subject;

static long open_of(pid_t pid, const char *name, int flags)
{
    char path[64];
    sprintf(path, "/proc/%d/%s", pid, name);
    int fd = open(path, flags);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static long link_of(pid_t pid, const char *name)
{
    char path[64], target[256];
    sprintf(path, "/proc/%d/%s", pid, name);
    return readlink(path, target, sizeof target) > 0 ? 0 : -errno;
}

static void look_as_stranger(void)
{
    static const char *const closed[] = { "environ", "auxv", "maps", "smaps", "io", "mountstats" };
    static const char *const open[] = { "stat", "statm", "status", "cmdline", "comm", "limits" };
    static const char *const links[] = { "exe", "cwd", "root" };
    unsigned long long field[FIELDS + 1];
    char name[64], state;
    setgroups(0, NULL);
    setresgid(NOBODY, NOBODY, NOBODY);
    setresuid(NOBODY, NOBODY, NOBODY);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        sprintf(name, "stranger: may not read %s", closed[i]);
        check(name, -EACCES, open_of(subject, closed[i], O_RDONLY));
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        sprintf(name, "stranger: may read %s", open[i]);
        check(name, 0, open_of(subject, open[i], O_RDONLY));
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        sprintf(name, "stranger: may not follow %s", links[i]);
        check(name, -EACCES, link_of(subject, links[i]));
    }
    check("stranger: fd", -EACCES, open_of(subject, "fd", O_RDONLY));
    check("stranger: fdinfo", -EACCES, open_of(subject, "fdinfo", O_RDONLY));
    check("stranger: task", 0, open_of(subject, "task", O_RDONLY));
    stat_fields(subject, field, &state);
    check("stranger: no stack address", 0, field[28]);
    check("stranger: no argument address", 0, field[48]);
    /* Who has changed its user is not to be looked into, but may look into itself. */
    struct stat status;
    stat("/proc/self", &status);
    check("changed user: owner", NOBODY, status.st_uid);
    stat("/proc/self/environ", &status);
    check("changed user: owner of what is secret", 0, status.st_uid);
    check("changed user: environ", -EACCES, open_of(getpid(), "environ", O_RDONLY));
    check("changed user: exe", 0, link_of(getpid(), "exe"));
    check("changed user: fd", 0, open_of(getpid(), "fd", O_RDONLY));
    check("changed user: maps", 0, open_of(getpid(), "maps", O_RDONLY));
}

static void test_permissions(void)
{
    subject = getpid();
    in_child(look_as_stranger);
}

/* ---- the system ---- */

static void test_system(void)
{
    double up, idle, load[3];
    long running, all, last, numbers[10];
    int rest = 0;
    slurp("/proc/uptime", text);
    check("uptime: two figures", 2, sscanf(text, "%lf %lf %n", &up, &idle, &rest));
    check("uptime: and no more", 0, text[rest]);
    check("uptime: as the clock", 1, up <= seconds() + 0.02 && up > seconds() - 1);
    slurp("/proc/loadavg", text);
    check("loadavg: six figures", 6,
          sscanf(text, "%lf %lf %lf %ld/%ld %ld", &load[0], &load[1], &load[2], &running, &all,
                 &last));
    check("loadavg: somebody runs", 1, running >= 1 && running <= all);
    slurp("/proc/stat", text);
    check("stat: ten times", 10,
          sscanf(text, "cpu %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld", &numbers[0], &numbers[1],
                 &numbers[2], &numbers[3], &numbers[4], &numbers[5], &numbers[6], &numbers[7],
                 &numbers[8], &numbers[9]));
    long busy = numbers[0] + numbers[1] + numbers[2], forks = number_of(text, "processes");
    long switches = number_of(text, "ctxt"), interrupts = number_of(text, "intr");
    check("stat: time of boot", 1,
          labs(number_of(text, "btime") - (time(NULL) - (long)seconds())) <= 2);
    burn(0.4);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    slurp("/proc/stat", text);
    sscanf(text, "cpu %ld %ld %ld", &numbers[0], &numbers[1], &numbers[2]);
    check("stat: busy time grows", 1, numbers[0] + numbers[1] + numbers[2] - busy >= 20);
    check("stat: a process more", 1, number_of(text, "processes") > forks);
    check("stat: switches", 1, number_of(text, "ctxt") > switches);
    check("stat: interrupts", 1, number_of(text, "intr") > interrupts);
    slurp("/proc/meminfo", text);
    check("meminfo: free is less than all", 1,
          number_of(text, "MemFree") > 0 &&
              number_of(text, "MemFree") < number_of(text, "MemTotal"));
    slurp("/proc/vmstat", text);
    long faults = number_of(text, "pgfault ");
    touch_eight();
    slurp("/proc/vmstat", text);
    check("vmstat: page faults", 1, number_of(text, "pgfault ") >= faults + 16);
}

/* User time of a process that gives way counts apart. */
static void run_nicely(void)
{
    long before = 0, after = 0;
    setpriority(PRIO_PROCESS, 0, 10);
    slurp("/proc/stat", text);
    sscanf(text, "cpu %*d %ld", &before);
    burn(0.4);
    slurp("/proc/stat", text);
    sscanf(text, "cpu %*d %ld", &after);
    check("stat: nice time", 1, after > before);
    unsigned long long field[FIELDS + 1];
    char state;
    stat_fields(getpid(), field, &state);
    check("stat: priority of the nice", 30, field[18]);
    check("stat: niceness", 10, field[19]);
}

static void test_settings(void)
{
    char name[65] = "";
    gethostname(name, sizeof name - 1);
    strcat(name, "\n");
    slurp("/proc/sys/kernel/hostname", text);
    check("sys: host name", 0, strcmp(text, name));
    slurp("/proc/sys/kernel/random/boot_id", text);
    check("sys: boot id", 37, slurp("/proc/sys/kernel/random/boot_id", other));
    check("sys: is the same", 0, strcmp(text, other));
    slurp("/proc/sys/kernel/random/uuid", text);
    check("sys: another id", 37, slurp("/proc/sys/kernel/random/uuid", other));
    check("sys: is new", 1, strcmp(text, other) != 0);
    check("sys: version 4", '4', other[14]);
    check("sys: dashes", 4,
          (other[8] == '-') + (other[13] == '-') + (other[18] == '-') + (other[23] == '-'));
    check("sys: ngroups_max", 65536, (slurp("/proc/sys/kernel/ngroups_max", text), atol(text)));
    slurp("/proc/sys/vm/mmap_min_addr", text);
    check("sys: mmap_min_addr", 1, atol(text) >= getpagesize() && atol(text) % getpagesize() == 0);
    long used, unused, most;
    slurp("/proc/sys/fs/file-nr", text);
    check("sys: file-nr", 3, sscanf(text, "%ld\t%ld\t%ld\n", &used, &unused, &most));
    check("sys: files are open", 1, used >= 3 && used <= most);
    long dentries, idle, negative, before;
    slurp("/proc/sys/fs/dentry-state", text);
    check("sys: dentry-state", 3,
          sscanf(text, "%ld\t%ld\t45\t0\t%ld\t0\n", &dentries, &idle, &negative));
    check("sys: dentries in use", 1, dentries > idle && idle >= negative && negative >= 0);
    slurp("/proc/sys/fs/inode-nr", text);
    check("sys: inodes", 1, sscanf(text, "%ld\t%ld\n", &before, &unused) == 2 && before > unused);
    check("sys: what is not for writing", -EACCES, open("/proc/sys/kernel/osrelease", O_WRONLY));
}

int main(int argc, char **argv)
{
    (void)argc;
    enter_scratch("probe-proc");
    test_command_line(argv);
    test_stat();
    test_times();
    test_status();
    in_child(test_groups);
    in_child(test_signals);
    test_memory();
    test_usage_of_children();
    test_transfers();
    in_child(test_name);
    test_pieces();
    test_refusals();
    test_descriptors();
    test_locks();
    test_states();
    test_death();
    test_list();
    test_permissions();
    test_system();
    in_child(run_nicely);
    test_settings();
    return finish("probe-proc");
}
