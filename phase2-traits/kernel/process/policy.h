/* The trait of the scheduler: who of the ordinary tasks that can run is next, and when a turn ends.
 *
 * run_queue.c asks one policy, which is chosen at boot (sched= on the command line).  Real-time
 * tasks and their limits are the run queue's own affair, and how the processor changes hands is
 * scheduler.c's.  The rules that hold for every operation:
 *
 *  - A task is the policy's from enqueue() until pick_next() answers it or remove() takes it away.
 *    Meanwhile it waits, and task->run is the policy's to link it by.  No other task is in its queue.
 *  - The running task is in no queue.  If it goes on later it is enqueued again; if it sleeps, stops
 *    or ends, nobody tells: it is no longer charged, and perhaps it comes back.
 *  - What a policy keeps of a task is in task->schedule, in a member of its own.  It is zero at first;
 *    a child begins with its parent's, which has been charged up to that moment.
 *  - Whoever waits is picked in the end, whatever others do; the time until then may depend on how
 *    many wait and on their weights, and on nothing else.  Who sleeps does not save up turns.
 *  - It never sleeps, allocates no memory, and calls nobody who schedules.  No operation can fail.
 *
 * These are the operations of Linux's struct sched_class that one processor needs. */
#ifndef PROCESS_POLICY_H
#define PROCESS_POLICY_H

#include <linux/sched.h>

#include <process/process.h>

struct scheduler_policy {
    const char *name; /* what sched= calls it: small letters, digits and underlines */
    uint64_t turn;    /* ns, more than 0: how long nobody else comes, if no real-time task does */

    /* `task`, which is ordinary and in no queue, waits from now on: it is new, has slept, or ran
     * until now. */
    void (*enqueue)(struct task *task);

    /* `task`, which waits, does not wait any longer and is not to run. */
    void (*remove)(struct task *task);

    /* The task that is to run now, which no longer waits.  Called only while one waits: there is
     * always an answer. */
    struct task *(*pick_next)(void);

    /* The running task has run for `time` ns since it was charged last, or began to run: at every
     * tick, before it is enqueued again, forks, sleeps or ends.  In the last two cases the task that
     * runs after it may have been picked already.  Time in which it was a real-time task is not
     * charged. */
    void (*charge)(struct task *running, uint64_t time);

    /* Shall somebody who waits run instead of `running`, whose turn has been used up and charged?
     * Called only while one waits.  If so it is enqueued, and pick_next() says who. */
    bool (*turn_is_over)(const struct task *running);

    /* `running` yields (sched_yield(2)), and will be enqueued next: all who wait now have their turn
     * before it. */
    void (*step_back)(struct task *running);
};

/* What a task weighs, 1024 with nice 0: who has twice the weight is to get twice the time.  SCHED_BATCH
 * tasks never wait for people, and weigh no less for it; SCHED_IDLE ones get what nobody misses. */
#define WEIGHT_IDLE 3
extern const uint32_t weights_by_nice[40]; /* from -20 on */

static inline uint32_t task_weight(const struct task *task)
{
    return task->schedule.policy == SCHED_IDLE ? WEIGHT_IDLE
                                               : weights_by_nice[task->process->nice + 20];
}

/* Adds a policy to those that can be chosen; it and its name are constant.  What is wrong with it is
 * reported, and it is left out: -EINVAL if an operation is missing or the name is no plain word,
 * -EEXIST if there is one of this name, -ENOSPC.  At boot, as the next. */
int policy_register(const struct scheduler_policy *policy);

/* Takes the one that the command line names, or the first that was registered. */
void policy_choose(void);

/* The policies that there are. */
extern const struct scheduler_policy fair_policy;   /* fair.c */
extern const struct scheduler_policy stride_policy; /* stride.c */

#endif
