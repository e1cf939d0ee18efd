/* Wait queues: where tasks sleep until something changes.
 *
 * The kernel is not preempted and interrupts only post events, so between testing a condition and
 * sleeping nothing can happen: `while (!condition) wait_queue_sleep(…)` loses no wake-up. */
#ifndef PROCESS_WAIT_QUEUE_H
#define PROCESS_WAIT_QUEUE_H

#include <stdint.h>

#include <lib/list.h>

struct task;

struct wait_queue {
    struct list waiters; /* of struct wait_entry.node */
};

struct wait_entry {
    struct list node;
    struct task *task;                       /* is woken; NULL: */
    void (*callback)(struct wait_entry *entry); /* is called, and stays on the queue; must not sleep */
};

#define WAIT_FOREVER UINT64_MAX

static inline void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

/* Sleeps until the queue is woken (0), a signal is to be handled (-ERESTARTSYS), or
 * clock_monotonic() reaches `deadline` (-ETIMEDOUT).  Look at the condition again on 0. */
int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline);

/* The same, and only a signal that kills ends it early. */
int wait_queue_sleep_killable(struct wait_queue *queue);

/* Makes every sleeper runnable. */
void wait_queue_wake(struct wait_queue *queue);

/* Wakes every sleeper and lets go of it: the queue's memory is about to be freed. */
void wait_queue_release(struct wait_queue *queue);

/* Several queues at once (poll): add entries, call task_sleep() of process/scheduler.h, remove. */
void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_queue_remove(struct wait_entry *entry);

/* Calls `callback` whenever the queue is woken, until the entry is removed. */
void wait_queue_add_callback(struct wait_queue *queue, struct wait_entry *entry,
                             void (*callback)(struct wait_entry *entry));

#endif
