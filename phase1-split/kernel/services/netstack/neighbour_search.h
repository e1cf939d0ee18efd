/* Neighbours that have been asked for their Ethernet address and have not answered yet. */
#ifndef NETSTACK_NEIGHBOUR_SEARCH_H
#define NETSTACK_NEIGHBOUR_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include <lwip/ip_addr.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>

/* lwIP has kept `packet` (IP header first) back until it knows who `hop` is. */
void neighbour_search(const struct netif *netif, const ip_addr_t *hop, struct pbuf *packet);

/* The interface has gone down, or an address of it: what is sought from there is not sought any more. */
void neighbour_search_end(const struct netif *netif);

/* Nobody waits any more for the Ethernet address of this one.  False: nobody did. */
bool neighbour_search_forget(const ip4_addr_t *address);

/* A frame has come, which may have been an answer. */
void neighbour_search_answers(void);

/* Time passes: senders to those who are silent for too long get an error. */
void neighbour_search_tick(void);

/* The `place`-th IPv4 neighbour that is sought; false: there is none.  At most NEIGHBOURS_SOUGHT. */
#define NEIGHBOURS_SOUGHT 64
bool neighbour_sought(size_t place, ip4_addr_t *address, const struct netif **netif);

#endif
