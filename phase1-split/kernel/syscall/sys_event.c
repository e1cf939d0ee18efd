/* System calls on the files of event/, and those that make them. */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/signalfd.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timerfd.h>

#include <event/event.h>
#include <platform/clock.h>
#include <platform/user.h>
#include <process/process.h>
#include <process/wall_clock.h>
#include <syscall/syscall.h>
#include <syscall/time.h>
#include <syscall/watch.h>

/* A descriptor for a file just made, or the error that there was. */
static long install(int error, struct file *file, bool close_on_exec)
{
    if (error)
        return error;
    int fd = fd_install(file, 0, close_on_exec);
    if (fd < 0)
        file_put(file);
    return fd;
}

/* ---- eventfd ---- */

/* eventfd(2); no header of Linux 6.1 has them. */
#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC   O_CLOEXEC
#define EFD_NONBLOCK  O_NONBLOCK

long sys_eventfd2(unsigned count, int flags)
{
    struct file *file;
    if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
        return -EINVAL;
    int error = eventfd_create(count, flags & EFD_SEMAPHORE, flags & EFD_NONBLOCK, &file);
    return install(error, file, flags & EFD_CLOEXEC);
}

long sys_eventfd(unsigned count)
{
    return sys_eventfd2(count, 0);
}

/* ---- timerfd ---- */

long sys_timerfd_create(int clock, int flags)
{
    struct file *file;
    bool wakes = clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
    if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) ||
        (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && !wakes))
        return -EINVAL;
    if (wakes && !process_privileged())
        return -EPERM;
    int error = timerfd_create(clock, flags & TFD_NONBLOCK, &file);
    return install(error, file, flags & TFD_CLOEXEC);
}

static int get_timerfd(int fd, struct file **out)
{
    *out = fd_file(fd);
    if (!*out)
        return -EBADF;
    return is_timerfd(*out) ? 0 : -EINVAL;
}

static struct __kernel_itimerspec describe_timer(struct file *file)
{
    uint64_t left, interval, second = NANOSECONDS_PER_SECOND;
    timerfd_get(file, &left, &interval);
    return (struct __kernel_itimerspec){ { interval / second, interval % second },
                                         { left / second, left % second } };
}

/* A time on the timer's clock, as one on the monotonic clock; never 0, which means none. */
static uint64_t from_clock(const struct file *file, uint64_t time)
{
    int clock = timerfd_clock(file);
    bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
    uint64_t now = wall ? (uint64_t)wall_clock() : clock_monotonic();
    return time_deadline_after(time > now ? time - now : 0);
}

long sys_timerfd_settime(int fd, int flags, user_address wanted, user_address old)
{
    struct file *file;
    uint64_t value, interval;
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    int error =
        time_read_timespec(wanted + offsetof(struct __kernel_itimerspec, it_interval), &interval);
    if (!error)
        error = time_read_timespec(wanted + offsetof(struct __kernel_itimerspec, it_value), &value);
    if (!error)
        error = get_timerfd(fd, &file);
    if (error)
        return error;
    struct __kernel_itimerspec before = describe_timer(file);
    uint64_t deadline =
        (flags & TFD_TIMER_ABSTIME) ? from_clock(file, value) : time_deadline_after(value);
    error = timerfd_set(file, value ? deadline : 0, interval, (unsigned)flags);
    if (!error && old)
        error = copy_to_user(old, &before, sizeof before);
    return error;
}

long sys_timerfd_gettime(int fd, user_address out)
{
    struct file *file;
    int error = get_timerfd(fd, &file);
    if (error)
        return error;
    struct __kernel_itimerspec now = describe_timer(file);
    return copy_to_user(out, &now, sizeof now);
}

/* ---- signalfd ---- */

long sys_signalfd4(int fd, user_address mask, size_t size, int flags)
{
    struct file *file;
    uint64_t wanted;
    if (size != sizeof wanted)
        return -EINVAL;
    if (copy_from_user(&wanted, mask, sizeof wanted))
        return -EFAULT;
    if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
        return -EINVAL;
    wanted &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    if (fd == -1) {
        int error = signalfd_create(wanted, flags & SFD_NONBLOCK, &file);
        return install(error, file, flags & SFD_CLOEXEC);
    }
    file = fd_file(fd);
    if (!file)
        return -EBADF;
    if (!is_signalfd(file))
        return -EINVAL;
    signalfd_set(file, wanted);
    return fd;
}

long sys_signalfd(int fd, user_address mask, size_t size)
{
    return sys_signalfd4(fd, mask, size, 0);
}

/* ---- epoll ---- */

long sys_epoll_create1(int flags)
{
    struct file *file;
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    int error = epoll_create(&file);
    return install(error, file, flags & EPOLL_CLOEXEC);
}

long sys_epoll_create(int size)
{
    return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

long sys_epoll_ctl(int epoll_fd, int operation, int fd, user_address from)
{
    struct epoll_event event = { 0 };
    if (operation != EPOLL_CTL_DEL && copy_from_user(&event, from, sizeof event))
        return -EFAULT;
    struct file *epoll = fd_file(epoll_fd), *file = fd_file(fd);
    if (!epoll || !file)
        return -EBADF;
    if (!file->ops || !file->ops->poll)
        return -EPERM;
    if (file == epoll || !is_epoll(epoll))
        return -EINVAL;
    return epoll_control(epoll, operation, fd, file, &event);
}

static long wait_for_events(int epoll_fd, user_address events, int limit, uint64_t deadline)
{
    if (limit <= 0 || limit > INT32_MAX / (int)sizeof(struct epoll_event))
        return -EINVAL;
    struct file *epoll = fd_get(epoll_fd);
    if (!epoll)
        return -EBADF;
    long count = is_epoll(epoll) ? epoll_wait(epoll, events, limit, deadline) : -EINVAL;
    file_put(epoll);
    return count;
}

static uint64_t deadline_of(int milliseconds)
{
    return milliseconds < 0 ? WAIT_FOREVER
                            : deadline_after((uint64_t)milliseconds / 1000,
                                             (uint64_t)milliseconds % 1000 * 1000000);
}

long sys_epoll_wait(int epoll, user_address events, int limit, int milliseconds)
{
    return wait_for_events(epoll, events, limit, deadline_of(milliseconds));
}

/* mask_restore() leaves the mask to signal_deliver() if it is told of a restart. */
static long wait_masked(int epoll, user_address events, int limit, uint64_t deadline,
                        user_address mask, size_t size)
{
    int error = mask_set(mask, size);
    if (error)
        return error;
    long count = wait_for_events(epoll, events, limit, deadline);
    mask_restore(mask, count == -EINTR ? -ERESTARTSYS : count);
    return count;
}

long sys_epoll_pwait(int epoll, user_address events, int limit, int milliseconds, user_address mask,
                     size_t size)
{
    return wait_masked(epoll, events, limit, deadline_of(milliseconds), mask, size);
}

long sys_epoll_pwait2(int epoll, user_address events, int limit, user_address timeout,
                      user_address mask, size_t size)
{
    uint64_t time, deadline = WAIT_FOREVER;
    if (timeout) {
        int error = time_read_timespec(timeout, &time);
        if (error)
            return error;
        deadline = time ? time_deadline_after(time) : NOW;
    }
    return wait_masked(epoll, events, limit, deadline, mask, size);
}
