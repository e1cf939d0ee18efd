/* SIOCADDRT and SIOCDELRT: what route(8) asks for.  rtentry of linux/route.h, ipv6(7). */
#include "interface_control.h"

#include <linux/errno.h>
#include <linux/in.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include <fs/user_buffer.h>
#include <net/route_request.h>
#include <platform/memory.h>

#include "configuration.h"
#include "netstack.h"
#include "route.h"

#define METRIC6_DEFAULT 1024 /* of a route that says nothing else: IP6_RT_PRIO_USER */

/* ---- IPv4 ---- */

static int take_inet(const struct sockaddr *from, uint32_t *address)
{
    struct sockaddr_in inet;

    memcpy(&inet, from, sizeof(inet));
    if (inet.sin_family != AF_INET && inet.sin_family != AF_UNSPEC)
        return -EAFNOSUPPORT;
    *address = inet.sin_addr.s_addr;
    return 0;
}

static int take_destination(const struct rtentry *entry, struct route *out)
{
    uint32_t destination, netmask = UINT32_MAX;
    int error = take_inet(&entry->rt_dst, &destination);

    if (!error && !(entry->rt_flags & RTF_HOST))
        error = take_inet(&entry->rt_genmask, &netmask);
    if (error)
        return error;
    if (prefix_of(netmask) < 0 || (destination & ~netmask))
        return -EINVAL;
    out->prefix = (uint8_t)prefix_of(netmask);
    memcpy(out->destination, &destination, sizeof(destination));
    return 0;
}

static int take_gateway(const struct rtentry *entry, bool adding, struct route *out)
{
    uint32_t gateway;
    int error = take_inet(&entry->rt_gateway, &gateway);

    if (error)
        return entry->rt_flags & RTF_GATEWAY ? error : 0;
    if (entry->rt_flags & RTF_GATEWAY && entry->rt_gateway.sa_family == AF_INET && gateway != 0) {
        out->has_gateway = true;
        memcpy(out->gateway, &gateway, sizeof(gateway));
        out->scope = adding ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE;
    }
    return adding && (entry->rt_flags & RTF_GATEWAY) && !out->has_gateway ? -EINVAL : 0;
}

/* The request as a route; what it leaves open is open in a pattern for removal. */
static int translate(const struct route_request *request, bool adding, struct route *out)
{
    const struct rtentry *entry = &request->entry;
    const struct interface *interface;
    int error;

    *out = (struct route){ .family = AF_INET,
                           .protocol = adding ? RTPROT_BOOT : 0,
                           .metric = entry->rt_metric > 0 ? (uint32_t)entry->rt_metric - 1 : 0,
                           .scope = adding ? RT_SCOPE_LINK : RT_SCOPE_NOWHERE };
    error = take_destination(entry, out);
    if (error)
        return error;
    if (entry->rt_flags & RTF_REJECT) {
        out->type = RTN_UNREACHABLE;
        out->scope = RT_SCOPE_HOST;
        return 0;
    }
    out->type = adding ? RTN_UNICAST : 0;
    if (request->device[0]) {
        interface = interface_find_name(request->device);
        if (!interface)
            return -ENODEV;
        out->interface = interface->index;
    }
    return take_gateway(entry, adding, out);
}

int route_control(unsigned command, struct user_buffer *argument)
{
    struct route_request request;
    struct route route;
    int error;

    if (user_buffer_take(argument, &request, sizeof(request)) < sizeof(request))
        return -EFAULT;
    request.device[sizeof(request.device) - 1] = '\0';
    error = translate(&request, command == SIOCADDRT, &route);
    if (error)
        return error;
    return command == SIOCADDRT ? route_add(&route, false) : route_remove(&route);
}

/* ---- IPv6 ---- */

int route_control6(unsigned command, struct user_buffer *argument)
{
    struct in6_rtmsg request;
    bool adding = command == SIOCADDRT;

    if (user_buffer_take(argument, &request, sizeof(request)) < sizeof(request))
        return -EFAULT;
    if (request.rtmsg_dst_len > 128 || request.rtmsg_src_len != 0)
        return -EINVAL;
    struct route route = { .family = AF_INET6,
                           .prefix = (uint8_t)request.rtmsg_dst_len,
                           .type = adding ? RTN_UNICAST : 0,
                           .protocol = adding ? RTPROT_BOOT : 0,
                           .scope = adding ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE,
                           .has_gateway = request.rtmsg_flags & RTF_GATEWAY,
                           .metric = request.rtmsg_metric,
                           .interface = (unsigned)request.rtmsg_ifindex };

    if (adding && route.metric == 0)
        route.metric = METRIC6_DEFAULT;
    memcpy(route.destination, &request.rtmsg_dst, sizeof(route.destination));
    memcpy(route.gateway, &request.rtmsg_gateway, sizeof(route.gateway));
    return adding ? route_add(&route, false) : route_remove(&route);
}
