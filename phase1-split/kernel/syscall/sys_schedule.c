/* System calls on who runs and when: sched(7), nice values, and the barriers that one processor
 * makes easy. */
#include <linux/errno.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#include <param.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>
#include <process/task.h>
#include <syscall/syscall.h>

static struct process *find_or_self(int pid)
{
    return pid ? process_of(pid) : current_process();
}

static int find_task(int id, struct task **out)
{
    if (id < 0)
        return -EINVAL;
    *out = id ? task_find(id) : current;
    return *out ? 0 : -ESRCH;
}

/* ---- policies ---- */

static bool is_real_time(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_ordinary(int policy)
{
    return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

/* There are no deadlines here: SCHED_DEADLINE is as unknown as any other number. */
static int check_policy(int policy, int priority)
{
    if (!is_real_time(policy) && !is_ordinary(policy))
        return -EINVAL;
    if (priority < 0 || priority > SCHEDULE_PRIORITY_MOST)
        return -EINVAL;
    return is_real_time(policy) == (priority > 0) ? 0 : -EINVAL;
}

static bool may_schedule(const struct process *process)
{
    const struct credentials *self = current_process()->credentials, *other = process->credentials;
    return process_privileged() || self->euid == other->uid || self->euid == other->euid;
}

/* All but root have a limit on real-time priorities, 0 unless somebody raised it; lowering one's
 * own is free. */
static int check_permission(const struct task *task, int policy, int priority, bool reset_on_fork)
{
    const struct schedule *now = &task->schedule;
    if (process_privileged())
        return 0;
    if (is_real_time(policy)) {
        uint64_t limit = task->process->limits[RLIMIT_RTPRIO].rlim_cur;
        if ((policy != now->policy && !limit) ||
            (priority > now->priority && (uint64_t)priority > limit))
            return -EPERM;
    }
    if (now->policy == SCHED_IDLE && policy != SCHED_IDLE &&
        task->process->limits[RLIMIT_NICE].rlim_cur < (uint64_t)(20 - task->process->nice))
        return -EPERM;
    return may_schedule(task->process) && (reset_on_fork || !now->reset_on_fork) ? 0 : -EPERM;
}

/* A task that waits for its turn waits at its new place. */
static void set_schedule(struct task *task, int policy, int priority, bool reset_on_fork)
{
    bool waits = task->state == TASK_RUNNABLE && task != current;
    if (waits)
        run_queue_remove(task);
    else if (task == current)
        scheduler_charge(); /* until now it ran by the old rules */
    task->schedule.policy = policy;
    task->schedule.priority = priority;
    task->schedule.reset_on_fork = reset_on_fork;
    if (waits)
        scheduler_add(task);
    else if (task == current)
        scheduler_recheck_turn();
}

static long schedule(int id, int policy, user_address parameter)
{
    struct sched_param wanted;
    struct task *task;
    bool reset_on_fork = policy >= 0 && (policy & SCHED_RESET_ON_FORK);
    if (!parameter || id < 0)
        return -EINVAL;
    if (copy_from_user(&wanted, parameter, sizeof wanted))
        return -EFAULT;
    int error = find_task(id, &task);
    if (error)
        return error;
    if (policy < 0) { /* sched_setparam(2) */
        policy = task->schedule.policy;
        reset_on_fork = task->schedule.reset_on_fork;
    }
    policy &= ~SCHED_RESET_ON_FORK;
    error = check_policy(policy, wanted.sched_priority);
    if (!error)
        error = check_permission(task, policy, wanted.sched_priority, reset_on_fork);
    if (!error)
        set_schedule(task, policy, wanted.sched_priority, reset_on_fork);
    return error;
}

long sys_sched_setscheduler(int id, int policy, user_address parameter)
{
    return policy < 0 ? -EINVAL : schedule(id, policy, parameter);
}

long sys_sched_setparam(int id, user_address parameter)
{
    return schedule(id, -1, parameter);
}

long sys_sched_getscheduler(int id)
{
    struct task *task;
    int error = find_task(id, &task);
    if (error)
        return error;
    return task->schedule.policy | (task->schedule.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

long sys_sched_getparam(int id, user_address out)
{
    struct task *task;
    if (!out)
        return -EINVAL;
    int error = find_task(id, &task);
    if (error)
        return error;
    struct sched_param parameter = { task->schedule.priority };
    return copy_to_user(out, &parameter, sizeof parameter);
}

long sys_sched_get_priority_max(int policy)
{
    if (is_real_time(policy))
        return SCHEDULE_PRIORITY_MOST;
    return is_ordinary(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
    if (is_real_time(policy))
        return 1;
    return is_ordinary(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int id, user_address out)
{
    struct task *task;
    int error = find_task(id, &task);
    if (error)
        return error;
    struct __kernel_timespec turn = { 0, (long long)run_queue_turn(task) };
    return copy_to_user(out, &turn, sizeof turn);
}

long sys_sched_yield(void)
{
    scheduler_yield();
    return 0;
}

/* ---- sched_setattr(2), sched_getattr(2) ---- */

#define KNOWN_FLAGS (SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS)

/* A larger structure must have nothing but zeros where this kernel knows no field. */
static int read_attributes(user_address from, struct sched_attr *out)
{
    uint32_t size, known = sizeof *out;
    uint8_t more;
    memset(out, 0, sizeof *out);
    if (copy_from_user(&size, from, sizeof size))
        return -EFAULT;
    if (!size)
        size = SCHED_ATTR_SIZE_VER0;
    bool fits = size >= SCHED_ATTR_SIZE_VER0 && size <= PAGE_SIZE;
    for (uint32_t at = known; fits && at < size; at++) {
        if (copy_from_user(&more, from + at, 1))
            return -EFAULT;
        fits = !more;
    }
    if (!fits)
        return copy_to_user(from, &known, sizeof known) ? -EFAULT : -E2BIG;
    return copy_from_user(out, from, size < known ? size : known);
}

static int apply_attributes(struct task *task, const struct sched_attr *wanted)
{
    bool keep_policy = wanted->sched_flags & SCHED_FLAG_KEEP_POLICY;
    bool keep = wanted->sched_flags & SCHED_FLAG_KEEP_PARAMS;
    bool reset_on_fork = wanted->sched_flags & SCHED_FLAG_RESET_ON_FORK;
    int policy = keep_policy ? task->schedule.policy : (int)wanted->sched_policy;
    int priority = keep ? task->schedule.priority : (int)wanted->sched_priority;
    int error = check_policy(policy, priority);
    if (!error && !keep && is_ordinary(policy) && policy != SCHED_IDLE)
        error = (int)sys_setpriority(PRIO_PROCESS, task->process->id, wanted->sched_nice);
    if (error == -EACCES)
        error = -EPERM;
    if (!error)
        error = check_permission(task, policy, priority, reset_on_fork);
    if (!error)
        set_schedule(task, policy, priority, reset_on_fork);
    return error;
}

long sys_sched_setattr(int id, user_address attributes, unsigned flags)
{
    struct sched_attr wanted;
    struct task *task;
    if (!attributes || id < 0 || flags)
        return -EINVAL;
    int error = read_attributes(attributes, &wanted);
    if (!error && ((int)wanted.sched_policy < 0 || (wanted.sched_flags & ~(uint64_t)KNOWN_FLAGS)))
        error = -EINVAL;
    if (!error)
        error = find_task(id, &task);
    return error ? error : apply_attributes(task, &wanted);
}

long sys_sched_getattr(int id, user_address out, unsigned size, unsigned flags)
{
    struct task *task;
    if (!out || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
        return -EINVAL;
    int error = find_task(id, &task);
    if (error)
        return error;
    struct sched_attr attributes = {
        .size = size < sizeof attributes ? size : (uint32_t)sizeof attributes,
        .sched_policy = (uint32_t)task->schedule.policy,
        .sched_flags = task->schedule.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
        .sched_priority = (uint32_t)task->schedule.priority,
        .sched_nice = is_real_time(task->schedule.policy) ? 0 : task->process->nice,
    };
    return copy_to_user(out, &attributes, attributes.size);
}

/* ---- processors ---- */

/* There is one processor, number 0, and every task runs on it. */
static const uint64_t processors = 1;

long sys_sched_getaffinity(int pid, unsigned size, user_address mask)
{
    if (size < sizeof processors || size % sizeof processors)
        return -EINVAL;
    if (!find_or_self(pid))
        return -ESRCH;
    return copy_to_user(mask, &processors, sizeof processors) ? -EFAULT : (long)sizeof processors;
}

long sys_sched_setaffinity(int pid, unsigned size, user_address mask)
{
    uint64_t wanted = 0;
    if (copy_from_user(&wanted, mask, size < sizeof wanted ? size : sizeof wanted))
        return -EFAULT;
    const struct process *process = find_or_self(pid);
    if (!process)
        return -ESRCH;
    if (!process_privileged() && process->credentials->uid != current_process()->credentials->euid)
        return -EPERM;
    return (wanted & processors) ? 0 : -EINVAL;
}

long sys_getcpu(user_address processor, user_address node, user_address unused)
{
    const uint32_t zero = 0;
    (void)unused;
    if (processor && copy_to_user(processor, &zero, sizeof zero))
        return -EFAULT;
    return node ? copy_to_user(node, &zero, sizeof zero) : 0;
}

/* On one processor, whoever is not running has been through a switch, which orders everything. */
#define BARRIERS                                                                                   \
    (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                                     \
     MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |                 \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)

long sys_membarrier(int command, unsigned flags, int processor)
{
    (void)processor;
    if (flags)
        return -EINVAL;
    switch (command) {
    case MEMBARRIER_CMD_QUERY:
        return BARRIERS;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        current_process()->has_barriers = true;
        return 0;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        return current_process()->has_barriers ? 0 : -EPERM;
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
    case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
        return 0;
    default:
        return -EINVAL;
    }
}
