/* lwIP asks five times who has an address, a second apart, and then forgets what waited for the answer,
 * without a word.  Here the beginning of each such packet is kept, and when nobody has answered for three
 * seconds, its sender gets the error that a router would send: that the host is unreachable.  So does
 * Linux (arp_error_report(), ndisc_error_report()). */
#include "neighbour_search.h"

#include <platform/clock.h>
#include <platform/memory.h>

#include <lwip/etharp.h>
#include <lwip/icmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip6.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/prot/icmp6.h>

#include "netstack.h"

#define PATIENCE  (3 * NANOSECONDS_PER_SECOND)
#define BEGINNING 128u /* bytes of a packet: its headers, in most cases */

/* A packet that waits; `packet` NULL: an empty place. */
static struct search {
    struct pbuf *packet; /* a copy of its beginning */
    const struct netif *netif;
    ip_addr_t hop;
    uint64_t since; /* its first packet was kept back, ns */
} searches[NEIGHBOURS_SOUGHT];

static size_t waiting; /* how many there are */

static bool same_hop(const struct search *a, const struct search *b)
{
    return a->packet && b->packet && a->netif == b->netif && ip_addr_cmp_zoneless(&a->hop, &b->hop);
}

/* Does it come from here, as far as can be told? */
static bool is_own(const struct pbuf *packet, bool version6)
{
    const struct ip_hdr *header = packet->payload;
    const struct ip6_hdr *header6 = packet->payload;
    ip6_addr_t from6;

    if (!version6)
        return packet->len >= IP_HLEN && interface_with_address(header->src.addr);
    if (packet->len < IP6_HLEN)
        return false;
    ip6_addr_copy_from_packed(from6, header6->src);
    return interface_with_address6(&from6);
}

static void end(struct search *search)
{
    pbuf_free(search->packet);
    search->packet = NULL;
    waiting--;
}

void neighbour_search(const struct netif *netif, const ip_addr_t *hop, struct pbuf *packet)
{
    u16_t size = (u16_t)LWIP_MIN(packet->tot_len, BEGINNING);
    struct search *search = NULL;

    if (!is_own(packet, IP_IS_V6(hop)))
        return;
    for (size_t i = 0; i < NEIGHBOURS_SOUGHT && !search; i++)
        if (!searches[i].packet)
            search = &searches[i];
    if (!search) /* the sender of one more is told nothing */
        return;
    search->packet = pbuf_alloc(PBUF_RAW, size, PBUF_RAM);
    if (!search->packet)
        return;
    waiting++;
    pbuf_copy_partial(packet, search->packet->payload, size, 0);
    search->netif = netif;
    ip_addr_copy(search->hop, *hop);
    search->since = clock_monotonic();
    for (size_t i = 0; i < NEIGHBOURS_SOUGHT; i++)
        if (same_hop(&searches[i], search))
            search->since = LWIP_MIN(search->since, searches[i].since);
}

/* ---- answers ---- */

static bool is_found6(const struct search *search)
{
    for (size_t i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
        if (neighbor_cache[i].state > ND6_INCOMPLETE && neighbor_cache[i].netif == search->netif &&
            ip6_addr_cmp_zoneless(&neighbor_cache[i].next_hop_address, ip_2_ip6(&search->hop)))
            return true;
    return false;
}

static bool is_found(const struct search *search)
{
    struct eth_addr *hardware;
    const ip4_addr_t *address;

    if (IP_IS_V6_VAL(search->hop))
        return is_found6(search);
    return etharp_find_addr((struct netif *)search->netif, ip_2_ip4(&search->hop), &hardware,
                            &address) >= 0;
}

/* RFC 4443, 3.1: as from this machine to itself.  lwIP sends it only while it receives a packet. */
static void report6(struct pbuf *packet)
{
    const struct ip6_hdr *header = packet->payload;
    struct pbuf *report =
        pbuf_alloc(PBUF_IP, (u16_t)(sizeof(struct icmp6_hdr) + packet->tot_len), PBUF_RAM);
    struct icmp6_hdr *icmp;
    ip6_addr_t sender;

    if (!report)
        return;
    ip6_addr_copy_from_packed(sender, header->src);
    icmp = report->payload;
    memset(icmp, 0, sizeof(*icmp));
    icmp->type = ICMP6_TYPE_DUR;
    icmp->code = ICMP6_DUR_ADDRESS;
    pbuf_copy_partial(packet, icmp + 1, packet->tot_len, 0);
    icmp->chksum = ip6_chksum_pseudo(report, IP6_NEXTH_ICMP6, report->tot_len, &sender, &sender);
    ip6_output_if(report, &sender, &sender, LWIP_ICMP6_HL, 0, IP6_NEXTH_ICMP6, loopback_netif());
    pbuf_free(report);
}

static void report(const struct search *search)
{
    if (IP_IS_V6_VAL(search->hop))
        report6(search->packet);
    else
        icmp_dest_unreach(search->packet, ICMP_DUR_HOST);
}

void neighbour_search_answers(void)
{
    for (size_t i = 0; i < NEIGHBOURS_SOUGHT && waiting > 0; i++)
        if (searches[i].packet && is_found(&searches[i]))
            end(&searches[i]);
}

void neighbour_search_tick(void)
{
    uint64_t now = clock_monotonic();

    neighbour_search_answers();
    for (size_t i = 0; i < NEIGHBOURS_SOUGHT && waiting > 0; i++) {
        if (!searches[i].packet || now - searches[i].since < PATIENCE)
            continue;
        report(&searches[i]);
        end(&searches[i]);
    }
}

bool neighbour_search_forget(const ip4_addr_t *address)
{
    size_t before = waiting;

    for (size_t i = 0; i < NEIGHBOURS_SOUGHT && waiting > 0; i++)
        if (searches[i].packet && !IP_IS_V6_VAL(searches[i].hop) &&
            ip4_addr_cmp(ip_2_ip4(&searches[i].hop), address))
            end(&searches[i]);
    return waiting < before;
}

void neighbour_search_end(const struct netif *netif)
{
    for (size_t i = 0; i < NEIGHBOURS_SOUGHT; i++)
        if (searches[i].packet && searches[i].netif == netif)
            end(&searches[i]);
}

bool neighbour_sought(size_t place, ip4_addr_t *address, const struct netif **netif)
{
    const struct search *search = &searches[place];

    if (!search->packet || IP_IS_V6_VAL(search->hop))
        return false;
    for (size_t i = 0; i < place; i++)
        if (same_hop(&searches[i], search)) /* one packet of several */
            return false;
    ip4_addr_copy(*address, *ip_2_ip4(&search->hop));
    *netif = search->netif;
    return true;
}
