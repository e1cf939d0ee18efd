/* Life and death of Unix sockets, and what can be asked of one at any time. */
#include "unix.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/sockios.h>

#include <lib/bits.h>
#include <platform/heap.h>
#include <process/wait_handle.h>
#include <service_param.h>
#include "service.h"

static struct list blocked = LIST_INITIAL(blocked); /* of struct unix_socket.blocked */

/* ---- waking ---- */

void unix_wake(struct unix_socket *socket)
{
    if (socket->wait)
        wait_handle_wake(socket->wait);
    else if (socket->listener)
        wait_handle_wake(socket->listener->wait);
}

void unix_block(struct unix_socket *socket)
{
    if (list_empty(&socket->blocked))
        list_add_tail(&blocked, &socket->blocked);
}

/* It is rare that somebody waits for room in another's queue, and cheap to look again: so all do. */
void unix_wake_blocked(void)
{
    while (!list_empty(&blocked)) {
        struct unix_socket *socket = container_of(blocked.next, struct unix_socket, blocked);

        list_remove(&socket->blocked);
        unix_wake(socket);
    }
}

/* ---- addresses and peers ---- */

void unix_address_get(struct unix_address *address)
{
    if (address)
        address->references++;
}

void unix_address_put(struct unix_address *address)
{
    if (address && --address->references == 0)
        kfree(address);
}

/* From now on there was a peer. */
static void peer_has_gone(struct unix_socket *socket, struct unix_address *address)
{
    socket->peer = NULL;
    socket->peer_is_gone = true;
    unix_address_get(address);
    unix_address_put(socket->peer_address);
    socket->peer_address = address;
}

void unix_set_peer(struct unix_socket *socket, struct unix_socket *peer)
{
    list_remove(&socket->of_peer);
    socket->peer = peer;
    socket->peer_is_gone = false;
    unix_address_put(socket->peer_address);
    socket->peer_address = NULL;
    if (peer)
        list_add_tail(&peer->senders, &socket->of_peer);
}

/* ---- making ---- */

int unix_create_socket(int type, struct unix_socket **out)
{
    struct unix_socket *socket = kzalloc(sizeof(*socket));

    if (!socket)
        return -ENOMEM;
    socket->type = type;
    socket->send_limit = socket->receive_limit = UNIX_BUFFER;
    list_init(&socket->senders);
    list_init(&socket->of_peer);
    list_init(&socket->queue);
    list_init(&socket->sent);
    list_init(&socket->blocked);
    list_init(&socket->connections);
    list_init(&socket->of_listener);
    *out = socket;
    return 0;
}

static int create(int family, int type, int protocol, const struct socket_origin *origin,
                  socket_handle *out)
{
    struct unix_socket *socket;
    int error = unix_create_socket(type, &socket);

    (void)family;
    (void)protocol;
    if (error)
        return error;
    socket->wait = origin->wait;
    socket->number = origin->inode;
    *out = (socket_handle)socket;
    return 0;
}

/* ---- ending ---- */

/* The other end of a connection hears of it: an error if it has lost something. */
static void leave_other_end(struct unix_socket *socket, bool was_accepted)
{
    struct unix_socket *other = socket->peer;

    if (!other)
        return;
    if (!list_empty(&socket->queue) || !was_accepted)
        other->error = ECONNRESET;
    other->shut_receive = other->shut_send = true;
    peer_has_gone(other, socket->address);
    unix_wake(other);
}

/* Those who send datagrams here learn of it when they send the next one. */
static void leave_senders(struct unix_socket *socket)
{
    while (!list_empty(&socket->senders)) {
        struct unix_socket *sender =
            container_of(socket->senders.next, struct unix_socket, of_peer);

        list_remove(&sender->of_peer);
        peer_has_gone(sender, socket->address);
        unix_wake(sender);
    }
    unix_wake_blocked();
}

/* What is on its way to others is nobody's debt any more; where it came from is still told. */
static void leave_debts(struct unix_socket *socket)
{
    while (!list_empty(&socket->sent)) {
        struct unix_piece *piece = container_of(socket->sent.next, struct unix_piece, of_sender);

        list_remove(&piece->of_sender);
        piece->sender = NULL;
        piece->from = socket->address;
        unix_address_get(piece->from);
    }
}

