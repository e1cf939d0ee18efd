/* probe-event: eventfd(2), timerfd_create(2), signalfd(2), epoll(7).
 *
 * Times are only compared with what must be: no check depends on how fast the machine is. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "checks_of_processes.h"

static long error_or(long result)
{
    return result == -1 ? -errno : result;
}

static long poll_one(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };
    return poll(&one, 1, 0) < 0 ? -errno : one.revents;
}

static void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){ 0, milliseconds * 1000000 }, NULL);
}

/* ---- eventfd ---- */

static long add(int fd, uint64_t value)
{
    return error_or(write(fd, &value, sizeof value));
}

static long take(int fd)
{
    uint64_t value;
    long got = read(fd, &value, sizeof value);
    return got == sizeof value ? (long)value : error_or(got);
}

static void *add_later(void *argument)
{
    sleep_ms(10);
    add(*(int *)argument, 3);
    return NULL;
}

static void test_eventfd(void)
{
    uint64_t two[2] = { 1, 2 };
    pthread_t thread;
    int fd = eventfd(5, EFD_NONBLOCK | EFD_CLOEXEC);
    check_errno("eventfd, bad flags", EINVAL, eventfd(0, 4));
    check("close-on-exec", FD_CLOEXEC, fcntl(fd, F_GETFD));
    check("count at first", 5, take(fd));
    check("empty", -EAGAIN, take(fd));
    check("poll when empty", POLLOUT, poll_one(fd, POLLIN | POLLOUT));
    check("add", 8, add(fd, 7));
    check("add once more", 8, add(fd, 8));
    check("poll", POLLIN | POLLOUT, poll_one(fd, POLLIN | POLLOUT));
    check("sum", 15, take(fd));
    check("add the largest", -EINVAL, add(fd, UINT64_MAX));
    check("add the most", 8, add(fd, UINT64_MAX - 1));
    check("add beyond", -EAGAIN, add(fd, 1));
    check("poll when full", POLLIN, poll_one(fd, POLLIN | POLLOUT));
    check("take it", -2, take(fd));
    check("short write", -EINVAL, error_or(write(fd, two, 4)));
    check("short read", -EINVAL, error_or(read(fd, two, 4)));
    check("write", 8, error_or(write(fd, two, 8)));
    check("long read", 8, error_or(read(fd, two, 16)));
    check("what was written", 1, (long)two[0]);
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    check("semaphore", 1, take(fd));
    check("semaphore again", 1, take(fd));
    check("semaphore empty", -EAGAIN, take(fd));
    close(fd);
    fd = eventfd(0, 0);
    pthread_create(&thread, NULL, add_later, &fd);
    check("read waits", 3, take(fd));
    pthread_join(thread, NULL);
    close(fd);
}

/* ---- timerfd ---- */

static int set_timer(int fd, int flags, long value_ms, long interval_ms)
{
    struct itimerspec time = { { interval_ms / 1000, interval_ms % 1000 * 1000000 },
                               { value_ms / 1000, value_ms % 1000 * 1000000 } };
    return timerfd_settime(fd, flags, &time, NULL);
}

static void test_timerfd(void)
{
    struct itimerspec now, bad = { { 0, 0 }, { 0, 1000000000 } };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    check_errno("no such clock", EINVAL, timerfd_create(77, 0));
    check_errno("no such flag", EINVAL, timerfd_create(CLOCK_MONOTONIC, 1));
    check_errno("bad time", EINVAL, timerfd_settime(fd, 0, &bad, NULL));
    check_errno("bad flag", EINVAL, timerfd_settime(fd, 64, &now, NULL));
    check_errno("bad address", EFAULT, timerfd_settime(fd, 0, (void *)8, NULL));
    check_errno("not a timer", EINVAL, timerfd_gettime(1, &now));
    check("not set", -EAGAIN, take(fd));
    check("set", 0, set_timer(fd, 0, 3600000, 0));
    check("not expired", -EAGAIN, take(fd));
    check("poll", 0, poll_one(fd, POLLIN));
    timerfd_gettime(fd, &now);
    check_true("time left", now.it_value.tv_sec >= 3500 && now.it_value.tv_sec < 3600);
    check("short read", -EINVAL, error_or(read(fd, &now, 4)));
    check("set to soon", 0, set_timer(fd, 0, 5, 0));
    fcntl(fd, F_SETFL, 0);
    check("expires once", 1, take(fd));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    check("and not again", -EAGAIN, take(fd));
    timerfd_gettime(fd, &now);
    check("nothing left", 0, now.it_value.tv_sec + now.it_value.tv_nsec);
    check("set to every 5 ms", 0, set_timer(fd, 0, 5, 5));
    sleep_ms(30);
    check("poll when expired", POLLIN, poll_one(fd, POLLIN));
    check_true("several expirations", take(fd) >= 5);
    check("set to a time long ago", 0, set_timer(fd, TFD_TIMER_ABSTIME, 1, 0));
    check("expired at once", 1, take(fd));
    check("set", 0, set_timer(fd, 0, 1, 0));
    check("stop", 0, set_timer(fd, 0, 0, 0));
    sleep_ms(5);
    check("stopped", -EAGAIN, take(fd));
    close(fd);
}

