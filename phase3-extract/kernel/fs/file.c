/* Open files, and the one loop in which reading and writing sleeps.
 *
 * A file is either paged (its bytes move between the page cache and the user, here in Core) or has
 * operations, which never sleep: they answer -EAGAIN and name a queue. */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include <event/event.h>
#include <fs/device_table.h>
#include <fs/memory_file.h>
#include <fs/page_cache.h>
#include <lib/bits.h>
#include <net/in_flight.h>
#include <net/socket.h>
#include <param.h>
#include <platform/address_space.h>
#include <platform/heap.h>
#include <platform/log.h>
#include <process/process.h>

static uint64_t files; /* open files in the system */
static uint64_t limit; /* how many there may be; 0: not asked yet */

uint64_t file_count(void)
{
    return files;
}

/* ---- life ---- */

/* Linux's rule: a tenth of memory, if each takes 1 KiB with all that hangs on it, but not fewer than
 * FILES_LEAST. */
uint64_t file_limit(void)
{
    struct frame_statistics frames;

    if (limit == 0) {
        frame_statistics(&frames);
        limit = max(frames.total * (PAGE_SIZE / 1024) / 10, (uint64_t)FILES_LEAST);
    }
    return limit;
}

void file_set_limit(uint64_t files_at_most)
{
    limit = max(files_at_most, (uint64_t)1);
}

/* The system's limit on open files is not root's, who has to put things right. */
static int check_limit(void)
{
    static bool told;

    if (files < file_limit() || !current || process_privileged())
        return 0;
    if (!told)
        printk(LOG_INFO, "the limit of %llu open files is reached", (unsigned long long)limit);
    told = true;
    return -ENFILE;
}

int file_allocate(unsigned flags, struct file **out)
{
    int error = check_limit();

    if (error)
        return error;
    struct file *file = kmalloc(sizeof(*file));

    if (!file)
        return -ENOMEM;
    *file = (struct file){ .references = 1, .flags = flags & ~FILE_FLAGS_OF_OPEN };
    files++;
    *out = file;
    return 0;
}

void file_free(struct file *file)
{
    files--;
    kfree(file);
}

int file_create(struct inode *inode, const struct file_ops *ops, file_handle handle, unsigned flags,
                struct file **out)
{
    struct file *file;
    int error = file_allocate(flags, &file);

    if (error)
        return error;
    file->inode = inode;
    file->ops = ops;
    file->handle = handle;
    file->seekable = ops == NULL;
    *out = file;
    return 0;
}

int file_path(struct file *file, struct path *out)
{
    if (!file->path.dentry)
        return path_of_anonymous(file->inode, event_file_kind(file), out);
    path_get(&file->path);
    *out = file->path;
    return 0;
}

void file_get(struct file *file)
{
    file->references++;
}

bool file_counts_as_writer(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY && !(file->flags & O_PATH) && file->path.dentry &&
           inode_is_regular(file->inode);
}

void file_put(struct file *file)
{
    if (--file->references > file->in_flight)
        return;
    if (file->references > 0) {
        in_flight_collect();
        return;
    }
    if (file->watchers)
        epoll_forget(file);
    file_unlock_all(file, file);
    if (file->ops)
        file->ops->release(file->handle);
    if (file_counts_as_writer(file)) {
        file->inode->writers--;
        file->path.mount->writers--;
    }
    inode_put(file->inode);
    if (file->path.dentry)
        path_put(&file->path);
    file_free(file);
}

/* ---- paged files ---- */

bool file_may_go_on(void)
{
    if (scheduler_should_yield())
        scheduler_next_turn();
    return !signal_fatal_waiting(current);
}

typedef int (*page_transfer)(struct inode *inode, struct user_buffer *buffer, uint64_t position);

/* Moves what is left of the buffer in stretches.  Bytes moved, or an errno if none. */
static long transfer_stretches(struct file *file, struct user_buffer *buffer, uint64_t *position,
                               page_transfer transfer)
{
    size_t length = buffer->length, start = buffer->done;
    int error = 0;

    for (;;) {
        size_t before = buffer->done, piece = min(length - before, TRANSFER_STRETCH);

        buffer->length = before + piece;
        error = transfer(file->inode, buffer, *position);
        buffer->length = length;
        *position += buffer->done - before;
        if (error || buffer->done - before < piece || buffer->done == length || !file_may_go_on())
            break;
    }
    return buffer->done > start ? (long)(buffer->done - start) : error;
}

/* The common case is one stretch. */
static inline long transfer_pages(struct file *file, struct user_buffer *buffer, uint64_t *position,
                                  page_transfer transfer)
{
    size_t before = buffer->done;

    if (user_buffer_left(buffer) > TRANSFER_STRETCH)
        return transfer_stretches(file, buffer, position, transfer);
    int error = transfer(file->inode, buffer, *position);

    *position += buffer->done - before;
    return error ? error : (long)(buffer->done - before);
}

