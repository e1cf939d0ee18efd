/* Further IPv4 addresses of an Ethernet interface.
 *
 * lwIP keeps one for each of its interfaces; so each further one has an interface of lwIP's to itself,
 * which sends by the same device.  IP finds it by itself; ARP has to be led there. */
#ifndef NETSTACK_ALIAS_H
#define NETSTACK_ALIAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface;
struct netif;
struct pbuf;

#define ALIASES_MOST 8 /* of one interface */

/* One of an interface's addresses, in network order. */
struct interface_address {
    uint32_t address, netmask, broadcast; /* broadcast 0: none */
    bool secondary;                       /* an earlier one is of the same network */
    struct netif *netif;
    char *label; /* INTERFACE_NAME bytes: what programs call it; empty: as the interface */
};

/* The `which`-th address, of those from 0 to ALIASES_MOST; false: there is no such one. */
bool interface_address_at(struct interface *interface, size_t which, struct interface_address *out);

/* Makes an address that the interface does not have yet one of its own.  -ENOBUFS. */
int alias_add(struct interface *interface, uint32_t address, uint32_t netmask, uint32_t broadcast);

/* What programs are to call an address that the interface has. */
void alias_label(struct interface *interface, uint32_t address, const char *label);

/* -EADDRNOTAVAIL: the interface has no such further address. */
int alias_remove(struct interface *interface, uint32_t address);

/* The aliases follow what their interface is. */
void alias_update(struct interface *interface);

/* Whose a received frame is: an alias's, if it is ARP and asks for its address or answers it. */
struct netif *alias_for(struct interface *interface, const struct pbuf *frame);

#endif
