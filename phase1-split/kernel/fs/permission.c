/* Who may do what to a file: the mode bits against the ids of the running process.
 * POSIX.1-2017 volume 1, 4.5; path_resolution(7), credentials(7), inode(7). */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/stat.h>

#include <process/process.h>

static const struct credentials *credentials(void)
{
    return current_process()->credentials;
}

uint32_t file_system_uid(void)
{
    return current ? credentials()->fsuid : 0;
}

uint32_t file_system_gid(void)
{
    return current ? credentials()->fsgid : 0;
}

bool file_system_privileged(void)
{
    return file_system_uid() == 0;
}

/* The three bits of the mode that count for the running process: owner, group or others. */
static unsigned granted(const struct inode *inode)
{
    const struct attributes *file = &inode->attributes;
    const struct credentials *who = credentials();

    if (who->fsuid == file->uid)
        return file->mode >> 6;
    if (credentials_in_group(who, file->gid))
        return file->mode >> 3;
    return file->mode;
}

int inode_permission(const struct inode *inode, unsigned wanted)
{
    uint32_t mode = inode->attributes.mode;

    if (!current)
        return 0;
    if (file_system_privileged()) {
        /* Even root executes only what somebody may execute. */
        bool refused = (wanted & MAY_EXECUTE) && !S_ISDIR(mode) && !(mode & 0111);
        return refused ? -EACCES : 0;
    }
    return (wanted & ~granted(inode) & 7) ? -EACCES : 0;
}

bool inode_owned(const struct inode *inode)
{
    return file_system_privileged() || file_system_uid() == inode->attributes.uid;
}

int may_create_in(const struct dentry *directory)
{
    if (directory->unlinked)
        return -ENOENT;
    return inode_permission(directory->inode, MAY_WRITE | MAY_EXECUTE);
}

int may_delete(const struct dentry *victim)
{
    const struct inode *directory = victim->parent->inode;
    int error = inode_permission(directory, MAY_WRITE | MAY_EXECUTE);

    if (error)
        return error;
    if ((directory->attributes.mode & S_ISVTX) && !inode_owned(directory) &&
        !inode_owned(victim->inode))
        return -EPERM;
    return 0;
}

bool file_system_in_group(uint32_t gid)
{
    return file_system_privileged() || credentials_in_group(credentials(), gid);
}

uint32_t inode_mode_unprivileged(const struct inode *inode)
{
    uint32_t mode = inode->attributes.mode & ~(uint32_t)S_ISUID;

    /* Without S_IXGRP the bit means something else, but is not lent to strangers either. */
    if ((mode & S_IXGRP) || !file_system_in_group(inode->attributes.gid))
        mode &= ~(uint32_t)S_ISGID;
    return mode;
}

void inode_drop_privileges(struct inode *inode)
{
    struct attributes changed = inode->attributes;

    changed.mode = inode_mode_unprivileged(inode);
    if (changed.mode != inode->attributes.mode && !file_system_privileged())
        inode_set_attributes(inode, &changed, SET_MODE);
}
