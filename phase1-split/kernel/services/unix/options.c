/* Options of Unix sockets.  Most of those that every socket has mean nothing here: they are kept and
 * told, as by Linux, so that programs need not know what kind of socket they have. */
#include "unix.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>
#include <service_param.h>

#define SEND_LEAST    4608 /* bytes, of SO_SNDBUF; Linux's SOCK_MIN_SNDBUF */
#define RECEIVE_LEAST 2304
#define FORCED_MOST   (16u << 20) /* bytes that even root gets at most */

/* Options that are on or off, and of no effect. */
static bool is_switch(int name)
{
    switch (name) {
    case SO_REUSEADDR:
    case SO_REUSEPORT:
    case SO_DONTROUTE:
    case SO_BROADCAST:
    case SO_KEEPALIVE:
    case SO_OOBINLINE:
    case SO_NO_CHECK:
        return true;
    default:
        return false;
    }
}

/* Twice of what is asked for, since more than the bytes themselves are counted (socket(7)). */
static size_t buffer_size(int wanted, bool forced, size_t least)
{
    size_t most = forced ? FORCED_MOST : UNIX_BUFFER_LIMIT;
    size_t size = wanted < 0 && forced ? 0 : min((size_t)(unsigned)wanted, most);

    return max(size * 2, least);
}

static int set_number(struct unix_socket *socket, int name, int number)
{
    if (is_switch(name)) {
        uint32_t bit = 1u << name;

        socket->switches = number ? socket->switches | bit : socket->switches & ~bit;
        return 0;
    }
    switch (name) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        socket->send_limit = buffer_size(number, name == SO_SNDBUFFORCE, SEND_LEAST);
        if (unix_has_much_room(socket))
            unix_wake(socket);
        return 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        socket->receive_limit = buffer_size(number, name == SO_RCVBUFFORCE, RECEIVE_LEAST);
        return 0;
    case SO_PRIORITY:
        socket->priority = number;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int unix_set_option(socket_handle handle, int level, int name, const void *value, size_t length)
{
    int number;

    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    if (length < sizeof(number))
        return -EINVAL;
    if (name == SO_LINGER && length >= sizeof(unix_of(handle)->linger)) {
        memcpy(unix_of(handle)->linger, value, sizeof(unix_of(handle)->linger));
        return 0;
    }
    memcpy(&number, value, sizeof(number));
    return set_number(unix_of(handle), name, number);
}

static int get_number(struct unix_socket *socket, int name, int *number)
{
    if (is_switch(name)) {
        *number = (socket->switches >> name & 1) != 0;
        return 0;
    }
    switch (name) {
    case SO_SNDBUF:
        *number = (int)socket->send_limit;
        return 0;
    case SO_RCVBUF:
        *number = (int)socket->receive_limit;
        return 0;
    case SO_PRIORITY:
        *number = socket->priority;
        return 0;
    case SO_ERROR:
        *number = socket->error;
        socket->error = 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int give(const void *from, size_t size, void *value, size_t *length)
{
    *length = min(*length, size);
    memcpy(value, from, *length);
    return 0;
}

static int get_credentials(const struct unix_socket *socket, void *value, size_t *length)
{
    static const struct socket_credentials nobody = { .pid = 0,
                                                      .uid = UINT32_MAX,
                                                      .gid = UINT32_MAX };

    return give(socket->has_peer_credentials ? &socket->peer_credentials : &nobody, sizeof(nobody),
                value, length);
}

int unix_get_option(socket_handle handle, int level, int name, void *value, size_t *length)
{
    struct unix_socket *socket = unix_of(handle);
    int number;

    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    if (name == SO_PEERCRED)
        return get_credentials(socket, value, length);
    if (name == SO_LINGER)
        return give(socket->linger, sizeof(socket->linger), value, length);
    int error = get_number(socket, name, &number);

    return error ? error : give(&number, sizeof(number), value, length);
}
