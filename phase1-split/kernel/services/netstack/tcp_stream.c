/* The bytes of a connection, in and out. */
#include "tcp.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/sockios.h>

#include <lib/bits.h>

#include <lwip/priv/tcp_priv.h>

#include "buffer.h"
#include "interface_control.h"
#include "netstack.h"

/* ---- sending ---- */

/* Bytes written and not acknowledged. */
static uint32_t unsent(const struct service_socket *socket)
{
    return socket->tcp.pcb ? TCP_SND_BUF - socket->tcp.pcb->snd_buf : 0;
}

static uint32_t room(const struct service_socket *socket)
{
    uint32_t limit = min(socket->options.send_limit, (uint32_t)TCP_SND_BUF);
    uint32_t used = unsent(socket);

    if (socket->tcp.pcb->snd_queuelen >= TCP_SND_QUEUELEN)
        return 0;
    return used < limit ? limit - used : 0;
}

/* Writers come back when a third is free: each time for much (sk_stream_is_writeable()). */
bool tcp_writeable(const struct service_socket *socket)
{
    return socket->tcp.pcb && room(socket) >= unsent(socket) / 2 && room(socket) > 0;
}

static int may_send(socket_handle socket)
{
    if (socket->error)
        return inet_take_error(socket);
    if (socket->tcp.connecting)
        return -EAGAIN;
    if (!socket->tcp.connected || !socket->tcp.pcb || (socket->shutdown & SHUTDOWN_SEND))
        return -EPIPE;
    return 0;
}

/* There was no memory.  Bytes that are on their way come back as memory when they are
 * acknowledged, and wake the writer; if there are none, a timer does. */
static int starve(socket_handle socket)
{
    if (unsent(socket) == 0) {
        socket->tcp.starved = true;
        network_timer(TIMER_STARVED);
    }
    return -EAGAIN;
}

static void push(struct tcp_pcb *pcb, bool more)
{
    const struct tcp_seg *first = pcb->unsent;

    if (more && first && !first->next && first->len < pcb->mss)
        return; /* a part of a segment waits for the rest; lwIP's timer sends it in the end */
    tcp_output(pcb);
}

int tcp_send(socket_handle socket, struct socket_message *message)
{
    struct tcp_pcb *pcb = socket->tcp.pcb;
    bool more = (message->flags & MSG_MORE) || socket->tcp.cork;
    size_t wanted = user_buffer_left(message->data);
    int error = may_send(socket);
    long sent;

    if (error)
        return error;
    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP; /* lwIP sends no urgent pointer */
    if (wanted == 0)
        return 0;
    if (room(socket) == 0)
        return -EAGAIN;
    sent = tcp_append(pcb, message->data, min(wanted, (size_t)room(socket)), more);
    if (sent == -ENOBUFS)
        return starve(socket);
    if (sent < 0)
        return (int)sent;
    push(pcb, more && (size_t)sent == wanted);
    timers_wanted();
    return 0;
}

/* ---- receiving ---- */

#define SEGMENTS_TO_SEND_ON 8u

/* The peer is told of a window that has opened: at the latest when it would see twice as much, as
 * on Linux, but not of crumbs (RFC 1122, 4.2.3.3).  lwIP alone waits for a share of the largest
 * window and segment that there can be, which this connection's window may never reach.
 *
 * While a segment is missing the peer counts acknowledgements that repeat each other, the window
 * included (RFC 5681, 2): so it stays as it is, as long as the peer can send on. */
static void announce_window(socket_handle socket)
{
    struct tcp_pcb *pcb = socket->tcp.pcb;
    uint32_t largest = min(socket->options.receive_limit, (uint32_t)TCP_WND_MAX(pcb));
    uint32_t seen = pcb->rcv_ann_right_edge - pcb->rcv_nxt;

    if (TCP_SEQ_GT(pcb->rcv_nxt, pcb->rcv_ann_right_edge))
        seen = 0;
    if (pcb->ooseq && seen >= SEGMENTS_TO_SEND_ON * pcb->mss) {
        pcb->rcv_ann_wnd = seen;
        return;
    }
    if (pcb->rcv_wnd / 2 < seen || pcb->rcv_wnd - seen < min(largest / 2, (uint32_t)pcb->mss))
        return;
    pcb->rcv_ann_wnd = pcb->rcv_wnd;
    tcp_ack_now(pcb);
    tcp_output(pcb);
}

