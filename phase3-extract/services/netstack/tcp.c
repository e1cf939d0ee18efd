/* TCP sockets: tcp(7).  A connection's life from socket(2) to close(2); data is tcp_stream.c's. */
#include "service.h"

#include "tcp.h"

#include <linux/errno.h>
#include <linux/poll.h>

#include <lwip/mem.h>
#include <lwip/priv/tcp_priv.h>

#include "address.h"
#include "netstack.h"

/* ---- lwIP's control block ---- */

void tcp_apply(socket_handle socket, struct tcp_pcb *pcb)
{
    const struct tcp_part *tcp = &socket->tcp;

    inet_apply(socket, (struct ip_pcb *)pcb);
    if (pcb->state == LISTEN)
        return;
    if (tcp->no_delay)
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
    pcb->keep_idle = tcp->keep_idle ? tcp->keep_idle : TCP_KEEPIDLE_DEFAULT;
    pcb->keep_intvl = tcp->keep_interval ? tcp->keep_interval : TCP_KEEPINTVL_DEFAULT;
    pcb->keep_cnt = tcp->keep_count ? tcp->keep_count : TCP_KEEPCNT_DEFAULT;
    if (tcp->mss && pcb->mss > tcp->mss)
        pcb->mss = tcp->mss;
}

int tcp_need_pcb(socket_handle socket)
{
    struct tcp_pcb *pcb;

    if (socket->tcp.pcb)
        return 0;
    pcb = tcp_new_ip_type(IP_GET_TYPE(&socket->local));
    if (!pcb)
        return -ENOBUFS;
    ip_addr_copy(pcb->local_ip, socket->local);
    tcp_attach(pcb, socket);
    tcp_apply(socket, pcb);
    socket->tcp.pcb = pcb;
    if (socket->bound && socket->local_port) /* as before the connection that failed */
        tcp_bind(pcb, &socket->local, socket->local_port);
    return 0;
}

int tcp_need_port(socket_handle socket, const ip_addr_t *address)
{
    uint16_t port;
    int error;

    if (socket->tcp.pcb->local_port)
        return 0;
    error = port_choose(socket, &port);
    if (error)
        return error;
    error = inet_error(tcp_bind(socket->tcp.pcb, address, port));
    if (!error)
        socket->local_port = port;
    return error;
}

