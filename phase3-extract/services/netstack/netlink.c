/* Netlink sockets: a request is carried out while it is sent, and its answer waits to be received.
 *
 * A dump, which may be long, is made piece by piece as it is received: what is not read takes no
 * memory, and whoever asks for much waits for nobody else. */
#include "netlink.h"

#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/sockios.h>

#include <lib/bits.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/wait_handle.h>
#include <text/text.h>

#include "interface_control.h"
#include "netlink_handlers.h"
#include "netstack.h"
#include "queued_socket.h"
#include "route.h"
#include "options.h"
#include "unsupported.h"

#define REQUEST_MOST 65536u /* bytes of one send */
#define PIECE        4096u  /* bytes of one datagram of a dump, and of any other answer */
#define PORT_FIRST                                                                                 \
    0x40000000u   /* of ports that are given: above all process ids, which others take */
#define GROUPS 32 /* multicast groups, numbered from 1 */

struct netlink_socket {
    struct queued_socket common;
    uint32_t port;                         /* its address; 0: none yet */
    uint32_t groups;                       /* it listens to: bit n is group n + 1 */
    bool short_errors;                     /* NETLINK_CAP_ACK: errors do not repeat the request */
    const struct netlink_handler *dumping; /* NULL: no dump is in progress */
    struct netlink_dump dump;
    uint32_t sequence; /* of the request for it */
};

static struct list sockets = LIST_INITIAL(sockets); /* of struct netlink_socket.common.node */

static struct netlink_socket *of(socket_handle handle)
{
    return (struct netlink_socket *)handle;
}

/* ---- life and names ---- */

static int netlink_create(int family, int type, int protocol, const struct socket_origin *origin,
                          socket_handle *out)
{
    struct netlink_socket *socket;

    (void)family;
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE)
        return -EPROTONOSUPPORT;
    socket = kzalloc(sizeof(*socket));
    if (!socket)
        return -ENOMEM;
    queued_socket_init(&socket->common, origin);
    list_add_tail(&sockets, &socket->common.node);
    *out = (socket_handle)socket;
    return 0;
}

static int netlink_release(socket_handle handle)
{
    struct netlink_socket *socket = of(handle);

    list_remove(&socket->common.node);
    message_queue_clear(&socket->common.queue);
    kfree(socket);
    return 0;
}

static bool port_is_free(uint32_t port)
{
    const struct netlink_socket *socket;

    list_for_each_entry(socket, &sockets, common.node)
        if (socket->port == port)
            return false;
    return true;
}

static void take_port(struct netlink_socket *socket)
{
    static uint32_t last = PORT_FIRST;

    if (socket->port != 0)
        return;
    do
        last = last == UINT32_MAX ? PORT_FIRST : last + 1;
    while (!port_is_free(last));
    socket->port = last;
}

static int check_address(const struct socket_address *address)
{
    if (address->length < sizeof(struct sockaddr_nl) || address->family != AF_NETLINK)
        return -EINVAL;
    return 0;
}

static int netlink_bind(socket_handle handle, const struct socket_address *address)
{
    struct netlink_socket *socket = of(handle);
    uint32_t port = address->netlink.nl_pid;
    int error = check_address(address);

    if (error)
        return error;
    if (socket->port != 0 && port != socket->port)
        return -EINVAL;
    if (socket->port == 0 && port != 0 && !port_is_free(port))
        return -EADDRINUSE;
    if (port != 0)
        socket->port = port;
    take_port(socket);
    socket->groups = address->netlink.nl_groups;
    return 0;
}

/* The kernel is the only one to talk to. */
static int netlink_connect(socket_handle handle, const struct socket_address *address,
                           socket_handle peer, const struct socket_credentials *credentials)
{
    (void)peer;
    (void)credentials;
    if (address->family == AF_UNSPEC)
        return 0;
    if (check_address(address))
        return -EINVAL;
    if (address->netlink.nl_pid != 0)
        return -ECONNREFUSED;
    take_port(of(handle));
    return 0;
}

