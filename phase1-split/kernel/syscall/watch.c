/* Waiting for several files at once.
 *
 * The first look takes no references and joins no queue, because most calls need no second. */
#include "watch.h"

#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/time_types.h>

#include <platform/clock.h>
#include <platform/event.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <process/process.h>

#define SECONDS_LIMIT (UINT64_MAX / NANOSECONDS_PER_SECOND / 4) /* longer is for ever */

/* ---- watches ---- */

/* Looks at every watch; how many are ready. */
static unsigned look(struct watch *watches, unsigned count)
{
    unsigned ready = 0;

    for (struct watch *watch = watches; watch < watches + count; watch++) {
        watch->ready = 0;
        watch->file = NULL;
        watch->queue = NULL;
        if (watch->fd < 0)
            continue;
        watch->file = fd_file(watch->fd);
        watch->ready =
            watch->file ? file_poll(watch->file, &watch->queue) & watch->wanted : POLLNVAL;
        ready += watch->ready != 0;
    }
    return ready;
}

/* Sleeps on the queues of all watches at once.  Meanwhile another task may close the descriptors:
 * references keep the queues alive. */
static int sleep_on(struct watch *watches, unsigned count, uint64_t deadline)
{
    for (struct watch *watch = watches; watch < watches + count; watch++) {
        if (!watch->queue)
            watch->file = NULL;
        if (!watch->file)
            continue;
        file_get(watch->file);
        wait_queue_add(watch->queue, &watch->entry);
    }
    int error = task_sleep(deadline);
    for (struct watch *watch = watches; watch < watches + count; watch++) {
        if (!watch->file)
            continue;
        wait_queue_remove(&watch->entry);
        file_put(watch->file);
    }
    return error;
}

long watch_wait(struct watch *watches, unsigned count, uint64_t deadline)
{
    for (;;) {
        unsigned ready = look(watches, count);
        if (ready > 0 || deadline == NOW)
            return ready;
        int error = sleep_on(watches, count, deadline);
        if (error == -ETIMEDOUT)
            deadline = NOW;
        else if (error)
            return error;
    }
}

void *memory_for(size_t size, void *few, size_t few_size)
{
    return size <= few_size ? few : kmalloc(size);
}

void memory_release(void *memory, void *few)
{
    if (memory != few)
        kfree(memory);
}

/* ---- time-outs and signal masks ---- */

uint64_t deadline_after(uint64_t seconds, uint64_t nanoseconds)
{
    if (seconds > SECONDS_LIMIT)
        return WAIT_FOREVER;
    uint64_t time = seconds * NANOSECONDS_PER_SECOND + nanoseconds;
    return time == 0 ? NOW : clock_monotonic() + time;
}

int limit_read(struct limit *limit)
{
    struct __kernel_timespec time;
    struct __kernel_old_timeval small;

    limit->deadline = WAIT_FOREVER;
    if (limit->address == 0)
        return 0;
    if (!limit->microseconds) {
        if (copy_from_user(&time, limit->address, sizeof(time)) < 0)
            return -EFAULT;
    } else {
        if (copy_from_user(&small, limit->address, sizeof(small)) < 0)
            return -EFAULT;
        time.tv_sec = small.tv_sec + small.tv_usec / 1000000; /* Linux allows for more than one */
        time.tv_nsec = small.tv_usec % 1000000 * 1000;
    }
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= (int64_t)NANOSECONDS_PER_SECOND)
        return -EINVAL;
    limit->deadline = deadline_after((uint64_t)time.tv_sec, (uint64_t)time.tv_nsec);
    return 0;
}

static int limit_store(const struct limit *limit, uint64_t left)
{
    int64_t seconds = (int64_t)(left / NANOSECONDS_PER_SECOND);
    int64_t nanoseconds = (int64_t)(left % NANOSECONDS_PER_SECOND);

    if (limit->microseconds) {
        struct __kernel_old_timeval time = { seconds, nanoseconds / 1000 };
        return copy_to_user(limit->address, &time, sizeof(time));
    }
    struct __kernel_timespec time = { seconds, nanoseconds };
    return copy_to_user(limit->address, &time, sizeof(time));
}

/* With the remaining time in place the call can simply be made again after a signal without a
 * handler; where that is not possible it ends. */
long limit_write_back(const struct limit *limit, long result)
{
    bool interrupted = result == -ERESTARTSYS;

    if (interrupted)
        result = -ERESTARTNOHAND;
    if (limit->address == 0 || limit->deadline == NOW || limit->deadline == WAIT_FOREVER)
        return result;
    uint64_t now = clock_monotonic();
    uint64_t left = limit->deadline > now ? limit->deadline - now : 0;
    if (limit_store(limit, left) == 0 || !interrupted)
        return result;
    events_post(EVENT_WORK); /* there is still a signal to handle */
    return -EINTR;
}

int mask_set(user_address address, size_t size)
{
    uint64_t mask;

    if (address == 0)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, address, sizeof(mask)) < 0)
        return -EFAULT;
    signal_block_until_delivery(mask);
    return 0;
}

/* Back to the old mask at once, unless a signal that the new one lets through is to be handled
 * first: then signal_deliver() does it. */
void mask_restore(user_address address, long result)
{
    if (address == 0 || result == -ERESTARTSYS)
        return;
    current->restore_blocked = false;
    current->blocked = current->saved_blocked;
    signal_recheck();
}
