/* probe-inspect: what /proc tells of the newer things that a process has: files of events, timers,
 * locked memory, the vDSO, and how it is ranked when memory runs out.  Run it as root. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "checks_of_processes.h"

static char text[1 << 16];

static const char *read_file(const char *name)
{
    int fd = open(name, O_RDONLY);
    ssize_t length = 0, got;
    while (fd >= 0 && (got = read(fd, text + length, sizeof text - 1 - (size_t)length)) > 0)
        length += got;
    text[length] = '\0';
    close(fd);
    return text;
}

static long write_file(const char *name, const char *what)
{
    int fd = open(name, O_WRONLY);
    long result = fd < 0 || write(fd, what, strlen(what)) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return result;
}

static int fdinfo_has(int fd, const char *wanted)
{
    char name[40];
    sprintf(name, "/proc/self/fdinfo/%d", fd);
    return strstr(read_file(name), wanted) != NULL;
}

static void test_fdinfo(void)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x1234 };
    struct itimerspec never = { { 7, 5 }, { 0, 0 } };
    sigset_t set;
    char line[100];
    int fd = eventfd(0x1f, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    check_true("eventfd", fdinfo_has(fd, "eventfd-count:               1f\n"));
    check_true("timerfd", fdinfo_has(timer, "clockid: 1\nticks: 0\nsettime flags: 00\n"
                                            "it_value: (0, 0)\nit_interval: (0, 0)\n"));
    never.it_value.tv_sec = 1000000000;
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &never, NULL);
    check_true("set absolutely", fdinfo_has(timer, "settime flags: 01\n"));
    check_true("its interval", fdinfo_has(timer, "it_interval: (7, 5)\n"));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int signals = signalfd(-1, &set, 0);
    check_true("signalfd", fdinfo_has(signals, "sigmask:\t0000000000000200\n"));
    int many = epoll_create1(0);
    epoll_ctl(many, EPOLL_CTL_ADD, fd, &event);
    sprintf(line, "tfd: %8d events: %8x data: %16llx  pos:0 ino:", fd, 0x19, 0x1234ull);
    check_true("epoll", fdinfo_has(many, line));
    close(fd), close(timer), close(signals), close(many);
}

static void test_timers(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
    char expected[200];
    int id;
    check_true("no timers", read_file("/proc/self/timers")[0] == '\0');
    event.sigev_value.sival_ptr = (void *)0xabc;
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
    sprintf(expected, "ID: %d\nsignal: 12/", id);
    read_file("/proc/self/timers");
    check_true("its id and signal", !strncmp(text, expected, strlen(expected)));
    sprintf(expected, "abc\nnotify: signal/pid.%d\nClockID: 1\n", getpid());
    check_true("the rest", strstr(text, expected) != NULL);
    syscall(SYS_timer_delete, id);
}

static int as_user(void)
{
    if (write_file("/proc/self/oom_score_adj", "300\n") || setresuid(1000, 1000, 1000))
        return 1;
    prctl(PR_SET_DUMPABLE, 1);
    if (write_file("/proc/self/oom_score_adj", "500") != 0)
        return 2;
    return write_file("/proc/self/oom_score_adj", "200") == -EACCES ? 0 : 3;
}

static int inherits(void)
{
    return strcmp(read_file("/proc/self/oom_score_adj"), "100\n") != 0;
}

static void test_ranking(void)
{
    const char *name = "/proc/self/oom_score_adj";
    check("more readily", 0, write_file(name, "100\n"));
    check_true("told", !strcmp(read_file(name), "100\n"));
    check("a child too", EXITED(0), child_status(inherits));
    check("too much", -EINVAL, write_file(name, "1001"));
    check("no number", -EINVAL, write_file(name, "much"));
    if (prctl(PR_CAPBSET_READ, 24) == 1) { /* CAP_SYS_RESOURCE: in a container, root has less */
        check("a user may only rise", EXITED(0), child_status(as_user));
        check("never", 0, write_file(name, "-1000"));
        check_true("score", !strcmp(read_file("/proc/self/oom_score"), "0\n"));
    }
    check("as before", 0, write_file(name, "0"));
    check_true("score again", strcmp(read_file("/proc/self/oom_score"), "0\n") != 0);
}

static void test_memory(void)
{
    void *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_true("nothing locked",
               strstr(read_file("/proc/self/status"), "VmLck:\t       0 kB") != NULL);
    check("lock", 0, mlock(memory, 8192));
    check_true("locked", strstr(read_file("/proc/self/status"), "VmLck:\t       8 kB") != NULL);
    munmap(memory, 8192);
    check_true("vDSO", strstr(read_file("/proc/self/maps"), "[vdso]\n") != NULL);
}

static void test_settings(void)
{
    char before[20];
    snprintf(before, sizeof before, "%s", read_file("/proc/sys/kernel/pid_max"));
    check("fewer processes", 0, write_file("/proc/sys/kernel/pid_max", "30000"));
    check_true("told", !strcmp(read_file("/proc/sys/kernel/pid_max"), "30000\n"));
    check("too few", -EINVAL, write_file("/proc/sys/kernel/pid_max", "300"));
    check("too many", -EINVAL, write_file("/proc/sys/kernel/pid_max", "4194305"));
    check("as before", 0, write_file("/proc/sys/kernel/pid_max", before));
}

/* Sixteen TiB of a file, of which two pages are there: whoever looks does not look at each page. */
static void test_sparse(void)
{
    size_t size = (size_t)1 << 44;
    int fd = open("/bin/busybox", O_RDONLY);
    char *place = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    unsigned long pages = 0;
    volatile char byte;
    check_true("mapped", place != MAP_FAILED);
    if (place == MAP_FAILED)
        return;
    byte = place[0];
    byte = place[300 * 1024];
    (void)byte;
    sscanf(read_file("/proc/self/statm"), "%lu", &pages);
    check_true("its size is told", pages > size >> 12);
    check_true("and its pages",
               strstr(read_file("/proc/self/smaps"), "Size:           17179869184 kB\n") != NULL);
    munmap(place, size);
    close(fd);
}

int main(int count, char **arguments)
{
    (void)arguments;
    test_fdinfo();
    test_timers();
    test_ranking();
    test_memory();
    test_sparse();
    if (count == 1) /* with any argument, the machine's settings are left alone */
        test_settings();
    return checks_failed;
}
