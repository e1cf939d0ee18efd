/* Groups and sessions are not objects: a group is the processes that bear its id.  Questions about
 * them are asked rarely (job control), so they walk the process table. */
#include <process/group.h>

#include <process/process.h>

bool group_exists(int32_t group)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->group == group)
            return true;
    return false;
}

bool session_exists(int32_t session)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->session == session)
            return true;
    return false;
}

bool group_in_session(int32_t group, int32_t session)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->group == group && each->session == session)
            return true;
    return false;
}

/* Has this process a parent who could continue it, leaving `without` out of account? */
static bool is_looked_after(const struct process *process, const struct process *without)
{
    const struct process *parent = process->parent;
    return parent && parent != without && parent->id != 1 && parent->group != process->group &&
           parent->session == process->session;
}

static bool is_orphaned(int32_t group, const struct process *without)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->group == group && each != without && each->state == PROCESS_ALIVE &&
            is_looked_after(each, without))
            return false;
    return true;
}

bool process_group_is_orphaned(int32_t group)
{
    return is_orphaned(group, NULL);
}

static bool has_stopped_member(int32_t group, const struct process *without)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->group == group && each != without && each->stopped)
            return true;
    return false;
}

static void release(int32_t group, const struct process *without)
{
    if (!is_orphaned(group, without) || !has_stopped_member(group, without))
        return;
    signal_send_group(group, SIGHUP, NULL);
    signal_send_group(group, SIGCONT, NULL);
}

void group_release_orphans(struct process *process)
{
    if (is_looked_after(process, NULL))
        release(process->group, process);
    struct process *child;
    list_for_each_entry(child, &process->children, sibling)
        if (child->group != process->group && child->session == process->session)
            release(child->group, process);
}
