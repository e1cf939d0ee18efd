/* The end of a process and what its parent hears of it: exit(2), wait(2). */
#include <linux/errno.h>
#include <linux/wait.h>

#include <platform/clock.h>
#include <platform/memory.h>
#include <platform/panic.h>
#include <platform/user.h>
#include <process/posix_timer.h>
#include <process/process.h>
#include <tty/tty.h>

#include "group.h"
#include "task.h"

/* How a wait status (wait(2)) reads as si_code and si_status of siginfo. */
static int status_code(int status)
{
    if ((status & 0x7f) == 0)
        return CLD_EXITED;
    return (status & 0x80) ? CLD_DUMPED : CLD_KILLED;
}

static int status_value(int status)
{
    return (status & 0x7f) ? status & 0x7f : (status >> 8) & 0xff;
}

static void tell_parent(struct process *child, int signal, int code, int value)
{
    uint64_t user, system;
    process_times(child, &user, &system);
    siginfo_t information;
    memset(&information, 0, sizeof information);
    information.si_signo = signal;
    information.si_code = code;
    information.si_pid = child->id;
    information.si_uid = child->credentials->uid;
    information.si_status = value;
    information.si_utime = user / 10000000; /* clock ticks of 1/100 s */
    information.si_stime = system / 10000000;
    signal_send_process(child->parent, signal, &information);
}

void process_report_stop(struct process *process, int code)
{
    struct process *parent = process->parent;
    if (!parent)
        return;
    if (!(parent->actions->action[SIGCHLD - 1].flags & SA_NOCLDSTOP))
        tell_parent(process, SIGCHLD, code, code == CLD_CONTINUED ? SIGCONT : process->stop_signal);
    wait_queue_wake(&parent->child_events);
}

/* ---- exit ---- */

static void release_resources(struct process *self)
{
    timer_cancel(&self->alarm);
    posix_timers_delete(self);
    fd_table_put(self->files);
    self->files = NULL;
    fs_context_put(self->fs);
    self->fs = NULL;
    vm_activate(NULL);
    process_leave_memory(self);
    process_set_executable(self, &(struct path){ NULL, NULL });
}

/* Who gets the children: the next above that asked for orphans (PR_SET_CHILD_SUBREAPER), or init. */
static struct process *heir_of(const struct process *dead)
{
    struct process *heir = dead->parent;
    while (heir->parent && (!heir->subreaper || heir->exiting || heir->state != PROCESS_ALIVE))
        heir = heir->parent;
    return heir;
}

static void reparent_children(struct process *self)
{
    struct process *heir = heir_of(self), *child, *next;
    siginfo_t information = signal_information(SI_USER);
    bool dead = false;
    list_for_each_entry_safe(child, next, &self->children, sibling) {
        if (child->parent_death_signal && signal_permitted(child, child->parent_death_signal))
            signal_send_process(child, child->parent_death_signal, &information);
        child->parent = heir;
        child->exit_signal = SIGCHLD;
        list_move_tail(&heir->children, &child->sibling);
        if (child->state == PROCESS_ZOMBIE) {
            dead = true;
            tell_parent(child, SIGCHLD, status_code(child->exit_status),
                        status_value(child->exit_status));
        }
    }
    if (dead)
        wait_queue_wake(&heir->child_events);
}

/* A parent that ignores SIGCHLD, or says SA_NOCLDWAIT, never waits for its children. */
static bool parent_ignores(const struct process *child)
{
    const struct signal_action *action = &child->parent->actions->action[SIGCHLD - 1];
    return child->exit_signal == SIGCHLD &&
           (action->handler == 1 || (action->flags & SA_NOCLDWAIT));
}

/* The most memory that it or a child of its had, in pages. */
static uint64_t peak_of(const struct process *process)
{
    uint64_t own = process->peak_resident, children = process->children_peak_resident;
    return own > children ? own : children;
}

static void add_to_children(struct process *parent, struct process *child)
{
    uint64_t user, system;
    process_times(child, &user, &system);
    parent->children_user_time += user + child->children_user_time;
    parent->children_system_time += system + child->children_system_time;
    parent->children_minor_faults += child->minor_faults + child->children_minor_faults;
    parent->children_major_faults += child->major_faults + child->children_major_faults;
    parent->children_voluntary_switches +=
        child->voluntary_switches + child->children_voluntary_switches;
    parent->children_involuntary_switches +=
        child->involuntary_switches + child->children_involuntary_switches;
    uint64_t peak = peak_of(child);
    if (peak > parent->children_peak_resident)
        parent->children_peak_resident = peak;
}

/* The process keeps the account of a task that ends. */
static void leave_task(struct process *self)
{
    self->exited_run_time += task_run_time(current);
    self->exited_user_ticks += current->user_ticks;
    self->exited_system_ticks += current->system_ticks;
    self->minor_faults += current->minor_faults;
    self->major_faults += current->major_faults;
    self->voluntary_switches += current->voluntary_switches;
    self->involuntary_switches += current->involuntary_switches;
    if (current->id == self->id || !self->last_command[0])
        memcpy(self->last_command, current->command, sizeof self->last_command);
    task_leave_process(current);
}

