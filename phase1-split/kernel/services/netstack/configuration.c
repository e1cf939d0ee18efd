/* Setting interfaces up and down, and what they are called and addressed by. */
#include "configuration.h"

#include <linux/errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <net/driver.h>
#include <platform/memory.h>

#include <lwip/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/ethip6.h>
#include <lwip/nd6.h>

#include "byte_order.h"
#include "neighbour.h"
#include "netlink.h"
#include "netstack.h"
#include "packet.h"
#include "route.h"

#define MTU_LEAST    68   /* RFC 791 */
#define MTU_LEAST6   1280 /* RFC 8200, section 5 */
#define MTU_LOOPBACK 65536

/* ---- asking ---- */

unsigned interface_flags(const struct interface *interface)
{
    const struct configuration *own = &interface->configuration;
    unsigned flags = interface->ethernet ? IFF_BROADCAST | IFF_MULTICAST : IFF_LOOPBACK;

    if (netif_is_up(&interface->netif)) {
        flags |= IFF_UP;
        if (netif_is_link_up(&interface->netif))
            flags |= IFF_RUNNING | IFF_LOWER_UP;
    }
    if (own->promiscuous_flag)
        flags |= IFF_PROMISC;
    if (own->all_multicast_flag)
        flags |= IFF_ALLMULTI;
    if (own->no_arp)
        flags |= IFF_NOARP;
    if (own->no_multicast)
        flags &= ~(unsigned)IFF_MULTICAST;
    return flags;
}

uint16_t interface_hardware_type(const struct interface *interface)
{
    return interface->ethernet ? ARPHRD_ETHER : ARPHRD_LOOPBACK;
}

/* Linux's loopback interface has 65536.  lwIP's number ends one before it, and so does the length of an
 * IP packet: nothing tells the two apart but what is shown. */
unsigned interface_mtu(const struct interface *interface)
{
    unsigned mtu = interface->netif.mtu;

    return mtu == UINT16_MAX ? MTU_LOOPBACK : mtu;
}

uint32_t interface_address(const struct interface *interface)
{
    return netif_ip4_addr(&interface->netif)->addr;
}

uint32_t interface_netmask(const struct interface *interface)
{
    return netif_ip4_netmask(&interface->netif)->addr;
}

unsigned interface_prefix(const struct interface *interface)
{
    return (unsigned)max(prefix_of(interface_netmask(interface)), 0);
}

/* What a router has announced has the only length that lwIP takes. */
unsigned interface_prefix6(const struct interface *interface, int8_t place)
{
    return netif_ip6_addr_isstatic(&interface->netif, place)
               ? interface->configuration.prefixes[place]
               : 64;
}

struct interface *interface_with_address(uint32_t address)
{
    const struct netif *netif;

    if (address == 0)
        return NULL;
    NETIF_FOREACH(netif) /* those of further addresses among them */
    if (netif_ip4_addr(netif)->addr == address)
        return interface_of(netif);
    return NULL;
}

struct interface *interface_with_address6(const ip6_addr_t *address)
{
    struct interface *interface = NULL;

    while ((interface = interface_next(interface ? interface->index : 0)))
        for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
            if (netif_is_up(&interface->netif) &&
                ip6_addr_isvalid(netif_ip6_addr_state(&interface->netif, i)) &&
                ip6_addr_cmp_zoneless(address, netif_ip6_addr(&interface->netif, i)))
                return interface;
    return NULL;
}

void interface_statistics(const struct interface *interface, struct interface_statistics *out)
{
    if (interface->ethernet && network_device_statistics(interface->index, out) == 0)
        return;
    *out = (struct interface_statistics){
        .received_frames = interface->packets,
        .received_bytes = interface->bytes,
        .received_dropped = interface->dropped,
        .sent_frames = interface->packets,
        .sent_bytes = interface->bytes,
    };
}

/* ---- forgetting addresses ---- */

void netif_forget_address(struct netif *netif)
{
    ip4_addr_set_zero(ip_2_ip4(&netif->ip_addr));
}

static void forget_address6(struct netif *netif, int8_t place)
{
    if (ip6_addr_isinvalid(netif_ip6_addr_state(netif, place)))
        return;
    nd6_adjust_mld_membership(netif, place, IP6_ADDR_INVALID);
    netif->ip6_addr_state[place] = IP6_ADDR_INVALID;
}

/* ---- up and down ---- */

/* What an interface has of IPv6 by itself. */
static void start_ip6(struct interface *interface)
{
    struct netif *netif = &interface->netif;
    ip6_addr_t local;

    if (interface_mtu(interface) < MTU_LEAST6)
        return;
    netif_ip6_addr_set_valid_life(netif, 0, IP6_ADDR_LIFE_STATIC);
    if (interface->ethernet) {
        netif_create_ip6_linklocal_address(netif, 1);
        interface->configuration.prefixes[0] = 64;
        netif_set_ip6_autoconfig_enabled(netif, 1);
        return;
    }
    ip6_addr_set_loopback(&local);
    netif_ip6_addr_set_parts(netif, 0, local.addr[0], local.addr[1], local.addr[2], local.addr[3]);
    netif_ip6_addr_set_state(netif, 0, IP6_ADDR_PREFERRED);
    interface->configuration.prefixes[0] = 128;
}

