/* The receive path of the network stack: frames from an enemy on the cable, in between calls of
 * programs and the passing of time.
 *
 * An input is a list of steps: a byte that says what to do, a byte or two of length, and data.  Some
 * steps mend a frame before it is fed, so that mutations get past checksums and sequence numbers:
 *
 *   0 frame as it is    1 checksums mended    2 and TCP's numbers made relative to the connection's
 *   3 time passes       4 a program calls
 *
 * After each input everything is closed, must have given back all its memory, and comes to rest: no
 * timer runs any more. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fs/user_memory.h>
#include <lib/bits.h>
#include <lib/checksum.h>
#include <platform/memory.h>
#include <services/netstack/inet.h>
#include <services/netstack/netstack.h>
#include <services/netstack/route.h>
#include <services/netstack/service.h>

#include <lwip/etharp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/nd6.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_priv.h>

#include <linux/if.h>
#include <linux/in.h>
#include <linux/rtnetlink.h>

#include "shim.h"
#include "waiting.h"

#define DEVICE     2u
#define SOCKETS    8
#define FRAME_MOST 1514u
#define QUIET_MOST 1000 /* expiries until no timer runs any more: a group may answer after 65 s */
#define STEPS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct network_stack_ops *const stack = &lwip_stack_ops;

static struct {
    const struct socket_ops *ops;
    socket_handle handle;
} sockets[SOCKETS];

/* ---- the machine ---- */

