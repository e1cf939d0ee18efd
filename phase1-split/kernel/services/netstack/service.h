/* What the kernel is told of the network stack. */
#ifndef NETSTACK_SERVICE_H
#define NETSTACK_SERVICE_H

#include <net/socket_ops.h>
#include <net/stack.h>

/* The kinds of socket. */
extern const struct socket_ops tcp_socket_ops, udp_socket_ops, raw_socket_ops, packet_socket_ops,
    netlink_socket_ops;

extern const struct network_stack_ops lwip_stack_ops;

#endif
