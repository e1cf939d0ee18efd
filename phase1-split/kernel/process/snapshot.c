/* Copies of a process's state for those who are no part of Core. */
#include <process/snapshot.h>

#include <linux/errno.h>

#include <fs/page_cache.h>
#include <lib/string.h>
#include <platform/memory.h>
#include <tty/tty.h>

#include "signal_queue.h"

static const struct task *find_task(const struct process *process, int32_t id)
{
    const struct task *task;
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

/* ---- memory ---- */

static struct frame *cached_page(const struct vm_area *area, user_address at)
{
    uint64_t index = area->offset + ((at - area->start) >> PAGE_SHIFT);
    return area->file ? page_cache_find(area->file->inode, index) : NULL;
}

/* Whoever maps a page holds a reference, and so does the page cache. */
static void count_page(struct frame *frame, bool cached, struct area_use *out)
{
    uint32_t users = frame_references(frame) - cached;
    out->resident++;
    out->proportional += PAGE_SIZE / (users ? users : 1);
    if (!cached)
        out->anonymous++;
    if (cached)
        *(users > 1 ? &out->shared_clean : &out->private_clean) += 1;
    else
        *(users > 1 ? &out->shared_dirty : &out->private_dirty) += 1;
}

void area_measure(const struct vm_area *area, struct area_use *out)
{
    *out = (struct area_use){ .size = (area->end - area->start) >> PAGE_SHIFT };
    user_address at = area->start;
    while ((at = address_space_next(area->vm->space, at, area->end)) < area->end) {
        struct frame *frame = address_space_lookup(area->vm->space, at, NULL);
        if (frame != frame_zero())
            count_page(frame, frame == cached_page(area, at), out);
        at += PAGE_SIZE;
    }
}

int process_memory_use(int32_t id, struct memory_use *out)
{
    const struct process *process = process_find(id);
    if (!process)
        return -ESRCH;
    const struct vm *vm = process->vm;
    *out = (struct memory_use){ .size = vm ? vm->pages : 0,
                                .resident = vm ? address_space_resident(vm->space) : 0 };
    for (unsigned i = 0; vm && i < vm->count; i++) {
        const struct vm_area *area = vm->areas[i];
        uint64_t pages = (area->end - area->start) >> PAGE_SHIFT;
        if (area->flags & AREA_GROWS_DOWN)
            out->stack += pages;
        else if (area->protection & PAGE_EXECUTE)
            out->text += pages;
        else if ((area->protection & PAGE_WRITE) && !(area->flags & AREA_SHARED))
            out->data += pages;
        if (!area->file)
            continue;
        struct area_use use;
        area_measure(area, &use);
        *(area->file->path.dentry ? &out->resident_file : &out->resident_shared) +=
            use.resident - use.anonymous;
    }
    return 0;
}

/* The page at `address`, if it is in memory already. */
static const struct frame *present_page(const struct vm *vm, user_address address)
{
    const struct vm_area *area = vm_find(vm, address);
    user_address page = PAGE_ROUND_DOWN(address);
    if (!area)
        return NULL;
    const struct frame *frame = address_space_lookup(vm->space, page, NULL);
    return frame ? frame : cached_page(area, page);
}

long process_read_memory(int32_t id, user_address from, void *to, size_t size)
{
    const struct process *process = process_find(id);
    if (!process)
        return -ESRCH;
    size_t done = 0;
    while (process->vm && done < size) {
        const struct frame *frame = present_page(process->vm, from + done);
        if (!frame)
            break;
        size_t offset = (from + done) & PAGE_MASK;
        size_t piece = PAGE_SIZE - offset < size - done ? PAGE_SIZE - offset : size - done;
        memcpy((char *)to + done, (const char *)frame_data(frame) + offset, piece);
        done += piece;
    }
    return done;
}
