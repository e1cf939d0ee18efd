/* Credentials are shared between processes and never changed in place: who changes an id makes a
 * copy.  credentials(7). */
#include <linux/errno.h>

#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

int credentials_copy(const struct credentials *from, uint32_t groups, struct credentials **out)
{
    struct credentials *copy = kzalloc(sizeof *copy + groups * sizeof copy->groups[0]);
    if (!copy)
        return -ENOMEM;
    if (from) {
        uint32_t kept = from->group_count < groups ? from->group_count : groups;
        memcpy(copy, from, sizeof *copy + kept * sizeof copy->groups[0]);
    }
    copy->references = 1;
    copy->group_count = groups;
    *out = copy;
    return 0;
}

void credentials_put(struct credentials *credentials)
{
    if (--credentials->references == 0)
        kfree(credentials);
}

bool credentials_in_group(const struct credentials *credentials, uint32_t gid)
{
    if (credentials->fsgid == gid)
        return true;
    for (uint32_t i = 0; i < credentials->group_count; i++)
        if (credentials->groups[i] == gid)
            return true;
    return false;
}

bool process_privileged(void)
{
    return current_process()->credentials->euid == 0;
}

bool process_may_inspect(const struct process *process)
{
    if (process == current_process() || process_privileged())
        return true;
    const struct credentials *mine = current_process()->credentials, *its = process->credentials;
    return process->dumpable && mine->fsuid == its->uid && mine->fsuid == its->euid &&
           mine->fsuid == its->suid && mine->fsgid == its->gid && mine->fsgid == its->egid &&
           mine->fsgid == its->sgid;
}
