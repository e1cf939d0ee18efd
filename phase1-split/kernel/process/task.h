/* Tasks and processes as the files of process/ make, stop and free them. */
#ifndef PROCESS_TASK_H
#define PROCESS_TASK_H

#include <process/process.h>

/* A task of `process` that will call `entry(task)` on its own stack; not yet runnable.  Its id is
 * the process's.  0 or -ENOMEM. */
int task_create(struct process *process, void (*entry)(void *task), struct task **out);

/* Its time on the processor so far, ns. */
uint64_t task_run_time(const struct task *task);

/* Frees a task that is not running; its CPU time goes to its process. */
void task_free(struct task *task);

/* The running task stops running, in `state`, until scheduler_add() or task_wake(). */
void scheduler_block(enum task_state state);

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