void unix_release_socket(struct unix_socket *socket)
{
    while (!list_empty(&socket->connections)) {
        struct unix_socket *end =
            container_of(socket->connections.next, struct unix_socket, of_listener);

        unix_release_socket(end); /* which has no connections of its own */
    }
    list_remove(&socket->of_listener);
    if (unix_is_connecting(socket))
        leave_other_end(socket, socket->listener == NULL);
    else
        list_remove(&socket->of_peer);
    leave_senders(socket);
    leave_debts(socket);
    list_remove(&socket->blocked);
    unix_queue_clear(socket);
    unix_address_put(socket->address);
    unix_address_put(socket->peer_address);
    kfree(socket);
}

static int release(socket_handle handle)
{
    unix_release_socket(unix_of(handle));
    return 0;
}

static int connect_result(socket_handle handle)
{
    (void)handle;
    return 0; /* connections are made at once */
}

static int shut_down(socket_handle handle, int how)
{
    struct unix_socket *socket = unix_of(handle), *other = socket->peer;
    bool receive = how != SHUT_WR, send = how != SHUT_RD;

    socket->shut_receive |= receive;
    socket->shut_send |= send;
    if (other && unix_is_connecting(socket)) {
        other->shut_send |= receive;
        other->shut_receive |= send;
        unix_wake(other);
    }
    unix_wake(socket);
    unix_wake_blocked();
    return 0;
}

/* ---- sending and receiving ---- */

static int send(socket_handle handle, struct socket_message *message)
{
    struct unix_socket *socket = unix_of(handle);

    return socket->type == SOCK_STREAM ? unix_stream_send(socket, message)
                                       : unix_datagram_send(socket, message);
}

static int receive(socket_handle handle, struct socket_message *message)
{
    struct unix_socket *socket = unix_of(handle);

    return socket->type == SOCK_STREAM ? unix_stream_receive(socket, message)
                                       : unix_datagram_receive(socket, message);
}

/* ---- state ---- */

/* Could it send now?  If not, it is told when it can. */
static bool is_writable(struct unix_socket *socket)
{
    if (socket->state == UNIX_LISTENING)
        return false;
    if (!unix_has_much_room(socket)) {
        socket->wants_room = true;
        return false;
    }
    if (socket->type == SOCK_DGRAM && socket->peer && unix_queue_is_full(socket->peer, socket)) {
        unix_block(socket);
        return false;
    }
    return true;
}

static int poll(socket_handle handle, uint32_t *ready)
{
    struct unix_socket *socket = unix_of(handle);
    bool hung_up = (socket->shut_receive && socket->shut_send) ||
                   (unix_is_connecting(socket) && socket->state == UNIX_ALONE);

    *ready = socket->error ? POLLERR : 0;
    if (hung_up)
        *ready |= POLLHUP;
    if (socket->shut_receive)
        *ready |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (!list_empty(&socket->queue) || !list_empty(&socket->connections))
        *ready |= POLLIN | POLLRDNORM;
    if (is_writable(socket))
        *ready |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return 0;
}

/* What SIOCINQ counts: the bytes of a stream, those of the next datagram. */
static size_t bytes_to_read(const struct unix_socket *socket)
{
    const struct unix_piece *first = unix_queue_first(socket);

    if (socket->type != SOCK_DGRAM)
        return socket->unread;
    return first ? first->whole : 0;
}

static int control(socket_handle handle, unsigned command, uint64_t value,
                   struct user_buffer *argument, int *result)
{
    const struct unix_socket *socket = unix_of(handle);
    int32_t count;

    (void)value;
    (void)result;
    if (command != SIOCINQ && command != SIOCOUTQ)
        return -ENOTTY;
    if (command == SIOCINQ && socket->state == UNIX_LISTENING)
        return -EINVAL;
    count = (int32_t)(command == SIOCINQ ? bytes_to_read(socket) : socket->charged);
    return user_buffer_put(argument, &count, sizeof(count)) == sizeof(count) ? 0 : -EFAULT;
}

const struct socket_ops unix_socket_ops = {
    .create = create,
    .create_pair = unix_create_pair,
    .release = release,
    .bind = unix_bind,
    .connect = unix_connect,
    .connect_result = connect_result,
    .listen = unix_listen,
    .accept = unix_accept,
    .name = unix_name,
    .send = send,
    .receive = receive,
    .shutdown = shut_down,
    .get_option = unix_get_option,
    .set_option = unix_set_option,
    .poll = poll,
    .control = control,
};
