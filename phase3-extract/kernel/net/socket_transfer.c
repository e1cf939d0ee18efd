/* Sending and receiving: the loops around the two operations that move data.
 *
 * The user's memory is made present before each call.  A datagram must be present as a whole; a
 * stream is moved in pieces, between which others get their turn.  When the memory is not there, the
 * state of the socket is still told first, as on Linux: -EAGAIN comes before -EFAULT. */
#include <net/socket.h>

#include <linux/errno.h>

#include <fs/private.h>
#include <lib/bits.h>
#include <net/unix_names.h>
#include <param.h>
#include <platform/address_space.h>
#include <process/process.h>

/* What of the user's flags a service gets to see. */
#define SEND_FLAGS    ((unsigned)(MSG_OOB | MSG_DONTROUTE | MSG_MORE | MSG_EOR | MSG_CONFIRM))
#define RECEIVE_FLAGS ((unsigned)(MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE))

void socket_message_init(struct socket_message *message, struct user_buffer *data, unsigned flags,
                         struct socket_address *address)
{
    message->data = data;
    message->flags = flags;
    message->address = address;
    message->peer = NULL;
    message->privileged = false;
    message->length = 0;
    message->extras.files = NO_FILES;
    message->extras.has_credentials = message->extras.asks_credentials = false;
    message->extras.has_packet_info = false;
    message->extras.has_packet_data = false;
    message->extras.hop_limit = -1;
    message->extras.hop_limit_old = false;
    message->extras.time = 0;
    address->length = 0;
}

static bool is_stream(const struct socket *socket)
{
    return socket->type == SOCK_STREAM;
}

/* ---- sending ---- */

/* Whom a Unix datagram is for; a name is looked up each time, for its owner may have changed. */
static int find_receiver(struct socket *socket, struct socket_message *message)
{
    struct socket *receiver;
    int error = socket->tells_credentials ? unix_name_ensure(socket) : 0;

    if (error || message->address->length == 0 || socket->type != SOCK_DGRAM)
        return error;
    error = unix_name_find(message->address, socket->type, &receiver);
    message->peer = error ? NULL : receiver->handle;
    if (!error)
        return 0;
    /* The socket itself may have something to tell first. */
    int state = socket->ops->send(socket->handle, message);

    return state == -ECONNREFUSED ? error : state;
}

/* The memory is not there: is that what is wrong, or is it the socket? */
static int why_not_sent(struct socket *socket, struct socket_message *message, int error)
{
    struct user_buffer nothing, *data = message->data;

    if (!is_stream(socket))
        return error;
    user_buffer_init_kernel(&nothing, NULL, 0);
    message->data = &nothing;
    int state = socket->ops->send(socket->handle, message);

    message->data = data;
    if (!state)
        message->extras.files = NO_FILES; /* they went with nothing */
    return state ? state : error;
}

static int send_once(struct socket *socket, struct socket_message *message)
{
    struct user_buffer *data = message->data;
    size_t length = data->length, left = user_buffer_left(data), piece = left;
    int error = socket->family == AF_UNIX ? find_receiver(socket, message) : 0;

    if (error)
        return error;
    if (is_stream(socket))
        piece = min(left, (size_t)SERVICE_PIECE);
    else if (left > DATAGRAM_LIMIT)
        return -EMSGSIZE;
    size_t present = piece;

    error = user_buffer_make_present(data, PAGE_READ, &present);
    if (!error && present < piece)
        error = -EFAULT; /* a piece goes whole or not at all */
    if (error)
        return why_not_sent(socket, message, error);
    data->length = data->done + present;
    error = socket->ops->send(socket->handle, message);
    data->length = length;
    if (!error)
        message->extras.files = NO_FILES; /* the service's now */
    return error;
}

static long send_all(struct socket *socket, struct socket_message *message, unsigned flags)
{
    struct user_buffer *data = message->data;
    size_t start = data->done;
    uint64_t deadline = 0;
    int error;

    for (;;) {
        error = send_once(socket, message);
        if (error == -EAGAIN && socket_may_wait(socket, flags)) {
            error = socket_wait(socket, socket->send_timeout, &deadline);
            if (!error)
                continue;
        }
        if (error || !is_stream(socket) || user_buffer_left(data) == 0 || !file_may_go_on())
            break;
    }
    return data->done > start ? (long)(data->done - start) : error;
}

long socket_send(struct socket *socket, struct socket_message *message)
{
    unsigned flags = message->flags;

    message->flags = flags & SEND_FLAGS;
    message->privileged = process_privileged();
    long sent = send_all(socket, message, flags);

    if (sent == -EPIPE && is_stream(socket) && !(flags & MSG_NOSIGNAL))
        signal_send_self(SIGPIPE);
    if (message->extras.files)
        files_in_flight_drop(message->extras.files);
    in_flight_settle();
    return sent;
}

/* ---- receiving ---- */

/* What a service says that the socket has received.  Only files that were on their way to it leave
 * the service's hands. */
