/* netstack: the Internet protocols, by lwIP, and what tells of them. */
#include <service.h>

#include "service.h"

const struct service netstack_service = {
    .name = "netstack",
    .network_stack = &lwip_stack_ops,
    .sockets = {
        [SOCKET_TCP] = &tcp_socket_ops,
        [SOCKET_UDP] = &udp_socket_ops,
        [SOCKET_RAW] = &raw_socket_ops,
        [SOCKET_PACKET] = &packet_socket_ops,
        [SOCKET_NETLINK] = &netlink_socket_ops,
    },
};
