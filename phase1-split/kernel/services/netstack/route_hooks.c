/* Which interface a packet leaves by.  What is sent to an address of this machine stays on it. */
#include "netstack.h"

#include <lwip/ip_addr.h>

#include "hooks.h"
#include "inet.h"

static struct netif *loopback(void)
{
    struct interface *interface = interface_find(INTERFACE_LOOPBACK);

    return interface && netif_is_up(&interface->netif) ? &interface->netif : NULL;
}

struct netif *netstack_route_ip4(const ip4_addr_t *from, const ip4_addr_t *to)
{
    ip_addr_t address;

    (void)from;
    ip_addr_copy_from_ip4(address, *to);
    return address_is_local(&address) ? loopback() : NULL;
}

struct netif *netstack_route_ip6(const ip6_addr_t *from, const ip6_addr_t *to)
{
    ip_addr_t address;

    (void)from;
    ip_addr_copy_from_ip6(address, *to);
    return address_is_local(&address) ? loopback() : NULL;
}

/* NULL: the neighbour is found by lwIP's own rules. */
const ip4_addr_t *netstack_gateway_ip4(struct netif *netif, const ip4_addr_t *to)
{
    (void)netif;
    (void)to;
    return NULL;
}

const ip6_addr_t *netstack_gateway_ip6(struct netif *netif, const ip6_addr_t *to)
{
    (void)netif;
    (void)to;
    return NULL;
}
