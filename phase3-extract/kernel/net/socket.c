/* Sockets as files: their life, and the calls that connect them.
 *
 * A service never waits.  So every loop in which a program waits for a socket is in this file and in
 * socket_transfer.c, and all of them look alike: ask, and on -EAGAIN sleep on the socket's queue. */
#include <net/socket.h>

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/sockios.h>
#include <linux/stat.h>

#include <lib/hash.h>
#include <net/unix_names.h>
#include <param.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <process/process.h>

/* ---- all sockets, by number ---- */

static struct list table[SOCKET_HASH_SIZE]; /* a head that is all zeros is not in use yet */

static struct list *bucket_of(uint64_t number)
{
    struct list *bucket = &table[hash_u64(number) % SOCKET_HASH_SIZE];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

struct socket *socket_find(uint64_t number)
{
    struct list *bucket = bucket_of(number);
    struct socket *socket;

    list_for_each_entry(socket, bucket, hash)
        if (socket_number(socket) == number)
            return socket;
    return NULL;
}

struct socket *socket_next(const struct socket *previous)
{
    struct list *bucket = previous ? bucket_of(socket_number(previous)) : table;

    if (previous && previous->hash.next != bucket)
        return container_of(previous->hash.next, struct socket, hash);
    for (bucket += previous ? 1 : 0; bucket < table + SOCKET_HASH_SIZE; bucket++)
        if (bucket->next && !list_empty(bucket))
            return container_of(bucket->next, struct socket, hash);
    return NULL;
}

/* ---- life ---- */

static struct socket *of(file_handle handle)
{
    return (struct socket *)handle;
}

static struct socket *create(const struct socket_ops *ops, int family, int type, int protocol)
{
    struct socket *socket = kmalloc(sizeof(*socket));

    if (!socket)
        return NULL;
    *socket = (struct socket){
        .ops = ops, .family = family, .type = type, .protocol = protocol, .receive_least = 1
    };
    wait_queue_init(&socket->wait);
    if (wait_queue_publish(&socket->wait, &socket->wait_handle)) {
        kfree(socket);
        return NULL;
    }
    list_init(&socket->held);
    list_init(&socket->to_visit);
    return socket;
}

/* Frees a socket, or NULL, of which nobody knows any more. */
static void discard(struct socket *socket)
{
    if (socket)
        wait_queue_withdraw(socket->wait_handle);
    kfree(socket);
}

int socket_allocate(const struct socket_ops *ops, int family, int type, int protocol,
                    unsigned flags, struct file **out)
{
    struct socket *socket = create(ops, family, type, protocol);
    struct inode *inode = NULL;
    int error = socket ? inode_create_anonymous(S_IFSOCK | 0777, &inode) : -ENOMEM;

    if (!error)
        error = file_create(inode, &socket_file_ops, (file_handle)socket,
                            O_RDWR | (flags & O_NONBLOCK), &socket->file);
    if (error) {
        if (inode)
            inode_put(inode);
        discard(socket);
        return error;
    }
    list_add(bucket_of(inode->attributes.number), &socket->hash);
    *out = socket->file;
    return 0;
}

static int socket_release(file_handle handle)
{
    struct socket *socket = of(handle);

    unix_name_release(socket);
    if (socket->handle)
        socket->ops->release(socket->handle);
    files_in_flight_leave(socket);
    wait_queue_release(&socket->wait);
    list_remove(&socket->hash);
    discard(socket);
    in_flight_settle();
    return 0;
}

static int socket_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    *wait = &of(handle)->wait;
    return of(handle)->ops->poll(of(handle)->handle, ready);
}

/* Reading, writing and ioctl(2) go past the tables of files: fs/file.c and fs/control.c know. */
const struct file_ops socket_file_ops = {
    .release = socket_release,
    .poll = socket_poll,
};

struct socket_origin socket_origin(struct socket *socket)
{
    return (struct socket_origin){ .wait = socket->wait_handle,
                                   .inode = socket_number(socket),
                                   .uid = socket->file->inode->attributes.uid };
}

struct socket_credentials socket_sender_credentials(void)
{
    const struct credentials *own = current_process()->credentials;

    return (struct socket_credentials){ .pid = current_process()->id,
                                        .uid = own->uid,
                                        .gid = own->gid };
}

struct socket_credentials socket_peer_credentials(void)
{
    const struct credentials *own = current_process()->credentials;

    return (struct socket_credentials){ .pid = current_process()->id,
                                        .uid = own->euid,
                                        .gid = own->egid };
}

/* ---- waiting ---- */

bool socket_may_wait(const struct socket *socket, unsigned flags)
{
    return !(flags & MSG_DONTWAIT) && !(socket->file->flags & O_NONBLOCK);
}

int socket_wait(struct socket *socket, uint64_t timeout, uint64_t *deadline)
{
    if (*deadline == 0)
        *deadline = timeout ? clock_monotonic() + timeout : WAIT_FOREVER;
    int error = wait_queue_sleep(&socket->wait, *deadline);

    if (error == -ETIMEDOUT)
        return -EAGAIN;
    if (error != -ERESTARTSYS || !timeout)
        return error;
    signal_recheck();
    return -EINTR;
}

