/* ICMP's answers that a packet did not arrive, for the socket that sent it: lwIP itself ignores
 * them.  A listener of our own, ahead of lwIP's, finds the socket by the packet's beginning, which
 * each answer carries.  RFC 792, RFC 4443; icmp_unreach() and udp_err() of Linux. */
#include "datagram.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/icmp.h>
#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/icmp6.h>
#include <lwip/raw.h>
#include <lwip/udp.h>

#include "netstack.h"

#define ICMP_HEADER 8

/* What has been told: an errno, and whether that is final. */
struct verdict {
    int error;
    bool fatal;
};

/* The packet it is about, as far as the answer has it. */
struct original {
    ip_addr_t from, to;
    uint8_t protocol;
    uint16_t from_port, to_port;
    uint32_t sequence; /* TCP */
};

/* ---- reading ---- */

static bool judge(bool version6, u8_t type, u8_t code, struct verdict *out)
{
    static const struct verdict unreachable[] = {
        { ENETUNREACH, false },  { EHOSTUNREACH, false }, { ENOPROTOOPT, true },
        { ECONNREFUSED, true },  { EMSGSIZE, false },     { EOPNOTSUPP, false },
        { ENETUNREACH, true },   { EHOSTDOWN, true },     { ENONET, true },
        { ENETUNREACH, true },   { EHOSTUNREACH, true },  { ENETUNREACH, false },
        { EHOSTUNREACH, false }, { EHOSTUNREACH, true },  { EHOSTUNREACH, true },
        { EHOSTUNREACH, true },
    };
    static const struct verdict unreachable6[] = {
        { ENETUNREACH, false },  { EACCES, true },       { EHOSTUNREACH, false },
        { EHOSTUNREACH, false }, { ECONNREFUSED, true },
    };

    if (!version6 && type == ICMP_DUR && code < array_count(unreachable))
        *out = unreachable[code];
    else if (version6 && type == ICMP6_TYPE_DUR && code < array_count(unreachable6))
        *out = unreachable6[code];
    else if (type == (version6 ? ICMP6_TYPE_TE : ICMP_TE))
        *out = (struct verdict){ EHOSTUNREACH, false };
    else
        return false;
    return true;
}

static uint16_t big16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void read_ports(struct pbuf *packet, u16_t offset, struct original *out)
{
    uint8_t ports[8] = { 0 };

    pbuf_copy_partial(packet, ports, sizeof(ports), offset);
    out->from_port = big16(ports);
    out->to_port = big16(ports + 2);
    out->sequence = (uint32_t)big16(ports + 4) << 16 | big16(ports + 6);
}

static bool read4(struct pbuf *packet, u16_t offset, struct original *out)
{
    struct ip_hdr header;

    if (pbuf_copy_partial(packet, &header, sizeof(header), offset) < sizeof(header) ||
        IPH_V(&header) != 4)
        return false;
    ip_addr_copy_from_ip4(out->from, header.src);
    ip_addr_copy_from_ip4(out->to, header.dest);
    out->protocol = IPH_PROTO(&header);
    read_ports(packet, (u16_t)(offset + IPH_HL_BYTES(&header)), out);
    return true;
}

static bool read6(struct pbuf *packet, u16_t offset, struct original *out)
{
    struct ip6_hdr header;

    if (pbuf_copy_partial(packet, &header, sizeof(header), offset) < sizeof(header) ||
        IP6H_V(&header) != 6)
        return false;
    ip_addr_copy_from_ip6_packed(out->from, header.src);
    ip_addr_copy_from_ip6_packed(out->to, header.dest);
    ip6_addr_assign_zone(ip_2_ip6(&out->from), IP6_UNKNOWN, ip_current_input_netif());
    ip6_addr_assign_zone(ip_2_ip6(&out->to), IP6_UNKNOWN, ip_current_input_netif());
    out->protocol = IP6H_NEXTH(&header);
    read_ports(packet, (u16_t)(offset + sizeof(header)), out);
    return true;
}

/* ---- telling ---- */

/* A connection that is not there yet fails; one that is goes on trying (RFC 1122, 4.2.3.9), and
 * an answer about a segment that was never sent is a forgery (RFC 5927). */
static void tell_tcp(const struct original *original, struct verdict verdict)
{
    struct tcp_pcb *pcb;

    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->state == SYN_SENT && pcb->local_port == original->from_port &&
            pcb->remote_port == original->to_port && ip_addr_cmp(&pcb->local_ip, &original->from) &&
            ip_addr_cmp(&pcb->remote_ip, &original->to))
            break;
    if (!pcb || !pcb->callback_arg || original->sequence != pcb->lastack)
        return;
    tcp_fail(pcb->callback_arg, verdict.error);
}

static void tell_udp(const struct original *original, struct verdict verdict)
{
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        socket_handle socket = pcb->recv_arg;

        if (!socket || pcb->local_port != original->from_port || !socket->datagram.connected ||
            pcb->remote_port != original->to_port || !ip_addr_cmp(&pcb->remote_ip, &original->to))
            continue;
        if (verdict.fatal || socket->options.receive_error)
            inet_fail(socket, verdict.error);
        return;
    }
}

static u8_t on_received(void *argument, struct raw_pcb *pcb, struct pbuf *packet,
                        const ip_addr_t *from)
{
    u16_t headers = ip_current_header_tot_len();
    struct original original;
    struct verdict verdict;
    bool version6 = IP_IS_V6(from), whole;

    (void)argument;
    (void)pcb;
    if (packet->tot_len < headers + ICMP_HEADER)
        return 0;
    if (!judge(version6, pbuf_get_at(packet, headers), pbuf_get_at(packet, (u16_t)(headers + 1)),
               &verdict))
        return 0;
    headers = (u16_t)(headers + ICMP_HEADER);
    whole = version6 ? read6(packet, headers, &original) : read4(packet, headers, &original);
    if (whole && original.protocol == IP_PROTO_TCP)
        tell_tcp(&original, verdict);
    else if (whole && original.protocol == IP_PROTO_UDP)
        tell_udp(&original, verdict);
    return 0;
}

int unreachable_start(void)
{
    struct raw_pcb *version4 = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
    struct raw_pcb *version6 = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);

    if (!version4 || !version6)
        return -ENOMEM;
    raw_recv(version4, on_received, NULL);
    raw_recv(version6, on_received, NULL);
    return 0;
}
