/* Who has which Ethernet address: lwIP's tables of ARP and of IPv6 neighbour discovery.  arp(7). */
#ifndef NETSTACK_NEIGHBOUR_H
#define NETSTACK_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface;
struct user_buffer;

struct neighbour {
    uint8_t family; /* AF_INET, AF_INET6 */
    unsigned interface;
    uint8_t address[16]; /* network order; of IPv4 the first four bytes */
    uint8_t hardware[6];
    uint16_t state; /* NUD_* of linux/neighbour.h */
    bool router;
};

/* The first neighbour at or after place `*place`, which is set to the place after it.  False: no
 * more. */
bool neighbour_next(size_t *place, struct neighbour *out);

/* An entry that stays, in place of one that was learnt.  Addresses in network order.  -ENETUNREACH:
 * no interface reaches it; -ENOBUFS. */
int neighbour_set(uint32_t address, const uint8_t hardware[6]);

/* -ENOENT. */
int neighbour_remove(uint32_t address);

int neighbour_remove6(const struct interface *interface, const uint8_t address[16]);

/* ATF_* of linux/if_arp.h: what arp(8) is told of it. */
int neighbour_arp_flags(const struct neighbour *neighbour);

/* All entries that were learnt or set for the interface are gone. */
void neighbour_interface_down(const struct interface *interface);

/* SIOCSARP, SIOCGARP, SIOCDARP. */
int neighbour_control(unsigned command, struct user_buffer *argument);

#endif
