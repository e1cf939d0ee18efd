/* Ethernet interfaces: between lwIP's packet buffers and the frames that Core moves. */
#include "netstack.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <netif/ethernet.h>

#include "hooks.h"
#include "neighbour_search.h"

#define PIECES_MOST 24  /* of a frame; a datagram in fragments has few, a gathered write some */
#define FRAME_LEAST 60u /* bytes on the cable, checksum aside: IEEE 802.3, 4.4.2 */

struct list frame_taps = LIST_INITIAL(frame_taps);

void frame_show(struct interface *interface, const struct pbuf *frame, bool sent)
{
    struct frame_tap *tap, *next;

    list_for_each_entry_safe(tap, next, &frame_taps, node)
        tap->see(tap, interface, frame, sent);
}

static err_t send_pieces(struct interface *interface, const struct pbuf *frame)
{
    struct network_piece pieces[PIECES_MOST];
    size_t count = 0;

    for (; frame; frame = frame->next)
        if (frame->len > 0)
            pieces[count++] = (struct network_piece){ .data = frame->payload, .size = frame->len };
    return network_send(interface->index, pieces, count) ? ERR_MEM : ERR_OK;
}

/* The frame that was sent last, to be compared only: a packet that has not become a frame when lwIP has
 * taken it waits for its neighbour's address. */
static const struct pbuf *sent;

static err_t send(struct netif *netif, struct pbuf *frame)
{
    struct interface *interface = interface_of(netif);
    err_t error;

    sent = frame;
    if (!list_empty(&frame_taps))
        frame_show(interface, frame, true);
    timers_neighbours_wanted();
    if (pbuf_clen(frame) <= PIECES_MOST)
        return send_pieces(interface, frame);
    frame = pbuf_clone(PBUF_RAW, PBUF_RAM, frame); /* many small writes in one segment */
    if (!frame)
        return ERR_MEM;
    error = send_pieces(interface, frame);
    pbuf_free(frame);
    return error;
}

/* lwIP takes an address with a zone to be on its link, the machine's own, too. */
static err_t send_ip6(struct netif *netif, struct pbuf *packet, const ip6_addr_t *to)
{
    struct netif *loopback = loopback_netif();
    const ip6_addr_t *gateway;
    ip_addr_t hop;
    err_t error;

    if (interface_with_address6(to))
        return loopback->output_ip6(loopback, packet, to);
    sent = NULL;
    error = ethip6_output(netif, packet, to);
    if (error != ERR_OK || sent == packet)
        return error;
    gateway = netstack_gateway_ip6(netif, to);
    ip_addr_copy_from_ip6(hop, *(gateway ? gateway : to));
    neighbour_search(netif, &hop, packet);
    return ERR_OK;
}

static const ip4_addr_t *hop_to(struct netif *netif, const ip4_addr_t *to)
{
    const ip4_addr_t *gateway = netstack_gateway_ip4(netif, to);

    return gateway ? gateway : to;
}

/* Without ARP, only those are reached who were set by hand. */
static bool may_not_ask(struct netif *netif, const ip4_addr_t *to)
{
    struct eth_addr *hardware;
    const ip4_addr_t *found;

    return interface_of(netif)->configuration.no_arp && !ip4_addr_ismulticast(to) &&
           !ip4_addr_isbroadcast(to, netif) &&
           etharp_find_addr(netif, hop_to(netif, to), &hardware, &found) < 0;
}

static err_t send_ip4(struct netif *netif, struct pbuf *packet, const ip4_addr_t *to)
{
    ip_addr_t hop;
    err_t error;

    if (may_not_ask(netif, to))
        return ERR_OK; /* Linux sends it to nobody, too */
    sent = NULL;
    error = etharp_output(netif, packet, to);
    if (error != ERR_OK || sent == packet)
        return error;
    ip_addr_copy_from_ip4(hop, *hop_to(netif, to));
    neighbour_search(netif, &hop, packet);
    return ERR_OK;
}

static err_t initialise(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 't';
    netif->output = send_ip4;
    netif->output_ip6 = send_ip6;
    netif->linkoutput = send;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_ENABLE_ALL);
    return ERR_OK;
}

int ethernet_attach(unsigned index, const char *name, const uint8_t address[6], unsigned mtu)
{
    struct interface *interface;
    int error = interface_add(index, name, initialise, &interface);

    if (error)
        return error;
    memcpy(interface->netif.hwaddr, address, ETH_HWADDR_LEN);
    interface->netif.mtu = (u16_t)min(mtu, 65535u);
    interface->netif.mtu6 = interface->netif.mtu;
    return 0;
}

/* A device may bring frames for others: it was told to, or knows no better. */
static bool is_for_others(const struct interface *interface, const uint8_t *frame)
{
    return !(frame[0] & 1) && memcmp(frame, interface->netif.hwaddr, ETH_HWADDR_LEN) != 0;
}

static bool is_unwanted(const struct interface *interface, const struct pbuf *packet)
{
    const struct eth_hdr *header = packet->payload;

    return !netif_is_up(&interface->netif) || is_for_others(interface, packet->payload) ||
           (interface->configuration.no_arp && header->type == PP_HTONS(ETHTYPE_ARP));
}

/* A shorter frame than a cable carries is filled up with zeros: lwIP counts on it (ARP) and would
 * read beyond the end. */
int ethernet_receive(unsigned index, const void *frame, size_t length)
{
    struct interface *interface = interface_find(index);
    size_t size = max(length, (size_t)FRAME_LEAST);
    struct pbuf *packet;

    if (!interface || !interface->ethernet || length > UINT16_MAX)
        return -EINVAL;
    if (netstack_memory_tight())
        return -ENOMEM;
    packet = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
    if (!packet)
        return -ENOMEM;
    memcpy(packet->payload, frame, length);
    memset((uint8_t *)packet->payload + length, 0, size - length);
    if (!list_empty(&frame_taps))
        frame_show(interface, packet, false);
    timers_neighbours_wanted();
    if (is_unwanted(interface, packet) ||
        ethernet_input(packet, alias_for(interface, packet)) != ERR_OK)
        pbuf_free(packet);
    neighbour_search_answers();
    return 0;
}