static int netlink_name(socket_handle handle, bool peer, struct socket_address *out)
{
    const struct netlink_socket *socket = of(handle);

    *out = (struct socket_address){ .length = sizeof(struct sockaddr_nl) };
    out->netlink.nl_family = AF_NETLINK;
    out->netlink.nl_pid = peer ? 0 : socket->port;
    out->netlink.nl_groups = peer ? 0 : socket->groups;
    return 0;
}

/* ---- answers ---- */

/* A datagram from the kernel; whoever has no room for it hears of that instead. */
static void queue_bytes(struct netlink_socket *socket, const void *data, size_t size,
                        unsigned group)
{
    struct queued_message *message = message_allocate(&socket->common.queue, size);

    if (!message) {
        queued_socket_fail(&socket->common, -ENOBUFS);
        return;
    }
    memcpy(message->data, data, size);
    message->from.length = sizeof(struct sockaddr_nl);
    message->from.netlink.nl_family = AF_NETLINK;
    message->from.netlink.nl_groups = group;
    message_queue_add(&socket->common.queue, message);
    wait_handle_wake(socket->common.wait);
}

/* NLMSG_ERROR: an error, or with 0 the news that there was none.  An error repeats the request. */
static void queue_error(struct netlink_socket *socket, const struct nlmsghdr *request, int error)
{
    uint8_t *data = kmalloc(PIECE);
    struct netlink_output output = { .data = data, .capacity = PIECE };
    size_t repeated = sizeof(*request);
    struct nlmsgerr *answer;

    if (!data) {
        queued_socket_fail(&socket->common, -ENOBUFS);
        return;
    }
    if (error && !socket->short_errors)
        repeated = min((size_t)request->nlmsg_len, (size_t)PIECE / 2);
    output.port = socket->port;
    output.sequence = request->nlmsg_seq;
    output.flags = repeated < request->nlmsg_len ? NLM_F_CAPPED : 0;
    answer = netlink_begin(&output, NLMSG_ERROR, sizeof(answer->error) + repeated);
    answer->error = error;
    memcpy(&answer->msg, request, repeated);
    netlink_end(&output);
    queue_bytes(socket, data, output.length, 0);
    kfree(data);
}

/* ---- requests ---- */

static int start_dump(struct netlink_socket *socket, const struct netlink_handler *handler,
                      const struct netlink_request *request)
{
    const struct rtgenmsg *general = request->fixed;

    if (socket->dumping)
        return -EBUSY;
    socket->dumping = handler;
    socket->dump = (struct netlink_dump){ .type = handler->type, .family = general->rtgen_family };
    socket->sequence = request->header->nlmsg_seq;
    wait_handle_wake(socket->common.wait);
    return 0;
}

static int act(struct netlink_socket *socket, const struct netlink_handler *handler,
               const struct netlink_request *request)
{
    uint8_t *data = kmalloc(PIECE);
    struct netlink_output output = { .data = data, .capacity = PIECE, .port = socket->port };
    int error;

    if (!data)
        return -ENOMEM;
    output.sequence = request->header->nlmsg_seq;
    error = handler->act(request, &output);
    if (!error && output.length > 0)
        queue_bytes(socket, data, output.length, 0);
    kfree(data);
    return error;
}

/* One message.  `*answered`: a dump says by itself when it is over. */
static int handle(struct netlink_socket *socket, const struct nlmsghdr *header, bool privileged,
                  bool *answered)
{
    const struct netlink_handler *handler = netlink_handler(header->nlmsg_type);
    struct netlink_request request = { .header = header,
                                       .fixed = header + 1,
                                       .fixed_size = header->nlmsg_len - sizeof(*header),
                                       .privileged = privileged };
    bool dump = (header->nlmsg_flags & NLM_F_DUMP) && handler && handler->dump;
    int error;

    if (request.fixed_size < sizeof(struct rtgenmsg))
        return 0; /* Linux takes no notice */
    if (!handler)
        return -EOPNOTSUPP;
    if (request.fixed_size < handler->fixed)
        return -EINVAL;
    if (handler->changes && !privileged)
        return -EPERM;
    if (dump && !handler->changes) {
        error = start_dump(socket, handler, &request);
        *answered = !error;
        return error;
    }
    return handler->act ? act(socket, handler, &request) : -EOPNOTSUPP;
}

