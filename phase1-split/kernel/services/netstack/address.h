/* Between the socket addresses of programs and those of lwIP. */
#ifndef NETSTACK_ADDRESS_H
#define NETSTACK_ADDRESS_H

#include <net/socket_ops.h>

#include <lwip/ip_addr.h>

/* An address of `family` (AF_INET, or AF_INET6 with IPv4 mapped) and port. */
void address_to_socket(int family, const ip_addr_t *address, uint16_t port,
                       struct socket_address *out);

/* The address in a struct sockaddr_in or sockaddr_in6, a mapped one as IPv4.  -EINVAL: too short;
 * -EAFNOSUPPORT: of another family than `family`. */
int address_from_socket(int family, const struct socket_address *address, ip_addr_t *out,
                        uint16_t *port);

/* The same for one address of Linux's structures. */
void address_from_ip6(const struct in6_addr *address, uint32_t scope, ip_addr_t *out);
void address_to_ip6(const ip_addr_t *address, struct in6_addr *out);

#endif
