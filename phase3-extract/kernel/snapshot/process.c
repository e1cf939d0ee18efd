/* Copies of a process's state for those who are no part of Core. */
#include <snapshot/process.h>

#include <linux/errno.h>
#include <linux/oom.h>

#include <lib/string.h>
#include <memory/reclaim.h>
#include <platform/memory.h>
#include <process/posix_timer.h>
#include <process/process.h>
#include <process/signal_queue.h>
#include <tty/tty.h>

_Static_assert(SNAPSHOT_NAME == COMMAND_LENGTH, "the name of a task fits");

/* ---- who there is ---- */

/* Puts `number` into the ascending run of `count`, of which the `capacity` smallest are kept. */
static size_t keep_smallest(int32_t *numbers, size_t count, size_t capacity, int32_t number)
{
    size_t place = count;
    if (count == capacity && number > numbers[count - 1])
        return count;
    if (count == capacity)
        place = --count;
    for (; place > 0 && numbers[place - 1] > number; place--)
        numbers[place] = numbers[place - 1];
    numbers[place] = number;
    return count + 1;
}

size_t process_ids(int32_t first, int32_t *out, size_t capacity)
{
    const struct process *process;
    size_t count = 0;
    for (process = process_next(NULL); process && capacity; process = process_next(process))
        if (process->id >= first)
            count = keep_smallest(out, count, capacity, process->id);
    return count;
}

size_t task_ids(int32_t id, int32_t first, int32_t *out, size_t capacity)
{
    const struct process *process = process_find(id);
    const struct task *task;
    size_t count = 0;
    if (!process || !capacity)
        return 0;
    list_for_each_entry(task, &process->tasks, of_process)
        if (task->id >= first)
            count = keep_smallest(out, count, capacity, task->id);
    return count;
}

void process_running(int32_t *id, int32_t *task)
{
    *id = current_process()->id;
    *task = current->id;
}

int process_identify(int32_t id, struct process_identity *out)
{
    const struct process *process = process_find(id);
    if (!process)
        return -ESRCH;
    *out = (struct process_identity){
        .id = id,
        .task_count = process->task_count,
        .start_time = process->start_time,
        .uid = process->credentials->euid,
        .gid = process->credentials->egid,
        .concealed = !process->vm || !process->dumpable,
        .is_running = process == current_process(),
    };
    return 0;
}

bool process_is_open(int32_t id)
{
    const struct process *process = process_find(id);
    return process && process_may_inspect(process);
}

/* ---- its state ---- */

static struct task *find_task(const struct process *process, int32_t id)
{
    struct task *task;
    list_for_each_entry(task, &process->tasks, of_process)
        if (!id || task->id == id)
            return task;
    return NULL;
}

static char state_letter(const struct process *process, const struct task *task)
{
    if (process->state == PROCESS_ZOMBIE || !task || task->state == TASK_DEAD)
        return 'Z';
    if (task->state == TASK_RUNNABLE)
        return 'R';
    if (task->state == TASK_STOPPED)
        return 'T';
    return task->killable_only ? 'D' : 'S';
}

static void copy_identity(const struct process *process, const struct task *task,
                          struct process_snapshot *out)
{
    out->id = process->id;
    out->task = task ? task->id : process->id;
    out->parent = process->parent ? process->parent->id : 0;
    out->group = process->group;
    out->session = process->session;
    string_copy(out->command, task ? task->command : process->last_command, sizeof out->command);
    out->state = state_letter(process, task);
    out->asleep = task && task->state == TASK_SLEEPING;
    out->has_executed = process->has_executed;
    out->terminal = process->terminal ? tty_number(process->terminal) : 0;
    out->foreground = process->terminal ? tty_foreground(process->terminal) : -1;
    out->nice = process->nice;
    out->policy = task ? task->schedule.policy : 0;
    out->real_time_priority = task ? task->schedule.priority : 0;
    out->task_count = process->task_count;
    out->exit_signal = process->exit_signal;
    out->exit_status = process->exit_status;
}

static void copy_accounts(struct process *process, const struct task *task,
                          struct process_snapshot *out)
{
    process_times(process, &out->user_time, &out->system_time);
    out->children_user_time = process->children_user_time;
    out->children_system_time = process->children_system_time;
    out->start_time = process->start_time;
    out->minor_faults = process->minor_faults + (task ? task->minor_faults : 0);
    out->major_faults = process->major_faults + (task ? task->major_faults : 0);
    out->children_minor_faults = process->children_minor_faults;
    out->children_major_faults = process->children_major_faults;
    out->voluntary_switches = process->voluntary_switches + (task ? task->voluntary_switches : 0);
    out->involuntary_switches =
        process->involuntary_switches + (task ? task->involuntary_switches : 0);
    out->read_bytes = process->transfers.read_bytes;
    out->written_bytes = process->transfers.written_bytes;
    out->reads = process->transfers.reads;
    out->writes = process->transfers.writes;
}

