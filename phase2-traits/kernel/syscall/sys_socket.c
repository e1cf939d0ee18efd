/* Sockets: making them, naming and connecting them, and their options. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>

#include <fs/private.h>
#include <lib/bits.h>
#include <net/socket.h>
#include <platform/user.h>
#include <process/process.h>
#include <services.h>
#include <syscall/socket_address.h>

#define PORTS_OF_ROOT 1024 /* lie below this */
#define TYPE_COUNT    11   /* Linux's SOCK_MAX */
#define CREATE_FLAGS  (SOCK_NONBLOCK | SOCK_CLOEXEC)

_Static_assert(SOCK_NONBLOCK == O_NONBLOCK && SOCK_CLOEXEC == O_CLOEXEC, "passed on as they are");

/* ---- which kind? ---- */

static int choose_unix(int *type, int protocol, enum socket_kind *out)
{
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (*type == SOCK_RAW)
        *type = SOCK_DGRAM; /* BSD's name for it */
    if (*type != SOCK_STREAM && *type != SOCK_DGRAM && *type != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    *out = SOCKET_UNIX;
    return 0;
}

/* AF_INET and AF_INET6; protocol 0 is the type's usual one. */
static int choose_inet(int type, int *protocol, enum socket_kind *out)
{
    if (*protocol < 0 || *protocol >= IPPROTO_MAX)
        return -EINVAL;
    switch (type) {
    case SOCK_STREAM:
        *out = SOCKET_TCP;
        if (*protocol == 0)
            *protocol = IPPROTO_TCP;
        return 0;
    case SOCK_DGRAM:
        *out = *protocol == IPPROTO_ICMP || *protocol == IPPROTO_ICMPV6 ? SOCKET_RAW : SOCKET_UDP;
        if (*protocol == 0)
            *protocol = IPPROTO_UDP;
        return 0;
    case SOCK_RAW:
        *out = SOCKET_RAW;
        return process_privileged() ? 0 : -EPERM;
    default:
        return -ESOCKTNOSUPPORT;
    }
}

/* Frames as they are, past all protocols, are for root alone. */
static int choose_packet(int type, enum socket_kind *out)
{
    if (!process_privileged())
        return -EPERM;
    if (type != SOCK_RAW && type != SOCK_DGRAM && type != SOCK_PACKET)
        return -ESOCKTNOSUPPORT;
    *out = SOCKET_PACKET;
    return 0;
}

static int choose_netlink(int type, enum socket_kind *out)
{
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    *out = SOCKET_NETLINK;
    return 0;
}

/* Everything that can be made. */
static int choose_kind(int family, int *type, int *protocol, enum socket_kind *out)
{
    if (family < 0 || family >= AF_MAX)
        return -EAFNOSUPPORT;
    if (*type < 0 || *type >= TYPE_COUNT)
        return -EINVAL;
    switch (family) {
    case AF_UNIX:
        return choose_unix(type, *protocol, out);
    case AF_INET:
    case AF_INET6:
        return choose_inet(*type, protocol, out);
    case AF_NETLINK:
        return choose_netlink(*type, out);
    case AF_PACKET:
        return choose_packet(*type, out);
    default:
        return -EAFNOSUPPORT;
    }
}

/* Who makes it is a question to the registry.  A kind that nobody has registered is like one that
 * nobody has heard of. */
static int choose(int family, int *type, int *protocol, const struct socket_ops **out)
{
    enum socket_kind kind;
    int error = choose_kind(family, type, protocol, &kind);

    if (error)
        return error;
    *out = service_sockets(kind);
    return *out ? 0 : -EAFNOSUPPORT;
}

/* ---- socket(2), socketpair(2) ---- */

static long install(struct file *file, unsigned flags)
{
    int fd = fd_install(file, 0, (flags & SOCK_CLOEXEC) != 0);

    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_socket(int family, int type, int protocol)
{
    unsigned flags = (unsigned)type & ~(unsigned)SOCK_TYPE_MASK;
    const struct socket_ops *ops;
    struct file *file;

    if (flags & ~(unsigned)CREATE_FLAGS)
        return -EINVAL;
    type &= SOCK_TYPE_MASK;
    int error = choose(family, &type, &protocol, &ops);

    if (!error)
        error = socket_allocate(ops, family, type, protocol, flags, &file);
    if (error)
        return error;
    struct socket *socket = file_socket(file);
    struct socket_origin origin = socket_origin(socket);

    error = ops->create(family, type, protocol, &origin, &socket->handle);
    if (error) {
        file_put(file);
        return error;
    }
    return install(file, flags);
}

/* Two sockets that no service has made yet become a pair. */
static int make_pair(struct file *const files[2])
{
    struct socket *first = file_socket(files[0]), *second = file_socket(files[1]);
    struct socket_origin origins[2] = { socket_origin(first), socket_origin(second) };
    struct socket_credentials own = socket_peer_credentials();
    socket_handle handles[2];

    if (!first->ops->create_pair)
        return -EOPNOTSUPP;
    int error = first->ops->create_pair(first->type, first->protocol, origins, &own, handles);

    if (error)
        return error;
    first->handle = handles[0];
    second->handle = handles[1];
    first->connected = second->connected = true;
    return 0;
}

static int create_pair(int family, int type, int protocol, unsigned flags, struct file *files[2])
{
    const struct socket_ops *ops;
    int error = choose(family, &type, &protocol, &ops);

    if (!error)
        error = socket_allocate(ops, family, type, protocol, flags, &files[0]);
    if (error)
        return error;
    error = socket_allocate(ops, family, type, protocol, flags, &files[1]);
    if (error) {
        file_put(files[0]);
        return error;
    }
    error = make_pair(files);
    if (error) {
        file_put(files[0]);
        file_put(files[1]);
    }
    return error;
}

long sys_socketpair(int family, int type, int protocol, user_address out)
{
    unsigned flags = (unsigned)type & ~(unsigned)SOCK_TYPE_MASK;
    struct file *files[2];

    if (flags & ~(unsigned)CREATE_FLAGS)
        return -EINVAL;
    int error = create_pair(family, type & SOCK_TYPE_MASK, protocol, flags, files);

    return error ? error : fd_install_both(files[0], files[1], (flags & SOCK_CLOEXEC) != 0, out);
}

/* ---- descriptors and addresses ---- */

int socket_get(int fd, struct socket **out)
{
    struct file *file = fd_file(fd);

    if (!file || (file->flags & O_PATH))
        return -EBADF;
    *out = file_socket(file);
    if (!*out)
        return -ENOTSOCK;
    file_get(file);
    return 0;
}

void socket_put(struct socket *socket)
{
    file_put(socket->file);
}

int address_read(struct socket_address *address, user_address from, int length)
{
    if (length < 0 || (size_t)length > sizeof(address->bytes))
        return -EINVAL;
    address->length = (uint32_t)length;
    if (length > 0 && copy_from_user(address->bytes, from, (size_t)length) < 0)
        return -EFAULT;
    if ((size_t)length < sizeof(address->family))
        address->family = AF_UNSPEC;
    return 0;
}

int address_write(const struct socket_address *address, user_address to, user_address length)
{
    int32_t room;

    if (copy_from_user(&room, length, sizeof(room)) < 0)
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    size_t size = min((size_t)room, (size_t)address->length);

    if (size > 0 && copy_to_user(to, address->bytes, size) < 0)
        return -EFAULT;
    room = (int32_t)address->length;
    return copy_to_user(length, &room, sizeof(room));
}

/* ---- naming and connecting ---- */

/* Ports that mean a service of the system are root's to take. */
static bool may_have_port(const struct socket *socket, const struct socket_address *address)
{
    bool is_inet = (socket->family == AF_INET && address->length >= sizeof(address->inet)) ||
                   (socket->family == AF_INET6 && address->length >= sizeof(address->inet6));
    unsigned port = __builtin_bswap16(address->inet.sin_port); /* in IPv6's the same place */

    if (!is_inet || (socket->type != SOCK_STREAM && socket->type != SOCK_DGRAM))
        return true;
    return port == 0 || port >= PORTS_OF_ROOT || process_privileged();
}

static int bind_checked(struct socket *socket, struct socket_address *address)
{
    return may_have_port(socket, address) ? socket_bind(socket, address) : -EACCES;
}

/* bind(2) and connect(2): a call with an address of the user's. */
static long call_with_address(int fd, user_address from, int length,
                              int (*call)(struct socket *, struct socket_address *))
{
    struct socket_address address;
    struct socket *socket;
    int error = socket_get(fd, &socket);

    if (error)
        return error;
    error = address_read(&address, from, length);
    if (!error)
        error = call(socket, &address);
    socket_put(socket);
    return error;
}

long sys_bind(int fd, user_address address, int length)
{
    return call_with_address(fd, address, length, bind_checked);
}

long sys_connect(int fd, user_address address, int length)
{
    return call_with_address(fd, address, length, socket_connect);
}

long sys_listen(int fd, int backlog)
{
    struct socket *socket;
    int error = socket_get(fd, &socket);

    if (error)
        return error;
    if ((unsigned)backlog > SOMAXCONN)
        backlog = SOMAXCONN;
    error = socket_listen(socket, backlog);
    socket_put(socket);
    return error;
}

static long accept_and_tell(struct socket *socket, user_address address, user_address length,
                            unsigned flags)
{
    struct socket_address peer;
    struct file *file;
    int error = fd_lowest_free(0);

    if (error < 0)
        return error;
    error = socket_accept(socket, flags, &file, &peer);
    if (!error && address) {
        error = address_write(&peer, address, length);
        if (error)
            file_put(file);
    }
    return error ? error : install(file, flags);
}

long sys_accept4(int fd, user_address address, user_address length, int flags)
{
    struct socket *socket;
    int error = socket_get(fd, &socket);

    if (error)
        return error;
    long result =
        flags & ~CREATE_FLAGS ? -EINVAL : accept_and_tell(socket, address, length, (unsigned)flags);

    socket_put(socket);
    return result;
}

long sys_accept(int fd, user_address address, user_address length)
{
    return sys_accept4(fd, address, length, 0);
}

static long tell_name(int fd, bool peer, user_address to, user_address length)
{
    struct socket_address address;
    struct socket *socket;
    int error = socket_get(fd, &socket);

    if (error)
        return error;
    error = socket->ops->name(socket->handle, peer, &address);
    if (!error)
        error = address_write(&address, to, length);
    socket_put(socket);
    return error;
}

long sys_getsockname(int fd, user_address address, user_address length)
{
    return tell_name(fd, false, address, length);
}

long sys_getpeername(int fd, user_address address, user_address length)
{
    return tell_name(fd, true, address, length);
}

long sys_shutdown(int fd, int how)
{
    struct socket *socket;
    int error = socket_get(fd, &socket);

    if (error)
        return error;
    error = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : socket->ops->shutdown(socket->handle, how);
    socket_put(socket);
    return error;
}

/* ---- options ---- */

long sys_setsockopt(int fd, int level, int name, user_address value, int length)
{
    struct socket *socket;
    int error = length < 0 ? -EINVAL : socket_get(fd, &socket);

    if (error)
        return error;
    error = socket_set_option(socket, level, name, value, length);
    socket_put(socket);
    return error;
}

long sys_getsockopt(int fd, int level, int name, user_address value, user_address length)
{
    struct socket *socket;
    int error = socket_get(fd, &socket);

    if (error)
        return error;
    error = socket_get_option(socket, level, name, value, length);
    socket_put(socket);
    return error;
}
