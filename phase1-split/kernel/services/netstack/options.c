/* Options of levels SOL_SOCKET, SOL_IP and SOL_IPV6: socket(7), ip(7), ipv6(7).  What lwIP keeps
 * itself is carried over to its control block by inet_apply(). */
#include "options.h"

#include "inet.h"

#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/raw.h>
#include <lwip/udp.h>

#include "datagram.h"
#include "netstack.h"
#include "tcp.h"

#define BUFFER_MOST       212992u /* before doubling: net.core.wmem_max, rmem_max */
#define SEND_LEAST        4608u
#define RECEIVE_LEAST     2304u
#define DEFAULT_HOPS      64
#define MTU_DISCOVER_DONT 0 /* IP_PMTUDISC_DONT, IPV6_PMTUDISC_DONT */
#define MTU_DISCOVER_WANT 1
#define MTU_DISCOVER_MOST 5

/* ---- values ---- */

int option_bytes(void *value, size_t *length, const void *bytes, size_t size)
{
    *length = min(*length, size);
    memcpy(value, bytes, *length);
    return 0;
}

int option_number(void *value, size_t *length, int number)
{
    return option_bytes(value, length, &number, sizeof(number));
}

int option_take_number(const void *value, size_t length, int *out)
{
    if (length < sizeof(*out))
        return -EINVAL;
    memcpy(out, value, sizeof(*out));
    return 0;
}

/* Those of level SOL_IP may be a byte, too. */
static int take_byte_or_number(const void *value, size_t length, int *out)
{
    if (length >= sizeof(*out))
        return option_take_number(value, length, out);
    if (length == 0)
        return -EINVAL;
    *out = *(const uint8_t *)value;
    return 0;
}

/* ---- to lwIP ---- */

void inet_apply(socket_handle socket, struct ip_pcb *pcb)
{
    const struct inet_options *options = &socket->options;

    pcb->so_options = SOF_REUSEADDR; /* lwIP does not check: ports.c has */
    if (options->reuse_address)
        pcb->so_options |= PORT_REUSED;
    if (options->keep_alive)
        pcb->so_options |= SOF_KEEPALIVE;
    pcb->tos = options->tos;
    pcb->ttl = options->ttl ? options->ttl : DEFAULT_HOPS;
    pcb->netif_idx = options->device;
}

static void apply(socket_handle socket)
{
    if (socket->type != SOCK_STREAM)
        datagram_apply(socket);
    else if (socket->tcp.listener)
        inet_apply(socket, (struct ip_pcb *)socket->tcp.listener);
    else if (socket->tcp.pcb)
        tcp_apply(socket, socket->tcp.pcb);
}

/* ---- SOL_SOCKET ---- */

static int get_socket_option(socket_handle socket, int name, void *value, size_t *length)
{
    const struct inet_options *options = &socket->options;

    switch (name) {
    case SO_REUSEADDR:
        return option_number(value, length, options->reuse_address);
    case SO_REUSEPORT:
        return option_number(value, length, options->reuse_port);
    case SO_BROADCAST:
        return option_number(value, length, options->broadcast);
    case SO_KEEPALIVE:
        return option_number(value, length, options->keep_alive);
    case SO_DONTROUTE:
        return option_number(value, length, options->dont_route);
    case SO_SNDBUF:
        return option_number(value, length, (int)options->send_limit);
    case SO_RCVBUF:
        return option_number(value, length, (int)options->receive_limit);
    case SO_ERROR:
        return option_number(value, length, -inet_take_error(socket));
    case SO_ACCEPTCONN:
        return option_number(value, length, socket->type == SOCK_STREAM && socket->tcp.listener);
    case SO_LINGER: {
        int linger[2] = { options->linger, options->linger_seconds };

        return option_bytes(value, length, linger, sizeof(linger));
    }
    case SO_BINDTODEVICE: {
        const struct interface *interface = interface_find(options->device);

        if (!interface)
            return option_bytes(value, length, "", 0);
        return option_bytes(value, length, interface->name, strlen(interface->name) + 1);
    }
    case SO_PRIORITY:
        return option_number(value, length, options->priority);
    case SO_MARK:
        return option_number(value, length, options->mark);
    case SO_OOBINLINE:
        return option_number(value, length, options->urgent_inline);
    case SO_NO_CHECK:
    case SO_RXQ_OVFL:
        return option_number(value, length, 0);
    case SO_SNDLOWAT:
        return option_number(value, length, 1);
    default:
        return -ENOPROTOOPT;
    }
}