/* ---- signalfd ---- */

static void test_signalfd(void)
{
    struct signalfd_siginfo got[2];
    sigset_t set, more;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    more = set;
    sigaddset(&more, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &more, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK);
    check("no signal", -EAGAIN, error_or(read(fd, got, sizeof got)));
    check("poll", 0, poll_one(fd, POLLIN));
    kill(getpid(), SIGUSR1);
    check("poll with a signal", POLLIN, poll_one(fd, POLLIN));
    check("short read", -EINVAL, error_or(read(fd, got, 100)));
    check("read", sizeof got[0], error_or(read(fd, got, sizeof got)));
    check("which", SIGUSR1, got[0].ssi_signo);
    check("from whom", getpid(), got[0].ssi_pid);
    check("how", SI_USER, got[0].ssi_code);
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 17 });
    check("not in the mask", -EAGAIN, error_or(read(fd, got, sizeof got)));
    check("a new mask", fd, signalfd(fd, &more, 0));
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 18 });
    check("two at once", sizeof got, error_or(read(fd, got, sizeof got)));
    check("value", 17, got[0].ssi_int);
    check("second value", 18, got[1].ssi_int);
    check_errno("not a signalfd", EINVAL, signalfd(1, &set, 0));
    check_errno("no descriptor", EBADF, signalfd(99, &set, 0));
    fcntl(fd, F_SETFL, 0);
    pid_t child = fork();
    if (child == 0) {
        sleep_ms(10);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    check("read waits", sizeof got[0], error_or(read(fd, got, sizeof got)));
    check("child's", child, got[0].ssi_pid);
    waitpid(child, NULL, 0);
    close(fd);
    sigprocmask(SIG_UNBLOCK, &more, NULL);
}

/* ---- epoll ---- */

static struct epoll_event events[8];

static long control(int set, int operation, int fd, uint32_t wanted)
{
    struct epoll_event event = { .events = wanted, .data.fd = fd };
    return error_or(epoll_ctl(set, operation, fd, &event));
}

static long now_ready(int set)
{
    return error_or(epoll_wait(set, events, 8, 0));
}

static void test_epoll_errors(int set, int *ends)
{
    int file = open("/proc/self/exe", O_RDONLY);
    check_errno("epoll_create(0)", EINVAL, syscall(SYS_epoll_create, 0));
    check_errno("epoll_create1, bad flags", EINVAL, epoll_create1(1));
    check("a regular file", -EPERM, control(set, EPOLL_CTL_ADD, file, EPOLLIN));
    check("no descriptor", -EBADF, control(set, EPOLL_CTL_ADD, 99, EPOLLIN));
    check("not a set", -EINVAL, control(ends[0], EPOLL_CTL_ADD, ends[1], EPOLLIN));
    check("itself", -EINVAL, control(set, EPOLL_CTL_ADD, set, EPOLLIN));
    check("change what is not there", -ENOENT, control(set, EPOLL_CTL_MOD, ends[0], EPOLLIN));
    check("remove what is not there", -ENOENT, control(set, EPOLL_CTL_DEL, ends[0], EPOLLIN));
    check("no such operation", -EINVAL, control(set, 9, ends[0], EPOLLIN));
    check("add", 0, control(set, EPOLL_CTL_ADD, ends[0], EPOLLIN));
    check("add again", -EEXIST, control(set, EPOLL_CTL_ADD, ends[0], EPOLLIN));
    check_errno("no room", EINVAL, epoll_wait(set, events, 0, 0));
    check_errno("wait on no set", EINVAL, epoll_wait(ends[0], events, 1, 0));
    check("remove", 0, control(set, EPOLL_CTL_DEL, ends[0], 0));
    close(file);
}

