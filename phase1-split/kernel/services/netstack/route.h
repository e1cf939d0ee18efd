/* The routing table: which interface and which neighbour a packet goes to.
 *
 * lwIP asks it before it looks at its own interfaces.  The longest prefix counts, then the smallest
 * metric.  Routes to the networks of an interface's addresses come and go with these; others are set
 * by route(8) and ip-route(8), and vanish with their interface. */
#ifndef NETSTACK_ROUTE_H
#define NETSTACK_ROUTE_H

#include <lib/list.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwip/ip_addr.h>

struct interface;

#define ROUTES_MOST 4096

/* Addresses are in network order; of IPv4 the first four bytes count. */
struct route {
    struct list node;
    uint8_t family; /* AF_INET, AF_INET6 */
    uint8_t prefix; /* bits of `destination` that count; the others are 0 */
    uint8_t
        type; /* RTN_UNICAST, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_BLACKHOLE (linux/rtnetlink.h) */
    uint8_t protocol, scope; /* RTPROT_*, RT_SCOPE_*: kept to be told */
    bool has_gateway, has_source;
    uint8_t destination[16], gateway[16], source[16];
    uint32_t metric;
    unsigned interface; /* index; 0 if the type is not RTN_UNICAST */
    uint32_t expires;   /* seconds; 0: it stays */
};

/* The route at place `index`, in the order of destinations, or NULL past the last. */
const struct route *route_at(size_t index);

/* The route for a destination, or NULL. */
const struct route *route_find(uint8_t family, const uint8_t *destination);

/* The address that packets by this route leave from: its own, or the one that shares a network with the
 * gateway; NULL: any of the interface's. */
const uint8_t *route_source(const struct route *route);

/* 0: packets for it can be sent; else why not: -ENETUNREACH (no route), -EHOSTUNREACH, -EACCES,
 * -EINVAL (a route says so). */
int route_check(uint8_t family, const uint8_t *destination);

/* Why lwIP found no interface for it. */
int route_error(const ip_addr_t *destination);

/* -EEXIST unless `replace`; -ENETUNREACH (the gateway is nobody's neighbour), -ENETDOWN, -EINVAL,
 * -ENODEV, -ENOBUFS. */
int route_add(const struct route *route, bool replace);

/* Removes the first route that matches: fields that are 0 (scope: RT_SCOPE_NOWHERE) match all.
 * -ESRCH. */
int route_remove(const struct route *pattern);

/* ---- route_announced.c: IPv6 routes that are nobody's ---- */

/* The first one at or after place `*place`, which is set to the place after it.  False: no more. */
bool route_announced_next(size_t *place, struct route *out);

/* The one for a destination that no other route is for. */
bool route_announced_find(const uint8_t *destination, struct route *out);

/* ---- what follows interfaces ---- */

void route_interface_changed(struct interface *interface); /* it went up or down */
void route_address_added(struct interface *interface, uint32_t address, uint32_t netmask);
void route_address_removed(struct interface *interface, uint32_t address);
void route_address6_added(struct interface *interface, const uint8_t address[16], unsigned prefix);
void route_address6_removed(struct interface *interface, const uint8_t address[16],
                            unsigned prefix);

/* Do the first `bits` bits of two addresses agree? */
bool prefix_matches(const uint8_t *a, const uint8_t *b, unsigned bits);

#endif
