/* probe-shares: how the scheduler divides the processor.
 *
 *   probe-shares MILLISECONDS WORKER[@START] ...
 *
 * starts the workers, each START ms after the beginning (0 unless given), lets them run for so long
 * after the last has started, and prints a line for each: what it is, and the time on the processor
 * that it had meanwhile, in microseconds.
 *
 *   -20 … 19   computes, with this nice value
 *   batch, idle  computes, as SCHED_BATCH, SCHED_IDLE
 *   yield      computes, and calls sched_yield(2) all the time
 *   half       computes for about 4 ms, sleeps for 5, and so on
 *   fork       computes for 7 ms, then its child goes on and it ends; its time is not known (0)
 *   sleep      sleeps for 5 ms, again and again: prints the longest delay beyond that, the mean
 *              and how often, in place of the time
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS     200
#define MILLISECOND 1000000ll
#define SLEEP       (5 * MILLISECOND)

struct worker {
    const char *what;
    long start; /* ms */
    pid_t id;
    long long before, time;       /* ns on the processor */
    long long longest, all, naps; /* of a sleeper: delays in ns, and how often it slept */
};

/* Shared with the workers. */
static struct common {
    volatile int stop;
    struct worker workers[WORKERS];
} * common;

static long long clock_of(clockid_t id)
{
    struct timespec time;
    return clock_gettime(id, &time) ? 0 : time.tv_sec * 1000 * MILLISECOND + time.tv_nsec;
}

static void sleep_for(long long time)
{
    struct timespec rest = { time / (1000 * MILLISECOND), time % (1000 * MILLISECOND) };
    while (nanosleep(&rest, &rest) && errno == EINTR)
        ;
}

static void compute(long long time)
{
    for (long long end = clock_of(CLOCK_PROCESS_CPUTIME_ID) + time;
         !common->stop && clock_of(CLOCK_PROCESS_CPUTIME_ID) < end;)
        ;
}

static void keep_sleeping(struct worker *self)
{
    while (!common->stop) {
        long long due = clock_of(CLOCK_MONOTONIC) + SLEEP;
        sleep_for(SLEEP);
        long long late = clock_of(CLOCK_MONOTONIC) - due;
        self->longest = late > self->longest ? late : self->longest;
        self->all += late;
        self->naps++;
    }
}

static void keep_forking(void)
{
    while (!common->stop) {
        compute(7 * MILLISECOND);
        if (fork() > 0)
            _exit(0);
    }
}

/* The C library's function does nothing. */
static void set_policy(int policy)
{
    int priority = 0;
    if (syscall(SYS_sched_setscheduler, 0, policy, &priority))
        perror("sched_setscheduler");
}

static void work(struct worker *self)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!strcmp(self->what, "sleep"))
        return keep_sleeping(self);
    if (!strcmp(self->what, "fork"))
        return keep_forking();
    while (!strcmp(self->what, "yield"))
        sched_yield();
    while (!strcmp(self->what, "half")) {
        compute(4 * MILLISECOND);
        sleep_for(SLEEP);
    }
    if (!strcmp(self->what, "batch"))
        set_policy(SCHED_BATCH);
    else if (!strcmp(self->what, "idle"))
        set_policy(SCHED_IDLE);
    else
        setpriority(PRIO_PROCESS, 0, atoi(self->what));
    for (;;)
        ;
}

static long long time_of(const struct worker *worker)
{
    clockid_t clock;
    return clock_getcpuclockid(worker->id, &clock) ? 0 : clock_of(clock);
}

static void start_all(int count)
{
    long long begin = clock_of(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++) {
        struct worker *worker = &common->workers[i];
        long long left = begin + worker->start * MILLISECOND - clock_of(CLOCK_MONOTONIC);
        if (left > 0)
            sleep_for(left);
        pid_t child = fork();
        if (child == 0) {
            work(worker);
            _exit(0);
        }
        worker->id = child;
    }
}

static void end_all(int count)
{
    common->stop = 1;
    for (int i = 0; i < count; i++)
        if (strcmp(common->workers[i].what, "sleep"))
            kill(common->workers[i].id, SIGKILL);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
}

static void print(const struct worker *worker)
{
    if (strcmp(worker->what, "sleep"))
        printf("%s %lld\n", worker->what, worker->time / 1000);
    else
        printf("sleep %lld %lld %lld\n", worker->longest / 1000,
               worker->all / (worker->naps ? worker->naps : 1) / 1000, worker->naps);
}

int main(int count, char **arguments)
{
    int workers = count - 2;
    if (workers < 1 || workers > WORKERS)
        return 2;
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < workers; i++) {
        common->workers[i].what = strtok(arguments[2 + i], "@");
        char *start = strtok(NULL, "@");
        common->workers[i].start = start ? atol(start) : 0;
    }
    start_all(workers);
    for (int i = 0; i < workers; i++)
        common->workers[i].before = time_of(&common->workers[i]);
    sleep_for(atol(arguments[1]) * MILLISECOND);
    for (int i = 0; i < workers; i++)
        common->workers[i].time = time_of(&common->workers[i]) - common->workers[i].before;
    end_all(workers);
    for (int i = 0; i < workers; i++)
        print(&common->workers[i]);
    return 0;
}
