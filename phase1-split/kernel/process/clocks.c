/* Three kinds of time: the wall's, the system's, and what tasks have used of the processor. */
#include <process/clocks.h>

#include <linux/errno.h>
#include <linux/time.h>

#include <platform/clock.h>
#include <process/process.h>
#include <process/wall_clock.h>

/* A clock with a negative number is the processor time of a process or task, as
 * clock_getcpuclockid(3) makes them: the id's complement, a bit for tasks, two for which time. */
#define CPU_CLOCK_WHICH 3
#define CPU_CLOCK_USER  1
#define CPU_CLOCK_ALL   2
#define CPU_CLOCK_TASK  4

static int find_cpu_clock(int number, struct clock *out)
{
    int32_t id = ~(number >> 3), which = number & CPU_CLOCK_WHICH;
    *out = (struct clock){ .kind = CLOCK_OF_CPU, .user_only = which == CPU_CLOCK_USER };
    if (which > CPU_CLOCK_ALL)
        return -EINVAL;
    if (number & CPU_CLOCK_TASK) {
        const struct task *task = id ? task_find(id) : current;
        if (!task || task->process != current_process())
            return -EINVAL; /* a task's clock is its own process's affair */
        out->task = task->id;
    } else {
        const struct process *process = id ? process_find(id) : current_process();
        if (!process)
            return -EINVAL;
        out->process = process->id;
    }
    return 0;
}

int clock_find(int number, struct clock *out)
{
    if (number < 0)
        return find_cpu_clock(number, out);
    *out = (struct clock){ .kind = CLOCK_OF_SYSTEM };
    switch (number) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI: /* nobody has told the leap seconds */
        out->kind = CLOCK_OF_WALL;
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *out = (struct clock){ .kind = CLOCK_OF_CPU, .process = current_process()->id };
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *out = (struct clock){ .kind = CLOCK_OF_CPU, .task = current->id };
        return 0;
    default:
        return -EINVAL;
    }
}

static uint64_t cpu_time(const struct clock *clock)
{
    uint64_t user = 0, system = 0;
    const struct task *task = clock->task ? task_find(clock->task) : NULL;
    struct process *process = clock->process ? process_find(clock->process) : NULL;
    if (task)
        task_times(task, &user, &system);
    else if (process)
        process_times(process, &user, &system);
    return clock->user_only ? user : user + system;
}

uint64_t clock_now(const struct clock *clock)
{
    if (clock->kind == CLOCK_OF_CPU)
        return cpu_time(clock);
    return clock->kind == CLOCK_OF_WALL ? (uint64_t)wall_clock() : clock_monotonic();
}

bool clock_measures_current(const struct clock *clock)
{
    return clock->kind == CLOCK_OF_CPU &&
           (clock->task ? clock->task == current->id : clock->process == current_process()->id);
}
