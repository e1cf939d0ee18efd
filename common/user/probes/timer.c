/* probe-timer: timers that a process makes (timer_create(2)), sleeping by processor clocks, clocks
 * of other processes and tasks, adjtimex(2).  Times are only compared with what must be: no check
 * depends on how fast the machine is.
 *
 * probe-timer set: what waits for a time of the wall clock, while that is set.  This changes the
 * machine's clock for a moment. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>

#include "checks_of_processes.h"

#define SECOND 1000000000ll

static void *volatile bad_address = (void *)8;

static long result(long value)
{
    return value == -1 ? -errno : value;
}

static int64_t now(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) ? -1 : time.tv_sec * SECOND + time.tv_nsec;
}

static void block(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Takes a blocked signal, or 0 when none comes in that time. */
static int take(int signal, siginfo_t *information, long milliseconds)
{
    sigset_t set;
    struct timespec limit = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    sigemptyset(&set);
    sigaddset(&set, signal);
    int got = sigtimedwait(&set, information, &limit);
    return got < 0 ? 0 : got;
}

static void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){ 0, milliseconds * 1000000 }, NULL);
}

/* The kernel's timers, without the C library's wrapping. */
static long create(clockid_t clock, struct sigevent *event, int *id)
{
    return result(syscall(SYS_timer_create, clock, event, id));
}

static long set(int id, int flags, int64_t value, int64_t interval)
{
    struct itimerspec wanted = { { interval / SECOND, interval % SECOND },
                                 { value / SECOND, value % SECOND } };
    return result(syscall(SYS_timer_settime, id, flags, &wanted, NULL));
}

static long left(int id, int64_t *interval)
{
    struct itimerspec got;
    if (syscall(SYS_timer_gettime, id, &got))
        return -errno;
    *interval = got.it_interval.tv_sec * SECOND + got.it_interval.tv_nsec;
    return got.it_value.tv_sec * SECOND + got.it_value.tv_nsec;
}

static long overrun(int id)
{
    return result(syscall(SYS_timer_getoverrun, id));
}

static long delete (int id)
{
    return result(syscall(SYS_timer_delete, id));
}

