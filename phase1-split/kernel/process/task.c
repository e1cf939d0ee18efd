/* The records of tasks: made, found by id, freed.  What the tasks of one process owe each other is
 * in thread.c; who runs is scheduler.c's affair. */
#include "task.h"

#include <linux/errno.h>

#include <param.h>
#include <platform/clock.h>
#include <platform/heap.h>

#define HASH_SIZE 256

static struct list by_id[HASH_SIZE];
static unsigned count;

static struct list *bucket(int32_t id)
{
    return &by_id[(uint32_t)id % HASH_SIZE];
}

void task_init(void)
{
    for (int i = 0; i < HASH_SIZE; i++)
        list_init(&by_id[i]);
}

struct task *task_find(int32_t id)
{
    struct task *task;
    list_for_each_entry(task, bucket(id), hash)
        if (task->id == id)
            return task;
    return NULL;
}

unsigned task_count(void)
{
    return count;
}

int task_create(struct process *process, int32_t id, void (*entry)(void *task), struct task **out)
{
    struct task *task = kzalloc(sizeof *task);
    if (!task)
        return -ENOMEM;
    int error = thread_create(&task->thread, entry, task);
    if (error) {
        kfree(task);
        return error;
    }
    task->id = id;
    task->process = process;
    task->stack.flags = SS_DISABLE;
    task->timer_slack = TIMER_SLACK;
    list_init(&task->run);
    signal_pending_init(&task->pending);
    list_add_tail(&process->tasks, &task->of_process);
    list_add_tail(bucket(id), &task->hash);
    process->task_count++;
    count++;
    *out = task;
    return 0;
}

void task_set_id(struct task *task, int32_t id)
{
    task->id = id;
    list_move_tail(bucket(id), &task->hash);
}

void task_leave_process(struct task *task)
{
    list_remove(&task->of_process);
    list_remove(&task->hash);
    task->process->task_count--;
    count--;
}

uint64_t task_run_time(const struct task *task)
{
    uint64_t time = task->run_time;
    return task == current ? time + clock_monotonic() - task->started_running : time;
}

void task_free(struct task *task)
{
    timer_cancel(&task->sleep_timer);
    signal_pending_clear(&task->pending);
    thread_destroy(task->thread);
    kfree(task);
}