static void stop_ip6(struct interface *interface)
{
    netif_set_ip6_autoconfig_enabled(&interface->netif, 0);
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        forget_address6(&interface->netif, i);
}

static void start(struct interface *interface)
{
    if (!interface->ethernet && interface_address(interface) == 0)
        interface_set_address(interface, swap_u32(IPADDR_LOOPBACK), netmask_of(8), 0);
    netif_set_up(&interface->netif);
    alias_update(interface);
    start_ip6(interface);
    route_interface_changed(interface);
}

static void set_up(struct interface *interface, bool up)
{
    if (up == (netif_is_up(&interface->netif) != 0))
        return;
    if (up) {
        start(interface);
    } else {
        stop_ip6(interface);
        netif_set_down(&interface->netif);
        alias_update(interface);
        neighbour_interface_down(interface);
        route_interface_changed(interface);
        packet_interface_down(interface->index);
    }
    netlink_link_changed(interface);
}

void interface_want_all_multicast(struct interface *interface, int change)
{
    interface->configuration.all_multicast += (unsigned)change;
}

/* Has the device take in what the interface is to see. */
static int set_filter(const struct interface *interface)
{
    return network_filter(interface->index, interface->netif.hwaddr,
                          interface->configuration.promiscuous > 0);
}

void interface_want_promiscuous(struct interface *interface, int change)
{
    interface->configuration.promiscuous += (unsigned)change;
    if (interface->ethernet)
        set_filter(interface);
}

/* Whom the interface knows is forgotten; so does Linux. */
static void set_no_arp(struct interface *interface, bool no_arp)
{
    struct interface_address own;

    if (!interface->ethernet || no_arp == interface->configuration.no_arp)
        return;
    interface->configuration.no_arp = no_arp;
    for (size_t i = 0; i <= ALIASES_MOST; i++)
        if (interface_address_at(interface, i, &own))
            etharp_cleanup_netif(own.netif);
    neighbour_interface_down(interface);
}

int interface_set_flags(struct interface *interface, unsigned flags)
{
    struct configuration *own = &interface->configuration;
    bool promiscuous = flags & IFF_PROMISC, all_multicast = flags & IFF_ALLMULTI;

    if (promiscuous != own->promiscuous_flag)
        interface_want_promiscuous(interface, promiscuous ? 1 : -1);
    if (all_multicast != own->all_multicast_flag)
        interface_want_all_multicast(interface, all_multicast ? 1 : -1);
    own->promiscuous_flag = promiscuous;
    own->all_multicast_flag = all_multicast;
    own->no_multicast = interface->ethernet && !(flags & IFF_MULTICAST);
    set_no_arp(interface, flags & IFF_NOARP);
    set_up(interface, flags & IFF_UP);
    return 0;
}

/* ---- sizes and names ---- */

int interface_set_mtu(struct interface *interface, int64_t mtu)
{
    int64_t most = interface->ethernet ? FRAME_LENGTH_MOST - ETH_HWADDR_LEN * 2 - 2 : MTU_LOOPBACK;

    if (mtu < (interface->ethernet ? MTU_LEAST : 0) || mtu > most)
        return -EINVAL;
    interface->netif.mtu = (u16_t)min(mtu, (int64_t)UINT16_MAX);
    interface->netif.mtu6 = interface->netif.mtu;
    alias_update(interface);
    netlink_link_changed(interface);
    return 0;
}

static bool name_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= INTERFACE_NAME || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == ':' || name[i] <= ' ' || name[i] == 0x7f)
            return false;
    return true;
}

int interface_set_name(struct interface *interface, const char *name)
{
    struct interface *known = interface_find_name(name);

    if (netif_is_up(&interface->netif))
        return -EBUSY;
    if (!name_is_valid(name))
        return -EINVAL;
    if (known)
        return known == interface ? 0 : -EEXIST;
    string_copy(interface->name, name, sizeof(interface->name));
    netlink_link_changed(interface);
    return 0;
}

int interface_set_hardware(struct interface *interface, const uint8_t address[6])
{
    static const uint8_t none[6];
    int error;

    if ((address[0] & 1) || memcmp(address, none, sizeof(none)) == 0)
        return -EADDRNOTAVAIL; /* a group's, or nobody's */
    memcpy(interface->netif.hwaddr, address, sizeof(none));
    alias_update(interface);
    error = set_filter(interface);
    if (!error && netif_is_up(&interface->netif))
        etharp_gratuitous(&interface->netif);
    netlink_link_changed(interface);
    return error;
}

/* ---- IPv4 addresses ---- */

uint32_t netmask_of(unsigned prefix)
{
    return prefix == 0 ? 0 : swap_u32(UINT32_MAX << (32 - prefix));
}

int prefix_of(uint32_t netmask)
{
    uint32_t mask = swap_u32(netmask);
    unsigned prefix = mask == UINT32_MAX ? 32 : (unsigned)__builtin_clz(~mask);

    return netmask_of(prefix) == netmask ? (int)prefix : -1;
}

