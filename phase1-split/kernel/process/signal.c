/* Sending signals, and asking about them.  A pending signal is a bit in a set, with a siginfo in a
 * queue where there was memory for one; what becomes of it is decided in signal_deliver.c. */
#include <process/signal.h>

#include <linux/errno.h>

#include <param.h>
#include <platform/event.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

#include "signal_queue.h"
#include "task.h"

static unsigned queued_count; /* records of all users, those that are kept for timers included */

#define STOP_SIGNALS                                                                               \
    (signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU))
#define IGNORED_BY_DEFAULT                                                                         \
    (signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) | signal_bit(SIGWINCH))

enum default_action signal_default(int signal)
{
    uint64_t bit = signal_bit(signal);
    if (bit & IGNORED_BY_DEFAULT)
        return DEFAULT_IGNORE;
    return (bit & STOP_SIGNALS) ? DEFAULT_STOP : DEFAULT_KILL;
}

/* ---- the queue ---- */

void signal_pending_init(struct signal_pending *pending)
{
    pending->set = 0;
    list_init(&pending->queue);
}

static void drop(struct queued_signal *entry)
{
    list_remove(&entry->node);
    if (entry->taken)
        return; /* its owner keeps it */
    kfree(entry);
    queued_count--;
}

/* Takes back the signals of `set`. */
static void flush(struct signal_pending *pending, uint64_t set)
{
    struct queued_signal *entry, *next;
    if (!(pending->set & set))
        return;
    pending->set &= ~set;
    list_for_each_entry_safe(entry, next, &pending->queue, node)
        if (set & signal_bit(entry->information.si_signo))
            drop(entry);
}

void signal_pending_clear(struct signal_pending *pending)
{
    flush(pending, ~0ull);
}

static void fill_default(siginfo_t *information, int signal)
{
    memset(information, 0, sizeof *information);
    information->si_signo = signal;
    information->si_code = SI_KERNEL;
}

static unsigned count_of(const struct signal_pending *pending, uint32_t uid)
{
    unsigned count = 0;
    const struct queued_signal *entry;
    list_for_each_entry(entry, &pending->queue, node)
        count += entry->uid == uid && !entry->taken;
    return count;
}

unsigned signal_queued(uint32_t uid)
{
    unsigned count = 0;
    if (!queued_count)
        return 0;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        const struct task *task;
        count += count_of(&each->pending, uid);
        if (each->credentials && each->credentials->uid == uid)
            count += each->posix_timer_count; /* their signals are taken into account before */
        list_for_each_entry(task, &each->tasks, of_process)
            count += count_of(&task->pending, uid);
    }
    return count;
}

/* Each user has a limit of his own, so nobody can use up what is another's. */
bool signal_within_limit(const struct process *target)
{
    uint64_t limit = target->limits[RLIMIT_SIGPENDING].rlim_cur;
    return queued_count < limit || signal_queued(target->credentials->uid) < limit;
}

void signal_count_kept(int change)
{
    queued_count += (unsigned)change;
}

/* A record for one more signal, or NULL.  RLIMIT_SIGPENDING is for those that can queue up. */
static struct queued_signal *create(const struct process *process, int signal,
                                    const siginfo_t *information)
{
    bool limited = information && (signal >= SIGRTMIN || information->si_code < 0);
    if (limited && !signal_within_limit(process))
        return NULL;
    struct queued_signal *entry = kmalloc(sizeof *entry);
    if (!entry)
        return NULL;
    entry->uid = process->credentials->uid;
    entry->taken = NULL;
    if (information)
        entry->information = *information;
    else
        fill_default(&entry->information, signal);
    entry->information.si_signo = signal;
    queued_count++;
    return entry;
}

static void enqueue(struct signal_pending *pending, struct queued_signal *entry)
{
    list_add_tail(&pending->queue, &entry->node);
    entry->pending = pending;
    pending->set |= signal_bit(entry->information.si_signo);
}

static int add(struct process *process, struct signal_pending *pending, int signal,
               const siginfo_t *information)
{
    bool real_time = signal >= SIGRTMIN;
    if (!real_time && (pending->set & signal_bit(signal)))
        return 0; /* it is pending already: standard signals do not queue */
    struct queued_signal *entry = create(process, signal, information);
    if (entry)
        enqueue(pending, entry);
    else if (real_time && information && information->si_code != SI_USER)
        return -EAGAIN; /* sigqueue(3) may fail; kill(2) only loses the details */
    pending->set |= signal_bit(signal);
    return 0;
}

static bool is_queued(const struct signal_pending *pending, int signal)
{
    const struct queued_signal *entry;
    list_for_each_entry(entry, &pending->queue, node)
        if (entry->information.si_signo == signal)
            return true;
    return false;
}

