/* Timers that a process makes for itself: timer_create(2) and its kind.  fork(2) does not hand them
 * down, execve(2) removes them. */
#ifndef PROCESS_POSIX_TIMER_H
#define PROCESS_POSIX_TIMER_H

#include <process/clocks.h>
#include <process/cpu_timer.h>
#include <process/signal_queue.h>
#include <process/scheduler.h>
#include <process/wall_clock.h>

struct posix_timer {
    struct list of_process; /* process->posix_timers */
    struct process *process;
    int32_t id;
    int clock_number;
    struct clock clock;
    int notify;        /* SIGEV_* */
    int32_t thread;    /* of SIGEV_THREAD_ID: the task that gets the signal */
    uint64_t due;      /* the next expiration, by clock_monotonic() or the processor's; 0: none */
    uint64_t interval; /* ns; 0: once */
    uint64_t missed;   /* expirations while the signal waited to be taken */
    int overrun;       /* of the signal taken last */
    struct queued_signal signal; /* what is sent */
    struct timer timer;          /* runs it by CLOCK_OF_WALL and CLOCK_OF_SYSTEM */
    struct cpu_alarm alarm;      /* by CLOCK_OF_CPU */
    struct wall_watch watch;     /* of a time of the wall clock's: set while it is waited for */
};

/* A timer of the running process, not yet set: `clock` is clock_find()'s.  -EAGAIN: over
 * RLIMIT_SIGPENDING, which has room for its signal kept; or no memory. */
struct sigevent;
int posix_timer_create(int clock_number, const struct clock *clock, const struct sigevent *event,
                       struct posix_timer **out);
struct posix_timer *posix_timer_find(int32_t id); /* of the running process; or NULL */
void posix_timer_delete(struct posix_timer *timer);
void posix_timers_delete(struct process *process); /* all of its */

/* Times in ns: `value` 0 stops it; with `absolute` it is one of the timer's clock.  0, -ENOMEM. */
int posix_timer_set(struct posix_timer *timer, uint64_t value, uint64_t interval, bool absolute);
void posix_timer_get(struct posix_timer *timer, uint64_t *left, uint64_t *interval);

#endif
