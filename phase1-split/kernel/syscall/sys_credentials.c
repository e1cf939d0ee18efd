/* System calls on user and group ids.  credentials(7), setresuid(2). */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/limits.h>

#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/syscall.h>

#define UNCHANGED UINT32_MAX /* -1: leave this id as it is */

static const struct credentials *self(void)
{
    return current_process()->credentials;
}

/* The user whose process this becomes has more than RLIMIT_NPROC already. */
static bool exceeds_limit(const struct process *process, uint32_t uid)
{
    return uid != 0 && process_count_of_user(uid) > process->limits[RLIMIT_NPROC].rlim_cur;
}

static void install(struct credentials *credentials)
{
    struct process *process = current_process();
    const struct credentials *old = process->credentials;
    if (credentials->uid != old->uid) /* only execve(2) tells: programs trust in setuid(2) */
        process->exceeds_limit = exceeds_limit(process, credentials->uid);
    if (credentials->euid != old->euid || credentials->egid != old->egid ||
        credentials->fsuid != old->fsuid || credentials->fsgid != old->fsgid) {
        process->dumpable = false;
        process->parent_death_signal = 0;
    }
    credentials_put(process->credentials);
    process->credentials = credentials;
}

static int copy_own(struct credentials **out)
{
    return credentials_copy(self(), self()->group_count, out);
}

long sys_getuid(void)
{
    return self()->uid;
}

long sys_geteuid(void)
{
    return self()->euid;
}

long sys_getgid(void)
{
    return self()->gid;
}

long sys_getegid(void)
{
    return self()->egid;
}

static long put_three(const uint32_t ids[3], const user_address to[3])
{
    for (int i = 0; i < 3; i++)
        if (copy_to_user(to[i], &ids[i], sizeof ids[i]))
            return -EFAULT;
    return 0;
}

long sys_getresuid(user_address real, user_address effective, user_address saved)
{
    return put_three((uint32_t[]){ self()->uid, self()->euid, self()->suid },
                     (user_address[]){ real, effective, saved });
}

long sys_getresgid(user_address real, user_address effective, user_address saved)
{
    return put_three((uint32_t[]){ self()->gid, self()->egid, self()->sgid },
                     (user_address[]){ real, effective, saved });
}

/* ---- user ids ---- */

static bool is_own_uid(uint32_t uid)
{
    return uid == UNCHANGED || uid == self()->uid || uid == self()->euid || uid == self()->suid;
}

static long set_uids(unsigned real, unsigned effective, unsigned saved)
{
    struct credentials *new;
    if (!process_privileged() && !(is_own_uid(real) && is_own_uid(effective) && is_own_uid(saved)))
        return -EPERM;
    int error = copy_own(&new);
    if (error)
        return error;
    if (real != UNCHANGED)
        new->uid = real;
    if (effective != UNCHANGED)
        new->euid = effective;
    if (saved != UNCHANGED)
        new->suid = saved;
    new->fsuid = new->euid;
    install(new);
    return 0;
}

/* What asks for no change leaves the file system's id alone, too. */
long sys_setresuid(unsigned real, unsigned effective, unsigned saved)
{
    const struct credentials *old = self();

    if ((real == UNCHANGED || real == old->uid) && (saved == UNCHANGED || saved == old->suid) &&
        (effective == UNCHANGED || (effective == old->euid && effective == old->fsuid)))
        return 0;
    return set_uids(real, effective, saved);
}

long sys_setreuid(unsigned real, unsigned effective)
{
    const struct credentials *old = self();
    if (!process_privileged() &&
        ((real != UNCHANGED && real != old->uid && real != old->euid) || !is_own_uid(effective)))
        return -EPERM;
    bool new_saved = real != UNCHANGED || (effective != UNCHANGED && effective != old->uid);
    struct credentials *new;
    int error = copy_own(&new);
    if (error)
        return error;
    if (real != UNCHANGED)
        new->uid = real;
    if (effective != UNCHANGED)
        new->euid = effective;
    if (new_saved)
        new->suid = new->euid;
    new->fsuid = new->euid;
    install(new);
    return 0;
}

