/* Who may have which port: Linux's rules for bind(2), and the choice of a port for those who name
 * none.  lwIP would check, too, but knows neither SO_REUSEPORT nor whose socket it is; its control
 * blocks are all marked as reusing, and this file decides.
 *
 * Two sockets may share a port when their addresses differ, or both said SO_REUSEADDR and none
 * listens (datagrams: in any case), or both said SO_REUSEPORT and have the same owner.  (Two TCP sockets
 * that share a port so can be bound, but lwIP has one listener for it: the second listen(2) fails with
 * EADDRINUSE, where Linux would spread connections over both.)  What a closed
 * TCP connection leaves behind keeps its port unless both said SO_REUSEADDR. */
#include "inet.h"

#include <linux/errno.h>

#include <lib/bits.h>

#include <lwip/priv/tcp_priv.h>

#include "netstack.h"

uint16_t port_range_first = 32768, port_range_last = 60999;

/* ---- conflicts ---- */

/* Could one packet be for both?  A socket of IPv6 that takes IPv4, too, is of any type. */
static bool overlap(const ip_addr_t *a, const ip_addr_t *b)
{
    if (IP_IS_ANY_TYPE_VAL(*a) || IP_IS_ANY_TYPE_VAL(*b))
        return true;
    if (IP_IS_V6(a) != IP_IS_V6(b))
        return false;
    return ip_addr_isany(a) || ip_addr_isany(b) || ip_addr_cmp(a, b);
}

/* `a` comes to where `b` is. */
static bool may_share(const struct service_socket *a, const struct service_socket *b)
{
    const struct inet_options *of_a = &a->options, *of_b = &b->options;
    bool listens = b->type == SOCK_STREAM && b->tcp.listener;

    if (of_a->device && of_b->device && of_a->device != of_b->device)
        return true;
    if (of_a->reuse_port && of_b->reuse_port && a->origin.uid == b->origin.uid)
        return true;
    return of_a->reuse_address && of_b->reuse_address && !listens;
}

static bool conflicts_with_sockets(const struct service_socket *socket, const ip_addr_t *address,
                                   uint16_t port)
{
    const struct service_socket *other;

    list_for_each_entry(other, &inet_sockets, all) {
        if (other == socket || other->local_port != port || other->protocol != socket->protocol ||
            other->type != socket->type)
            continue;
        if (overlap(address, &other->local) && !may_share(socket, other))
            return true;
    }
    return false;
}

/* Control blocks whose sockets are closed. */
static bool conflicts_with_remains(const struct service_socket *socket, const ip_addr_t *address,
                                   uint16_t port)
{
    struct tcp_pcb *lists[] = { tcp_active_pcbs, tcp_tw_pcbs };

    for (size_t i = 0; i < array_count(lists); i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb; pcb = pcb->next)
            if (!pcb->callback_arg && pcb->local_port == port && overlap(address, &pcb->local_ip) &&
                !(socket->options.reuse_address && (pcb->so_options & PORT_REUSED)))
                return true;
    return false;
}

int port_check(socket_handle socket, const ip_addr_t *address, uint16_t port)
{
    if (conflicts_with_sockets(socket, address, port))
        return -EADDRINUSE;
    if (socket->type == SOCK_STREAM && conflicts_with_remains(socket, address, port))
        return -EADDRINUSE;
    return 0;
}

/* ---- choosing ---- */

static bool used_by_tcp(uint16_t port)
{
    struct tcp_pcb *lists[] = { tcp_listen_pcbs.pcbs, tcp_bound_pcbs, tcp_active_pcbs,
                                tcp_tw_pcbs };

    for (size_t i = 0; i < array_count(lists); i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb; pcb = pcb->next)
            if (pcb->local_port == port)
                return true;
    /* Of a connection within this machine, whose other end was the last to close. */
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next)
        if (pcb->remote_port == port)
            return true;
    return false;
}

static bool is_free(const struct service_socket *socket, uint16_t port)
{
    const struct service_socket *other;

    if (socket->type == SOCK_STREAM && used_by_tcp(port))
        return false;
    list_for_each_entry(other, &inet_sockets, all)
        if (other->local_port == port && other->protocol == socket->protocol && other != socket)
            return false;
    return true;
}

int port_choose(socket_handle socket, uint16_t *out)
{
    unsigned count = port_range_last - port_range_first + 1u;
    unsigned offset = netstack_random() % count;

    for (unsigned i = 0; i < count; i++) {
        uint16_t port = (uint16_t)(port_range_first + (offset + i) % count);

        if (is_free(socket, port)) {
            *out = port;
            return 0;
        }
    }
    return -EADDRINUSE;
}
