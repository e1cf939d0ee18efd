/* System calls on priorities: of the processor (nice) and of storage. */
#include <linux/errno.h>
#include <linux/ioprio.h>
#include <linux/resource.h>

#include <platform/user.h>
#include <process/process.h>
#include <syscall/syscall.h>

/* ---- of the processor ---- */

static bool in_priority_class(const struct process *process, int which, int who)
{
    const struct process *self = current_process();
    switch (which) {
    case PRIO_PROCESS:
        return process->id == (who ? who : self->id);
    case PRIO_PGRP:
        return process->group == (who ? who : self->group);
    default:
        return process->credentials->uid == (who ? (unsigned)who : self->credentials->uid);
    }
}

long sys_getpriority(int which, int who)
{
    int best = 0; /* as 20 - nice, so that it is never negative */
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (in_priority_class(each, which, who) && 20 - each->nice > best)
            best = 20 - each->nice;
    return best ? best : -ESRCH;
}

static int set_nice(struct process *process, int nice)
{
    const struct credentials *self = current_process()->credentials;
    const struct credentials *other = process->credentials;
    if (self->euid && self->euid != other->uid && self->euid != other->euid)
        return -EPERM;
    uint64_t limit = process->limits[RLIMIT_NICE].rlim_cur; /* 20 - nice */
    if (nice < process->nice && self->euid && (uint64_t)(20 - nice) > limit)
        return -EACCES;
    process->nice = nice;
    return 0;
}

long sys_setpriority(int which, int who, int nice)
{
    int result = -ESRCH;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        if (!in_priority_class(each, which, who))
            continue;
        int error = set_nice(each, nice);
        if (result == -ESRCH || error)
            result = error;
    }
    return result;
}

/* ---- of storage: ioprio_set(2).  There is none that could be slow, so they are only kept ---- */

static int check_storage_priority(int priority)
{
    int level = IOPRIO_PRIO_DATA(priority);
    switch (priority >> IOPRIO_CLASS_SHIFT) {
    case IOPRIO_CLASS_RT:
        if (!process_privileged())
            return -EPERM;
        return level < IOPRIO_NR_LEVELS ? 0 : -EINVAL;
    case IOPRIO_CLASS_BE:
        return level < IOPRIO_NR_LEVELS ? 0 : -EINVAL;
    case IOPRIO_CLASS_IDLE:
        return 0;
    case IOPRIO_CLASS_NONE:
        return level == 0 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* What counts when several are compared: without one of its own it follows from nice. */
static int effective_priority(const struct process *process)
{
    if (process->storage_priority)
        return process->storage_priority;
    return IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, (process->nice + 20) / 5);
}

/* The kinds of `which` are those of getpriority(2), counted from 1. */
static bool in_storage_class(const struct process *process, int which, int who)
{
    return in_priority_class(process, which - IOPRIO_WHO_PROCESS + PRIO_PROCESS, who);
}

/* The most urgent, which is the least number; of a single process what was set, 0 before. */
long sys_ioprio_get(int which, int who)
{
    int best = -ESRCH;
    if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
        return -EINVAL;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        if (!in_storage_class(each, which, who))
            continue;
        if (which == IOPRIO_WHO_PROCESS)
            return each->storage_priority;
        int priority = effective_priority(each);
        best = best < 0 || priority < best ? priority : best;
    }
    return best;
}

static int set_storage_priority(struct process *process, int priority)
{
    const struct credentials *self = current_process()->credentials;
    unsigned other = process->credentials->uid;
    if (self->euid && self->euid != other && self->uid != other)
        return -EPERM;
    process->storage_priority = priority;
    return 0;
}

long sys_ioprio_set(int which, int who, int priority)
{
    int result = check_storage_priority(priority);
    if (result)
        return result;
    if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
        return -EINVAL;
    result = -ESRCH;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        if (!in_storage_class(each, which, who))
            continue;
        result = set_storage_priority(each, priority);
        if (result)
            return result;
    }
    return result;
}
