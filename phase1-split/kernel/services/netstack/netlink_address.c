/* RTM_*ADDR: addresses of interfaces.  rtnetlink(7), linux/if_addr.h. */
#include "netlink_handlers.h"

#include <linux/errno.h>
#include <linux/if_addr.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include "configuration.h"
#include "netlink.h"
#include "netstack.h"

#define FOREVER UINT32_MAX /* seconds */

/* ---- telling ---- */

static void put_lifetimes(uint32_t preferred, uint32_t valid, struct netlink_output *output)
{
    struct ifa_cacheinfo lifetimes = { .ifa_prefered = preferred, .ifa_valid = valid };

    netlink_put(output, IFA_CACHEINFO, &lifetimes, sizeof(lifetimes));
}

/* One of the interface's IPv4 addresses, if there is such a one. */
bool netlink_address_tell(struct interface *interface, size_t which, uint16_t type,
                          struct netlink_output *output)
{
    struct interface_address own;
    struct ifaddrmsg *message;
    uint32_t flags = IFA_F_PERMANENT;

    if (!interface_address_at(interface, which, &own))
        return true;
    message = netlink_begin(output, type, sizeof(*message));
    if (!message)
        return netlink_end(output);
    if (own.secondary)
        flags |= IFA_F_SECONDARY;
    message->ifa_family = AF_INET;
    message->ifa_prefixlen = (uint8_t)max(prefix_of(own.netmask), 0);
    message->ifa_flags = (uint8_t)flags;
    message->ifa_scope = (uint8_t)own.address == 127 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    message->ifa_index = interface->index;
    netlink_put(output, IFA_ADDRESS, &own.address, sizeof(own.address));
    netlink_put(output, IFA_LOCAL, &own.address, sizeof(own.address));
    if (own.broadcast)
        netlink_put_number(output, IFA_BROADCAST, own.broadcast);
    netlink_put_text(output, IFA_LABEL, own.label[0] ? own.label : interface->name);
    netlink_put_number(output, IFA_FLAGS, flags);
    put_lifetimes(FOREVER, FOREVER, output);
    return netlink_end(output);
}

