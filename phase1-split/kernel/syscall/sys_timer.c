/* System calls on timers: the process's three (setitimer(2)), and those that it makes
 * (timer_create(2)). */
#include <linux/errno.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include <param.h>
#include <platform/clock.h>
#include <platform/user.h>
#include <process/posix_timer.h>
#include <process/process.h>
#include <syscall/syscall.h>
#include <syscall/time.h>

#define SECOND          ((int64_t)NANOSECONDS_PER_SECOND)
#define LONGEST_SECONDS (INT64_MAX / SECOND - 1)

/* ---- interval timers ---- */

static void alarm_expired(struct timer *timer)
{
    struct process *process = container_of(timer, struct process, alarm);
    signal_send_process(process, SIGALRM, NULL);
    if (!process->alarm_interval)
        return;
    /* In step with the first time, but never so soon that the program gets nowhere.  The heap has
     * just given up this timer's place: starting it again cannot fail. */
    uint64_t next = timer->deadline + process->alarm_interval;
    uint64_t least = clock_monotonic() + ALARM_INTERVAL_LEAST;
    timer_start(timer, next < least ? least : next);
}

static int set_alarm(uint64_t value, uint64_t interval, uint64_t *old_value, uint64_t *old_interval)
{
    struct process *self = current_process();
    *old_value = self->alarm.place ? time_left_until(self->alarm.deadline) : 0;
    *old_interval = self->alarm_interval;
    self->alarm.expired = alarm_expired;
    if (!value) {
        timer_cancel(&self->alarm);
        self->alarm_interval = 0;
        return 0;
    }
    int error = timer_start(&self->alarm, time_deadline_after(value));
    if (!error)
        self->alarm_interval = interval;
    return error;
}

long sys_alarm(unsigned seconds)
{
    uint64_t value, interval;
    set_alarm(seconds * NANOSECONDS_PER_SECOND, 0, &value, &interval);
    uint64_t left = (value + NANOSECONDS_PER_SECOND / 2) / NANOSECONDS_PER_SECOND;
    return value && !left ? 1 : left; /* 0 would mean that none was set */
}

static struct __kernel_old_itimerval to_itimerval(uint64_t value, uint64_t interval)
{
    return (struct __kernel_old_itimerval){
        .it_interval = { interval / SECOND, interval % SECOND / 1000 },
        .it_value = { value / SECOND, value % SECOND / 1000 },
    };
}

/* The timer and the time it measures; NULL: there is no such timer. */
static struct cpu_timer *find_cpu_timer(int which, uint64_t *now)
{
    struct process *self = current_process();
    uint64_t user, system;
    process_times(self, &user, &system);
    *now = which == ITIMER_VIRTUAL ? user : user + system;
    return which == ITIMER_VIRTUAL ? &self->user_timer
           : which == ITIMER_PROF  ? &self->cpu_timer
                                   : NULL;
}

static int get_cpu_timer(int which, uint64_t *value, uint64_t *interval)
{
    uint64_t now;
    const struct cpu_timer *timer = find_cpu_timer(which, &now);
    if (!timer)
        return -EINVAL;
    *value = timer->deadline > now ? timer->deadline - now : timer->deadline ? 1000 : 0;
    *interval = timer->interval;
    return 0;
}

static int set_cpu_timer(int which, uint64_t value, uint64_t interval, uint64_t *old_value,
                         uint64_t *old_interval)
{
    uint64_t now;
    int error = get_cpu_timer(which, old_value, old_interval);
    if (error)
        return error;
    struct cpu_timer *timer = find_cpu_timer(which, &now);
    timer->deadline = value ? now + value : 0;
    timer->interval = interval;
    return 0;
}

long sys_getitimer(int which, user_address out)
{
    struct process *self = current_process();
    uint64_t value, interval;
    if (which == ITIMER_REAL) {
        value = self->alarm.place ? time_left_until(self->alarm.deadline) : 0;
        interval = self->alarm_interval;
    } else if (get_cpu_timer(which, &value, &interval)) {
        return -EINVAL;
    }
    struct __kernel_old_itimerval timer = to_itimerval(value, interval);
    return copy_to_user(out, &timer, sizeof timer);
}

static int from_timeval(const struct __kernel_old_timeval *time, uint64_t *out)
{
    if (time->tv_sec < 0 || time->tv_usec < 0 || time->tv_usec >= 1000000)
        return -EINVAL;
    *out = time->tv_sec > LONGEST_SECONDS
               ? (uint64_t)INT64_MAX
               : (uint64_t)(time->tv_sec * SECOND + time->tv_usec * 1000);
    return 0;
}

