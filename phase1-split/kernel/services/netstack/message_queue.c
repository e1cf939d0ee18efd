/* A list of copies, oldest first.  A full queue takes nothing more: who is too slow loses what is
 * new, as on Linux. */
#include "message_queue.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/heap.h>

static size_t cost(size_t size)
{
    return sizeof(struct queued_message) + size;
}

void message_queue_init(struct message_queue *queue)
{
    list_init(&queue->messages);
    queue->used = 0;
    queue->limit = MESSAGES_DEFAULT;
}

static void drop_first(struct message_queue *queue)
{
    struct queued_message *first =
        list_first_entry(&queue->messages, struct queued_message, queued);

    list_remove(&first->queued);
    queue->used -= cost(first->size);
    kfree(first);
}

void message_queue_clear(struct message_queue *queue)
{
    while (!list_empty(&queue->messages))
        drop_first(queue);
}

void message_queue_set_limit(struct message_queue *queue, int64_t bytes)
{
    queue->limit = (size_t)min(max(bytes, (int64_t)MESSAGES_LEAST), (int64_t)MESSAGES_MOST);
}

struct queued_message *message_allocate(const struct message_queue *queue, size_t size)
{
    struct queued_message *message;

    /* One message always fits, however long. */
    if (queue->used > 0 && queue->used + cost(size) > queue->limit)
        return NULL;
    message = kmalloc(cost(size));
    if (message)
        *message = (struct queued_message){ .length = size, .size = size };
    return message;
}

void message_queue_add(struct message_queue *queue, struct queued_message *message)
{
    list_add_tail(&queue->messages, &message->queued);
    queue->used += cost(message->size);
}

const struct queued_message *message_queue_first(const struct message_queue *queue)
{
    return list_empty(&queue->messages)
               ? NULL
               : list_first_entry(&queue->messages, struct queued_message, queued);
}

int message_queue_receive(struct message_queue *queue, struct socket_message *message)
{
    const struct queued_message *first = message_queue_first(queue);

    if (!first)
        return -EAGAIN;
    size_t wanted = min(first->size, user_buffer_left(message->data));

    if (user_buffer_put(message->data, first->data, wanted) < wanted)
        return -EFAULT;
    bool peek = message->flags & MSG_PEEK;

    message->flags = wanted < first->size ? MSG_TRUNC : 0;
    message->length = first->size;
    message->extras.time = first->time;
    if (message->address)
        *message->address = first->from;
    if (!peek)
        drop_first(queue);
    return 0;
}
