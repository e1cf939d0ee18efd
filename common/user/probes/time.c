/* probe-time: clocks, sleeping, interval timers, processor time. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "checks_of_processes.h"

#define SECOND 1000000000ll

static volatile int count;
static void *volatile bad_address = (void *)8;

static void handler(int signal)
{
    (void)signal;
    count++;
}

static int64_t now(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) ? -1 : time.tv_sec * SECOND + time.tv_nsec;
}

static void clocks(void)
{
    static const struct {
        const char *name;
        clockid_t clock;
    } known[] = { { "REALTIME", CLOCK_REALTIME },
                  { "MONOTONIC", CLOCK_MONOTONIC },
                  { "PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID },
                  { "THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID },
                  { "MONOTONIC_RAW", CLOCK_MONOTONIC_RAW },
                  { "REALTIME_COARSE", CLOCK_REALTIME_COARSE },
                  { "MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE },
                  { "BOOTTIME", CLOCK_BOOTTIME },
                  { "TAI", CLOCK_TAI } };
    struct timespec time, resolution;
    char name[60];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        snprintf(name, sizeof name, "clock_gettime %s", known[i].name);
        check(name, 0, syscall(SYS_clock_gettime, known[i].clock, &time));
        check_true("nanoseconds", time.tv_nsec >= 0 && time.tv_nsec < SECOND);
        snprintf(name, sizeof name, "clock_getres %s", known[i].name);
        check(name, 0, syscall(SYS_clock_getres, known[i].clock, &resolution));
        check_true("a part of a second", resolution.tv_sec == 0 && resolution.tv_nsec > 0 &&
                                             resolution.tv_nsec <= 10000000);
        int64_t before = now(known[i].clock), later = before;
        int backwards = 0;
        for (int j = 0; j < 20000; j++) {
            int64_t next = now(known[i].clock);
            backwards += next < later;
            later = next;
        }
        snprintf(name, sizeof name, "%s never goes back", known[i].name);
        check(name, 0, backwards);
    }
    check_errno("clock 10", EINVAL, syscall(SYS_clock_gettime, 10, &time));
    check_errno("clock 99", EINVAL, syscall(SYS_clock_gettime, 99, &time));
    check_errno("clock of no process", EINVAL, syscall(SYS_clock_gettime, ~999999 * 8 | 2, &time));
    check_errno("clock_gettime, bad address", EFAULT, syscall(SYS_clock_gettime, 1, bad_address));
    check("clock_getres without result", 0, syscall(SYS_clock_getres, 1, NULL));
    check_errno("clock_getres 99", EINVAL, syscall(SYS_clock_getres, 99, NULL));
    clockid_t own;
    check("clock_getcpuclockid", 0, clock_getcpuclockid(getpid(), &own));
    int64_t a = now(own), b = now(CLOCK_PROCESS_CPUTIME_ID);
    check_true("it is the process's clock", a >= 0 && b >= a && b - a < SECOND / 2);
    check_errno("set the monotonic clock", EINVAL, syscall(SYS_clock_settime, 1, &time));
    check_errno("set the clock, bad time", EINVAL,
                syscall(SYS_clock_settime, 0, &(struct timespec){ 0, SECOND }));
    check_true("the wall clock is in this century", now(CLOCK_REALTIME) > 946684800 * SECOND);
    struct timeval day;
    gettimeofday(&day, NULL);
    int64_t wall = now(CLOCK_REALTIME);
    check_true("gettimeofday is the same clock", wall / SECOND - day.tv_sec <= 1);
}

static void sleeps(void)
{
    struct timespec some = { 0, 30000000 };
    int64_t before = now(CLOCK_MONOTONIC);
    check("nanosleep", 0, nanosleep(&some, NULL));
    int64_t took = now(CLOCK_MONOTONIC) - before;
    check_true("not too short", took >= 30000000);
    check_true("nor too long", took < SECOND);
    check_errno("negative", EINVAL, nanosleep(&(struct timespec){ -1, 0 }, NULL));
    check_errno("10^9", EINVAL, nanosleep(&(struct timespec){ 0, SECOND }, NULL));
    check_errno("negative nanoseconds", EINVAL, nanosleep(&(struct timespec){ 0, -1 }, NULL));
    check_errno("bad address", EFAULT, syscall(SYS_nanosleep, bad_address, NULL));
    check("nothing", 0, nanosleep(&(struct timespec){ 0, 0 }, NULL));

    struct timespec until;
    for (int i = 0; i < 2; i++) {
        clockid_t clock = i ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        clock_gettime(clock, &until);
        until.tv_nsec += 30000000;
        if (until.tv_nsec >= SECOND) {
            until.tv_nsec -= SECOND;
            until.tv_sec++;
        }
        check("absolute", 0, clock_nanosleep(clock, TIMER_ABSTIME, &until, NULL));
        check_true("reached", now(clock) >= until.tv_sec * SECOND + until.tv_nsec);
        check("absolute, in the past", 0, clock_nanosleep(clock, TIMER_ABSTIME, &until, NULL));
        check("relative", 0, clock_nanosleep(clock, 0, &some, NULL));
    }
    check_errno("by no clock", EINVAL, syscall(SYS_clock_nanosleep, 99, 0, &some, NULL));
    check_errno("by the raw clock", EOPNOTSUPP,
                syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &some, NULL));
    check_errno("by a coarse clock", EOPNOTSUPP,
                syscall(SYS_clock_nanosleep, CLOCK_REALTIME_COARSE, 0, &some, NULL));
    struct sigaction action = { .sa_handler = handler };
    sigaction(SIGALRM, &action, NULL);
    struct timespec left = { 0, 0 }, second = { 1, 0 };
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 100000 } }, NULL);
    check_errno("interrupted", EINTR, nanosleep(&second, &left));
    check_true("what is left",
               left.tv_sec == 0 && left.tv_nsec < 950000000 && left.tv_nsec > 300000000);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, NULL);
    check_errno("bad address for what is left", EFAULT,
                syscall(SYS_nanosleep, &second, bad_address));
    left = (struct timespec){ 7, 7 };
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, NULL);
    check("absolute, interrupted", EINTR,
          clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left));
    check("says nothing of what is left", 7, left.tv_sec);
}

static void alarms(void)
{
    struct itimerval value;
    check("no alarm", 0, alarm(100));
    check("alarm before", 100, alarm(50));
    usleep(20000);
    check("rounded to the next second", 50, alarm(0));
    check("none again", 0, alarm(0));
    check_errno("no such timer", EINVAL, setitimer(3, &(struct itimerval){ 0 }, NULL));
    check_errno("no such timer to read", EINVAL, getitimer(3, &value));
    check_errno("bad microseconds", EINVAL,
                setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 1000000 } }, NULL));
    check_errno("negative", EINVAL,
                setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { -1, 0 } }, NULL));
    check_errno("bad address", EFAULT, syscall(SYS_setitimer, 0, bad_address, NULL));
    setitimer(ITIMER_REAL, &(struct itimerval){ { 3, 4000 }, { 100, 0 } }, NULL);
    getitimer(ITIMER_REAL, &value);
    check("interval", 3, value.it_interval.tv_sec);
    check("its microseconds", 4000, value.it_interval.tv_usec);
    check_true("value", value.it_value.tv_sec == 99 || value.it_value.tv_sec == 100);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, &value);
    check("the old interval", 3, value.it_interval.tv_sec);
    getitimer(ITIMER_REAL, &value);
    check("stopped", 0, value.it_value.tv_sec + value.it_value.tv_usec + value.it_interval.tv_sec);

    count = 0;
    int64_t before = now(CLOCK_MONOTONIC);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 20000 }, { 0, 20000 } }, NULL);
    while (count < 10)
        pause();
    int64_t took = now(CLOCK_MONOTONIC) - before;
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    check_true("ten times 20 ms", took >= 200000000 && took < 2 * SECOND);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 50 }, { 0, 50 } }, NULL);
    for (volatile int i = 0; i < 3000 || count <= 10; i++)
        ;
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    check_true("every 50 microseconds, and the program goes on", count > 10);
    /* A child has no timers of its parent, a new program has. */
    alarm(100);
    pid_t child = fork();
    int status;
    if (child == 0)
        _exit(alarm(0));
    waitpid(child, &status, 0);
    check("fork clears the alarm", EXITED(0), status);
    alarm(0);
}