static void take_files(struct socket *socket, struct socket_message *message)
{
    if (message->extras.files)
        message->extras.files = files_in_flight_take(message->extras.files, socket);
}

/* Looks at the next byte or datagram and leaves it there: the length of the datagram, 1 for a byte of
 * a stream, 0 for its end. */
static int look(struct socket *socket, unsigned flags, size_t *length)
{
    struct socket_message message;
    struct socket_address address;
    struct user_buffer buffer;
    char byte;

    user_buffer_init_kernel(&buffer, &byte, sizeof(byte));
    socket_message_init(&message, &buffer, (flags & (MSG_OOB | MSG_ERRQUEUE)) | MSG_PEEK, &address);
    int error = socket->ops->receive(socket->handle, &message);

    take_files(socket, &message);
    if (message.extras.files)
        files_in_flight_drop(message.extras.files);
    *length = is_stream(socket) ? buffer.done : message.length;
    return error;
}

/* The buffer is long, or not all of it is there: how much of it is needed? */
static int prepare_exactly(struct socket *socket, struct socket_message *message, size_t *size)
{
    size_t needed;
    int error = look(socket, message->flags, &needed);

    if (error)
        return error;
    needed = min(needed, user_buffer_left(message->data));
    *size = needed;
    if (needed > 0)
        error = user_buffer_make_present(message->data, PAGE_WRITE, size);
    return !error && *size < needed ? -EFAULT : error;
}

/* Makes as much of the buffer present as one call can need. */
static int prepare(struct socket *socket, struct socket_message *message, size_t *size)
{
    size_t left = user_buffer_left(message->data), piece = min(left, (size_t)SERVICE_PIECE);

    *size = piece;
    int error = user_buffer_make_present(message->data, PAGE_WRITE, size);

    if (!error && (*size == left || (is_stream(socket) && *size > 0)))
        return 0;
    return prepare_exactly(socket, message, size);
}

static int receive_once(struct socket *socket, struct socket_message *message, size_t *piece)
{
    struct user_buffer *data = message->data;
    size_t length = data->length;
    int error = prepare(socket, message, piece);

    if (error)
        return error;
    data->length = data->done + *piece;
    error = socket->ops->receive(socket->handle, message);
    data->length = length;
    return error;
}

/* How many bytes a call is to wait for. */
static size_t bytes_wanted(const struct socket *socket, const struct user_buffer *data,
                           unsigned flags)
{
    size_t left = user_buffer_left(data);

    if (!is_stream(socket) || (flags & MSG_PEEK))
        return 0;
    return flags & MSG_WAITALL ? left : min(left, socket->receive_least);
}

/* A stream goes on until it has what is wanted, and beyond as long as there is more at once; but it
 * stops at descriptors, which belong to what was just read. */
static long receive_all(struct socket *socket, struct socket_message *message, unsigned flags)
{
    struct user_buffer *data = message->data;
    size_t start = data->done, wanted = bytes_wanted(socket, data, flags);
    uint64_t deadline = 0;
    int error;

    for (;;) {
        size_t before = data->done, piece;

        error = receive_once(socket, message, &piece);
        if (error == -EAGAIN && socket_may_wait(socket, flags) &&
            (data->done - start < wanted || data->done == start)) {
            if (!is_stream(socket) && socket_has_ended(socket)) {
                message->extras.files = NO_FILES;
                return 0;
            }
            error = socket_wait(socket, socket->receive_timeout, &deadline);
            if (!error)
                continue;
        }
        take_files(socket, message);
        size_t moved = data->done - before;

        if (error || !is_stream(socket) || (flags & MSG_PEEK) || moved == 0 ||
            message->extras.files || user_buffer_left(data) == 0)
            break;
        if (moved < piece && data->done - start >= wanted)
            break;
        if (!file_may_go_on())
            break;
    }
    if (!error && !is_stream(socket) && (flags & MSG_TRUNC))
        return (long)message->length;
    return data->done > start ? (long)(data->done - start) : error;
}

long socket_receive(struct socket *socket, struct socket_message *message)
{
    unsigned flags = message->flags;

    message->flags = flags & RECEIVE_FLAGS;
    message->extras.asks_credentials = socket->tells_credentials;
    long received = receive_all(socket, message, flags);

    in_flight_settle();
    return received;
}

/* ---- read(2) and write(2) ---- */

long socket_read(struct socket *socket, struct user_buffer *to)
{
    struct socket_message message;
    struct socket_address address;

    if (user_buffer_left(to) == 0)
        return 0;
    socket_message_init(&message, to, 0, &address);
    long received = socket_receive(socket, &message);

    if (message.extras.files) {
        files_in_flight_drop(message.extras.files);
        in_flight_settle();
    }
    return received;
}

long socket_write(struct socket *socket, struct user_buffer *from)
{
    struct socket_message message;
    struct socket_address address;

    socket_message_init(&message, from, 0, &address);
    message.extras.credentials = socket_sender_credentials();
    return socket_send(socket, &message);
}
