/* Pipes and FIFOs: a ring of bytes between those who write and those who read.
 *
 * The ring is made of pages that are allocated when a byte is first put there, and an empty pipe
 * starts over at its first page: a fresh pipe costs nothing, one that carries single bytes costs
 * one page, and bulk data moves page by page.  pipe(7), fifo(7). */
#include <fs/pipe.h>

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include <lib/bits.h>
#include <param.h>
#include <platform/heap.h>
#include <process/process.h>

#define PAGES (PIPE_SIZE / PAGE_SIZE)

struct pipe {
    struct inode *inode;                 /* whose `pipe` this is; its files keep it */
    uint32_t users;                      /* open files, and opens that wait for the other side */
    uint32_t readers, writers;           /* open files that may read, that may write */
    uint32_t two_way;                    /* those that may do both */
    uint32_t readers_ever, writers_ever; /* opens so far: a FIFO's open waits for the next one */
    size_t tail, head;                   /* bytes read and written since it was last empty */
    unsigned pages_held;
    char *pages[PAGES];         /* NULL: none yet.  Byte n lies in page n / PAGE_SIZE % PAGES */
    struct wait_queue to_read;  /* readers, and pollers of the read end */
    struct wait_queue to_write; /* writers, and pollers of the write end */
};

/* ---- life ---- */

/* The pipe of `inode`, made if nobody has it open, with one user more. */
static int pipe_get(struct inode *inode, struct pipe **out)
{
    if (!inode->pipe) {
        struct pipe *pipe = kzalloc(sizeof(*pipe));
        if (!pipe)
            return -ENOMEM;
        pipe->inode = inode;
        wait_queue_init(&pipe->to_read);
        wait_queue_init(&pipe->to_write);
        inode->pipe = pipe;
    }
    inode->pipe->users++;
    *out = inode->pipe;
    return 0;
}

/* Gives back the pages from slot `first` on. */
static void free_pages(struct pipe *pipe, unsigned first)
{
    for (unsigned i = first; i < PAGES; i++) {
        if (!pipe->pages[i])
            continue;
        frame_put(frame_of(pipe->pages[i]));
        pipe->pages[i] = NULL;
        pipe->pages_held--;
    }
}

static void pipe_put(struct pipe *pipe)
{
    if (--pipe->users > 0)
        return;
    pipe->inode->pipe = NULL;
    free_pages(pipe, 0);
    kfree(pipe);
}

/* ---- waking ---- */

static void wake(struct wait_queue *queue)
{
    if (!list_empty(&queue->waiters))
        wait_queue_wake(queue);
}

/* A poller of a two-way file waits on the readers' queue for both. */
static void wake_readers(struct pipe *pipe)
{
    wake(&pipe->to_read);
}

static void wake_writers(struct pipe *pipe)
{
    wake(&pipe->to_write);
    if (pipe->two_way > 0)
        wake(&pipe->to_read);
}

/* ---- moving bytes ---- */

static struct pipe *of(file_handle handle)
{
    return (struct pipe *)handle;
}