static void test_creating(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    struct itimerspec wanted = { { 0, 0 }, { 0, SECOND } };
    int id, other;
    check("create", 0, create(CLOCK_MONOTONIC, &event, &id));
    check("create another", 0, create(CLOCK_REALTIME, NULL, &other));
    check_true("another id", other == id + 1);
    check("no such clock", -EINVAL, create(99, &event, &id));
    check("raw clock", -EOPNOTSUPP, create(CLOCK_MONOTONIC_RAW, &event, &id));
    check("coarse clock", -EOPNOTSUPP, create(CLOCK_REALTIME_COARSE, &event, &id));
    event.sigev_signo = 65;
    check("no such signal", -EINVAL, create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_signo = 0;
    check("signal 0", -EINVAL, create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_notify = SIGEV_NONE;
    int silent;
    check("no signal needed", 0, create(CLOCK_BOOTTIME, &event, &silent));
    event.sigev_notify = 77;
    check("no such notification", -EINVAL, create(CLOCK_MONOTONIC, &event, &id));
    event = (struct sigevent){ .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
    event.sigev_notify_thread_id = 1;
    check("another's thread", -EINVAL, create(CLOCK_MONOTONIC, &event, &id));
    check("bad event", -EFAULT, create(CLOCK_MONOTONIC, bad_address, &id));
    check("bad result", -EFAULT, create(CLOCK_MONOTONIC, NULL, bad_address));
    check("bad time", -EINVAL, set(silent, 0, 0, -1));
    check("bad nanoseconds", -EINVAL, result(syscall(SYS_timer_settime, silent, 0, &wanted, NULL)));
    check("no time", -EINVAL, result(syscall(SYS_timer_settime, silent, 0, NULL, NULL)));
    check("bad address", -EFAULT, result(syscall(SYS_timer_settime, silent, 0, bad_address, NULL)));
    check("set no timer", -EINVAL, set(12345, 0, 1, 0));
    check("get no timer", -EINVAL, result(syscall(SYS_timer_gettime, 12345, &wanted)));
    check("overrun of no timer", -EINVAL, overrun(12345));
    check("delete", 0, delete (silent));
    check("delete again", -EINVAL, delete (silent));
    check("delete the first", 0, delete (other - 1));
    check("delete the second", 0, delete (other));
}

static void test_signal(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
    siginfo_t got;
    int64_t interval;
    int id;
    event.sigev_value.sival_ptr = (void *)0x123456789;
    block(SIGRTMIN + 1);
    create(CLOCK_MONOTONIC, &event, &id);
    check("not set", 0, left(id, &interval));
    int64_t before = now(CLOCK_MONOTONIC);
    check("set", 0, set(id, 0, 20000000, 0));
    check_true("left", left(id, &interval) > 0 && left(id, &interval) <= 20000000);
    check("it comes", SIGRTMIN + 1, take(SIGRTMIN + 1, &got, 10000));
    check_true("not early", now(CLOCK_MONOTONIC) - before >= 20000000);
    check("si_code", SI_TIMER, got.si_code);
    check("si_value", 0x123456789, (long)got.si_value.sival_ptr);
    check("si_timerid", id, got.si_timerid);
    check("si_overrun", 0, got.si_overrun);
    check("once", 0, left(id, &interval));
    check("no more", 0, take(SIGRTMIN + 1, &got, 30));
    check("in the past", 0, set(id, TIMER_ABSTIME, 1, 0));
    check("at once", SIGRTMIN + 1, take(SIGRTMIN + 1, &got, 10000));
    check("far away", 0, set(id, 0, 1000 * SECOND, SECOND));
    check_true("far", left(id, &interval) > 900 * SECOND && interval == SECOND);
    check("stop", 0, set(id, 0, 0, SECOND));
    check("stopped", 0, left(id, &interval));
    check("no interval", 0, interval);
    delete (id);
    create(CLOCK_MONOTONIC, NULL, &id);
    block(SIGALRM);
    set(id, 0, 1000000, 0);
    check("SIGALRM without event", SIGALRM, take(SIGALRM, &got, 10000));
    check("value is the id", id, got.si_value.sival_int);
    delete (id);
}

static void test_interval(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    siginfo_t got;
    int64_t rest;
    int id;
    block(SIGUSR1);
    create(CLOCK_REALTIME, &event, &id);
    check("every 5 ms", 0, set(id, 0, 5000000, 5000000));
    sleep_ms(60);
    check("one signal waits", SIGUSR1, take(SIGUSR1, &got, 10000));
    check_true("for many expirations", got.si_overrun >= 8);
    check("the same count", got.si_overrun, overrun(id));
    check("it goes on", SIGUSR1, take(SIGUSR1, &got, 10000));
    check("and on", SIGUSR1, take(SIGUSR1, &got, 10000));
    check_true("left", left(id, &rest) <= 5000000 && rest == 5000000);
    check("set anew", 0, set(id, 0, SECOND * 1000, 0));
    check("no overrun", 0, overrun(id));
    check("nothing waits", 0, take(SIGUSR1, &got, 20));
    delete (id);
    event.sigev_notify = SIGEV_NONE;
    create(CLOCK_MONOTONIC, &event, &id);
    set(id, 0, 5000000, 0);
    sleep_ms(10);
    check("silent, over", 0, left(id, &rest));
    set(id, 0, 5000000, SECOND);
    sleep_ms(10);
    check_true("silent, next", left(id, &rest) > SECOND / 2 && rest == SECOND);
    check("no signal", 0, take(SIGUSR1, &got, 0));
    delete (id);
}

static volatile int handled_by;
static int worker_id, timer_id;

static void note_thread(int signal)
{
    (void)signal;
    handled_by = (int)syscall(SYS_gettid);
}

static void *worker(void *argument)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
    (void)argument;
    worker_id = (int)syscall(SYS_gettid);
    event.sigev_notify_thread_id = worker_id;
    check("timer of a thread", 0, create(CLOCK_MONOTONIC, &event, &timer_id));
    set(timer_id, 0, 1000000, 0);
    for (int i = 0; i < 1000 && !handled_by; i++)
        sleep_ms(10);
    return NULL;
}

static void test_thread(void)
{
    pthread_t thread;
    signal(SIGUSR2, note_thread);
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    check_true("the thread got it", handled_by == worker_id);
    check("delete from another", 0, delete (timer_id));
    signal(SIGUSR2, SIG_DFL);
}

static void use_processor(clockid_t clock, int64_t time)
{
    for (int64_t until = now(clock) + time; now(clock) < until;)
        ;
}

static void test_processor_time(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    siginfo_t got;
    int64_t interval;
    int id, other;
    check("by the process's time", 0, create(CLOCK_PROCESS_CPUTIME_ID, &event, &id));
    check("by the thread's time", 0, create(CLOCK_THREAD_CPUTIME_ID, &event, &other));
    set(id, 0, 30000000, 0);
    sleep_ms(60);
    check("sleeping does not count", 0, take(SIGUSR1, &got, 0));
    check_true("left", left(id, &interval) > 0);
    use_processor(CLOCK_PROCESS_CPUTIME_ID, 80000000);
    check("working does", SIGUSR1, take(SIGUSR1, &got, 0));
    check("its id", id, got.si_timerid);
    set(other, 0, 20000000, 20000000);
    use_processor(CLOCK_THREAD_CPUTIME_ID, 80000000);
    check("the thread's too", SIGUSR1, take(SIGUSR1, &got, 0));
    check("its id", other, got.si_timerid);
    check("delete", 0, delete (id));
    check("delete the other", 0, delete (other));
}

static int of_child(void)
{
    return delete (timer_id) == -EINVAL ? 0 : 1;
}

static int executes(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM };
    create(CLOCK_MONOTONIC, &event, &timer_id);
    set(timer_id, 0, 100000000, 0);
    execl("/bin/busybox", "sleep", "0.3", NULL);
    return 1;
}

static void test_inheritance(void)
{
    create(CLOCK_MONOTONIC, NULL, &timer_id);
    check("a child has none", EXITED(0), child_status(of_child));
    delete (timer_id);
    check("a new program has none", EXITED(0), child_status(executes));
}

static void test_limit(void)
{
    struct rlimit limit, few;
    int id;
    getrlimit(RLIMIT_SIGPENDING, &limit);
    few = limit;
    few.rlim_cur = 0;
    setrlimit(RLIMIT_SIGPENDING, &few);
    check("limit", -EAGAIN, create(CLOCK_MONOTONIC, NULL, &id));
    setrlimit(RLIMIT_SIGPENDING, &limit);
    check("no limit", 0, create(CLOCK_MONOTONIC, NULL, &id));
    check("delete", 0, delete (id));
}

/* ---- processor clocks ---- */

static volatile int stop_working;

static void *work(void *argument)
{
    pthread_getcpuclockid(pthread_self(), argument);
    while (!stop_working)
        ;
    return NULL;
}

static void test_clocks_of_others(void)
{
    clockid_t of_thread = 0, of_process, of_child;
    pthread_t thread;
    struct timespec some = { 0, 20000000 };
    pthread_create(&thread, NULL, work, &of_thread);
    sleep_ms(30);
    check("get the process's clock", 0, clock_getcpuclockid(0, &of_process));
    int64_t before = now(of_process), own = now(CLOCK_THREAD_CPUTIME_ID);
    check("sleep by the process's clock", 0, clock_nanosleep(of_process, 0, &some, NULL));
    check_true("it has run", now(of_process) - before >= 20000000);
    check_true("but not this thread", now(CLOCK_THREAD_CPUTIME_ID) - own < 20000000);
    before = now(of_thread);
    check("sleep by the thread's clock", 0, clock_nanosleep(of_thread, 0, &some, NULL));
    check_true("it has run", now(of_thread) - before >= 20000000);
    stop_working = 1;
    pthread_join(thread, NULL);
    check("the thread is gone", -EINVAL, result(clock_gettime(of_thread, &some)));
    some = (struct timespec){ 0, 1 };
    check("by the own thread's clock", -EOPNOTSUPP,
          result(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &some, NULL)));
    pthread_getcpuclockid(pthread_self(), &of_thread);
    check("by the own thread's number", EINVAL, clock_nanosleep(of_thread, 0, &some, NULL));
    pid_t child = fork();
    if (child == 0) {
        use_processor(CLOCK_PROCESS_CPUTIME_ID, 20000000);
        pause();
    }
    sleep_ms(50);
    check("a child's clock", 0, clock_getcpuclockid(child, &of_child));
    while (now(of_child) < 20000000)
        sleep_ms(5);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check("the child is gone", -EINVAL, result(clock_gettime(of_child, &some)));
}