static long read_pages(struct file *file, struct user_buffer *to, uint64_t *position)
{
    long moved = transfer_pages(file, to, position, page_cache_read);

    if (moved > 0)
        file_accessed(file);
    return moved;
}

/* Cuts a write to RLIMIT_FSIZE (setrlimit(2)) and to what an offset can express. */
static int limit_size(struct user_buffer *from, uint64_t position)
{
    uint64_t most = INT64_MAX;

    if (current)
        most = min(most, (uint64_t)current_process()->limits[RLIMIT_FSIZE].rlim_cur);
    if (position >= most) {
        if (most < INT64_MAX)
            signal_send_self(SIGXFSZ);
        return -EFBIG;
    }
    if (user_buffer_left(from) > most - position)
        from->length = from->done + (size_t)(most - position);
    return 0;
}

static long write_pages(struct file *file, struct user_buffer *from, uint64_t *position)
{
    uint64_t at = file->flags & O_APPEND ? file->inode->attributes.size : *position;
    int error = limit_size(from, at);

    if (error)
        return error;
    long allowed = inode_seals_allow_write(file->inode, at, user_buffer_left(from));

    if (allowed < 0)
        return allowed;
    from->length = from->done + (size_t)allowed;
    inode_drop_privileges(file->inode);
    long moved = transfer_pages(file, from, &at, page_cache_write);

    if (moved > 0) {
        *position = at;
        inode_touch(file->inode, SET_MODIFIED | SET_CHANGED);
    }
    return moved;
}

/* ---- files with operations ---- */

/* A service names no queue: what its device is waited for on is Core's. */
static struct wait_queue *queue_of_service(const struct file *file)
{
    return device_queue(file->inode->attributes.device);
}

typedef int (*file_transfer)(file_handle file, struct user_buffer *buffer, uint64_t position,
                             struct wait_queue **wait);

static file_transfer transfer_of(const struct file *file, bool writing)
{
    return writing ? file->ops->write : file->ops->read;
}

/* One call to a service.  Memory is made present first, so that no page fault happens inside it. */
static int call_service(struct file *file, struct user_buffer *buffer, uint64_t position,
                        bool writing, struct wait_queue **wait, size_t *piece)
{
    size_t length = buffer->length;
    struct wait_queue *named = NULL; /* nobody looks what the service puts there */

    *piece = min(user_buffer_left(buffer), (size_t)SERVICE_PIECE);
    int error = user_buffer_make_present(buffer, writing ? PAGE_READ : PAGE_WRITE, piece);

    if (error)
        return error;
    buffer->length = buffer->done + *piece;
    error = transfer_of(file, writing)(file->handle, buffer, position, &named);
    buffer->length = length;
    if (error == -EAGAIN)
        *wait = queue_of_service(file);
    return error;
}

/* One call; `*piece` is what it had to do with. */
static int call_once(struct file *file, struct user_buffer *buffer, uint64_t position, bool writing,
                     struct wait_queue **wait, size_t *piece)
{
    if (file->in_service)
        return call_service(file, buffer, position, writing, wait, piece);
    *piece = user_buffer_left(buffer);
    return transfer_of(file, writing)(file->handle, buffer, position, wait);
}

/* Calls until there is nothing left to do: for a write that everything was taken, for a read that
 * a call brought less than asked for.  Sleeps where a call would block, unless the file says
 * O_NONBLOCK, or a read has something already from a call that did not. */
static long transfer_stream(struct file *file, struct user_buffer *buffer, uint64_t *position,
                            bool writing)
{
    size_t start = buffer->done;
    int error = 0;

    while (!error && user_buffer_left(buffer) > 0) {
        struct wait_queue *wait = NULL;
        size_t before = buffer->done, piece;

        error = call_once(file, buffer, *position, writing, &wait, &piece);
        if (error == -EAGAIN && wait && !(file->flags & O_NONBLOCK) &&
            (writing || before == start || buffer->waited)) {
            error = wait_queue_sleep(wait, WAIT_FOREVER);
            buffer->waited = true;
            continue;
        }
        buffer->waited = false;
        size_t moved = buffer->done - before;

        *position += moved;
        if (error || moved == 0 || (!writing && moved < piece) || user_buffer_left(buffer) == 0)
            break;
        if (file->in_service && !file_may_go_on())
            break;
    }
    if (error == -EPIPE && writing)
        signal_send_self(SIGPIPE);
    return buffer->done > start ? (long)(buffer->done - start) : error;
}

/* ---- reading and writing ---- */

static int check_access(const struct file *file, unsigned refused)
{
    unsigned access = file->flags & O_ACCMODE;

    return (file->flags & O_PATH) || access == refused || access == O_ACCMODE ? -EBADF : 0;
}

