/* What programs may ask of the network stack beside moving data: netlink messages, ioctl(2), filters
 * and packet sockets, with whatever arguments.
 *
 * An input is a list of steps: a byte that says what to do, two bytes of length, and data:
 *
 *   0 netlink, by root    1 by a user    2 receive    3 ioctl    4 ioctl of AF_INET6
 *   5 attach a filter     6 send a packet             7 a packet socket's option     8 a frame comes
 *
 * After each input the interfaces go down, what was set is removed, and all memory must be back. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fs/user_memory.h>
#include <lib/bits.h>
#include <net/route_request.h>
#include <platform/memory.h>
#include <services/netstack/files.h>
#include <services/netstack/interface_control.h>
#include <services/netstack/neighbour.h>
#include <services/netstack/netlink.h>
#include <services/netstack/netstack.h>
#include <services/netstack/packet.h>
#include <services/netstack/route.h>
#include <services/netstack/service.h>

#include <asm/socket.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>

#include <lwip/nd6.h>

#include "shim.h"
#include "waiting.h"

#define DEVICE     2u
#define STEPS_MOST 64
#define SPACE      16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct network_stack_ops *const stack = &lwip_stack_ops;
static socket_handle netlink, listener, packet;
static char space[SPACE] __attribute__((aligned(16)));

static void start(void)
{
    static const uint8_t hardware[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

    promise(stack->start() == 0);
    promise(stack->attach(DEVICE, "eth0", hardware, 1500) == 0);
    promise(stack->link(DEVICE, true) == 0);
}

static void set_up(void)
{
    struct interface *ethernet = interface_find(DEVICE);

    interface_set_flags(interface_find(INTERFACE_LOOPBACK), IFF_UP | IFF_MULTICAST);
    promise(interface_set_address(ethernet, PP_HTONL(0x0a00020f), netmask_of(24), 0) == 0);
    interface_set_flags(ethernet, IFF_UP | IFF_MULTICAST);
}

static void work(void)
{
    bool more = true;

    while (shim_work() || more)
        promise(stack->work(&more) == 0);
}

/* Everything down, and nothing left of what was set. */
static void take_down(void)
{
    static const uint8_t hardware[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
    struct interface *interface = NULL;
    struct interface_address own;

    while ((interface = interface_next(interface ? interface->index : 0))) {
        interface_set_flags(interface, IFF_MULTICAST);
        while (interface_address_at(interface, 0, &own))
            promise(interface_remove_address(interface, own.address) == 0);
        promise(!interface_address_at(interface, 1, &own));
        interface_set_mtu(interface, 1500);
    }
    promise(interface_set_name(interface_find(INTERFACE_LOOPBACK), "lo:") == -22);
    interface_set_name(interface_find(DEVICE), "spare");
    interface_set_name(interface_find(INTERFACE_LOOPBACK), "lo");
    promise(interface_set_name(interface_find(DEVICE), "eth0") == 0);
    promise(interface_set_hardware(interface_find(DEVICE), hardware) == 0);
    while (route_at(0)) {
        struct route route = *route_at(0);

        promise(route_remove(&route) == 0);
    }
    work();
}

/* ---- sockets ---- */

static socket_handle open(const struct socket_ops *ops, int family, int type, int protocol)
{
    struct socket_origin origin = { .wait = shim_wait() };
    socket_handle handle;

    promise(ops->create(family, type, protocol, &origin, &handle) == 0);
    return handle;
}

static void open_all(void)
{
    struct socket_address address = { .length = sizeof(struct sockaddr_nl) };

    netlink = open(&netlink_socket_ops, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    listener = open(&netlink_socket_ops, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    packet = open(&packet_socket_ops, AF_PACKET, SOCK_RAW, __builtin_bswap16(ETH_P_ALL));
    address.netlink.nl_family = AF_NETLINK;
    address.netlink.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE;
    promise(netlink_socket_ops.bind(listener, &address) == 0);
}

static void close_all(void)
{
    netlink_socket_ops.release(netlink);
    netlink_socket_ops.release(listener);
    packet_socket_ops.release(packet);
}

static void send(const struct socket_ops *ops, socket_handle handle, const uint8_t *data,
                 size_t size, bool privileged)
{
    struct socket_address address = { .length = 0 };
    struct socket_message message = { .address = &address, .privileged = privileged };
    struct user_buffer buffer;

    memcpy(space, data, min(size, sizeof(space)));
    user_buffer_init_kernel(&buffer, space, min(size, sizeof(space)));
    message.data = &buffer;
    if (ops == &packet_socket_ops) {
        address.length = sizeof(struct sockaddr_ll);
        address.packet.sll_family = AF_PACKET;
        address.packet.sll_ifindex = size > 0 ? data[0] % 4 : DEVICE;
    }
    ops->send(handle, &message);
}

static void receive(const struct socket_ops *ops, socket_handle handle, size_t room, unsigned flags)
{
    struct socket_address address = { .length = 0 };
    struct socket_message message = { .address = &address, .flags = flags };
    struct user_buffer buffer;

    user_buffer_init_kernel(&buffer, space, room);
    message.data = &buffer;
    if (ops->receive(handle, &message) == 0)
        promise(buffer.done <= room && buffer.done <= message.length);
}

static void receive_all(uint8_t how)
{
    receive(&netlink_socket_ops, netlink, how * 64u, how & 1 ? MSG_PEEK : 0);
    receive(&netlink_socket_ops, listener, how * 64u, 0);
    receive(&packet_socket_ops, packet, how * 8u, how & 2 ? MSG_PEEK | MSG_TRUNC : 0);
}

/* ---- the rest ---- */

/* The command in the first two bytes, its structure in those that follow; the list of interfaces
 * gets the room that there is. */
static void control(int family, const uint8_t *data, size_t size)
{
    struct route_request request;
    struct user_buffer buffer;
    unsigned command;
    int result = 0;

    if (size < 2)
        return;
    command = (unsigned)data[0] | (unsigned)data[1] << 8;
    size = min(size - 2, sizeof(space));
    memset(space, 0, sizeof(request) + sizeof(space) / 4);
    memcpy(space, data + 2, size);
    user_buffer_init_kernel(&buffer, space, command == 0x8912 ? size : sizeof(request));
    interface_control(family, command, &buffer, &result);
}

static void set_option(const uint8_t *data, size_t size)
{
    unsigned name = size > 1 ? data[0] | (unsigned)data[1] << 8 : 0;

    if (size <= 2)
        return;
    memcpy(space, data + 2, min(size - 2, (size_t)256));
    packet_socket_ops.set_option(packet, size % 2 ? SOL_PACKET : SOL_SOCKET, (int)name, space,
                                 min(size - 2, (size_t)256));
    size = 256;
    packet_socket_ops.get_option(packet, SOL_PACKET, (int)name, space, &size);
}

static void attach_filter(const uint8_t *data, size_t size)
{
    memcpy(space, data, min(size, sizeof(space)));
    packet_socket_ops.set_option(packet, SOL_SOCKET, SO_ATTACH_FILTER, space,
                                 min(size, sizeof(space)) / 8 * 8);
}

static void read_files(void)
{
    static int (*const files[])(struct text *) = { files_dev,        files_if_inet6, files_route,
                                                   files_ipv6_route, files_arp,      netlink_list,
                                                   packet_list };

    for (size_t i = 0; i < array_count(files); i++) {
        struct text text = { .data = NULL };

        promise(files[i](&text) == 0 && text.error == 0);
        text_free(&text);
    }
}

static void take_step(unsigned what, const uint8_t *data, size_t size)
{
    switch (what) {
    case 0:
    case 1:
        send(&netlink_socket_ops, netlink, data, size, what == 0);
        break;
    case 2:
        receive_all(size > 0 ? data[0] : 255);
        break;
    case 3:
    case 4:
        control(what == 3 ? AF_INET : AF_INET6, data, size);
        break;
    case 5:
        attach_filter(data, size);
        break;
    case 6:
        send(&packet_socket_ops, packet, data, size, true);
        break;
    case 7:
        set_option(data, size);
        break;
    default:
        stack->input(DEVICE, data, min(size, (size_t)1514));
    }
    work();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    size_t before;

    shim_reset();
    if (!started)
        start();
    started = true;
    set_up();
    take_down();
    before = shim_allocated();
    set_up();
    open_all();
    for (unsigned step = 0; step < STEPS_MOST && size >= 3; step++) {
        size_t length = min((size_t)data[1] | (size_t)data[2] << 8, size - 3);

        take_step(data[0] % 9, data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
    read_files();
    close_all();
    take_down();
    promise(shim_allocated() == before);
    return 0;
}