long sys_setitimer(int which, user_address value, user_address old)
{
    struct __kernel_old_itimerval wanted = { 0 };
    uint64_t new_value, new_interval, old_value, old_interval;
    if (value && copy_from_user(&wanted, value, sizeof wanted))
        return -EFAULT;
    int error = from_timeval(&wanted.it_value, &new_value);
    if (!error)
        error = from_timeval(&wanted.it_interval, &new_interval);
    if (!error)
        error = which == ITIMER_REAL
                    ? set_alarm(new_value, new_interval, &old_value, &old_interval)
                    : set_cpu_timer(which, new_value, new_interval, &old_value, &old_interval);
    if (error || !old)
        return error;
    struct __kernel_old_itimerval before = to_itimerval(old_value, old_interval);
    return copy_to_user(old, &before, sizeof before);
}

/* ---- timer_create(2) and its kind ---- */

static int check_event(const struct sigevent *event)
{
    switch (event->sigev_notify) {
    case SIGEV_SIGNAL | SIGEV_THREAD_ID: {
        const struct task *task = task_find(event->sigev_notify_thread_id);
        if (!task || task->process != current_process())
            return -EINVAL;
        break;
    }
    case SIGEV_SIGNAL:
    case SIGEV_THREAD:
        break;
    case SIGEV_NONE:
        return 0;
    default:
        return -EINVAL;
    }
    return event->sigev_signo > 0 && event->sigev_signo <= SIGNAL_COUNT ? 0 : -EINVAL;
}

/* Clocks that are only for looking at, and those that would wake a machine that sleeps: there is
 * nothing here that could. */
static bool has_timers(int number)
{
    return number != CLOCK_MONOTONIC_RAW && number != CLOCK_MONOTONIC_COARSE &&
           number != CLOCK_REALTIME_COARSE && number != CLOCK_REALTIME_ALARM &&
           number != CLOCK_BOOTTIME_ALARM;
}

long sys_timer_create(int number, user_address event_address, user_address out)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
    struct posix_timer *timer;
    struct clock clock;
    if (event_address && copy_from_user(&event, event_address, sizeof event))
        return -EFAULT;
    int error = clock_find(number, &clock);
    if (!error && !has_timers(number))
        error = -EOPNOTSUPP;
    if (!error)
        error = check_event(&event);
    if (!error && !event_address)
        event.sigev_value.sival_int = current_process()->next_timer_id;
    if (!error)
        error = posix_timer_create(number, &clock, &event, &timer);
    if (error)
        return error;
    error = copy_to_user(out, &timer->id, sizeof timer->id);
    if (error)
        posix_timer_delete(timer);
    return error;
}

static struct __kernel_itimerspec describe(struct posix_timer *timer)
{
    uint64_t left, interval;
    posix_timer_get(timer, &left, &interval);
    return (struct __kernel_itimerspec){ time_to_timespec(interval), time_to_timespec(left) };
}

long sys_timer_settime(int id, int flags, user_address wanted, user_address old)
{
    uint64_t value, interval;
    if (!wanted)
        return -EINVAL;
    int error =
        time_read_timespec(wanted + offsetof(struct __kernel_itimerspec, it_interval), &interval);
    if (!error)
        error = time_read_timespec(wanted + offsetof(struct __kernel_itimerspec, it_value), &value);
    if (error)
        return error;
    struct posix_timer *timer = posix_timer_find(id);
    if (!timer)
        return -EINVAL;
    struct __kernel_itimerspec before = describe(timer);
    error = posix_timer_set(timer, value, interval, flags & TIMER_ABSTIME);
    return error || !old ? error : copy_to_user(old, &before, sizeof before);
}

long sys_timer_gettime(int id, user_address out)
{
    struct posix_timer *timer = posix_timer_find(id);
    if (!timer)
        return -EINVAL;
    struct __kernel_itimerspec now = describe(timer);
    return copy_to_user(out, &now, sizeof now);
}

long sys_timer_getoverrun(int id)
{
    const struct posix_timer *timer = posix_timer_find(id);
    return timer ? timer->overrun : -EINVAL;
}

long sys_timer_delete(int id)
{
    struct posix_timer *timer = posix_timer_find(id);
    if (!timer)
        return -EINVAL;
    posix_timer_delete(timer);
    return 0;
}
