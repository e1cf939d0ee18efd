/* RTM_*ROUTE: the routing table, and what it says for one destination.  rtnetlink(7).
 *
 * Linux has a second table, `local`, of a machine's own addresses.  Here these are looked up among the
 * interfaces; in a dump they are told as Linux tells its table. */
#include "netlink_handlers.h"

#include <linux/errno.h>
#include <linux/fib_rules.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/ip6.h>

#include "configuration.h"
#include "netlink.h"
#include "netstack.h"
#include "route.h"

static size_t address_size(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

#define TICKS_PER_SECOND 100 /* Linux's USER_HZ */
#define EXPIRES_MOST     ((uint32_t)INT32_MAX / TICKS_PER_SECOND)

/* ---- telling ---- */

/* As an entry of a table, or (`looked_up`) as the answer for one destination. */
static bool tell(const struct route *route, uint16_t type, uint32_t table, bool looked_up,
                 struct netlink_output *output)
{
    static const uint8_t anywhere[16];
    size_t size = address_size(route->family);
    bool version6 = route->family == AF_INET6;
    struct rta_cacheinfo cache = { .rta_expires = (int32_t)min(route->expires, EXPIRES_MOST) *
                                                  TICKS_PER_SECOND };
    struct rtmsg *message = netlink_begin(output, type, sizeof(*message));

    if (!message)
        return netlink_end(output);
    message->rtm_family = route->family;
    message->rtm_dst_len = route->prefix;
    message->rtm_src_len = looked_up && version6 ? 128 : 0;
    message->rtm_table = (uint8_t)table;
    message->rtm_protocol = route->protocol;
    message->rtm_scope = route->scope;
    message->rtm_type = route->type;
    message->rtm_flags = looked_up && !version6 ? RTM_F_CLONED : 0;
    netlink_put_number(output, RTA_TABLE, table);
    if (route->prefix > 0 || looked_up)
        netlink_put(output, RTA_DST, route->destination, size);
    if (looked_up && version6)
        netlink_put(output, RTA_SRC, anywhere, sizeof(anywhere));
    if (route->metric != 0 || version6)
        netlink_put_number(output, RTA_PRIORITY, route->metric);
    if (route->has_source && (looked_up || !version6))
        netlink_put(output, RTA_PREFSRC, route->source, size);
    if (route->has_gateway)
        netlink_put(output, RTA_GATEWAY, route->gateway, size);
    if (route->interface != 0)
        netlink_put_number(output, RTA_OIF, route->interface);
    if (version6)
        netlink_put(output, RTA_CACHEINFO, &cache, sizeof(cache));
    return netlink_end(output);
}

bool netlink_route_tell(const struct route *route, uint16_t type, struct netlink_output *output)
{
    return tell(route, type, RT_TABLE_MAIN, false, output);
}

/* One entry of the table `local`: an interface's address, its broadcast address, or with the loopback
 * interface the whole network. */
static struct route local_route(const struct interface *interface, uint8_t type, uint32_t address,
                                unsigned prefix, uint32_t own)
{
    struct route route = { .family = AF_INET,
                           .prefix = (uint8_t)prefix,
                           .type = type,
                           .protocol = RTPROT_KERNEL,
                           .scope = type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
                           .has_source = true,
                           .interface = interface->index };

    memcpy(route.destination, &address, sizeof(address));
    memcpy(route.source, &own, sizeof(own));
    return route;
}

/* Entries that each address may have; all that an interface may have for IPv4. */
#define LOCAL_OF_ADDRESS 3
#define LOCAL_OF_IP4     (LOCAL_OF_ADDRESS * (1 + ALIASES_MOST))

/* The `which`-th entry of `local` for an interface; false: there is no such one. */
static bool local_entry(struct interface *interface, size_t which, struct route *out)
{
    struct interface_address own;

    if (!netif_is_up(&interface->netif) ||
        !interface_address_at(interface, which / LOCAL_OF_ADDRESS, &own))
        return false;
    uint32_t broadcast = broadcast_of(own.address, own.netmask);

    switch (which % LOCAL_OF_ADDRESS) {
    case 0:
        *out = local_route(interface, RTN_LOCAL, own.address & own.netmask,
                           (unsigned)max(prefix_of(own.netmask), 0), own.address);
        return !interface->ethernet;
    case 1:
        *out = local_route(interface, RTN_LOCAL, own.address, 32, own.address);
        return true;
    default:
        *out = local_route(interface, RTN_BROADCAST, broadcast, 32, own.address);
        return broadcast != 0 && !own.secondary;
    }
}

static bool local6_entry(const struct interface *interface, size_t which, struct route *out)
{
    const struct netif *netif = &interface->netif;

    if (!netif_is_up(netif) || !ip6_addr_isvalid(netif_ip6_addr_state(netif, which)))
        return false;
    *out = (struct route){ .family = AF_INET6,
                           .prefix = 128,
                           .type = RTN_LOCAL,
                           .protocol = RTPROT_KERNEL,
                           .interface = interface->index };
    memcpy(out->destination, netif_ip6_addr(netif, which)->addr, sizeof(out->destination));
    return true;
}

/* Places: the routes of the table; those that are announced; for each interface index, its local
 * entries. */
#define ANNOUNCED_FIRST ((size_t)1 << 31)
#define LOCAL_FIRST     ((size_t)1 << 32)
#define LOCAL_EACH      (LOCAL_OF_IP4 + LWIP_IPV6_NUM_ADDRESSES)

static bool dump_local(struct netlink_dump *dump, struct netlink_output *output)
{
    for (; dump->place < LOCAL_FIRST + (INTERFACES_MOST + 1) * LOCAL_EACH; dump->place++) {
        size_t which = (dump->place - LOCAL_FIRST) % LOCAL_EACH;
        struct interface *interface =
            interface_find((unsigned)((dump->place - LOCAL_FIRST) / LOCAL_EACH));
        struct route route;

        if (!interface ||
            !(which < LOCAL_OF_IP4 ? local_entry(interface, which, &route)
                                   : local6_entry(interface, which - LOCAL_OF_IP4, &route)))
            continue;
        if (dump->family != AF_UNSPEC && dump->family != route.family)
            continue;
        if (!tell(&route, RTM_NEWROUTE, RT_TABLE_LOCAL, false, output))
            return false;
    }
    return true;
}

static bool dump_announced(struct netlink_dump *dump, struct netlink_output *output)
{
    size_t place = dump->place - ANNOUNCED_FIRST;
    struct route route;

    while (route_announced_next(&place, &route)) {
        uint32_t table = route.type == RTN_MULTICAST ? RT_TABLE_LOCAL : RT_TABLE_MAIN;

        if (!tell(&route, RTM_NEWROUTE, table, false, output))
            return false;
        dump->place = ANNOUNCED_FIRST + place;
    }
    return true;
}

bool netlink_route_dump(struct netlink_dump *dump, struct netlink_output *output)
{
    const struct route *route;

    for (; dump->place < ANNOUNCED_FIRST; dump->place++) {
        route = route_at(dump->place);
        if (!route)
            break;
        if (dump->family != AF_UNSPEC && dump->family != route->family)
            continue;
        if (!netlink_route_tell(route, RTM_NEWROUTE, output))
            return false;
    }
    dump->place = max(dump->place, ANNOUNCED_FIRST);
    if (dump->place < LOCAL_FIRST && dump->family != AF_INET && !dump_announced(dump, output))
        return false;
    dump->place = max(dump->place, LOCAL_FIRST);
    return dump_local(dump, output);
}

/* ---- one destination ---- */

/* Is it one of this machine's own, or for all of a network? */
static bool look_up_local(const uint8_t *destination, struct route *out)
{
    struct interface *interface = NULL;

    while ((interface = interface_next(interface ? interface->index : 0))) {
        for (size_t which = 0; which < LOCAL_OF_IP4; which++)
            if (local_entry(interface, which, out) &&
                prefix_matches(out->destination, destination, out->prefix)) {
                if (out->type == RTN_LOCAL)
                    out->interface = INTERFACE_LOOPBACK;
                return true;
            }
    }
    return false;
}

/* The address that a packet would leave from. */
static void give_source(const uint8_t *destination, struct route *route)
{
    struct interface *interface = interface_find(route->interface);
    ip6_addr_t to;

    if (!interface || (route->has_source && route->family == AF_INET))
        return;
    memset(&to, 0, sizeof(to));
    memcpy(to.addr, destination, sizeof(to.addr));
    ip6_addr_assign_zone(&to, IP6_UNKNOWN, &interface->netif);
    const uint8_t *of_route = route_source(route);
    uint32_t source = of_route ? load_u32(of_route) : interface_address(interface);
    const ip_addr_t *source6 = ip6_select_source_address(&interface->netif, &to);

    route->has_source = route->family == AF_INET ? source != 0 : source6 != NULL;
    if (!route->has_source)
        return;
    memcpy(route->source, route->family == AF_INET ? &source : ip_2_ip6(source6)->addr,
           address_size(route->family));
}

static int look_up(uint8_t family, const uint8_t *destination, struct route *out)
{
    int error;

    if (family == AF_INET && look_up_local(destination, out))
        return 0;
    error = route_check(family, destination);
    if (!error)
        *out = *route_find(family, destination);
    else if (error == -ENETUNREACH && family == AF_INET6 && route_announced_find(destination, out))
        error = 0;
    if (!error)
        give_source(destination, out);
    return error;
}

int netlink_route_get(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    const struct rtmsg *message = given->fixed;
    uint8_t destination[16] = { 0 };
    const void *address;
    struct route route;
    int error = netlink_parse(&request, sizeof(*message));

    if (error)
        return error;
    if (message->rtm_family != AF_INET && message->rtm_family != AF_INET6)
        return -EOPNOTSUPP;
    address = netlink_attribute_least(&request, RTA_DST, address_size(message->rtm_family));
    if (address)
        memcpy(destination, address, address_size(message->rtm_family));
    error = look_up(message->rtm_family, destination, &route);
    if (error)
        return error;
    memcpy(route.destination, destination, sizeof(route.destination));
    route.prefix = (uint8_t)(8 * address_size(route.family));
    route.protocol = RTPROT_UNSPEC;
    route.scope = RT_SCOPE_UNIVERSE;
    route.expires = 0;
    if (route.family == AF_INET)
        route.metric = 0;
    return tell(&route, RTM_NEWROUTE, RT_TABLE_MAIN, true, output) ? 0 : -EMSGSIZE;
}

/* ---- changing ---- */

static int take_address(const struct netlink_request *request, unsigned attribute, uint8_t family,
                        uint8_t *out, bool *there)
{
    const void *address = netlink_attribute_least(request, attribute, address_size(family));

    *there = netlink_has(request, attribute);
    if (*there && !address)
        return -EINVAL;
    if (address)
        memcpy(out, address, address_size(family));
    return 0;
}

/* The request as a route.  There is one table; `local` cannot be written. */
static int translate(struct netlink_request *request, struct route *out)
{
    const struct rtmsg *message = request->fixed;
    static const uint8_t numbers[] = { RTA_TABLE, RTA_PRIORITY, RTA_OIF };
    bool there;
    int error = netlink_parse(request, sizeof(*message));

    if (!error)
        error = netlink_check_numbers(request, numbers, array_count(numbers));
    if (error)
        return error;
    if (message->rtm_family != AF_INET && message->rtm_family != AF_INET6)
        return -EOPNOTSUPP;
    uint32_t table = netlink_number(request, RTA_TABLE, message->rtm_table);

    if ((table != RT_TABLE_UNSPEC && table != RT_TABLE_MAIN) || netlink_has(request, RTA_MULTIPATH))
        return -EOPNOTSUPP;
    if (message->rtm_src_len != 0 || message->rtm_tos != 0)
        return -EINVAL;
    *out = (struct route){ .family = message->rtm_family,
                           .prefix = message->rtm_dst_len,
                           .type = message->rtm_type,
                           .protocol = message->rtm_protocol,
                           .scope = message->rtm_scope,
                           .metric = netlink_number(request, RTA_PRIORITY, 0),
                           .interface = netlink_number(request, RTA_OIF, 0) };
    error = take_address(request, RTA_DST, out->family, out->destination, &there);
    if (!error)
        error = take_address(request, RTA_GATEWAY, out->family, out->gateway, &out->has_gateway);
    if (!error)
        error = take_address(request, RTA_PREFSRC, out->family, out->source, &out->has_source);
    return error;
}

static bool is_possible_type(uint8_t type)
{
    return type == RTN_UNICAST || type == RTN_UNREACHABLE || type == RTN_PROHIBIT ||
           type == RTN_BLACKHOLE;
}

int netlink_route_add(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    unsigned flags = given->header->nlmsg_flags;
    struct route route;
    int error = translate(&request, &route);

    (void)output;
    if (error)
        return error;
    if (route.type == RTN_UNSPEC)
        route.type = RTN_UNICAST;
    if (!is_possible_type(route.type))
        return -EOPNOTSUPP;
    if (route.type != RTN_UNICAST) {
        route.interface = 0;
        route.has_gateway = false;
    }
    if (route.family == AF_INET6 && route.metric == 0)
        route.metric = 1024;
    if (route.has_source && route.family == AF_INET &&
        !interface_with_address(load_u32(route.source)))
        return -EINVAL;
    if (!(flags & (NLM_F_CREATE | NLM_F_REPLACE)))
        return -ENOENT;
    return route_add(&route, flags & NLM_F_REPLACE);
}

int netlink_route_remove(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    struct route route;
    int error = translate(&request, &route);

    (void)output;
    if (!error && route.family == AF_INET6)
        route.scope = RT_SCOPE_NOWHERE;
    return error ? error : route_remove(&route);
}

/* ---- rules ---- */

/* Linux's three rules, by which tables are asked: they are the same here, and fixed. */
bool netlink_rule_dump(struct netlink_dump *dump, struct netlink_output *output)
{
    static const struct {
        uint8_t table;
        uint32_t priority;
    } rules[] = { { RT_TABLE_LOCAL, 0 }, { RT_TABLE_MAIN, 32766 }, { RT_TABLE_DEFAULT, 32767 } };

    for (; dump->place < array_count(rules); dump->place++) {
        struct fib_rule_hdr *rule = netlink_begin(output, RTM_NEWRULE, sizeof(*rule));

        if (rule) {
            rule->family = dump->family == AF_INET6 ? AF_INET6 : AF_INET;
            rule->table = rules[dump->place].table;
            rule->action = FR_ACT_TO_TBL;
        }
        netlink_put_number(output, FRA_TABLE, rules[dump->place].table);
        netlink_put_number(output, FRA_PRIORITY, rules[dump->place].priority);
        if (!netlink_end(output))
            return false;
    }
    return true;
}
