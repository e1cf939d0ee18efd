/* The common part of packet and netlink sockets. */
#include "queued_socket.h"

#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/poll.h>

#include <lib/bits.h>
#include <process/wait_handle.h>

#include "options.h"

void queued_socket_init(struct queued_socket *socket, const struct socket_origin *origin)
{
    list_init(&socket->node);
    socket->wait = origin->wait;
    socket->inode = origin->inode;
    socket->uid = origin->uid;
    socket->send_buffer = MESSAGES_DEFAULT;
    message_queue_init(&socket->queue);
}

void queued_socket_fail(struct queued_socket *socket, int error)
{
    socket->error = error;
    wait_handle_wake(socket->wait);
}

int queued_socket_take_error(struct queued_socket *socket)
{
    int error = socket->error;

    socket->error = 0;
    return error;
}

uint32_t queued_socket_ready(const struct queued_socket *socket)
{
    return POLLOUT | POLLWRNORM | POLLWRBAND |
           (message_queue_first(&socket->queue) ? POLLIN | POLLRDNORM : 0) |
           (socket->error ? POLLERR : 0);
}

int queued_socket_get_option(struct queued_socket *socket, int name, void *value, size_t *length)
{
    switch (name) {
    case SO_RCVBUF:
        return option_number(value, length, (int)socket->queue.limit);
    case SO_SNDBUF:
        return option_number(value, length, socket->send_buffer);
    case SO_BROADCAST:
        return option_number(value, length, socket->broadcast);
    case SO_ERROR:
        return option_number(value, length, -queued_socket_take_error(socket));
    default:
        return -ENOPROTOOPT;
    }
}

/* Buffer sizes count twice: socket(7). */
int queued_socket_set_option(struct queued_socket *socket, int name, const void *value,
                             size_t length)
{
    int number;
    int error = option_take_number(value, length, &number);

    if (error)
        return error;
    switch (name) {
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        message_queue_set_limit(&socket->queue, 2 * (int64_t)number);
        return 0;
    case SO_SNDBUF:
    case SO_SNDBUFFORCE: /* nothing waits to be sent, so it is kept only to be told */
        socket->send_buffer =
            (int)min(max(2 * (int64_t)number, (int64_t)MESSAGES_LEAST), (int64_t)MESSAGES_MOST);
        return 0;
    case SO_BROADCAST:
        socket->broadcast = number != 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}
