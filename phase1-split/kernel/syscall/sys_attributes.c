/* System calls that tell what a file is like, and those that change it.  inode(7). */
#include <syscall/syscall.h>

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/utime.h>

#include <fs/device.h>
#include <fs/private.h>
#include <platform/user.h>
#include <process/process.h>
#include <process/wall_clock.h>

static unsigned lookup_flags(int flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
           (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

/* ---- stat ---- */

#define ANONYMOUS_DEVICE 15 /* st_dev's minor of pipes and their like, as of a mount's own */

static uint64_t device_of(const struct inode *inode)
{
    return inode->fs ? inode->fs->device : device_number(0, ANONYMOUS_DEVICE);
}

static long put_stat(struct inode *inode, user_address out)
{
    const struct attributes *from = &inode->attributes;
    int error = inode_refresh(inode);

    if (error)
        return error;
    struct stat stat = {
        .st_dev = device_of(inode),
        .st_ino = from->number,
        .st_nlink = from->links,
        .st_mode = from->mode,
        .st_uid = from->uid,
        .st_gid = from->gid,
        .st_rdev = from->device,
        .st_size = (long)from->size,
        .st_blksize = PAGE_SIZE,
        .st_blocks = (long)from->blocks,
        .st_atime = (unsigned long)from->accessed.seconds,
        .st_atime_nsec = from->accessed.nanoseconds,
        .st_mtime = (unsigned long)from->modified.seconds,
        .st_mtime_nsec = from->modified.nanoseconds,
        .st_ctime = (unsigned long)from->changed.seconds,
        .st_ctime_nsec = from->changed.nanoseconds,
    };
    return copy_to_user(out, &stat, sizeof(stat));
}

long sys_newfstatat(int directory, user_address path, user_address out, int flags)
{
    struct path found;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    int error = path_lookup_user(directory, path, lookup_flags(flags), &found);

    if (error)
        return error;
    long result = put_stat(path_inode(&found), out);

    path_put(&found);
    return result;
}

long sys_stat(user_address path, user_address out)
{
    return sys_newfstatat(AT_FDCWD, path, out, 0);
}

long sys_lstat(user_address path, user_address out)
{
    return sys_newfstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, user_address out)
{
    struct file *file = fd_file(fd);

    return file ? put_stat(file->inode, out) : -EBADF;
}

static struct statx_timestamp extended_time(const struct timestamp *from)
{
    return (struct statx_timestamp){ .tv_sec = from->seconds, .tv_nsec = from->nanoseconds };
}

static long put_statx(struct inode *inode, const struct path *path, user_address out)
{
    const struct attributes *from = &inode->attributes;
    uint64_t device = device_of(inode);
    int error = inode_refresh(inode);

    if (error)
        return error;
    struct statx statx = {
        .stx_mask = STATX_BASIC_STATS | STATX_MNT_ID,
        .stx_blksize = PAGE_SIZE,
        .stx_attributes = path->dentry == path->mount->root ? STATX_ATTR_MOUNT_ROOT : 0,
        .stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
        .stx_nlink = from->links,
        .stx_uid = from->uid,
        .stx_gid = from->gid,
        .stx_mode = (uint16_t)from->mode,
        .stx_ino = from->number,
        .stx_size = from->size,
        .stx_blocks = from->blocks,
        .stx_atime = extended_time(&from->accessed),
        .stx_mtime = extended_time(&from->modified),
        .stx_ctime = extended_time(&from->changed),
        .stx_rdev_major = device_major(from->device),
        .stx_rdev_minor = device_minor(from->device),
        .stx_dev_major = device_major(device),
        .stx_dev_minor = device_minor(device),
        .stx_mnt_id = path->mount->id,
    };
    return copy_to_user(out, &statx, sizeof(statx));
}

long sys_statx(int directory, user_address path, unsigned flags, unsigned mask, user_address out)
{
    struct path found;

    if ((flags &
         ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || (mask & STATX__RESERVED))
        return -EINVAL;
    int error = path_lookup_user(directory, path, lookup_flags((int)flags), &found);

    if (error)
        return error;
    long result = put_statx(path_inode(&found), &found, out);

    path_put(&found);
    return result;
}

/* ---- statfs ---- */

/* f_flags: that they are valid at all, and the mount's, which are the same bits (statfs(2)). */
#define ST_VALID    0x20
#define SHOWN_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define ST_NOATIME  0x400

static long put_statistics(const struct path *path, user_address out)
{
    struct file_system *fs = path_inode(path)->fs;
    struct fs_statistics statistics = { .magic = PIPEFS_MAGIC };
    uint32_t flags = path->mount->flags;

    if (fs) {
        int error = fs->type->fs->statistics(fs->handle, &statistics);

        if (error)
            return error;
    }
    struct statfs statfs = {
        .f_type = (long)statistics.magic,
        .f_bsize = PAGE_SIZE,
        .f_frsize = PAGE_SIZE,
        .f_blocks = (long)statistics.blocks,
        .f_bfree = (long)statistics.free_blocks,
        .f_bavail = (long)statistics.free_blocks,
        .f_files = (long)statistics.files,
        .f_ffree = (long)statistics.free_files,
        .f_fsid = { { fs ? (int)fs->device : 0, 0 } },
        .f_namelen = NAME_LENGTH_MAX,
        .f_flags = ST_VALID | (flags & SHOWN_FLAGS) | (flags & MS_NOATIME ? ST_NOATIME : 0),
    };
    return copy_to_user(out, &statfs, sizeof(statfs));
}

long sys_statfs(user_address path, user_address out)
{
    struct path found;
    int error = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, &found);

    if (error)
        return error;
    long result = put_statistics(&found, out);

    path_put(&found);
    return result;
}

long sys_fstatfs(int fd, user_address out)
{
    struct file *file = fd_file(fd);
    struct path path;

    if (!file)
        return -EBADF;
    int error = file_path(file, &path);

    if (error)
        return error;
    long result = put_statistics(&path, out);

    path_put(&path);
    return result;
}

/* ---- access ---- */

static int check_access(const struct path *path, unsigned wanted)
{
    const struct inode *inode = path_inode(path);
    uint32_t mode = inode->attributes.mode;

    if ((wanted & MAY_EXECUTE) && S_ISREG(mode) && (path->mount->flags & MS_NOEXEC))
        return -EACCES;
    int error = inode_permission(inode, wanted);

    if (!error && (wanted & MAY_WRITE) && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
        error = mount_writable(path->mount);
    return error;
}

static long access_as_effective(int directory, user_address path, int mode, int flags)
{
    struct path found;

    int error = path_lookup_user(directory, path, lookup_flags(flags), &found);

    if (error)
        return error;
    if (mode != 0)
        error = check_access(&found, (unsigned)mode);
    path_put(&found);
    return error;
}

/* The whole of access(2), the walk to the file too, is done as the real user (POSIX). */
static long access_as_real(int directory, user_address path, int mode, int flags)
{
    struct process *process = current_process();
    struct credentials *own = process->credentials, *real;

    if (own->uid == own->fsuid && own->gid == own->fsgid)
        return access_as_effective(directory, path, mode, flags);
    int error = credentials_copy(own, own->group_count, &real);

    if (error)
        return error;
    real->fsuid = own->uid;
    real->fsgid = own->gid;
    process->credentials = real;
    long result = access_as_effective(directory, path, mode, flags);

    process->credentials = own;
    credentials_put(real);
    return result;
}

long sys_faccessat2(int directory, user_address path, int mode, int flags)
{
    if ((mode & ~7) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    return flags & AT_EACCESS ? access_as_effective(directory, path, mode, flags)
                              : access_as_real(directory, path, mode, flags);
}

long sys_faccessat(int directory, user_address path, int mode)
{
    return sys_faccessat2(directory, path, mode, 0);
}

long sys_access(user_address path, int mode)
{
    return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

/* ---- truncate ---- */

static int truncate_path(const struct path *path, uint64_t size)
{
    struct inode *inode = path_inode(path);

    if (inode_is_directory(inode))
        return -EISDIR;
    if (!inode_is_regular(inode))
        return -EINVAL;
    int error = inode_permission(inode, MAY_WRITE);

    if (!error)
        error = mount_writable(path->mount);
    if (!error && inode->writers < 0)
        error = -ETXTBSY;
    if (error)
        return error;
    if (size != inode->attributes.size || !inode_is_paged(inode))
        return inode_truncate(inode, size);
    inode_drop_privileges(inode); /* nothing else changes, the times neither (truncate(3p)) */
    return 0;
}

long sys_truncate(user_address path, int64_t size)
{
    struct path found;

    if (size < 0)
        return -EINVAL;
    int error = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, &found);

    if (error)
        return error;
    error = truncate_path(&found, (uint64_t)size);
    path_put(&found);
    return error;
}

/* ---- chmod ---- */

static int change_mode(const struct path *path, unsigned mode)
{
    struct inode *inode = path_inode(path);
    struct attributes changed = inode->attributes;
    int error = mount_writable(path->mount);

    if (error)
        return error;
    if (inode_is_symlink(inode))
        return -EOPNOTSUPP;
    if (!inode_owned(inode))
        return -EPERM;
    changed.mode = mode & 07777;
    if (!file_system_in_group(changed.gid))
        changed.mode &= ~S_ISGID; /* nobody lends out a group that he is not in (chmod(2)) */
    return inode_set_attributes(inode, &changed, SET_MODE);
}

long sys_fchmodat(int directory, user_address path, unsigned mode)
{
    struct path found;
    int error = path_lookup_user(directory, path, LOOKUP_FOLLOW, &found);

    if (error)
        return error;
    error = change_mode(&found, mode);
    path_put(&found);
    return error;
}

long sys_chmod(user_address path, unsigned mode)
{
    return sys_fchmodat(AT_FDCWD, path, mode);
}

/* The path of a descriptor that calls other than stat may use: not one of O_PATH. */
static int path_of(int fd, struct path *out)
{
    struct file *file = fd_file(fd);

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    return file_path(file, out);
}

long sys_fchmod(int fd, unsigned mode)
{
    struct path path;
    int error = path_of(fd, &path);

    if (error)
        return error;
    error = change_mode(&path, mode);
    path_put(&path);
    return error;
}

/* ---- chown ---- */

#define NO_CHANGE 0xffffffffu

/* The owner may give a file to a group he is in; everything else is root's. */
static bool may_change_owner(const struct inode *inode, unsigned uid, unsigned gid)
{
    const struct attributes *now = &inode->attributes;

    if (file_system_privileged())
        return true;
    if (file_system_uid() != now->uid)
        return uid == NO_CHANGE && gid == NO_CHANGE;
    return (uid == NO_CHANGE || uid == now->uid) &&
           (gid == NO_CHANGE || gid == now->gid || file_system_in_group(gid));
}

static int change_owner(const struct path *path, unsigned uid, unsigned gid)
{
    struct inode *inode = path_inode(path);
    struct attributes changed = inode->attributes;
    unsigned which = SET_MODE;
    int error = mount_writable(path->mount);

    if (error)
        return error;
    if (!may_change_owner(inode, uid, gid))
        return -EPERM;
    if (uid != NO_CHANGE) {
        changed.uid = uid;
        which |= SET_UID;
    }
    if (gid != NO_CHANGE) {
        changed.gid = gid;
        which |= SET_GID;
    }
    /* What ran with the old owner's rights shall not run with the new one's. */
    if (!S_ISDIR(changed.mode))
        changed.mode = inode_mode_unprivileged(inode);
    return inode_set_attributes(inode, &changed, which);
}

long sys_fchownat(int directory, user_address path, unsigned uid, unsigned gid, int flags)
{
    struct path found;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = path_lookup_user(directory, path, lookup_flags(flags), &found);

    if (error)
        return error;
    error = change_owner(&found, uid, gid);
    path_put(&found);
    return error;
}

long sys_chown(user_address path, unsigned uid, unsigned gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(user_address path, unsigned uid, unsigned gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, unsigned uid, unsigned gid)
{
    struct path path;
    int error = path_of(fd, &path);

    if (error)
        return error;
    error = change_owner(&path, uid, gid);
    path_put(&path);
    return error;
}

/* ---- times ---- */

/* Special values of tv_nsec (utimensat(2)); Linux keeps them out of its user headers. */
#define UTIME_NOW  0x3fffffffl
#define UTIME_OMIT 0x3ffffffel

#define MICROSECONDS 1000000

/* What to set the times of access and modification to. */
struct new_times {
    struct __kernel_timespec time[2];
};

static const struct new_times both_now = { { { 0, UTIME_NOW }, { 0, UTIME_NOW } } };

static bool time_is_valid(const struct __kernel_timespec *time)
{
    return time->tv_nsec == UTIME_NOW || time->tv_nsec == UTIME_OMIT ||
           (time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

static void take_time(const struct __kernel_timespec *time, struct timestamp *out)
{
    if (time->tv_nsec == UTIME_NOW)
        *out = wall_clock_timestamp();
    else
        *out = (struct timestamp){ time->tv_sec, (uint32_t)time->tv_nsec };
}

/* Who may write a file may say that it was used now; only the owner may say anything else. */
static int may_set_times(const struct inode *inode, const struct new_times *times)
{
    if (inode_owned(inode))
        return 0;
    if (times->time[0].tv_nsec == UTIME_NOW && times->time[1].tv_nsec == UTIME_NOW)
        return inode_permission(inode, MAY_WRITE);
    return -EPERM;
}

static int set_times(const struct path *path, const struct new_times *times)
{
    struct inode *inode = path_inode(path);
    struct attributes changed = inode->attributes;
    unsigned which = 0;

    if (!time_is_valid(&times->time[0]) || !time_is_valid(&times->time[1]))
        return -EINVAL;
    int error = mount_writable(path->mount);

    if (!error)
        error = may_set_times(inode, times);
    if (error)
        return error;
    if (times->time[0].tv_nsec != UTIME_OMIT) {
        take_time(&times->time[0], &changed.accessed);
        which |= SET_ACCESSED;
    }
    if (times->time[1].tv_nsec != UTIME_OMIT) {
        take_time(&times->time[1], &changed.modified);
        which |= SET_MODIFIED;
    }
    return inode_set_attributes(inode, &changed, which);
}

/* `path` 0 means the descriptor itself. */
static long change_times(int directory, user_address path, const struct new_times *times, int flags)
{
    struct path found;
    int error;

    /* Whatever is meant, it is left alone. */
    if (times->time[0].tv_nsec == UTIME_OMIT && times->time[1].tv_nsec == UTIME_OMIT)
        return 0;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (path == 0 && directory != AT_FDCWD)
        error = flags ? -EINVAL : path_of(directory, &found);
    else
        error = path_lookup_user(directory, path, lookup_flags(flags), &found);
    if (error)
        return error;
    error = set_times(&found, times);
    path_put(&found);
    return error;
}

long sys_utimensat(int directory, user_address path, user_address times, int flags)
{
    struct new_times wanted = both_now;

    if (times && copy_from_user(&wanted, times, sizeof(wanted)) < 0)
        return -EFAULT;
    return change_times(directory, path, &wanted, flags);
}

long sys_futimesat(int directory, user_address path, user_address times)
{
    struct __kernel_old_timeval given[2];
    struct new_times wanted = both_now;

    if (times && copy_from_user(given, times, sizeof(given)) < 0)
        return -EFAULT;
    for (int i = 0; times && i < 2; i++) {
        if (given[i].tv_usec < 0 || given[i].tv_usec >= MICROSECONDS)
            return -EINVAL;
        wanted.time[i].tv_sec = given[i].tv_sec;
        wanted.time[i].tv_nsec = given[i].tv_usec * 1000;
    }
    return change_times(directory, path, &wanted, 0);
}

long sys_utimes(user_address path, user_address times)
{
    return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(user_address path, user_address times)
{
    struct utimbuf given;
    struct new_times wanted = both_now;

    if (times) {
        if (copy_from_user(&given, times, sizeof(given)) < 0)
            return -EFAULT;
        wanted.time[0] = (struct __kernel_timespec){ .tv_sec = given.actime };
        wanted.time[1] = (struct __kernel_timespec){ .tv_sec = given.modtime };
    }
    return change_times(AT_FDCWD, path, &wanted, 0);
}
