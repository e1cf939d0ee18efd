/* IPv6 sockets see IPv4 peers as mapped addresses, ::ffff:a.b.c.d (RFC 3493, 3.7); lwIP knows each
 * address as what it is.  Both directions of that are here, and which addresses are this machine's. */
#include "address.h"

#include <linux/errno.h>

#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/netif.h>

#include "inet.h"
#include "netstack.h"
#include "route.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static uint16_t swap16(uint16_t value)
{
    return __builtin_bswap16(value);
}

void address_to_ip6(const ip_addr_t *address, struct in6_addr *out)
{
    memset(out, 0, sizeof(*out));
    if (IP_IS_V6(address)) {
        memcpy(out, ip_2_ip6(address)->addr, sizeof(*out));
    } else if (!IP_IS_ANY_TYPE_VAL(*address)) {
        memcpy(out, mapped_prefix, sizeof(mapped_prefix));
        memcpy(&out->s6_addr[12], &ip_2_ip4(address)->addr, 4);
    }
}

void address_from_ip6(const struct in6_addr *address, uint32_t scope, ip_addr_t *out)
{
    if (memcmp(address, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        ip_addr_set_zero_ip4(out);
        memcpy(&ip_2_ip4(out)->addr, &address->s6_addr[12], 4);
        return;
    }
    ip_addr_set_zero_ip6(out);
    memcpy(ip_2_ip6(out)->addr, address, sizeof(*address));
    if (ip6_addr_has_scope(ip_2_ip6(out), IP6_UNKNOWN))
        ip6_addr_set_zone(ip_2_ip6(out), (u8_t)scope);
}

void address_to_socket(int family, const ip_addr_t *address, uint16_t port,
                       struct socket_address *out)
{
    memset(out, 0, sizeof(*out));
    out->family = (__kernel_sa_family_t)family;
    if (family == AF_INET) {
        out->length = sizeof(out->inet);
        out->inet.sin_port = swap16(port);
        if (!IP_IS_ANY_TYPE_VAL(*address))
            out->inet.sin_addr.s_addr = ip_2_ip4(address)->addr;
        return;
    }
    out->length = sizeof(out->inet6);
    out->inet6.sin6_port = swap16(port);
    address_to_ip6(address, &out->inet6.sin6_addr);
    if (IP_IS_V6(address))
        out->inet6.sin6_scope_id = ip6_addr_zone(ip_2_ip6(address));
}

int address_from_socket(int family, const struct socket_address *address, ip_addr_t *out,
                        uint16_t *port)
{
    if (family == AF_INET) {
        if (address->length < sizeof(address->inet))
            return -EINVAL;
        if (address->family != AF_INET)
            return -EAFNOSUPPORT;
        ip_addr_set_zero_ip4(out);
        ip_2_ip4(out)->addr = address->inet.sin_addr.s_addr;
        *port = swap16(address->inet.sin_port);
        return 0;
    }
    if (address->length < 24) /* without the scope, as RFC 2133 had it */
        return -EINVAL;
    if (address->family != AF_INET6)
        return -EAFNOSUPPORT;
    address_from_ip6(&address->inet6.sin6_addr,
                     address->length < sizeof(address->inet6) ? 0 : address->inet6.sin6_scope_id,
                     out);
    *port = swap16(address->inet6.sin6_port);
    return 0;
}

static bool netif_has(struct netif *netif, const ip_addr_t *address)
{
    if (!IP_IS_V6(address))
        return ip4_addr_cmp(netif_ip4_addr(netif), ip_2_ip4(address));
    return netif_get_ip6_addr_match(netif, ip_2_ip6(address)) >= 0;
}

bool address_is_local(const ip_addr_t *address)
{
    struct netif *netif;

    if (!IP_IS_V6(address) && loopback_has(ip_2_ip4(address)->addr))
        return true;
    NETIF_FOREACH(netif)
    if (netif_is_up(netif) && netif_has(netif, address))
        return true;
    return false;
}

int address_source(const ip_addr_t *to, uint8_t device, ip_addr_t *out)
{
    const ip_addr_t *source;
    struct netif *netif;

    netif = device ? netif_get_by_index(device)
                   : ip_route(IP_IS_V6(to) ? IP6_ADDR_ANY : IP4_ADDR_ANY, to);
    if (!netif)
        return device ? -ENETUNREACH : route_error(to);
    if (!netif_is_up(netif) ||
        (!IP_IS_V6(to) && ip4_addr_isloopback(ip_2_ip4(to)) && !loopback_has(ip_2_ip4(to)->addr)))
        return -ENETUNREACH;
    /* To itself, but for 127.0.0.2 and its like, which 127.0.0.1 is for all. */
    if (device == 0 && address_is_local(to) &&
        (IP_IS_V6(to) || !loopback_has(ip_2_ip4(to)->addr))) {
        ip_addr_copy(*out, *to);
        return 0;
    }
    source = ip_netif_get_local_ip(netif, to);
    if (!source)
        return -ENETUNREACH;
    ip_addr_copy(*out, *source);
    return 0;
}