static void handle_all(struct netlink_socket *socket, const uint8_t *data, size_t size,
                       bool privileged)
{
    size_t at = 0;

    while (at < size && size - at >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *header = (const struct nlmsghdr *)(data + at);
        bool answered = false;
        int error = 0;

        if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > size - at)
            return;
        if ((header->nlmsg_flags & NLM_F_REQUEST) && header->nlmsg_type >= NLMSG_MIN_TYPE)
            error = handle(socket, header, privileged, &answered);
        if (!answered && (error || (header->nlmsg_flags & NLM_F_ACK)))
            queue_error(socket, header, error);
        at += NLMSG_ALIGN(header->nlmsg_len);
    }
}

static int netlink_send(socket_handle handle, struct socket_message *message)
{
    struct netlink_socket *socket = of(handle);
    size_t size = user_buffer_left(message->data);
    struct user_buffer before = *message->data;
    uint8_t *data;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (message->address && message->address->length > 0) {
        if (check_address(message->address))
            return -EINVAL;
        if (message->address->netlink.nl_pid != 0)
            return -ECONNREFUSED;
    }
    if (size > REQUEST_MOST)
        return -EMSGSIZE;
    data = kmalloc(max(size, (size_t)1));
    if (!data)
        return -ENOBUFS;
    if (user_buffer_take(message->data, data, size) < size) {
        *message->data = before;
        kfree(data);
        return -EFAULT;
    }
    take_port(socket);
    handle_all(socket, data, size, message->privileged);
    kfree(data);
    return 0;
}

/* ---- receiving ---- */

/* The next datagram of a dump. */
static int continue_dump(struct netlink_socket *socket)
{
    struct queued_message *message = message_allocate(&socket->common.queue, PIECE);
    struct netlink_output output = {
        .capacity = PIECE, .port = socket->port, .sequence = socket->sequence, .flags = NLM_F_MULTI
    };
    struct netlink_dump dump = socket->dump;
    int *result;

    if (!message)
        return -ENOBUFS;
    output.data = message->data;
    bool over = socket->dumping->dump(&dump, &output);

    if (over) {
        output.full = false;
        result = netlink_begin(&output, NLMSG_DONE, sizeof(*result));
        over = netlink_end(&output);
    }
    message->size = message->length = output.length;
    message->from.length = sizeof(struct sockaddr_nl);
    message->from.netlink.nl_family = AF_NETLINK;
    message_queue_add(&socket->common.queue, message);
    socket->dump = dump;
    if (over)
        socket->dumping = NULL;
    return 0;
}

static int netlink_receive(socket_handle handle, struct socket_message *message)
{
    struct netlink_socket *socket = of(handle);
    int error;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (socket->common.error)
        return queued_socket_take_error(&socket->common);
    if (!message_queue_first(&socket->common.queue) && socket->dumping) {
        error = continue_dump(socket);
        if (error)
            return error;
    }
    return message_queue_receive(&socket->common.queue, message);
}

static int netlink_poll(socket_handle handle, uint32_t *ready)
{
    const struct netlink_socket *socket = of(handle);

    *ready = queued_socket_ready(&socket->common) | (socket->dumping ? POLLIN | POLLRDNORM : 0);
    return 0;
}

/* ---- listeners ---- */

/* Tells one message to those who listen to `group`, RTNLGRP_* of linux/rtnetlink.h. */
static void tell(unsigned group, const struct netlink_output *output)
{
    struct netlink_socket *socket;

    list_for_each_entry(socket, &sockets, common.node)
        if (socket->groups & 1u << (group - 1))
            queue_bytes(socket, output->data, output->length, 1u << (group - 1));
}

static bool somebody_listens(unsigned group)
{
    const struct netlink_socket *socket;

    list_for_each_entry(socket, &sockets, common.node)
        if (socket->groups & 1u << (group - 1))
            return true;
    return false;
}