static void test_adjusting(void)
{
    struct timex timex = { 0 };
    int state = adjtimex(&timex);
    check_true("clock state", state >= TIME_OK && state <= TIME_ERROR);
    check("tick", 10000, timex.tick);
    check_true("time", timex.time.tv_sec > 946684800);
    check("by its clock", state, clock_adjtime(CLOCK_REALTIME, &timex));
    check("of the monotonic clock", -EOPNOTSUPP, result(clock_adjtime(CLOCK_MONOTONIC, &timex)));
    check("of no clock", -EINVAL, result(clock_adjtime(99, &timex)));
    check("bad address", -EFAULT, result(adjtimex(bad_address)));
    timex.modes = ADJ_TICK;
    timex.tick = 1;
    check("tick out of range", -EINVAL, result(adjtimex(&timex)));
    timex.modes = ADJ_SETOFFSET;
    timex.time.tv_usec = -1;
    check("bad offset", -EINVAL, result(adjtimex(&timex)));
    if (fork() == 0) {
        if (setuid(1000) != 0)
            _exit(1);
        timex.modes = ADJ_STATUS;
        check("forbidden", -EPERM, result(adjtimex(&timex)));
        timex.modes = 0;
        check("reading is not", state, adjtimex(&timex));
        _exit(0);
    }
    wait(NULL);
}

