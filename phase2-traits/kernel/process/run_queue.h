/* Which of the tasks that can run is next, and for how long: sched(7).  Real-time tasks by their
 * priority, the others as the policy says (policy.h).  How the processor changes hands is scheduler.c's
 * affair. */
#ifndef PROCESS_RUN_QUEUE_H
#define PROCESS_RUN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct task;
struct scheduler_policy; /* process/policy.h */

/* What a task is to the scheduler. */
struct schedule {
    int policy;                /* SCHED_* of linux/sched.h */
    int priority;              /* 1 to 99 for SCHED_FIFO and SCHED_RR, else 0 */
    bool reset_on_fork;        /* children are ordinary again (SCHED_RESET_ON_FORK) */
    union {                    /* the chosen policy's */
        uint64_t virtual_time; /* fair.c: ns on the processor, divided by its weight */
        uint64_t pass;         /* stride.c: when its next turn is due */
    };
};

#define SCHEDULE_PRIORITY_MOST 99

static inline bool schedule_is_real_time(const struct schedule *schedule)
{
    return schedule->priority > 0;
}

/* Who says which ordinary task is next: before there is any. */
void run_queue_use(const struct scheduler_policy *policy);

/* A task that can run: a new one or one that has slept; or, with `again`, one that has to give way
 * and would go on. */
void run_queue_add(struct task *task, bool again);

/* Takes out the task that is to run now, or NULL. */
struct task *run_queue_take(void);

/* Takes out a task that waits for its turn. */
void run_queue_remove(struct task *task);

/* The running task, which is not in the queue, has run for `time` ns since it was charged last. */
void run_queue_charge(struct task *task, uint64_t time);

/* Is the turn of the task that runs, since `time` ns, over?  At every tick, when it has been
 * charged. */
bool run_queue_turn_is_over(const struct task *running, uint64_t time);

/* Is the task to run before one that runs already? */
bool run_queue_outranks(const struct task *task, const struct task *running);

/* All others have their turn before the task has its next. */
void run_queue_step_back(struct task *task);

/* A task's longest turn while others like it wait, ns; 0: as long as it likes. */
uint64_t run_queue_turn(const struct task *task);

unsigned run_queue_count(void);

#endif
