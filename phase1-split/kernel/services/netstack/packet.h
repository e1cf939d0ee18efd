/* Packet sockets: frames as they are.  packet(7). */
#ifndef NETSTACK_PACKET_H
#define NETSTACK_PACKET_H

#include <net/socket_ops.h>

struct text;

extern const struct socket_ops packet_socket_ops;

/* The interface has gone down: sockets bound to it are told. */
void packet_interface_down(unsigned interface);

/* /proc/net/packet */
int packet_list(struct text *out);

#endif
