/* System calls on ranges of a file's bytes: making and unmaking them, copying them inside the
 * kernel, and hints about them, which a cache that keeps everything does not need. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include <fs/memory_file.h>
#include <fs/page_cache.h>
#include <fs/private.h>
#include <lib/bits.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <process/process.h>

#define SENDFILE_PAGES 16 /* moved at once by sendfile(2) and copy_file_range(2) */

/* Was it opened for `access`, or for both reading and writing? */
static bool has_access(const struct file *file, unsigned access)
{
    unsigned mode = file->flags & O_ACCMODE;

    return !(file->flags & O_PATH) && (mode == access || mode == O_RDWR);
}

/* ---- fallocate(2) ---- */

/* Gives every page in [offset, end) memory of its own. */
static int fill_holes(struct inode *inode, uint64_t offset, uint64_t end)
{
    for (uint64_t index = offset >> PAGE_SHIFT; index < PAGES_FOR(end); index++) {
        struct frame *frame;
        int error = page_cache_get(inode, index, true, &frame);

        if (error)
            return error;
        frame_put(frame);
    }
    return 0;
}

static int allocate_range(struct inode *inode, uint64_t offset, uint64_t end, bool keep_size)
{
    uint64_t size = inode->attributes.size;
    /* The limit holds for what may be written later without more memory, too. */
    int error = inode_may_grow(inode, end);

    if (!error)
        error = end > size ? inode_seals_allow_size(inode, end) : 0;
    if (!error && end > size && !keep_size)
        error = inode_truncate(inode, end);
    if (error)
        return error;
    error = fill_holes(inode, offset, min(end, inode->attributes.size));
    if (error && inode->attributes.size > size)
        inode_truncate(inode, size);
    return error;
}

static int punch_hole(struct inode *inode, uint64_t offset, uint64_t end)
{
    long error = inode_seals_allow_write(inode, offset, 0);

    if (error)
        return (int)error;
    error = page_cache_punch(inode, offset, end);
    if (!error)
        inode_touch(inode, SET_MODIFIED | SET_CHANGED);
    return (int)error;
}

/* Which modes make sense together: those that move data stand alone (fallocate(2), ERRORS). */
static int check_mode(unsigned mode)
{
    const unsigned alone =
        FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
    const unsigned known =
        alone | FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
    unsigned hole = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);

    if ((mode & ~known) || hole == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
        return -EOPNOTSUPP;
    return (mode & alone) && (mode & (mode - 1)) ? -EINVAL : 0;
}

long sys_fallocate(int fd, int mode, int64_t offset, int64_t length)
{
    struct file *file = fd_file(fd);
    int64_t end;

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (offset < 0 || length <= 0)
        return -EINVAL;
    int error = check_mode((unsigned)mode);

    if (error)
        return error;
    if (!has_access(file, O_WRONLY))
        return -EBADF;
    if (S_ISFIFO(file->inode->attributes.mode))
        return -ESPIPE;
    if (!inode_is_paged(file->inode))
        return -ENODEV;
    if (__builtin_add_overflow(offset, length, &end))
        return -EFBIG;
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
        return -EOPNOTSUPP; /* as of Linux's tmpfs */
    if (mode & FALLOC_FL_PUNCH_HOLE)
        return punch_hole(file->inode, (uint64_t)offset, (uint64_t)end);
    return allocate_range(file->inode, (uint64_t)offset, (uint64_t)end, mode != 0);
}

/* ---- sendfile(2) ---- */

/* One piece through `memory`.  Bytes moved, 0 at the end of the file, or an errno. */
static long send_piece(struct file *to, uint64_t *to_position, struct file *from,
                       uint64_t *position, char *memory, size_t size)
{
    struct user_buffer buffer;
    uint64_t at = *position;

    user_buffer_init_kernel(&buffer, memory, size);
    long got = file_read(from, &buffer, &at);

    if (got <= 0)
        return got;
    user_buffer_init_kernel(&buffer, memory, (size_t)got);
    long put = file_write(to, &buffer, to_position);

    if (put > 0)
        *position += (uint64_t)put; /* what was read in vain is read again */
    return put;
}

static long send(struct file *to, uint64_t *to_position, struct file *from, uint64_t *position,
                 size_t count)
{
    char *memory = pages_allocate(SENDFILE_PAGES);
    size_t sent = 0;
    long moved = 0;

    if (!memory)
        return -ENOMEM;
    while (sent < count) {
        size_t piece = min(count - sent, SENDFILE_PAGES * PAGE_SIZE);

        moved = send_piece(to, to_position, from, position, memory, piece);
        if (moved <= 0)
            break;
        sent += (size_t)moved;
        if (signal_waiting(current))
            break;
    }
    pages_free(memory, SENDFILE_PAGES);
    return sent > 0 ? (long)sent : moved;
}

