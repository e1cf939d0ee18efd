/* The tasks of one process among themselves: pthreads(7).
 *
 * They share the process record, and with it memory, files, directories, credentials and signal
 * actions.  (On Linux each task has credentials of its own, and the C library changes all of them
 * together.)  A process ends when its last task does; to end or exchange the program, a task tells
 * the others to leave, and each does so by itself on its way to user mode. */
#include <linux/errno.h>
#include <linux/sched.h>

#include <platform/user.h>
#include <process/futex.h>
#include <process/process.h>

#include "task.h"

/* What threads must share here, because it belongs to the process. */
#define SHARED_BY_THREADS (CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS)

int thread_check_flags(uint64_t flags)
{
    if ((flags & SHARED_BY_THREADS) != SHARED_BY_THREADS || (flags & CLONE_VFORK))
        return -EINVAL;
    return 0;
}

int thread_clone(void (*entry)(void *task), struct task **out)
{
    int32_t id = process_new_id();
    if (id < 0)
        return id;
    return task_create(current_process(), id, entry, out);
}

bool task_must_leave(const struct task *task)
{
    const struct process *process = task->process;
    return process->exiting || (process->survivor && process->survivor != task);
}

void thread_wake_others(void)
{
    struct task *task;
    list_for_each_entry(task, &current_process()->tasks, of_process) {
        if (task == current || !signal_waiting(task))
            continue;
        bool fatal = signal_fatal_waiting(task);
        if (task->state == TASK_STOPPED && fatal)
            scheduler_add(task);
        else if (!task->killable_only || fatal)
            task_wake(task);
    }
}

int thread_leave_others(void)
{
    struct process *self = current_process();
    if (self->survivor || self->exiting)
        return -EAGAIN; /* another task was first: this one is to leave */
    self->survivor = current;
    thread_wake_others();
    int error = 0;
    while (self->task_count > 1 && !error)
        error = wait_queue_sleep_killable(&self->task_ended);
    self->survivor = NULL;
    if (error)
        return error;
    task_set_id(current, self->id);
    return 0;
}

void thread_leave_memory(void)
{
    struct process *self = current_process();
    bool shared = self->task_count > 1 || self->vm->references > 1;
    int32_t none = 0;
    futex_release_robust_list();
    if (current->clear_child_tid && shared &&
        !copy_to_user(current->clear_child_tid, &none, sizeof none))
        futex_wake(current->clear_child_tid, 1, FUTEX_ANY);
    current->clear_child_tid = 0;
    current->robust_list = 0;
}