/* All of the buffer must be in user space, and no offset beyond what is one, whatever is used. */
static int check_range(const struct file *file, const struct user_buffer *buffer, uint64_t position)
{
    if (!user_buffer_in_range(buffer))
        return -EFAULT;
    if (file->seekable && position > (uint64_t)INT64_MAX - user_buffer_left(buffer))
        return -EINVAL;
    return inode_is_directory(file->inode) ? -EISDIR : 0;
}

static long read_file(struct file *file, struct user_buffer *to, uint64_t *position)
{
    int error = check_access(file, O_WRONLY);

    if (!error)
        error = check_range(file, to, *position);
    if (error)
        return error;
    if (user_buffer_left(to) == 0)
        return 0;
    if (file_socket(file))
        return socket_read(file_socket(file), to);
    if (!file->ops)
        return read_pages(file, to, position);
    if (!file->ops->read)
        return -EINVAL;
    return transfer_stream(file, to, position, false);
}

static long write_file(struct file *file, struct user_buffer *from, uint64_t *position)
{
    int error = check_access(file, O_RDONLY);

    if (!error)
        error = check_range(file, from, *position);
    if (error)
        return error;
    if (file_socket(file))
        return socket_write(file_socket(file), from); /* nothing, too, may be sent */
    if (user_buffer_left(from) == 0)
        return 0;
    if (!file->ops)
        return write_pages(file, from, position);
    if (!file->ops->write)
        return -EINVAL;
    return transfer_stream(file, from, position, true);
}

/* /proc/PID/io counts calls and what they moved; at boot there is nobody to count for. */
long file_read(struct file *file, struct user_buffer *to, uint64_t *position)
{
    long moved = read_file(file, to, position);

    if (current) {
        current_process()->transfers.reads++;
        current_process()->transfers.read_bytes += moved > 0 ? (uint64_t)moved : 0;
    }
    return moved;
}

long file_write(struct file *file, struct user_buffer *from, uint64_t *position)
{
    long moved = write_file(file, from, position);

    if (current) {
        current_process()->transfers.writes++;
        current_process()->transfers.written_bytes += moved > 0 ? (uint64_t)moved : 0;
    }
    return moved;
}

long file_read_kernel(struct file *file, void *to, size_t size, uint64_t position)
{
    struct user_buffer buffer;

    user_buffer_init_kernel(&buffer, to, size);
    return file_read(file, &buffer, &position);
}

#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

/* Apart, for the sake of poll(2) on many of Core's own files: what this needs they do not pay for. */
static __attribute__((noinline)) uint32_t poll_service(struct file *file, struct wait_queue **wait)
{
    struct wait_queue *named = NULL;
    uint32_t ready = 0;

    if (!file->ops->poll)
        return ALWAYS_READY;
    if (file->ops->poll(file->handle, &ready, &named) < 0)
        return POLLERR;
    *wait = queue_of_service(file);
    return ready;
}

uint32_t file_poll(struct file *file, struct wait_queue **wait)
{
    uint32_t ready = 0;

    *wait = NULL;
    if (file->in_service)
        return poll_service(file, wait);
    if (!file->ops)
        return ALWAYS_READY;
    if (file->ops->poll(file->handle, &ready, wait) < 0)
        return POLLERR;
    return ready;
}

/* ---- the rest ---- */

void file_accessed(struct file *file)
{
    if (file->flags & O_NOATIME)
        return;
    if (file->path.mount)
        mount_accessed(file->path.mount, file->inode);
    else
        inode_touch(file->inode, SET_ACCESSED);
}

int inode_may_grow(const struct inode *inode, uint64_t size)
{
    if (!current || size <= inode->attributes.size ||
        size <= current_process()->limits[RLIMIT_FSIZE].rlim_cur)
        return 0;
    signal_send_self(SIGXFSZ);
    return -EFBIG;
}

int inode_truncate(struct inode *inode, uint64_t size)
{
    if (!inode_is_paged(inode))
        return inode_is_regular(inode) ? 0 : -EINVAL;
    int error = inode_may_grow(inode, size);

    if (!error)
        error = inode_seals_allow_size(inode, size);
    if (!error)
        error = page_cache_resize(inode, size);
    if (error)
        return error;
    inode_drop_privileges(inode);
    inode_touch(inode, SET_MODIFIED | SET_CHANGED);
    return 0;
}

int file_truncate(struct file *file, uint64_t size)
{
    if ((file->flags & O_PATH))
        return -EBADF;
    unsigned access = file->flags & O_ACCMODE;

    if (!inode_is_regular(file->inode) || (access != O_WRONLY && access != O_RDWR))
        return -EINVAL;
    return inode_truncate(file->inode, size);
}
