/* fork(2), vfork(2), clone(2): a new process is a copy of the running one, or shares parts; a new
 * task of the running process shares everything (thread.c). */
#include <linux/errno.h>
#include <linux/sched.h>

#include <lib/string.h>
#include <param.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

#include "task.h"

/* What clone(2) knows and this kernel does: the rest is refused, not ignored. */
#define KNOWN_FLAGS                                                                                \
    (CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK |                   \
     CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS |              \
     CLONE_PARENT | CLONE_DETACHED | CLONE_UNTRACED | CLONE_SYSVSEM | CLONE_CLEAR_SIGHAND |        \
     CLONE_THREAD)

static int share_memory(struct process *child, uint64_t flags)
{
    struct vm *vm = current_process()->vm;
    if (!(flags & CLONE_VM))
        return vm_clone(vm, &child->vm);
    vm_get(vm);
    child->vm = vm;
    child->borrows_memory = flags & CLONE_VFORK;
    return 0;
}

static int share_files(struct process *child, uint64_t flags)
{
    struct fd_table *files = current_process()->files;
    if (!(flags & CLONE_FILES))
        return fd_table_clone(files, &child->files);
    files->references++;
    child->files = files;
    return 0;
}

static int share_directories(struct process *child, uint64_t flags)
{
    struct fs_context *fs = current_process()->fs;
    if (!(flags & CLONE_FS))
        return fs_context_clone(fs, &child->fs);
    fs->references++;
    child->fs = fs;
    return 0;
}

static int share_signals(struct process *child, uint64_t flags)
{
    struct signal_actions *actions = current_process()->actions;
    if (!(flags & CLONE_SIGHAND)) {
        int error = signal_actions_clone(actions, &child->actions);
        if (!error && (flags & CLONE_CLEAR_SIGHAND))
            signal_actions_execute(child->actions);
        return error;
    }
    actions->references++;
    child->actions = actions;
    return 0;
}

static int share(struct process *child, uint64_t flags)
{
    child->credentials = current_process()->credentials;
    child->credentials->references++;
    int error = share_memory(child, flags);
    if (!error)
        error = share_files(child, flags);
    if (!error)
        error = share_directories(child, flags);
    if (!error)
        error = share_signals(child, flags);
    return error;
}

static void undo(struct process *child)
{
    if (child->vm)
        vm_put(child->vm);
    if (child->files)
        fd_table_put(child->files);
    if (child->fs)
        fs_context_put(child->fs);
    process_free(child);
}

/* The child's first steps, in its own memory. */
static void child_start(void *argument)
{
    struct task *task = argument;
    scheduler_enter_task();
    if (task->set_child_tid)
        copy_to_user(task->set_child_tid, &task->id, sizeof task->id);
}

/* With SCHED_RESET_ON_FORK, what makes the parent more than others is not handed down. */
static void inherit_schedule(struct task *child)
{
    struct schedule *schedule = &child->schedule;
    scheduler_charge(); /* or it could hand down what it has not used, again and again */
    *schedule = current->schedule;
    if (!schedule->reset_on_fork)
        return;
    schedule->reset_on_fork = false;
    if (schedule_is_real_time(schedule)) {
        schedule->policy = SCHED_NORMAL;
        schedule->priority = 0;
    }
    if (child->process != current->process && child->process->nice < 0)
        child->process->nice = 0;
}

static void copy_task(struct task *child, const struct clone_arguments *arguments)
{
    struct user_registers *registers = thread_registers(child->thread);
    *registers = *thread_registers(current->thread);
    registers->rax = 0;
    if (arguments->stack)
        registers->rsp = arguments->stack;
    thread_fpu_copy(child->thread, current->thread);
    thread_set_fs_base(child->thread, (arguments->flags & CLONE_SETTLS)
                                          ? arguments->tls
                                          : thread_fs_base(current->thread));
    thread_set_gs_base(child->thread, thread_gs_base(current->thread));
    child->blocked = current->blocked;
    inherit_schedule(child);
    child->timer_slack = current->timer_slack;
    if (!(arguments->flags & CLONE_VM) || (arguments->flags & CLONE_VFORK))
        child->stack = current->stack;
    memcpy(child->command, current->command, sizeof child->command);
    if (arguments->flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = arguments->child_tid;
    if (arguments->flags & CLONE_CHILD_SETTID)
        child->set_child_tid = arguments->child_tid;
}

static int check(const struct clone_arguments *arguments)
{
    uint64_t flags = arguments->flags;
    if (flags & ~(uint64_t)KNOWN_FLAGS)
        return -EINVAL;
    if (flags & CLONE_THREAD)
        return thread_check_flags(flags);
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && !current_process()->parent)
        return -EINVAL; /* init has no parent to give the child to */
    if (arguments->exit_signal < 0 || arguments->exit_signal > SIGNAL_COUNT)
        return -EINVAL;
    return 0;
}

/* RLIMIT_NPROC counts the real user's tasks; root and the privileged are exempt. */
static bool too_many(void)
{
    const struct process *self = current_process();
    if (process_count() >= PROCESS_LIMIT || task_count() >= PROCESS_LIMIT)
        return true;
    if (self->credentials->uid == 0 || process_privileged())
        return false;
    return process_count_of_user(self->credentials->uid) >= self->limits[RLIMIT_NPROC].rlim_cur;
}

/* CLONE_PARENT: the child is not the caller's, but the caller's parent's. */
static void become_sister(struct process *child)
{
    struct process *self = current_process();
    child->parent = self->parent;
    child->exit_signal = self->exit_signal;
    list_move_tail(&self->parent->children, &child->sibling);
}

static void wait_for_vfork(struct process *child)
{
    int32_t id = child->id;
    while (process_find(id) == child && child->borrows_memory)
        if (wait_queue_sleep_killable(&child->vfork_done))
            return; /* killed: the child keeps the memory by its own reference */
}

static int create_process(const struct clone_arguments *arguments, struct task **task)
{
    struct process *child;
    int error = process_create(current_process(), &child);
    if (error)
        return error;
    error = share(child, arguments->flags);
    if (!error)
        error = task_create(child, child->id, child_start, task);
    if (error) {
        undo(child);
        return error;
    }
    child->exit_signal = arguments->exit_signal;
    if (arguments->flags & CLONE_PARENT)
        become_sister(child);
    return 0;
}

long process_clone(const struct clone_arguments *arguments)
{
    struct task *task;
    int error = check(arguments);
    if (error)
        return error;
    if (too_many())
        return -EAGAIN;
    if (arguments->flags & CLONE_THREAD)
        error = thread_clone(child_start, &task);
    else
        error = create_process(arguments, &task);
    if (error)
        return error;
    copy_task(task, arguments);
    int32_t id = task->id;
    if (arguments->flags & CLONE_PARENT_SETTID)
        copy_to_user(arguments->parent_tid, &id, sizeof id); /* as Linux: failure is not told */
    scheduler_add(task);
    if (arguments->flags & CLONE_VFORK)
        wait_for_vfork(task->process);
    return id;
}