/* The window opens again by what was read. */
static void consumed(socket_handle socket, uint32_t size)
{
    struct tcp_pcb *pcb = socket->tcp.pcb;

    for (; pcb && size > 0; size -= min(size, (uint32_t)UINT16_MAX))
        tcp_recved(pcb, (u16_t)min(size, (uint32_t)UINT16_MAX));
    if (pcb)
        announce_window(socket);
}

static void drop_first(struct tcp_part *tcp)
{
    struct pbuf *packet = tcp->first;

    tcp->first = packet->following;
    tcp->offset = 0;
    pbuf_free(packet);
}

static uint32_t take(struct tcp_part *tcp, struct user_buffer *to)
{
    uint32_t moved = 0;

    while (tcp->first && user_buffer_left(to) > 0) {
        size_t left = tcp->first->tot_len - tcp->offset;
        size_t wanted = min(left, user_buffer_left(to));
        size_t done = buffer_put(to, tcp->first, tcp->offset, wanted);

        tcp->offset = (uint16_t)(tcp->offset + done);
        moved += (uint32_t)done;
        if (tcp->offset == tcp->first->tot_len)
            drop_first(tcp);
        if (done < wanted)
            break;
    }
    tcp->received -= moved;
    return moved;
}

static uint32_t look(const struct tcp_part *tcp, struct user_buffer *to)
{
    size_t offset = tcp->offset;
    uint32_t moved = 0;

    for (const struct pbuf *packet = tcp->first; packet; packet = packet->following) {
        moved += (uint32_t)buffer_put(to, packet, offset,
                                      min(packet->tot_len - offset, user_buffer_left(to)));
        offset = 0;
    }
    return moved;
}

/* Nothing is there: why? */
static int why_nothing(socket_handle socket)
{
    if (socket->error)
        return inet_take_error(socket);
    if (socket->shutdown & SHUTDOWN_RECEIVE)
        return 0;
    if (socket->tcp.connecting)
        return -EAGAIN;
    return socket->tcp.pcb && socket->tcp.connected ? -EAGAIN : -ENOTCONN;
}

int tcp_receive(socket_handle socket, struct socket_message *message)
{
    struct tcp_part *tcp = &socket->tcp;
    size_t wanted = user_buffer_left(message->data);
    uint32_t moved;

    if (tcp->listener)
        return -ENOTCONN;
    if (message->flags & MSG_OOB)
        return -EINVAL; /* no urgent data, as tcp_recv_urg() of Linux */
    if (message->address)
        message->address->length = 0;
    message->flags = message->flags & MSG_PEEK;
    if (tcp->received == 0)
        return why_nothing(socket);
    if (message->flags & MSG_PEEK) {
        message->flags = 0;
        moved = look(tcp, message->data);
    } else {
        moved = take(tcp, message->data);
        consumed(socket, moved);
        timers_wanted();
    }
    return moved == 0 && wanted > 0 ? -EFAULT : 0;
}

/* ---- ioctl: tcp(7) ---- */

static int answer(struct user_buffer *argument, int value)
{
    return user_buffer_put(argument, &value, sizeof(value)) == sizeof(value) ? 0 : -EFAULT;
}

int tcp_control(socket_handle socket, unsigned command, struct user_buffer *argument, int *result)
{
    const struct tcp_part *tcp = &socket->tcp;

    switch (command) {
    case FIONREAD: /* SIOCINQ */
        return tcp->listener ? -EINVAL : answer(argument, (int)tcp->received);
    case TIOCOUTQ: /* SIOCOUTQ */
        return tcp->listener ? -EINVAL : answer(argument, (int)unsent(socket));
    case SIOCATMARK:
        return answer(argument, 0);
    default:
        return interface_control(socket->family, command, argument, result);
    }
}
