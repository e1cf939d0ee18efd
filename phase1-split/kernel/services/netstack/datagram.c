/* Sockets that receive packets one by one: their queue, and the way that a packet takes out. */
#include "datagram.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/poll.h>

#include <lib/bits.h>
#include <platform/clock.h>

#include <lwip/ip.h>
#include <lwip/mem.h>
#include <lwip/raw.h>
#include <lwip/udp.h>

#include "address.h"
#include "buffer.h"
#include "interface_control.h"
#include "netstack.h"
#include "options.h"
#include "route.h"

#define OVERHEAD 256u /* bytes that a packet is charged for besides its data */

struct datagram {
    struct list node;
    struct pbuf *data;
    ip_addr_t from, to;
    uint16_t port;
    uint8_t device;
    uint8_t hops;
    int64_t time; /* ns, clock_monotonic() */
};

/* ---- the queue ---- */

static uint8_t current_hops(void)
{
    return ip_current_is_v6() ? IP6H_HOPLIM(ip6_current_header()) : IPH_TTL(ip4_current_header());
}

void datagram_queue(socket_handle socket, struct pbuf *packet, const ip_addr_t *from, uint16_t port)
{
    struct datagram_part *part = &socket->datagram;
    uint32_t charge = packet->tot_len + OVERHEAD;
    struct datagram *datagram = NULL;

    if (part->charged + charge <= socket->options.receive_limit)
        datagram = mem_malloc(sizeof(*datagram));
    if (!datagram) {
        part->dropped++;
        pbuf_free(packet);
        return;
    }
    datagram->data = packet;
    ip_addr_copy(datagram->from, *from);
    ip_addr_copy(datagram->to, *ip_current_dest_addr());
    datagram->port = port;
    datagram->device = netif_get_index(ip_current_input_netif());
    datagram->hops = current_hops();
    datagram->time = (int64_t)clock_monotonic();
    part->charged += charge;
    list_add_tail(&part->queue, &datagram->node);
    inet_wake(socket);
}

static void drop(struct datagram_part *part, struct datagram *datagram)
{
    part->charged -= datagram->data->tot_len + OVERHEAD;
    list_remove(&datagram->node);
    pbuf_free(datagram->data);
    mem_free(datagram);
}

void datagram_discard(socket_handle socket)
{
    while (!list_empty(&socket->datagram.queue))
        drop(&socket->datagram, list_first_entry(&socket->datagram.queue, struct datagram, node));
}

static void describe(socket_handle socket, const struct datagram *datagram,
                     struct socket_message *message)
{
    const struct inet_options *options = &socket->options;
    struct socket_extras *extras = &message->extras;
    bool version6 = IP_IS_V6_VAL(datagram->from);

    extras->has_packet_info = options->packet_info || options->packet_info6;
    extras->interface = datagram->device;
    address_to_ip6(&datagram->to, &extras->local);
    extras->hop_limit = -1;
    if (version6 ? options->receive_ttl6 : options->receive_ttl)
        extras->hop_limit = datagram->hops;
    extras->hop_limit_old = options->old_ttl6;
    extras->time = datagram->time;
    if (message->address)
        inet_name(socket, &datagram->from, datagram->port, message->address);
}

int datagram_receive(socket_handle socket, struct socket_message *message)
{
    struct datagram_part *part = &socket->datagram;
    bool peek = message->flags & MSG_PEEK;
    struct datagram *datagram;
    size_t size, moved;

    if (message->flags & (MSG_OOB | MSG_ERRQUEUE))
        return message->flags & MSG_OOB ? -EOPNOTSUPP : -EAGAIN;
    if (socket->error)
        return inet_take_error(socket);
    if (list_empty(&part->queue)) {
        message->length = 0;
        message->flags = 0;
        return socket->shutdown & SHUTDOWN_RECEIVE ? 0 : -EAGAIN;
    }
    datagram = list_first_entry(&part->queue, struct datagram, node);
    size = datagram->data->tot_len;
    moved =
        buffer_put(message->data, datagram->data, 0, min(size, user_buffer_left(message->data)));
    if (moved < min(size, message->data->length))
        return -EFAULT;
    message->length = size;
    message->flags = moved < size ? MSG_TRUNC : 0;
    describe(socket, datagram, message);
    if (!peek)
        drop(part, datagram);
    return 0;
}