bool socket_has_ended(struct socket *socket)
{
    uint32_t ready = 0;

    return socket->ops->poll(socket->handle, &ready) == 0 && (ready & POLLRDHUP);
}

/* ---- connecting ---- */

int socket_bind(struct socket *socket, struct socket_address *address)
{
    if (socket->family == AF_UNIX)
        return unix_name_bind(socket, address);
    return socket->ops->bind(socket->handle, address);
}

int socket_listen(struct socket *socket, int backlog)
{
    struct socket_credentials own = socket_peer_credentials();
    int error = socket->ops->listen(socket->handle, backlog, &own);

    if (!error)
        socket->listening = true;
    return error;
}

/* Asks the service once, for a Unix socket with the peer that has the name now. */
static int connect_once(struct socket *socket, struct socket_address *address)
{
    struct socket_credentials own = socket_peer_credentials();
    struct socket *peer = NULL;
    int error = 0;

    if (socket->family == AF_UNIX && (address->family != AF_UNSPEC || socket->type != SOCK_DGRAM)) {
        if (socket->tells_credentials)
            error = unix_name_ensure(socket);
        if (!error)
            error = unix_name_find(address, socket->type, &peer);
    }
    if (!error)
        error = socket->ops->connect(socket->handle, address, peer ? peer->handle : NULL, &own);
    if (!error)
        socket->connected = peer != NULL;
    in_flight_settle(); /* who connects elsewhere gives up what the old peer has sent */
    return error;
}

/* Waits for the end of a connect() that has begun. */
static int wait_connected(struct socket *socket, uint64_t *deadline)
{
    for (;;) {
        int error = socket->ops->connect_result(socket->handle);

        if (error != -EALREADY)
            return error;
        error = socket_wait(socket, socket->send_timeout, deadline);
        if (error)
            return error == -EAGAIN ? -EINPROGRESS : error;
    }
}

int socket_connect(struct socket *socket, struct socket_address *address)
{
    uint64_t deadline = 0;

    /* Without a family it is no address; packet sockets say that they take none at all. */
    if (address->length < sizeof(address->family) && socket->family != AF_PACKET)
        return -EINVAL;
    for (;;) {
        int error = connect_once(socket, address);

        if ((error != -EAGAIN && error != -EINPROGRESS && error != -EALREADY) ||
            !socket_may_wait(socket, 0))
            return error;
        if (error != -EAGAIN)
            return wait_connected(socket, &deadline);
        error = socket_wait(socket, socket->send_timeout, &deadline);
        if (error)
            return error;
    }
}

/* The next connection for `new`, which the service has not made yet. */
static int accept_into(struct socket *socket, struct socket *new, struct socket_address *peer)
{
    struct socket_origin origin = socket_origin(new);
    uint64_t deadline = 0;

    for (;;) {
        int error = socket->ops->accept(socket->handle, &origin, &new->handle, peer);

        if (error != -EAGAIN || !socket_may_wait(socket, 0))
            return error;
        if (socket_has_ended(socket))
            return -EINVAL;
        error = socket_wait(socket, socket->receive_timeout, &deadline);
        if (error)
            return error;
    }
}

int socket_accept(struct socket *socket, unsigned flags, struct file **out,
                  struct socket_address *peer)
{
    struct file *file;
    int error =
        socket_allocate(socket->ops, socket->family, socket->type, socket->protocol, flags, &file);

    if (error)
        return error;
    error = accept_into(socket, file_socket(file), peer);
    if (error) {
        file_put(file);
        return error;
    }
    file_socket(file)->connected = true;
    unix_name_share(file_socket(file), socket);
    file_socket(file)->tells_credentials = socket->tells_credentials;
    file_socket(file)->receive_timeout = socket->receive_timeout;
    file_socket(file)->send_timeout = socket->send_timeout;
    file_socket(file)->receive_least = socket->receive_least;
    *out = file;
    return 0;
}

/* ---- closing ---- */

size_t socket_bytes_sent(struct socket *socket)
{
    struct user_buffer buffer;
    int32_t count = 0;
    int result = 0;

    user_buffer_init_kernel(&buffer, &count, sizeof(count));
    if (!socket->handle || socket->ops->control(socket->handle, SIOCOUTQ, 0, &buffer, &result) < 0)
        return 0;
    return count > 0 ? (size_t)count : 0;
}

void socket_linger(struct socket *socket)
{
    uint64_t deadline = 0;

    if (socket->linger == 0 || socket->family == AF_UNIX || socket->type != SOCK_STREAM ||
        socket->listening || current_process()->exiting)
        return;
    socket->ops->shutdown(socket->handle, SHUT_WR);
    while (socket_bytes_sent(socket) > 0)
        if (socket_wait(socket, socket->linger * NANOSECONDS_PER_SECOND, &deadline))
            break;
}