void tcp_let_go(socket_handle socket, bool abort)
{
    struct tcp_pcb *pcb = socket->tcp.pcb;
    bool unread = socket->tcp.received > 0;

    socket->tcp.pcb = NULL;
    tcp_discard_received(socket);
    if (!pcb)
        return;
    tcp_attach(pcb, NULL);
    if (abort || unread) { /* the peer is to know that not all arrived: RFC 1122, 4.2.2.13 */
        tcp_abort(pcb);
        return;
    }
    pcb->rcv_wnd = TCP_WND_MAX(pcb); /* for lwIP, all was read: the window may be SO_RCVBUF's */
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

/* ---- life ---- */

static int create(int family, int type, int protocol, const struct socket_origin *origin,
                  socket_handle *out)
{
    int error;

    if (type != SOCK_STREAM || (protocol != 0 && protocol != IPPROTO_TCP))
        return -EPROTONOSUPPORT;
    error = inet_create(family, SOCK_STREAM, IPPROTO_TCP, origin, out);
    if (!error)
        list_init(&(*out)->tcp.children);
    return error;
}

static int release(socket_handle socket)
{
    socket->origin.wait = 0;
    tcp_leave_parent(socket);
    tcp_stop_listening(socket);
    tcp_let_go(socket, socket->options.linger && socket->options.linger_seconds == 0);
    inet_free(socket);
    timers_wanted();
    return 0;
}

static int bind(socket_handle socket, const struct socket_address *address)
{
    ip_addr_t local;
    uint16_t port;
    int error = inet_bind_address(socket, address, &local, &port);

    if (error)
        return error;
    if (socket->local_port || socket->tcp.listener || socket->tcp.connecting ||
        socket->tcp.connected)
        return -EINVAL;
    error = port ? port_check(socket, &local, port) : port_choose(socket, &port);
    if (!error)
        error = tcp_need_pcb(socket);
    if (!error)
        error = inet_error(tcp_bind(socket->tcp.pcb, &local, port));
    if (error)
        return error;
    ip_addr_copy(socket->tcp.pcb->local_ip, local);
    ip_addr_copy(socket->local, local);
    socket->local_port = port;
    socket->bound = true;
    return 0;
}

/* ---- connecting ---- */

/* Back to what socket(2) made; bind(2) holds. */
static int disconnect(socket_handle socket)
{
    tcp_stop_listening(socket);
    tcp_let_go(socket, socket->tcp.connected || socket->tcp.connecting);
    socket->tcp.connecting = socket->tcp.connected = socket->tcp.finished = false;
    socket->shutdown = 0;
    socket->error = 0;
    socket->remote_port = 0;
    if (!socket->bound) {
        socket->local_port = 0;
        ip_addr_set_any(socket->family == AF_INET6, &socket->local);
    }
    return 0;
}

static int begin(socket_handle socket, const ip_addr_t *to, uint16_t port)
{
    ip_addr_t from;
    struct tcp_pcb *pcb;
    int error = address_source(to, socket->options.device, &from);

    if (error)
        return error;
    socket->tcp.connected = socket->tcp.finished = socket->tcp.told = false;
    socket->shutdown = 0;
    error = tcp_need_pcb(socket);
    if (error)
        return error;
    pcb = socket->tcp.pcb;
    if (IP_IS_ANY_TYPE_VAL(pcb->local_ip) || ip_addr_isany(&pcb->local_ip))
        ip_addr_copy(pcb->local_ip, from);
    else if (IP_IS_V6_VAL(pcb->local_ip) != IP_IS_V6(to))
        return -EINVAL;
    error = tcp_need_port(socket, &pcb->local_ip);
    if (error)
        return error;
    error = inet_error(tcp_connect(pcb, to, port, tcp_on_connected));
    if (error == -EADDRINUSE)
        error = -EADDRNOTAVAIL;
    if (error)
        return error;
    ip_addr_copy(socket->local, pcb->local_ip);
    ip_addr_copy(socket->remote, *to);
    socket->remote_port = port;
    socket->tcp.connecting = true;
    return -EINPROGRESS;
}

static int connect(socket_handle socket, const struct socket_address *address, socket_handle peer,
                   const struct socket_credentials *credentials)
{
    ip_addr_t to;
    uint16_t port;
    int error;

    (void)peer;
    (void)credentials;
    if (address->length < sizeof(address->family))
        return -EINVAL;
    if (address->family == AF_UNSPEC)
        return disconnect(socket);
    if (socket->tcp.connecting)
        return -EALREADY;
    if (socket->tcp.connected && socket->tcp.pcb && !socket->tcp.told) {
        socket->tcp.told = true;
        return 0;
    }
    if (socket->tcp.listener || (socket->tcp.connected && socket->tcp.pcb))
        return -EISCONN;
    error = inet_take_error(socket);
    if (!error)
        error = inet_peer_address(socket, address, &to, &port);
    if (!error)
        error = begin(socket, &to, port);
    timers_wanted();
    return error;
}

static int connect_result(socket_handle socket)
{
    if (socket->tcp.connecting)
        return -EALREADY;
    if (socket->error)
        return inet_take_error(socket);
    socket->tcp.told = true;
    return socket->tcp.connected ? 0 : -ECONNABORTED;
}

static int listen(socket_handle socket, int backlog, const struct socket_credentials *credentials)
{
    (void)credentials;
    return tcp_start_listening(socket, backlog);
}

static int accept(socket_handle socket, const struct socket_origin *origin, socket_handle *out,
                  struct socket_address *peer)
{
    int error = tcp_take_child(socket, origin, out);

    if (!error)
        inet_name(*out, &(*out)->remote, (*out)->remote_port, peer);
    return error;
}

static int name(socket_handle socket, bool peer, struct socket_address *out)
{
    const struct tcp_part *tcp = &socket->tcp;

    if (peer && (!tcp->connected || !tcp->pcb))
        return -ENOTCONN;
    if (peer)
        inet_name(socket, &socket->remote, socket->remote_port, out);
    else
        inet_name(socket, &socket->local, socket->local_port, out);
    return 0;
}

/* ---- ending ---- */

void tcp_fail(socket_handle socket, int error)
{
    struct tcp_pcb *pcb = socket->tcp.pcb;

    socket->tcp.pcb = NULL;
    socket->tcp.connecting = false;
    socket->shutdown = SHUTDOWN_RECEIVE | SHUTDOWN_SEND;
    tcp_attach(pcb, NULL);
    tcp_abandon(pcb, 0);
    inet_fail(socket, error);
}

static int shutdown(socket_handle socket, int how)
{
    unsigned which = (unsigned)how + 1;
    struct tcp_pcb *pcb = socket->tcp.pcb;

    if (socket->tcp.listener) {
        if (which & SHUTDOWN_RECEIVE)
            disconnect(socket);
        inet_wake(socket);
        return 0;
    }
    if (socket->tcp.connecting) {
        disconnect(socket);
        inet_wake(socket);
        return 0;
    }
    if (!socket->tcp.connected || !pcb)
        return -ENOTCONN;
    if ((which & SHUTDOWN_SEND) && !(socket->shutdown & SHUTDOWN_SEND)) {
        /* What lwIP cannot send now for want of memory it tries again. */
        if (tcp_shutdown(pcb, 0, 1) != ERR_OK)
            return -ENOTCONN;
    }
    socket->shutdown |= which;
    timers_wanted();
    inet_wake(socket);
    return 0;
}

/* ---- readiness: tcp_poll() of Linux ---- */

static int poll(socket_handle socket, uint32_t *ready)
{
    const struct tcp_part *tcp = &socket->tcp;
    bool closed = !tcp->pcb || tcp->pcb->state == CLOSED;

    *ready = 0;
    if (tcp->listener) {
        if (!list_empty(&tcp->children))
            *ready = POLLIN | POLLRDNORM;
        return 0;
    }
    if (closed || socket->shutdown == (SHUTDOWN_RECEIVE | SHUTDOWN_SEND))
        *ready |= POLLHUP;
    if (socket->shutdown & SHUTDOWN_RECEIVE)
        *ready |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (!tcp->connecting) {
        if (tcp->received > 0)
            *ready |= POLLIN | POLLRDNORM;
        if ((socket->shutdown & SHUTDOWN_SEND) || closed || tcp_writeable(socket))
            *ready |= POLLOUT | POLLWRNORM;
    }
    if (socket->error)
        *ready |= POLLERR;
    return 0;
}

/* ---- ioctl ---- */

static int control(socket_handle socket, unsigned command, uint64_t value,
                   struct user_buffer *argument, int *result)
{
    (void)value;
    return tcp_control(socket, command, argument, result);
}

const struct socket_ops tcp_socket_ops = {
    .create = create,
    .release = release,
    .bind = bind,
    .connect = connect,
    .connect_result = connect_result,
    .listen = listen,
    .accept = accept,
    .name = name,
    .send = tcp_send,
    .receive = tcp_receive,
    .shutdown = shutdown,
    .get_option = inet_get_option,
    .set_option = inet_set_option,
    .poll = poll,
    .control = control,
};