/* ---- where packets go ---- */

static struct netif *route(socket_handle socket, const ip_addr_t *from, const ip_addr_t *to,
                           uint32_t asked)
{
    uint8_t device = asked ? (uint8_t)min(asked, 255u) : socket->options.device;

    if (!device && ip_addr_ismulticast(to))
        device = socket->options.multicast_device;
    if (!device && IP_IS_V6(to) && ip6_addr_has_zone(ip_2_ip6(to)))
        device = ip6_addr_zone(ip_2_ip6(to));
    if (device && !(address_is_local(to) && !asked))
        return netif_get_by_index(device);
    return ip_route(from, to);
}

static bool is_chosen(const ip_addr_t *address)
{
    return !IP_IS_ANY_TYPE_VAL(*address) && !ip_addr_isany(address) &&
           !ip_addr_ismulticast(address);
}

/* A path to `to` for a socket that connects: the address it will send from. */
static int choose_source(socket_handle socket, const ip_addr_t *to, ip_addr_t *out)
{
    uint8_t device = socket->options.device;

    if (!device && ip_addr_ismulticast(to))
        device = socket->options.multicast_device;
    if (!is_chosen(&socket->local))
        return address_source(to, device, out);
    if (IP_IS_V6_VAL(socket->local) != IP_IS_V6(to))
        return -ENETUNREACH;
    ip_addr_copy(*out, socket->local);
    return 0;
}

static int find_source(socket_handle socket, const struct socket_message *message,
                       struct datagram_path *path)
{
    const struct socket_extras *extras = &message->extras;

    if (extras->has_packet_info) {
        address_from_ip6(&extras->local, extras->interface, &path->from);
        if (!ip_addr_isany(&path->from) && IP_IS_V6_VAL(path->from) == IP_IS_V6_VAL(path->to))
            return address_is_local(&path->from) ? 0 : -EINVAL;
        if (extras->interface)
            return address_source(&path->to, (uint8_t)min(extras->interface, 255u), &path->from);
    }
    return choose_source(socket, &path->to, &path->from);
}

int datagram_find_path(socket_handle socket, const struct socket_message *message,
                       struct datagram_path *out)
{
    const struct socket_extras *extras = &message->extras;
    int error;

    if (socket->error)
        return inet_take_error(socket);
    if (socket->shutdown & SHUTDOWN_SEND)
        return -EPIPE;
    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (message->address && message->address->length > 0) {
        error = inet_peer_address(socket, message->address, &out->to, &out->port);
        if (error)
            return error;
    } else if (socket->datagram.connected) {
        ip_addr_copy(out->to, socket->remote);
        out->port = socket->remote_port;
    } else {
        return -EDESTADDRREQ;
    }
    error = find_source(socket, message, out);
    if (error)
        return error;
    out->netif =
        route(socket, &out->from, &out->to, extras->has_packet_info ? extras->interface : 0);
    return out->netif ? 0 : route_error(&out->to);
}

int datagram_mtu(socket_handle socket, void *value, size_t *length)
{
    const struct netif *netif;

    if (socket->remote_port == 0 && !socket->datagram.connected)
        return -ENOTCONN;
    netif = ip_route(&socket->local, &socket->remote);
    return netif ? option_number(value, length, netif->mtu) : -ENOTCONN;
}

/* ---- connecting ---- */

/* Both kinds of lwIP's control blocks begin alike. */
static struct ip_pcb *pcb_of(socket_handle socket)
{
    struct datagram_part *part = &socket->datagram;

    return part->udp ? (struct ip_pcb *)part->udp : (struct ip_pcb *)part->raw;
}

static void set_peer(socket_handle socket, const ip_addr_t *address, uint16_t port, bool connected)
{
    struct datagram_part *part = &socket->datagram;

    part->connected = connected;
    ip_addr_copy(socket->remote, *address);
    ip_addr_copy(pcb_of(socket)->remote_ip, *address);
    if (part->udp) { /* a raw socket's peer has no port */
        socket->remote_port = part->udp->remote_port = port;
        udp_clear_flags(part->udp, UDP_FLAGS_CONNECTED);
        udp_set_flags(part->udp, connected ? UDP_FLAGS_CONNECTED : 0);
    } else {
        raw_clear_flags(part->raw, RAW_FLAGS_CONNECTED);
        raw_set_flags(part->raw, connected ? RAW_FLAGS_CONNECTED : 0);
    }
}