bool signal_is_queued(const struct queued_signal *entry)
{
    return !list_empty(&entry->node);
}

void signal_withdraw(struct queued_signal *entry)
{
    if (!signal_is_queued(entry))
        return;
    int signal = entry->information.si_signo;
    list_remove(&entry->node);
    if (!is_queued(entry->pending, signal))
        entry->pending->set &= ~signal_bit(signal);
}

static bool take_from(struct signal_pending *pending, uint64_t allowed, siginfo_t *out)
{
    uint64_t ready = pending->set & allowed;
    if (!ready)
        return false;
    /* The end comes before everything.  Then faults, as what they report concerns the very next
     * instruction; then by number. */
    if (ready & signal_bit(SIGKILL))
        ready = signal_bit(SIGKILL);
    uint64_t faults = ready & (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |
                               signal_bit(SIGTRAP) | signal_bit(SIGFPE) | signal_bit(SIGSYS));
    int signal = __builtin_ctzll(faults ? faults : ready) + 1;
    struct queued_signal *entry, *next, *found = NULL;
    bool more = false;
    list_for_each_entry_safe(entry, next, &pending->queue, node) {
        if (entry->information.si_signo != signal)
            continue;
        more = found != NULL;
        if (more)
            break;
        found = entry;
    }
    struct queued_signal *found_kept = found && found->taken ? found : NULL;
    if (found) {
        *out = found->information;
        drop(found);
        if (found_kept)
            found_kept->taken(found_kept, out);
    } else {
        fill_default(out, signal);
        out->si_code = SI_USER;
    }
    if (!more)
        pending->set &= ~signal_bit(signal);
    return true;
}

bool signal_take(struct task *task, uint64_t allowed, siginfo_t *out)
{
    return take_from(&task->pending, allowed, out) ||
           take_from(&task->process->pending, allowed, out);
}

uint64_t signal_pending_set(const struct task *task)
{
    return task->pending.set | task->process->pending.set;
}

/* ---- questions ---- */

bool signal_ignored(const struct process *process, int signal)
{
    uint64_t handler = process->actions->action[signal - 1].handler;
    if (handler == SIGNAL_DEFAULT)
        return signal_default(signal) == DEFAULT_IGNORE;
    return handler == SIGNAL_IGNORE;
}

bool signal_waiting(const struct task *task)
{
    return (signal_pending_set(task) & (~task->blocked | task->awaited)) ||
           task->process->stopped || task_must_leave(task);
}

bool signal_fatal_waiting(const struct task *task)
{
    if (task_must_leave(task))
        return true;
    uint64_t ready = signal_pending_set(task) & ~task->blocked;
    for (; ready; ready &= ready - 1) {
        int signal = __builtin_ctzll(ready) + 1;
        if (task->process->actions->action[signal - 1].handler == SIGNAL_DEFAULT &&
            signal_default(signal) == DEFAULT_KILL)
            return true;
    }
    return false;
}

bool signal_permitted(const struct process *target, int signal)
{
    const struct credentials *self = current_process()->credentials, *other = target->credentials;
    if (self->euid == 0 || self->euid == other->uid || self->euid == other->suid ||
        self->uid == other->uid || self->uid == other->suid)
        return true;
    return signal == SIGCONT && target->session == current_process()->session;
}

void signal_recheck(void)
{
    if (signal_waiting(current))
        events_post(EVENT_WORK);
}

void signal_block_until_delivery(uint64_t mask)
{
    current->saved_blocked = current->blocked;
    current->restore_blocked = true;
    current->blocked = mask & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    events_post(EVENT_WORK); /* signal_deliver() must run, whether a signal comes or not */
}

/* ---- sending ---- */

static void wake(struct task *task)
{
    if (task == current)
        events_post(EVENT_WORK); /* so that it is looked at on the way out */
    else if (!task->killable_only || signal_fatal_waiting(task))
        task_wake(task);
}

/* A stop signal takes back a continue, and the other way round, whatever becomes of either. */
static void cancel_opposites(struct process *process, int signal)
{
    uint64_t set = 0;
    if (signal == SIGCONT)
        set = STOP_SIGNALS;
    else if (signal_bit(signal) & STOP_SIGNALS)
        set = signal_bit(SIGCONT);
    if (!set)
        return;
    flush(&process->pending, set);
    struct task *task;
    list_for_each_entry(task, &process->tasks, of_process)
        flush(&task->pending, set);
}

static void resume(struct process *process, bool report)
{
    if (!process->stopped)
        return;
    process->stopped = false;
    process->continued_unreported = report;
    struct task *task;
    list_for_each_entry(task, &process->tasks, of_process)
        if (task->state == TASK_STOPPED)
            scheduler_add(task);
    if (report)
        process_report_stop(process, CLD_CONTINUED);
}

