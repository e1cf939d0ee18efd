/* The table is a list in the order of destinations, and a look-up goes through it: a machine of this
 * kind has a handful of routes. */
#include "route.h"

#include <linux/errno.h>
#include <linux/rtnetlink.h>

#include <lib/bits.h>
#include <platform/heap.h>
#include <platform/memory.h>

#include "configuration.h"
#include "netlink.h"
#include "netstack.h"

static struct list routes = LIST_INITIAL(routes); /* of struct route.node */
static size_t count;

/* ---- finding ---- */

bool prefix_matches(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    return memcmp(a, b, bytes) == 0 &&
           (rest == 0 || ((a[bytes] ^ b[bytes]) & (0xff00u >> rest & 0xff)) == 0);
}

static size_t address_size(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

const struct route *route_at(size_t index)
{
    const struct route *route;

    list_for_each_entry(route, &routes, node)
        if (index-- == 0)
            return route;
    return NULL;
}

static bool is_usable(const struct route *route)
{
    const struct interface *interface = interface_find(route->interface);

    return route->type != RTN_UNICAST || (interface && netif_is_up(&interface->netif));
}

static bool is_better(const struct route *route, const struct route *than)
{
    return route->prefix > than->prefix ||
           (route->prefix == than->prefix && route->metric < than->metric);
}

const struct route *route_find(uint8_t family, const uint8_t *destination)
{
    const struct route *route, *best = NULL;

    list_for_each_entry(route, &routes, node)
        if (route->family == family && (!best || is_better(route, best)) &&
            prefix_matches(route->destination, destination, route->prefix) && is_usable(route))
            best = route;
    return best;
}

const uint8_t *route_source(const struct route *route)
{
    const struct route *way;

    if (route->has_source || !route->has_gateway)
        return route->has_source ? route->source : NULL;
    way = route_find(route->family, route->gateway);
    return way && way->has_source ? way->source : NULL;
}

int route_check(uint8_t family, const uint8_t *destination)
{
    const struct route *route = route_find(family, destination);

    if (!route)
        return -ENETUNREACH;
    switch (route->type) {
    case RTN_UNICAST:
        return 0;
    case RTN_PROHIBIT:
        return -EACCES;
    case RTN_BLACKHOLE:
        return -EINVAL;
    default:
        return -EHOSTUNREACH;
    }
}

/* ---- changing ---- */

/* Below 0 if `a` comes before `b` in the list. */
static int order(const struct route *a, const struct route *b)
{
    int difference;

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    difference = memcmp(a->destination, b->destination, sizeof(a->destination));
    if (difference == 0)
        difference = (int)b->prefix - (int)a->prefix;
    if (difference == 0)
        difference = a->metric < b->metric ? -1 : a->metric > b->metric;
    return difference;
}

static void insert(struct route *route)
{
    struct route *other;
    struct list *before = &routes;

    list_for_each_entry(other, &routes, node) {
        if (order(other, route) > 0)
            break;
        before = &other->node;
    }
    list_insert_after(before, &route->node);
    count++;
}

static void drop(struct route *route)
{
    netlink_route_changed(route, true);
    list_remove(&route->node);
    count--;
    kfree(route);
}

static int check_gateway(const struct route *route)
{
    const struct route *way;

    if (!route->has_gateway)
        return 0;
    way = route_find(route->family, route->gateway);
    /* A neighbour by an IPv6 link-local address needs no route. */
    if (route->family == AF_INET6 && route->gateway[0] == 0xfe &&
        (route->gateway[1] & 0xc0) == 0x80)
        return 0;
    if (!way || way->type != RTN_UNICAST || way->has_gateway)
        return -ENETUNREACH;
    return route->interface != 0 && way->interface != route->interface ? -ENETUNREACH : 0;
}

/* An interface, where the route does not name one: the gateway's. */
static int settle_interface(struct route *route)
{
    const struct interface *interface;
    int error = check_gateway(route);

    if (error)
        return error;
    if (route->interface == 0 && route->has_gateway && route_find(route->family, route->gateway))
        route->interface = route_find(route->family, route->gateway)->interface;
    if (route->interface == 0)
        return -ENODEV;
    interface = interface_find(route->interface);
    if (!interface)
        return -ENODEV;
    return netif_is_up(&interface->netif) ? 0 : -ENETDOWN;
}

static struct route *find_equal(const struct route *wanted)
{
    struct route *route;

    list_for_each_entry(route, &routes, node)
        if (order(route, wanted) == 0)
            return route;
    return NULL;
}

/* Bits behind the prefix are a mistake of whoever asks. */
static bool has_host_bits(const struct route *route)
{
    uint8_t zeros[16] = { 0 };

    for (unsigned bit = route->prefix; bit < 8 * address_size(route->family); bit++)
        if (route->destination[bit / 8] & (0x80 >> bit % 8))
            return true;
    return memcmp(route->destination + address_size(route->family), zeros,
                  16 - address_size(route->family)) != 0;
}

int route_add(const struct route *wanted, bool replace)
{
    struct route *route, *known;
    int error = 0;

    if (wanted->prefix > 8 * address_size(wanted->family) || has_host_bits(wanted))
        return -EINVAL;
    known = find_equal(wanted);
    if (known && !replace)
        return -EEXIST;
    if (count >= ROUTES_MOST && !known)
        return -ENOBUFS;
    route = kmalloc(sizeof(*route));
    if (!route)
        return -ENOBUFS;
    *route = *wanted;
    if (route->type == RTN_UNICAST)
        error = settle_interface(route);
    if (error) {
        kfree(route);
        return error;
    }
    if (known)
        drop(known);
    insert(route);
    netlink_route_changed(route, false);
    return 0;
}

static bool matches(const struct route *route, const struct route *pattern)
{
    size_t size = address_size(route->family);

    if (route->family != pattern->family || route->prefix != pattern->prefix ||
        memcmp(route->destination, pattern->destination, size) != 0)
        return false;
    if ((pattern->type != 0 && pattern->type != route->type) ||
        (pattern->scope != RT_SCOPE_NOWHERE && pattern->scope != route->scope) ||
        (pattern->protocol != 0 && pattern->protocol != route->protocol) ||
        (pattern->metric != 0 && pattern->metric != route->metric) ||
        (pattern->interface != 0 && pattern->interface != route->interface))
        return false;
    if (pattern->has_gateway &&
        (!route->has_gateway || memcmp(route->gateway, pattern->gateway, size) != 0))
        return false;
    return !pattern->has_source ||
           (route->has_source && memcmp(route->source, pattern->source, size) == 0);
}

int route_remove(const struct route *pattern)
{
    struct route *route;

    list_for_each_entry(route, &routes, node) {
        if (matches(route, pattern)) {
            drop(route);
            return 0;
        }
    }
    return -ESRCH;
}

/* ---- following interfaces and addresses ---- */

/* Drops the routes of an interface: all, or those of one family that are for or from an address. */
static void drop_routes(unsigned interface, uint8_t family, const uint8_t *address)
{
    struct route *route, *next;

    list_for_each_entry_safe(route, next, &routes, node) {
        if (route->interface != interface || (family != 0 && route->family != family))
            continue;
        if (!address ||
            (route->has_source && memcmp(route->source, address, address_size(family)) == 0))
            drop(route);
    }
}

/* The route to the network of an address.  If there is no memory it is missing, and can be added. */
static void add_connected(struct interface *interface, uint8_t family, const uint8_t *address,
                          unsigned prefix)
{
    struct route route = { .family = family,
                           .prefix = (uint8_t)prefix,
                           .type = RTN_UNICAST,
                           .protocol = RTPROT_KERNEL,
                           .scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                           .has_source = true,
                           .metric = family == AF_INET ? 0 : 256,
                           .interface = interface->index };

    memcpy(route.source, address, address_size(family));
    for (unsigned bit = 0; bit < prefix; bit++)
        route.destination[bit / 8] |= address[bit / 8] & (0x80 >> bit % 8);
    route_add(&route, false);
}

/* The loopback interface's own networks need no route: they are on no wire. */
void route_address_added(struct interface *interface, uint32_t address, uint32_t netmask)
{
    unsigned prefix = (unsigned)max(prefix_of(netmask), 0);
    uint8_t bytes[4];

    memcpy(bytes, &address, sizeof(bytes));
    if (interface->ethernet && address != 0 && prefix < 32 && netif_is_up(&interface->netif))
        add_connected(interface, AF_INET, bytes, prefix);
}

/* With the last address all of the interface's routes go: there is nothing to send from.  A network
 * that another address is of keeps its route. */
void route_address_removed(struct interface *interface, uint32_t address)
{
    struct interface_address other;
    bool last = true;
    uint8_t bytes[4];

    memcpy(bytes, &address, sizeof(bytes));
    for (size_t i = 0; i <= ALIASES_MOST; i++)
        if (interface_address_at(interface, i, &other) && other.address != address)
            last = false;
    drop_routes(interface->index, AF_INET, last ? NULL : bytes);
    for (size_t i = 0; i <= ALIASES_MOST; i++)
        if (interface_address_at(interface, i, &other) && other.address != address)
            route_address_added(interface, other.address, other.netmask);
}

void route_address6_added(struct interface *interface, const uint8_t address[16], unsigned prefix)
{
    if (interface->ethernet && prefix < 128 && netif_is_up(&interface->netif))
        add_connected(interface, AF_INET6, address, prefix);
}

void route_address6_removed(struct interface *interface, const uint8_t address[16], unsigned prefix)
{
    (void)prefix;
    drop_routes(interface->index, AF_INET6, address);
}

void route_interface_changed(struct interface *interface)
{
    struct interface_address own;

    drop_routes(interface->index, 0, NULL);
    if (!netif_is_up(&interface->netif))
        return;
    for (size_t i = 0; i <= ALIASES_MOST; i++)
        if (interface_address_at(interface, i, &own))
            route_address_added(interface, own.address, own.netmask);
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (!ip6_addr_isinvalid(netif_ip6_addr_state(&interface->netif, i)))
            route_address6_added(interface,
                                 (const uint8_t *)netif_ip6_addr(&interface->netif, i)->addr,
                                 interface_prefix6(interface, i));
}