static void start(void)
{
    static const uint8_t hardware[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
    ip4_addr_t address;
    struct netif *netif;
    ip6_addr_t own;

    promise(stack->start() == 0);
    promise(stack->attach(DEVICE, "eth0", hardware, 1500) == 0);
    struct route way = { .family = AF_INET, .type = RTN_UNICAST, .has_gateway = true };
    struct interface *ethernet = interface_find(DEVICE);

    interface_set_flags(interface_find(INTERFACE_LOOPBACK), IFF_UP | IFF_MULTICAST);
    IP4_ADDR(&address, 10, 0, 2, 15);
    promise(interface_set_address(ethernet, address.addr, netmask_of(24), 0) == 0);
    interface_set_flags(ethernet, IFF_UP | IFF_MULTICAST);
    memcpy(way.gateway, (const uint8_t[]){ 10, 0, 2, 2 }, 4);
    promise(route_add(&way, false) == 0);
    netif = &ethernet->netif;
    promise(stack->link(DEVICE, true) == 0);
    netif_create_ip6_linklocal_address(netif, 1);
    netif_ip6_addr_set_state(netif, 0, IP6_ADDR_PREFERRED);
    IP6_ADDR(&own, PP_HTONL(0xfd000000), 0, 0, PP_HTONL(0x15));
    ip6_addr_assign_zone(&own, IP6_UNICAST, netif);
    netif_ip6_addr_set(netif, 1, &own);
    netif_ip6_addr_set_state(netif, 1, IP6_ADDR_PREFERRED);
}

static void do_work(void)
{
    bool more = true;

    while (shim_work() || more)
        promise(stack->work(&more) == 0);
}

/* Every timer that runs expires once.  True: some go on. */
static bool pass(unsigned milliseconds)
{
    bool going_on = false, again;

    shim_pass(milliseconds);
    for (size_t i = 0; i < stack->timer_count; i++) {
        if (!shim_timer(i))
            continue;
        again = true;
        promise(stack->timers[i].expired(&again) == 0);
        if (again)
            network_timer(i);
        going_on |= again;
    }
    do_work();
    return going_on;
}

/* ---- programs ---- */

static struct socket_address any(int family, uint16_t port)
{
    struct socket_address address = { .length = sizeof(address.inet6) };

    address.family = (__kernel_sa_family_t)family;
    if (family == AF_INET)
        address.length = sizeof(address.inet);
    address.inet.sin_port = __builtin_bswap16(port);
    return address;
}

static socket_handle open(size_t place, const struct socket_ops *ops, int family, int type,
                          int protocol, uint16_t port)
{
    struct socket_origin origin = { .wait = shim_wait() };
    struct socket_address address = any(family, port);
    socket_handle handle = NULL;

    if (ops->create(family, type, protocol, &origin, &handle) != 0)
        return NULL;
    sockets[place].ops = ops;
    sockets[place].handle = handle;
    if (port)
        ops->bind(handle, &address);
    return handle;
}

static void open_all(void)
{
    static const struct ip_mreqn group = { .imr_multiaddr = { PP_HTONL(0xe00000fb) },
                                           .imr_ifindex = DEVICE };
    struct socket_address peer = any(AF_INET, 80);
    socket_handle socket;

    socket = open(0, &tcp_socket_ops, AF_INET6, SOCK_STREAM, 0, 80);
    if (socket)
        tcp_socket_ops.listen(socket, 4, NULL);
    open(1, &udp_socket_ops, AF_INET6, SOCK_DGRAM, 0, 53);
    socket = open(2, &udp_socket_ops, AF_INET, SOCK_DGRAM, 0, 5353);
    if (socket)
        udp_socket_ops.set_option(socket, SOL_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
    open(3, &raw_socket_ops, AF_INET, SOCK_RAW, IPPROTO_ICMP, 0);
    open(4, &raw_socket_ops, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, 0);
    peer.inet.sin_addr.s_addr = PP_HTONL(0x0a000202);
    socket = open(5, &tcp_socket_ops, AF_INET, SOCK_STREAM, 0, 40000);
    if (socket)
        tcp_socket_ops.connect(socket, &peer, NULL, NULL);
    peer.inet.sin_port = __builtin_bswap16(69);
    socket = open(6, &udp_socket_ops, AF_INET, SOCK_DGRAM, 0, 40001);
    if (socket)
        udp_socket_ops.connect(socket, &peer, NULL, NULL);
}

static void drop(size_t place)
{
    if (sockets[place].handle)
        sockets[place].ops->release(sockets[place].handle);
    sockets[place].handle = NULL;
}

static void take_child(void)
{
    struct socket_origin origin = { .wait = shim_wait() };
    struct socket_address peer;
    socket_handle child;

    if (!sockets[0].handle || tcp_socket_ops.accept(sockets[0].handle, &origin, &child, &peer))
        return;
    drop(7);
    sockets[7].ops = &tcp_socket_ops;
    sockets[7].handle = child;
}

static void call(const uint8_t *data, size_t size)
{
    static char memory[8192];
    struct socket_message message = { 0 };
    struct socket_address address = { 0 };
    struct user_buffer buffer;
    size_t place = size ? data[0] % SOCKETS : 0;
    size_t amount = size > 1 ? (size_t)data[1] * 32 : 1;
    int what = size > 2 ? data[2] % 7 : 0;
    uint32_t ready;

    if (what == 0) {
        take_child();
        return;
    }
    if (!sockets[place].handle)
        return;
    message.data = &buffer;
    message.address = &address;
    user_buffer_init_kernel(&buffer, memory, amount);
    switch (what) {
    case 1:
        message.flags = size > 3 ? data[3] & MSG_MORE >> 8 : 0;
        sockets[place].ops->send(sockets[place].handle, &message);
        break;
    case 2:
        sockets[place].ops->receive(sockets[place].handle, &message);
        break;
    case 3:
        sockets[place].ops->shutdown(sockets[place].handle, size > 3 ? data[3] % 3 : SHUT_WR);
        break;
    case 4:
        drop(place);
        break;
    case 5:
        sockets[place].ops->poll(sockets[place].handle, &ready);
        sockets[place].ops->connect_result(sockets[place].handle);
        sockets[place].ops->name(sockets[place].handle, true, &address);
        break;
    default:
        message.flags = MSG_PEEK;
        sockets[place].ops->receive(sockets[place].handle, &message);
    }
    do_work();
}

/* ---- frames ---- */

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(at, &value, sizeof(value));
}

/* Sequence numbers count from what the connection expects; 0 and 0 are the next ones. */
static void mend_numbers(uint8_t *tcp)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->local_port != get16(tcp + 2) || pcb->remote_port != get16(tcp))
            continue;
        put32(tcp + 4, get32(tcp + 4) + pcb->rcv_nxt);
        put32(tcp + 8, get32(tcp + 8) + pcb->snd_nxt);
        return;
    }
}

static void put_sum(uint8_t *at, uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = (uint16_t)~sum;
    memcpy(at, &sum, 2);
}

