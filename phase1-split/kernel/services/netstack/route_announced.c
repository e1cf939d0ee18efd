/* Routes that nobody has set: what IPv6 routers have announced, as lwIP keeps it, and the one for
 * multicast that every interface has.  They are told along with the table, and are no part of it. */
#include "route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <platform/memory.h>

#include <lwip/priv/nd6_priv.h>

#include "netstack.h"

#define METRIC_NETWORK 256 /* Linux's, of networks on the link */
#define METRIC_ROUTER  1024

static bool announced_network(const struct nd6_prefix_list_entry *entry, struct route *out)
{
    if (!entry->netif || entry->invalidation_timer == 0)
        return false;
    *out = (struct route){ .family = AF_INET6,
                           .prefix = 64,
                           .type = RTN_UNICAST,
                           .protocol = RTPROT_KERNEL,
                           .metric = METRIC_NETWORK,
                           .interface = interface_of(entry->netif)->index,
                           .expires = entry->invalidation_timer };
    memcpy(out->destination, entry->prefix.addr, 8);
    return true;
}

static bool announced_router(const struct nd6_router_list_entry *entry, struct route *out)
{
    if (!entry->neighbor_entry || !entry->neighbor_entry->netif)
        return false;
    *out = (struct route){ .family = AF_INET6,
                           .type = RTN_UNICAST,
                           .protocol = RTPROT_RA,
                           .metric = METRIC_ROUTER,
                           .has_gateway = true,
                           .interface = interface_of(entry->neighbor_entry->netif)->index,
                           .expires = entry->invalidation_timer };
    memcpy(out->gateway, entry->neighbor_entry->next_hop_address.addr, sizeof(out->gateway));
    return true;
}

static bool for_multicast(const struct interface *interface, struct route *out)
{
    if (!interface || !interface->ethernet || !netif_is_up(&interface->netif))
        return false;
    *out = (struct route){ .family = AF_INET6,
                           .prefix = 8,
                           .type = RTN_MULTICAST,
                           .protocol = RTPROT_KERNEL,
                           .destination = { 0xff },
                           .metric = METRIC_NETWORK,
                           .interface = interface->index };
    return true;
}

static bool at(size_t place, struct route *out)
{
    if (place < LWIP_ND6_NUM_PREFIXES)
        return announced_network(&prefix_list[place], out);
    place -= LWIP_ND6_NUM_PREFIXES;
    if (place < LWIP_ND6_NUM_ROUTERS)
        return announced_router(&default_router_list[place], out);
    return for_multicast(interface_find((unsigned)(place - LWIP_ND6_NUM_ROUTERS + 1)), out);
}

bool route_announced_next(size_t *place, struct route *out)
{
    while (*place < LWIP_ND6_NUM_PREFIXES + LWIP_ND6_NUM_ROUTERS + INTERFACES_MOST)
        if (at((*place)++, out))
            return true;
    return false;
}

bool route_announced_find(const uint8_t *destination, struct route *out)
{
    size_t place = 0;

    while (route_announced_next(&place, out))
        if (prefix_matches(out->destination, destination, out->prefix))
            return true;
    return false;
}
