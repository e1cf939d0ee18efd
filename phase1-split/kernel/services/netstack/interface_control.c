/* SIOCGIF*, SIOCSIF*: one struct ifreq in and out.  netdevice(7). */
#include "interface_control.h"

#include <linux/errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/sockios.h>

#include <fs/user_buffer.h>
#include <lib/string.h>
#include <platform/memory.h>

#include "configuration.h"
#include "neighbour.h"
#include "netstack.h"

#define FLAGS_TOLD 0xffffu /* SIOCGIFFLAGS has 16 bits for them */

/* ---- addresses in a request ---- */

static void give_address(struct ifreq *request, uint32_t address)
{
    struct sockaddr_in inet = { .sin_family = AF_INET, .sin_addr.s_addr = address };

    memcpy(&request->ifr_addr, &inet, sizeof(request->ifr_addr));
}

static int take_address(const struct ifreq *request, uint32_t *address)
{
    struct sockaddr_in inet;

    memcpy(&inet, &request->ifr_addr, sizeof(inet));
    if (inet.sin_family != AF_INET)
        return -EINVAL;
    *address = inet.sin_addr.s_addr;
    return 0;
}

/* ---- asking ---- */

static void give_hardware(const struct interface *interface, struct ifreq *request)
{
    memset(&request->ifr_hwaddr, 0, sizeof(request->ifr_hwaddr));
    request->ifr_hwaddr.sa_family = interface_hardware_type(interface);
    memcpy(request->ifr_hwaddr.sa_data, interface->netif.hwaddr, ETH_ALEN);
}

/* What belongs to the IPv4 address, which has to be there. */
static int get_address(const struct interface *interface, unsigned command, struct ifreq *request)
{
    if (interface_address(interface) == 0)
        return -EADDRNOTAVAIL;
    switch (command) {
    case SIOCGIFBRDADDR:
        give_address(request, interface->configuration.broadcast);
        return 0;
    case SIOCGIFNETMASK:
        give_address(request, interface_netmask(interface));
        return 0;
    default: /* SIOCGIFADDR; of SIOCGIFDSTADDR: there is no other end */
        give_address(request, interface_address(interface));
        return 0;
    }
}

static int get(const struct interface *interface, unsigned command, struct ifreq *request)
{
    switch (command) {
    case SIOCGIFINDEX:
        request->ifr_ifindex = (int)interface->index;
        return 0;
    case SIOCGIFFLAGS:
        request->ifr_flags = (short)(interface_flags(interface) & FLAGS_TOLD);
        return 0;
    case SIOCGIFMTU:
        request->ifr_mtu = (int)interface_mtu(interface);
        return 0;
    case SIOCGIFMETRIC:
        request->ifr_metric = 0;
        return 0;
    case SIOCGIFTXQLEN:
        request->ifr_qlen = (int)interface->configuration.queue_length;
        return 0;
    case SIOCGIFHWADDR:
        give_hardware(interface, request);
        return 0;
    case SIOCGIFMAP:
        memset(&request->ifr_map, 0, sizeof(request->ifr_map));
        return 0;
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
        return get_address(interface, command, request);
    default:
        return -ENOTTY;
    }
}

/* ---- changing ---- */

/* The mask that an address had before there were masks (RFC 791). */
static uint32_t class_netmask(uint32_t address)
{
    uint8_t first = (uint8_t)address;

    return netmask_of(address == 0  ? 0
                      : first < 128 ? 8
                      : first < 192 ? 16
                      : first < 224 ? 24
                                    : 32);
}

static int set_address(struct interface *interface, uint32_t address)
{
    uint32_t netmask = class_netmask(address);

    return interface_set_address(interface, address, netmask,
                                 interface->ethernet ? broadcast_of(address, netmask) : 0);
}

/* A broadcast address that was made of the old mask follows the new one. */
static int set_netmask(struct interface *interface, uint32_t netmask)
{
    uint32_t address = interface_address(interface);
    uint32_t broadcast = interface->configuration.broadcast;

    if (prefix_of(netmask) < 0)
        return -EINVAL;
    if (interface->ethernet && broadcast == broadcast_of(address, interface_netmask(interface)))
        broadcast = broadcast_of(address, netmask);
    return interface_set_address(interface, address, netmask, broadcast);
}

static int set_inet(struct interface *interface, unsigned command, const struct ifreq *request)
{
    uint32_t address;
    int error = take_address(request, &address);

    if (error)
        return error;
    if (command == SIOCSIFADDR)
        return set_address(interface, address);
    if (interface_address(interface) == 0)
        return -EADDRNOTAVAIL;
    if (command == SIOCSIFNETMASK)
        return set_netmask(interface, address);
    if (command == SIOCDIFADDR)
        return interface_set_address(interface, 0, 0, 0);
    if (command == SIOCSIFDSTADDR) /* lwIP has no point-to-point interfaces here */
        return address == interface_address(interface) ? 0 : -EOPNOTSUPP;
    return interface_set_address(interface, interface_address(interface),
                                 interface_netmask(interface), address);
}

static int set_queue_length(struct interface *interface, int length)
{
    if (length < 0)
        return -EINVAL;
    interface->configuration.queue_length = (unsigned)length;
    return 0;
}

static int set_hardware(struct interface *interface, const struct sockaddr *address)
{
    if (!interface->ethernet)
        return -EOPNOTSUPP;
    if (address->sa_family != ARPHRD_ETHER)
        return -EINVAL;
    return interface_set_hardware(interface, (const uint8_t *)address->sa_data);
}

