/* Datagrams, and the messages of SOCK_SEQPACKET, which are datagrams between two connected ends. */
#include "unix.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <net/in_flight.h>
#include <platform/clock.h>
#include <service_param.h>

#define DATAGRAM_OVERHEAD 32 /* bytes of SO_SNDBUF that no message can have, as on Linux */

/* ---- sending ---- */

bool unix_queue_is_full(const struct unix_socket *receiver, const struct unix_socket *sender)
{
    return receiver->peer != sender && receiver->messages > UNIX_QUEUE_LIMIT;
}

/* The peer that the socket has is gone: told once. */
static int lose_peer(struct unix_socket *socket)
{
    unix_set_peer(socket, NULL);
    unix_queue_clear(socket);
    socket->state = UNIX_ALONE;
    return -ECONNREFUSED;
}

/* Somebody who has a peer hears from him alone. */
static bool may_send_to(const struct unix_socket *receiver, const struct unix_socket *sender)
{
    return receiver->peer == sender || (!receiver->peer && !receiver->peer_is_gone);
}

/* What has gone wrong meanwhile is told once. */
static int tell_error(struct unix_socket *socket)
{
    int error = -socket->error;

    socket->error = 0;
    return error;
}

/* Can this socket send at all?  Linux's order, in which names and peers come last. */
static int may_send(struct unix_socket *socket, const struct socket_message *message)
{
    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (socket->type == SOCK_SEQPACKET && socket->error)
        return tell_error(socket);
    if (socket->type == SOCK_SEQPACKET && socket->state != UNIX_CONNECTED)
        return -ENOTCONN;
    if (user_buffer_left(message->data) > socket->send_limit - DATAGRAM_OVERHEAD)
        return -EMSGSIZE;
    if (socket->error)
        return tell_error(socket);
    return socket->shut_send ? -EPIPE : 0;
}

static int find_receiver(struct unix_socket *socket, const struct socket_message *message,
                         struct unix_socket **out)
{
    bool named = message->address->length > 0 && socket->type == SOCK_DGRAM;
    struct unix_socket *receiver = named ? unix_of(message->peer) : socket->peer;
    int error = may_send(socket, message);

    if (error)
        return error;
    if (!receiver && named)
        return -ECONNREFUSED;
    if (!receiver && !socket->peer_is_gone)
        return -ENOTCONN;
    if (!receiver)
        return socket->type == SOCK_SEQPACKET ? -EPIPE : lose_peer(socket);
    if (!may_send_to(receiver, socket))
        return -EPERM;
    *out = receiver;
    return receiver->shut_receive ? -EPIPE : 0;
}

/* What the peer, or the socket itself, has no room for must wait. */
static int check_room(struct unix_socket *socket, const struct unix_socket *receiver)
{
    if (unix_queue_is_full(receiver, socket)) {
        unix_block(socket);
        return -EAGAIN;
    }
    if (!unix_has_room(socket)) {
        socket->wants_room = true;
        return -EAGAIN;
    }
    return 0;
}

static void free_pieces(struct list *pieces)
{
    while (!list_empty(pieces)) {
        struct unix_piece *piece = container_of(pieces->next, struct unix_piece, node);

        list_remove(&piece->node);
        unix_piece_free(NULL, piece);
    }
}

/* The data as a row of pieces, at least one. */
static int make_pieces(struct user_buffer *data, struct list *pieces)
{
    do {
        struct unix_piece *piece = unix_piece_create(user_buffer_left(data));

        if (!piece)
            return -ENOMEM;
        list_add_tail(pieces, &piece->node);
        size_t size = min((size_t)piece->capacity, user_buffer_left(data));

        piece->end = (uint32_t)user_buffer_take(data, piece->data, size);
        if (piece->end < size)
            return -EFAULT;
    } while (user_buffer_left(data) > 0);
    return 0;
}