uint32_t broadcast_of(uint32_t address, uint32_t netmask)
{
    return prefix_of(netmask) >= 31 ? 0 : address | ~netmask;
}

int interface_set_address(struct interface *interface, uint32_t address, uint32_t netmask,
                          uint32_t broadcast)
{
    ip4_addr_t new_address = { address }, new_netmask = { netmask }, no_gateway = { 0 };
    uint32_t old = interface_address(interface);

    if (prefix_of(netmask) < 0)
        return -EINVAL;
    if (old != 0 && (old != address || interface_netmask(interface) != netmask))
        netlink_address_changed(interface, 0, true);
    if (old != 0)
        route_address_removed(interface, old);
    if (old != address)
        netif_forget_address(&interface->netif);
    netif_set_addr(&interface->netif, &new_address, &new_netmask, &no_gateway);
    interface->configuration.broadcast = broadcast;
    if (old != address)
        interface->configuration.label[0] = '\0';
    if (address != 0) {
        route_address_added(interface, address, netmask);
        netlink_address_changed(interface, 0, false);
    }
    return 0;
}

int interface_add_address(struct interface *interface, uint32_t address, uint32_t netmask,
                          uint32_t broadcast)
{
    if (prefix_of(netmask) < 0 || address == 0)
        return -EINVAL;
    if (interface_with_address(address) == interface && interface_address(interface) != address)
        return -EEXIST;
    if (interface_address(interface) == 0 || interface_address(interface) == address)
        return interface_set_address(interface, address, netmask, broadcast);
    return interface->ethernet ? alias_add(interface, address, netmask, broadcast) : -EOPNOTSUPP;
}

/* Those that are secondary to an address go with it. */
static void remove_secondaries(struct interface *interface, uint32_t address, uint32_t netmask)
{
    struct interface_address other;

    for (size_t i = 1; i <= ALIASES_MOST; i++)
        if (interface_address_at(interface, i, &other) && other.address != address &&
            other.secondary && ((other.address ^ address) & netmask) == 0 &&
            other.netmask == netmask)
            alias_remove(interface, other.address);
}

/* The first one has gone: a further one takes its place. */
static int replace_first(struct interface *interface)
{
    struct interface_address next;
    char label[INTERFACE_NAME] = "";
    size_t which = 1;
    int error;

    while (which <= ALIASES_MOST && !interface_address_at(interface, which, &next))
        which++;
    if (which > ALIASES_MOST)
        return interface_set_address(interface, 0, 0, 0);
    string_copy(label, next.label, sizeof(label));
    alias_remove(interface, next.address);
    error = interface_set_address(interface, next.address, next.netmask, next.broadcast);
    alias_label(interface, next.address, label);
    return error;
}

int interface_remove_address(struct interface *interface, uint32_t address)
{
    struct interface_address own;
    size_t which = 0;

    while (which <= ALIASES_MOST &&
           !(interface_address_at(interface, which, &own) && own.address == address))
        which++;
    if (which > ALIASES_MOST)
        return -EADDRNOTAVAIL;
    if (!own.secondary)
        remove_secondaries(interface, address, own.netmask);
    return which == 0 ? replace_first(interface) : alias_remove(interface, address);
}

/* ---- IPv6 addresses ---- */

static ip6_addr_t address6_on(const struct netif *netif, const uint8_t address[16])
{
    ip6_addr_t own;

    memset(&own, 0, sizeof(own));
    memcpy(own.addr, address, 16);
    ip6_addr_assign_zone(&own, IP6_UNICAST, netif);
    return own;
}

int interface_add_address6(struct interface *interface, const uint8_t address[16], unsigned prefix)
{
    struct netif *netif = &interface->netif;
    ip6_addr_t own = address6_on(netif, address);
    s8_t place;

    if (prefix > 128 || ip6_addr_ismulticast(&own) || ip6_addr_isany(&own))
        return -EINVAL;
    if (netif_get_ip6_addr_match(netif, &own) >= 0)
        return -EEXIST;
    if (netif_add_ip6_address(netif, &own, &place) != ERR_OK)
        return -ENOBUFS;
    if (!interface->ethernet)
        netif_ip6_addr_set_state(netif, place, IP6_ADDR_PREFERRED);
    netif_ip6_addr_set_valid_life(netif, place, IP6_ADDR_LIFE_STATIC);
    netif_ip6_addr_set_pref_life(netif, place, IP6_ADDR_LIFE_STATIC);
    interface->configuration.prefixes[place] = (uint8_t)prefix;
    route_address6_added(interface, address, prefix);
    return 0;
}

int interface_remove_address6(struct interface *interface, const uint8_t address[16],
                              unsigned prefix)
{
    struct netif *netif = &interface->netif;
    ip6_addr_t own = address6_on(netif, address);
    s8_t place;

    place = netif_get_ip6_addr_match(netif, &own);
    if (place < 0 || interface_prefix6(interface, place) != prefix)
        return -EADDRNOTAVAIL;
    forget_address6(netif, place);
    route_address6_removed(interface, address, prefix);
    return 0;
}
