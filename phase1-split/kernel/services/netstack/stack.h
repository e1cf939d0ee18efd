/* What the network stack offers Core by name.  In this step Core names it; the operations are those
 * of net/stack.h and net/socket_ops.h. */
#ifndef NETSTACK_STACK_H
#define NETSTACK_STACK_H

#include <net/socket_ops.h>
#include <net/stack.h>

extern const struct network_stack_ops lwip_stack_ops;
extern const struct socket_ops tcp_socket_ops, udp_socket_ops, raw_socket_ops;

#endif
