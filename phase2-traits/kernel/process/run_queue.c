/* Two queues: real-time tasks come before all others, by priority, those of one priority in the order
 * of their arrival.  Ordinary tasks wait with the policy, and it is asked which of them is next. */
#include <process/run_queue.h>

#include <linux/sched.h>

#include <param.h>
#include <platform/clock.h>
#include <process/policy.h>
#include <process/process.h>

static struct list urgent = LIST_INITIAL(urgent); /* real-time tasks that wait */
static unsigned urgent_count, ordinary_count;
static struct scheduler_policy policy; /* a copy, so that there is no pointer to follow */

/* By nice value, from -20 on: each step is a quarter more, so one step between two tasks shifts a
 * tenth of the processor. */
const uint32_t weights_by_nice[40] = { 88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626,
                                       14901, 11921, 9537,  7629,  6104,  4883,  3906,  3125,
                                       2500,  2000,  1600,  1280,  1024,  819,   655,   524,
                                       419,   336,   268,   215,   172,   137,   110,   88,
                                       70,    56,    45,    36,    29,    23,    18,    15 };

void run_queue_use(const struct scheduler_policy *chosen)
{
    policy = *chosen;
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

static struct task *task_at(struct list *node)
{
    return container_of(node, struct task, run);
}

/* With `again` it was there first. */
static void add_urgent(struct task *task, bool again)
{
    struct list *before = urgent.previous;
    int priority = task->schedule.priority;
    while (before != &urgent && (priority > task_at(before)->schedule.priority ||
                                 (again && priority == task_at(before)->schedule.priority)))
        before = before->previous;
    list_add(before, &task->run);
}

/* The real-time task that is to run next; NULL if none waits, or if those have had their share and
 * others wait. */
static struct task *first_urgent(void)
{
    if (list_empty(&urgent) || (ordinary_count && is_throttled()))
        return NULL;
    return task_at(urgent.next);
}

/* ---- the queue ---- */

void run_queue_add(struct task *task, bool again)
{
    if (real_time(task)) {
        add_urgent(task, again);
        urgent_count++;
    } else {
        policy.enqueue(task);
        ordinary_count++;
    }
}

void run_queue_remove(struct task *task)
{
    if (real_time(task)) {
        list_remove(&task->run);
        urgent_count--;
    } else {
        policy.remove(task);
        ordinary_count--;
    }
}

struct task *run_queue_take(void)
{
    struct task *task = first_urgent();
    if (task) {
        run_queue_remove(task);
        return task;
    }
    if (!ordinary_count)
        return NULL;
    ordinary_count--;
    return policy.pick_next();
}

void run_queue_charge(struct task *task, uint64_t time)
{
    if (real_time(task))
        period_used += time;
    else
        policy.charge(task, time);
}

bool run_queue_outranks(const struct task *task, const struct task *running)
{
    return task->schedule.priority > running->schedule.priority;
}

uint64_t run_queue_turn(const struct task *task)
{
    if (!real_time(task))
        return policy.turn;
    return task->schedule.policy == SCHED_RR ? REAL_TIME_TURN : 0;
}

bool run_queue_turn_is_over(const struct task *running, uint64_t time)
{
    const struct task *next = first_urgent();
    uint64_t turn = run_queue_turn(running);
    if (next && next->schedule.priority != running->schedule.priority)
        return run_queue_outranks(next, running) || (real_time(running) && is_throttled());
    if (next)
        return turn && time >= turn;
    if (!ordinary_count)
        return false;
    if (real_time(running))
        return is_throttled();
    return time >= turn && policy.turn_is_over(running);
}

void run_queue_step_back(struct task *task)
{
    if (!real_time(task))
        policy.step_back(task);
}

unsigned run_queue_count(void)
{
    return urgent_count + ordinary_count;
}
