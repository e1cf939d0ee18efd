/* lwIP's questions to the routing table. */
#include <linux/errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <platform/memory.h>

#include <lwip/ip4_addr.h>
#include <lwip/ip6_addr.h>

#include "configuration.h"
#include "hooks.h"
#include "netstack.h"
#include "route.h"

int route_error(const ip_addr_t *destination)
{
    int error = IP_IS_V6(destination)
                    ? route_check(AF_INET6, (const uint8_t *)ip_2_ip6(destination)->addr)
                    : route_check(AF_INET, (const uint8_t *)&ip_2_ip4(destination)->addr);

    return error ? error : -ENETUNREACH;
}

/* ---- IPv4 ---- */

/* lwIP's interface for a route: of several with the device in common, the one that has the address
 * which packets are to leave from. */
static struct netif *netif_of(const struct route *route)
{
    struct interface *interface = route ? interface_find(route->interface) : NULL;
    const uint8_t *source = interface ? route_source(route) : NULL;
    struct interface_address own;

    if (!interface)
        return NULL;
    if (route->family == AF_INET && source)
        for (size_t i = 1; i <= ALIASES_MOST; i++)
            if (interface_address_at(interface, i, &own) &&
                memcmp(&own.address, source, sizeof(own.address)) == 0)
                return own.netif;
    return &interface->netif;
}

/* Where a packet for many goes that no route is for: out by the interface it comes from, or the first
 * Ethernet interface that is up. */
static struct netif *for_many(const ip4_addr_t *source)
{
    struct interface *interface = source ? interface_with_address(source->addr) : NULL;

    if (interface)
        return &interface->netif;
    while ((interface = interface_next(interface ? interface->index : 0)))
        if (interface->ethernet && netif_is_up(&interface->netif))
            return &interface->netif;
    return NULL;
}

/* Own addresses are on the loopback interface, whichever has them; also while it is down, so that it is
 * known why a packet does not go. */
struct netif *netstack_route_ip4(const ip4_addr_t *source, const ip4_addr_t *destination)
{
    struct netif *netif;
    const struct interface *own;

    if (ip4_addr_isloopback(destination) || loopback_has(destination->addr))
        return loopback_route(source, destination);
    own = interface_with_address(destination->addr);
    if (own && netif_is_up(&own->netif))
        return loopback_route(source, destination);
    if (ip4_addr_ismulticast(destination) && source && interface_with_address(source->addr))
        return for_many(source);
    netif = netif_of(route_find(AF_INET, (const uint8_t *)&destination->addr));
    if (netif)
        return netif;
    if (destination->addr == IPADDR_BROADCAST || ip4_addr_ismulticast(destination))
        return for_many(source);
    return NULL;
}

const ip4_addr_t *netstack_gateway_ip4(struct netif *netif, const ip4_addr_t *destination)
{
    static ip4_addr_t gateway; /* used before anything else is asked */
    const struct route *route = route_find(AF_INET, (const uint8_t *)&destination->addr);

    if (!route || route->interface != interface_of(netif)->index)
        return NULL;
    if (!route->has_gateway)
        return destination;
    memcpy(&gateway.addr, route->gateway, sizeof(gateway.addr));
    return &gateway;
}

/* ---- IPv6 ---- */

struct netif *netstack_route_ip6(const ip6_addr_t *source, const ip6_addr_t *destination)
{
    (void)source;
    if (ip6_addr_isloopback(destination) || interface_with_address6(destination))
        return loopback_netif();
    return netif_of(route_find(AF_INET6, (const uint8_t *)destination->addr));
}

const ip6_addr_t *netstack_gateway_ip6(struct netif *netif, const ip6_addr_t *destination)
{
    static ip6_addr_t gateway;
    const struct route *route = route_find(AF_INET6, (const uint8_t *)destination->addr);

    if (netif_of(route) != netif)
        return NULL;
    if (!route->has_gateway)
        return destination;
    memset(&gateway, 0, sizeof(gateway));
    memcpy(gateway.addr, route->gateway, sizeof(gateway.addr));
    ip6_addr_assign_zone(&gateway, IP6_UNICAST, netif);
    return &gateway;
}