static void copy_memory(const struct process *process, struct process_snapshot *out)
{
    const struct vm *vm = process->vm;
    out->has_memory = vm;
    if (!vm)
        return;
    out->size = vm->pages;
    out->peak_size = vm->peak_pages;
    out->resident = address_space_resident(vm->space);
    out->peak_resident = vm_peak_resident(vm);
    out->layout = (struct memory_layout){
        .code_start = vm->code_start,
        .code_end = vm->code_end,
        .data_start = vm->data_start,
        .data_end = vm->data_end,
        .brk_start = vm->brk_start,
        .stack_top = vm->stack_top,
        .arguments_start = vm->arguments_start,
        .arguments_end = vm->arguments_end,
        .environment_start = vm->environment_start,
        .environment_end = vm->environment_end,
    };
}

static void copy_signals(const struct process *process, const struct task *task,
                         struct process_snapshot *out)
{
    out->pending = task ? task->pending.set : 0;
    out->shared_pending = process->pending.set;
    out->blocked = task ? task->blocked : 0;
    out->queued = signal_queued(process->credentials->uid);
    for (int signal = 1; process->actions && signal <= SIGNAL_COUNT; signal++) {
        uint64_t handler = process->actions->action[signal - 1].handler;
        if (handler == SIGNAL_IGNORE)
            out->ignored |= signal_bit(signal);
        else if (handler != SIGNAL_DEFAULT)
            out->caught |= signal_bit(signal);
    }
}

static void copy_credentials(const struct process *process, struct process_snapshot *out)
{
    const struct credentials *who = process->credentials;
    out->uid = who->uid;
    out->euid = who->euid;
    out->suid = who->suid;
    out->fsuid = who->fsuid;
    out->gid = who->gid;
    out->egid = who->egid;
    out->sgid = who->sgid;
    out->fsgid = who->fsgid;
    out->group_count = who->group_count;
}

int process_snapshot(int32_t id, int32_t task_id, struct process_snapshot *out)
{
    struct process *process = process_find(id);
    const struct task *task = process ? find_task(process, task_id) : NULL;
    if (!process || (task_id && !task))
        return -ESRCH;
    *out = (struct process_snapshot){ .has_directories = process->fs };
    copy_identity(process, task, out);
    copy_accounts(process, task, out);
    copy_memory(process, out);
    copy_signals(process, task, out);
    copy_credentials(process, out);
    out->umask = process->fs ? process->fs->umask : 0;
    out->descriptors = process->files ? process->files->size : 0;
    out->oom_adjustment = process->oom_adjustment;
    memcpy(out->limits, process->limits, sizeof out->limits);
    return 0;
}

size_t process_groups(int32_t id, size_t first, uint32_t *out, size_t capacity)
{
    const struct process *process = process_find(id);
    size_t count = 0;
    if (!process)
        return 0;
    const struct credentials *who = process->credentials;
    while (count < capacity && first + count < who->group_count) {
        out[count] = who->groups[first + count];
        count++;
    }
    return count;
}

static struct timer_snapshot describe_timer(const struct posix_timer *timer)
{
    bool to_task = timer->notify & SIGEV_THREAD_ID;
    struct timer_snapshot out = {
        .id = timer->id,
        .signal = timer->signal.information.si_signo,
        .notify = timer->notify,
        .receiver = to_task ? timer->thread : timer->process->id,
        .clock = timer->clock_number,
    };
    memcpy(&out.value, &timer->signal.information.si_value, sizeof out.value);
    return out;
}

size_t process_timers(int32_t id, size_t first, struct timer_snapshot *out, size_t capacity)
{
    const struct process *process = process_find(id);
    const struct posix_timer *timer;
    size_t index = 0, count = 0;
    if (!process)
        return 0;
    list_for_each_entry(timer, &process->posix_timers, of_process) {
        if (index++ < first)
            continue;
        if (count == capacity)
            break;
        out[count++] = describe_timer(timer);
    }
    return count;
}

int process_memory_score(int32_t id)
{
    const struct process *process = process_find(id);
    return process ? (int)memory_score(process) : -ESRCH;
}

/* ---- what may be changed ---- */

/* Like prctl(2) with PR_SET_NAME. */
int task_rename(int32_t id, int32_t task_id, const char *name)
{
    struct process *process = process_find(id);
    struct task *task = process ? find_task(process, task_id) : NULL;
    if (!task || process != current_process())
        return -EINVAL;
    string_copy(task->command, name, sizeof task->command);
    return 0;
}

/* Whoever is not root may not go below what root, or nobody, has set. */
int process_set_oom_adjustment(int32_t id, int64_t adjustment)
{
    struct process *process = process_find(id);
    if (!process)
        return -ESRCH;
    if (adjustment < OOM_SCORE_ADJ_MIN || adjustment > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    if (adjustment < process->oom_adjustment_least && !process_privileged())
        return -EACCES;
    process->oom_adjustment = (int)adjustment;
    if (process_privileged())
        process->oom_adjustment_least = (int)adjustment;
    return 0;
}