/* `payload` of `size` bytes, under the pseudo header's sum of addresses. */
static void mend_payload(uint8_t protocol, uint8_t *payload, size_t size, uint32_t addresses,
                         bool numbers)
{
    size_t place;
    uint32_t sum =
        addresses + __builtin_bswap16((uint16_t)size) + __builtin_bswap16((uint16_t)protocol);

    if (protocol == IPPROTO_TCP && size >= 20)
        place = 16;
    else if (protocol == IPPROTO_UDP && size >= 8)
        place = 6;
    else if ((protocol == IPPROTO_ICMP || protocol == IPPROTO_IGMP || protocol == IPPROTO_ICMPV6) &&
             size >= 8)
        place = 2;
    else
        return;
    if (protocol == IPPROTO_TCP && numbers)
        mend_numbers(payload);
    if (protocol == IPPROTO_ICMP || protocol == IPPROTO_IGMP)
        sum = 0;
    memset(payload + place, 0, 2);
    put_sum(payload + place, sum + checksum_sum(payload, size));
}

static void mend(uint8_t *frame, size_t size, bool numbers)
{
    uint8_t *ip = frame + 14;
    size_t header;

    if (size >= 34 && get16(frame + 12) == 0x0800) {
        header = (ip[0] & 15u) * 4;
        if (header < 20 || 14 + header > size)
            return;
        memset(ip + 10, 0, 2);
        put_sum(ip + 10, checksum_sum(ip, header));
        if ((get16(ip + 6) & 0x3fff) == 0 && get16(ip + 2) >= header)
            mend_payload(ip[9], ip + header, min(size - 14, (size_t)get16(ip + 2)) - header,
                         checksum_sum(ip + 12, 8), numbers);
    } else if (size >= 54 && get16(frame + 12) == 0x86dd) {
        mend_payload(ip[6], ip + 40, min(size - 54, (size_t)get16(ip + 4)),
                     checksum_sum(ip + 8, 32), numbers);
    }
}

/* In memory of exactly its size, so that one byte too far is noticed. */
static void feed(const uint8_t *data, size_t size, unsigned how)
{
    uint8_t *frame;

    size = min(size, (size_t)FRAME_MOST);
    if (size < 14)
        return;
    frame = netstack_block_allocate(size);
    if (!frame)
        return;
    memcpy(frame, data, size);
    if (how > 0)
        mend(frame, size, how > 1);
    stack->input(DEVICE, frame, size);
    netstack_block_free(frame, size);
    do_work();
}

/* ---- an input ---- */

static void clean(void)
{
    struct netif *netif = &interface_find(DEVICE)->netif;

    for (size_t i = 0; i < SOCKETS; i++)
        drop(i);
    do_work();
    while (tcp_active_pcbs)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs)
        tcp_abort(tcp_tw_pcbs);
    do_work();
    for (int i = 0; i <= IPV6_REASS_MAXAGE + 1; i++) {
        ip_reass_tmr();
        ip6_reass_tmr();
    }
    etharp_cleanup_netif(netif);
    nd6_cleanup_netif(netif);
    nd6_clear_destination_cache();
    do_work();
    etharp_cleanup_netif(netif);
    nd6_cleanup_netif(netif);
    netif->mtu6 = netif->mtu;
    for (s8_t i = 2; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        netif_ip6_addr_set_state(netif, i, IP6_ADDR_INVALID);
    netif_ip6_addr_set_state(netif, 0, IP6_ADDR_PREFERRED);
    netif_ip6_addr_set_state(netif, 1, IP6_ADDR_PREFERRED);
    netif->rs_count = 0;
    for (unsigned i = 0; pass(1000); i++)
        promise(i < QUIET_MOST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    size_t before;

    shim_reset();
    if (!started) {
        start();
        clean();
        started = true;
    }
    before = netstack_memory_used();
    open_all();
    do_work();
    for (unsigned step = 0; step < STEPS_MOST && size >= 3; step++) {
        unsigned what = data[0] % 5;
        size_t length = min((size_t)get16(data + 1), size - 3);

        if (what <= 2)
            feed(data + 3, length, what);
        else if (what == 3)
            pass(length > 0 ? data[3] * 50u : 50);
        else
            call(data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
    clean();
    promise(netstack_memory_used() == before);
    return 0;
}
