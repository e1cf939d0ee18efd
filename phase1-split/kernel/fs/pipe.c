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
#include <memory/reclaim.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

struct pipe {
    struct list all;                     /* pipes */
    uint32_t owner;                      /* real user id of who made it */
    struct inode *inode;                 /* whose `pipe` this is; its files keep it */
    uint32_t users;                      /* open files, and opens that wait for the other side */
    uint32_t readers, writers;           /* open files that may read, that may write */
    uint32_t two_way;                    /* those that may do both */
    uint32_t readers_ever, writers_ever; /* opens so far: a FIFO's open waits for the next one */
    size_t tail, head;                   /* bytes read and written since it was last empty */
    unsigned pages_held;
    unsigned slots;                /* its capacity in pages, a power of two */
    char **pages;                  /* NULL: none yet.  Byte n lies in page n / PAGE_SIZE % slots */
    char *usual_pages[PIPE_PAGES]; /* what `pages` is until the capacity is changed */
    struct wait_queue to_read;     /* readers, and pollers of the read end */
    struct wait_queue to_write;    /* writers, and pollers of the write end */
};

/* What an open file of a pipe is. */
struct pipe_end {
    struct pipe *pipe;
    uint32_t writers_before; /* writers_ever when it was opened and nobody wrote; else 0 */
};

static struct list pipes = LIST_INITIAL(pipes);
static uint64_t all_slots; /* of all pipes */

/* ---- limits ---- */

/* Would the running user's pipes have too many slots with `more`?  Only he who is not root can.
 * pipe(7), /proc/sys/fs/pipe-user-pages-soft. */
static bool too_many_slots(uint64_t more)
{
    uint32_t user = current_process()->credentials->uid;
    const struct pipe *pipe;

    if (all_slots + more <= PIPE_PAGES_USER || process_privileged())
        return false;
    list_for_each_entry(pipe, &pipes, all)
        more += pipe->owner == user ? pipe->slots : 0;
    return more > PIPE_PAGES_USER;
}

static void set_slots(struct pipe *pipe, unsigned slots)
{
    all_slots += slots - pipe->slots;
    pipe->slots = slots;
}

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
        pipe->owner = current_process()->credentials->uid;
        pipe->pages = pipe->usual_pages;
        set_slots(pipe, too_many_slots(PIPE_PAGES) ? PIPE_PAGES_MANY : PIPE_PAGES);
        list_add(&pipes, &pipe->all);
        inode->pipe = pipe;
    }
    inode->pipe->users++;
    *out = inode->pipe;
    return 0;
}

