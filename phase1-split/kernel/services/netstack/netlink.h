/* Netlink sockets of the protocol NETLINK_ROUTE: interfaces, addresses, routes, neighbours as
 * messages.  netlink(7), rtnetlink(7). */
#ifndef NETSTACK_NETLINK_H
#define NETSTACK_NETLINK_H

#include <net/socket_ops.h>

struct interface;
struct route;
struct text;

extern const struct socket_ops netlink_socket_ops;

/* ---- what listeners of the RTMGRP_* groups are told ---- */

void netlink_link_changed(const struct interface *interface);
/* `which`: of the interface's addresses, as for interface_address_at(). */
void netlink_address_changed(struct interface *interface, size_t which, bool removed);
void netlink_route_changed(const struct route *route, bool removed);

/* /proc/net/netlink */
int netlink_list(struct text *out);

#endif