static uint32_t doubled(int bytes, uint32_t least, bool forced)
{
    uint32_t wanted = bytes < 0 ? BUFFER_MOST : (uint32_t)bytes;

    return max(min(wanted, forced ? 16 * BUFFER_MOST : BUFFER_MOST) * 2, least);
}

static int set_device(socket_handle socket, const char *name, size_t length)
{
    char copy[INTERFACE_NAME] = "";
    const struct interface *interface;

    memcpy(copy, name, min(length, sizeof(copy) - 1));
    if (copy[0] == '\0') {
        socket->options.device = 0;
        return 0;
    }
    interface = interface_find_name(copy);
    if (!interface)
        return -ENODEV;
    socket->options.device = (uint8_t)interface->index;
    return 0;
}

static int set_linger(socket_handle socket, const void *value, size_t length)
{
    int linger[2];

    if (length < sizeof(linger))
        return -EINVAL;
    memcpy(linger, value, sizeof(linger));
    socket->options.linger = linger[0] != 0;
    socket->options.linger_seconds = linger[1];
    return 0;
}

static int set_socket_number(struct inet_options *options, int name, int number)
{
    switch (name) {
    case SO_REUSEADDR:
        options->reuse_address = number != 0;
        return 0;
    case SO_REUSEPORT:
        options->reuse_port = number != 0;
        return 0;
    case SO_BROADCAST:
        options->broadcast = number != 0;
        return 0;
    case SO_KEEPALIVE:
        options->keep_alive = number != 0;
        return 0;
    case SO_DONTROUTE:
        options->dont_route = number != 0;
        return 0;
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        options->send_limit = doubled(number, SEND_LEAST, name == SO_SNDBUFFORCE);
        return 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        options->receive_limit = doubled(number, RECEIVE_LEAST, name == SO_RCVBUFFORCE);
        return 0;
    case SO_PRIORITY:
        options->priority = number;
        return 0;
    case SO_MARK:
        options->mark = number;
        return 0;
    case SO_OOBINLINE:
        options->urgent_inline = number != 0; /* they are never anywhere else */
        return 0;
    case SO_NO_CHECK:
    case SO_RXQ_OVFL:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_socket_option(socket_handle socket, int name, const void *value, size_t length)
{
    int number, error;

    if (name == SO_BINDTODEVICE)
        return set_device(socket, value, length);
    error = option_take_number(value, length, &number);
    if (error)
        return error;
    if (name == SO_LINGER)
        return set_linger(socket, value, length);
    return set_socket_number(&socket->options, name, number);
}

/* ---- SOL_IP ---- */

static int get_ip_option(socket_handle socket, int name, void *value, size_t *length)
{
    const struct inet_options *options = &socket->options;

    switch (name) {
    case IP_TOS:
        return option_number(value, length, options->tos);
    case IP_TTL:
        return option_number(value, length, options->ttl ? options->ttl : DEFAULT_HOPS);
    case IP_HDRINCL:
        return option_number(value, length, options->header_included);
    case IP_PKTINFO:
        return option_number(value, length, options->packet_info);
    case IP_RECVTTL:
        return option_number(value, length, options->receive_ttl);
    case IP_RECVERR:
        return option_number(value, length, options->receive_error);
    case IP_MULTICAST_TTL:
        return option_number(value, length, options->multicast_ttl);
    case IP_MULTICAST_LOOP:
        return option_number(value, length, options->multicast_loop);
    case IP_MTU_DISCOVER:
        return option_number(value, length, MTU_DISCOVER_DONT);
    case IP_MTU:
        return datagram_mtu(socket, value, length);
    case IP_OPTIONS:
        return option_bytes(value, length, "", 0);
    case IP_MULTICAST_ALL:
        return option_number(value, length, 1);
    default:
        return -ENOPROTOOPT;
    }
}

/* Packets that are too large are sent in fragments: nothing else can be had. */
static int mtu_discover_error(int number)
{
    if (number < 0 || number > MTU_DISCOVER_MOST)
        return -EINVAL;
    return number <= MTU_DISCOVER_WANT ? 0 : -ENOPROTOOPT;
}

static int set_ip_number(socket_handle socket, int name, int number)
{
    struct inet_options *options = &socket->options;

    switch (name) {
    case IP_TOS:
        options->tos = (uint8_t)number;
        return 0;
    case IP_TTL:
        if (number != -1 && (number < 1 || number > 255))
            return -EINVAL;
        options->ttl = number == -1 ? 0 : (uint8_t)number;
        return 0;
    case IP_HDRINCL:
        if (socket->type != SOCK_RAW)
            return -ENOPROTOOPT;
        options->header_included = number != 0;
        return 0;
    case IP_PKTINFO:
        options->packet_info = number != 0;
        return 0;
    case IP_RECVTTL:
        options->receive_ttl = number != 0;
        return 0;
    case IP_RECVERR:
        options->receive_error = number != 0;
        return 0;
    case IP_MULTICAST_TTL:
        if (socket->type == SOCK_STREAM || number < -1 || number > 255)
            return -EINVAL;
        options->multicast_ttl = number == -1 ? 1 : (uint8_t)number;
        return 0;
    case IP_MULTICAST_LOOP:
        options->multicast_loop = number != 0;
        return 0;
    case IP_MTU_DISCOVER:
        return mtu_discover_error(number);
    case IP_MULTICAST_ALL:
        return number == 1 ? 0 : -ENOPROTOOPT; /* it is so */
    default:
        return -ENOPROTOOPT;
    }
}

static int set_ip_option(socket_handle socket, int name, const void *value, size_t length)
{
    int number, error;

    switch (name) {
    case IP_MULTICAST_IF:
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
        return multicast_set_option(socket, name, value, length);
    case IP_OPTIONS: /* lwIP sends none */
        return length == 0 ? 0 : -EINVAL;
    default:
        error = take_byte_or_number(value, length, &number);
        return error ? error : set_ip_number(socket, name, number);
    }
}

/* ---- SOL_IPV6 ---- */

static int get_ip6_option(socket_handle socket, int name, void *value, size_t *length)
{
    const struct inet_options *options = &socket->options;

    if (socket->family != AF_INET6)
        return -ENOPROTOOPT;
    switch (name) {
    case IPV6_V6ONLY:
        return option_number(value, length, options->v6_only);
    case IPV6_UNICAST_HOPS:
        return option_number(value, length, options->ttl ? options->ttl : DEFAULT_HOPS);
    case IPV6_MULTICAST_HOPS:
        return option_number(value, length, options->multicast_ttl);
    case IPV6_MULTICAST_LOOP:
        return option_number(value, length, options->multicast_loop);
    case IPV6_MULTICAST_IF:
        return option_number(value, length, options->multicast_device);
    case IPV6_RECVPKTINFO:
        return option_number(value, length, options->packet_info6);
    case IPV6_2292HOPLIMIT:
        return option_number(value, length, options->receive_ttl6 && options->old_ttl6);
    case IPV6_RECVHOPLIMIT:
        return option_number(value, length, options->receive_ttl6);
    case IPV6_TCLASS:
        return option_number(value, length, options->tos);
    case IPV6_RECVERR:
        return option_number(value, length, options->receive_error);
    case IPV6_MTU_DISCOVER:
        return option_number(value, length, MTU_DISCOVER_DONT);
    case IPV6_CHECKSUM:
        return option_number(value, length,
                             socket->type == SOCK_STREAM ? -1 : socket->datagram.checksum_offset);
    case IPV6_MTU:
        return datagram_mtu(socket, value, length);
    default:
        return -ENOPROTOOPT;
    }
}

static int set_v6_only(socket_handle socket, int number)
{
    if (socket->local_port)
        return -EINVAL;
    socket->options.v6_only = number != 0;
    return 0;
}

static int set_hops(uint8_t *out, int number, uint8_t otherwise)
{
    if (number < -1 || number > 255)
        return -EINVAL;
    *out = number == -1 ? otherwise : (uint8_t)number;
    return 0;
}

static int set_ip6_number(socket_handle socket, int name, int number)
{
    struct inet_options *options = &socket->options;

    switch (name) {
    case IPV6_V6ONLY:
        return set_v6_only(socket, number);
    case IPV6_UNICAST_HOPS:
        return set_hops(&options->ttl, number, 0);
    case IPV6_MULTICAST_HOPS:
        return set_hops(&options->multicast_ttl, number, 1);
    case IPV6_MULTICAST_LOOP:
        options->multicast_loop = number != 0;
        return 0;
    case IPV6_RECVPKTINFO:
        options->packet_info6 = number != 0;
        return 0;
    case IPV6_2292HOPLIMIT:
        options->receive_ttl6 = options->old_ttl6 = number != 0;
        return 0;
    case IPV6_RECVHOPLIMIT:
        options->old_ttl6 = false;
        options->receive_ttl6 = number != 0;
        return 0;
    case IPV6_TCLASS:
        if (number < -1 || number > 255)
            return -EINVAL;
        options->tos = number == -1 ? 0 : (uint8_t)number;
        return 0;
    case IPV6_RECVERR:
        options->receive_error = number != 0;
        return 0;
    case IPV6_CHECKSUM:
        return datagram_set_checksum(socket, SOL_IPV6, number);
    case IPV6_MTU_DISCOVER:
        return mtu_discover_error(number);
    default:
        return -ENOPROTOOPT;
    }
}

static int set_ip6_option(socket_handle socket, int name, const void *value, size_t length)
{
    int number, error;

    if (socket->family != AF_INET6)
        return -ENOPROTOOPT;
    switch (name) {
    case IPV6_MULTICAST_IF:
    case IPV6_ADD_MEMBERSHIP:
    case IPV6_DROP_MEMBERSHIP:
        return multicast_set_option6(socket, name, value, length);
    default:
        error = option_take_number(value, length, &number);
        return error ? error : set_ip6_number(socket, name, number);
    }
}

/* ---- by level ---- */

int inet_get_option(socket_handle socket, int level, int name, void *value, size_t *length)
{
    switch (level) {
    case SOL_SOCKET:
        return get_socket_option(socket, name, value, length);
    case SOL_IP:
        return get_ip_option(socket, name, value, length);
    case SOL_IPV6:
        return get_ip6_option(socket, name, value, length);
    case SOL_TCP:
        return tcp_get_option(socket, name, value, length);
    case SOL_RAW:
    case SOL_ICMPV6:
        return raw_get_option(socket, level, name, value, length);
    default:
        return -ENOPROTOOPT;
    }
}

int inet_set_option(socket_handle socket, int level, int name, const void *value, size_t length)
{
    int error;

    switch (level) {
    case SOL_SOCKET:
        error = set_socket_option(socket, name, value, length);
        break;
    case SOL_IP:
        error = set_ip_option(socket, name, value, length);
        break;
    case SOL_IPV6:
        error = set_ip6_option(socket, name, value, length);
        break;
    case SOL_TCP:
        return tcp_set_option(socket, name, value, length);
    case SOL_RAW:
    case SOL_ICMPV6:
        return raw_set_option(socket, level, name, value, length);
    default:
        return -ENOPROTOOPT;
    }
    if (!error)
        apply(socket);
    return error;
}
