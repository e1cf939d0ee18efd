/* Raw sockets, which see every packet of a protocol beside the kernel, and ping sockets, which see
 * the answers to their own echo requests: raw(7), icmp(7).  Core has checked who may have which. */
#include "service.h"

#include "datagram.h"

#include <linux/errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include <lib/bits.h>
#include <lib/checksum.h>
#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/prot/icmp.h>
#include <lwip/raw.h>

#include "address.h"
#include "buffer.h"
#include "netstack.h"
#include "options.h"
#include "unsupported.h"

#define DATA_MOST      65535u
#define ECHO_HEADER    8u
#define ICMP6_CHECKSUM 2 /* where it lies in every ICMPv6 message */

/* Linux's ICMP_FILTER and ICMPV6_FILTER, of its internal header linux/icmp.h and of icmpv6.h. */
#define OPTION_ICMP_FILTER 1

static bool is_ping(const struct service_socket *socket)
{
    return socket->type == SOCK_DGRAM;
}

/* ---- receiving ---- */

static bool filtered(const struct service_socket *socket, u8_t type)
{
    const struct datagram_part *part = &socket->datagram;

    if (socket->protocol == IPPROTO_ICMP)
        return type < 32 && (part->icmp_filter & (1u << type));
    if (socket->protocol == IPPROTO_ICMPV6)
        return part->icmp6_filter[type / 32] & (1u << type % 32);
    return false;
}

/* Is the packet an answer to an echo request of the socket? */
static bool answers(const struct service_socket *socket, struct pbuf *packet, u16_t headers)
{
    u8_t type = pbuf_get_at(packet, headers);
    u16_t id = (u16_t)(pbuf_get_at(packet, headers + 4) << 8 | pbuf_get_at(packet, headers + 5));

    return id == socket->local_port &&
           type == (socket->protocol == IPPROTO_ICMP ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY);
}

/* The packet goes on to the kernel's own protocol, so the socket gets a copy. */
static u8_t on_received(void *argument, struct raw_pcb *pcb, struct pbuf *packet,
                        const ip_addr_t *from)
{
    socket_handle socket = argument;
    u16_t headers = ip_current_header_tot_len(), skip = 0;
    struct pbuf *copy;

    if (pcb->netif_idx && pcb->netif_idx != netif_get_index(ip_current_input_netif()))
        return 0;
    if (packet->tot_len < headers || filtered(socket, pbuf_get_at(packet, headers)))
        return 0;
    if (is_ping(socket) && !answers(socket, packet, headers))
        return 0;
    if (is_ping(socket) || IP_IS_V6(from)) /* IPv6 shows no headers: RFC 3542, 3 */
        skip = headers;
    if (netstack_memory_tight())
        return 0;
    copy = pbuf_alloc(PBUF_RAW, (u16_t)(packet->tot_len - skip), PBUF_RAM);
    if (!copy)
        return 0;
    pbuf_copy_partial(packet, copy->payload, copy->tot_len, skip);
    datagram_queue(socket, copy, from, 0);
    return 0;
}

/* ---- life ---- */

