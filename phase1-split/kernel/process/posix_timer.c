/* A timer has one signal, which it keeps: expiring again while that still waits is only counted
 * (timer_getoverrun(2)).  The kernel's timer runs at most once in ALARM_INTERVAL_LEAST. */
#include <process/posix_timer.h>

#include <linux/errno.h>
#include <linux/signal.h>

#include <param.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>
#include <syscall/time.h>

/* ---- expiring ---- */

/* The time that `due` is compared with. */
static uint64_t now_for(const struct posix_timer *timer)
{
    return timer->clock.kind == CLOCK_OF_CPU ? clock_now(&timer->clock) : clock_monotonic();
}

static int start(struct posix_timer *timer, uint64_t at)
{
    if (timer->clock.kind != CLOCK_OF_CPU)
        return timer_start(&timer->timer, at);
    cpu_alarm_start(&timer->alarm, &timer->clock, at);
    return 0;
}

/* How often it has expired and nobody has noticed yet. */
static uint64_t catch_up(struct posix_timer *timer)
{
    uint64_t now = now_for(timer);
    if (!timer->due || now < timer->due)
        return 0;
    uint64_t times = timer->interval ? (now - timer->due) / timer->interval + 1 : 1;
    timer->due = timer->interval ? timer->due + times * timer->interval : 0;
    return times;
}

static void expire(struct posix_timer *timer)
{
    uint64_t times = catch_up(timer);
    if (times) {
        struct task *task = timer->notify & SIGEV_THREAD_ID ? task_find(timer->thread) : NULL;
        if (signal_is_queued(&timer->signal)) {
            timer->missed += times;
        } else {
            timer->missed = times - 1;
            if (!(timer->notify & SIGEV_THREAD_ID) || (task && task->process == timer->process))
                signal_send_kept(timer->process, task, &timer->signal);
        }
    }
    if (!timer->due) {
        wall_clock_unwatch(&timer->watch);
        return;
    }
    /* The heap has just given up this timer's place: starting it again cannot fail. */
    uint64_t least = now_for(timer) + ALARM_INTERVAL_LEAST;
    start(timer, timer->due < least ? least : timer->due);
}

static void timer_expired(struct timer *from)
{
    expire(container_of(from, struct posix_timer, timer));
}

static void alarm_expired(struct cpu_alarm *from)
{
    expire(container_of(from, struct posix_timer, alarm));
}

static void signal_taken(struct queued_signal *from, siginfo_t *out)
{
    struct posix_timer *timer = container_of(from, struct posix_timer, signal);
    uint64_t missed = timer->missed + catch_up(timer);
    timer->missed = 0;
    timer->overrun = missed > INT32_MAX ? INT32_MAX : (int)missed;
    if (out)
        out->si_overrun = timer->overrun;
}

/* The wall clock was set `ahead` by so much: a time of its comes sooner. */
static void wall_changed(struct wall_watch *from, int64_t ahead)
{
    struct posix_timer *timer = container_of(from, struct posix_timer, watch);
    int64_t due = (int64_t)timer->due - ahead;
    timer->due = due > 0 ? (uint64_t)due : 1;
    timer_start(&timer->timer, timer->due); /* it is set: this only moves it */
}

/* ---- making ---- */

static void fill_signal(struct posix_timer *timer, const struct sigevent *event)
{
    siginfo_t *information = &timer->signal.information;
    memset(information, 0, sizeof *information);
    information->si_signo = event->sigev_signo;
    information->si_code = SI_TIMER;
    information->si_tid = timer->id;
    information->si_value = event->sigev_value;
    timer->signal.taken = signal_taken;
    list_init(&timer->signal.node);
}

int posix_timer_create(int clock_number, const struct clock *clock, const struct sigevent *event,
                       struct posix_timer **out)
{
    struct process *self = current_process();
    if (!signal_within_limit(self))
        return -EAGAIN;
    struct posix_timer *timer = kzalloc(sizeof *timer);
    if (!timer)
        return -EAGAIN;
    timer->process = self;
    timer->id = self->next_timer_id++;
    timer->clock_number = clock_number;
    timer->clock = *clock;
    timer->notify = event->sigev_notify;
    timer->thread = event->sigev_notify_thread_id;
    timer->timer.expired = timer_expired;
    timer->alarm.expired = alarm_expired;
    timer->watch.changed = wall_changed;
    list_init(&timer->alarm.armed);
    list_init(&timer->watch.node);
    fill_signal(timer, event);
    list_add_tail(&self->posix_timers, &timer->of_process);
    self->posix_timer_count++;
    signal_count_kept(1);
    *out = timer;
    return 0;
}

struct posix_timer *posix_timer_find(int32_t id)
{
    struct posix_timer *timer;
    list_for_each_entry(timer, &current_process()->posix_timers, of_process)
        if (timer->id == id)
            return timer;
    return NULL;
}

static void stop(struct posix_timer *timer)
{
    timer_cancel(&timer->timer);
    cpu_alarm_cancel(&timer->alarm);
    wall_clock_unwatch(&timer->watch);
    timer->due = timer->interval = timer->missed = 0;
}

void posix_timer_delete(struct posix_timer *timer)
{
    stop(timer);
    signal_withdraw(&timer->signal);
    list_remove(&timer->of_process);
    timer->process->posix_timer_count--;
    signal_count_kept(-1);
    kfree(timer);
}

void posix_timers_delete(struct process *process)
{
    struct posix_timer *timer, *next;
    list_for_each_entry_safe(timer, next, &process->posix_timers, of_process)
        posix_timer_delete(timer);
}

/* ---- setting ---- */

/* `value` as a time that `due` can be; never 0. */
static uint64_t due_at(const struct posix_timer *timer, uint64_t value, bool absolute)
{
    if (timer->clock.kind == CLOCK_OF_CPU)
        return absolute ? value : now_for(timer) + value;
    uint64_t now = absolute ? clock_now(&timer->clock) : 0;
    return time_deadline_after(value > now ? value - now : 0);
}

int posix_timer_set(struct posix_timer *timer, uint64_t value, uint64_t interval, bool absolute)
{
    stop(timer);
    signal_withdraw(&timer->signal);
    timer->overrun = 0;
    if (!value)
        return 0;
    uint64_t due = due_at(timer, value, absolute);
    int error = timer->notify == SIGEV_NONE ? 0 : start(timer, due);
    if (error)
        return error;
    timer->due = due;
    timer->interval = interval;
    if (absolute && timer->clock.kind == CLOCK_OF_WALL && timer->notify != SIGEV_NONE)
        wall_clock_watch(&timer->watch);
    return 0;
}

void posix_timer_get(struct posix_timer *timer, uint64_t *left, uint64_t *interval)
{
    uint64_t now = now_for(timer);
    if (timer->notify == SIGEV_NONE)
        catch_up(timer);
    *left = !timer->due ? 0 : timer->due > now ? timer->due - now : 1; /* 1: any moment now */
    *interval = timer->due ? timer->interval : 0;
}
