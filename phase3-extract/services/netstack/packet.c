/* Packet sockets: they see every frame before the protocols do, and send what they like.
 *
 * A socket takes frames of one protocol or of all, from one interface or from all, that its filter
 * lets pass.  SOCK_RAW has the Ethernet header in the data, SOCK_DGRAM in the address; SOCK_PACKET is
 * the first kind with addresses that hold the interface's name (Linux 2.0's, which udhcpc -a uses). */
#include "packet.h"

#include <asm/ioctls.h>
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/poll.h>
#include <linux/sockios.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <net/driver.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/wait_handle.h>
#include <text/text.h>

#include "byte_order.h"
#include "configuration.h"
#include "interface_control.h"
#include "netstack.h"
#include "packet_filter.h"
#include "queued_socket.h"
#include "options.h"
#include "unsupported.h"

#define MEMBERSHIPS_MOST 20 /* of one socket: Linux's igmp_max_memberships */

struct membership {
    struct list node;
    struct packet_mreq request;
    unsigned count; /* how often it was asked for */
};

struct packet_socket {
    struct queued_socket common;
    int type;                   /* SOCK_RAW, SOCK_DGRAM or SOCK_PACKET */
    uint16_t protocol;          /* ETH_P_*, host order; 0: takes nothing */
    unsigned interface;         /* 0: all */
    bool auxiliary_data;        /* PACKET_AUXDATA */
    struct sock_filter *filter; /* owned; NULL: none */
    size_t filter_count;
    bool filter_locked;
    unsigned received, dropped; /* since PACKET_STATISTICS was last asked for */
    struct list memberships;    /* of struct membership.node */
    size_t membership_count;
};

static struct list sockets = LIST_INITIAL(sockets); /* of struct packet_socket.common.node */

static struct packet_socket *of(socket_handle handle)
{
    return (struct packet_socket *)handle;
}

static void see(struct frame_tap *tap, struct interface *interface, const struct pbuf *frame,
                bool sent);
static struct frame_tap tap = { .see = see }; /* listed while there are sockets */

/* ---- life ---- */

static int packet_create(int family, int type, int protocol, const struct socket_origin *origin,
                         socket_handle *out)
{
    struct packet_socket *socket;

    (void)family;
    if (type != SOCK_RAW && type != SOCK_DGRAM && type != SOCK_PACKET)
        return -ESOCKTNOSUPPORT;
    socket = kzalloc(sizeof(*socket));
    if (!socket)
        return -ENOMEM;
    queued_socket_init(&socket->common, origin);
    socket->type = type;
    socket->protocol = swap_u16((uint16_t)protocol);
    list_init(&socket->memberships);
    if (list_empty(&sockets))
        list_add(&frame_taps, &tap.node);
    list_add_tail(&sockets, &socket->common.node);
    *out = (socket_handle)socket;
    return 0;
}

static void drop_membership(struct packet_socket *socket, struct membership *membership)
{
    struct interface *interface = interface_find((unsigned)membership->request.mr_ifindex);

    if (interface && membership->request.mr_type == PACKET_MR_PROMISC)
        interface_want_promiscuous(interface, -1);
    if (interface && membership->request.mr_type == PACKET_MR_ALLMULTI)
        interface_want_all_multicast(interface, -1);
    list_remove(&membership->node);
    socket->membership_count--;
    kfree(membership);
}

static int packet_release(socket_handle handle)
{
    struct packet_socket *socket = of(handle);

    while (!list_empty(&socket->memberships))
        drop_membership(socket, list_first_entry(&socket->memberships, struct membership, node));
    list_remove(&socket->common.node);
    if (list_empty(&sockets))
        list_remove(&tap.node);
    message_queue_clear(&socket->common.queue);
    kfree(socket->filter);
    kfree(socket);
    return 0;
}

/* ---- names ---- */

/* The name of an interface in a struct sockaddr_pkt, which SOCK_PACKET uses: 14 bytes behind the
 * family. */
static struct interface *interface_named(const struct socket_address *address)
{
    char name[INTERFACE_NAME];

    memset(name, 0, sizeof(name));
    memcpy(name, address->bytes + 2, min((size_t)address->length - 2, (size_t)13));
    return interface_find_name(name);
}

static int bind_to(struct packet_socket *socket, const struct interface *interface,
                   uint16_t protocol)
{
    socket->interface = interface ? interface->index : 0;
    if (protocol != 0)
        socket->protocol = protocol;
    if (interface && !(interface_flags(interface) & IFF_UP))
        queued_socket_fail(&socket->common, -ENETDOWN);
    return 0;
}