long sys_setuid(unsigned uid)
{
    if (uid == UNCHANGED)
        return -EINVAL;
    if (process_privileged())
        return set_uids(uid, uid, uid);
    if (uid != self()->uid && uid != self()->suid)
        return -EPERM;
    return set_uids(UNCHANGED, uid, UNCHANGED);
}

long sys_setfsuid(unsigned uid)
{
    uint32_t old = self()->fsuid;
    struct credentials *new;
    if (uid == UNCHANGED || !(process_privileged() || is_own_uid(uid) || uid == old))
        return old; /* this call has no way to tell an error */
    if (copy_own(&new) == 0) {
        new->fsuid = uid;
        install(new);
    }
    return old;
}

/* ---- group ids ---- */

static bool is_own_gid(uint32_t gid)
{
    return gid == UNCHANGED || gid == self()->gid || gid == self()->egid || gid == self()->sgid;
}

static long set_gids(unsigned real, unsigned effective, unsigned saved)
{
    struct credentials *new;
    if (!process_privileged() && !(is_own_gid(real) && is_own_gid(effective) && is_own_gid(saved)))
        return -EPERM;
    int error = copy_own(&new);
    if (error)
        return error;
    if (real != UNCHANGED)
        new->gid = real;
    if (effective != UNCHANGED)
        new->egid = effective;
    if (saved != UNCHANGED)
        new->sgid = saved;
    new->fsgid = new->egid;
    install(new);
    return 0;
}

/* What asks for no change leaves the file system's id alone, too. */
long sys_setresgid(unsigned real, unsigned effective, unsigned saved)
{
    const struct credentials *old = self();

    if ((real == UNCHANGED || real == old->gid) && (saved == UNCHANGED || saved == old->sgid) &&
        (effective == UNCHANGED || (effective == old->egid && effective == old->fsgid)))
        return 0;
    return set_gids(real, effective, saved);
}

long sys_setregid(unsigned real, unsigned effective)
{
    const struct credentials *old = self();
    if (!process_privileged() &&
        ((real != UNCHANGED && real != old->gid && real != old->egid) || !is_own_gid(effective)))
        return -EPERM;
    bool new_saved = real != UNCHANGED || (effective != UNCHANGED && effective != old->gid);
    uint32_t becomes = effective != UNCHANGED ? effective : old->egid;
    return set_gids(real, becomes, new_saved ? becomes : UNCHANGED);
}

long sys_setgid(unsigned gid)
{
    if (gid == UNCHANGED)
        return -EINVAL;
    if (process_privileged())
        return set_gids(gid, gid, gid);
    if (gid != self()->gid && gid != self()->sgid)
        return -EPERM;
    return set_gids(UNCHANGED, gid, UNCHANGED);
}

long sys_setfsgid(unsigned gid)
{
    uint32_t old = self()->fsgid;
    struct credentials *new;
    if (gid == UNCHANGED || !(process_privileged() || is_own_gid(gid) || gid == old))
        return old;
    if (copy_own(&new) == 0) {
        new->fsgid = gid;
        install(new);
    }
    return old;
}

long sys_getgroups(int size, user_address out)
{
    const struct credentials *own = self();
    if (size < 0 || (size && (uint32_t)size < own->group_count))
        return -EINVAL;
    if (size && copy_to_user(out, own->groups, own->group_count * sizeof own->groups[0]))
        return -EFAULT;
    return own->group_count;
}

/* Linux keeps the groups in order, and getgroups(2) shows it. */
static void sort(uint32_t *ids, uint32_t count)
{
    for (uint32_t gap = count / 2; gap; gap /= 2)
        for (uint32_t i = gap; i < count; i++) {
            uint32_t id = ids[i], place = i;
            for (; place >= gap && ids[place - gap] > id; place -= gap)
                ids[place] = ids[place - gap];
            ids[place] = id;
        }
}

