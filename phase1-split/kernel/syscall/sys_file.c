/* System calls on open descriptors: they translate arguments and leave the work to fs/. */
#include <syscall/syscall.h>

#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/stat.h>

#include <asm/ioctls.h>

#include <fs/memory_file.h>
#include <fs/page_cache.h>
#include <fs/pipe.h>
#include <fs/private.h>
#include <lib/bits.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/vector.h>

/* ---- reading and writing ---- */

typedef long (*transfer)(struct file *file, struct user_buffer *buffer, uint64_t *position);

/* At the file's own position, which moves along. */
static long transfer_next(int fd, struct user_buffer *buffer, transfer transfer)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long moved = transfer(file, buffer, &file->position);

    file_put(file);
    return moved;
}

/* At a position of the caller's. */
static long transfer_at(int fd, struct user_buffer *buffer, int64_t position, transfer transfer)
{
    if (position < 0)
        return -EINVAL;
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    uint64_t at = (uint64_t)position;
    long moved = file->seekable         ? transfer(file, buffer, &at)
                 : file->flags & O_PATH ? -EBADF
                                        : -ESPIPE;

    file_put(file);
    return moved;
}

/* All of the caller's buffer must be in range, although not all of it may be used. */
static void buffer_init(struct user_buffer *buffer, user_address data, size_t size)
{
    user_buffer_init(buffer, data, size);
    buffer->length = min(size, TRANSFER_LIMIT);
}

long sys_read(int fd, user_address data, size_t size)
{
    struct user_buffer buffer;

    buffer_init(&buffer, data, size);
    return transfer_next(fd, &buffer, file_read);
}

long sys_write(int fd, user_address data, size_t size)
{
    struct user_buffer buffer;

    buffer_init(&buffer, data, size);
    return transfer_next(fd, &buffer, file_write);
}

long sys_pread64(int fd, user_address data, size_t size, int64_t position)
{
    struct user_buffer buffer;

    buffer_init(&buffer, data, size);
    return transfer_at(fd, &buffer, position, file_read);
}

long sys_pwrite64(int fd, user_address data, size_t size, int64_t position)
{
    struct user_buffer buffer;

    buffer_init(&buffer, data, size);
    return transfer_at(fd, &buffer, position, file_write);
}

/* ---- several segments ---- */

static long transfer_vector(int fd, user_address segments, int count, transfer transfer)
{
    struct vector vector;

    if (!fd_file(fd))
        return -EBADF;
    long result = vector_copy(&vector, segments, count);

    if (result < 0)
        return result;
    result = transfer_next(fd, &vector.buffer, transfer);
    vector_free(&vector);
    return result;
}

static long transfer_vector_at(int fd, user_address segments, int count, int64_t position,
                               transfer transfer)
{
    struct vector vector;

    if (position < 0)
        return -EINVAL;
    if (!fd_file(fd))
        return -EBADF;
    long result = vector_copy(&vector, segments, count);

    if (result < 0)
        return result;
    result = transfer_at(fd, &vector.buffer, position, transfer);
    vector_free(&vector);
    return result;
}

long sys_readv(int fd, user_address segments, int count)
{
    return transfer_vector(fd, segments, count, file_read);
}

long sys_writev(int fd, user_address segments, int count)
{
    return transfer_vector(fd, segments, count, file_write);
}

/* On 64-bit machines the whole offset is in `low` (preadv(2), C library/kernel differences). */
long sys_preadv(int fd, user_address segments, int count, uint64_t low, uint64_t high)
{
    (void)high;
    return transfer_vector_at(fd, segments, count, (int64_t)low, file_read);
}

long sys_pwritev(int fd, user_address segments, int count, uint64_t low, uint64_t high)
{
    (void)high;
    return transfer_vector_at(fd, segments, count, (int64_t)low, file_write);
}

/* preadv2(2), pwritev2(2): position -1 is the file's own.  Nothing here can be told not to wait, so
 * RWF_NOWAIT is refused, as by a file system that does not know it; the others ask for what is so
 * anyway, but RWF_APPEND. */
#define KNOWN_FLAGS ((unsigned)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))

static int check_transfer_flags(int fd, uint64_t position, unsigned flags)
{
    if ((int64_t)position < -1)
        return -EINVAL;
    if (!fd_file(fd))
        return -EBADF;
    return flags & ~KNOWN_FLAGS ? -EOPNOTSUPP : 0;
}

