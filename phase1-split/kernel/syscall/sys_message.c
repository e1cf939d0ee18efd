/* Sending and receiving with addresses and ancillary data. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include <fs/private.h>
#include <lib/bits.h>
#include <net/control_message.h>
#include <net/in_flight.h>
#include <platform/clock.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/socket_address.h>
#include <syscall/vector.h>
#include <syscall/watch.h>

#define NOT_FOR_USERS 0x80000000u /* MSG_CMSG_COMPAT, of 32-bit programs */

/* What recvmsg(2) tells in msg_flags of what a service may set. */
#define TOLD_FLAGS ((unsigned)(MSG_EOR | MSG_OOB))

struct message_header { /* struct msghdr of sendmsg(2) */
    user_address name;
    int32_t name_length;
    uint32_t padding;
    user_address segments;
    uint64_t segment_count;
    user_address control;
    uint64_t control_length;
    uint32_t flags;
    uint32_t padding_too;
};

struct numbered_header { /* struct mmsghdr of sendmmsg(2) */
    struct message_header header;
    uint32_t length;
    uint32_t padding;
};

/* ---- one buffer ---- */

/* A call of one buffer. */
struct exchange {
    struct socket *socket;
    struct user_buffer buffer;
    struct socket_address address;
    struct socket_message message;
};

/* All of the buffer must be in user space; what no call moves is cut off.  socket_put() is due only
 * on success. */
static int exchange_begin(struct exchange *exchange, int fd, user_address data, size_t size,
                          unsigned flags)
{
    user_buffer_init(&exchange->buffer, data, min(size, TRANSFER_LIMIT));
    if (!user_buffer_in_range(&exchange->buffer))
        return -EFAULT;
    socket_message_init(&exchange->message, &exchange->buffer, flags, &exchange->address);
    return socket_get(fd, &exchange->socket);
}

long sys_sendto(int fd, user_address data, size_t size, unsigned flags, user_address to,
                int to_length)
{
    struct exchange exchange;
    long result = exchange_begin(&exchange, fd, data, size, flags);

    if (result)
        return result;
    exchange.message.extras.credentials = socket_sender_credentials();
    if (to)
        result = address_read(&exchange.address, to, to_length);
    if (!result)
        result = socket_send(exchange.socket, &exchange.message);
    socket_put(exchange.socket);
    return result;
}

static void drop_files(struct socket_message *message)
{
    if (!message->extras.files)
        return;
    files_in_flight_drop(message->extras.files);
    in_flight_settle();
}

long sys_recvfrom(int fd, user_address data, size_t size, unsigned flags, user_address from,
                  user_address from_length)
{
    struct exchange exchange;
    long result = exchange_begin(&exchange, fd, data, size, flags);

    if (result)
        return result;
    result = socket_receive(exchange.socket, &exchange.message);
    drop_files(&exchange.message);
    if (result >= 0 && from) {
        int error = address_write(&exchange.address, from, from_length);

        result = error ? error : result;
    }
    socket_put(exchange.socket);
    return result;
}

/* ---- message headers ---- */

static int header_read(struct message_header *header, user_address from)
{
    if (copy_from_user(header, from, sizeof(*header)) < 0)
        return -EFAULT;
    if (!header->name)
        header->name_length = 0;
    return header->name_length < 0 ? -EINVAL : 0;
}

static int segments_read(struct vector *vector, const struct message_header *header)
{
    if (header->segment_count > UIO_MAXIOV)
        return -EMSGSIZE;
    int error = vector_copy(vector, header->segments, (int)header->segment_count);

    if (error || user_buffer_in_range(&vector->buffer))
        return error;
    vector_free(vector);
    return -EFAULT;
}

static long send_vector(struct socket *socket, const struct message_header *header,
                        struct socket_message *message)
{
    long result = 0;

    message->extras.credentials = socket_sender_credentials();
    if (header->control_length > INT32_MAX)
        return -ENOBUFS;
    if (header->control_length > 0)
        result =
            control_message_read(socket, header->control, header->control_length, &message->extras);
    if (!result)
        return socket_send(socket, message);
    drop_files(message);
    return result;
}

/* One message, whose header is at `from`. */
static long send_message(struct socket *socket, user_address from, unsigned flags)
{
    struct message_header header;
    struct socket_address address;
    struct socket_message message;
    struct vector vector;
    long result = header_read(&header, from);

    socket_message_init(&message, &vector.buffer, flags, &address);
    if (!result)
        result = address_read(&address, header.name,
                              min(header.name_length, (int32_t)sizeof(address.bytes)));
    if (!result)
        result = segments_read(&vector, &header);
    if (result)
        return result;
    result = send_vector(socket, &header, &message);
    vector_free(&vector);
    return result;
}

