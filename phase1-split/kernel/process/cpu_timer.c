/* Processor time passes only while a process runs, so its timers need no queue: the process that
 * runs is looked at once in every tick. */
#include <process/cpu_timer.h>

#include <param.h>
#include <platform/clock.h>
#include <process/process.h>

/* ---- alarms ---- */

static struct list alarms = LIST_INITIAL(alarms);

void cpu_alarm_start(struct cpu_alarm *alarm, const struct clock *clock, uint64_t deadline)
{
    alarm->clock = *clock;
    alarm->deadline = deadline;
    list_move_tail(&alarms, &alarm->armed);
}

void cpu_alarm_cancel(struct cpu_alarm *alarm)
{
    list_remove(&alarm->armed);
}

/* An alarm may set itself again, and then comes last: each is looked at once. */
static void check_alarms(void)
{
    struct cpu_alarm *alarm, *next;
    list_for_each_entry_safe(alarm, next, &alarms, armed) {
        if (!clock_measures_current(&alarm->clock) || clock_now(&alarm->clock) < alarm->deadline)
            continue;
        cpu_alarm_cancel(alarm);
        alarm->expired(alarm);
    }
}

/* ---- of the process ---- */

static void check_timer(struct cpu_timer *timer, uint64_t now, int signal)
{
    if (!timer->deadline || now < timer->deadline)
        return;
    timer->deadline = timer->interval ? now + timer->interval : 0;
    signal_send_process(current_process(), signal, NULL);
}

/* The soft limit sends SIGXCPU and moves on by a second, the hard one kills (setrlimit(2)). */
static void check_limit(uint64_t now)
{
    struct process *self = current_process();
    struct rlimit *limit = &self->limits[RLIMIT_CPU];
    uint64_t seconds = now / NANOSECONDS_PER_SECOND;
    if (seconds >= limit->rlim_max) {
        signal_send_process(self, SIGKILL, NULL);
    } else if (seconds >= limit->rlim_cur) {
        signal_send_process(self, SIGXCPU, NULL);
        limit->rlim_cur = seconds + 1;
    }
}

void cpu_timers_check(void)
{
    struct process *self = current_process();
    uint64_t user, system;
    check_alarms();
    if (self->state != PROCESS_ALIVE || (!self->user_timer.deadline && !self->cpu_timer.deadline &&
                                         self->limits[RLIMIT_CPU].rlim_cur == RLIM_INFINITY))
        return;
    process_times(self, &user, &system);
    check_timer(&self->user_timer, user, SIGVTALRM);
    check_timer(&self->cpu_timer, user + system, SIGPROF);
    check_limit(user + system);
}