static long write_at_end(struct file *file, struct user_buffer *from, uint64_t *position)
{
    if (!file->ops && file->seekable)
        *position = file->inode->attributes.size;
    return file_write(file, from, position);
}

long sys_preadv2(int fd, user_address segments, int count, uint64_t low, uint64_t high,
                 unsigned flags)
{
    int error = check_transfer_flags(fd, low, flags);

    (void)high;
    if (error)
        return error;
    return (int64_t)low == -1 ? transfer_vector(fd, segments, count, file_read)
                              : transfer_vector_at(fd, segments, count, (int64_t)low, file_read);
}

long sys_pwritev2(int fd, user_address segments, int count, uint64_t low, uint64_t high,
                  unsigned flags)
{
    transfer write = flags & RWF_APPEND ? write_at_end : file_write;
    int error = check_transfer_flags(fd, low, flags);

    (void)high;
    if (error)
        return error;
    return (int64_t)low == -1 ? transfer_vector(fd, segments, count, write)
                              : transfer_vector_at(fd, segments, count, (int64_t)low, write);
}

/* ---- positions ---- */

/* SEEK_DATA and SEEK_HOLE: how far it is from `offset` to the place. */
static int64_t seek_content(const struct file *file, int64_t offset, bool data, int *error)
{
    struct inode *inode = file->inode;
    uint64_t size = inode->attributes.size, from = (uint64_t)offset;

    if (offset < 0 || from >= size) {
        *error = -ENXIO;
        return 0;
    }
    if (!inode_is_paged(inode))
        return data ? 0 : (int64_t)(size - from); /* all is data; the hole begins at the end */
    uint64_t found = page_cache_seek(inode, from, data);

    if (data && found == size)
        *error = -ENXIO;
    return (int64_t)(found - from);
}

static int64_t seek_base(const struct file *file, int64_t offset, int whence, int *error)
{
    int64_t size = (int64_t)file->inode->attributes.size;

    /* Where in a directory the end is, and what a hole, nobody can say. */
    if (inode_is_directory(file->inode) && whence > SEEK_CUR)
        whence = -1;
    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return (int64_t)file->position;
    case SEEK_END:
        return size;
    case SEEK_DATA:
    case SEEK_HOLE:
        return seek_content(file, offset, whence == SEEK_DATA, error);
    default:
        *error = -EINVAL;
        return 0;
    }
}

long sys_lseek(int fd, int64_t offset, int whence)
{
    struct file *file = fd_file(fd);
    int error = 0;

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (whence < SEEK_SET || whence > SEEK_MAX)
        return -EINVAL;
    if (!file->seekable)
        return -ESPIPE;
    int64_t position = seek_base(file, offset, whence, &error);

    if (error)
        return error;
    if (__builtin_add_overflow(position, offset, &position) || position < 0)
        return -EINVAL;
    file->position = (uint64_t)position;
    return position;
}

/* ---- descriptors ---- */

long sys_close(int fd)
{
    return fd_close(fd);
}

/* CLOSE_RANGE_UNSHARE: the table becomes the caller's own first. */
static int unshare_table(void)
{
    struct fd_table *own, *shared = current_process()->files;

    if (shared->references == 1)
        return 0;
    int error = fd_table_clone(shared, &own);

    if (error)
        return error;
    current_process()->files = own;
    fd_table_put(shared);
    return 0;
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
        return -EINVAL;
    int error = flags & CLOSE_RANGE_UNSHARE ? unshare_table() : 0;

    if (error)
        return error;
    unsigned size = (unsigned)current_process()->files->size;

    for (unsigned fd = first; fd < size && fd <= last; fd++) {
        if (flags & CLOSE_RANGE_CLOEXEC)
            fd_set_close_on_exec((int)fd, true);
        else
            fd_close((int)fd);
    }
    return 0;
}

static long duplicate_from(int fd, int lowest, bool close_on_exec)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    int copy = fd_install(file, lowest, close_on_exec);

    if (copy < 0)
        file_put(file);
    return copy;
}

long sys_dup(int fd)
{
    return duplicate_from(fd, 0, false);
}

long sys_dup2(int from, int to)
{
    if (from == to)
        return fd_file(from) ? to : -EBADF;
    return fd_duplicate_to(from, to, false);
}

long sys_dup3(int from, int to, int flags)
{
    if (flags & ~O_CLOEXEC)
        return -EINVAL;
    return fd_duplicate_to(from, to, (flags & O_CLOEXEC) != 0);
}

