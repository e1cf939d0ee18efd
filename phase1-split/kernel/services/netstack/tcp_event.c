/* What lwIP tells of a connection: noted in the socket, whose sleepers are woken.  Nothing else
 * happens here, since lwIP is in the middle of a segment. */
#include "tcp.h"

#include <linux/errno.h>

#include <lib/bits.h>

#include <lwip/priv/tcp_priv.h>

#include "netstack.h"

/* ---- receiving ---- */

static void queue(struct tcp_part *tcp, struct pbuf *packet)
{
    packet->following = NULL;
    if (tcp->first)
        tcp->last->following = packet;
    else
        tcp->first = packet;
    tcp->last = packet;
    tcp->received += packet->tot_len;
}

void tcp_discard_received(socket_handle socket)
{
    struct tcp_part *tcp = &socket->tcp;

    while (tcp->first) {
        struct pbuf *packet = tcp->first;

        tcp->first = packet->following;
        pbuf_free(packet);
    }
    tcp->received = 0;
    tcp->offset = 0;
}

/* The peer's last byte is here.  If ours is sent, too, lwIP goes through the rest of the protocol
 * and frees its control block by itself without telling. */
static void finished(socket_handle socket, struct tcp_pcb *pcb)
{
    socket->tcp.finished = true;
    socket->shutdown |= SHUTDOWN_RECEIVE;
    if (pcb->state == CLOSING || pcb->state == TIME_WAIT) {
        tcp_attach(pcb, NULL);
        socket->tcp.pcb = NULL;
    }
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    socket_handle socket = argument;

    (void)error;
    if (packet)
        queue(&socket->tcp, packet);
    else
        finished(socket, pcb);
    inet_wake(socket);
    return ERR_OK;
}

/* ---- sending ---- */

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    socket_handle socket = argument;

    (void)pcb;
    (void)length;
    if (tcp_writeable(socket))
        inet_wake(socket);
    return ERR_OK;
}

/* ---- the connection ---- */

void tcp_established(socket_handle socket, struct tcp_pcb *pcb)
{
    uint32_t limit = socket->options.receive_limit;

    socket->tcp.connecting = false;
    socket->tcp.connected = true;
    ip_addr_copy(socket->local, pcb->local_ip);
    ip_addr_copy(socket->remote, pcb->remote_ip);
    socket->local_port = pcb->local_port;
    socket->remote_port = pcb->remote_port;
    if (limit < pcb->rcv_wnd) {
        pcb->rcv_wnd = limit;
        pcb->rcv_ann_wnd = min(pcb->rcv_ann_wnd, limit);
    }
}

err_t tcp_on_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    socket_handle socket = argument;

    (void)error;
    tcp_established(socket, pcb);
    inet_wake(socket);
    return ERR_OK;
}

static int failure(socket_handle socket, err_t error)
{
    switch (error) {
    case ERR_CLSD: /* closed in order on both sides */
        return 0;
    case ERR_RST:
        if (socket->tcp.connecting)
            return ECONNREFUSED;
        return socket->tcp.finished ? EPIPE : ECONNRESET;
    default:
        return tcp_failure_reason();
    }
}

/* The control block is gone already. */
static void on_error(void *argument, err_t error)
{
    socket_handle socket = argument;

    socket->error = failure(socket, error);
    socket->tcp.pcb = NULL;
    socket->tcp.connecting = false;
    socket->shutdown = SHUTDOWN_RECEIVE | SHUTDOWN_SEND;
    inet_wake(socket);
}

void tcp_attach(struct tcp_pcb *pcb, socket_handle socket)
{
    tcp_arg(pcb, socket);
    tcp_recv(pcb, socket ? on_received : NULL);
    tcp_sent(pcb, socket ? on_sent : NULL);
    tcp_err(pcb, socket ? on_error : NULL);
}