/* Init does not die of a signal that it has no handler for, nor stop. */
static bool is_protected(const struct process *process, int signal)
{
    return !process->parent && process->actions->action[signal - 1].handler == SIGNAL_DEFAULT;
}

static bool is_discarded(const struct process *process, const struct task *task, int signal)
{
    if (task->blocked & signal_bit(signal))
        return false; /* its action may have changed when it is unblocked */
    return is_protected(process, signal) || signal_ignored(process, signal);
}

/* The task that is to hear of a signal to its process: one that does not block it. */
static struct task *choose_task(struct process *process, int signal)
{
    struct task *task, *first = NULL;
    list_for_each_entry(task, &process->tasks, of_process) {
        if ((~task->blocked | task->awaited) & signal_bit(signal))
            return task;
        if (!first)
            first = task;
    }
    return first;
}

/* With `kept` instead of `information`, this record is queued. */
static int send(struct process *process, struct task *task, struct signal_pending *pending,
                int signal, const siginfo_t *information, struct queued_signal *kept)
{
    if (signal == 0 || process->state != PROCESS_ALIVE || !task)
        return 0;
    cancel_opposites(process, signal);
    if (signal == SIGCONT || signal == SIGKILL)
        resume(process, signal == SIGCONT);
    if (is_discarded(process, task, signal))
        return 0;
    int error = 0;
    if (kept)
        enqueue(pending, kept);
    else
        error = add(process, pending, signal, information);
    if (!error && ((~task->blocked | task->awaited) & signal_bit(signal)))
        wake(task);
    wait_queue_wake(&process->signal_arrival);
    return error;
}

int signal_send_process(struct process *process, int signal, const siginfo_t *information)
{
    struct task *task = signal ? choose_task(process, signal) : NULL;
    return send(process, task, &process->pending, signal, information, NULL);
}

int signal_send_task(struct task *task, int signal, const siginfo_t *information)
{
    return send(task->process, task, &task->pending, signal, information, NULL);
}

void signal_send_kept(struct process *process, struct task *task, struct queued_signal *kept)
{
    int signal = kept->information.si_signo;
    struct signal_pending *pending = task ? &task->pending : &process->pending;
    send(process, task ? task : choose_task(process, signal), pending, signal, NULL, kept);
}

siginfo_t signal_information(int code)
{
    siginfo_t information;
    memset(&information, 0, sizeof information);
    information.si_code = code;
    information.si_pid = current->process->id;
    information.si_uid = current->process->credentials->uid;
    return information;
}

void signal_send_self(int signal)
{
    siginfo_t information = signal_information(SI_USER);
    signal_send_task(current, signal, &information);
}

int signal_send_group(int32_t group, int signal, const siginfo_t *information)
{
    int result = -ESRCH;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        if (each->group != group)
            continue;
        int error = signal_send_process(each, signal, information);
        if (result == -ESRCH || error == 0)
            result = error;
    }
    return result;
}

void signal_force(int signal, const siginfo_t *information)
{
    struct signal_action *action = &current_process()->actions->action[signal - 1];
    uint64_t bit = signal_bit(signal);
    /* Blocked or ignored, it would come back at the same instruction for ever. */
    if ((current->blocked & bit) || action->handler == SIGNAL_IGNORE) {
        action->handler = SIGNAL_DEFAULT;
        current->blocked &= ~bit;
    }
    add(current->process, &current->pending, signal, information);
    events_post(EVENT_WORK);
}

/* ---- actions ---- */

int signal_actions_create(struct signal_actions **out)
{
    struct signal_actions *actions = kzalloc(sizeof *actions);
    if (!actions)
        return -ENOMEM;
    actions->references = 1;
    *out = actions;
    return 0;
}

int signal_actions_clone(const struct signal_actions *from, struct signal_actions **out)
{
    struct signal_actions *actions = kmalloc(sizeof *actions);
    if (!actions)
        return -ENOMEM;
    *actions = *from;
    actions->references = 1;
    *out = actions;
    return 0;
}

void signal_actions_put(struct signal_actions *actions)
{
    if (--actions->references == 0)
        kfree(actions);
}

void signal_actions_execute(struct signal_actions *actions)
{
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        bool ignore = actions->action[i].handler == SIGNAL_IGNORE;
        actions->action[i] = (struct signal_action){ .handler = ignore ? SIGNAL_IGNORE : 0 };
    }
}

/* Discards what became ignored by a new action (POSIX.1-2017 2.4.3). */
void signal_flush_ignored(struct process *process, int signal)
{
    if (!signal_ignored(process, signal))
        return;
    flush(&process->pending, signal_bit(signal));
    struct task *task;
    list_for_each_entry(task, &process->tasks, of_process)
        flush(&task->pending, signal_bit(signal));
}
