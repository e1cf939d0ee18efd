/* Streams: bytes in order.
 *
 * What is sent goes behind the last bytes of the peer's queue, into the same piece if there is room,
 * so that single bytes do not cost a piece each.  Descriptors are at home between two bytes: a piece
 * begins there, and a receive that has got some ends with the bytes that were sent with them. */
#include "unix.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <net/in_flight.h>

/* ---- sending ---- */

static bool same_sender(const struct socket_credentials *a, const struct socket_credentials *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

static int may_send(const struct unix_socket *socket, const struct socket_message *message)
{
    bool connected = socket->state == UNIX_CONNECTED;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (message->address->length > 0)
        return connected ? -EISCONN : -EOPNOTSUPP;
    if (!connected)
        return -ENOTCONN;
    return socket->shut_send || !socket->peer || socket->peer->shut_receive ? -EPIPE : 0;
}

/* The last piece of the queue, if the message may be appended to it. */
static struct unix_piece *piece_to_fill(const struct unix_socket *receiver,
                                        const struct socket_message *message)
{
    if (list_empty(&receiver->queue) || message->extras.files)
        return NULL;
    struct unix_piece *piece = container_of(receiver->queue.previous, struct unix_piece, node);

    return piece->end < piece->capacity && !piece->is_closed &&
                   same_sender(&piece->credentials, &message->extras.credentials)
               ? piece
               : NULL;
}

/* Moves bytes from the user to the end of the piece. */
static size_t fill(struct unix_piece *piece, struct user_buffer *data)
{
    size_t size = min((size_t)(piece->capacity - piece->end), user_buffer_left(data));
    size_t taken = user_buffer_take(data, piece->data + piece->end, size);

    piece->end += (uint32_t)taken;
    return taken;
}

/* One more piece with as much of the message as it can hold.  -EFAULT: nothing could be read. */
static int send_piece(struct unix_socket *socket, struct socket_message *message, bool goes_on)
{
    struct unix_socket *receiver = socket->peer;
    size_t wanted = user_buffer_left(message->data);
    struct unix_piece *piece = unix_piece_create(list_empty(&receiver->queue) ? wanted : SIZE_MAX);

    if (!piece)
        return -ENOMEM;
    if (fill(piece, message->data) == 0) {
        unix_piece_free(receiver, piece);
        return -EFAULT;
    }
    piece->credentials = message->extras.credentials;
    piece->goes_on = goes_on;
    piece->files = message->extras.files;
    message->extras.files = NO_FILES;
    piece->is_closed = piece->files != NO_FILES;
    unix_piece_queue(piece, receiver, socket);
    return 0;
}

/* What follows the first piece of a message with descriptors is closed, too. */
static void close_last(const struct unix_socket *receiver)
{
    container_of(receiver->queue.previous, struct unix_piece, node)->is_closed = true;
}

int unix_stream_send(struct unix_socket *socket, struct socket_message *message)
{
    struct user_buffer *data = message->data;
    struct unix_socket *receiver = socket->peer;
    bool with_files = message->extras.files != NO_FILES;
    size_t before = data->done;
    int error = may_send(socket, message);

    if (error)
        return error;
    if (user_buffer_left(data) == 0) {
        if (with_files)
            files_in_flight_drop(message->extras.files);
        return 0;
    }
    if (!unix_has_room(socket)) {
        socket->wants_room = true;
        return -EAGAIN;
    }
    struct unix_piece *last = piece_to_fill(receiver, message);

    if (last)
        receiver->unread += fill(last, data);
    while (!error && user_buffer_left(data) > 0 && unix_has_room(socket))
        error = send_piece(socket, message, with_files && data->done > before);
    if (data->done == before)
        return error;
    if (with_files)
        close_last(receiver);
    unix_wake(receiver);
    return 0;
}

/* ---- receiving ---- */

/* What a receive has come to. */
struct reading {
    struct unix_socket *socket;
    struct socket_message *message;
    bool peeks;
    bool has_files; /* goes no further than what was sent with them */
    bool has_sender;
};

static int take_files(struct reading *reading, struct unix_piece *piece)
{
    int error = 0;

    if (!piece->files)
        return 0;
    if (reading->peeks)
        error = files_in_flight_copy(piece->files, &reading->message->extras.files);
    else
        reading->message->extras.files = piece->files;
    if (error)
        return error;
    if (!reading->peeks)
        piece->files = NO_FILES;
    reading->has_files = true;
    return 0;
}

/* May the receive go on with this piece? */
static bool belongs(const struct reading *reading, const struct unix_piece *piece)
{
    const struct socket_extras *extras = &reading->message->extras;

    if (reading->has_files && !piece->goes_on)
        return false;
    return !extras->asks_credentials || same_sender(&extras->credentials, &piece->credentials);
}

/* Moves bytes of the piece to the user; how many. */
static size_t move(struct reading *reading, struct unix_piece *piece)
{
    struct user_buffer *data = reading->message->data;
    size_t size = min((size_t)(piece->end - piece->start), user_buffer_left(data));
    size_t given = user_buffer_put(data, piece->data + piece->start, size);

    reading->message->extras.credentials = piece->credentials;
    reading->has_sender = true;
    if (reading->peeks)
        return given;
    piece->start += (uint32_t)given;
    reading->socket->unread -= given;
    if (piece->start == piece->end)
        unix_piece_free(reading->socket, piece);
    return given;
}

static int read_queue(struct reading *reading)
{
    struct user_buffer *data = reading->message->data;
    struct unix_piece *piece, *next;

    list_for_each_entry_safe(piece, next, &reading->socket->queue, node) {
        size_t size = min((size_t)(piece->end - piece->start), user_buffer_left(data));

        if (user_buffer_left(data) == 0 || !belongs(reading, piece))
            break;
        int error = take_files(reading, piece);

        if (error)
            return reading->has_sender ? 0 : error;
        if (move(reading, piece) < size)
            return reading->has_sender ? 0 : -EFAULT;
    }
    return 0;
}

/* recvfrom(2) on a stream: where the peer is bound, if it is. */
static void tell_address(const struct unix_socket *socket, struct socket_message *message)
{
    const struct unix_address *address =
        socket->peer ? socket->peer->address : socket->peer_address;

    if (address)
        *message->address = address->address;
}

int unix_stream_receive(struct unix_socket *socket, struct socket_message *message)
{
    struct reading reading = { .socket = socket,
                               .message = message,
                               .peeks = (message->flags & MSG_PEEK) != 0 };
    int error = -socket->error;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (socket->state != UNIX_CONNECTED)
        return -EINVAL;
    if (!list_empty(&socket->queue)) {
        tell_address(socket, message);
        message->extras.credentials = unix_queue_first(socket)->credentials;
        message->extras.has_credentials = true;
        return read_queue(&reading);
    }
    if (error) {
        socket->error = 0;
        return error;
    }
    if (!socket->shut_receive && socket->peer)
        return -EAGAIN;
    message->extras.credentials = (struct socket_credentials){ 0 }; /* the end is sent by nobody */
    message->extras.has_credentials = true;
    return 0;
}
