/* /proc/net/tcp, udp, raw, icmp and their IPv6 kin, and how many there are (sockstat).  netstat(8)
 * reads the columns by their order; the numbers of hash buckets and pointers that Linux tells in some
 * are 0 here. */
#include "files.h"

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/priv/tcp_priv.h>

#include "inet.h"
#include "netstack.h"

/* Linux's numbers of TCP's states (net/tcp_states.h), by lwIP's. */
static const uint8_t states[] = {
    [CLOSED] = 7,      [LISTEN] = 10,    [SYN_SENT] = 2,   [SYN_RCVD] = 3,
    [ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8,
    [CLOSING] = 11,    [LAST_ACK] = 9,   [TIME_WAIT] = 6,
};

/* One line's worth. */
struct line {
    const ip_addr_t *local, *remote;
    uint16_t local_port, remote_port;
    uint8_t state;
    uint32_t send_queue, receive_queue;
    const struct service_socket *socket; /* NULL: no program has it any more */
};

static void add_end(struct text *out, bool version6, const ip_addr_t *address, uint16_t port)
{
    if (!version6)
        text_add(out, " %08X", IP_IS_V4_VAL(*address) ? ip_2_ip4(address)->addr : 0);
    else if (IP_IS_V4_VAL(*address) && ip_2_ip4(address)->addr)
        text_add(out, " 0000000000000000FFFF0000%08X", ip_2_ip4(address)->addr);
    else if (IP_IS_V4_VAL(*address) || IP_IS_ANY_TYPE_VAL(*address))
        text_add(out, " 00000000000000000000000000000000");
    else
        text_add(out, " %08X%08X%08X%08X", ip_2_ip6(address)->addr[0], ip_2_ip6(address)->addr[1],
                 ip_2_ip6(address)->addr[2], ip_2_ip6(address)->addr[3]);
    text_add(out, ":%04X", port);
}

static void add_line(struct text *out, unsigned number, bool version6, const struct line *line)
{
    text_add(out, "%4u:", number);
    add_end(out, version6, line->local, line->local_port);
    add_end(out, version6, line->remote, line->remote_port);
    text_add(out, " %02X %08X:%08X 00:00000000 00000000 %5u %8d %llu", line->state,
             line->send_queue, line->receive_queue, line->socket ? line->socket->origin.uid : 0, 0,
             line->socket ? (unsigned long long)line->socket->origin.inode : 0);
}

static void add_heading(struct text *out, bool version6, const char *rest)
{
    text_add(out,
             version6 ? "  sl  local_address                         "
                        "remote_address                        st tx_queue rx_queue tr "
                        "tm->when retrnsmt   uid  timeout inode%s\n"
                      : "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                        "retrnsmt   uid  timeout inode%s\n",
             rest);
}

/* ---- TCP ---- */

/* A connection of a socket of AF_INET6 counts as one of IPv6, whatever its addresses. */
static bool is_version6(const struct service_socket *socket, const ip_addr_t *local)
{
    return socket ? socket->family == AF_INET6 : !IP_IS_V4_VAL(*local);
}

static void add_listeners(struct text *out, bool version6, unsigned *number)
{
    for (const struct tcp_pcb_listen *pcb = tcp_listen_pcbs.listen_pcbs; pcb; pcb = pcb->next) {
        static const ip_addr_t nobody;
        const struct service_socket *socket = pcb->callback_arg;
        struct line line = { .local = &pcb->local_ip,
                             .remote = &nobody,
                             .local_port = pcb->local_port,
                             .state = states[LISTEN],
                             .socket = socket };

        if (is_version6(socket, &pcb->local_ip) != version6)
            continue;
        if (socket)
            line.receive_queue = socket->tcp.waiting;
        add_line(out, (*number)++, version6, &line);
        text_add(out, " 1 %016llx 100 0 0 10 0\n", 0ull);
    }
}

static void add_connections(struct text *out, const struct tcp_pcb *first, bool version6,
                            unsigned *number)
{
    for (const struct tcp_pcb *pcb = first; pcb; pcb = pcb->next) {
        const struct service_socket *socket = pcb->state == TIME_WAIT ? NULL : pcb->callback_arg;
        struct line line = { .local = &pcb->local_ip,
                             .remote = &pcb->remote_ip,
                             .local_port = pcb->local_port,
                             .remote_port = pcb->remote_port,
                             .state = states[pcb->state],
                             .socket = socket };

        if (is_version6(socket, &pcb->local_ip) != version6)
            continue;
        if (pcb->state != TIME_WAIT)
            line.send_queue = pcb->snd_lbb - pcb->lastack;
        if (socket)
            line.receive_queue = socket->tcp.received;
        add_line(out, (*number)++, version6, &line);
        text_add(out, " 1 %016llx 20 4 30 10 -1\n", 0ull);
    }
}

static int tcp_file(struct text *out, bool version6)
{
    unsigned number = 0;

    add_heading(out, version6, "");
    add_listeners(out, version6, &number);
    add_connections(out, tcp_active_pcbs, version6, &number);
    add_connections(out, tcp_tw_pcbs, version6, &number);
    return 0;
}

int files_tcp(struct text *out)
{
    return tcp_file(out, false);
}

int files_tcp6(struct text *out)
{
    return tcp_file(out, true);
}

/* ---- UDP, raw, and ICMP by datagrams ---- */

static bool is_ping(const struct service_socket *socket)
{
    return socket->type == SOCK_DGRAM && socket->protocol != IPPROTO_UDP;
}

static bool is_udp(const struct service_socket *socket)
{
    return socket->type == SOCK_DGRAM && !is_ping(socket);
}

static bool is_raw(const struct service_socket *socket)
{
    return socket->type == SOCK_RAW;
}

static int datagram_file(struct text *out, bool version6,
                         bool (*belongs)(const struct service_socket *socket))
{
    const struct service_socket *socket;
    unsigned number = 0;

    add_heading(out, version6, " ref pointer drops");
    list_for_each_entry(socket, &inet_sockets, all) {
        uint16_t port = belongs == is_raw ? socket->protocol : socket->local_port;
        struct line line = { .local = &socket->local,
                             .remote = &socket->remote,
                             .local_port = port,
                             .remote_port = socket->remote_port,
                             .state = 7,
                             .socket = socket };

        if (!belongs(socket) || (socket->family == AF_INET6) != version6 || port == 0)
            continue;
        if (socket->datagram.connected)
            line.state = 1;
        line.receive_queue = socket->datagram.charged;
        add_line(out, number++, version6, &line);
        text_add(out, " 2 %016llx %u\n", 0ull, socket->datagram.dropped);
    }
    return 0;
}

int files_udp(struct text *out)
{
    return datagram_file(out, false, is_udp);
}

int files_udp6(struct text *out)
{
    return datagram_file(out, true, is_udp);
}

int files_raw(struct text *out)
{
    return datagram_file(out, false, is_raw);
}

int files_raw6(struct text *out)
{
    return datagram_file(out, true, is_raw);
}

int files_icmp(struct text *out)
{
    return datagram_file(out, false, is_ping);
}

int files_icmp6(struct text *out)
{
    return datagram_file(out, true, is_ping);
}

/* ---- how many ---- */

static unsigned count(int family, bool (*belongs)(const struct service_socket *socket))
{
    const struct service_socket *socket;
    unsigned number = 0;

    list_for_each_entry(socket, &inet_sockets, all)
        number += (family == 0 || socket->family == family) && (!belongs || belongs(socket));
    return number;
}

static bool is_tcp(const struct service_socket *socket)
{
    return socket->type == SOCK_STREAM;
}

static unsigned waiting_to_die(void)
{
    unsigned number = 0;

    for (const struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next)
        number++;
    return number;
}

/* Connections that no program has any more, but that are not over. */
static unsigned orphans(void)
{
    unsigned number = 0;

    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        number += pcb->callback_arg == NULL;
    return number;
}

int files_sockstat(struct text *out)
{
    text_add(out, "sockets: used %u\n", count(0, NULL));
    text_add(out, "TCP: inuse %u orphan %u tw %u alloc %u mem %zu\n", count(AF_INET, is_tcp),
             orphans(), waiting_to_die(), count(0, is_tcp), netstack_memory_used() / 4096);
    text_add(out, "UDP: inuse %u mem 0\nUDPLITE: inuse 0\nRAW: inuse %u\n", count(AF_INET, is_udp),
             count(AF_INET, is_raw));
    text_add(out, "FRAG: inuse 0 memory 0\n");
    return 0;
}

int files_sockstat6(struct text *out)
{
    text_add(out, "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\nRAW6: inuse %u\n",
             count(AF_INET6, is_tcp), count(AF_INET6, is_udp), count(AF_INET6, is_raw));
    text_add(out, "FRAG6: inuse 0 memory 0\n");
    return 0;
}