static void test_levels_and_edges(int set, int *ends)
{
    char byte;
    control(set, EPOLL_CTL_ADD, ends[0], EPOLLIN);
    check("nothing yet", 0, now_ready(set));
    check("write", 1, write(ends[1], "a", 1));
    check("level", 1, now_ready(set));
    check("its data", ends[0], events[0].data.fd);
    check("its events", EPOLLIN, events[0].events);
    check("level, still", 1, now_ready(set));
    control(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET);
    check("edge", 1, now_ready(set));
    check("edge, no more", 0, now_ready(set));
    check("write", 1, write(ends[1], "b", 1));
    check("edge, new data", 1, now_ready(set));
    control(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT);
    check("once", 1, now_ready(set));
    check("once only", 0, now_ready(set));
    check("write", 1, write(ends[1], "c", 1));
    check("not even then", 0, now_ready(set));
    control(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT);
    check("armed again", 1, now_ready(set));
    control(set, EPOLL_CTL_MOD, ends[0], EPOLLIN);
    for (int i = 0; i < 3; i++)
        check("read", 1, read(ends[0], &byte, 1));
    check("empty again", 0, now_ready(set));
    control(set, EPOLL_CTL_DEL, ends[0], 0);
}

static void test_several(int set, int *ends)
{
    int other[2], copy;
    if (pipe(other))
        exit(2);
    control(set, EPOLL_CTL_ADD, ends[0], EPOLLIN);
    control(set, EPOLL_CTL_ADD, ends[1], EPOLLOUT);
    control(set, EPOLL_CTL_ADD, other[0], EPOLLIN);
    check("one of three", 1, now_ready(set));
    check("write", 1, write(other[1], "x", 1));
    check("write", 1, write(ends[1], "x", 1));
    check("three", 3, now_ready(set));
    check("at most two", 2, epoll_wait(set, events, 2, 0));
    close(other[1]);
    other[1] = -1;
    check("three with a hang-up", 3, now_ready(set));
    copy = dup(other[0]);
    close(other[0]);
    check("a copy keeps the file", 3, now_ready(set));
    close(copy);
    check("closed files leave the set", 2, now_ready(set));
    control(set, EPOLL_CTL_DEL, ends[0], 0);
    control(set, EPOLL_CTL_DEL, ends[1], 0);
    check("empty", 0, now_ready(set));
    char byte;
    check("read", 1, read(ends[0], &byte, 1));
}

static void test_nested(void)
{
    int sets[7], event = eventfd(0, EFD_NONBLOCK);
    for (int i = 0; i < 7; i++)
        sets[i] = epoll_create1(0);
    control(sets[0], EPOLL_CTL_ADD, event, EPOLLIN);
    check("a set in a set", 0, control(sets[1], EPOLL_CTL_ADD, sets[0], EPOLLIN));
    check("a circle", -ELOOP, control(sets[0], EPOLL_CTL_ADD, sets[1], EPOLLIN));
    check("outer set not ready", 0, now_ready(sets[1]));
    check("outer set, poll", 0, poll_one(sets[1], POLLIN));
    add(event, 1);
    check("outer set ready", 1, now_ready(sets[1]));
    check("outer set, poll when ready", POLLIN, poll_one(sets[1], POLLIN));
    take(event);
    check("outer set not ready any more", 0, now_ready(sets[1]));
    for (int i = 2; i < 5; i++)
        check("a deeper set", 0, control(sets[i], EPOLL_CTL_ADD, sets[i - 1], EPOLLIN));
    add(event, 1);
    check("through five sets", 1, now_ready(sets[4]));
    for (int i = 0; i < 7; i++)
        close(sets[i]);
    close(event);
}

