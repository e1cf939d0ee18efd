/* UDP sockets: udp(7). */
#include "service.h"

#include "datagram.h"

#include <linux/errno.h>

#include <lib/bits.h>

#include <lwip/prot/udp.h>
#include <lwip/udp.h>

#include "address.h"
#include "buffer.h"
#include "netstack.h"
#include "unsupported.h"

#define DATA_MOST  (65535 - IP_HLEN - UDP_HLEN)
#define DATA_MOST6 (65535 - UDP_HLEN)

/* ---- receiving ---- */

/* What follows the datagram that UDP's header speaks of is no part of it.  lwIP does not look.
 * False: the header speaks of more than there is. */
static bool trim(struct pbuf *packet)
{
    const struct udp_hdr *header;
    u16_t length;

    if (pbuf_add_header(packet, UDP_HLEN))
        return true; /* one of several copies, which have no header */
    header = packet->payload;
    length = lwip_ntohs(header->len);
    pbuf_remove_header(packet, UDP_HLEN);
    if (length == 0) /* RFC 2675, 4: too long to be said */
        return true;
    if (length < UDP_HLEN || length - UDP_HLEN > packet->tot_len)
        return false;
    pbuf_realloc(packet, (u16_t)(length - UDP_HLEN));
    return true;
}

static void on_received(void *argument, struct udp_pcb *pcb, struct pbuf *packet,
                        const ip_addr_t *from, u16_t port)
{
    (void)pcb;
    if (trim(packet))
        datagram_queue(argument, packet, from, port);
    else
        pbuf_free(packet);
}

/* ---- life ---- */

static int create(int family, int type, int protocol, const struct socket_origin *origin,
                  socket_handle *out)
{
    socket_handle socket;
    struct udp_pcb *pcb;
    int error;

    if (type != SOCK_DGRAM || (protocol != 0 && protocol != IPPROTO_UDP))
        return -EPROTONOSUPPORT;
    error = inet_create(family, SOCK_DGRAM, IPPROTO_UDP, origin, &socket);
    if (error)
        return error;
    pcb = udp_new_ip_type(family == AF_INET ? IPADDR_TYPE_V4 : IPADDR_TYPE_ANY);
    if (!pcb) {
        inet_free(socket);
        return -ENOBUFS;
    }
    list_init(&socket->datagram.queue);
    socket->datagram.udp = pcb;
    udp_recv(pcb, on_received, socket);
    datagram_apply(socket);
    *out = socket;
    return 0;
}

static int release(socket_handle socket)
{
    multicast_leave_all(socket);
    udp_remove(socket->datagram.udp);
    datagram_discard(socket);
    inet_free(socket);
    return 0;
}

/* ---- addresses ---- */

/* The control block gets address and port; lwIP begins to deliver. */
static int enter(socket_handle socket, const ip_addr_t *local, uint16_t port)
{
    struct udp_pcb *pcb = socket->datagram.udp;
    int error;

    ip_addr_copy(pcb->local_ip, *local);
    error = inet_error(udp_bind(pcb, local, port));
    if (error)
        return error;
    ip_addr_copy(pcb->local_ip, *local);
    ip_addr_copy(socket->local, *local);
    socket->local_port = port;
    return 0;
}

static int need_port(socket_handle socket)
{
    struct udp_pcb *pcb = socket->datagram.udp;
    uint16_t port;
    int error;

    if (socket->local_port)
        return 0;
    error = port_choose(socket, &port);
    return error ? error : enter(socket, &pcb->local_ip, port);
}

static int bind(socket_handle socket, const struct socket_address *address)
{
    ip_addr_t local;
    uint16_t port;
    int error = inet_bind_address(socket, address, &local, &port);

    if (error)
        return error;
    if (socket->local_port)
        return -EINVAL;
    error = port ? port_check(socket, &local, port) : port_choose(socket, &port);
    if (!error)
        error = enter(socket, &local, port);
    if (!error)
        socket->bound = true;
    return error;
}

static int connect(socket_handle socket, const struct socket_address *address, socket_handle peer,
                   const struct socket_credentials *credentials)
{
    (void)peer;
    (void)credentials;
    return datagram_connect(socket, address, need_port);
}

/* ---- sending ---- */

static int transmit(socket_handle socket, const struct datagram_path *path,
                    struct user_buffer *data)
{
    size_t size = user_buffer_left(data), headers = UDP_HLEN;
    struct user_buffer before = *data;
    uint16_t spare = 0;
    struct pbuf *packet;
    int error = buffer_take(data, size, PBUF_TRANSPORT, &spare, &packet);

    if (error)
        return error;
    error = inet_error(udp_sendto_if_src(socket->datagram.udp, packet, &path->to, path->port,
                                         path->netif, &path->from));
    headers += IP_IS_V6_VAL(path->to) ? IP6_HLEN : IP_HLEN;
    if (!error && ip_addr_ismulticast(&path->to) && socket->options.multicast_loop)
        multicast_loop(path, packet, headers + size);
    pbuf_free(packet);
    if (error)
        *data = before; /* nothing of it was sent */
    return error;
}

static int send(socket_handle socket, struct socket_message *message)
{
    size_t size = user_buffer_left(message->data);
    struct datagram_path path;
    int error;

    if (size > DATA_MOST6)
        return -EMSGSIZE;
    error = datagram_find_path(socket, message, &path);
    if (error)
        return error;
    if (path.port == 0)
        return -EINVAL;
    if (size > (size_t)(IP_IS_V6_VAL(path.to) ? DATA_MOST6 : DATA_MOST))
        return -EMSGSIZE;
    error = need_port(socket);
    return error ? error : transmit(socket, &path, message->data);
}

const struct socket_ops udp_socket_ops = {
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