/* ---- fcntl(2) and ioctl(2) ---- */

/* What F_SETFL can change. */
#define SETTABLE_FLAGS ((unsigned)(O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT | FASYNC))

static long set_flags(struct file *file, unsigned flags)
{
    if ((flags & ~file->flags & O_NOATIME) && !inode_owned(file->inode))
        return -EPERM;
    file->flags = (file->flags & ~SETTABLE_FLAGS) | (flags & SETTABLE_FLAGS);
    return 0;
}

static long duplicate_above(int fd, unsigned lowest, bool close_on_exec)
{
    if (lowest >= current_process()->limits[RLIMIT_NOFILE].rlim_cur)
        return -EINVAL;
    return duplicate_from(fd, (int)lowest, close_on_exec);
}

static long lock_command(int fd, int command, uint64_t argument)
{
    struct file *file = fd_get(fd); /* F_SETLKW sleeps */
    long result = file_lock(file, command, argument);

    /* Somebody who shares the descriptors may have closed this one meanwhile: what nobody could
     * unlock any more goes. */
    if (fd_file(fd) != file)
        file_unlock_all(file, current_process()->files);
    file_put(file);
    return result;
}

long sys_fcntl(int fd, int command, uint64_t argument)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
        return duplicate_above(fd, (unsigned)argument, false);
    case F_DUPFD_CLOEXEC:
        return duplicate_above(fd, (unsigned)argument, true);
    case F_GETFD:
        return fd_close_on_exec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
        fd_set_close_on_exec(fd, (argument & FD_CLOEXEC) != 0);
        return 0;
    case F_GETFL:
        return file->flags;
    }
    if (file->flags & O_PATH)
        return -EBADF;
    switch (command) {
    case F_SETFL:
        return set_flags(file, (unsigned)argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return lock_command(fd, command, argument);
    case F_GETPIPE_SZ:
        return pipe_size(file);
    case F_SETPIPE_SZ:
        return pipe_set_size(file, (uint32_t)argument);
    case F_ADD_SEALS:
        return file_add_seals(file, (unsigned)argument);
    case F_GET_SEALS:
        return file_seals(file);
    default:
        return -EINVAL;
    }
}

/* memfd_create(2): the longest name, without its NUL. */
#define MEMORY_NAME_LENGTH (NAME_LENGTH_MAX - 6)

long sys_memfd_create(user_address name, unsigned flags)
{
    char text[MEMORY_NAME_LENGTH + 1];
    struct file *file;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    long length = copy_string_from_user(text, name, sizeof(text));

    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    int error = memory_file_create(text, (flags & MFD_ALLOW_SEALING) != 0, &file);

    if (error)
        return error;
    int fd = fd_install(file, 0, (flags & MFD_CLOEXEC) != 0);

    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_flock(int fd, int operation)
{
    if (lock_type_of(operation) < 0)
        return -EINVAL; /* told before a bad descriptor */
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = file_lock_whole(file, operation);

    file_put(file);
    return result;
}

long sys_ioctl(int fd, unsigned command, uint64_t argument)
{
    struct file *file = fd_get(fd);
    long result = 0;

    if (!file)
        return -EBADF;
    if (command == FIOCLEX || command == FIONCLEX)
        fd_set_close_on_exec(fd, command == FIOCLEX);
    else
        result = file_ioctl(file, command, argument);
    file_put(file);
    return result;
}

/* ---- sizes and safety ---- */

/* Nothing is kept on a disk, so everything is as safe as it will be. */
long sys_fsync(int fd)
{
    struct file *file = fd_file(fd);

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    return inode_is_regular(file->inode) || inode_is_directory(file->inode) ? 0 : -EINVAL;
}

long sys_fdatasync(int fd)
{
    return sys_fsync(fd);
}

long sys_ftruncate(int fd, int64_t size)
{
    struct file *file = fd_file(fd);

    if (size < 0)
        return -EINVAL;
    return file ? file_truncate(file, (uint64_t)size) : -EBADF;
}

/* ---- directories ---- */

long sys_getdents64(int fd, user_address entries, unsigned size)
{
    struct file *file = fd_file(fd);

    if ((int)size < 0)
        size = 0; /* to Linux a negative number: no entry fits */
    return file ? directory_read(file, entries, size, false) : -EBADF;
}

long sys_getdents(int fd, user_address entries, unsigned size)
{
    struct file *file = fd_file(fd);

    return file ? directory_read(file, entries, size, true) : -EBADF;
}
