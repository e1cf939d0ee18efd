/* Received messages that wait for their socket's reader, bounded in bytes. */
#ifndef NETSTACK_MESSAGE_QUEUE_H
#define NETSTACK_MESSAGE_QUEUE_H

#include <lib/list.h>
#include <net/socket_ops.h>

#define MESSAGES_DEFAULT                                                                           \
    212992u                    /* bytes a queue holds unless told otherwise: Linux's rmem_default */
#define MESSAGES_LEAST 2304u   /* Linux's SOCK_MIN_RCVBUF, rounded */
#define MESSAGES_MOST  425984u /* twice the default, as SO_RCVBUF counts */

struct queued_message {
    struct list queued;
    struct socket_address from;
    int64_t time;  /* ns of clock_monotonic() when it came */
    size_t length; /* bytes that it had */
    size_t size;   /* bytes that were kept of it */
    size_t header; /* bytes of it in front of what a SOCK_DGRAM socket reads; for PACKET_AUXDATA */
    uint8_t data[];
};

struct message_queue {
    struct list messages; /* of struct queued_message.queued */
    size_t used, limit;   /* bytes, what describes a message included */
};

void message_queue_init(struct message_queue *queue);
void message_queue_clear(struct message_queue *queue);
void message_queue_set_limit(struct message_queue *queue, int64_t bytes);

/* Room for a message of `size` bytes, not queued yet.  NULL: the queue is full, or no memory. */
struct queued_message *message_allocate(const struct message_queue *queue, size_t size);
void message_queue_add(struct message_queue *queue, struct queued_message *message);

/* The first one, or NULL. */
const struct queued_message *message_queue_first(const struct message_queue *queue);

/* Moves the first message into the message; MSG_PEEK leaves it there.  -EAGAIN, -EFAULT. */
int message_queue_receive(struct message_queue *queue, struct socket_message *message);

#endif