long sys_setgroups(int size, user_address groups)
{
    if (!process_privileged())
        return -EPERM;
    if (size < 0 || size > NGROUPS_MAX)
        return -EINVAL;
    struct credentials *new;
    int error = credentials_copy(self(), size, &new);
    if (error)
        return error;
    if (copy_from_user(new->groups, groups, size * sizeof new->groups[0])) {
        credentials_put(new);
        return -EFAULT;
    }
    for (uint32_t i = 0; i < new->group_count; i++) {
        if (new->groups[i] == UNCHANGED) { /* no group has this number */
            credentials_put(new);
            return -EINVAL;
        }
    }
    sort(new->groups, new->group_count);
    install(new);
    return 0;
}

/* ---- capabilities(7) ---- */

/* Root has all of them and others none: that is the whole rule here, so sets can be looked at, and
 * set to what they are. */
#define ALL_CAPABILITIES ((2ull << CAP_LAST_CAP) - 1)

static uint64_t effective_capabilities(const struct credentials *of)
{
    return of->euid == 0 ? ALL_CAPABILITIES : 0;
}

static uint64_t permitted_capabilities(const struct credentials *of)
{
    return of->uid == 0 || of->euid == 0 || of->suid == 0 ? ALL_CAPABILITIES : 0;
}

/* How many records of 32 capabilities follow.  -EINVAL tells the version that there is. */
static int read_header(user_address from, struct __user_cap_header_struct *out)
{
    const uint32_t preferred = _LINUX_CAPABILITY_VERSION_3;
    if (copy_from_user(out, from, sizeof *out))
        return -EFAULT;
    switch (out->version) {
    case _LINUX_CAPABILITY_VERSION_1:
        return _LINUX_CAPABILITY_U32S_1;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        return _LINUX_CAPABILITY_U32S_3;
    default:
        return copy_to_user(from, &preferred, sizeof preferred) ? -EFAULT : -EINVAL;
    }
}

long sys_capget(user_address header_address, user_address data)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct out[_LINUX_CAPABILITY_U32S_3];
    int count = read_header(header_address, &header);
    if (count == -EINVAL && !data)
        return 0; /* it was only a question for the version */
    if (count < 0)
        return count;
    if (header.pid < 0)
        return -EINVAL;
    const struct process *process = header.pid ? process_of(header.pid) : current_process();
    if (!process)
        return -ESRCH;
    uint64_t effective = effective_capabilities(process->credentials);
    uint64_t permitted = permitted_capabilities(process->credentials);
    for (int i = 0; i < count; i++)
        out[i] = (struct __user_cap_data_struct){ .effective = (uint32_t)(effective >> 32 * i),
                                                  .permitted = (uint32_t)(permitted >> 32 * i) };
    return data ? copy_to_user(data, out, (size_t)count * sizeof out[0]) : 0;
}

long sys_capset(user_address header_address, user_address data)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct wanted[_LINUX_CAPABILITY_U32S_3] = { 0 };
    const struct process *self = current_process();
    uint64_t effective = 0, permitted = 0;
    int count = read_header(header_address, &header);
    if (count < 0)
        return count;
    if (header.pid && process_of(header.pid) != self)
        return -EPERM;
    if (copy_from_user(wanted, data, (size_t)count * sizeof wanted[0]))
        return -EFAULT;
    for (int i = 0; i < count; i++) {
        effective |= (uint64_t)wanted[i].effective << 32 * i;
        permitted |= (uint64_t)wanted[i].permitted << 32 * i;
    }
    bool same = (effective & ALL_CAPABILITIES) == effective_capabilities(self->credentials) &&
                (permitted & ALL_CAPABILITIES) == permitted_capabilities(self->credentials);
    return same ? 0 : -EPERM;
}