static bool known(int family, int type, int protocol)
{
    if (type == SOCK_RAW)
        return protocol > 0 && protocol < 256;
    return type == SOCK_DGRAM && protocol == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static int create(int family, int type, int protocol, const struct socket_origin *origin,
                  socket_handle *out)
{
    socket_handle socket;
    struct raw_pcb *pcb;
    int error;

    if (!known(family, type, protocol))
        return -EPROTONOSUPPORT;
    error = inet_create(family, type, protocol, origin, &socket);
    if (error)
        return error;
    pcb = raw_new_ip_type(family == AF_INET ? IPADDR_TYPE_V4 : IPADDR_TYPE_V6, (u8_t)protocol);
    if (!pcb) {
        inet_free(socket);
        return -ENOBUFS;
    }
    list_init(&socket->datagram.queue);
    socket->datagram.raw = pcb;
    socket->datagram.checksum_offset = protocol == IPPROTO_ICMPV6 ? ICMP6_CHECKSUM : -1;
    socket->options.header_included = type == SOCK_RAW && protocol == IPPROTO_RAW;
    socket->options.v6_only = true;
    raw_recv(pcb, on_received, socket);
    datagram_apply(socket);
    *out = socket;
    return 0;
}

static int release(socket_handle socket)
{
    multicast_leave_all(socket);
    raw_remove(socket->datagram.raw);
    datagram_discard(socket);
    inet_free(socket);
    return 0;
}

/* ---- addresses ---- */

/* A ping socket's port is the identifier of its requests. */
static int need_identifier(socket_handle socket)
{
    return !is_ping(socket) || socket->local_port ? 0 : port_choose(socket, &socket->local_port);
}

static int bind(socket_handle socket, const struct socket_address *address)
{
    ip_addr_t local;
    uint16_t port;
    int error = inet_bind_address(socket, address, &local, &port);

    if (error)
        return error;
    if (is_ping(socket) && socket->local_port)
        return -EINVAL;
    if (is_ping(socket) && port)
        error = port_check(socket, &local, port);
    if (error)
        return error;
    if (is_ping(socket) && port)
        socket->local_port = port;
    ip_addr_copy(socket->local, local);
    ip_addr_copy(socket->datagram.raw->local_ip, local);
    socket->bound = true;
    return need_identifier(socket);
}

static int connect(socket_handle socket, const struct socket_address *address, socket_handle peer,
                   const struct socket_credentials *credentials)
{
    (void)peer;
    (void)credentials;
    return datagram_connect(socket, address, need_identifier);
}

/* ---- sending ---- */

/* A packet whose IP header the program wrote; what it left at zero is filled in: raw(7). */
static int complete_header(struct pbuf *packet, const struct datagram_path *path)
{
    struct ip_hdr *header = packet->payload;
    u16_t size;

    if (packet->len < IP_HLEN)
        return -EINVAL;
    size = IPH_HL_BYTES(header);
    if (IPH_V(header) != 4 || size < IP_HLEN || size > packet->len)
        return -EINVAL;
    IPH_LEN_SET(header, lwip_htons(packet->tot_len));
    if (ip4_addr_isany_val(header->src))
        ip4_addr_copy(header->src, *ip_2_ip4(&path->from));
    if (IPH_ID(header) == 0)
        IPH_ID_SET(header, (u16_t)netstack_random());
    IPH_CHKSUM_SET(header, 0);
    IPH_CHKSUM_SET(header, (u16_t)~checksum_sum(header, size));
    return 0;
}

static int take_whole(socket_handle socket, const struct datagram_path *path,
                      struct user_buffer *data, struct pbuf **out)
{
    size_t size = user_buffer_left(data);
    int error = 0;

    if (size > path->netif->mtu)
        return -EMSGSIZE;
    *out = netstack_memory_tight() ? NULL : pbuf_alloc(PBUF_LINK, (u16_t)size, PBUF_RAM);
    if (!*out)
        return -ENOBUFS;
    if (user_buffer_take(data, (*out)->payload, size) != size)
        error = -EFAULT;
    if (!error && socket->family == AF_INET)
        error = complete_header(*out, path);
    if (error)
        pbuf_free(*out);
    return error;
}

static int complete_ping(socket_handle socket, struct pbuf *packet)
{
    u8_t *bytes = packet->payload;
    u16_t sum;

    if (packet->len < ECHO_HEADER)
        return -EINVAL;
    if (bytes[0] != (socket->protocol == IPPROTO_ICMP ? ICMP_ECHO : ICMPV6_ECHO_REQUEST))
        return -EINVAL;
    bytes[4] = (u8_t)(socket->local_port >> 8);
    bytes[5] = (u8_t)socket->local_port;
    bytes[2] = bytes[3] = 0;
    if (socket->protocol == IPPROTO_ICMP) {
        sum = (u16_t)~checksum_sum(bytes, packet->len);
        memcpy(bytes + 2, &sum, sizeof(sum));
    }
    return 0;
}

/* IPV6_CHECKSUM: lwIP puts the sum there, and sums up what stood there before. */
static int clear_checksum(socket_handle socket, struct pbuf *packet)
{
    struct raw_pcb *pcb = socket->datagram.raw;
    int offset = socket->datagram.checksum_offset;

    pcb->chksum_reqd = socket->family == AF_INET6 && offset >= 0;
    if (!pcb->chksum_reqd)
        return 0;
    if (packet->len < offset + 2)
        return -EINVAL;
    pcb->chksum_offset = (u16_t)offset;
    memset((u8_t *)packet->payload + offset, 0, 2);
    return 0;
}

static int take_payload(socket_handle socket, struct user_buffer *data, struct pbuf **out)
{
    size_t size = user_buffer_left(data);
    uint16_t spare = 0;
    int error;

    /* In one piece, as far as checksums have to be put into it. */
    if (size <= 60000) {
        *out = netstack_memory_tight() ? NULL : pbuf_alloc(PBUF_IP, (u16_t)size, PBUF_RAM);
        if (!*out)
            return -ENOBUFS;
        error = user_buffer_take(data, (*out)->payload, size) == size ? 0 : -EFAULT;
    } else {
        error = buffer_take(data, size, PBUF_IP, &spare, out);
        if (error)
            return error;
    }
    if (!error && is_ping(socket))
        error = complete_ping(socket, *out);
    if (!error)
        error = clear_checksum(socket, *out);
    if (error)
        pbuf_free(*out);
    return error;
}

static int transmit(socket_handle socket, const struct datagram_path *path,
                    struct user_buffer *data)
{
    struct raw_pcb *pcb = socket->datagram.raw;
    struct pbuf *packet;
    int error;

    if (socket->options.header_included) {
        error = take_whole(socket, path, data, &packet);
        raw_set_flags(pcb, RAW_FLAGS_HDRINCL);
    } else {
        error = take_payload(socket, data, &packet);
        raw_clear_flags(pcb, RAW_FLAGS_HDRINCL);
    }
    if (error)
        return error;
    error = inet_error(raw_sendto_if_src(pcb, packet, &path->to, path->netif, &path->from));
    pbuf_free(packet);
    return error;
}

static int send(socket_handle socket, struct socket_message *message)
{
    size_t most = DATA_MOST - (socket->family == AF_INET ? IP_HLEN : 0);
    struct user_buffer before = *message->data;
    struct datagram_path path;
    int error;

    if (user_buffer_left(message->data) > most)
        return -EMSGSIZE;
    error = datagram_find_path(socket, message, &path);
    if (!error)
        error = need_identifier(socket);
    if (!error)
        error = transmit(socket, &path, message->data);
    if (error)
        *message->data = before; /* nothing of it was sent */
    return error;
}

/* ---- options ---- */

/* ICMPv6 always has it (RFC 3542, 3.1), and only Linux's level SOL_RAW may say so again. */
int datagram_set_checksum(socket_handle socket, int level, int offset)
{
    if (socket->type != SOCK_RAW || socket->family != AF_INET6)
        return -ENOPROTOOPT;
    if (socket->protocol == IPPROTO_ICMPV6 && (level == SOL_IPV6 || offset != ICMP6_CHECKSUM))
        return -EINVAL;
    if (offset > 0 && offset % 2)
        return -EINVAL;
    socket->datagram.checksum_offset = offset < 0 ? -1 : offset;
    return 0;
}

int raw_get_option(socket_handle socket, int level, int name, void *value, size_t *length)
{
    const struct datagram_part *part = &socket->datagram;

    if (level == SOL_RAW && socket->family == AF_INET6 && name == IPV6_CHECKSUM)
        return option_number(value, length, part->checksum_offset);
    if (socket->type != SOCK_RAW || name != OPTION_ICMP_FILTER)
        return -ENOPROTOOPT;
    if (level == SOL_RAW && socket->protocol == IPPROTO_ICMP)
        return option_bytes(value, length, &part->icmp_filter, sizeof(part->icmp_filter));
    if (level == SOL_ICMPV6 && socket->protocol == IPPROTO_ICMPV6)
        return option_bytes(value, length, part->icmp6_filter, sizeof(part->icmp6_filter));
    return -EOPNOTSUPP;
}

int raw_set_option(socket_handle socket, int level, int name, const void *value, size_t length)
{
    struct datagram_part *part = &socket->datagram;
    int number, error;

    if (level == SOL_RAW && socket->family == AF_INET6 && name == IPV6_CHECKSUM) {
        error = option_take_number(value, length, &number);
        return error ? error : datagram_set_checksum(socket, level, number);
    }
    if (socket->type != SOCK_RAW || name != OPTION_ICMP_FILTER)
        return -ENOPROTOOPT;
    if (level == SOL_RAW && socket->protocol == IPPROTO_ICMP)
        memcpy(&part->icmp_filter, value, min(length, sizeof(part->icmp_filter)));
    else if (level == SOL_ICMPV6 && socket->protocol == IPPROTO_ICMPV6)
        memcpy(part->icmp6_filter, value, min(length, sizeof(part->icmp6_filter)));
    else
        return -EOPNOTSUPP;
    return 0;
}

const struct socket_ops raw_socket_ops = {
    .create = create,
    .release = release,
    .bind = bind,
    .connect = connect,
    .connect_result = datagram_connect_result,
    .listen = unsupported_listen,
    .accept = unsupported_accept,
    .name = datagram_name,
    .send = send,
    .receive = datagram_receive,
    .shutdown = datagram_shutdown,
    .get_option = inet_get_option,
    .set_option = inet_set_option,
    .poll = datagram_poll,
    .control = datagram_control,
};
