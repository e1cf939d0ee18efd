/* /proc/net/dev, if_inet6, route, ipv6_route, arp: as Linux words them, for ifconfig(8), route(8) and
 * arp(8) read them. */
#include "files.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/ipv6_route.h>
#include <linux/neighbour.h>
#include <linux/route.h>
#include <linux/rtnetlink.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/ip6_addr.h>

#include "configuration.h"
#include "neighbour.h"
#include "netstack.h"
#include "route.h"

#define ROUTE_WIDTH 127 /* Linux fills the lines of /proc/net/route with blanks */

/* ---- dev ---- */

int files_dev(struct text *out)
{
    const struct interface *interface = NULL;

    text_add(out, "Inter-|   Receive                                                |  Transmit\n"
                  " face |bytes    packets errs drop fifo frame compressed multicast|"
                  "bytes    packets errs drop fifo colls carrier compressed\n");
    while ((interface = interface_next(interface ? interface->index : 0))) {
        struct interface_statistics traffic;

        interface_statistics(interface, &traffic);
        text_add(out, "%6s: %7llu %7llu %4llu %4llu %4u %5u %10u %9u", interface->name,
                 (unsigned long long)traffic.received_bytes,
                 (unsigned long long)traffic.received_frames,
                 (unsigned long long)traffic.received_errors,
                 (unsigned long long)traffic.received_dropped, 0, 0, 0, 0);
        text_add(out, " %8llu %7llu %4llu %4llu %4u %5u %7u %10u\n",
                 (unsigned long long)traffic.sent_bytes, (unsigned long long)traffic.sent_frames,
                 (unsigned long long)traffic.sent_errors, (unsigned long long)traffic.sent_dropped,
                 0, 0, 0, 0);
    }
    return 0;
}

/* ---- addresses ---- */

static void add_address6(struct text *out, const void *address)
{
    const uint8_t *bytes = address;

    for (size_t i = 0; i < 16; i++)
        text_add(out, "%02x", bytes[i]);
}

/* Linux's IPV6_ADDR_* scopes. */
static unsigned scope_of(const ip6_addr_t *address)
{
    if (ip6_addr_isloopback(address))
        return 0x10;
    if (ip6_addr_islinklocal(address))
        return 0x20;
    return ip6_addr_issitelocal(address) ? 0x40 : 0;
}

int files_if_inet6(struct text *out)
{
    const struct interface *interface = NULL;

    while ((interface = interface_next(interface ? interface->index : 0))) {
        for (s8_t n = 1; n <= LWIP_IPV6_NUM_ADDRESSES; n++) {
            s8_t i = n % LWIP_IPV6_NUM_ADDRESSES; /* the link-local one last */
            const ip6_addr_t *address = netif_ip6_addr(&interface->netif, i);
            uint8_t state = netif_ip6_addr_state(&interface->netif, i);
            unsigned flags = netif_ip6_addr_isstatic(&interface->netif, i) ? IFA_F_PERMANENT : 0;

            if (ip6_addr_isinvalid(state))
                continue;
            if (ip6_addr_istentative(state))
                flags |= IFA_F_TENTATIVE;
            add_address6(out, address->addr);
            text_add(out, " %02x %02x %02x %02x %8s\n", interface->index,
                     interface_prefix6(interface, i), scope_of(address), flags, interface->name);
        }
    }
    return 0;
}

/* ---- routes ---- */

static const char *interface_name(const struct route *route)
{
    const struct interface *interface = interface_find(route->interface);

    return interface ? interface->name : "*";
}

