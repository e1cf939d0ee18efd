/* A timer in a file.  timerfd_create(2).
 *
 * A short interval must not keep the machine busy: the kernel's timer runs at most once in
 * ALARM_INTERVAL_LEAST, and whoever asks hears of all the expirations until then. */
#include <event/event.h>

#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include <lib/format.h>
#include <param.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <process/scheduler.h>
#include <process/wait_queue.h>
#include <process/wall_clock.h>

struct timerfd {
    int clock;
    struct timer timer;
    uint64_t due;            /* the next expiration, by clock_monotonic(); 0: none */
    uint64_t interval;       /* ns; 0: once */
    uint64_t expirations;    /* not read yet */
    unsigned flags;          /* TFD_TIMER_*, as it was set */
    bool clock_was_set;      /* TFD_TIMER_CANCEL_ON_SET: whoever reads is to hear of it */
    struct wall_watch watch; /* of a time of the wall clock's: set while it is waited for */
    struct wait_queue wait;
};

static struct timerfd *of(file_handle handle)
{
    return (struct timerfd *)handle;
}

/* Counts what is due by now. */
static void catch_up(struct timerfd *timer)
{
    uint64_t now = clock_monotonic();
    if (!timer->due || now < timer->due)
        return;
    uint64_t times = timer->interval ? (now - timer->due) / timer->interval + 1 : 1;
    timer->expirations += times;
    timer->due = timer->interval ? timer->due + times * timer->interval : 0;
}

static void expired(struct timer *from)
{
    struct timerfd *timer = container_of(from, struct timerfd, timer);
    catch_up(timer);
    if (timer->expirations)
        wait_queue_wake(&timer->wait);
    if (!timer->due)
        return;
    /* The heap has just given up this timer's place: starting it again cannot fail. */
    uint64_t least = clock_monotonic() + ALARM_INTERVAL_LEAST;
    timer_start(from, timer->due < least ? least : timer->due);
}

/* The wall clock was set `ahead`: its times come sooner. */
static void wall_changed(struct wall_watch *from, int64_t ahead)
{
    struct timerfd *timer = container_of(from, struct timerfd, watch);
    if (timer->due) {
        int64_t due = (int64_t)timer->due - ahead;
        timer->due = due > 0 ? (uint64_t)due : 1;
        timer_start(&timer->timer, timer->due); /* it is set: this only moves it */
    }
    if (timer->flags & TFD_TIMER_CANCEL_ON_SET) {
        timer->clock_was_set = true;
        wait_queue_wake(&timer->wait);
    }
}

static int timerfd_release(file_handle handle)
{
    timer_cancel(&of(handle)->timer);
    wall_clock_unwatch(&of(handle)->watch);
    wait_queue_release(&of(handle)->wait);
    kfree(of(handle));
    return 0;
}

static int timerfd_read(file_handle handle, struct user_buffer *to, uint64_t position,
                        struct wait_queue **wait)
{
    struct timerfd *timer = of(handle);
    (void)position;
    if (user_buffer_left(to) < sizeof timer->expirations)
        return -EINVAL;
    catch_up(timer);
    if (timer->clock_was_set) {
        timer->clock_was_set = false;
        timer->expirations = 0;
        return -ECANCELED;
    }
    if (!timer->expirations) {
        *wait = &timer->wait;
        return -EAGAIN;
    }
    if (user_buffer_put(to, &timer->expirations, sizeof timer->expirations) <
        sizeof timer->expirations)
        return -EFAULT;
    timer->expirations = 0;
    return 0;
}

static int timerfd_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    catch_up(of(handle));
    *ready = of(handle)->expirations || of(handle)->clock_was_set ? POLLIN : 0;
    *wait = &of(handle)->wait;
    return 0;
}

const struct file_ops timerfd_ops = {
    .release = timerfd_release,
    .read = timerfd_read,
    .poll = timerfd_poll,
};

int timerfd_create(int clock, unsigned flags, struct file **out)
{
    struct timerfd *timer = kzalloc(sizeof *timer);
    if (!timer)
        return -ENOMEM;
    timer->clock = clock;
    timer->timer.expired = expired;
    timer->watch.changed = wall_changed;
    list_init(&timer->watch.node);
    wait_queue_init(&timer->wait);
    int error = event_file_create(&timerfd_ops, timer, flags, out);
    if (error)
        kfree(timer);
    return error;
}

bool is_timerfd(const struct file *file)
{
    return file->ops == &timerfd_ops;
}

int timerfd_clock(const struct file *file)
{
    return of(file->handle)->clock;
}

/* Only of a time of the wall clock does it matter what becomes of that. */
static bool follows_wall(const struct timerfd *timer, unsigned flags)
{
    return (flags & TFD_TIMER_ABSTIME) &&
           (timer->clock == CLOCK_REALTIME || timer->clock == CLOCK_REALTIME_ALARM);
}

int timerfd_set(struct file *file, uint64_t deadline, uint64_t interval, unsigned flags)
{
    struct timerfd *timer = of(file->handle);
    int error = 0;
    if (deadline)
        error = timer_start(&timer->timer, deadline);
    else
        timer_cancel(&timer->timer);
    if (error)
        return error;
    wall_clock_unwatch(&timer->watch);
    if (follows_wall(timer, flags))
        wall_clock_watch(&timer->watch);
    else
        flags &= ~(unsigned)TFD_TIMER_CANCEL_ON_SET;
    timer->flags = flags;
    timer->clock_was_set = false;
    timer->due = deadline;
    timer->interval = interval;
    timer->expirations = 0;
    return 0;
}

void timerfd_get(struct file *file, uint64_t *left, uint64_t *interval)
{
    struct timerfd *timer = of(file->handle);
    catch_up(timer);
    *left = timer->due ? timer->due - clock_monotonic() : 0;
    *interval = timer->interval;
}

void timerfd_describe(const struct file *file, void (*tell)(void *, const char *), void *context)
{
    struct timerfd *timer = of(file->handle);
    uint64_t now = clock_monotonic(), second = NANOSECONDS_PER_SECOND;
    char text[192];
    catch_up(timer);
    uint64_t left = timer->due > now ? timer->due - now : 0;
    format(text, sizeof text,
           "clockid: %d\nticks: %llu\nsettime flags: 0%o\nit_value: (%llu, %llu)\n"
           "it_interval: (%llu, %llu)\n",
           timer->clock, (unsigned long long)timer->expirations, timer->flags,
           (unsigned long long)(left / second), (unsigned long long)(left % second),
           (unsigned long long)(timer->interval / second),
           (unsigned long long)(timer->interval % second));
    tell(context, text);
}