/* The last task takes the process with it: a zombie stays, until the parent has heard of it. */
static void end_process(struct process *self)
{
    struct process *parent = self->parent;
    int status = self->exit_status;
    if (!parent)
        panic("init ended with %s %d: there is nothing left to run",
              (status & 0x7f) ? "signal" : "status", status_value(status));
    self->exiting = true;
    release_resources(self);
    group_release_orphans(self);
    if (self->session == self->id)
        tty_leave_session(self);
    self->terminal = NULL;
    reparent_children(self);
    leave_task(self);
    self->state = PROCESS_ZOMBIE;
    self->stopped = false;
    bool forgotten = parent_ignores(self);
    if (self->exit_signal)
        tell_parent(self, self->exit_signal, status_code(status), status_value(status));
    wait_queue_wake(&parent->child_events);
    if (forgotten)
        process_free(self);
}

_Noreturn void task_exit(int status)
{
    struct process *self = current_process();
    if (!self->exiting && self->task_count == 1)
        self->exit_status = status;
    thread_leave_memory();
    if (self->task_count == 1) {
        end_process(self);
    } else {
        current->blocked = ~0ull; /* signals to the process are for the others now */
        leave_task(self);
        thread_wake_others();
        wait_queue_wake(&self->task_ended);
    }
    scheduler_exit();
}

_Noreturn void process_exit(int status)
{
    struct process *self = current_process();
    if (!self->exiting) {
        self->exiting = true;
        self->exit_status = status;
        thread_wake_others();
    }
    task_exit(status);
}

/* ---- wait ---- */

static bool matches(const struct process *child, int32_t which, unsigned options)
{
    bool clone_child = child->exit_signal != SIGCHLD;
    if (!(options & __WALL) && clone_child != !!(options & __WCLONE))
        return false;
    if (which > 0)
        return child->id == which;
    if (which == 0)
        return child->group == current_process()->group;
    return which == WAIT_ANY || child->group == -which;
}

static void usage_of(struct process *child, struct rusage *out)
{
    uint64_t user, system;
    process_times(child, &user, &system);
    user += child->children_user_time;
    system += child->children_system_time;
    memset(out, 0, sizeof *out);
    out->ru_maxrss = peak_of(child) * (PAGE_SIZE / 1024);
    out->ru_nvcsw = child->voluntary_switches + child->children_voluntary_switches;
    out->ru_nivcsw = child->involuntary_switches + child->children_involuntary_switches;
    out->ru_utime.tv_sec = user / NANOSECONDS_PER_SECOND;
    out->ru_utime.tv_usec = user % NANOSECONDS_PER_SECOND / 1000;
    out->ru_stime.tv_sec = system / NANOSECONDS_PER_SECOND;
    out->ru_stime.tv_usec = system % NANOSECONDS_PER_SECOND / 1000;
    out->ru_minflt = child->minor_faults + child->children_minor_faults;
    out->ru_majflt = child->major_faults + child->children_major_faults;
}

/* Fills `out` if the child has something to report that `options` asks for. */
static bool has_report(struct process *child, unsigned options, struct wait_result *out)
{
    if (child->state == PROCESS_ZOMBIE && (options & WEXITED)) {
        out->status = child->exit_status;
        out->code = status_code(child->exit_status);
    } else if (child->stopped && !child->stop_reported && (options & WSTOPPED)) {
        out->status = child->stop_signal << 8 | 0x7f;
        out->code = CLD_STOPPED;
    } else if (child->continued_unreported && (options & WCONTINUED)) {
        out->status = 0xffff;
        out->code = CLD_CONTINUED;
    } else {
        return false;
    }
    out->id = child->id;
    out->uid = child->credentials->uid;
    usage_of(child, &out->usage);
    return true;
}

static void consume(struct process *child, const struct wait_result *result)
{
    if (result->code == CLD_STOPPED) {
        child->stop_reported = true;
    } else if (result->code == CLD_CONTINUED) {
        child->continued_unreported = false;
    } else {
        add_to_children(current_process(), child);
        process_free(child);
    }
}

long process_wait(int32_t which, unsigned options, struct wait_result *out)
{
    struct process *self = current_process(), *child;
    for (;;) {
        bool any = false;
        list_for_each_entry(child, &self->children, sibling) {
            if (!matches(child, which, options))
                continue;
            any = true;
            if (!has_report(child, options, out))
                continue;
            if (!(options & WNOWAIT))
                consume(child, out);
            return out->id;
        }
        if (!any)
            return -ECHILD;
        if (options & WNOHANG)
            return 0;
        int error = wait_queue_sleep(&self->child_events, WAIT_FOREVER);
        if (error)
            return error;
    }
}
