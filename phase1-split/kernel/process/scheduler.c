/* How the processor goes from task to task; to which one, run_queue.c says.
 *
 * It changes hands in one function, switch_to().  The boot thread is what runs when
 * nobody else can: it waits for events.  The timer interrupt comes for the first timer or, while
 * a task runs, for the end of its turn, whichever is earlier; an idle machine has no ticks. */
#include <process/scheduler.h>

#include <linux/errno.h>

#include <memory/reclaim.h>
#include <net/network.h>
#include <param.h>
#include <platform/clock.h>
#include <platform/event.h>
#include <platform/panic.h>
#include <process/process.h>
#include <tty/tty.h>

#include "task.h"
#include "timer.h"

struct task *current;

static bool turn_over;              /* the running task is to yield */
static bool all_first;              /* it shall not go on before all others have run */
static struct task *dead;           /* has run for the last time; freed after the switch */
static uint64_t armed = UINT64_MAX; /* when the timer interrupt is due */
static uint64_t idle_time, idle_since;
static uint64_t switches;
static struct processor_times samples; /* ticks that found a task running */

/* ---- the timer interrupt ---- */

void scheduler_arm(uint64_t deadline)
{
    if (deadline >= armed)
        return;
    armed = deadline;
    timer_set(deadline);
}

/* CPU time is measured exactly; what share of it is the user's is told by samples.  All that were
 * taken since this was called last belong to the running task: it is called before every switch. */
void scheduler_collect_samples(void)
{
    static uint64_t user_before, system_before;
    uint64_t user, system;
    clock_samples(&user, &system);
    user -= user_before;
    system -= system_before;
    user_before += user;
    system_before += system;
    if (!current)
        return;
    current->user_ticks += user;
    current->system_ticks += system;
    samples.system += system;
    *(current->process->nice > 0 ? &samples.nice : &samples.user) += user;
}

/* ---- load averages: exponentially decaying, sampled every 5 seconds as in Linux ---- */

#define LOAD_PERIOD (5 * NANOSECONDS_PER_SECOND)
#define LOAD_ONE    65536u

static uint32_t load[3];
static struct timer load_timer;

/* 65536 / e^(5 s / 1, 5, 15 min) */
static const uint32_t load_decay[3] = { 60296, 64453, 65173 };

static void load_sample(struct timer *timer)
{
    uint32_t active = scheduler_runnable() * LOAD_ONE;
    for (int i = 0; i < 3; i++)
        load[i] =
            ((uint64_t)load[i] * load_decay[i] + (uint64_t)active * (LOAD_ONE - load_decay[i])) /
            LOAD_ONE;
    /* No memory was given back since it was last set: starting it again cannot fail. */
    timer_start(timer, timer->deadline + LOAD_PERIOD);
}

void scheduler_load(uint32_t out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = load[i];
}

/* ---- who runs ---- */

static struct thread *thread_of(struct task *task)
{
    return task ? task->thread : thread_boot();
}

static void charge(struct task *task, uint64_t now)
{
    run_queue_charge(task, now - task->charged_until);
    task->charged_until = now;
}

void scheduler_charge(void)
{
    charge(current, clock_monotonic());
}

/* One that gives way has been charged before it took its place in the queue. */
static void leave_processor(struct task *task, uint64_t now)
{
    task->run_time += now - task->started_running;
    if (task->state != TASK_RUNNABLE)
        charge(task, now);
}

static void account(struct task *previous, struct task *next)
{
    uint64_t now = clock_monotonic();
    scheduler_collect_samples();
    if (previous)
        leave_processor(previous, now);
    else
        idle_time += now - idle_since;
    if (next) {
        next->started_running = next->charged_until = now;
        scheduler_arm(now + TICK_NANOSECONDS);
    } else {
        idle_since = now;
    }
}

/* What the task that runs now does first after a switch. */
static void after_switch(void)
{
    if (dead) {
        task_free(dead);
        dead = NULL;
    }
    if (current && (signal_waiting(current) || current->restore_blocked))
        events_post(EVENT_WORK); /* so that signal_deliver() is called on the way out */
}

/* Runs `next` (NULL: the boot thread) instead of the running task. */
static void switch_to(struct task *next)
{
    struct task *previous = current;
    account(previous, next);
    turn_over = all_first = false;
    switches++;
    current = next;
    if (next && next->process->vm)
        vm_activate(next->process->vm);
    thread_switch(thread_of(previous), thread_of(next));
    after_switch();
}

void scheduler_enter_task(void)
{
    after_switch();
}

/* A task of higher priority does not wait for the end of a turn. */
static void make_runnable(struct task *task)
{
    task->state = TASK_RUNNABLE;
    run_queue_add(task, false);
    if (current && run_queue_outranks(task, current)) {
        turn_over = true;
        events_post(EVENT_WORK); /* so that before_user is called */
    }
}

void scheduler_add(struct task *task)
{
    make_runnable(task);
}

void task_wake(struct task *task)
{
    if (task->state == TASK_SLEEPING)
        make_runnable(task);
}

