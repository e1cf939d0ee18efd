/* Extended attributes of files.  xattr(7).
 *
 * No file system here keeps any: reading and writing one fails as on such a file system of Linux's,
 * after the checks that come before, and the list of them is empty.  Programs that copy files ask
 * for them all the time, and go on when the answer is that there are none. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include <fs/private.h>
#include <lib/string.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <process/process.h>

/* ---- what is asked for ---- */

/* An attribute's name: -ERANGE for an empty or a long one. */
static int read_name(char name[XATTR_NAME_MAX + 1], user_address from)
{
    long length = copy_string_from_user(name, from, XATTR_NAME_MAX + 1);

    if (length == 0 || length == -ENAMETOOLONG)
        return -ERANGE;
    return length < 0 ? (int)length : 0;
}

/* What setxattr(2) is given besides the file; the value has to be there and is of no use. */
static int read_arguments(char name[XATTR_NAME_MAX + 1], user_address from, user_address value,
                          size_t size, int flags)
{
    if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    int error = read_name(name, from);

    if (error)
        return error;
    if (size > XATTR_SIZE_MAX)
        return -E2BIG;
    if (!size)
        return 0;
    char *copy = kmalloc(size);

    if (!copy)
        return -ENOMEM;
    error = copy_from_user(copy, value, size);
    kfree(copy);
    return error;
}

/* The path of a descriptor, but not of one of O_PATH. */
static int path_of(int fd, struct path *out)
{
    struct file *file = fd_file(fd);

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    return file_path(file, out);
}

static int follow(user_address path, struct path *out)
{
    return path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, out);
}

static int no_follow(user_address path, struct path *out)
{
    return path_lookup_user(AT_FDCWD, path, 0, out);
}

/* ---- the answers ---- */

static bool in_class(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* The rules of xattr(7) for each class of names, then the answer of a file system without them. */
static int use(const struct inode *inode, const char *name, bool write)
{
    uint32_t mode = inode->attributes.mode;
    int refused = write ? -EPERM : -ENODATA;

    if (in_class(name, XATTR_SECURITY_PREFIX) || in_class(name, XATTR_SYSTEM_PREFIX))
        return -EOPNOTSUPP;
    if (in_class(name, XATTR_TRUSTED_PREFIX))
        return file_system_privileged() ? -EOPNOTSUPP : refused;
    if (in_class(name, XATTR_USER_PREFIX)) {
        if (!S_ISREG(mode) && !S_ISDIR(mode))
            return refused;
        if (S_ISDIR(mode) && (mode & S_ISVTX) && write && !inode_owned(inode))
            return -EPERM;
    }
    int error = inode_permission(inode, write ? MAY_WRITE : MAY_READ);

    return error ? error : -EOPNOTSUPP;
}

/* `found` is what the lookup said; the path is given back. */
static long read_one(int found, struct path *path, const char *name)
{
    if (found)
        return found;
    long result = use(path_inode(path), name, false);

    path_put(path);
    return result;
}

static long change_one(int found, struct path *path, const char *name)
{
    if (found)
        return found;
    long result = mount_writable(path->mount);

    if (!result)
        result = use(path_inode(path), name, true);
    path_put(path);
    return result;
}

static long list_all(int found, struct path *path)
{
    if (!found)
        path_put(path);
    return found;
}

/* ---- the calls ---- */

long sys_setxattr(user_address path, user_address name, user_address value, size_t size, int flags)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_arguments(text, name, value, size, flags);

    return error ? error : change_one(follow(path, &found), &found, text);
}

long sys_lsetxattr(user_address path, user_address name, user_address value, size_t size, int flags)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_arguments(text, name, value, size, flags);

    return error ? error : change_one(no_follow(path, &found), &found, text);
}

long sys_fsetxattr(int fd, user_address name, user_address value, size_t size, int flags)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_arguments(text, name, value, size, flags);

    return error ? error : change_one(path_of(fd, &found), &found, text);
}

long sys_getxattr(user_address path, user_address name)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_name(text, name);

    return error ? error : read_one(follow(path, &found), &found, text);
}

long sys_lgetxattr(user_address path, user_address name)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_name(text, name);

    return error ? error : read_one(no_follow(path, &found), &found, text);
}

long sys_fgetxattr(int fd, user_address name)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_name(text, name);

    return error ? error : read_one(path_of(fd, &found), &found, text);
}

long sys_listxattr(user_address path)
{
    struct path found;

    return list_all(follow(path, &found), &found);
}

long sys_llistxattr(user_address path)
{
    struct path found;

    return list_all(no_follow(path, &found), &found);
}

long sys_flistxattr(int fd)
{
    struct path found;

    return list_all(path_of(fd, &found), &found);
}

long sys_removexattr(user_address path, user_address name)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_name(text, name);

    return error ? error : change_one(follow(path, &found), &found, text);
}

long sys_lremovexattr(user_address path, user_address name)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_name(text, name);

    return error ? error : change_one(no_follow(path, &found), &found, text);
}

long sys_fremovexattr(int fd, user_address name)
{
    char text[XATTR_NAME_MAX + 1];
    struct path found;
    int error = read_name(text, name);

    return error ? error : change_one(path_of(fd, &found), &found, text);
}
