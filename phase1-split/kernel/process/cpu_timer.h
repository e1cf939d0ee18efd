/* What runs out with processor time: ITIMER_VIRTUAL, ITIMER_PROF (setitimer(2)), RLIMIT_CPU. */
#ifndef PROCESS_CPU_TIMER_H
#define PROCESS_CPU_TIMER_H

#include <stdint.h>

struct process;

struct cpu_timer {
    uint64_t deadline; /* ns of the process's user time, or of all its time; 0: not set */
    uint64_t interval; /* ns; 0: once */
};

/* Sends the running process the signals for which it has run long enough.  At every tick. */
void cpu_timers_check(void);

#endif