/* Sets one in the other, made from the outermost: how many before the kernel says no. */
static long chain_length(int *error)
{
    int sets[20];
    long length = 0;
    for (int i = 0; i < 20; i++)
        sets[i] = epoll_create1(0);
    while (length < 19 &&
           !(*error = control(sets[length], EPOLL_CTL_ADD, sets[length + 1], EPOLLIN)))
        length++;
    for (int i = 0; i < 20; i++)
        close(sets[i]);
    return length;
}

/* How many sets may stand around the innermost of `depth` sets, in which an event is. */
static long ways(int depth, int *error)
{
    int event = eventfd(0, 0), inner = epoll_create1(0), first = inner;
    long count = 0;
    control(inner, EPOLL_CTL_ADD, event, EPOLLIN);
    for (; depth > 1; depth--) {
        int outer = epoll_create1(0);
        control(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
        inner = outer;
    }
    for (int outer; (outer = epoll_create1(0)) > 0; count++)
        if ((*error = control(outer, EPOLL_CTL_ADD, inner, EPOLLIN)))
            break;
    syscall(SYS_close_range, event < first ? event : first, ~0u, 0);
    return count;
}

/* A wake-up goes through all sets around a file: their number is limited in both directions. */
static void test_limits_of_nesting(void)
{
    int error;
    check("a chain of sets made from the outermost", 4, chain_length(&error));
    check("why no longer", -ELOOP, error);
    check("sets around a set", 500, ways(1, &error));
    check("why no more", -EINVAL, error);
    check("around two", 100, ways(2, &error));
    check("around three", 50, ways(3, &error));
    check("around four", 10, ways(4, &error));
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void test_waiting(int set, int *ends)
{
    pthread_t thread;
    sigset_t all, none;
    int event = eventfd(0, 0);
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    control(set, EPOLL_CTL_ADD, event, EPOLLIN);
    pthread_create(&thread, NULL, add_later, &event);
    check("wait", 1, epoll_wait(set, events, 8, -1));
    pthread_join(thread, NULL);
    take(event);
    check("time-out", 0, epoll_wait(set, events, 8, 5));
    sigaction(SIGALRM, &action, NULL);
    ualarm(5000, 0);
    check_errno("a handler ends the wait, SA_RESTART or not", EINTR,
                epoll_wait(set, events, 8, -1));
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, NULL);
    kill(getpid(), SIGALRM);
    check_errno("epoll_pwait lets a signal in", EINTR, epoll_pwait(set, events, 8, -1, &none));
    check("handled", 2, alarms);
    sigprocmask(SIG_SETMASK, NULL, &none);
    check("the mask is back", 1, sigismember(&none, SIGALRM));
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct timespec soon = { 0, 1000000 };
    check("epoll_pwait2", 0, error_or(syscall(SYS_epoll_pwait2, set, events, 8, &soon, NULL, 8)));
    control(set, EPOLL_CTL_DEL, event, 0);
    close(event);
    (void)ends;
}

/* Timers and signals in a set: the loop of a server. */
static void test_loop(int set)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0), signals = signalfd(-1, &mask, 0);
    control(set, EPOLL_CTL_ADD, timer, EPOLLIN);
    control(set, EPOLL_CTL_ADD, signals, EPOLLIN);
    set_timer(timer, 0, 3, 0);
    check("a timer in a set", 1, epoll_wait(set, events, 8, -1));
    check("it is the timer", timer, events[0].data.fd);
    check("expired", 1, take(timer));
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    check("a signal in a set", 1, epoll_wait(set, events, 8, -1));
    check("it is the signals", signals, events[0].data.fd);
    waitpid(child, NULL, 0);
    close(timer);
    close(signals);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

static void test_names(void)
{
    char text[64], path[64];
    int set = epoll_create1(0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", set);
    ssize_t length = readlink(path, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    check("name in /proc", 0, strcmp(text, "anon_inode:[eventpoll]"));
    close(set);
}

int main(void)
{
    int ends[2], set = epoll_create1(EPOLL_CLOEXEC);
    if (pipe(ends))
        return 2;
    test_eventfd();
    test_timerfd();
    test_signalfd();
    test_epoll_errors(set, ends);
    test_levels_and_edges(set, ends);
    test_several(set, ends);
    test_nested();
    test_limits_of_nesting();
    test_waiting(set, ends);
    test_loop(set);
    test_names();
    return checks_failed;
}