static void disconnect(socket_handle socket)
{
    struct ip_pcb *pcb = pcb_of(socket);
    ip_addr_t any;

    ip_addr_set_any(socket->family == AF_INET6, &any);
    set_peer(socket, &any, 0, false);
    if (socket->bound)
        return;
    ip_addr_copy(socket->local, any);
    ip_addr_copy(pcb->local_ip, any);
    if (socket->datagram.udp && socket->family == AF_INET6)
        IP_SET_TYPE_VAL(pcb->local_ip, IPADDR_TYPE_ANY);
}

int datagram_connect(socket_handle socket, const struct socket_address *address,
                     int (*need_port)(socket_handle socket))
{
    ip_addr_t to, from;
    uint16_t port;
    int error;

    if (address->length < sizeof(address->family))
        return -EINVAL;
    if (address->family == AF_UNSPEC) {
        disconnect(socket);
        return 0;
    }
    error = inet_peer_address(socket, address, &to, &port);
    if (!error && socket->datagram.connected)
        disconnect(socket);
    if (!error)
        error = choose_source(socket, &to, &from);
    if (!error)
        error = need_port(socket);
    if (error)
        return error;
    ip_addr_copy(pcb_of(socket)->local_ip, from);
    ip_addr_copy(socket->local, from);
    set_peer(socket, &to, port, true);
    return 0;
}

/* ---- the rest ---- */

void datagram_apply(socket_handle socket)
{
    struct datagram_part *part = &socket->datagram;

    if (part->udp) {
        inet_apply(socket, (struct ip_pcb *)part->udp);
        udp_set_multicast_ttl(part->udp, socket->options.multicast_ttl);
    }
    if (part->raw) {
        inet_apply(socket, (struct ip_pcb *)part->raw);
        raw_set_multicast_ttl(part->raw, socket->options.multicast_ttl);
    }
}

/* datagram_poll() of Linux; a packet is sent at once, so there is always room for one. */
int datagram_poll(socket_handle socket, uint32_t *ready)
{
    *ready = POLLOUT | POLLWRNORM | POLLWRBAND;
    if (socket->error)
        *ready |= POLLERR;
    if (socket->shutdown & SHUTDOWN_RECEIVE)
        *ready |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (socket->shutdown == (SHUTDOWN_RECEIVE | SHUTDOWN_SEND))
        *ready |= POLLHUP;
    if (!list_empty(&socket->datagram.queue))
        *ready |= POLLIN | POLLRDNORM;
    return 0;
}

int datagram_shutdown(socket_handle socket, int how)
{
    if (!socket->datagram.connected)
        return -ENOTCONN;
    socket->shutdown |= (unsigned)how + 1;
    inet_wake(socket);
    return 0;
}

int datagram_name(socket_handle socket, bool peer, struct socket_address *out)
{
    if (peer && !socket->datagram.connected)
        return -ENOTCONN;
    if (peer)
        inet_name(socket, &socket->remote, socket->remote_port, out);
    else
        inet_name(socket, &socket->local, socket->local_port, out);
    return 0;
}

int datagram_connect_result(socket_handle socket)
{
    (void)socket;
    return 0;
}

int datagram_control(socket_handle socket, unsigned command, uint64_t value,
                     struct user_buffer *argument, int *result)
{
    const struct list *queue = &socket->datagram.queue;
    int size = 0;

    (void)value;
    switch (command) {
    case FIONREAD: /* of the first packet: udp(7) */
        if (!list_empty(queue))
            size = list_first_entry(queue, struct datagram, node)->data->tot_len;
        break;
    case TIOCOUTQ:
        break;
    default:
        return interface_control(socket->family, command, argument, result);
    }
    return user_buffer_put(argument, &size, sizeof(size)) == sizeof(size) ? 0 : -EFAULT;
}
