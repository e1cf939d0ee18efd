/* Whoever has had least of the processor runs next.
 *
 * What a task has had is its virtual time: time on the processor divided by the weight that its
 * nice value gives it.  The queue is sorted by it.  A task that has slept comes back with what it had
 * when it fell asleep, but no more than a little less than the others have: so it runs before those
 * that never sleep, and cannot save up time for later.  Real-time tasks come before all others, by
 * priority; those of one priority, in the order of their arrival. */
#include <process/run_queue.h>

#include <linux/sched.h>

#include <param.h>
#include <platform/clock.h>
#include <process/process.h>

static struct list queue = LIST_INITIAL(queue);
static unsigned count;
static uint64_t least; /* virtual time of the ordinary task with the least; never decreases */

/* ---- weights ---- */

#define WEIGHT_ORDINARY 1024
#define WEIGHT_IDLE     3 /* SCHED_IDLE: less than any nice value */

/* By nice value, from -20 on: each step is a quarter more, so one step between two tasks shifts a
 * tenth of the processor. */
static const uint32_t weights[40] = { 88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626,
                                      14901, 11921, 9537,  7629,  6104,  4883,  3906,  3125,
                                      2500,  2000,  1600,  1280,  1024,  819,   655,   524,
                                      419,   336,   268,   215,   172,   137,   110,   88,
                                      70,    56,    45,    36,    29,    23,    18,    15 };

static uint64_t virtual(const struct task *task, uint64_t time)
{
    uint32_t weight =
        task->schedule.policy == SCHED_IDLE ? WEIGHT_IDLE : weights[task->process->nice + 20];
    return weight == WEIGHT_ORDINARY ? time : time * WEIGHT_ORDINARY / weight;
}

/* ---- real time ---- */

/* So that root's mistake does not take the machine: of every period, what real-time tasks may have
 * as long as others wait. */
static uint64_t period_start, period_used;

static bool real_time(const struct task *task)
{
    return schedule_is_real_time(&task->schedule);
}

static bool is_throttled(void)
{
    uint64_t now = clock_monotonic();
    if (now - period_start >= REAL_TIME_PERIOD) {
        period_start = now;
        period_used = 0;
    }
    return period_used >= REAL_TIME_SHARE;
}

/* ---- the queue ---- */

static struct task *task_at(struct list *node)
{
    return container_of(node, struct task, run);
}

static bool comes_before(const struct task *task, const struct task *other, bool again)
{
    if (task->schedule.priority != other->schedule.priority)
        return task->schedule.priority > other->schedule.priority;
    if (real_time(task))
        return again; /* it was there first */
    return task->schedule.virtual_time < other->schedule.virtual_time;
}

void run_queue_add(struct task *task, bool again)
{
    struct list *before = queue.previous;
    struct schedule *schedule = &task->schedule;
    if (!again && schedule->virtual_time + SLEEPERS_CREDIT < least)
        schedule->virtual_time = least - SLEEPERS_CREDIT;
    while (before != &queue && comes_before(task, task_at(before), again))
        before = before->previous;
    list_add(before, &task->run);
    count++;
}

void run_queue_remove(struct task *task)
{
    list_remove(&task->run);
    count--;
}

/* Nobody who waits has had less than this task. */
static void note_least(const struct task *task)
{
    if (task->schedule.virtual_time > least)
        least = task->schedule.virtual_time;
}

/* The first that is to run; behind real-time tasks if those have had their share. */
static struct task *first(void)
{
    struct task *task;
    if (list_empty(&queue))
        return NULL;
    if (real_time(task_at(queue.next)) && is_throttled())
        list_for_each_entry(task, &queue, run)
            if (!real_time(task))
                return task;
    return task_at(queue.next);
}

struct task *run_queue_take(void)
{
    struct task *task = first();
    if (!task)
        return NULL;
    run_queue_remove(task);
    if (!real_time(task))
        note_least(task);
    return task;
}

void run_queue_charge(struct task *task, uint64_t time)
{
    task->schedule.virtual_time += virtual(task, time);
    if (real_time(task))
        period_used += time;
    else if (list_empty(&queue))
        note_least(task);
}

bool run_queue_outranks(const struct task *task, const struct task *running)
{
    return task->schedule.priority > running->schedule.priority;
}

uint64_t run_queue_turn(const struct task *task)
{
    if (!real_time(task))
        return TICK_NANOSECONDS;
    return task->schedule.policy == SCHED_RR ? REAL_TIME_TURN : 0;
}

bool run_queue_turn_is_over(const struct task *running, uint64_t time)
{
    const struct task *next = first();
    uint64_t turn = run_queue_turn(running);
    if (!next)
        return false;
    if (next->schedule.priority != running->schedule.priority)
        return run_queue_outranks(next, running) || (real_time(running) && is_throttled());
    if (real_time(running))
        return turn && time >= turn;
    return time >= turn && next->schedule.virtual_time < running->schedule.virtual_time;
}

void run_queue_step_back(struct task *task)
{
    uint64_t *time = &task->schedule.virtual_time;
    if (!list_empty(&queue) && task_at(queue.previous)->schedule.virtual_time > *time)
        *time = task_at(queue.previous)->schedule.virtual_time;
}

unsigned run_queue_count(void)
{
    return count;
}
