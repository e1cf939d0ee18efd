/* Tasks and processes as the files of process/ make, stop and free them. */
#ifndef PROCESS_TASK_H
#define PROCESS_TASK_H

#include <process/process.h>

void task_init(void); /* at boot */

/* A task of `process` that will call `entry(task)` on its own stack; not yet runnable.  The first
 * task of a process bears its id.  0 or -ENOMEM. */
int task_create(struct process *process, int32_t id, void (*entry)(void *task), struct task **out);

/* Takes another id: that of its process, when the first task has ended before it. */
void task_set_id(struct task *task, int32_t id);

/* A task that ends is no longer found, and its process has one less. */
void task_leave_process(struct task *task);

/* Its time on the processor so far, ns. */
uint64_t task_run_time(const struct task *task);

/* Frees a task that is not running. */
void task_free(struct task *task);

/* Brings the running task's user and system ticks up to date. */
void scheduler_collect_samples(void);

/* Charges the running task with its time so far: before another inherits its schedule. */
void scheduler_charge(void);

/* The running task stops running, in `state`, until scheduler_add() or task_wake(). */
void scheduler_block(enum task_state state);

/* ---- thread.c ---- */

/* clone(2) with CLONE_THREAD: 0 or -EINVAL for these flags; and another task of the running
 * process, not yet runnable, with an id of its own: 0, -ENOMEM or -EAGAIN. */
int thread_check_flags(uint64_t flags);
int thread_clone(void (*entry)(void *task), struct task **out);

/* Is the task to end on its way to user mode, because the process ends or another task calls
 * execve(2)? */
bool task_must_leave(const struct task *task);

/* Wakes those other tasks of the running process that have something to handle before they go on:
 * after a stop, an end, or when a signal that the running task was to handle is left to them. */
void thread_wake_others(void);

/* Has the others leave, and waits for that; then the running task bears the process's id.  0;
 * an errno if it is to leave itself. */
int thread_leave_others(void);

/* The running task no longer needs the memory of its process: tells those who wait for that. */
void thread_leave_memory(void);

/* ---- process.c ---- */

/* An id that no process, task, group or session bears; -EAGAIN. */
int32_t process_new_id(void);

/* A process without memory, files and tasks, under a new id and in the table, child of `parent`
 * (NULL for the first).  -EAGAIN: no free id. */
int process_create(struct process *parent, struct process **out);

/* Takes a dead process out of the table and frees it. */
void process_free(struct process *process);

/* The file that runs as `process`, now referenced by it; {NULL, NULL}: none. */
void process_set_executable(struct process *process, const struct path *program);

/* The running process leaves its memory: lets go of it, and lets a vfork parent go on. */
void process_leave_memory(struct process *process);

/* A process stopped or went on: tells its parent (SIGCHLD, wait). */
void process_report_stop(struct process *process, int code);

#endif
