/* Multicast groups: who is a member of which, and datagrams that come back to members on the machine
 * that sent them.  ip(7), ipv6(7). */
#include "datagram.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/igmp.h>
#include <lwip/ip.h>
#include <lwip/mem.h>
#include <lwip/mld6.h>

#include "address.h"
#include "netstack.h"

#define MEMBERSHIPS_MOST 20 /* of one socket: /proc/sys/net/ipv4/igmp_max_memberships */

/* ---- membership ---- */

static err_t join_group(struct netif *netif, const ip_addr_t *group)
{
    return IP_IS_V6(group) ? mld6_joingroup_netif(netif, ip_2_ip6(group))
                           : igmp_joingroup_netif(netif, ip_2_ip4(group));
}

static void leave_group(const struct membership *membership)
{
    struct netif *netif = netif_get_by_index(membership->device);

    if (!netif)
        return;
    if (IP_IS_V6_VAL(membership->group))
        mld6_leavegroup_netif(netif, ip_2_ip6(&membership->group));
    else
        igmp_leavegroup_netif(netif, ip_2_ip4(&membership->group));
}

static struct membership *find(socket_handle socket, const ip_addr_t *group, uint8_t device)
{
    struct membership *membership;

    list_for_each_entry(membership, &socket->memberships, node)
        if (ip_addr_cmp(&membership->group, group) && (!device || membership->device == device))
            return membership;
    return NULL;
}

static int join(socket_handle socket, ip_addr_t *group, struct netif *netif)
{
    struct membership *membership;
    unsigned count = 0;

    if (!ip_addr_ismulticast(group))
        return -EINVAL;
    if (!netif)
        return -ENODEV;
    if (find(socket, group, netif_get_index(netif)))
        return -EADDRINUSE;
    list_for_each_entry(membership, &socket->memberships, node)
        count++;
    if (count >= MEMBERSHIPS_MOST)
        return -ENOBUFS;
    membership = mem_malloc(sizeof(*membership));
    if (!membership)
        return -ENOBUFS;
    if (IP_IS_V6(group))
        ip6_addr_assign_zone(ip_2_ip6(group), IP6_MULTICAST, netif);
    if (join_group(netif, group) != ERR_OK) {
        mem_free(membership);
        return -ENODEV;
    }
    ip_addr_copy(membership->group, *group);
    membership->device = netif_get_index(netif);
    list_add(&socket->memberships, &membership->node);
    timers_groups_wanted();
    return 0;
}

static void leave(struct membership *membership)
{
    leave_group(membership);
    list_remove(&membership->node);
    mem_free(membership);
    timers_groups_wanted();
}

void multicast_leave_all(socket_handle socket)
{
    while (!list_empty(&socket->memberships))
        leave(list_first_entry(&socket->memberships, struct membership, node));
}

static int change(socket_handle socket, bool enters, ip_addr_t *group, struct netif *netif)
{
    struct membership *membership;

    if (enters)
        return join(socket, group, netif);
    if (IP_IS_V6(group) && netif)
        ip6_addr_assign_zone(ip_2_ip6(group), IP6_MULTICAST, netif);
    membership = find(socket, group, netif ? netif_get_index(netif) : 0);
    if (!membership)
        return -EADDRNOTAVAIL;
    leave(membership);
    return 0;
}

/* ---- options ---- */

/* The interface by index, else by its address, else by the route to the group. */
static struct netif *choose(const struct ip_mreqn *request, const ip_addr_t *group)
{
    struct netif *netif;

    if (request->imr_ifindex)
        return netif_get_by_index((u8_t)min((unsigned)request->imr_ifindex, 255u));
    if (request->imr_address.s_addr == 0)
        return ip_route(IP4_ADDR_ANY, group);
    NETIF_FOREACH(netif)
    if (netif_ip4_addr(netif)->addr == request->imr_address.s_addr)
        return netif;
    return NULL;
}

static int set_device(socket_handle socket, const struct ip_mreqn *request)
{
    ip_addr_t nothing;
    const struct netif *netif;

    if (!request->imr_ifindex && !request->imr_address.s_addr) {
        socket->options.multicast_device = 0;
        return 0;
    }
    ip_addr_set_zero_ip4(&nothing);
    netif = choose(request, &nothing);
    if (!netif)
        return -EADDRNOTAVAIL;
    socket->options.multicast_device = netif_get_index(netif);
    return 0;
}

int multicast_set_option(socket_handle socket, int name, const void *value, size_t length)
{
    struct ip_mreqn request = { .imr_ifindex = 0 };
    ip_addr_t group;

    if (socket->type == SOCK_STREAM)
        return -ENOPROTOOPT;
    if (name == IP_MULTICAST_IF && length >= sizeof(struct in_addr) &&
        length < sizeof(struct ip_mreq))
        memcpy(&request.imr_address, value, sizeof(request.imr_address));
    else if (length < sizeof(struct ip_mreq))
        return -EINVAL;
    else
        memcpy(&request, value, min(length, sizeof(request)));
    if (name == IP_MULTICAST_IF)
        return set_device(socket, &request);
    ip_addr_set_zero_ip4(&group);
    ip_2_ip4(&group)->addr = request.imr_multiaddr.s_addr;
    return change(socket, name == IP_ADD_MEMBERSHIP, &group, choose(&request, &group));
}

int multicast_set_option6(socket_handle socket, int name, const void *value, size_t length)
{
    struct ipv6_mreq request;
    struct netif *netif;
    ip_addr_t group;
    int index;

    if (socket->type == SOCK_STREAM)
        return -ENOPROTOOPT;
    if (name == IPV6_MULTICAST_IF) {
        if (length < sizeof(index))
            return -EINVAL;
        memcpy(&index, value, sizeof(index));
        if (index < 0 || (index && !interface_find((unsigned)index)))
            return -ENODEV;
        socket->options.multicast_device = (uint8_t)index;
        return 0;
    }
    if (length < sizeof(request))
        return -EINVAL;
    memcpy(&request, value, sizeof(request));
    address_from_ip6(&request.ipv6mr_multiaddr, 0, &group);
    if (!IP_IS_V6_VAL(group))
        return -EINVAL;
    netif = request.ipv6mr_ifindex
                ? netif_get_by_index((u8_t)min((unsigned)request.ipv6mr_ifindex, 255u))
                : ip_route(IP6_ADDR_ANY, &group);
    return change(socket, name == IPV6_ADD_MEMBERSHIP, &group, netif);
}

/* ---- coming back ---- */

static bool has_members(struct netif *netif, const ip_addr_t *group)
{
    return IP_IS_V6(group) ? mld6_lookfor_group(netif, ip_2_ip6(group)) != NULL
                           : igmp_lookfor_group(netif, ip_2_ip4(group)) != NULL;
}

void multicast_loop(const struct datagram_path *path, struct pbuf *packet, size_t size)
{
    struct pbuf *copy;

    /* The loopback interface brings back what goes out anyway. */
    if (!interface_of(path->netif)->ethernet || !has_members(path->netif, &path->to) ||
        packet->tot_len < size)
        return;
    copy = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
    if (!copy)
        return;
    pbuf_copy_partial(packet, copy->payload, (u16_t)size, (u16_t)(packet->tot_len - size));
    loopback_deliver(path->netif, copy);
}
