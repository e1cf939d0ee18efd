/* System calls on clocks, sleeping and interval timers. */
#include <linux/errno.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include <param.h>
#include <platform/clock.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>
#include <process/wall_clock.h>
#include <syscall/syscall.h>
#include <syscall/time.h>

#define SECOND          ((int64_t)NANOSECONDS_PER_SECOND)
#define LONGEST_SECONDS (INT64_MAX / SECOND - 1)

static struct __kernel_timespec to_timespec(uint64_t nanoseconds)
{
    return (struct __kernel_timespec){ nanoseconds / NANOSECONDS_PER_SECOND,
                                       nanoseconds % NANOSECONDS_PER_SECOND };
}

int time_read_timespec(user_address from, uint64_t *out)
{
    struct __kernel_timespec time;
    if (copy_from_user(&time, from, sizeof time))
        return -EFAULT;
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= SECOND)
        return -EINVAL;
    *out = time.tv_sec > LONGEST_SECONDS ? (uint64_t)INT64_MAX
                                         : (uint64_t)(time.tv_sec * SECOND + time.tv_nsec);
    return 0;
}

/* ---- clocks ---- */

/* A clock with a negative id is the processor time of a process or task, as clock_getcpuclockid(3)
 * makes them: the pid's complement, a bit for tasks, two bits for which time. */
#define CPU_CLOCK_WHICH   3
#define CPU_CLOCK_PROFILE 0
#define CPU_CLOCK_USER    1
#define CPU_CLOCK_ALL     2

static int read_cpu_clock(int clock, uint64_t *out)
{
    uint64_t user, system;
    int pid = ~(clock >> 3), which = clock & CPU_CLOCK_WHICH;
    struct process *process = pid ? process_find(pid) : current_process();
    if (!process || which > CPU_CLOCK_ALL)
        return -EINVAL;
    process_times(process, &user, &system);
    *out = which == CPU_CLOCK_USER ? user : user + system;
    return 0;
}

static int read_clock(int clock, uint64_t *out)
{
    uint64_t user, system;
    if (clock < 0)
        return read_cpu_clock(clock, out);
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI: /* nobody has told the leap seconds */
        *out = wall_clock();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *out = clock_monotonic();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        process_times(current_process(), &user, &system);
        *out = user + system;
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_clock_gettime(int clock, user_address out)
{
    uint64_t now;
    int error = read_clock(clock, &now);
    if (error)
        return error;
    struct __kernel_timespec time = to_timespec(now);
    return copy_to_user(out, &time, sizeof time);
}

long sys_clock_getres(int clock, user_address out)
{
    uint64_t now;
    int error = read_clock(clock, &now);
    struct __kernel_timespec resolution = { 0, 1 };
    return error || !out ? error : copy_to_user(out, &resolution, sizeof resolution);
}

long sys_clock_settime(int clock, user_address time)
{
    uint64_t wanted;
    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    int error = time_read_timespec(time, &wanted);
    if (error)
        return error;
    if (!process_privileged())
        return -EPERM;
    wall_clock_set(wanted);
    return 0;
}

long sys_time(user_address out)
{
    int64_t now = wall_clock() / SECOND;
    if (out && copy_to_user(out, &now, sizeof now))
        return -EFAULT;
    return now;
}

long sys_gettimeofday(user_address time, user_address zone)
{
    uint64_t now = wall_clock();
    struct __kernel_old_timeval value = { now / SECOND, now % SECOND / 1000 };
    struct timezone utc = { 0, 0 };
    if (time && copy_to_user(time, &value, sizeof value))
        return -EFAULT;
    return zone ? copy_to_user(zone, &utc, sizeof utc) : 0;
}

long sys_settimeofday(user_address time, user_address zone)
{
    struct __kernel_old_timeval value;
    struct timezone wanted;
    if (time && copy_from_user(&value, time, sizeof value))
        return -EFAULT;
    if (zone && copy_from_user(&wanted, zone, sizeof wanted))
        return -EFAULT;
    if (!process_privileged())
        return -EPERM;
    if (zone && (wanted.tz_minuteswest || wanted.tz_dsttime))
        return -EINVAL; /* the kernel's time is UTC; zones are the C library's affair */
    if (!time)
        return 0;
    if (value.tv_sec < 0 || value.tv_sec > LONGEST_SECONDS || value.tv_usec < 0 ||
        value.tv_usec >= 1000000)
        return -EINVAL;
    wall_clock_set(value.tv_sec * SECOND + value.tv_usec * 1000);
    return 0;
}

/* ---- sleeping ---- */

static int sleep_until(uint64_t deadline)
{
    int result;
    do
        result = task_sleep(deadline);
    while (!result);
    return result == -ETIMEDOUT ? 0 : result;
}

static uint64_t left_until(uint64_t deadline)
{
    uint64_t now = clock_monotonic();
    return now < deadline ? deadline - now : 0;
}

/* A relative sleep that a signal without handler interrupts goes on to the same deadline. */
static long sleep_relative(uint64_t deadline, user_address left);

static long restart_sleep(struct task *task)
{
    return sleep_relative(task->restart_argument[0], task->restart_argument[1]);
}

static long sleep_relative(uint64_t deadline, user_address left)
{
    int error = sleep_until(deadline);
    if (error != -ERESTARTSYS)
        return error;
    struct __kernel_timespec rest = to_timespec(left_until(deadline));
    if (left && copy_to_user(left, &rest, sizeof rest))
        return -EFAULT;
    current->restart = restart_sleep;
    current->restart_argument[0] = deadline;
    current->restart_argument[1] = left;
    return -ERESTART_RESTARTBLOCK;
}

uint64_t time_deadline_after(uint64_t nanoseconds)
{
    uint64_t now = clock_monotonic();
    return nanoseconds < WAIT_FOREVER - 1 - now ? now + nanoseconds : WAIT_FOREVER - 1;
}

static bool can_sleep_by(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
           clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

long sys_clock_nanosleep(int clock, int flags, user_address time, user_address left)
{
    uint64_t wanted, now;
    int error = read_clock(clock, &now);
    if (!error && !can_sleep_by(clock))
        error = -EOPNOTSUPP;
    if (!error)
        error = time_read_timespec(time, &wanted);
    if (error)
        return error;
    if (!(flags & TIMER_ABSTIME))
        return sleep_relative(time_deadline_after(wanted), left);
    error = sleep_until(time_deadline_after(wanted > now ? wanted - now : 0));
    return error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
}

long sys_nanosleep(user_address time, user_address left)
{
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);
}

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
    *old_value = self->alarm.place ? left_until(self->alarm.deadline) : 0;
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
        value = self->alarm.place ? left_until(self->alarm.deadline) : 0;
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
