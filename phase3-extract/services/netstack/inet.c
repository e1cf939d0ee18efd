/* What sockets of IP have in common whatever they carry. */
#include "inet.h"

#include <linux/errno.h>

#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/mem.h>

#include "address.h"
#include "netstack.h"

struct list inet_sockets = LIST_INITIAL(inet_sockets);

#define DATAGRAM_LIMIT    212992u /* SO_SNDBUF and SO_RCVBUF at first: net.core.rmem_default */
#define TCP_SEND_LIMIT    TCP_SND_BUF
#define TCP_RECEIVE_LIMIT TCP_WND

/* ---- life ---- */

int inet_create(int family, int type, int protocol, const struct socket_origin *origin,
                socket_handle *out)
{
    socket_handle socket = mem_calloc(1, sizeof(*socket));
    bool stream = type == SOCK_STREAM;

    if (!socket)
        return -ENOBUFS;
    socket->family = (uint16_t)family;
    socket->type = (uint8_t)type;
    socket->protocol = (uint8_t)protocol;
    if (origin)
        socket->origin = *origin;
    if (family == AF_INET6) {
        ip_addr_set_any(true, &socket->local);
        ip_addr_set_any(true, &socket->remote);
    }
    socket->options.multicast_loop = true;
    socket->options.multicast_ttl = 1;
    socket->options.send_limit = stream ? TCP_SEND_LIMIT : DATAGRAM_LIMIT;
    socket->options.receive_limit = stream ? TCP_RECEIVE_LIMIT : DATAGRAM_LIMIT;
    list_init(&socket->memberships);
    list_add(&inet_sockets, &socket->all);
    *out = socket;
    return 0;
}

void inet_free(socket_handle socket)
{
    list_remove(&socket->all);
    mem_free(socket);
}

/* ---- telling ---- */

void inet_wake(socket_handle socket)
{
    if (socket->origin.wait)
        wait_handle_wake(socket->origin.wait);
}

void inet_fail(socket_handle socket, int error)
{
    socket->error = error;
    inet_wake(socket);
}

int inet_take_error(socket_handle socket)
{
    int error = -socket->error;

    socket->error = 0;
    return error;
}

int inet_error(err_t error)
{
    switch (error) {
    case ERR_OK:
        return 0;
    case ERR_MEM:
    case ERR_BUF:
        return -ENOBUFS;
    case ERR_RTE:
        return -ENETUNREACH;
    case ERR_USE:
        return -EADDRINUSE;
    case ERR_ALREADY:
        return -EALREADY;
    case ERR_ISCONN:
        return -EISCONN;
    case ERR_CONN:
        return -ENOTCONN;
    case ERR_IF:
        return -ENETDOWN;
    case ERR_ABRT:
        return -ECONNABORTED;
    case ERR_RST:
        return -ECONNRESET;
    default:
        return -EINVAL;
    }
}

/* ---- addresses ---- */

void inet_name(socket_handle socket, const ip_addr_t *address, uint16_t port,
               struct socket_address *out)
{
    address_to_socket(socket->family, address, port, out);
}

/* May the socket's family and IPV6_V6ONLY have the address at all? */
static bool version_fits(socket_handle socket, const ip_addr_t *address)
{
    return IP_IS_V6(address) || socket->family == AF_INET || !socket->options.v6_only;
}

static bool is_broadcast(const ip_addr_t *address)
{
    struct netif *netif;

    if (IP_IS_V6(address))
        return false;
    if (ip_2_ip4(address)->addr == IPADDR_BROADCAST)
        return true;
    NETIF_FOREACH(netif)
    if (netif_is_up(netif) && !ip4_addr_isany_val(*netif_ip4_addr(netif)) &&
        ip4_addr_isbroadcast(ip_2_ip4(address), netif))
        return true;
    return false;
}

int inet_bind_address(socket_handle socket, const struct socket_address *address, ip_addr_t *out,
                      uint16_t *port)
{
    struct socket_address wanted = *address;
    int error;

    /* bind(2) of AF_UNSPEC and INADDR_ANY is an old way to say AF_INET (Linux, inet_bind()) */
    if (socket->family == AF_INET && wanted.length >= sizeof(wanted.inet) &&
        wanted.family == AF_UNSPEC && wanted.inet.sin_addr.s_addr == 0)
        wanted.family = AF_INET;
    error = address_from_socket(socket->family, &wanted, out, port);
    if (error)
        return error;
    if (!version_fits(socket, out))
        return -EINVAL;
    if (ip_addr_isany(out)) {
        if (socket->family == AF_INET6 && IP_IS_V6(out) && !socket->options.v6_only)
            IP_SET_TYPE(out, IPADDR_TYPE_ANY);
        return 0;
    }
    if (address_is_local(out))
        return 0;
    if (socket->type != SOCK_STREAM && (ip_addr_ismulticast(out) || is_broadcast(out)))
        return 0;
    return -EADDRNOTAVAIL;
}

int inet_peer_address(socket_handle socket, const struct socket_address *address, ip_addr_t *out,
                      uint16_t *port)
{
    int error = address_from_socket(socket->family, address, out, port);

    if (error)
        return error;
    if (!version_fits(socket, out))
        return -ENETUNREACH;
    if (ip_addr_isany(out)) { /* this machine, as on Linux */
        if (IP_IS_V6(out))
            ip6_addr_set_loopback(ip_2_ip6(out));
        else
            ip4_addr_set_loopback(ip_2_ip4(out));
    }
    if (is_broadcast(out)) {
        if (socket->type == SOCK_STREAM)
            return -ENETUNREACH;
        if (!socket->options.broadcast)
            return -EACCES;
    }
    if (socket->type == SOCK_STREAM && ip_addr_ismulticast(out))
        return -ENETUNREACH;
    return 0;
}
