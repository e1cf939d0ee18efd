/* What every IP packet passes before lwIP looks at it.  Dropped are those too short for a header,
 * which lwIP would read beyond their end, and those from outside that claim to be of this machine. */
#include "netstack.h"

#include <lwip/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/stats.h>

#include "hooks.h"

static bool is_loopback(const struct netif *netif)
{
    return !interface_of(netif)->ethernet;
}

static bool ip4_acceptable(struct pbuf *packet, const struct netif *from)
{
    const struct ip_hdr *header = packet->payload;
    ip4_addr_t source, destination;

    if (packet->len < IP_HLEN)
        return false;
    ip4_addr_copy(source, header->src);
    ip4_addr_copy(destination, header->dest);
    if (!is_loopback(from) && (ip4_addr_isloopback(&source) || ip4_addr_isloopback(&destination)))
        return false;
    if (IPH_OFFSET(header) & PP_HTONS(IP_MF | IP_OFFMASK))
        timers_reassembly_wanted(false);
    if (IPH_PROTO(header) == IP_PROTO_IGMP)
        timers_groups_wanted();
    return true;
}

int netstack_ip4_packet(struct pbuf *packet, struct netif *from)
{
    if (ip4_acceptable(packet, from))
        return 0;
    IP_STATS_INC(ip.drop);
    pbuf_free(packet);
    return 1;
}

static bool ip6_acceptable(struct pbuf *packet, const struct netif *from)
{
    const struct ip6_hdr *header = packet->payload;
    ip6_addr_t source, destination;

    if (packet->len < IP6_HLEN)
        return false;
    ip6_addr_copy_from_packed(source, header->src);
    ip6_addr_copy_from_packed(destination, header->dest);
    if (!is_loopback(from) && (ip6_addr_isloopback(&source) || ip6_addr_isloopback(&destination)))
        return false;
    /* Not TCP and not UDP: there may be extension headers, and a fragment or a group's query. */
    if (IP6H_NEXTH(header) != IP6_NEXTH_TCP && IP6H_NEXTH(header) != IP6_NEXTH_UDP) {
        timers_reassembly_wanted(true);
        timers_groups_wanted();
    }
    return true;
}

int netstack_ip6_packet(struct pbuf *packet, struct netif *from)
{
    if (ip6_acceptable(packet, from))
        return 0;
    IP6_STATS_INC(ip6.drop);
    pbuf_free(packet);
    return 1;
}