static void spin(int64_t nanoseconds)
{
    int64_t end = now(CLOCK_PROCESS_CPUTIME_ID) + nanoseconds;
    while (now(CLOCK_PROCESS_CPUTIME_ID) < end)
        for (volatile int i = 0; i < 10000; i++)
            ;
}

static int64_t user_time(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec;
}

static int64_t all_time(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return user_time(who) + usage.ru_stime.tv_sec * 1000000ll + usage.ru_stime.tv_usec;
}

static void processor_time(void)
{
    struct tms times_before, times_after;
    struct rusage usage;
    check_errno("getrusage of whom", EINVAL, getrusage(7, &usage));
    check_errno("getrusage, bad address", EFAULT, syscall(SYS_getrusage, 0, bad_address));
    check_errno("times, bad address", EFAULT, syscall(SYS_times, bad_address));
    int64_t before = all_time(RUSAGE_SELF);
    clock_t ticks = times(&times_before);
    spin(300000000);
    int64_t took = all_time(RUSAGE_SELF) - before;
    check_true("spinning takes processor time", took >= 250000 && took < 2000000);
    check_true("of the user mostly", user_time(RUSAGE_SELF) > 100000);
    check_true("times: ticks", times(&times_after) - ticks >= 25);
    check_true("times: processor", times_after.tms_utime + times_after.tms_stime -
                                           times_before.tms_utime - times_before.tms_stime >=
                                       25);
    before = all_time(RUSAGE_SELF);
    usleep(200000);
    check_true("sleeping takes none", all_time(RUSAGE_SELF) - before < 100000);
    int64_t children = all_time(RUSAGE_CHILDREN);
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            spin(200000000);
            _exit(0);
        }
        wait(NULL);
        _exit(0);
    }
    check_true("a child not waited for does not count",
               all_time(RUSAGE_CHILDREN) - children < 100000);
    wait4(child, NULL, 0, &usage);
    int64_t of_child = usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec +
                       usage.ru_stime.tv_sec * 1000000ll + usage.ru_stime.tv_usec;
    check_true("wait4 tells a grandchild's time", of_child >= 150000);
    check_true("it is added to the parent's", all_time(RUSAGE_CHILDREN) - children >= 150000);
    times(&times_after);
    check_true("times: children", times_after.tms_cutime + times_after.tms_cstime >= 15);
    int64_t user = 0, system = 0;
    int back = 0;
    for (int i = 0; i < 3000; i++) {
        getrusage(RUSAGE_SELF, &usage);
        int64_t u = usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec;
        int64_t s = usage.ru_stime.tv_sec * 1000000ll + usage.ru_stime.tv_usec;
        back += u < user || s < system;
        user = u;
        system = s;
        if (i % 100 == 0)
            spin(3000000);
    }
    check("user and system time never go back", 0, back);
}

