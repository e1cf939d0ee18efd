/* The policy "fair": whoever has had least of the processor runs next.
 *
 * What a task has had is its virtual time: time on the processor divided by its weight.  The queue is
 * sorted by it.  A task that has slept comes back with what it had when it fell asleep, but no more
 * than a little less than the others have: so it runs before those that never sleep, and cannot save
 * up time for later. */
#include <process/policy.h>

#include <param.h>

#define WEIGHT_ORDINARY 1024

static struct list queue = LIST_INITIAL(queue);
static uint64_t least; /* virtual time of the task that has least; never decreases */

static struct task *task_at(struct list *node)
{
    return container_of(node, struct task, run);
}

static uint64_t virtual_time_at(struct list *node)
{
    return task_at(node)->schedule.virtual_time;
}

/* Nobody who waits has had less than this task. */
static void note_least(const struct task *task)
{
    if (task->schedule.virtual_time > least)
        least = task->schedule.virtual_time;
}

static void fair_enqueue(struct task *task)
{
    struct list *before = queue.previous;
    struct schedule *schedule = &task->schedule;
    if (schedule->virtual_time + SLEEPERS_CREDIT < least)
        schedule->virtual_time = least - SLEEPERS_CREDIT;
    while (before != &queue && schedule->virtual_time < virtual_time_at(before))
        before = before->previous;
    list_add(before, &task->run);
}

static void fair_remove(struct task *task)
{
    list_remove(&task->run);
}

static struct task *fair_pick_next(void)
{
    struct task *task = task_at(queue.next);
    list_remove(&task->run);
    note_least(task);
    return task;
}

static void fair_charge(struct task *running, uint64_t time)
{
    uint32_t weight = task_weight(running);
    running->schedule.virtual_time +=
        weight == WEIGHT_ORDINARY ? time : time * WEIGHT_ORDINARY / weight;
    if (list_empty(&queue))
        note_least(running);
}

static bool fair_turn_is_over(const struct task *running)
{
    return virtual_time_at(queue.next) < running->schedule.virtual_time;
}

static void fair_step_back(struct task *running)
{
    if (!list_empty(&queue) && virtual_time_at(queue.previous) > running->schedule.virtual_time)
        running->schedule.virtual_time = virtual_time_at(queue.previous);
}

const struct scheduler_policy fair_policy = {
    .name = "fair",
    .turn = TICK_NANOSECONDS,
    .enqueue = fair_enqueue,
    .remove = fair_remove,
    .pick_next = fair_pick_next,
    .charge = fair_charge,
    .turn_is_over = fair_turn_is_over,
    .step_back = fair_step_back,
};
