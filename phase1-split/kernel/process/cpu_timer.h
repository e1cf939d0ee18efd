/* What runs out with processor time: ITIMER_VIRTUAL, ITIMER_PROF (setitimer(2)), RLIMIT_CPU, and
 * alarms for whoever waits for a clock that runs with tasks. */
#ifndef PROCESS_CPU_TIMER_H
#define PROCESS_CPU_TIMER_H

#include <stdint.h>

#include <lib/list.h>
#include <process/clocks.h>

struct process;

struct cpu_timer {
    uint64_t deadline; /* ns of the process's user time, or of all its time; 0: not set */
    uint64_t interval; /* ns; 0: once */
};

struct cpu_alarm {
    struct list armed; /* all that are set */
    struct clock clock;
    uint64_t deadline;                        /* of the clock */
    void (*expired)(struct cpu_alarm *alarm); /* in deferred work, once; must not sleep */
};

void cpu_alarm_start(struct cpu_alarm *alarm, const struct clock *clock, uint64_t deadline);
void cpu_alarm_cancel(struct cpu_alarm *alarm);

/* Sends the running process the signals for which it has run long enough.  At every tick. */
void cpu_timers_check(void);

#endif