#define LARGE (8 << 20)

static int use_memory(void)
{
    struct rusage usage;
    char *space = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    getrusage(RUSAGE_SELF, &usage);
    long faults = usage.ru_minflt, before = usage.ru_maxrss;
    for (size_t i = 0; i < LARGE; i += 4096)
        space[i] = 1;
    munmap(space, LARGE);
    getrusage(RUSAGE_SELF, &usage);
    if (usage.ru_maxrss < before + LARGE / 1024 - 64 || usage.ru_maxrss > before + LARGE / 512)
        return 1; /* what was given back still counts as the most */
    return usage.ru_minflt - faults >= LARGE / 4096 / 16 ? 0 : 2;
}

static int switch_often(void)
{
    struct rusage usage;
    for (int i = 0; i < 20; i++)
        usleep(1000);
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw >= 20 ? 0 : 1;
}

static void other_usage(void)
{
    struct rusage usage, before;
    int status;
    getrusage(RUSAGE_CHILDREN, &before);
    pid_t child = fork();
    if (child == 0)
        _exit(use_memory());
    wait4(child, &status, 0, &usage);
    check("memory and faults are counted", 0, status);
    check_true("wait4 tells the most memory", usage.ru_maxrss >= LARGE / 1024);
    getrusage(RUSAGE_CHILDREN, &usage);
    check_true("so does getrusage of children", usage.ru_maxrss >= LARGE / 1024);
    check_true("faults of children", usage.ru_minflt - before.ru_minflt >= LARGE / 4096 / 16);
    check("sleeping is a voluntary switch", 0, child_status(switch_often));
    getrusage(RUSAGE_CHILDREN, &usage);
    check_true("switches of children", usage.ru_nvcsw - before.ru_nvcsw >= 20);
    long most = usage.ru_maxrss;
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    getrusage(RUSAGE_CHILDREN, &usage);
    check("a small child does not change the most", most, usage.ru_maxrss);
    getrusage(RUSAGE_THREAD, &usage);
    check_true("RUSAGE_THREAD", usage.ru_maxrss > 0 && usage.ru_minflt > 0);
}

static void processor_timers(void)
{
    struct itimerval value;
    struct sigaction action = { .sa_handler = handler };
    static const struct {
        const char *name;
        int timer, signal;
    } timers[] = { { "ITIMER_VIRTUAL", ITIMER_VIRTUAL, SIGVTALRM },
                   { "ITIMER_PROF", ITIMER_PROF, SIGPROF } };
    for (int i = 0; i < 2; i++) {
        char name[60];
        sigaction(timers[i].signal, &action, NULL);
        count = 0;
        setitimer(timers[i].timer, &(struct itimerval){ { 0, 50000 }, { 0, 50000 } }, NULL);
        usleep(150000);
        snprintf(name, sizeof name, "%s stands still while asleep", timers[i].name);
        check(name, 0, count);
        for (int j = 0; j < 20 && count < 3; j++)
            for (int64_t end = now(CLOCK_MONOTONIC) + 100000000; now(CLOCK_MONOTONIC) < end;)
                for (volatile int k = 0; k < 100000; k++)
                    ;
        snprintf(name, sizeof name, "%s comes again and again", timers[i].name);
        check_true(name, count >= 3);
        setitimer(timers[i].timer, &(struct itimerval){ 0 }, &value);
        snprintf(name, sizeof name, "%s: the old interval", timers[i].name);
        check(name, 50000, value.it_interval.tv_usec);
        getitimer(timers[i].timer, &value);
        snprintf(name, sizeof name, "%s is stopped", timers[i].name);
        check(name, 0, value.it_value.tv_usec + value.it_value.tv_sec);
    }
}

int main(void)
{
    clocks();
    sleeps();
    alarms();
    processor_time();
    other_usage();
    processor_timers();
    return checks_failed;
}