/* Gives back the pages from slot `first` on. */
static void free_pages(struct pipe *pipe, unsigned first)
{
    for (unsigned i = first; i < pipe->slots; i++) {
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
    set_slots(pipe, 0);
    list_remove(&pipe->all);
    if (pipe->pages != pipe->usual_pages)
        kfree(pipe->pages);
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
    return ((struct pipe_end *)handle)->pipe;
}

static size_t used(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static size_t room(const struct pipe *pipe)
{
    return pipe->slots * PAGE_SIZE - used(pipe);
}

/* The bytes at `position`, as far as their page goes, cut to `*size`; NULL without memory. */
static char *run_at(struct pipe *pipe, size_t position, size_t *size)
{
    char **page = &pipe->pages[position / PAGE_SIZE % pipe->slots];
    size_t offset = position % PAGE_SIZE;

    if (!*page) {
        struct frame *frame = memory_allocate(0);
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

/* A FIFO opened for reading that nobody has written to since has not been hung up. */
static uint32_t ready_to_read(file_handle handle)
{
    const struct pipe_end *end = (const struct pipe_end *)handle;
    const struct pipe *pipe = end->pipe;
    uint32_t ready = used(pipe) > 0 ? POLLIN | POLLRDNORM : 0;
    bool hung_up = pipe->writers == 0 && pipe->writers_ever != end->writers_before;

    return hung_up ? ready | POLLHUP : ready;
}

static uint32_t ready_to_write(const struct pipe *pipe)
{
    uint32_t ready = room(pipe) >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0;

    return pipe->readers == 0 ? ready | POLLERR : ready;
}

static int poll_read_end(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    *ready = ready_to_read(handle);
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
    *ready = ready_to_read(handle) | ready_to_write(of(handle));
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

/* ---- capacity ---- */

/* What is in the pipe, copied to the beginning of `pages`, which has room for it.  -ENOMEM with what
 * was allocated left there. */
static int copy_content(struct pipe *pipe, char **pages)
{
    size_t done = 0;

    while (done < used(pipe)) {
        struct frame *frame = done % PAGE_SIZE == 0 ? memory_allocate(0) : NULL;
        size_t size = min(used(pipe) - done, PAGE_SIZE - done % PAGE_SIZE);
        const char *from = run_at(pipe, pipe->tail + done, &size);

        if (frame)
            pages[done / PAGE_SIZE] = frame_data(frame);
        else if (done % PAGE_SIZE == 0)
            return -ENOMEM;
        memcpy(pages[done / PAGE_SIZE] + done % PAGE_SIZE, from, size);
        done += size;
    }
    return 0;
}

/* Puts another array of slots in the place of the pipe's, which are freed with all their pages. */
static void replace_pages(struct pipe *pipe, char **pages, unsigned slots)
{
    free_pages(pipe, 0);
    if (pipe->pages != pipe->usual_pages)
        kfree(pipe->pages);
    pipe->pages = pages;
    set_slots(pipe, slots);
}

static int resize(struct pipe *pipe, unsigned slots)
{
    unsigned filled = PAGES_FOR(used(pipe));
    char **pages = kzalloc(slots * sizeof(*pages));
    int error = pages ? copy_content(pipe, pages) : -ENOMEM;

    if (error) {
        for (unsigned i = 0; pages && i < filled && pages[i]; i++)
            frame_put(frame_of(pages[i]));
        kfree(pages);
        return error;
    }
    replace_pages(pipe, pages, slots);
    pipe->pages_held = filled;
    pipe->head = used(pipe);
    pipe->tail = 0;
    wake_writers(pipe);
    return 0;
}

long pipe_size(const struct file *file)
{
    return file->inode->pipe ? (long)(file->inode->pipe->slots * PAGE_SIZE) : -EBADF;
}

long pipe_set_size(const struct file *file, uint32_t size)
{
    struct pipe *pipe = file->inode->pipe;

    if (!pipe)
        return -EBADF;
    if (size > 1u << 31)
        return -EINVAL;
    uint64_t rounded = power_of_two_round_up(max(size, (uint32_t)PAGE_SIZE));
    unsigned slots = (unsigned)(rounded / PAGE_SIZE);

    if (slots > pipe->slots && !process_privileged() &&
        (rounded > PIPE_SIZE_MAX || too_many_slots(slots - pipe->slots)))
        return -EPERM;
    if (PAGES_FOR(used(pipe)) > slots)
        return -EBUSY;
    int error = slots == pipe->slots ? 0 : resize(pipe, slots);

    return error ? error : pipe_size(file);
}

uint64_t pipe_pages(const struct inode *inode)
{
    return inode->pipe->pages_held;
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

static int end_create(struct pipe *pipe, file_handle *out)
{
    struct pipe_end *end = kmalloc(sizeof(*end));

    if (!end)
        return -ENOMEM;
    *end = (struct pipe_end){ .pipe = pipe };
    *out = (file_handle)end;
    return 0;
}

/* The pipe's user is one fewer. */
static void end_free(file_handle handle)
{
    pipe_put(of(handle));
    kfree(handle);
}

static int release_read_end(file_handle handle)
{
    remove_reader(of(handle));
    end_free(handle);
    return 0;
}

static int release_write_end(file_handle handle)
{
    remove_writer(of(handle));
    end_free(handle);
    return 0;
}

static int release_two_way(file_handle handle)
{
    struct pipe *pipe = of(handle);

    pipe->two_way--;
    remove_reader(pipe);
    remove_writer(pipe);
    end_free(handle);
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
    file_handle end;
    int error = pipe_get(inode, &pipe);

    if (error)
        return error;
    error = end_create(pipe, &end);
    if (error) {
        pipe_put(pipe);
        return error;
    }
    inode_get(inode);
    error = file_create(inode, ops, end, flags, out);
    if (error) {
        inode_put(inode);
        end_free(end);
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

    if (access == O_ACCMODE)
        return -EINVAL; /* for ioctl(2) alone (open(2), file access mode 3), of which there is none */
    int error = pipe_get(inode, &pipe);

    if (error)
        return error;
    error = end_create(pipe, handle);
    if (error) {
        pipe_put(pipe);
        return error;
    }
    if (pipe->writers == 0)
        ((struct pipe_end *)*handle)->writers_before = pipe->writers_ever;
    if (access == O_RDONLY)
        error = open_to_read(pipe, waits);
    else if (access == O_WRONLY && is_fifo && !waits && pipe->readers == 0)
        error = -ENXIO;
    else if (access == O_WRONLY)
        error = open_to_write(pipe, waits);
    else
        error = open_two_way(pipe);
    if (error) {
        end_free(*handle);
        return error;
    }
    *ops = access == O_RDONLY ? &read_end_ops : access == O_WRONLY ? &write_end_ops : &two_way_ops;
    return 0;
}