static int set(struct interface *interface, unsigned command, struct ifreq *request)
{
    switch (command) {
    case SIOCSIFFLAGS:
        return interface_set_flags(interface, (uint16_t)request->ifr_flags);
    case SIOCSIFMTU:
        return interface_set_mtu(interface, request->ifr_mtu);
    case SIOCSIFTXQLEN:
        return set_queue_length(interface, request->ifr_qlen);
    case SIOCSIFNAME:
        request->ifr_newname[IFNAMSIZ - 1] = '\0';
        return interface_set_name(interface, request->ifr_newname);
    case SIOCSIFHWADDR:
        return set_hardware(interface, &request->ifr_hwaddr);
    case SIOCSIFMETRIC:
        return request->ifr_metric == 0 ? 0 : -EOPNOTSUPP;
    case SIOCSIFADDR:
    case SIOCDIFADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFBRDADDR:
    case SIOCSIFDSTADDR:
        return set_inet(interface, command, request);
    default:
        return -ENOTTY;
    }
}

/* ---- the way in ---- */

static bool changes(unsigned command)
{
    switch (command) {
    case SIOCSIFFLAGS:
    case SIOCSIFMTU:
    case SIOCSIFTXQLEN:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFMETRIC:
    case SIOCSIFADDR:
    case SIOCDIFADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFBRDADDR:
    case SIOCSIFDSTADDR:
        return true;
    default:
        return false;
    }
}

static bool asks(unsigned command)
{
    switch (command) {
    case SIOCGIFINDEX:
    case SIOCGIFFLAGS:
    case SIOCGIFMTU:
    case SIOCGIFMETRIC:
    case SIOCGIFTXQLEN:
    case SIOCGIFHWADDR:
    case SIOCGIFMAP:
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
        return true;
    default:
        return false;
    }
}

/* The interface that a request names.  A name with a colon was an alias, one more address, and lwIP
 * keeps one; asking for one finds none. */
static int find(struct ifreq *request, unsigned command, struct interface **out)
{
    request->ifr_name[IFNAMSIZ - 1] = '\0';
    if (changes(command) && strchr(request->ifr_name, ':'))
        return -EOPNOTSUPP;
    *out = interface_find_name(request->ifr_name);
    return *out ? 0 : -ENODEV;
}

static int find_name(struct ifreq *request)
{
    const struct interface *interface = interface_find((unsigned)request->ifr_ifindex);

    if (!interface)
        return -ENODEV;
    string_copy(request->ifr_name, interface->name, IFNAMSIZ);
    return 0;
}

static int about_one(unsigned command, struct user_buffer *argument)
{
    struct user_buffer out = *argument;
    struct interface *interface;
    struct ifreq request;
    int error;

    if (user_buffer_take(argument, &request, sizeof(request)) < sizeof(request))
        return -EFAULT;
    if (command == SIOCGIFNAME)
        error = find_name(&request);
    else
        error = find(&request, command, &interface);
    if (!error && command != SIOCGIFNAME)
        error = changes(command) ? set(interface, command, &request)
                                 : get(interface, command, &request);
    if (error || changes(command))
        return error;
    return user_buffer_put(&out, &request, sizeof(request)) < sizeof(request) ? -EFAULT : 0;
}

/* Interfaces that have an IPv4 address; without a place for the list, how long it would be. */
static int list(struct user_buffer *to, int *result)
{
    const struct interface *interface = NULL;
    bool only_length = to->length == 0;
    int length = 0;

    while ((interface = interface_next(interface ? interface->index : 0))) {
        struct ifreq entry;

        if (interface_address(interface) == 0)
            continue;
        length += (int)sizeof(entry);
        if (only_length)
            continue;
        if (user_buffer_left(to) < sizeof(entry))
            break;
        memset(&entry, 0, sizeof(entry));
        string_copy(entry.ifr_name, interface->name, sizeof(entry.ifr_name));
        give_address(&entry, interface_address(interface));
        if (user_buffer_put(to, &entry, sizeof(entry)) < sizeof(entry))
            return -EFAULT;
    }
    *result = length;
    return 0;
}

/* ---- IPv6 ---- */

static int about_address6(unsigned command, struct user_buffer *argument)
{
    struct {
        uint8_t address[16];
        uint32_t prefix;
        int32_t index;
    } request; /* linux/ipv6.h: struct in6_ifreq */
    struct interface *interface;

    if (user_buffer_take(argument, &request, sizeof(request)) < sizeof(request))
        return -EFAULT;
    interface = interface_find((unsigned)request.index);
    if (!interface)
        return -ENODEV;
    if (request.prefix > 128)
        return -EINVAL;
    return command == SIOCSIFADDR
               ? interface_add_address6(interface, request.address, request.prefix)
               : interface_remove_address6(interface, request.address, request.prefix);
}

int interface_control(int family, unsigned command, struct user_buffer *argument, int *result)
{
    if (family == AF_INET6 && (command == SIOCSIFADDR || command == SIOCDIFADDR))
        return about_address6(command, argument);
    switch (command) {
    case SIOCADDRT:
    case SIOCDELRT:
        return family == AF_INET6 ? route_control6(command, argument)
                                  : route_control(command, argument);
    case SIOCSARP:
    case SIOCGARP:
    case SIOCDARP:
        return neighbour_control(command, argument);
    case SIOCGIFCONF:
        return list(argument, result);
    default:
        return command == SIOCGIFNAME || asks(command) || changes(command)
                   ? about_one(command, argument)
                   : -ENOTTY;
    }
}
