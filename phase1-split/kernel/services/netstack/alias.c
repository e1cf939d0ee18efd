/* Each alias is an interface of lwIP's that copies its owner's way to send. */
#include "alias.h"

#include <linux/errno.h>

#include <lib/string.h>
#include <platform/heap.h>
#include <platform/memory.h>

#include <lwip/prot/etharp.h>
#include <lwip/prot/ethernet.h>

#include "neighbour_search.h"
#include "netlink.h"
#include "netstack.h"
#include "route.h"

#define FLAGS_FOLLOWED (NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET)

struct alias {
    struct netif netif; /* its `state` is the interface */
    uint32_t broadcast;
    char label[INTERFACE_NAME];
};

static err_t initialise(struct netif *netif)
{
    const struct netif *main = &interface_of(netif)->netif;

    netif->name[0] = 'e';
    netif->name[1] = 'a';
    netif->output = main->output;
    netif->output_ip6 = main->output_ip6;
    netif->linkoutput = main->linkoutput;
    netif->hwaddr_len = main->hwaddr_len;
    netif->flags = main->flags & FLAGS_FOLLOWED;
    netif->chksum_flags = main->chksum_flags;
    return ERR_OK;
}

static void follow(struct netif *netif, const struct netif *main)
{
    memcpy(netif->hwaddr, main->hwaddr, sizeof(netif->hwaddr));
    netif->mtu = main->mtu;
    netif->mtu6 = main->mtu6;
    if (netif_is_link_up(main))
        netif_set_link_up(netif);
    else
        netif_set_link_down(netif);
    if (netif_is_up(main))
        netif_set_up(netif);
    else
        netif_set_down(netif);
}

void alias_update(struct interface *interface)
{
    for (size_t i = 0; i < ALIASES_MOST; i++)
        if (interface->aliases[i])
            follow(&interface->aliases[i]->netif, &interface->netif);
}

/* ---- asking ---- */

static uint32_t address_of(const struct netif *netif)
{
    return netif_ip4_addr(netif)->addr;
}

/* Is an address before the `which`-th of the same network? */
static bool has_earlier(struct interface *interface, size_t which, const struct netif *netif)
{
    struct interface_address other;

    for (size_t i = 0; i < which; i++)
        if (interface_address_at(interface, i, &other) &&
            other.netmask == netif_ip4_netmask(netif)->addr &&
            ((other.address ^ address_of(netif)) & other.netmask) == 0)
            return true;
    return false;
}

bool interface_address_at(struct interface *interface, size_t which, struct interface_address *out)
{
    struct alias *alias = which > 0 ? interface->aliases[which - 1] : NULL;
    struct netif *netif = which == 0 ? &interface->netif : alias ? &alias->netif : NULL;

    if (!netif || address_of(netif) == 0)
        return false;
    *out = (struct interface_address){ .address = address_of(netif),
                                       .netmask = netif_ip4_netmask(netif)->addr,
                                       .netif = netif };
    out->broadcast = alias ? alias->broadcast : interface->configuration.broadcast;
    out->label = alias ? alias->label : interface->configuration.label;
    out->secondary = has_earlier(interface, which, netif);
    return true;
}

struct netif *alias_for(struct interface *interface, const struct pbuf *frame)
{
    const struct eth_hdr *ethernet = frame->payload;
    const struct etharp_hdr *arp = (const struct etharp_hdr *)(ethernet + 1);
    uint32_t target;

    if (frame->len < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR || ethernet->type != PP_HTONS(ETHTYPE_ARP))
        return &interface->netif;
    memcpy(&target, &arp->dipaddr, sizeof(target));
    for (size_t i = 0; i < ALIASES_MOST; i++)
        if (interface->aliases[i] && address_of(&interface->aliases[i]->netif) == target)
            return &interface->aliases[i]->netif;
    return &interface->netif;
}

/* ---- changing ---- */

int alias_add(struct interface *interface, uint32_t address, uint32_t netmask, uint32_t broadcast)
{
    ip4_addr_t own = { address }, mask = { netmask }, no_gateway = { 0 };
    struct alias *alias;
    size_t place = 0;

    while (place < ALIASES_MOST && interface->aliases[place])
        place++;
    alias = place < ALIASES_MOST ? kzalloc(sizeof(*alias)) : NULL;
    if (!alias)
        return -ENOBUFS;
    if (!netif_add(&alias->netif, &own, &mask, &no_gateway, interface, initialise, netif_input)) {
        kfree(alias);
        return -ENOBUFS;
    }
    alias->broadcast = broadcast;
    interface->aliases[place] = alias;
    follow(&alias->netif, &interface->netif);
    route_address_added(interface, address, netmask);
    netlink_address_changed(interface, place + 1, false);
    return 0;
}

void alias_label(struct interface *interface, uint32_t address, const char *label)
{
    struct interface_address own;

    for (size_t i = 0; i <= ALIASES_MOST; i++)
        if (interface_address_at(interface, i, &own) && own.address == address)
            string_copy(own.label, label, INTERFACE_NAME);
}

int alias_remove(struct interface *interface, uint32_t address)
{
    for (size_t i = 0; i < ALIASES_MOST; i++) {
        struct alias *alias = interface->aliases[i];

        if (!alias || address_of(&alias->netif) != address)
            continue;
        netlink_address_changed(interface, i + 1, true);
        route_address_removed(interface, address);
        neighbour_search_end(&alias->netif);
        netif_forget_address(&alias->netif);
        netif_remove(&alias->netif);
        interface->aliases[i] = NULL;
        kfree(alias);
        return 0;
    }
    return -EADDRNOTAVAIL;
}
