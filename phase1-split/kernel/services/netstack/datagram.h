/* What UDP and raw sockets have in common. */
#ifndef NETSTACK_DATAGRAM_H
#define NETSTACK_DATAGRAM_H

#include "inet.h"

struct pbuf;
struct netif;

/* ---- datagram.c ---- */

/* Queues a packet that lwIP is delivering; it is taken over, and freed when there is no room. */
void datagram_queue(socket_handle socket, struct pbuf *packet, const ip_addr_t *from,
                    uint16_t port);

int datagram_receive(socket_handle socket, struct socket_message *message);
void datagram_discard(socket_handle socket);
int datagram_poll(socket_handle socket, uint32_t *ready);

/* connect(2); `need_port` binds to a port, if the kind has any, that nobody uses. */
int datagram_connect(socket_handle socket, const struct socket_address *address,
                     int (*need_port)(socket_handle socket));
int datagram_shutdown(socket_handle socket, int how);
int datagram_name(socket_handle socket, bool peer, struct socket_address *out);
int datagram_connect_result(socket_handle socket);
int datagram_control(socket_handle socket, unsigned command, uint64_t value,
                     struct user_buffer *argument, int *result);

/* Where a message goes: peer, its port, the address it leaves from, and by which interface. */
struct datagram_path {
    ip_addr_t to, from;
    uint16_t port;
    struct netif *netif;
};
int datagram_find_path(socket_handle socket, const struct socket_message *message,
                       struct datagram_path *out);

/* IP_MTU: of the route to the peer. */
int datagram_mtu(socket_handle socket, void *value, size_t *length);

/* Carries options over to lwIP's control block. */
void datagram_apply(socket_handle socket);

/* ---- multicast.c ---- */

int multicast_set_option(socket_handle socket, int name, const void *value, size_t length);
int multicast_set_option6(socket_handle socket, int name, const void *value, size_t length);
void multicast_leave_all(socket_handle socket);

/* A datagram of `size` bytes (headers of IP and above included) that was sent to a group: members on
 * this machine get it, too. */
void multicast_loop(const struct datagram_path *path, struct pbuf *packet, size_t size);

/* ---- raw.c ---- */

/* IPV6_CHECKSUM, of level SOL_IPV6 or SOL_RAW. */
int datagram_set_checksum(socket_handle socket, int level, int offset);
int raw_get_option(socket_handle socket, int level, int name, void *value, size_t *length);
int raw_set_option(socket_handle socket, int level, int name, const void *value, size_t length);

/* ---- unreachable.c: answers of ICMP that packets did not arrive ---- */

int unreachable_start(void);

#endif