static int packet_bind(socket_handle handle, const struct socket_address *address)
{
    struct packet_socket *socket = of(handle);
    struct interface *interface = NULL;

    if (socket->type == SOCK_PACKET) {
        if (address->length != sizeof(struct sockaddr))
            return -EINVAL;
        interface = interface_named(address);
        return interface ? bind_to(socket, interface, 0) : -ENODEV;
    }
    if (address->length < sizeof(struct sockaddr_ll) || address->family != AF_PACKET)
        return -EINVAL;
    if (address->packet.sll_ifindex != 0) {
        interface = interface_find((unsigned)address->packet.sll_ifindex);
        if (!interface)
            return -ENODEV;
    }
    return bind_to(socket, interface, swap_u16(address->packet.sll_protocol));
}

static int packet_name(socket_handle handle, bool peer, struct socket_address *out)
{
    const struct packet_socket *socket = of(handle);
    const struct interface *interface = interface_find(socket->interface);

    if (peer || socket->type == SOCK_PACKET)
        return -EOPNOTSUPP;
    *out = (struct socket_address){ .length = sizeof(struct sockaddr_ll) - 8 };
    out->packet.sll_family = AF_PACKET;
    out->packet.sll_ifindex = (int)socket->interface;
    out->packet.sll_protocol = swap_u16(socket->protocol);
    if (interface) {
        out->packet.sll_hatype = interface_hardware_type(interface);
        out->packet.sll_halen = ETH_ALEN;
        memcpy(out->packet.sll_addr, interface->netif.hwaddr, ETH_ALEN);
        out->length += ETH_ALEN;
    }
    return 0;
}

/* ---- receiving ---- */

static uint8_t kind_of(const struct interface *interface, const uint8_t *frame, bool sent)
{
    static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    if (sent)
        return PACKET_OUTGOING;
    if (memcmp(frame, everybody, ETH_ALEN) == 0)
        return PACKET_BROADCAST;
    if (frame[0] & 1)
        return PACKET_MULTICAST;
    return memcmp(frame, interface->netif.hwaddr, ETH_ALEN) == 0 ? PACKET_HOST : PACKET_OTHERHOST;
}

/* Frames with a length where others have their protocol are of a standard that nobody uses. */
static uint16_t protocol_of(const uint8_t *frame)
{
    uint16_t protocol = (uint16_t)(frame[12] << 8 | frame[13]);

    return protocol < ETH_P_802_3_MIN ? ETH_P_802_2 : protocol;
}

static void fill_source(struct socket_address *from, const struct packet_socket *socket,
                        const struct interface *interface, const struct packet_view *packet)
{
    uint16_t protocol = swap_u16(protocol_of(packet->frame));

    if (socket->type == SOCK_PACKET) {
        *from = (struct socket_address){ .length = 18 };
        from->family = AF_PACKET;
        string_copy((char *)from->bytes + 2, interface->name, 14);
        memcpy(from->bytes + 16, &protocol, sizeof(protocol));
        return;
    }
    *from = (struct socket_address){ .length = sizeof(struct sockaddr_ll) };
    from->packet.sll_family = AF_PACKET;
    from->packet.sll_protocol = protocol;
    from->packet.sll_ifindex = (int)interface->index;
    from->packet.sll_hatype = interface_hardware_type(interface);
    from->packet.sll_pkttype = packet->kind;
    from->packet.sll_halen = ETH_ALEN;
    memcpy(from->packet.sll_addr, packet->frame + ETH_ALEN, ETH_ALEN);
}

static bool wants(const struct packet_socket *socket, unsigned interface, uint16_t protocol,
                  bool sent)
{
    if (socket->interface != 0 && socket->interface != interface)
        return false;
    return socket->protocol == ETH_P_ALL || (!sent && socket->protocol == protocol);
}

static void deliver_to(struct packet_socket *socket, const struct interface *interface,
                       const struct packet_view *packet)
{
    size_t size = packet->length - packet->start;
    struct queued_message *message;

    if (socket->filter)
        size = min(size, (size_t)packet_filter_run(socket->filter, packet));
    if (socket->filter && size == 0)
        return;
    socket->received++;
    message = message_allocate(&socket->common.queue, size);
    if (!message) {
        socket->dropped++;
        return;
    }
    message->length = packet->length - packet->start;
    message->time = (int64_t)clock_monotonic();
    message->header = ETH_HLEN - packet->start;
    fill_source(&message->from, socket, interface, packet);
    memcpy(message->data, packet->frame + packet->start, size);
    message_queue_add(&socket->common.queue, message);
    wait_handle_wake(socket->common.wait);
}

