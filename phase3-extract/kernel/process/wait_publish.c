/* The table of wait queues that services know. */
#include <process/wait_publish.h>

#include <handle.h>

static struct handle_table queues = { .what = "wait queue" };

int wait_queue_publish(struct wait_queue *queue, wait_handle *out)
{
    return handle_create(&queues, queue, out);
}

void wait_queue_withdraw(wait_handle handle)
{
    handle_close(&queues, handle);
}

void wait_handle_wake(wait_handle handle)
{
    void *queue;

    if (handle_find(&queues, handle, &queue))
        wait_queue_wake(queue);
    else
        handle_refuse(&queues);
}