static void add_route(struct text *out, const struct route *route)
{
    unsigned flags = RTF_UP;
    size_t start = out->length;

    if (route->has_gateway)
        flags |= RTF_GATEWAY;
    if (route->prefix == 32)
        flags |= RTF_HOST;
    if (route->type == RTN_UNREACHABLE || route->type == RTN_PROHIBIT)
        flags |= RTF_REJECT;
    text_add(out, "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%d\t%u\t%u", interface_name(route),
             load_u32(route->destination), route->has_gateway ? load_u32(route->gateway) : 0, flags,
             0, 0, route->metric, netmask_of(route->prefix), 0, 0, 0);
    text_pad(out, start, ROUTE_WIDTH);
    text_add(out, "\n");
}

int files_route(struct text *out)
{
    const struct route *route;

    text_add(out, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU"
                  "\tWindow\tIRTT");
    text_pad(out, 0, ROUTE_WIDTH);
    text_add(out, "\n");
    for (size_t i = 0; (route = route_at(i)); i++)
        if (route->family == AF_INET)
            add_route(out, route);
    return 0;
}

static void add_route6(struct text *out, const void *destination, unsigned prefix,
                       const void *gateway, uint32_t metric, unsigned flags, const char *name)
{
    static const uint8_t zeros[16];

    add_address6(out, destination);
    text_add(out, " %02x ", prefix);
    add_address6(out, zeros);
    text_add(out, " 00 ");
    add_address6(out, gateway);
    text_add(out, " %08x %08x %08x %08x %8s\n", metric, 1u, 0u, flags, name);
}

static void add_own_addresses6(struct text *out)
{
    static const uint8_t zeros[16];
    const struct interface *interface = NULL;

    while ((interface = interface_next(interface ? interface->index : 0)))
        for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
            if (ip6_addr_isvalid(netif_ip6_addr_state(&interface->netif, i)))
                add_route6(out, netif_ip6_addr(&interface->netif, i)->addr, 128, zeros, 0,
                           RTF_UP | RTF_NONEXTHOP | RTF_LOCAL, interface->name);
}

static unsigned announced_flags(const struct route *route)
{
    if (route->type == RTN_MULTICAST)
        return RTF_UP;
    return RTF_UP | RTF_ADDRCONF | RTF_EXPIRES |
           (route->has_gateway ? RTF_GATEWAY | RTF_DEFAULT : RTF_PREFIX_RT);
}

/* The last line says what becomes of all the rest. */
int files_ipv6_route(struct text *out)
{
    static const uint8_t zeros[16];
    const struct route *route;
    struct route announced;
    size_t place = 0;

    for (size_t i = 0; (route = route_at(i)); i++)
        if (route->family == AF_INET6)
            add_route6(out, route->destination, route->prefix, route->gateway, route->metric,
                       RTF_UP | (route->has_gateway ? RTF_GATEWAY : 0) |
                           (route->type != RTN_UNICAST ? RTF_REJECT : 0),
                       route->type == RTN_UNICAST ? interface_name(route) : "lo");
    while (route_announced_next(&place, &announced))
        add_route6(out, announced.destination, announced.prefix, announced.gateway,
                   announced.metric, announced_flags(&announced), interface_name(&announced));
    add_own_addresses6(out);
    add_route6(out, zeros, 0, zeros, UINT32_MAX, RTF_NONEXTHOP | RTF_REJECT, "lo");
    return 0;
}

/* ---- neighbours ---- */

int files_arp(struct text *out)
{
    struct neighbour neighbour;
    size_t place = 0;

    text_add(out,
             "IP address       HW type     Flags       HW address            Mask     Device\n");
    while (neighbour_next(&place, &neighbour)) {
        const uint8_t *ip = neighbour.address, *hardware = neighbour.hardware;
        size_t start = out->length;

        if (neighbour.family != AF_INET)
            continue;
        text_add(out, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
        text_pad(out, start, 16);
        text_add(out, " 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        %s\n",
                 ARPHRD_ETHER, neighbour_arp_flags(&neighbour), hardware[0], hardware[1],
                 hardware[2], hardware[3], hardware[4], hardware[5],
                 interface_find(neighbour.interface)->name);
    }
    return 0;
}
