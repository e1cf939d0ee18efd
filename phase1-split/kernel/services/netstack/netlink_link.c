/* RTM_*LINK: interfaces.  rtnetlink(7), linux/if_link.h. */
#include "netlink_handlers.h"

#include <linux/errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include "configuration.h"
#include "netlink.h"
#include "netstack.h"

#define OPER_UNKNOWN 0 /* RFC 2863, as linux/if.h numbers the states */
#define OPER_DOWN    2
#define OPER_UP      6

static uint8_t oper_state(const struct interface *interface)
{
    if (!interface->ethernet)
        return OPER_UNKNOWN;
    return interface_flags(interface) & IFF_RUNNING ? OPER_UP : OPER_DOWN;
}

static void put_statistics(const struct interface *interface, struct netlink_output *output)
{
    struct interface_statistics traffic;
    struct rtnl_link_stats64 statistics;

    interface_statistics(interface, &traffic);
    memset(&statistics, 0, sizeof(statistics));
    statistics.rx_packets = traffic.received_frames;
    statistics.rx_bytes = traffic.received_bytes;
    statistics.rx_errors = traffic.received_errors;
    statistics.rx_dropped = traffic.received_dropped;
    statistics.tx_packets = traffic.sent_frames;
    statistics.tx_bytes = traffic.sent_bytes;
    statistics.tx_errors = traffic.sent_errors;
    statistics.tx_dropped = traffic.sent_dropped;
    netlink_put(output, IFLA_STATS64, &statistics, sizeof(statistics));
}

/* Linux does not tell the queueing of an interface to who asks about IPv6. */
bool netlink_link_tell(const struct interface *interface, uint8_t family,
                       struct netlink_output *output)
{
    uint8_t everybody[ETH_ALEN], state = oper_state(interface), mode = 0;
    struct ifinfomsg *link = netlink_begin(output, RTM_NEWLINK, sizeof(*link));

    if (!link)
        return netlink_end(output);
    memset(everybody, interface->ethernet ? 0xff : 0, sizeof(everybody));
    link->ifi_family = family == AF_INET6 ? AF_INET6 : AF_UNSPEC;
    link->ifi_type = interface_hardware_type(interface);
    link->ifi_index = (int)interface->index;
    link->ifi_flags = interface_flags(interface);
    netlink_put_text(output, IFLA_IFNAME, interface->name);
    netlink_put_number(output, IFLA_TXQLEN, interface->configuration.queue_length);
    netlink_put(output, IFLA_OPERSTATE, &state, sizeof(state));
    netlink_put(output, IFLA_LINKMODE, &mode, sizeof(mode));
    netlink_put_number(output, IFLA_MTU, interface_mtu(interface));
    netlink_put_number(output, IFLA_PROMISCUITY, interface->configuration.promiscuous);
    if (family != AF_INET6)
        netlink_put_text(output, IFLA_QDISC, interface->ethernet ? "pfifo" : "noqueue");
    netlink_put(output, IFLA_ADDRESS, interface->netif.hwaddr, ETH_ALEN);
    netlink_put(output, IFLA_BROADCAST, everybody, sizeof(everybody));
    put_statistics(interface, output);
    return netlink_end(output);
}

bool netlink_link_dump(struct netlink_dump *dump, struct netlink_output *output)
{
    const struct interface *interface;

    while ((interface = interface_next((unsigned)dump->place))) {
        if (!netlink_link_tell(interface, dump->family, output))
            return false;
        dump->place = interface->index;
    }
    return true;
}

/* The interface that a request means, by number or by name. */
static int find(const struct netlink_request *request, struct interface **out)
{
    const struct ifinfomsg *link = request->fixed;
    char name[INTERFACE_NAME];

    if (link->ifi_index > 0) {
        *out = interface_find((unsigned)link->ifi_index);
    } else {
        if (netlink_text(request, IFLA_IFNAME, name, sizeof(name)))
            return -EINVAL;
        *out = interface_find_name(name);
    }
    return *out ? 0 : -ENODEV;
}

int netlink_link_get(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    struct interface *interface;
    int error = netlink_parse(&request, sizeof(struct ifinfomsg));

    if (!error)
        error = find(&request, &interface);
    if (!error && !netlink_link_tell(interface, AF_UNSPEC, output))
        error = -EMSGSIZE;
    return error;
}

/* Flags whose bits are set in ifi_change become what they are in ifi_flags; ifi_change 0 is an old
 * way to say all of them. */
static int set_flags(struct interface *interface, const struct ifinfomsg *link)
{
    unsigned flags = interface_flags(interface);

    if (link->ifi_flags == 0 && link->ifi_change == 0)
        return 0;
    if (link->ifi_change)
        flags = (flags & ~link->ifi_change) | (link->ifi_flags & link->ifi_change);
    else
        flags = link->ifi_flags;
    return interface_set_flags(interface, flags);
}

static int set_attributes(struct interface *interface, const struct netlink_request *request)
{
    const void *hardware = netlink_attribute_least(request, IFLA_ADDRESS, ETH_ALEN);
    char name[INTERFACE_NAME];
    int error = 0;

    if (netlink_has(request, IFLA_ADDRESS)) {
        if (!interface->ethernet)
            return -EOPNOTSUPP;
        error = hardware ? interface_set_hardware(interface, hardware) : -EINVAL;
    }
    if (!error && netlink_has(request, IFLA_MTU))
        error = interface_set_mtu(interface, netlink_number(request, IFLA_MTU, 0));
    if (!error && netlink_has(request, IFLA_TXQLEN))
        interface->configuration.queue_length = netlink_number(request, IFLA_TXQLEN, 0);
    if (error || !netlink_has(request, IFLA_IFNAME))
        return error;
    error = netlink_text(request, IFLA_IFNAME, name, sizeof(name));
    return error ? error : interface_set_name(interface, name);
}

/* Only what drivers have found is there: no other interface can be made or removed. */
int netlink_link_set(const struct netlink_request *given, struct netlink_output *output)
{
    static const uint8_t numbers[] = { IFLA_MTU, IFLA_TXQLEN };
    struct netlink_request request = *given;
    struct interface *interface;
    int error = netlink_parse(&request, sizeof(struct ifinfomsg));

    (void)output;
    if (!error)
        error = netlink_check_numbers(&request, numbers, array_count(numbers));
    if (error)
        return error;
    if (netlink_has(&request, IFLA_LINKINFO) || netlink_has(&request, IFLA_MASTER))
        return -EOPNOTSUPP;
    error = find(&request, &interface);
    if (!error)
        error = set_attributes(interface, &request);
    return error ? error : set_flags(interface, request.fixed);
}