static uint8_t told[PIECE]; /* what is being told; queue_bytes() copies it */

void netlink_link_changed(const struct interface *interface)
{
    struct netlink_output output = { .data = told, .capacity = sizeof(told) };

    if (somebody_listens(RTNLGRP_LINK) && netlink_link_tell(interface, AF_UNSPEC, &output))
        tell(RTNLGRP_LINK, &output);
}

void netlink_address_changed(struct interface *interface, size_t which, bool removed)
{
    struct netlink_output output = { .data = told, .capacity = sizeof(told) };

    if (somebody_listens(RTNLGRP_IPV4_IFADDR) &&
        netlink_address_tell(interface, which, removed ? RTM_DELADDR : RTM_NEWADDR, &output))
        tell(RTNLGRP_IPV4_IFADDR, &output);
}

void netlink_route_changed(const struct route *route, bool removed)
{
    unsigned group = route->family == AF_INET ? RTNLGRP_IPV4_ROUTE : RTNLGRP_IPV6_ROUTE;
    struct netlink_output output = { .data = told, .capacity = sizeof(told) };

    if (somebody_listens(group) &&
        netlink_route_tell(route, removed ? RTM_DELROUTE : RTM_NEWROUTE, &output))
        tell(group, &output);
}

/* ---- options and the rest ---- */

static int change_membership(struct netlink_socket *socket, bool add, int group)
{
    if (group < 1 || group > GROUPS)
        return -EINVAL;
    take_port(socket);
    if (add)
        socket->groups |= 1u << (group - 1);
    else
        socket->groups &= ~(1u << (group - 1));
    return 0;
}

static int netlink_set_option(socket_handle handle, int level, int name, const void *value,
                              size_t length)
{
    struct netlink_socket *socket = of(handle);
    int number, error;

    if (level == SOL_SOCKET)
        return queued_socket_set_option(&socket->common, name, value, length);
    if (level != SOL_NETLINK)
        return -ENOPROTOOPT;
    error = option_take_number(value, length, &number);
    if (error)
        return error;
    switch (name) {
    case NETLINK_ADD_MEMBERSHIP:
    case NETLINK_DROP_MEMBERSHIP:
        return change_membership(socket, name == NETLINK_ADD_MEMBERSHIP, number);
    case NETLINK_CAP_ACK:
        socket->short_errors = number != 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int netlink_get_option(socket_handle handle, int level, int name, void *value,
                              size_t *length)
{
    struct netlink_socket *socket = of(handle);

    if (level == SOL_SOCKET)
        return queued_socket_get_option(&socket->common, name, value, length);
    if (level == SOL_NETLINK && name == NETLINK_CAP_ACK)
        return option_number(value, length, socket->short_errors);
    return -ENOPROTOOPT;
}

static int netlink_control(socket_handle handle, unsigned command, uint64_t value,
                           struct user_buffer *argument, int *result)
{
    (void)handle;
    (void)value;
    return interface_control(AF_NETLINK, command, argument, result);
}

int netlink_list(struct text *out)
{
    const struct netlink_socket *socket;

    text_add(out, "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops"
                  "    Inode\n");
    list_for_each_entry(socket, &sockets, common.node)
        text_add(out, "%016llx %-3d %-10u %08x %-8zu %-8d %-5d %-8d %-8u %-8llu\n", 0ull,
                 NETLINK_ROUTE, socket->port, socket->groups, socket->common.queue.used, 0,
                 socket->dumping != NULL, 2, 0u, (unsigned long long)socket->common.inode);
    return 0;
}

const struct socket_ops netlink_socket_ops = {
    .create = netlink_create,
    .release = netlink_release,
    .bind = netlink_bind,
    .connect = netlink_connect,
    .connect_result = unsupported_connect_result,
    .listen = unsupported_listen,
    .accept = unsupported_accept,
    .name = netlink_name,
    .send = netlink_send,
    .receive = netlink_receive,
    .shutdown = unsupported_shutdown,
    .get_option = netlink_get_option,
    .set_option = netlink_set_option,
    .poll = netlink_poll,
    .control = netlink_control,
};
