/* The policy "stride": turns at regular distances.
 *
 * A task holds tickets, as many as it weighs, and its stride is inverse to them.  Its pass says when
 * its next turn is due, in a time that is counted in strides: whoever has the least pass runs next,
 * and each quantum on the processor moves its pass on by its stride.  Who uses a part of the quantum
 * is moved on by that part.  With twice the tickets the stride is half as long, and turns come twice
 * as often.  Waldspurger and Weihl, "Stride Scheduling: Deterministic Proportional-Share Resource
 * Management", MIT/LCS/TM-528, 1995.
 *
 * A task that has slept takes its place at the global pass, if its own is behind that: the turns
 * that it has missed are nobody's debt.  In the paper the global pass moves on by the inverse of all
 * tickets, for which one has to know at any time who sleeps.  Here it is the least pass of all who can
 * run, so a sleeper is next when it wakes, and nobody who waits is ever behind it. */
#include <process/policy.h>

#include <param.h>

#define QUANTUM    TICK_NANOSECONDS
#define STRIDE_ONE (1ull << 32) /* of a single ticket: a pass counts for years */

static struct list queue = LIST_INITIAL(queue); /* by pass; who came first is first among equals */
static uint64_t global_pass;

static struct task *task_at(struct list *node)
{
    return container_of(node, struct task, run);
}

static bool is_due_before(const struct task *task, const struct task *other)
{
    return task->schedule.pass < other->schedule.pass;
}

/* Nobody who can run has a pass before this task's. */
static void move_global_pass(const struct task *task)
{
    if (global_pass < task->schedule.pass)
        global_pass = task->schedule.pass;
}

static void stride_enqueue(struct task *task)
{
    struct list *before = queue.previous;
    if (task->schedule.pass < global_pass)
        task->schedule.pass = global_pass;
    while (before != &queue && is_due_before(task, task_at(before)))
        before = before->previous;
    list_add(before, &task->run);
}

static void stride_remove(struct task *task)
{
    list_remove(&task->run);
}

static struct task *stride_pick_next(void)
{
    struct task *task = task_at(queue.next);
    list_remove(&task->run);
    move_global_pass(task);
    return task;
}

/* Whole quanta apart from the rest, so that no product overflows. */
static void stride_charge(struct task *running, uint64_t time)
{
    uint64_t stride = STRIDE_ONE / task_weight(running);
    running->schedule.pass += time / QUANTUM * stride + time % QUANTUM * stride / QUANTUM;
    if (list_empty(&queue))
        move_global_pass(running);
}

static bool stride_turn_is_over(const struct task *running)
{
    return is_due_before(task_at(queue.next), running);
}

static void stride_step_back(struct task *running)
{
    if (!list_empty(&queue) && is_due_before(running, task_at(queue.previous)))
        running->schedule.pass = task_at(queue.previous)->schedule.pass;
}

const struct scheduler_policy stride_policy = {
    .name = "stride",
    .turn = QUANTUM,
    .enqueue = stride_enqueue,
    .remove = stride_remove,
    .pick_next = stride_pick_next,
    .charge = stride_charge,
    .turn_is_over = stride_turn_is_over,
    .step_back = stride_step_back,
};