static size_t used(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static size_t room(const struct pipe *pipe)
{
    return PIPE_SIZE - used(pipe);
}

/* The bytes at `position`, as far as their page goes, cut to `*size`; NULL without memory. */
static char *run_at(struct pipe *pipe, size_t position, size_t *size)
{
    char **page = &pipe->pages[position / PAGE_SIZE % PAGES];
    size_t offset = position % PAGE_SIZE;

    if (!*page) {
        struct frame *frame = frame_allocate(0);
        if (!frame)
            return NULL;
        *page = frame_data(frame);
        pipe->pages_held++;
    }
    *size = min(*size, PAGE_SIZE - offset);
    return *page + offset;
}

/* Starts over at the first page, which is warm, and keeps few of the others. */
static void restart(struct pipe *pipe)
{
    pipe->head = pipe->tail = 0;
    if (pipe->pages_held > PIPE_PAGES_KEPT)
        free_pages(pipe, PIPE_PAGES_KEPT);
}

static int pipe_read(file_handle handle, struct user_buffer *to, uint64_t position,
                     struct wait_queue **wait)
{
    struct pipe *pipe = of(handle);
    bool moved = false;

    (void)position;
    while (used(pipe) > 0 && user_buffer_left(to) > 0) {
        size_t size = min(used(pipe), user_buffer_left(to));
        const char *run = run_at(pipe, pipe->tail, &size); /* written, so the page is there */
        size_t given = user_buffer_put(to, run, size);
        pipe->tail += given;
        moved |= given > 0;
        if (given < size)
            break;
    }
    if (moved) {
        if (used(pipe) == 0)
            restart(pipe);
        if (room(pipe) >= PIPE_BUF)
            wake_writers(pipe);
        return 0;
    }
    if (used(pipe) > 0)
        return -EFAULT;
    if (pipe->writers == 0)
        return 0;
    *wait = &pipe->to_read;
    return -EAGAIN;
}

/* Writes of up to PIPE_BUF bytes go in whole; longer ones as far as there is room. */
static bool fits(const struct pipe *pipe, const struct user_buffer *from)
{
    size_t needed = from->length > PIPE_BUF ? 1 : user_buffer_left(from);

    return room(pipe) >= needed;
}

static int pipe_write(file_handle handle, struct user_buffer *from, uint64_t position,
                      struct wait_queue **wait)
{
    struct pipe *pipe = of(handle);
    int error = 0;
    size_t before = from->done;

    (void)position;
    if (pipe->readers == 0)
        return -EPIPE;
    if (!fits(pipe, from)) {
        *wait = &pipe->to_write;
        return -EAGAIN;
    }
    while (room(pipe) > 0 && user_buffer_left(from) > 0) {
        size_t size = min(room(pipe), user_buffer_left(from));
        char *run = run_at(pipe, pipe->head, &size);
        if (!run) {
            error = -ENOMEM;
            break;
        }
        size_t taken = user_buffer_take(from, run, size);
        pipe->head += taken;
        if (taken < size) {
            error = -EFAULT;
            break;
        }
    }
    if (from->done == before)
        return error;
    wake_readers(pipe);
    return 0;
}

/* ---- state ---- */

/* A FIFO opened for reading before anybody wrote has not been hung up. */
static uint32_t ready_to_read(const struct pipe *pipe)
{
    uint32_t ready = used(pipe) > 0 ? POLLIN | POLLRDNORM : 0;

    return pipe->writers == 0 && pipe->writers_ever > 0 ? ready | POLLHUP : ready;
}

static uint32_t ready_to_write(const struct pipe *pipe)
{
    uint32_t ready = room(pipe) >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0;

    return pipe->readers == 0 ? ready | POLLERR : ready;
}

static int poll_read_end(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    *ready = ready_to_read(of(handle));
    *wait = &of(handle)->to_read;
    return 0;
}

static int poll_write_end(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    *ready = ready_to_write(of(handle));
    *wait = &of(handle)->to_write;
    return 0;
}

static int poll_two_way(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    *ready = ready_to_read(of(handle)) | ready_to_write(of(handle));
    *wait = &of(handle)->to_read;
    return 0;
}

static int pipe_control(file_handle handle, unsigned command, uint64_t value,
                        struct user_buffer *argument, int *result)
{
    int32_t count = (int32_t)used(of(handle));

    (void)value, (void)result;
    if (command != FIONREAD)
        return -ENOTTY;
    return user_buffer_put(argument, &count, sizeof(count)) == sizeof(count) ? 0 : -EFAULT;
}

/* ---- ends ---- */

static void add_reader(struct pipe *pipe)
{
    pipe->readers++;
    pipe->readers_ever++;
}

static void add_writer(struct pipe *pipe)
{
    pipe->writers++;
    pipe->writers_ever++;
}

/* The last reader's going is an error to writers, the last writer's the end to readers. */
static void remove_reader(struct pipe *pipe)
{
    if (--pipe->readers == 0)
        wake_writers(pipe);
}

static void remove_writer(struct pipe *pipe)
{
    if (--pipe->writers == 0)
        wake_readers(pipe);
}

static int release_read_end(file_handle handle)
{
    remove_reader(of(handle));
    pipe_put(of(handle));
    return 0;
}

static int release_write_end(file_handle handle)
{
    remove_writer(of(handle));
    pipe_put(of(handle));
    return 0;
}

static int release_two_way(file_handle handle)
{
    struct pipe *pipe = of(handle);

    pipe->two_way--;
    remove_reader(pipe);
    remove_writer(pipe);
    pipe_put(pipe);
    return 0;
}

/* The file layer refuses what an end's access mode forbids before it asks for it. */
static const struct file_ops read_end_ops = {
    .release = release_read_end,
    .read = pipe_read,
    .write = pipe_write,
    .poll = poll_read_end,
    .control = pipe_control,
};
static const struct file_ops write_end_ops = {
    .release = release_write_end,
    .read = pipe_read,
    .write = pipe_write,
    .poll = poll_write_end,
    .control = pipe_control,
};
static const struct file_ops two_way_ops = {
    .release = release_two_way,
    .read = pipe_read,
    .write = pipe_write,
    .poll = poll_two_way,
    .control = pipe_control,
};

/* ---- pipe(2) ---- */

/* One end as a file with inode references of its own. */
static int create_end(struct inode *inode, const struct file_ops *ops, unsigned flags,
                      struct file **out)
{
    struct pipe *pipe;
    int error = pipe_get(inode, &pipe);

    if (error)
        return error;
    inode_get(inode);
    error = file_create(inode, ops, (file_handle)pipe, flags, out);
    if (error) {
        inode_put(inode);
        pipe_put(pipe);
    }
    return error;
}

int pipe_create(unsigned flags, struct file **read_end, struct file **write_end)
{
    struct inode *inode;
    int error = inode_create_anonymous(S_IFIFO | 0600, &inode);

    if (error)
        return error;
    flags &= O_NONBLOCK;
    error = create_end(inode, &read_end_ops, O_RDONLY | flags, read_end);
    if (!error) {
        add_reader(inode->pipe);
        error = create_end(inode, &write_end_ops, O_WRONLY | flags, write_end);
        if (error)
            file_put(*read_end);
        else
            add_writer(inode->pipe);
    }
    inode_put(inode); /* the files have their own */
    return error;
}

/* ---- open(2) of a FIFO ---- */

/* Sleeps until `*opens` is another number: the other side has been opened, if only for a moment. */
static int wait_for_partner(struct wait_queue *queue, const uint32_t *opens)
{
    uint32_t before = *opens;
    int error = 0;

    while (*opens == before && error == 0)
        error = wait_queue_sleep(queue, WAIT_FOREVER);
    return *opens == before ? error : 0;
}

static int open_to_read(struct pipe *pipe, bool waits)
{
    add_reader(pipe);
    wake_writers(pipe);
    if (pipe->writers > 0 || !waits)
        return 0;
    int error = wait_for_partner(&pipe->to_read, &pipe->writers_ever);
    if (error)
        remove_reader(pipe);
    return error;
}

static int open_to_write(struct pipe *pipe, bool waits)
{
    add_writer(pipe);
    wake_readers(pipe);
    if (pipe->readers > 0 || !waits)
        return 0;
    int error = wait_for_partner(&pipe->to_write, &pipe->readers_ever);
    if (error)
        remove_writer(pipe);
    return error;
}

/* Both sides at once: there is nobody to wait for. */
static int open_two_way(struct pipe *pipe)
{
    pipe->two_way++;
    add_reader(pipe);
    add_writer(pipe);
    wake_writers(pipe);
    wake_readers(pipe);
    return 0;
}

int fifo_open(struct inode *inode, unsigned flags, const struct file_ops **ops, file_handle *handle)
{
    /* A pipe without a name, opened again through /proc, has had its other side: nobody waits. */
    bool is_fifo = inode->fs;
    bool waits = is_fifo && !(flags & O_NONBLOCK);
    unsigned access = flags & O_ACCMODE;
    struct pipe *pipe;
    int error = pipe_get(inode, &pipe);

    if (error)
        return error;
    if (access == O_RDONLY)
        error = open_to_read(pipe, waits);
    else if (access == O_WRONLY && is_fifo && !waits && pipe->readers == 0)
        error = -ENXIO;
    else if (access == O_WRONLY)
        error = open_to_write(pipe, waits);
    else
        error = open_two_way(pipe);
    if (error) {
        pipe_put(pipe);
        return error;
    }
    *ops = access == O_RDONLY ? &read_end_ops : access == O_WRONLY ? &write_end_ops : &two_way_ops;
    *handle = (file_handle)pipe;
    return 0;
}
