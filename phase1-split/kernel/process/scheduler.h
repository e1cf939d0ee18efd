/* The scheduler: who waits, who runs, and the timers that wake sleepers.  run_queue.h is the policy. */
#ifndef PROCESS_SCHEDULER_H
#define PROCESS_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lib/list.h>

struct task;

/* Sleeps until woken (0), a signal is to be handled (-ERESTARTSYS) or `deadline` (-ETIMEDOUT). */
int task_sleep(uint64_t deadline);

/* Makes a sleeping task runnable; nothing if it is not asleep. */
void task_wake(struct task *task);

/* Lets all others that can run have a turn first, if the running task's priority allows it. */
void scheduler_yield(void);

/* The running task's turn is over: whoever is next goes on, which may be the same task. */
void scheduler_next_turn(void);

/* The running task's priority has changed: others may be more urgent now. */
void scheduler_recheck_turn(void);

/* Puts a new task, or a stopped one, on the run queue. */
void scheduler_add(struct task *task);

/* The first call of every new task's kernel side. */
void scheduler_enter_task(void);

/* The running task leaves for good; its stack is freed by whoever runs next. */
_Noreturn void scheduler_exit(void);

/* Takes pending events and does the deferred work: timers, console input, device work.  Called
 * before a return to user mode and in the idle loop; never by an interrupt. */
void scheduler_handle_events(void);

/* True if the running task's turn is over: scheduler_next_turn() at the next chance. */
bool scheduler_should_yield(void);

/* Ends the running task's turn before its time: all others come first on its way back to user
 * mode. */
void scheduler_end_turn(void);

/* Runs tasks; idles when none can run.  For the boot thread. */
_Noreturn void scheduler_run(void);

/* ---- timers ---- */

struct timer {
    uint64_t deadline;                    /* clock_monotonic() */
    void (*expired)(struct timer *timer); /* runs in deferred work; must not sleep */
    size_t place;                         /* in the heap, from 1; 0: not set */
};

/* Sets or moves a timer.  0, or -ENOMEM when it was not set before. */
int timer_start(struct timer *timer, uint64_t deadline);
void timer_cancel(struct timer *timer);

/* Gives back memory for timers that are no longer set. */
void timers_trim(void);

/* ---- figures for /proc ---- */

/* Load averages over 1, 5 and 15 minutes, times 65536. */
void scheduler_load(uint32_t out[3]);
unsigned scheduler_runnable(void);
uint64_t scheduler_switches(void);
uint64_t scheduler_idle_time(void); /* ns */

/* How the processor's other time was spent, in ns: `nice` is user time of processes that gave way
 * (nice above 0).  No figure ever decreases. */
struct processor_times {
    uint64_t user, nice, system;
};
void scheduler_times(struct processor_times *out);

#endif