static uint8_t scope_of(const ip6_addr_t *address)
{
    if (ip6_addr_isloopback(address))
        return RT_SCOPE_HOST;
    if (ip6_addr_islinklocal(address))
        return RT_SCOPE_LINK;
    return ip6_addr_issitelocal(address) ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

static bool tell_address6(const struct interface *interface, s8_t place,
                          struct netlink_output *output)
{
    const struct netif *netif = &interface->netif;
    uint8_t state = netif_ip6_addr_state(netif, place);
    uint32_t valid = netif_ip6_addr_valid_life(netif, place), flags = 0;
    struct ifaddrmsg *message;

    if (ip6_addr_isinvalid(state))
        return true;
    message = netlink_begin(output, RTM_NEWADDR, sizeof(*message));
    if (!message)
        return netlink_end(output);
    if (netif_ip6_addr_isstatic(netif, place))
        flags |= IFA_F_PERMANENT;
    if (ip6_addr_istentative(state))
        flags |= IFA_F_TENTATIVE;
    if (ip6_addr_isduplicated(state))
        flags |= IFA_F_DADFAILED;
    message->ifa_family = AF_INET6;
    message->ifa_prefixlen = (uint8_t)interface_prefix6(interface, place);
    message->ifa_flags = (uint8_t)flags;
    message->ifa_scope = scope_of(netif_ip6_addr(netif, place));
    message->ifa_index = interface->index;
    netlink_put(output, IFA_ADDRESS, netif_ip6_addr(netif, place)->addr, 16);
    netlink_put_number(output, IFA_FLAGS, flags);
    if (netif_ip6_addr_isstatic(netif, place))
        put_lifetimes(FOREVER, FOREVER, output);
    else
        put_lifetimes(netif_ip6_addr_pref_life(netif, place), valid, output);
    return netlink_end(output);
}

/* Places: for each interface index, those of IPv4 and those of lwIP for IPv6, the link-local one
 * (lwIP's first) last, as Linux has them. */
bool netlink_address_dump(struct netlink_dump *dump, struct netlink_output *output)
{
    const size_t inet = 1 + ALIASES_MOST, each = inet + LWIP_IPV6_NUM_ADDRESSES;

    for (; dump->place < (INTERFACES_MOST + 1) * each; dump->place++) {
        struct interface *interface = interface_find((unsigned)(dump->place / each));
        size_t which = dump->place % each;
        bool fits = true;

        if (!interface)
            continue;
        if (which < inet && dump->family != AF_INET6)
            fits = netlink_address_tell(interface, which, RTM_NEWADDR, output);
        if (which >= inet && dump->family != AF_INET)
            fits = tell_address6(interface, (s8_t)((which - inet + 1) % LWIP_IPV6_NUM_ADDRESSES),
                                 output);
        if (!fits)
            return false;
    }
    return true;
}

/* ---- changing ---- */

static int parse(struct netlink_request *request, struct interface **out)
{
    const struct ifaddrmsg *message = request->fixed;
    int error = netlink_parse(request, sizeof(*message));

    if (error)
        return error;
    *out = interface_find(message->ifa_index);
    return *out ? 0 : -ENODEV;
}

/* The address of a request, of `size` bytes: IFA_LOCAL, or else IFA_ADDRESS. */
static const void *address_of(const struct netlink_request *request, size_t size)
{
    const void *local = netlink_attribute_least(request, IFA_LOCAL, size);

    return local ? local : netlink_attribute_least(request, IFA_ADDRESS, size);
}

static int add_inet(struct interface *interface, const struct netlink_request *request)
{
    const struct ifaddrmsg *message = request->fixed;
    const void *given = address_of(request, 4);
    char label[INTERFACE_NAME] = "";
    uint32_t address;
    int error;

    if (!given || message->ifa_prefixlen > 32)
        return -EINVAL;
    if (netlink_has(request, IFA_LABEL) && netlink_text(request, IFA_LABEL, label, sizeof(label)))
        return -EINVAL;
    memcpy(&address, given, sizeof(address));
    if (interface_address(interface) == address &&
        interface_prefix(interface) == message->ifa_prefixlen &&
        !(request->header->nlmsg_flags & NLM_F_REPLACE))
        return -EEXIST;
    error = interface_add_address(interface, address, netmask_of(message->ifa_prefixlen),
                                  netlink_number(request, IFA_BROADCAST, 0));
    if (!error)
        alias_label(interface, address, label);
    return error;
}

static int add_inet6(struct interface *interface, const struct netlink_request *request)
{
    const struct ifaddrmsg *message = request->fixed;
    const void *address = address_of(request, 16);

    return address ? interface_add_address6(interface, address, message->ifa_prefixlen) : -EINVAL;
}

int netlink_address_add(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    const struct ifaddrmsg *message = given->fixed;
    struct interface *interface;
    int error = parse(&request, &interface);

    (void)output;
    if (error)
        return error;
    switch (message->ifa_family) {
    case AF_INET:
        return add_inet(interface, &request);
    case AF_INET6:
        return add_inet6(interface, &request);
    default:
        return -EOPNOTSUPP;
    }
}

/* The first one that is meant; without an address, the first one. */
static int remove_inet(struct interface *interface, const struct netlink_request *request)
{
    const struct ifaddrmsg *message = request->fixed;
    const void *given = address_of(request, 4);
    struct interface_address own;

    for (size_t i = 0; i <= ALIASES_MOST; i++) {
        if (!interface_address_at(interface, i, &own))
            continue;
        if (!given || (memcmp(given, &own.address, sizeof(own.address)) == 0 &&
                       own.netmask == netmask_of(min((unsigned)message->ifa_prefixlen, 32u))))
            return interface_remove_address(interface, own.address);
    }
    return -EADDRNOTAVAIL;
}

int netlink_address_remove(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    const struct ifaddrmsg *message = given->fixed;
    struct interface *interface;
    int error = parse(&request, &interface);

    (void)output;
    if (error)
        return error;
    if (message->ifa_family == AF_INET)
        return remove_inet(interface, &request);
    if (message->ifa_family != AF_INET6)
        return -EOPNOTSUPP;
    if (!address_of(&request, 16))
        return -EINVAL;
    return interface_remove_address6(interface, address_of(&request, 16), message->ifa_prefixlen);
}
