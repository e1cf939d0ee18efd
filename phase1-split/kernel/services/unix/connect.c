/* Connections: pairs, listeners and what waits there to be accepted.
 *
 * connect(2) makes the other end at once, without anybody who has accepted it: it has a queue, into
 * which the new peer may send already.  accept(2) gives it to a program. */
#include "unix.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/heap.h>

/* ---- pairs ---- */

static void connect_ends(struct unix_socket *a, struct unix_socket *b)
{
    if (a->type == SOCK_DGRAM) {
        unix_set_peer(a, b);
        unix_set_peer(b, a);
    } else {
        a->peer = b;
        b->peer = a;
    }
    a->state = b->state = UNIX_CONNECTED;
}

static void set_credentials(struct unix_socket *socket,
                            const struct socket_credentials *credentials)
{
    socket->peer_credentials = *credentials;
    socket->has_peer_credentials = true;
}

int unix_create_pair(int type, int protocol, const struct socket_origin origins[2],
                     const struct socket_credentials *credentials, socket_handle out[2])
{
    struct unix_socket *ends[2];
    int error = unix_create_socket(type, &ends[0]);

    (void)protocol;
    if (error)
        return error;
    error = unix_create_socket(type, &ends[1]);
    if (error) {
        unix_release_socket(ends[0]);
        return error;
    }
    for (unsigned i = 0; i < 2; i++) {
        ends[i]->wait = origins[i].wait;
        ends[i]->number = origins[i].inode;
        set_credentials(ends[i], credentials);
        out[i] = (socket_handle)ends[i];
    }
    connect_ends(ends[0], ends[1]);
    return 0;
}

/* ---- names ---- */

int unix_bind(socket_handle handle, const struct socket_address *address)
{
    struct unix_address *name = kmalloc(sizeof(*name));

    if (!name)
        return -ENOMEM;
    name->references = 1;
    name->address = *address;
    unix_address_put(unix_of(handle)->address);
    unix_of(handle)->address = name;
    return 0;
}

int unix_name(socket_handle handle, bool peer, struct socket_address *out)
{
    const struct unix_socket *socket = unix_of(handle);
    const struct unix_address *address = socket->address;

    if (peer && !socket->peer && !socket->peer_is_gone)
        return -ENOTCONN;
    if (peer)
        address = socket->peer ? socket->peer->address : socket->peer_address;
    if (address) {
        *out = address->address;
    } else {
        out->length = sizeof(out->family);
        out->family = AF_UNIX;
    }
    return 0;
}

/* ---- connecting ---- */

/* A datagram socket takes another one as whom it sends to and hears from. */
static int connect_datagram(struct unix_socket *socket, struct unix_socket *peer)
{
    if (peer && peer->peer != socket && (peer->peer || peer->peer_is_gone))
        return -EPERM;
    bool had_other = socket->peer_is_gone || (socket->peer && socket->peer != peer);
    struct unix_socket *old = socket->peer;

    unix_set_peer(socket, peer);
    socket->state = peer ? UNIX_CONNECTED : UNIX_ALONE;
    if (!had_other || list_empty(&socket->queue))
        return 0;
    unix_queue_clear(socket); /* what the old one has sent is not from whom this hears from */
    unix_wake_blocked();
    if (old && old->peer == socket) {
        old->error = ECONNRESET;
        unix_wake(old);
    }
    return 0;
}

/* Can a connection be made from here, now that the listener would take it? */
static int check_state(const struct unix_socket *socket)
{
    switch (socket->state) {
    case UNIX_ALONE:
        return 0;
    case UNIX_CONNECTED:
        return -EISCONN;
    default:
        return -EINVAL;
    }
}

static int connect_to(struct unix_socket *socket, struct unix_socket *listener,
                      const struct socket_credentials *credentials)
{
    struct unix_socket *end;

    if (listener->state != UNIX_LISTENING || listener->shut_receive)
        return -ECONNREFUSED;
    if (listener->connection_count > listener->backlog) {
        unix_block(socket);
        return -EAGAIN;
    }
    int error = check_state(socket);

    if (!error)
        error = unix_create_socket(socket->type, &end);
    if (error)
        return error;
    end->number = listener->number;
    end->address = listener->address;
    unix_address_get(end->address);
    set_credentials(end, credentials);
    set_credentials(socket, &listener->peer_credentials);
    connect_ends(socket, end);
    end->listener = listener;
    list_add_tail(&listener->connections, &end->of_listener);
    listener->connection_count++;
    unix_wake(listener);
    return 0;
}

int unix_connect(socket_handle handle, const struct socket_address *address, socket_handle peer,
                 const struct socket_credentials *credentials)
{
    struct unix_socket *socket = unix_of(handle);

    (void)address;
    if (socket->type == SOCK_DGRAM)
        return connect_datagram(socket, peer ? unix_of(peer) : NULL);
    return connect_to(socket, unix_of(peer), credentials);
}

/* ---- listening ---- */

int unix_listen(socket_handle handle, int backlog, const struct socket_credentials *credentials)
{
    struct unix_socket *socket = unix_of(handle);

    if (!unix_is_connecting(socket))
        return -EOPNOTSUPP;
    if (!socket->address || socket->state == UNIX_CONNECTED)
        return -EINVAL;
    if ((unsigned)backlog > socket->backlog)
        unix_wake_blocked();
    socket->backlog = (unsigned)backlog;
    socket->state = UNIX_LISTENING;
    set_credentials(socket, credentials); /* what those who connect are told of their peer */
    return 0;
}

int unix_accept(socket_handle handle, const struct socket_origin *origin, socket_handle *out,
                struct socket_address *peer)
{
    struct unix_socket *socket = unix_of(handle);

    if (!unix_is_connecting(socket))
        return -EOPNOTSUPP;
    if (socket->state != UNIX_LISTENING)
        return -EINVAL;
    if (list_empty(&socket->connections))
        return -EAGAIN;
    struct unix_socket *end =
        container_of(socket->connections.next, struct unix_socket, of_listener);

    list_remove(&end->of_listener);
    end->listener = NULL;
    socket->connection_count--;
    end->wait = origin->wait;
    end->number = origin->inode;
    unix_tell_files(end);
    unix_wake_blocked();
    unix_name((socket_handle)end, true, peer);
    *out = (socket_handle)end;
    return 0;
}
