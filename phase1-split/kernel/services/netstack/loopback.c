/* The loopback interface: what goes out comes back in, but not at once.  A packet is queued and
 * arrives when the call that sent it has returned, so the protocols are never entered twice, and a
 * bounded number at a time.
 *
 * Data is not copied on its way.  A TCP segment's headers are, because its sender keeps it until it
 * is acknowledged while the receiver takes it to pieces; the data behind them is lent to the
 * receiver, and stays where it is until both have let go of it.  Other packets belong to nobody but
 * the interface once they are sent.
 *
 * All of 127.0.0.0/8 is here, and every other interface's addresses are; but lwIP answers only for what
 * its interface is called, and sends errors in that name.  So it is shown a guise: the interface, with the
 * address that a packet is for or from in place of its own. */
#include "netstack.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/ip4.h>
#include <lwip/ip6.h>
#include <lwip/mem.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/tcp.h>

#define MTU          65535 /* the most that lwIP's and IPv4's lengths hold */
#define PACKETS_MOST 1024  /* waiting */
#define BATCH        64    /* delivered in one call */
#define SMALL        512   /* bytes of a packet that is copied rather than lent */

/* A piece of another packet's data. */
struct loan {
    struct pbuf_custom custom;
    struct pbuf *owner; /* one reference */
};

static struct pbuf *first, *last; /* linked by `following` */
static unsigned waiting;

/* ---- lending ---- */

static void loan_return(struct pbuf *pbuf)
{
    struct loan *loan = container_of(pbuf, struct loan, custom.pbuf);

    pbuf_free(loan->owner);
    mem_free(loan);
}

/* A packet buffer for the bytes of `owner` from `offset` on, or NULL. */
static struct pbuf *lend(struct pbuf *owner, u16_t offset)
{
    struct loan *loan = mem_malloc(sizeof(*loan));
    u16_t length = owner->len - offset;
    struct pbuf *pbuf;

    if (!loan)
        return NULL;
    loan->custom.custom_free_function = loan_return;
    loan->owner = owner;
    pbuf = pbuf_alloced_custom(PBUF_RAW, length, PBUF_REF, &loan->custom,
                               (u8_t *)owner->payload + offset, length);
    pbuf_ref(owner);
    return pbuf;
}

/* ---- sending ---- */

/* Bytes of headers at the start of a TCP segment, all in its first piece; 0: something else. */
static u16_t tcp_headers(const struct pbuf *packet)
{
    const u8_t *bytes = packet->payload;
    u16_t ip = 0;

    if (bytes[0] >> 4 == 4 && packet->len >= IP_HLEN && bytes[9] == IP_PROTO_TCP)
        ip = (u16_t)(bytes[0] & 15) * 4;
    else if (bytes[0] >> 4 == 6 && packet->len >= IP6_HLEN && bytes[6] == IP_PROTO_TCP)
        ip = IP6_HLEN;
    if (ip == 0 || packet->len < ip + TCP_HLEN)
        return 0;
    ip += (bytes[ip + 12] >> 4) * 4;
    return packet->len < ip ? 0 : ip;
}

static struct pbuf *copy(struct pbuf *packet)
{
    struct pbuf *whole = pbuf_alloc(PBUF_RAW, packet->tot_len, PBUF_RAM);

    if (whole)
        pbuf_copy_partial(packet, whole->payload, packet->tot_len, 0);
    return whole;
}

/* The segment with headers of its own and its data lent, or NULL. */
static struct pbuf *share(struct pbuf *packet, u16_t headers)
{
    struct pbuf *whole = pbuf_alloc(PBUF_RAW, headers, PBUF_RAM);
    u16_t offset = headers;

    if (!whole)
        return NULL;
    memcpy(whole->payload, packet->payload, headers);
    for (struct pbuf *piece = packet; piece; piece = piece->next) {
        struct pbuf *lent = piece->len > offset ? lend(piece, offset) : NULL;

        if (piece->len > offset && !lent) {
            pbuf_free(whole);
            return NULL;
        }
        if (lent)
            pbuf_cat(whole, lent);
        offset = 0;
    }
    return whole;
}

void loopback_deliver(struct netif *netif, struct pbuf *packet)
{
    if (waiting >= PACKETS_MOST) {
        interface_of(netif)->dropped++;
        pbuf_free(packet);
        return;
    }
    packet->if_idx = netif_get_index(netif);
    packet->following = NULL;
    if (waiting++ == 0)
        first = packet;
    else
        last->following = packet;
    last = packet;
    network_work();
}

/* Who looks at frames sees a packet twice, as it goes and as it comes, with a header of zeros. */
static void show(struct interface *interface, struct pbuf *packet)
{
    struct pbuf *frame = packet->tot_len <= UINT16_MAX - SIZEOF_ETH_HDR
                             ? pbuf_alloc(PBUF_RAW, packet->tot_len + SIZEOF_ETH_HDR, PBUF_RAM)
                             : NULL;
    u8_t *bytes;

    if (!frame)
        return;
    bytes = frame->payload;
    memset(bytes, 0, SIZEOF_ETH_HDR);
    pbuf_copy_partial(packet, bytes + SIZEOF_ETH_HDR, packet->tot_len, 0);
    bytes[12] = bytes[SIZEOF_ETH_HDR] >> 4 == 4 ? 0x08 : 0x86; /* ETHTYPE_IP, ETHTYPE_IPV6 */
    bytes[13] = bytes[SIZEOF_ETH_HDR] >> 4 == 4 ? 0x00 : 0xdd;
    frame_show(interface, frame, true);
    frame_show(interface, frame, false);
    pbuf_free(frame);
}