static void deliver_except(const struct packet_socket *sender, const struct interface *interface,
                           const uint8_t *frame, size_t length, bool sent)
{
    struct packet_socket *socket;
    struct packet_view packet = { .frame = frame, .length = length, .interface = interface->index };

    if (length < ETH_HLEN)
        return;
    packet.kind = kind_of(interface, frame, sent);
    list_for_each_entry(socket, &sockets, common.node) {
        if (socket == sender || !wants(socket, interface->index, protocol_of(frame), sent))
            continue;
        packet.start = socket->type == SOCK_DGRAM ? ETH_HLEN : 0;
        deliver_to(socket, interface, &packet);
    }
}

/* A frame in several pieces is put together first: a filter looks at it as a whole. */
static void see(struct frame_tap *unused, struct interface *interface, const struct pbuf *frame,
                bool sent)
{
    static uint8_t whole[FRAME_LENGTH_MOST];

    (void)unused;
    if (frame->len == frame->tot_len)
        deliver_except(NULL, interface, frame->payload, frame->len, sent);
    else if (frame->tot_len <= sizeof(whole))
        deliver_except(NULL, interface, whole, pbuf_copy_partial(frame, whole, frame->tot_len, 0),
                       sent);
}

void packet_interface_down(unsigned interface)
{
    struct packet_socket *socket;

    list_for_each_entry(socket, &sockets, common.node)
        if (socket->interface == interface)
            queued_socket_fail(&socket->common, -ENETDOWN);
}

static void tell_auxiliary_data(const struct queued_message *first, struct socket_extras *extras)
{
    extras->has_packet_data = true;
    extras->packet_data = (struct tpacket_auxdata){
        .tp_status = TP_STATUS_USER,
        .tp_len = (uint32_t)first->length,
        .tp_snaplen = (uint32_t)first->size,
        .tp_net = (uint16_t)first->header,
    };
}

static int packet_receive(socket_handle handle, struct socket_message *message)
{
    struct packet_socket *socket = of(handle);
    const struct queued_message *first = message_queue_first(&socket->common.queue);
    struct socket_extras extras = message->extras;
    int error;

    if (!first && socket->common.error)
        return queued_socket_take_error(&socket->common);
    if (first && socket->auxiliary_data)
        tell_auxiliary_data(first, &extras);
    error = message_queue_receive(&socket->common.queue, message);
    if (!error) {
        message->extras.has_packet_data = extras.has_packet_data;
        message->extras.packet_data = extras.packet_data;
    }
    return error;
}

/* ---- sending ---- */

/* Where a message is to go: the interface, and what its header is to say. */
struct destination {
    struct interface *interface;
    uint16_t protocol;
    const uint8_t *address; /* ETH_ALEN bytes, or NULL */
};

static int find_destination(const struct packet_socket *socket, const struct socket_address *to,
                            struct destination *out)
{
    *out = (struct destination){ .protocol = socket->protocol };
    if (!to || to->length == 0) {
        if (socket->type == SOCK_PACKET)
            return -ENOTCONN;
        out->interface = interface_find(socket->interface);
    } else if (socket->type == SOCK_PACKET) {
        if (to->length < sizeof(struct sockaddr))
            return -EINVAL;
        out->interface = interface_named(to);
        if (!out->interface)
            return -ENODEV;
    } else {
        if (to->length < sizeof(struct sockaddr_ll) || to->family != AF_PACKET)
            return -EINVAL;
        out->interface = interface_find((unsigned)to->packet.sll_ifindex);
        out->protocol = swap_u16(to->packet.sll_protocol);
        out->address = to->packet.sll_halen == ETH_ALEN ? to->packet.sll_addr : NULL;
        if (socket->type == SOCK_DGRAM && !out->address && to->packet.sll_halen != 0)
            return -EINVAL;
    }
    if (!out->interface)
        return -ENXIO;
    return interface_flags(out->interface) & IFF_UP ? 0 : -ENETDOWN;
}

/* The header of a SOCK_DGRAM socket's frame.  Loopback has addresses of zeros. */
static int put_header(uint8_t *frame, const struct destination *destination)
{
    bool loopback = destination->interface->index == INTERFACE_LOOPBACK;

    memset(frame, 0, ETH_HLEN);
    if (!loopback && !destination->address)
        return -EINVAL;
    if (destination->address)
        memcpy(frame, destination->address, ETH_ALEN);
    memcpy(frame + ETH_ALEN, destination->interface->netif.hwaddr, ETH_ALEN);
    frame[12] = (uint8_t)(destination->protocol >> 8);
    frame[13] = (uint8_t)destination->protocol;
    return 0;
}

