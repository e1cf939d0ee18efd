/* lwIP's hooks: where it asks this stack before it does what it would do by itself.  lwipopts.h
 * says which there are. */
#ifndef NETSTACK_HOOKS_H
#define NETSTACK_HOOKS_H

#include <lwip/arch.h>
#include <lwip/err.h>
#include <lwip/ip_addr.h>

struct netif;
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* sequence.c: initial sequence numbers nobody can guess (RFC 6528). */
u32_t netstack_initial_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                                u16_t remote_port);

/* tcp_accept.c: ERR_OK if the segment is to be looked at, else it is dropped. */
err_t netstack_tcp_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header, u16_t options,
                           u16_t first_options, const u8_t *second_options, struct pbuf *segment);

/* filter.c: 0 if the packet is to be looked at, else it was freed. */
int netstack_ip4_packet(struct pbuf *packet, struct netif *from);
int netstack_ip6_packet(struct pbuf *packet, struct netif *from);

/* route_hooks.c: the interface by which a packet leaves, and the neighbour on it that it goes to;
 * NULL: lwIP's own rules decide. */
struct netif *netstack_route_ip4(const ip4_addr_t *source, const ip4_addr_t *destination);
struct netif *netstack_route_ip6(const ip6_addr_t *source, const ip6_addr_t *destination);
const ip4_addr_t *netstack_gateway_ip4(struct netif *netif, const ip4_addr_t *destination);
const ip6_addr_t *netstack_gateway_ip6(struct netif *netif, const ip6_addr_t *destination);

#endif
