/* Listening.  A connection whose handshake is done becomes a socket at once, which waits among its
 * listener's children until accept(2) takes it.
 *
 * lwIP bounds how many handshakes are under way; how many children may wait is bounded by dropping
 * the SYNs of more, so that their senders try again, as Linux does. */
#include "tcp.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/mem.h>
#include <lwip/priv/tcp_priv.h>

#include "hooks.h"
#include "netstack.h"

#define WINDOW_MOST    (1u << 30) /* RFC 7323, 2.3 */
#define HALF_OPEN_MOST 255        /* lwIP's backlog is a byte */

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    socket_handle parent = argument, child;

    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    if (inet_create(parent->family, SOCK_STREAM, IPPROTO_TCP, NULL, &child))
        return ERR_MEM; /* lwIP resets it */
    child->origin.uid = parent->origin.uid;
    child->options = parent->options;
    child->tcp = (struct tcp_part){ .pcb = pcb,
                                    .parent = parent,
                                    .told = true,
                                    .no_delay = parent->tcp.no_delay,
                                    .keep_idle = parent->tcp.keep_idle,
                                    .keep_interval = parent->tcp.keep_interval,
                                    .keep_count = parent->tcp.keep_count };
    list_init(&child->tcp.children);
    tcp_attach(pcb, child);
    tcp_apply(child, pcb);
    tcp_established(child, pcb);
    list_add_tail(&parent->tcp.children, &child->tcp.sibling);
    parent->tcp.waiting++;
    inet_wake(parent);
    return ERR_OK;
}

int tcp_start_listening(socket_handle socket, int backlog)
{
    struct tcp_pcb *pcb;
    err_t error = ERR_OK;
    int refused;

    socket->tcp.backlog = (unsigned)min(max(backlog, 0), SOMAXCONN);
    if (socket->tcp.listener)
        return 0;
    if (socket->tcp.connecting || socket->tcp.connected)
        return -EINVAL;
    refused = tcp_need_pcb(socket);
    if (!refused)
        refused = tcp_need_port(socket, &socket->local);
    if (refused)
        return refused;
    refused = port_check(socket, &socket->local, socket->local_port);
    if (refused)
        return refused;
    pcb = tcp_listen_with_backlog_and_err(socket->tcp.pcb, HALF_OPEN_MOST, &error);
    if (!pcb)
        return inet_error(error);
    socket->tcp.pcb = NULL;
    socket->tcp.listener = (struct tcp_pcb_listen *)pcb;
    tcp_accept(pcb, on_accept);
    return 0;
}

/* ---- children ---- */

void tcp_leave_parent(socket_handle socket)
{
    struct service_socket *parent = socket->tcp.parent;

    if (!parent)
        return;
    list_remove(&socket->tcp.sibling);
    parent->tcp.waiting--;
    socket->tcp.parent = NULL;
}

int tcp_take_child(socket_handle socket, const struct socket_origin *origin, socket_handle *out)
{
    socket_handle child;

    if (!socket->tcp.listener)
        return -EINVAL;
    if (list_empty(&socket->tcp.children))
        return -EAGAIN;
    child = list_first_entry(&socket->tcp.children, struct service_socket, tcp.sibling);
    tcp_leave_parent(child);
    child->origin = *origin;
    *out = child;
    return 0;
}

void tcp_stop_listening(socket_handle socket)
{
    while (!list_empty(&socket->tcp.children)) {
        socket_handle child =
            list_first_entry(&socket->tcp.children, struct service_socket, tcp.sibling);

        tcp_leave_parent(child);
        tcp_let_go(child, true);
        inet_free(child);
    }
    if (socket->tcp.listener)
        tcp_close((struct tcp_pcb *)socket->tcp.listener);
    socket->tcp.listener = NULL;
}

/* ---- every segment ---- */

/* A new connection from where an old one has just ended, which lwIP would refuse for a minute
 * (RFC 9293, 3.10.7.4). */
static bool replaces(const struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    return pcb->state == TIME_WAIT &&
           (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           TCP_SEQ_GT(header->seqno, pcb->rcv_nxt);
}

/* The segment comes once more: its headers, which lwIP has turned into this machine's byte order. */
static void repeat(const struct tcp_hdr *header)
{
    u16_t before = ip_current_header_tot_len(), size = (u16_t)TCPH_HDRLEN_BYTES(header);
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)(before + size), PBUF_RAM);
    struct tcp_hdr *copy;

    if (!packet)
        return;
    memcpy(packet->payload, (const u8_t *)header - before, (size_t)before + size);
    copy = (struct tcp_hdr *)((u8_t *)packet->payload + before);
    copy->src = lwip_htons(header->src);
    copy->dest = lwip_htons(header->dest);
    copy->seqno = lwip_htonl(header->seqno);
    copy->ackno = lwip_htonl(header->ackno);
    copy->wnd = lwip_htons(header->wnd);
    loopback_deliver(ip_current_input_netif(), packet);
}

/* A segment further away than any window reaches.  One that is half of all numbers away lies before
 * and behind what is expected at the same time, which lwIP does not survive (tcp_receive(), "insane
 * offset"). */
static bool out_of_reach(const struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    u32_t distance = header->seqno - pcb->rcv_nxt;

    return pcb->state > SYN_SENT && pcb->state != TIME_WAIT && distance > WINDOW_MOST &&
           distance < 0u - WINDOW_MOST;
}

err_t netstack_tcp_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header, u16_t options,
                           u16_t first_options, const u8_t *second_options, struct pbuf *segment)
{
    bool together = options == first_options && !second_options && segment->tot_len == 0;
    if (pcb->state == LISTEN) {
        socket_handle socket = pcb->callback_arg;

        return socket->tcp.waiting > socket->tcp.backlog ? ERR_MEM : ERR_OK;
    }
    if (together && replaces(pcb, header)) {
        tcp_abort(pcb); /* in this state: frees it and sends nothing */
        repeat(header);
        return ERR_ABRT;
    }
    return out_of_reach(pcb, header) ? ERR_VAL : ERR_OK;
}