/* `to` may be NULL: what is wrong with the source is told first. */
static long send_checked(struct file *to, struct file *from, user_address position, size_t count)
{
    uint64_t at = from->position;

    if (position && copy_from_user(&at, position, sizeof(at)) < 0)
        return -EFAULT;
    if (!has_access(from, O_RDONLY))
        return -EBADF;
    if (!from->seekable)
        return position ? -ESPIPE : -EINVAL;
    if ((int64_t)at < 0 || (int64_t)count < 0)
        return -EINVAL;
    if (!to || !has_access(to, O_WRONLY))
        return -EBADF;
    if (to->flags & O_APPEND)
        return -EINVAL;
    long sent =
        send(to, &to->position, from, position ? &at : &from->position, min(count, TRANSFER_LIMIT));

    if (position && copy_to_user(position, &at, sizeof(at)) < 0)
        return -EFAULT;
    return sent;
}

long sys_sendfile(int to, int from, user_address position, size_t count)
{
    struct file *target = fd_get(to), *source = fd_get(from);
    long result = source ? send_checked(target, source, position, count) : -EBADF;

    if (target)
        file_put(target);
    if (source)
        file_put(source);
    return result;
}

/* ---- copy_file_range(2) ---- */

struct place {
    struct file *file;
    user_address own; /* where the caller keeps the position; 0: the file's own is used */
    uint64_t position;
};

static int find_position(struct place *place)
{
    place->position = place->file->position;
    return place->own && copy_from_user(&place->position, place->own, sizeof(place->position)) < 0
               ? -EFAULT
               : 0;
}

static int check_files(const struct file *from, const struct file *to)
{
    if (!has_access(from, O_RDONLY) || !has_access(to, O_WRONLY) || (to->flags & O_APPEND))
        return -EBADF;
    if (inode_is_directory(from->inode) || inode_is_directory(to->inode))
        return -EISDIR;
    if (!inode_is_regular(from->inode) || !inode_is_regular(to->inode))
        return -EINVAL;
    return from->inode->fs == to->inode->fs ? 0 : -EXDEV;
}

/* Cuts `*count` to the end of the source. */
static int check_range(const struct place *from, const struct place *to, size_t *count)
{
    uint64_t size = from->file->inode->attributes.size;

    if (from->position + *count < from->position || to->position + *count < to->position)
        return -EOVERFLOW;
    if ((int64_t)from->position < 0 || (int64_t)to->position < 0)
        return -EINVAL;
    *count = from->position < size ? min((uint64_t)*count, size - from->position) : 0;
    if (from->file->inode == to->file->inode && from->position < to->position + *count &&
        to->position < from->position + *count)
        return -EINVAL; /* they overlap */
    return 0;
}

static int leave_position(const struct place *place)
{
    if (!place->own)
        place->file->position = place->position;
    else if (copy_to_user(place->own, &place->position, sizeof(place->position)) < 0)
        return -EFAULT;
    return 0;
}

static long copy_range(struct place *from, struct place *to, size_t count)
{
    int error = find_position(from);

    if (!error)
        error = find_position(to);
    if (!error)
        error = check_files(from->file, to->file);
    if (!error)
        error = check_range(from, to, &count);
    if (error || count == 0)
        return error;
    long copied =
        send(to->file, &to->position, from->file, &from->position, min(count, TRANSFER_LIMIT));

    if (copied <= 0)
        return copied;
    error = leave_position(from);
    if (!error)
        error = leave_position(to);
    return error ? error : copied;
}

long sys_copy_file_range(int from_fd, user_address from_position, int to_fd,
                         user_address to_position, size_t count, unsigned flags)
{
    struct place from = { .file = fd_get(from_fd), .own = from_position };
    struct place to = { .file = fd_get(to_fd), .own = to_position };
    long result = !from.file || !to.file ? -EBADF : flags ? -EINVAL : 0;

    if (!result)
        result = copy_range(&from, &to, count);
    if (from.file)
        file_put(from.file);
    if (to.file)
        file_put(to.file);
    return result;
}

/* ---- hints ---- */

long sys_fadvise64(int fd, int64_t offset, int64_t length, int advice)
{
    const struct file *file = fd_file(fd);

    (void)offset;
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (S_ISFIFO(file->inode->attributes.mode))
        return -ESPIPE;
    if (length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
        return -EINVAL;
    return 0;
}

long sys_readahead(int fd, int64_t offset, size_t count)
{
    const struct file *file = fd_file(fd);

    (void)offset;
    (void)count;
    if (!file || !has_access(file, O_RDONLY))
        return -EBADF;
    return inode_is_regular(file->inode) ? 0 : -EINVAL;
}

/* Nothing is kept on a disk: what was written is as safe as it will be. */
long sys_sync_file_range(int fd, int64_t offset, int64_t length, unsigned flags)
{
    const struct file *file = fd_file(fd);
    const unsigned known =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    int64_t end;

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if ((flags & ~known) || offset < 0 || length < 0 ||
        __builtin_add_overflow(offset, length, &end))
        return -EINVAL;
    return inode_is_regular(file->inode) || inode_is_directory(file->inode) ? 0 : -ESPIPE;
}