/* The running task waits for its turn with the others. */
static void give_way(void)
{
    struct task *self = current;
    if (run_queue_count() == 0) {
        turn_over = all_first = false;
        return;
    }
    uint64_t now = clock_monotonic(), ran = now - self->started_running;
    uint64_t turn = run_queue_turn(self);
    bool used_up = turn && ran >= turn;
    charge(self, now);
    self->run_time += ran;
    self->started_running = now;
    if (all_first)
        run_queue_step_back(self);
    run_queue_add(self, !all_first && !used_up);
    struct task *next = run_queue_take();
    turn_over = all_first = false;
    if (next == self)
        return;
    self->involuntary_switches++;
    switch_to(next);
}

void scheduler_yield(void)
{
    all_first = true;
    give_way();
}

void scheduler_next_turn(void)
{
    give_way();
}

bool scheduler_should_yield(void)
{
    if (events_pending())
        scheduler_handle_events();
    return turn_over;
}

void scheduler_end_turn(void)
{
    turn_over = all_first = true;
    events_post(EVENT_WORK); /* so that before_user is called */
}

void scheduler_recheck_turn(void)
{
    if (run_queue_turn_is_over(current, 0)) {
        turn_over = true;
        events_post(EVENT_WORK);
    }
}

void scheduler_block(enum task_state state)
{
    current->state = state;
    current->voluntary_switches++;
    switch_to(run_queue_take());
}

static void sleep_expired(struct timer *timer)
{
    struct task *task = container_of(timer, struct task, sleep_timer);
    task->timed_out = true;
    task_wake(task);
}

int task_sleep(uint64_t deadline)
{
    if (current->killable_only ? signal_fatal_waiting(current) : signal_waiting(current))
        return -ERESTARTSYS;
    current->timed_out = false;
    if (deadline != WAIT_FOREVER) {
        if (clock_monotonic() >= deadline)
            return -ETIMEDOUT;
        current->sleep_timer.expired = sleep_expired;
        int error = timer_start(&current->sleep_timer, deadline);
        if (error)
            return error;
    }
    scheduler_block(TASK_SLEEPING);
    timer_cancel(&current->sleep_timer);
    return current->timed_out ? -ETIMEDOUT : 0;
}

_Noreturn void scheduler_exit(void)
{
    dead = current;
    scheduler_block(TASK_DEAD);
    __builtin_unreachable(); /* nobody switches to a dead task */
}

/* ---- deferred work ---- */

/* Whoever comes finds what the running task has used so far, however long it has been alone. */
static void check_turn(void)
{
    scheduler_charge();
    if (run_queue_turn_is_over(current, current->charged_until - current->started_running))
        turn_over = true;
}

static void handle_timer(void)
{
    armed = UINT64_MAX;
    timer_run_expired();
    if (current)
        cpu_timers_check();
    if (current)
        check_turn();
    uint64_t next = timer_first();
    uint64_t tick = current ? clock_monotonic() + TICK_NANOSECONDS : UINT64_MAX;
    if (next != UINT64_MAX || tick != UINT64_MAX)
        scheduler_arm(next < tick ? next : tick);
}

void scheduler_handle_events(void)
{
    uint32_t events = events_take();
    if (events & EVENT_TIMER)
        handle_timer();
    if (events & EVENT_CONSOLE_INPUT)
        tty_handle_input();
    if (events & EVENT_CONSOLE_OUTPUT)
        tty_handle_output();
    if (events & EVENT_WORK)
        memory_drop_if_asked();
    if (events & NETWORK_EVENTS)
        network_handle_events(events);
}

_Noreturn void scheduler_run(void)
{
    load_timer.expired = load_sample;
    panic_unless(timer_start(&load_timer, clock_monotonic() + LOAD_PERIOD) == 0);
    idle_since = clock_monotonic();
    for (;;) {
        scheduler_handle_events();
        struct task *next = run_queue_take();
        if (next)
            switch_to(next);
        else if (!network_catch_up())
            processor_wait();
    }
}

/* ---- figures ---- */

unsigned scheduler_runnable(void)
{
    return run_queue_count() + (current != NULL);
}

uint64_t scheduler_switches(void)
{
    return switches;
}

/* The time is measured; what has passed since the last question is divided by the samples since
 * then.  So no figure ever goes back, and their sum is the time that the processor was busy. */
void scheduler_times(struct processor_times *out)
{
    static struct processor_times told, seen;
    scheduler_collect_samples();
    uint64_t user = samples.user - seen.user, nice = samples.nice - seen.nice;
    uint64_t all = user + nice + samples.system - seen.system;
    if (all) {
        uint64_t busy = clock_monotonic() - scheduler_idle_time();
        uint64_t rest = busy - told.user - told.nice - told.system;
        told.user += rest / all * user;
        told.nice += rest / all * nice;
        told.system = busy - told.user - told.nice;
        seen = samples;
    }
    *out = told;
}

uint64_t scheduler_idle_time(void)
{
    return idle_time + (current ? 0 : clock_monotonic() - idle_since);
}