/* What goes out by the loopback interface comes back in, if it is IP. */
static int send_loopback(struct interface *interface, const uint8_t *frame, size_t length)
{
    uint16_t protocol = protocol_of(frame);
    struct pbuf *packet;

    if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
        return 0;
    if (length <= ETH_HLEN)
        return -EINVAL;
    packet = pbuf_alloc(PBUF_RAW, (u16_t)(length - ETH_HLEN), PBUF_RAM);
    if (!packet)
        return -ENOBUFS;
    memcpy(packet->payload, frame + ETH_HLEN, length - ETH_HLEN);
    loopback_deliver(&interface->netif, packet);
    return 0;
}

static int send_frame(struct interface *interface, const uint8_t *frame, size_t length)
{
    struct network_piece piece = { .data = frame, .size = length };

    return interface->ethernet ? network_send(interface->index, &piece, 1)
                               : send_loopback(interface, frame, length);
}

static int packet_send(socket_handle handle, struct socket_message *message)
{
    static uint8_t frame[FRAME_LENGTH_MOST]; /* Core copies it before this call ends */
    struct packet_socket *socket = of(handle);
    size_t size = user_buffer_left(message->data);
    size_t header = socket->type == SOCK_DGRAM ? ETH_HLEN : 0;
    struct destination destination;
    int error = find_destination(socket, message->address, &destination);

    if (error)
        return error;
    if (size + header > ETH_HLEN + (size_t)interface_mtu(destination.interface) ||
        size + header > sizeof(frame))
        return -EMSGSIZE;
    if (size + header < ETH_HLEN)
        return -EINVAL;
    if (header)
        error = put_header(frame, &destination);
    if (error)
        return error;
    struct user_buffer before = *message->data;

    if (user_buffer_take(message->data, frame + header, size) < size)
        error = -EFAULT;
    if (!error)
        error = send_frame(destination.interface, frame, header + size);
    if (error) {
        *message->data = before;
        return error;
    }
    deliver_except(socket, destination.interface, frame, header + size, true);
    return 0;
}

/* ---- options ---- */

static int attach_filter(struct packet_socket *socket, const void *value, size_t length)
{
    size_t count = length / sizeof(struct sock_filter);
    struct sock_filter *program;
    int error;

    if (socket->filter_locked)
        return -EPERM;
    if (length % sizeof(struct sock_filter) != 0 || count == 0 || count > BPF_MAXINSNS)
        return -EINVAL;
    program = kmalloc(length);
    if (!program)
        return -ENOMEM;
    memcpy(program, value, length);
    error = packet_filter_check(program, count);
    if (error) {
        kfree(program);
        return error;
    }
    kfree(socket->filter);
    socket->filter = program;
    socket->filter_count = count;
    return 0;
}

static int detach_filter(struct packet_socket *socket)
{
    if (socket->filter_locked)
        return -EPERM;
    if (!socket->filter)
        return -ENOENT;
    kfree(socket->filter);
    socket->filter = NULL;
    return 0;
}

static int lock_filter(struct packet_socket *socket, const void *value, size_t length)
{
    int on;
    int error = option_take_number(value, length, &on);

    if (error)
        return error;
    if (socket->filter_locked && !on)
        return -EPERM;
    socket->filter_locked = on != 0;
    return 0;
}

static struct membership *find_membership(const struct packet_socket *socket,
                                          const struct packet_mreq *request)
{
    struct membership *membership;

    list_for_each_entry(membership, &socket->memberships, node)
        if (membership->request.mr_ifindex == request->mr_ifindex &&
            membership->request.mr_type == request->mr_type &&
            membership->request.mr_alen == request->mr_alen &&
            memcmp(membership->request.mr_address, request->mr_address, request->mr_alen) == 0)
            return membership;
    return NULL;
}

/* Drivers take every multicast frame in, so a membership of one group has nothing left to do. */
static int add_membership(struct packet_socket *socket, const struct packet_mreq *request)
{
    struct interface *interface = interface_find((unsigned)request->mr_ifindex);
    struct membership *membership;

    if (!interface)
        return -ENODEV;
    if (request->mr_alen > ETH_ALEN || request->mr_type > PACKET_MR_UNICAST)
        return -EINVAL;
    membership = find_membership(socket, request);
    if (membership) {
        membership->count++;
        return 0;
    }
    if (socket->membership_count == MEMBERSHIPS_MOST)
        return -ENOBUFS;
    membership = kmalloc(sizeof(*membership));
    if (!membership)
        return -ENOBUFS;
    *membership = (struct membership){ .request = *request, .count = 1 };
    list_add_tail(&socket->memberships, &membership->node);
    socket->membership_count++;
    if (request->mr_type == PACKET_MR_PROMISC)
        interface_want_promiscuous(interface, 1);
    if (request->mr_type == PACKET_MR_ALLMULTI)
        interface_want_all_multicast(interface, 1);
    return 0;
}

