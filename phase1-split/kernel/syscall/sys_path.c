/* System calls that take path names: opening, making and removing names, moving about, mounting. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include <fs/private.h>
#include <lib/string.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

/* ---- open ---- */

static long open_and_install(int directory, const char *name, unsigned flags, unsigned mode)
{
    struct file *file;
    /* A full table is told before a file is made in vain. */
    int fd = fd_lowest_free(0);

    if (fd < 0)
        return fd;
    int error = file_open_name(directory, name, flags, mode, &file);

    if (error)
        return error;
    fd = fd_install(file, 0, (flags & O_CLOEXEC) != 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_openat(int directory, user_address path, int flags, unsigned mode)
{
    char *name;

    if ((flags & (O_CREAT | O_DIRECTORY | O_PATH)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL; /* directories are made by mkdir(2) */
    if ((flags & O_TMPFILE) == O_TMPFILE && !(flags & O_PATH) && (flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL; /* nobody could ever write to it */
    int error = path_name_copy(path, &name);

    if (error)
        return error;
    /* Every program of this machine may use 64-bit offsets, and F_GETFL says so. */
    unsigned kept = (unsigned)flags | (flags & O_PATH ? 0 : O_LARGEFILE);
    long fd = open_and_install(directory, name, kept, mode);

    path_name_free(name);
    return fd;
}

long sys_open(user_address path, int flags, unsigned mode)
{
    return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(user_address path, unsigned mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- new names ---- */

static long create(int directory, user_address path, uint32_t mode, uint64_t device,
                   const char *link_target)
{
    struct path_target target;
    int error = path_lookup_target(directory, path, &target);

    if (error)
        return error;
    error = vfs_create(&target, mode, device, link_target);
    path_target_put(&target);
    return error;
}

long sys_mkdirat(int directory, user_address path, unsigned mode)
{
    return create(directory, path, S_IFDIR | (mode & (S_ISVTX | 0777)), 0, NULL);
}

long sys_mkdir(user_address path, unsigned mode)
{
    return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int directory, user_address path, unsigned mode, unsigned device)
{
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    bool is_device = S_ISCHR(mode) || S_ISBLK(mode);

    return create(directory, path, mode & (S_IFMT | 07777), is_device ? device : 0, NULL);
}

long sys_mknod(user_address path, unsigned mode, unsigned device)
{
    return sys_mknodat(AT_FDCWD, path, mode, device);
}

long sys_symlinkat(user_address target, int directory, user_address path)
{
    char *text;
    int error = path_name_copy(target, &text);

    if (error)
        return error;
    long result = text[0] == '\0' ? -ENOENT : create(directory, path, S_IFLNK | 0777, 0, text);

    path_name_free(text);
    return result;
}

long sys_symlink(user_address target, user_address path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

/* The first byte of a name; '/' if there is none, so that looking it up tells the error. */
static char first_of(user_address name)
{
    char first;

    return copy_from_user(&first, name, 1) == 0 ? first : '/';
}

static long link_to(const struct path *from, int directory, user_address path)
{
    struct path_target target;
    int error = path_lookup_target(directory, path, &target);

    if (error)
        return error;
    if (target.last == LAST_NORMAL && !target.dentry->inode &&
        from->mount != target.directory.mount)
        error = -EXDEV;
    else
        error = vfs_link(&target, path_inode(from));
    path_target_put(&target);
    return error;
}

long sys_linkat(int from_directory, user_address from, int to_directory, user_address to, int flags)
{
    struct path path;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    /* The descriptor may have come from somebody who may do more (linkat(2), AT_EMPTY_PATH). */
    if ((flags & AT_EMPTY_PATH) && fd_file(from_directory) && !file_system_privileged() &&
        first_of(from) != '/')
        return -ENOENT;
    int error = path_lookup_user(from_directory, from,
                                 (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
                                     (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
                                 &path);

    if (error)
        return error;
    long result = link_to(&path, to_directory, to);

    path_put(&path);
    return result;
}

long sys_link(user_address from, user_address to)
{
    return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- names that go ---- */

long sys_unlinkat(int directory, user_address path, int flags)
{
    struct path_target target;

    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    int error = path_lookup_target(directory, path, &target);

    if (error)
        return error;
    error = vfs_unlink(&target, (flags & AT_REMOVEDIR) != 0);
    path_target_put(&target);
    return error;
}

long sys_unlink(user_address path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(user_address path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_renameat2(int from_directory, user_address from, int to_directory, user_address to,
                   unsigned flags)
{
    struct path_target source, target;

    if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE))
        return -EINVAL;
    int error = path_lookup_target(from_directory, from, &source);

    if (error)
        return error;
    error = path_lookup_target(to_directory, to, &target);
    if (!error) {
        error = vfs_rename(&source, &target, flags);
        path_target_put(&target);
    }
    path_target_put(&source);
    return error;
}

long sys_renameat(int from_directory, user_address from, int to_directory, user_address to)
{
    return sys_renameat2(from_directory, from, to_directory, to, 0);
}

long sys_rename(user_address from, user_address to)
{
    return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- symlinks ---- */

static long copy_link(struct inode *link, user_address out, int size)
{
    char *buffer;
    const char *target;

    int error = path_buffer(&buffer);

    if (error)
        return error;
    long result = inode_read_link(link, buffer, &target);

    if (result == 0) {
        size_t length = strlen(target);

        if (length > (size_t)size)
            length = (size_t)size;
        result = copy_to_user(out, target, length) < 0 ? -EFAULT : (long)length;
    }
    path_name_free(buffer);
    return result;
}

long sys_readlinkat(int directory, user_address path, user_address out, int size)
{
    struct path link;

    if (size <= 0)
        return -EINVAL;
    int error = path_lookup_user(directory, path, LOOKUP_EMPTY, &link);

    if (error)
        return error;
    /* Of a link alone can a descriptor be meant (readlinkat(2)). */
    long result = inode_is_symlink(path_inode(&link)) ? copy_link(path_inode(&link), out, size)
                  : first_of(path) == '\0'            ? -ENOENT
                                                      : -EINVAL;

    if (result > 0)
        mount_accessed(link.mount, path_inode(&link));
    path_put(&link);
    return result;
}

long sys_readlink(user_address path, user_address out, int size)
{
    return sys_readlinkat(AT_FDCWD, path, out, size);
}

/* ---- where a process stands ---- */

/* Takes over the reference on `where` if the process may search there. */
static long move_to(struct path *place, const struct path *where)
{
    int error = inode_permission(path_inode(where), MAY_EXECUTE);

    if (error) {
        path_put(where);
        return error;
    }
    struct path old = *place;

    *place = *where;
    path_put(&old);
    return 0;
}

long sys_chdir(user_address path)
{
    struct path where;
    int error = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &where);

    return error ? error : move_to(&current_process()->fs->directory, &where);
}

long sys_fchdir(int fd)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    if (!file->path.dentry || !inode_is_directory(file->inode))
        return -ENOTDIR;
    path_get(&file->path);
    return move_to(&current_process()->fs->directory, &file->path);
}

long sys_chroot(user_address path)
{
    struct path where;
    int error = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &where);

    if (!error && !process_privileged()) {
        path_put(&where);
        error = -EPERM;
    }
    return error ? error : move_to(&current_process()->fs->root, &where);
}

/* The name of the working directory at the end of `buffer`, as Linux's getcwd(2) tells it. */
static int directory_name(char *buffer, char **out)
{
    static const char mark[] = "(unreachable)";
    const struct path *where = process_directory();
    size_t room = sizeof(mark) - 1; /* kept free in front */
    bool reachable;

    if (where->dentry->unlinked)
        return -ENOENT;
    char *name = path_to_string(where, buffer + room, PATH_MAX - room, &reachable);

    if (!name)
        return -ENAMETOOLONG;
    if (!reachable) {
        name -= room;
        memcpy(name, mark, room);
    }
    *out = name;
    return 0;
}

long sys_getcwd(user_address out, size_t size)
{
    char *buffer, *name;
    long result = path_buffer(&buffer);

    if (result < 0)
        return result;
    result = directory_name(buffer, &name);
    if (result == 0) {
        result = (long)strlen(name) + 1;
        if ((size_t)result > size)
            result = -ERANGE;
        else if (copy_to_user(out, name, (size_t)result) < 0)
            result = -EFAULT;
    }
    path_name_free(buffer);
    return result;
}

long sys_umask(unsigned mask)
{
    struct fs_context *context = current_process()->fs;
    uint32_t old = context->umask;

    context->umask = mask & 0777;
    return (long)old;
}

/* ---- mounting ---- */

/* umount2(2)'s flags; Linux keeps them out of its user headers. */
#define MNT_FORCE       1
#define MNT_DETACH      2
#define MNT_EXPIRE      4
#define UMOUNT_NOFOLLOW 8

#define PROPAGATION_FLAGS (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* mount(2)'s texts in kernel memory: NULL means `otherwise`. */
static int copy_text(user_address from, const char *otherwise, char **out)
{
    if (from)
        return path_name_copy(from, out);
    int error = path_buffer(out);

    if (!error)
        string_copy(*out, otherwise, PATH_MAX);
    return error;
}

static int mount_checked(const char *type, const char *source, const char *options, unsigned flags,
                         const struct path *where)
{
    if (!process_privileged())
        return -EPERM;
    if (flags & MS_REMOUNT)
        return vfs_remount(where, flags);
    if (flags & MS_BIND)
        return vfs_mount(type, source, options, flags, where);
    if (flags & PROPAGATION_FLAGS)
        return vfs_set_propagation(where, flags);
    if (flags & MS_MOVE)
        return source[0] ? vfs_move_mount(source, where) : -EINVAL;
    return vfs_mount(type, source, options, flags, where);
}

static int mount_at(const char *type, const char *source, user_address options, unsigned flags,
                    user_address where)
{
    struct path path;
    char *text;
    int error = copy_text(options, "", &text);

    if (error)
        return error;
    error = path_lookup_user(AT_FDCWD, where, LOOKUP_FOLLOW, &path);
    if (!error) {
        error = mount_checked(type, source, text, flags, &path);
        path_put(&path);
    }
    path_name_free(text);
    return error;
}

long sys_mount(user_address source, user_address where, user_address type, uint64_t flags,
               user_address options)
{
    char *type_name, *source_name;
    int error = copy_text(type, "", &type_name);

    if (error)
        return error;
    error = copy_text(source, "none", &source_name);
    if (!error) {
        /* Old programs put a magic number into the upper half (mount(2), historical notes). */
        if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
            flags &= ~(uint64_t)MS_MGC_MSK;
        error = mount_at(type_name, source_name, options, (unsigned)flags, where);
        path_name_free(source_name);
    }
    path_name_free(type_name);
    return error;
}

long sys_umount2(user_address where, int flags)
{
    struct path path;

    enum unmount_kind kind = flags & MNT_DETACH   ? UNMOUNT_LAZILY
                             : flags & MNT_EXPIRE ? UNMOUNT_IF_EXPIRED
                                                  : UNMOUNT;

    if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) ||
        ((flags & MNT_EXPIRE) && (flags & (MNT_FORCE | MNT_DETACH))))
        return -EINVAL;
    int error =
        path_lookup_user(AT_FDCWD, where, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);

    if (error)
        return error;
    error = process_privileged() ? vfs_unmount(&path, kind) : -EPERM;
    path_put(&path);
    return error;
}

long sys_pivot_root(user_address new, user_address put_old)
{
    struct path to, from;

    if (!process_privileged())
        return -EPERM;
    int error = path_lookup_user(AT_FDCWD, new, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &to);

    if (error)
        return error;
    error = path_lookup_user(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &from);
    if (!error) {
        error = vfs_pivot_root(&to, &from);
        path_put(&from);
    }
    path_put(&to);
    return error;
}

/* What the process shares by clone(2), and can have for itself again.  There is one name space of
 * each kind, so these cannot be. */
long sys_unshare(uint64_t flags)
{
    struct process *self = current_process();
    const uint64_t tasks = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
    struct fs_context *fs = NULL;
    struct fd_table *files = NULL;

    if (flags & ~(tasks | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
        return -EINVAL;
    if (flags && self->task_count > 1)
        return -EINVAL; /* what tasks of one process share stays shared */
    if ((flags & CLONE_VM) && self->vm->references > 1)
        return -EINVAL;
    if ((flags & (CLONE_SIGHAND | CLONE_VM)) && self->actions->references > 1)
        return -EINVAL;
    int error = flags & CLONE_FS ? fs_context_clone(self->fs, &fs) : 0;

    if (!error && (flags & CLONE_FILES))
        error = fd_table_clone(self->files, &files);
    if (error) {
        if (fs)
            fs_context_put(fs);
        return error;
    }
    if (fs) {
        fs_context_put(self->fs);
        self->fs = fs;
    }
    if (files) {
        fd_table_put(self->files);
        self->files = files;
    }
    return 0;
}

/* Nothing is kept on a disk. */
long sys_sync(void)
{
    return 0;
}

long sys_syncfs(int fd)
{
    const struct file *file = fd_file(fd);

    return file && !(file->flags & O_PATH) ? 0 : -EBADF;
}