/* ---- setting the wall clock ---- */

static void move_clock(int64_t by)
{
    struct timex timex = { .modes = ADJ_SETOFFSET | ADJ_NANO };
    timex.time.tv_sec = by / SECOND;
    timex.time.tv_usec = by % SECOND;
    check_true("clock set", adjtimex(&timex) >= 0);
    timex = (struct timex){ .modes = ADJ_MICRO };
    adjtimex(&timex);
}

static void *move_later(void *argument)
{
    sleep_ms(20);
    move_clock(*(int64_t *)argument);
    return NULL;
}

static void test_setting(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    struct itimerspec wanted = { { 0, 0 }, { 0, 0 } };
    int64_t hour = 3600 * SECOND, begin = now(CLOCK_MONOTONIC);
    struct timespec until;
    uint64_t count;
    siginfo_t got;
    pthread_t thread;
    int absolute, relative, fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int other = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    create(CLOCK_REALTIME, &event, &absolute);
    create(CLOCK_REALTIME, &event, &relative);
    set(absolute, TIMER_ABSTIME, now(CLOCK_REALTIME) + hour - SECOND, 0);
    set(relative, 0, hour - SECOND, 0);
    wanted.it_value.tv_sec = now(CLOCK_REALTIME) / SECOND + 3500;
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &wanted, NULL);
    wanted.it_value.tv_sec += 1000;
    timerfd_settime(other, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &wanted, NULL);
    check("not yet", -EAGAIN, result(read(fd, &count, sizeof count)));
    move_clock(hour);
    check("absolute timer", SIGUSR1, take(SIGUSR1, &got, 10000));
    check("which", absolute, got.si_timerid);
    check("not the relative one", 0, take(SIGUSR1, &got, 20));
    check("timerfd", 8, result(read(fd, &count, sizeof count)));
    check("cancelled", -ECANCELED, result(read(other, &count, sizeof count)));
    check("once", -EAGAIN, result(read(other, &count, sizeof count)));
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3599;
    pthread_create(&thread, NULL, move_later, &hour);
    check("sleeper wakes", 0, clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL));
    pthread_join(thread, NULL);
    move_clock(-2 * hour);
    check_true("in no time", now(CLOCK_MONOTONIC) - begin < 600 * SECOND);
    delete (absolute);
    delete (relative);
    close(fd);
    close(other);
}

int main(int count, char **arguments)
{
    if (count > 1 && !strcmp(arguments[1], "set")) {
        block(SIGUSR1);
        test_setting();
        return checks_failed;
    }
    test_creating();
    test_signal();
    test_interval();
    test_thread();
    test_processor_time();
    test_inheritance();
    test_limit();
    test_clocks_of_others();
    test_adjusting();
    return checks_failed;
}
