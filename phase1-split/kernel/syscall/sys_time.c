/* System calls on clocks, sleeping and interval timers. */
#include <linux/errno.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timex.h>

#include <param.h>
#include <platform/clock.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/clocks.h>
#include <process/process.h>
#include <process/wall_clock.h>
#include <syscall/syscall.h>
#include <syscall/time.h>

#define SECOND          ((int64_t)NANOSECONDS_PER_SECOND)
#define LONGEST_SECONDS (INT64_MAX / SECOND - 1)

struct __kernel_timespec time_to_timespec(uint64_t nanoseconds)
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

static int read_clock(int number, uint64_t *out)
{
    struct clock clock;
    int error = clock_find(number, &clock);
    if (!error)
        *out = clock_now(&clock);
    return error;
}

long sys_clock_gettime(int clock, user_address out)
{
    uint64_t now;
    int error = read_clock(clock, &now);
    if (error)
        return error;
    struct __kernel_timespec time = time_to_timespec(now);
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

/* ---- adjtimex(2) ---- */

/* The clock is as good as the machine's: it is set, but never sped up or slowed down.  What a
 * program of NTP says of its quality is kept for the next to read. */
static struct {
    int status;
    int64_t maximum_error, estimated_error, constant;
    int32_t leap_seconds;
} adjustment = {
    .status = STA_UNSYNC, .maximum_error = 16000000, .estimated_error = 16000000, .constant = 2
};

#define TICK_MICROSECONDS 10000
#define TOLERANCE         32768000 /* of the frequency, as Linux tells it */
#define KEPT_STATUS                                                                                \
    (STA_PLL | STA_PPSFREQ | STA_PPSTIME | STA_FLL | STA_INS | STA_DEL | STA_UNSYNC | STA_FREQHOLD)

/* adjtime(3): Linux shows user mode only these bits together with others. */
#define ADJ_ADJTIME  0x8000u
#define ADJ_READONLY 0x2000u

static int check_adjustment(const struct __kernel_timex *wanted)
{
    unsigned modes = wanted->modes;
    if ((modes & ADJ_ADJTIME) && !(modes & ADJ_OFFSET))
        return -EINVAL;
    if ((modes & ADJ_ADJTIME) && (modes & ADJ_READONLY))
        return 0;
    if (modes && !process_privileged())
        return -EPERM;
    if ((modes & ADJ_TICK) && (wanted->tick < 900000 / 100 || wanted->tick > 1100000 / 100))
        return -EINVAL;
    if ((modes & ADJ_SETOFFSET) &&
        (wanted->time.tv_usec < 0 ||
         wanted->time.tv_usec >= (modes & ADJ_NANO ? SECOND : SECOND / 1000)))
        return -EINVAL;
    bool drifts = ((modes & ADJ_OFFSET) && wanted->offset) ||
                  ((modes & ADJ_FREQUENCY) && wanted->freq) ||
                  ((modes & ADJ_TICK) && wanted->tick != TICK_MICROSECONDS);
    return drifts ? -EOPNOTSUPP : 0;
}

static void adjust(const struct __kernel_timex *wanted)
{
    unsigned modes = wanted->modes;
    if (modes & ADJ_ADJTIME)
        return;
    if (modes & ADJ_SETOFFSET)
        wall_clock_set(wall_clock() + wanted->time.tv_sec * SECOND +
                       wanted->time.tv_usec * (modes & ADJ_NANO ? 1 : 1000));
    if (modes & ADJ_STATUS)
        adjustment.status = (adjustment.status & STA_NANO) | (wanted->status & KEPT_STATUS);
    if (modes & ADJ_NANO)
        adjustment.status |= STA_NANO;
    if (modes & ADJ_MICRO)
        adjustment.status &= ~STA_NANO;
    if (modes & ADJ_MAXERROR)
        adjustment.maximum_error = wanted->maxerror;
    if (modes & ADJ_ESTERROR)
        adjustment.estimated_error = wanted->esterror;
    if (modes & ADJ_TIMECONST)
        adjustment.constant = wanted->constant;
    if ((modes & ADJ_TAI) && wanted->constant >= 0)
        adjustment.leap_seconds = (int32_t)wanted->constant;
}

static void describe_adjustment(struct __kernel_timex *out)
{
    int64_t now = wall_clock();
    out->offset = 0;
    out->freq = 0;
    out->maxerror = adjustment.maximum_error;
    out->esterror = adjustment.estimated_error;
    out->status = adjustment.status;
    out->constant = adjustment.constant;
    out->precision = 1;
    out->tolerance = TOLERANCE;
    out->tick = TICK_MICROSECONDS;
    out->tai = adjustment.leap_seconds;
    out->ppsfreq = out->jitter = out->stabil = 0;
    out->jitcnt = out->calcnt = out->errcnt = out->stbcnt = 0;
    out->shift = 0;
    out->time.tv_sec = now / SECOND;
    out->time.tv_usec = now % SECOND / (adjustment.status & STA_NANO ? 1 : 1000);
}

long sys_adjtimex(user_address buffer)
{
    struct __kernel_timex timex;
    if (copy_from_user(&timex, buffer, sizeof timex))
        return -EFAULT;
    int error = check_adjustment(&timex);
    if (error)
        return error;
    adjust(&timex);
    describe_adjustment(&timex);
    if (copy_to_user(buffer, &timex, sizeof timex))
        return -EFAULT;
    return adjustment.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}

long sys_clock_adjtime(int number, user_address buffer)
{
    struct clock clock;
    int error = clock_find(number, &clock);
    if (error)
        return error;
    return number == CLOCK_REALTIME ? sys_adjtimex(buffer) : -EOPNOTSUPP;
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

uint64_t time_left_until(uint64_t deadline)
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
    struct __kernel_timespec rest = time_to_timespec(time_left_until(deadline));
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

/* Until a time of the wall clock, which may be set meanwhile. */
struct wall_sleep {
    struct wall_watch watch;
    struct task *task;
};

static void wall_changed(struct wall_watch *watch, int64_t ahead)
{
    (void)ahead;
    task_wake(container_of(watch, struct wall_sleep, watch)->task);
}

static int sleep_until_wall(uint64_t time)
{
    struct wall_sleep sleep = { .watch.changed = wall_changed, .task = current };
    int result = 0;
    list_init(&sleep.watch.node);
    wall_clock_watch(&sleep.watch);
    while (!result) {
        uint64_t now = (uint64_t)wall_clock();
        result = task_sleep(time_deadline_after(time > now ? time - now : 0));
    }
    wall_clock_unwatch(&sleep.watch);
    return result == -ETIMEDOUT ? 0 : result;
}

/* Until others have used so much of the processor. */
struct cpu_sleep {
    struct cpu_alarm alarm;
    struct task *task;
};

static void cpu_time_used(struct cpu_alarm *alarm)
{
    task_wake(container_of(alarm, struct cpu_sleep, alarm)->task);
}

static int sleep_until_used(const struct clock *clock, uint64_t time)
{
    struct cpu_sleep sleep = { .alarm.expired = cpu_time_used, .task = current };
    int result = 0;
    list_init(&sleep.alarm.armed);
    while (!result && clock_now(clock) < time) {
        cpu_alarm_start(&sleep.alarm, clock, time);
        result = task_sleep(WAIT_FOREVER);
    }
    cpu_alarm_cancel(&sleep.alarm);
    return result;
}

static long restart_cpu_sleep(struct task *task);

static long sleep_by_cpu(int number, const struct clock *clock, uint64_t time, bool absolute,
                         user_address left)
{
    int error = sleep_until_used(clock, time);
    if (error != -ERESTARTSYS || absolute)
        return error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
    uint64_t now = clock_now(clock);
    struct __kernel_timespec rest = time_to_timespec(time > now ? time - now : 0);
    if (left && copy_to_user(left, &rest, sizeof rest))
        return -EFAULT;
    current->restart = restart_cpu_sleep;
    current->restart_argument[0] = time;
    current->restart_argument[1] = left;
    current->restart_argument[2] = (uint64_t)number;
    return -ERESTART_RESTARTBLOCK;
}

static long restart_cpu_sleep(struct task *task)
{
    struct clock clock;
    int number = (int)task->restart_argument[2], error = clock_find(number, &clock);
    return error ? error
                 : sleep_by_cpu(number, &clock, task->restart_argument[0], false,
                                task->restart_argument[1]);
}

/* Nobody can wait for his own processor time; some clocks are only for looking at. */
static int check_sleep(int number, const struct clock *clock)
{
    switch (number) {
    case CLOCK_THREAD_CPUTIME_ID:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_REALTIME_COARSE:
        return -EOPNOTSUPP;
    default:
        return clock->task && clock->task == current->id ? -EINVAL : 0;
    }
}

long sys_clock_nanosleep(int number, int flags, user_address time, user_address left)
{
    struct clock clock;
    uint64_t wanted;
    bool absolute = flags & TIMER_ABSTIME;
    int error = clock_find(number, &clock);
    if (!error)
        error = check_sleep(number, &clock);
    if (!error)
        error = time_read_timespec(time, &wanted);
    if (error)
        return error;
    if (clock.kind == CLOCK_OF_CPU)
        return sleep_by_cpu(number, &clock, absolute ? wanted : clock_now(&clock) + wanted,
                            absolute, left);
    if (!absolute)
        return sleep_relative(time_deadline_after(wanted), left);
    error = clock.kind == CLOCK_OF_WALL ? sleep_until_wall(wanted)
                                        : sleep_until(wanted < WAIT_FOREVER ? wanted : wanted - 1);
    return error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
}

long sys_nanosleep(user_address time, user_address left)
{
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);
}