static void describe(struct unix_piece *first, const struct socket_message *message)
{
    first->whole = message->data->done;
    first->files = message->extras.files;
    first->credentials = message->extras.credentials;
    first->time = (int64_t)clock_monotonic();
}

static void queue_pieces(struct unix_socket *receiver, struct unix_socket *sender,
                         struct list *pieces)
{
    container_of(pieces->previous, struct unix_piece, node)->is_last = true;
    while (!list_empty(pieces)) {
        struct unix_piece *piece = container_of(pieces->next, struct unix_piece, node);

        list_remove(&piece->node);
        unix_piece_queue(piece, receiver, sender);
    }
    receiver->messages++;
}

int unix_datagram_send(struct unix_socket *socket, struct socket_message *message)
{
    struct list pieces = LIST_INITIAL(pieces);
    struct user_buffer before = *message->data;
    struct unix_socket *receiver;
    int error = find_receiver(socket, message, &receiver);
    if (!error)
        error = check_room(socket, receiver);
    if (!error)
        error = make_pieces(message->data, &pieces);
    if (error) {
        free_pieces(&pieces);
        *message->data = before;
        return error;
    }
    describe(container_of(pieces.next, struct unix_piece, node), message);
    queue_pieces(receiver, socket, &pieces);
    unix_wake(receiver);
    return 0;
}

/* ---- receiving ---- */

/* Moves the datagram that begins with `first` to the user, as far as there is room for it. */
static int copy_out(const struct unix_socket *socket, const struct unix_piece *first,
                    struct user_buffer *data)
{
    const struct list *node = &first->node;

    for (;; node = node->next) {
        const struct unix_piece *piece = container_of((struct list *)node, struct unix_piece, node);
        size_t size = min((size_t)piece->end, user_buffer_left(data));

        if (user_buffer_put(data, piece->data, size) < size)
            return -EFAULT;
        if (piece->is_last || node->next == &socket->queue)
            return 0;
    }
}

static void remove_first(struct unix_socket *socket)
{
    bool was_full = socket->messages > UNIX_QUEUE_LIMIT, was_last;

    do {
        struct unix_piece *piece = unix_queue_first(socket);

        was_last = piece->is_last;
        unix_piece_free(socket, piece);
    } while (!was_last);
    socket->messages--;
    if (was_full)
        unix_wake_blocked();
}

/* Tells what the datagram is. */
static void tell(const struct unix_piece *first, struct socket_message *message)
{
    const struct unix_address *from = first->sender ? first->sender->address : first->from;

    message->length = first->whole;
    message->address->length = 0;
    if (from)
        *message->address = from->address;
    message->extras.credentials = first->credentials;
    message->extras.has_credentials = true;
    message->extras.time = first->time;
    message->flags = first->whole > message->data->done ? MSG_TRUNC : 0;
}

static int receive_first(struct unix_socket *socket, struct unix_piece *first,
                         struct socket_message *message)
{
    struct user_buffer before = *message->data;
    bool peeks = message->flags & MSG_PEEK;
    int error = 0;

    if (peeks && first->files)
        error = files_in_flight_copy(first->files, &message->extras.files);
    if (error)
        return error;
    error = copy_out(socket, first, message->data);
    if (error) {
        if (peeks && message->extras.files)
            files_in_flight_drop(message->extras.files);
        message->extras.files = NO_FILES;
        *message->data = before;
        return error;
    }
    tell(first, message);
    if (peeks)
        return 0;
    message->extras.files = first->files;
    first->files = NO_FILES;
    remove_first(socket);
    return 0;
}

int unix_datagram_receive(struct unix_socket *socket, struct socket_message *message)
{
    struct unix_piece *first = unix_queue_first(socket);

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (socket->type == SOCK_SEQPACKET && socket->state != UNIX_CONNECTED)
        return -ENOTCONN;
    if (socket->error)
        return tell_error(socket);
    if (first)
        return receive_first(socket, first, message);
    message->length = 0;
    return socket->shut_receive && socket->type == SOCK_SEQPACKET ? 0 : -EAGAIN;
}
