/* A wait queue is a list of sleeping tasks; waking it makes them look again. */
#include <process/wait_queue.h>

#include <process/process.h>

void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry)
{
    entry->task = current;
    list_add_tail(&queue->waiters, &entry->node);
}

void wait_queue_add_callback(struct wait_queue *queue, struct wait_entry *entry,
                             void (*callback)(struct wait_entry *entry))
{
    entry->task = NULL;
    entry->callback = callback;
    list_add_tail(&queue->waiters, &entry->node);
}

void wait_queue_remove(struct wait_entry *entry)
{
    list_remove(&entry->node);
}

int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
    struct wait_entry entry;
    wait_queue_add(queue, &entry);
    int result = task_sleep(deadline);
    wait_queue_remove(&entry);
    return result;
}

int wait_queue_sleep_killable(struct wait_queue *queue)
{
    current->killable_only = true;
    int result = wait_queue_sleep(queue, WAIT_FOREVER);
    current->killable_only = false;
    return result;
}

static void tell(struct wait_entry *entry)
{
    if (entry->task)
        task_wake(entry->task);
    else
        entry->callback(entry);
}

void wait_queue_wake(struct wait_queue *queue)
{
    struct wait_entry *entry;
    list_for_each_entry(entry, &queue->waiters, node)
        tell(entry);
}

void wait_queue_release(struct wait_queue *queue)
{
    struct wait_entry *entry, *next;
    list_for_each_entry_safe(entry, next, &queue->waiters, node) {
        wait_queue_remove(entry);
        tell(entry);
    }
}