static bool has_truncated(const struct socket *socket, const struct socket_message *message,
                          size_t moved)
{
    return socket->type != SOCK_STREAM && message->length > moved;
}

/* What has come beside the data goes to where the header at `to` says. */
static int tell_extras(struct socket *socket, struct message_header *header,
                       struct socket_message *message, user_address to, unsigned flags)
{
    struct control_space space = { .address = header->control,
                                   .length = header->control ? header->control_length : 0,
                                   .close_on_exec = (flags & MSG_CMSG_CLOEXEC) != 0 };
    uint64_t used;

    control_message_write(socket, &message->extras, &space);
    if (header->name) {
        int error = address_write(message->address, header->name,
                                  to + offsetof(struct message_header, name_length));
        if (error)
            return error;
    }
    flags = (flags & MSG_CMSG_CLOEXEC) | (message->flags & TOLD_FLAGS) | space.flags;
    if (has_truncated(socket, message, message->data->done))
        flags |= MSG_TRUNC;
    used = space.used;
    if (copy_to_user(to + offsetof(struct message_header, flags), &flags, sizeof(flags)) < 0 ||
        copy_to_user(to + offsetof(struct message_header, control_length), &used, sizeof(used)) < 0)
        return -EFAULT;
    return 0;
}

static long receive_message(struct socket *socket, user_address to, unsigned flags)
{
    struct message_header header;
    struct socket_address address;
    struct socket_message message;
    struct vector vector;
    long result = header_read(&header, to);

    if (!result)
        result = segments_read(&vector, &header);
    if (result)
        return result;
    socket_message_init(&message, &vector.buffer, flags, &address);
    result = socket_receive(socket, &message);
    if (result >= 0) {
        int error = tell_extras(socket, &header, &message, to, flags);

        result = error ? error : result;
    } else {
        drop_files(&message);
    }
    vector_free(&vector);
    return result;
}

typedef long (*message_call)(struct socket *socket, user_address header, unsigned flags);

static long call_once(int fd, user_address header, unsigned flags, message_call call)
{
    struct socket *socket;
    int error = flags & NOT_FOR_USERS ? -EINVAL : socket_get(fd, &socket);

    if (error)
        return error;
    long result = call(socket, header, flags);

    socket_put(socket);
    return result;
}

long sys_sendmsg(int fd, user_address header, unsigned flags)
{
    return call_once(fd, header, flags, send_message);
}

long sys_recvmsg(int fd, user_address header, unsigned flags)
{
    return call_once(fd, header, flags, receive_message);
}

/* ---- several messages ---- */

/* Calls for one header after the other, until one fails, a signal comes or `deadline` (0: none) is
 * over: how many were done, or what went wrong with the first. */
static long go_through(struct socket *socket, user_address headers, unsigned count, unsigned flags,
                       message_call call, uint64_t deadline)
{
    unsigned done = 0;
    long result = 0;

    for (; done < count; done++) {
        user_address at = headers + (uint64_t)done * sizeof(struct numbered_header);

        result = call(socket, at, flags & ~(unsigned)MSG_WAITFORONE);
        if (result < 0)
            break;
        uint32_t length = (uint32_t)result;

        if (copy_to_user(at + offsetof(struct numbered_header, length), &length, sizeof(length))) {
            result = -EFAULT;
            break;
        }
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if ((deadline && clock_monotonic() >= deadline) || !file_may_go_on()) {
            done++;
            break;
        }
    }
    return done > 0 ? (long)done : result;
}

static long call_each(int fd, user_address headers, unsigned count, unsigned flags,
                      message_call call, uint64_t deadline)
{
    struct socket *socket;
    int error = flags & NOT_FOR_USERS ? -EINVAL : socket_get(fd, &socket);

    if (error)
        return error;
    long result =
        go_through(socket, headers, min(count, (unsigned)UIO_MAXIOV), flags, call, deadline);

    socket_put(socket);
    return result;
}

long sys_sendmmsg(int fd, user_address headers, unsigned count, unsigned flags)
{
    return call_each(fd, headers, count, flags, send_message, 0);
}

long sys_recvmmsg(int fd, user_address headers, unsigned count, unsigned flags,
                  user_address timeout)
{
    struct limit limit = { .address = timeout };
    int error = limit_read(&limit);

    if (error)
        return error;
    long result = call_each(fd, headers, count, flags, receive_message,
                            limit.deadline == NOW ? 1 : limit.deadline);

    return result > 0 ? limit_write_back(&limit, result) : result;
}
