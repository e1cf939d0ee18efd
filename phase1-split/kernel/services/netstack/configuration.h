/* How interfaces are set up: flags, addresses, sizes.  netdevice(7).
 *
 * Changes go to lwIP's interface, and whatever depends on it follows: routes, neighbours, sockets
 * that are bound to it, listeners of netlink. */
#ifndef NETSTACK_CONFIGURATION_H
#define NETSTACK_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/stack.h>

#include <lwip/ip6_addr.h>
#include <lwip/opt.h>

struct interface;
struct netif;
struct interface_statistics;

/* What lwIP does not keep of an interface. */
struct configuration {
    unsigned queue_length;      /* what ifconfig calls txqueuelen */
    unsigned promiscuous;       /* how many want to see frames for others, */
    bool promiscuous_flag;      /* SIOCSIFFLAGS among them */
    unsigned all_multicast;     /* the same for all multicast groups, */
    bool all_multicast_flag;    /* which the device always takes in */
    bool no_arp;                /* IFF_NOARP: nobody is asked, and nobody told */
    bool no_multicast;          /* IFF_MULTICAST was taken away; it says no more */
    char label[INTERFACE_NAME]; /* of the IPv4 address; empty: the interface's name */
    uint32_t broadcast;         /* of the IPv4 address, network order; 0: none */
    uint8_t prefixes[LWIP_IPV6_NUM_ADDRESSES]; /* lengths, of lwIP's IPv6 addresses */
};

unsigned interface_flags(const struct interface *interface);         /* IFF_* of linux/if.h */
uint16_t interface_hardware_type(const struct interface *interface); /* ARPHRD_* */
unsigned interface_mtu(const struct interface *interface);           /* bytes */

/* IPv4, network order; 0: it has no address. */
uint32_t interface_address(const struct interface *interface);
uint32_t interface_netmask(const struct interface *interface);
unsigned interface_prefix(const struct interface *interface); /* the mask's length */

/* The length of an IPv6 address's prefix; `place` is lwIP's. */
unsigned interface_prefix6(const struct interface *interface, int8_t place);

/* The first one with this IPv4 address (network order), up or not; NULL: none. */
struct interface *interface_with_address(uint32_t address);

/* The one that is up and has this IPv6 address, whatever its zone; NULL: none. */
struct interface *interface_with_address6(const ip6_addr_t *address);

/* Traffic since boot. */
void interface_statistics(const struct interface *interface, struct interface_statistics *out);

/* ---- changes: 0 or an errno ---- */

int interface_set_flags(struct interface *interface, unsigned flags); /* of those that can be set */
int interface_set_mtu(struct interface *interface, int64_t mtu);
int interface_set_name(struct interface *interface, const char *name);
int interface_set_hardware(struct interface *interface, const uint8_t address[6]);

/* The first IPv4 address of an interface, in place of what it is; network order.  Address 0: none.
 * The broadcast address may be 0. */
int interface_set_address(struct interface *interface, uint32_t address, uint32_t netmask,
                          uint32_t broadcast);

/* An address is about to go from lwIP's interface.  lwIP would reset the connections that use it and give
 * another one to sockets that are bound to it; as on Linux, they stay, and go on if it comes back. */
void netif_forget_address(struct netif *netif);

/* One address more or less: -EEXIST, -ENOBUFS, -EOPNOTSUPP (loopback keeps one); -EADDRNOTAVAIL. */
int interface_add_address(struct interface *interface, uint32_t address, uint32_t netmask,
                          uint32_t broadcast);
int interface_remove_address(struct interface *interface, uint32_t address);

/* -EEXIST, -ENOBUFS (lwIP has no place for more); -EADDRNOTAVAIL. */
int interface_add_address6(struct interface *interface, const uint8_t address[16], unsigned prefix);
int interface_remove_address6(struct interface *interface, const uint8_t address[16],
                              unsigned prefix);

/* One more or one less that wants so. */
void interface_want_promiscuous(struct interface *interface, int change);
void interface_want_all_multicast(struct interface *interface, int change);

/* ---- small arithmetic of IPv4 addresses, all network order ---- */

uint32_t netmask_of(unsigned prefix);                      /* prefix 0 to 32 */
int prefix_of(uint32_t netmask);                           /* negative: it has gaps */
uint32_t broadcast_of(uint32_t address, uint32_t netmask); /* 0 if the network has none */

#endif
