/* What the scheduler and the timer heap know of each other; the rest of Core uses
 * process/scheduler.h. */
#ifndef PROCESS_TIMER_H
#define PROCESS_TIMER_H

#include <process/scheduler.h>

/* When the first timer expires; UINT64_MAX if none is set. */
uint64_t timer_first(void);

/* Calls and removes every timer whose time has come. */
void timer_run_expired(void);

/* The timer interrupt is to come no later than `deadline`. */
void scheduler_arm(uint64_t deadline);

#endif
