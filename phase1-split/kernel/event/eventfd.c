/* A counter in a file.  eventfd(2). */
#include <event/event.h>

#include <linux/errno.h>
#include <linux/poll.h>

#include <lib/format.h>
#include <platform/heap.h>
#include <process/wait_queue.h>

#define COUNT_MOST (UINT64_MAX - 1)

struct eventfd {
    uint64_t count;
    bool semaphore;
    unsigned id;            /* told by /proc alone */
    struct wait_queue wait; /* of readers, writers and pollers */
};

static unsigned last_id;

static struct eventfd *of(file_handle handle)
{
    return (struct eventfd *)handle;
}

static int eventfd_release(file_handle handle)
{
    wait_queue_release(&of(handle)->wait);
    kfree(of(handle));
    return 0;
}

static int eventfd_read(file_handle handle, struct user_buffer *to, uint64_t position,
                        struct wait_queue **wait)
{
    struct eventfd *event = of(handle);
    (void)position;
    if (user_buffer_left(to) < sizeof event->count)
        return -EINVAL;
    if (event->count == 0) {
        *wait = &event->wait;
        return -EAGAIN;
    }
    uint64_t taken = event->semaphore ? 1 : event->count;
    if (user_buffer_put(to, &taken, sizeof taken) != sizeof taken)
        return -EFAULT;
    event->count -= taken;
    wait_queue_wake(&event->wait);
    return 0;
}

static int eventfd_write(file_handle handle, struct user_buffer *from, uint64_t position,
                         struct wait_queue **wait)
{
    struct eventfd *event = of(handle);
    struct user_buffer before = *from;
    uint64_t more;
    (void)position;
    if (from->done > 0)
        return 0; /* one write adds one number; what follows it is not taken */
    if (user_buffer_left(from) < sizeof more)
        return -EINVAL;
    if (user_buffer_take(from, &more, sizeof more) != sizeof more)
        return -EFAULT;
    if (more > COUNT_MOST - event->count) {
        *from = before;
        *wait = more == UINT64_MAX ? NULL : &event->wait;
        return more == UINT64_MAX ? -EINVAL : -EAGAIN;
    }
    event->count += more;
    wait_queue_wake(&event->wait);
    return 0;
}

static int eventfd_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    const struct eventfd *event = of(handle);
    *ready = (event->count > 0 ? POLLIN : 0) | (event->count < COUNT_MOST ? POLLOUT : 0);
    *wait = &of(handle)->wait;
    return 0;
}

const struct file_ops eventfd_ops = {
    .release = eventfd_release,
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
};

int eventfd_create(uint64_t count, bool semaphore, unsigned flags, struct file **out)
{
    struct eventfd *event = kzalloc(sizeof *event);
    if (!event)
        return -ENOMEM;
    event->count = count;
    event->semaphore = semaphore;
    event->id = ++last_id;
    wait_queue_init(&event->wait);
    int error = event_file_create(&eventfd_ops, event, flags, out);
    if (error)
        kfree(event);
    return error;
}

void eventfd_describe(const struct file *file, void (*tell)(void *, const char *), void *context)
{
    char text[64];
    format(text, sizeof text, "eventfd-count: %16llx\neventfd-id: %u\n",
           (unsigned long long)of(file->handle)->count, of(file->handle)->id);
    tell(context, text);
}