static int change_membership(struct packet_socket *socket, bool add, const void *value,
                             size_t length)
{
    struct packet_mreq request;
    struct membership *membership;

    if (length < sizeof(request))
        return -EINVAL;
    memcpy(&request, value, sizeof(request));
    if (add)
        return add_membership(socket, &request);
    if (request.mr_alen > ETH_ALEN)
        return -EINVAL;
    membership = find_membership(socket, &request);
    if (membership && --membership->count == 0)
        drop_membership(socket, membership);
    return 0; /* as on Linux, whether there was one or not */
}

static int packet_set_option(socket_handle handle, int level, int name, const void *value,
                             size_t length)
{
    struct packet_socket *socket = of(handle);
    int number;

    if (level == SOL_SOCKET && name == SO_ATTACH_FILTER)
        return attach_filter(socket, value, length);
    if (level == SOL_SOCKET && name == SO_DETACH_FILTER)
        return detach_filter(socket);
    if (level == SOL_SOCKET && name == SO_LOCK_FILTER)
        return lock_filter(socket, value, length);
    if (level == SOL_SOCKET)
        return queued_socket_set_option(&socket->common, name, value, length);
    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    if (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)
        return change_membership(socket, name == PACKET_ADD_MEMBERSHIP, value, length);
    if (name != PACKET_AUXDATA)
        return -ENOPROTOOPT;
    int error = option_take_number(value, length, &number);

    if (!error)
        socket->auxiliary_data = number != 0;
    return error;
}

static int give_statistics(struct packet_socket *socket, void *value, size_t *length)
{
    struct tpacket_stats statistics = { .tp_packets = socket->received,
                                        .tp_drops = socket->dropped };

    *length = min(*length, sizeof(statistics));
    memcpy(value, &statistics, *length);
    socket->received = socket->dropped = 0;
    return 0;
}

static int packet_get_option(socket_handle handle, int level, int name, void *value, size_t *length)
{
    struct packet_socket *socket = of(handle);

    if (level == SOL_SOCKET && name == SO_LOCK_FILTER)
        return option_number(value, length, socket->filter_locked);
    if (level == SOL_SOCKET)
        return queued_socket_get_option(&socket->common, name, value, length);
    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    if (name == PACKET_AUXDATA)
        return option_number(value, length, socket->auxiliary_data);
    return name == PACKET_STATISTICS ? give_statistics(socket, value, length) : -ENOPROTOOPT;
}

/* ---- the rest ---- */

static int packet_poll(socket_handle handle, uint32_t *ready)
{
    *ready = queued_socket_ready(&of(handle)->common);
    return 0;
}

static int packet_control(socket_handle handle, unsigned command, uint64_t value,
                          struct user_buffer *argument, int *result)
{
    const struct queued_message *first = message_queue_first(&of(handle)->common.queue);
    (void)value;
    int bytes = command == SIOCINQ && first ? (int)first->size : 0;

    if (command != SIOCINQ && command != SIOCOUTQ)
        return interface_control(AF_PACKET, command, argument, result);
    return user_buffer_put(argument, &bytes, sizeof(bytes)) == sizeof(bytes) ? 0 : -EFAULT;
}

int packet_list(struct text *out)
{
    const struct packet_socket *socket;

    text_add(out, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
    list_for_each_entry(socket, &sockets, common.node)
        text_add(out, "%016llx %-6d %-4d %04x   %-5u %1d %-6zu %-6u %-6llu\n", 0ull, 3,
                 socket->type, socket->protocol, socket->interface, 1, socket->common.queue.used,
                 socket->common.uid, (unsigned long long)socket->common.inode);
    return 0;
}

const struct socket_ops packet_socket_ops = {
    .create = packet_create,
    .release = packet_release,
    .bind = packet_bind,
    .connect = unsupported_connect,
    .connect_result = unsupported_connect_result,
    .listen = unsupported_listen,
    .accept = unsupported_accept,
    .name = packet_name,
    .send = packet_send,
    .receive = packet_receive,
    .shutdown = unsupported_shutdown,
    .get_option = packet_get_option,
    .set_option = packet_set_option,
    .poll = packet_poll,
    .control = packet_control,
};
