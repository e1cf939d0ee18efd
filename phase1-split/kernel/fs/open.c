/* Opening: from a path, or a name that may have to be made first, to an open file.  open(2). */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include <fs/device_table.h>
#include <fs/pipe.h>

/* ---- what is behind the inode ---- */

static int open_device(struct file *file, unsigned flags)
{
    const struct device *device = device_find(file->inode->attributes.device);

    if (!device)
        return -ENXIO;
    int error = device->ops->open(device->node, flags, &file->handle);

    if (error)
        return error;
    file->ops = device->ops;
    file->in_service = device->in_service;
    file->seekable = device_major(device->number) == MEM_MAJOR;
    return 0;
}

/* A regular file: of the page cache, or the service's own. */
static int open_regular(struct file *file, unsigned flags)
{
    struct inode *inode = file->inode;

    file->seekable = true;
    if (file_counts_as_writer(file) && inode->writers < 0)
        return -ETXTBSY;
    if (inode->ops) {
        int error = inode->ops->open(inode->ops_node, flags, &file->handle);

        if (error)
            return error;
        file->ops = inode->ops;
        file->in_service = true;
    }
    if (file_counts_as_writer(file)) {
        inode->writers++;
        file->path.mount->writers++;
    }
    return 0;
}

static int open_inode(struct file *file, unsigned flags)
{
    if (flags & O_PATH)
        return 0;
    switch (file->inode->attributes.mode & S_IFMT) {
    case S_IFREG:
        return open_regular(file, flags);
    case S_IFDIR:
        file->seekable = true;
        return 0;
    case S_IFCHR:
        return open_device(file, flags);
    case S_IFIFO:
        return fifo_open(file->inode, flags, &file->ops, &file->handle);
    case S_IFLNK:
        return -ELOOP;
    default:
        return -ENXIO;
    }
}

int file_open(const struct path *path, unsigned flags, struct file **out)
{
    struct file *file;
    int error = file_allocate(flags, &file);

    if (error)
        return error;
    file->path = *path;
    file->inode = path_inode(path);
    path_get(&file->path);
    path->mount->expiring = false;
    inode_get(file->inode);
    error = open_inode(file, flags);
    if (error) {
        inode_put(file->inode);
        path_put(&file->path);
        file_free(file);
        return error;
    }
    *out = file;
    return 0;
}

/* ---- may it be opened? ---- */

static unsigned wanted_access(unsigned flags)
{
    unsigned wanted;

    switch (flags & O_ACCMODE) {
    case O_RDONLY:
        wanted = MAY_READ;
        break;
    case O_WRONLY:
        wanted = MAY_WRITE;
        break;
    default:
        wanted = MAY_READ | MAY_WRITE;
    }
    return flags & O_TRUNC ? wanted | MAY_WRITE : wanted;
}

static int check_open(const struct path *path, unsigned flags)
{
    const struct inode *inode = path_inode(path);
    uint32_t mode = inode->attributes.mode;
    unsigned wanted = wanted_access(flags);

    if (S_ISDIR(mode) && (wanted & MAY_WRITE))
        return -EISDIR;
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && (path->mount->flags & MS_NODEV))
        return -EACCES;
    int error = inode_permission(inode, wanted);

    if (!error && (wanted & MAY_WRITE) && (S_ISREG(mode) || S_ISDIR(mode)))
        error = mount_writable(path->mount);
    if (!error && (flags & O_NOATIME) && !inode_owned(inode))
        error = -EPERM;
    return error;
}

static int open_existing(const struct path *path, unsigned flags, struct file **out)
{
    int error = 0;

    if (!(flags & O_PATH)) {
        if (inode_is_symlink(path_inode(path)))
            return -ELOOP;
        error = check_open(path, flags);
    }
    if (!error)
        error = file_open(path, flags, out);
    if (error || !(flags & O_TRUNC) || !inode_is_regular(path_inode(path)))
        return error;
    error = inode_truncate((*out)->inode, 0);
    if (error)
        file_put(*out);
    return error;
}

/* ---- O_CREAT ---- */

static int open_target(struct path_target *target, unsigned flags, uint32_t mode, struct file **out)
{
    struct path path = { .mount = target->directory.mount, .dentry = target->dentry };

    if (target->trailing_slash)
        return -EISDIR;
    if (!target->dentry->inode) {
        /* Who makes a file may open it, whatever its permissions say to others. */
        int error = vfs_create(target, S_IFREG | (mode & 07777), 0, NULL);

        return error ? error : file_open(&path, flags, out);
    }
    if (flags & O_EXCL)
        return -EEXIST;
    path_enter_mounts(&path);
    if (inode_is_directory(path_inode(&path)))
        return -EISDIR;
    return open_existing(&path, flags, out);
}

static int open_or_create(int directory, const char *name, unsigned flags, uint32_t mode,
                          struct file **out)
{
    struct path_target target;

    int error = path_lookup_last(directory, name, !(flags & (O_NOFOLLOW | O_EXCL)), &target);

    if (error)
        return error;
    error = open_target(&target, flags, mode, out);
    path_target_put(&target);
    return error;
}

/* O_TMPFILE: `name` is the directory; with O_EXCL the file will never have a name. */
static int open_nameless(int directory, const char *name, unsigned flags, uint32_t mode,
                         struct file **out)
{
    struct path path, made;
    int error = path_lookup(directory, name,
                            LOOKUP_DIRECTORY | (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW), &path);

    if (error)
        return error;
    error = vfs_create_nameless(&path, mode & 07777, !(flags & O_EXCL), &made);
    path_put(&path);
    if (error)
        return error;
    error = file_open(&made, flags, out);
    path_put(&made);
    return error;
}

int file_open_name(int directory, const char *name, unsigned flags, uint32_t mode,
                   struct file **out)
{
    struct path path;

    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return open_nameless(directory, name, flags, mode, out);
    if (flags & O_CREAT)
        return open_or_create(directory, name, flags, mode, out);
    int error = path_lookup(directory, name,
                            (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                                (flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0),
                            &path);

    if (error)
        return error;
    error = open_existing(&path, flags, out);
    path_put(&path);
    return error;
}