static err_t send(struct netif *netif, struct pbuf *packet)
{
    struct interface *interface = interface_of(netif);
    u16_t headers = tcp_headers(packet);
    struct pbuf *own = packet;

    netif = &interface->netif; /* not the guise that it was sent by */
    if (!netif_is_up(netif))
        return ERR_RTE;
    if (headers == 0)
        pbuf_ref(packet);
    else
        own = packet->tot_len <= SMALL ? copy(packet) : share(packet, headers);
    if (!own) {
        interface->dropped++;
        return ERR_MEM;
    }
    if (!list_empty(&frame_taps))
        show(interface, packet);
    interface->packets++;
    interface->bytes += packet->tot_len;
    loopback_deliver(netif, own);
    return ERR_OK;
}

static err_t send_ip4(struct netif *netif, struct pbuf *packet, const ip4_addr_t *to)
{
    if (ip4_addr_isloopback(to) && !loopback_has(to->addr))
        return ERR_RTE;
    return send(netif, packet);
}

static err_t send_ip6(struct netif *netif, struct pbuf *packet, const ip6_addr_t *to)
{
    (void)to;
    return send(netif, packet);
}

/* ---- guises ---- */

static struct interface *loopback(void)
{
    return interface_find(INTERFACE_LOOPBACK);
}

bool loopback_has(uint32_t address)
{
    const struct netif *netif = &loopback()->netif;

    return netif_is_up(netif) && !ip4_addr_isany(netif_ip4_addr(netif)) &&
           ((netif_ip4_addr(netif)->addr ^ address) & netif_ip4_netmask(netif)->addr) == 0;
}

static bool is_own(const ip4_addr_t *address)
{
    return loopback_has(address->addr) || interface_with_address(address->addr);
}

static struct netif *disguise(struct netif *guise, const ip4_addr_t *address)
{
    struct netif *netif = &loopback()->netif;

    if (ip4_addr_cmp(address, netif_ip4_addr(netif)) || !is_own(address))
        return netif;
    *guise = *netif;
    ip_addr_copy_from_ip4(guise->ip_addr, *address);
    return guise;
}

/* A link-local address counts on the link of its interface only. */
static struct netif *disguise6(struct netif *guise, const ip6_addr_t *address)
{
    struct netif *netif = &loopback()->netif;
    const struct interface *owner = interface_with_address6(address);

    if (!owner || !owner->ethernet)
        return netif;
    *guise = *netif;
    memcpy(guise->ip6_addr, owner->netif.ip6_addr, sizeof(guise->ip6_addr));
    memcpy(guise->ip6_addr_state, owner->netif.ip6_addr_state, sizeof(guise->ip6_addr_state));
    if (ip6_addr_islinklocal(address))
        guise->num = owner->netif.num;
    return guise;
}

struct netif *loopback_netif(void)
{
    return &loopback()->netif;
}

struct netif *loopback_route(const ip4_addr_t *source, const ip4_addr_t *destination)
{
    static struct netif guise; /* used before anything else is asked */

    if (source && is_own(source))
        return disguise(&guise, source);
    return loopback_has(destination->addr) ? loopback_netif() : disguise(&guise, destination);
}

/* ---- arriving ---- */

static struct netif *receiver(const struct pbuf *packet)
{
    static struct netif guise; /* of the packet that is arriving */
    const struct ip_hdr *header = packet->payload;
    const struct ip6_hdr *header6 = packet->payload;
    ip4_addr_t to;
    ip6_addr_t to6;

    if (packet->len >= IP_HLEN && IPH_V(header) == 4) {
        ip4_addr_copy(to, header->dest);
        return disguise(&guise, &to);
    }
    if (packet->len >= IP6_HLEN && IP6H_V(header6) == 6) {
        ip6_addr_copy_from_packed(to6, header6->dest);
        return disguise6(&guise, &to6);
    }
    return &loopback()->netif;
}

int loopback_work(bool *more)
{
    for (unsigned i = 0; i < BATCH && waiting > 0; i++) {
        struct pbuf *packet = first;
        struct interface *interface = interface_find(packet->if_idx);

        first = packet->following;
        waiting--;
        if (!interface || !netif_is_up(&interface->netif))
            pbuf_free(packet);
        else if (interface->ethernet)
            ip_input(packet, &interface->netif);
        else
            ip_input(packet, receiver(packet));
    }
    *more = waiting > 0;
    return 0;
}

/* ---- the interface ---- */

static err_t initialise(struct netif *netif)
{
    netif->name[0] = 'l';
    netif->name[1] = 'o';
    netif->mtu = MTU;
    netif->output = send_ip4;
    netif->output_ip6 = send_ip6;
    netif->flags = NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    /* Memory does not garble.  ICMP's sums stay: raw sockets show them to programs. */
    NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6 |
                                       NETIF_CHECKSUM_CHECK_ICMP | NETIF_CHECKSUM_CHECK_ICMP6);
    return ERR_OK;
}

int loopback_start(void)
{
    struct interface *interface;

    return interface_add(INTERFACE_LOOPBACK, "lo", initialise, &interface);
}
