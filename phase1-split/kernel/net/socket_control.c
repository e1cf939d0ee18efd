/* ioctl(2) on sockets.
 *
 * The commands are older than the encoding of sizes in their numbers, and one of them has a pointer
 * in its argument; so Core knows how much memory each is about.  netdevice(7), arp(7), tcp(7). */
#include <net/socket.h>

#include <net/network.h>
#include <net/route_request.h>

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/sockios.h>

#include <lib/bits.h>
#include <param.h>
#include <platform/address_space.h>
#include <platform/user.h>
#include <process/process.h>

/* The commands that are about interfaces, routes, neighbours. */
#define INTERFACE_FIRST SIOCADDRT
#define INTERFACE_LAST  0x89ffu

static bool is_about_interfaces(unsigned command)
{
    return command >= INTERFACE_FIRST && command <= INTERFACE_LAST && command != SIOCGSTAMP_OLD &&
           command != SIOCGSTAMPNS_OLD;
}

/* AF_INET6 has structures of its own for addresses and routes: linux/ipv6.h, linux/ipv6_route.h. */
static size_t argument_size6(unsigned command)
{
    switch (command) {
    case SIOCADDRT:
    case SIOCDELRT:
        return sizeof(struct in6_rtmsg);
    case SIOCSIFADDR:
    case SIOCDIFADDR:
    case SIOCSIFDSTADDR:
        return sizeof(struct in6_ifreq);
    default:
        return 0;
    }
}

/* Bytes of the argument; 0: none. */
static size_t argument_size(const struct socket *socket, unsigned command)
{
    if (socket->family == AF_INET6 && argument_size6(command) > 0)
        return argument_size6(command);
    switch (command) {
    case SIOCINQ:
    case SIOCOUTQ:
    case SIOCATMARK:
        return sizeof(int);
    case SIOCADDRT:
    case SIOCDELRT:
        return sizeof(struct rtentry);
    case SIOCSARP:
    case SIOCGARP:
    case SIOCDARP:
        return sizeof(struct arpreq);
    default:
        return is_about_interfaces(command) ? sizeof(struct ifreq) : _IOC_SIZE(command);
    }
}

/* Does it change how the system is connected?  Those are root's. */
static bool is_configuration(unsigned command)
{
    switch (command) {
    case SIOCADDRT:
    case SIOCDELRT:
    case SIOCSIFLINK:
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMEM:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFENCAP:
    case SIOCSIFSLAVE:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
    case SIOCSIFPFLAGS:
    case SIOCDIFADDR:
    case SIOCSIFHWBROADCAST:
    case SIOCSIFTXQLEN:
    case SIOCSARP:
    case SIOCDARP:
    case SIOCSIFMAP:
        return true;
    default:
        return false;
    }
}

static int ask(struct socket *socket, unsigned command, uint64_t value,
               struct user_buffer *argument, int *result)
{
    if (socket->family == AF_UNIX && is_about_interfaces(command))
        return network_control(command, argument, result);
    return socket->ops->control(socket->handle, command, value, argument, result);
}

/* SIOCGIFCONF, whose argument says where a list is to go: the service gets the place of the list,
 * and without a place (length 0) tells in `*result` how long it would be.  No list is longer than
 * one piece, and only as much of the place is made present, however long it is said to be. */
static long list_interfaces(struct socket *socket, user_address address)
{
    struct {
        int32_t length;
        uint32_t padding;
        user_address list;
    } request;
    struct user_buffer list;
    int result = 0;

    if (copy_from_user(&request, address, sizeof(request)) < 0)
        return -EFAULT;
    if (request.list && request.length < 0)
        return -EINVAL;
    user_buffer_init(&list, request.list,
                     request.list ? min((size_t)request.length, (size_t)SERVICE_PIECE) : 0);
    size_t present = user_buffer_left(&list);

    if (present > 0 && user_buffer_make_present(&list, PAGE_WRITE, &present) < 0)
        return -EFAULT;
    list.length = present;
    int error = ask(socket, SIOCGIFCONF, request.list, &list, &result);

    if (error)
        return error;
    request.length = request.list ? (int32_t)list.done : result;
    return copy_to_user(address, &request, sizeof(request));
}

/* SIOCADDRT and SIOCDELRT, which point to the name of an interface: the service gets the name. */
static long change_route(struct socket *socket, unsigned command, user_address address)
{
    struct route_request request = { .device = "" };
    struct user_buffer argument;
    int result = 0;

    if (copy_from_user(&request.entry, address, sizeof(request.entry)) < 0)
        return -EFAULT;
    user_address name = (user_address)(uintptr_t)request.entry.rt_dev;
    long length = name ? copy_string_from_user(request.device, name, sizeof(request.device)) : 0;

    if (length < 0)
        return length == -EFAULT ? -EFAULT : -ENODEV;
    request.entry.rt_dev = NULL;
    user_buffer_init_kernel(&argument, &request, sizeof(request));
    return ask(socket, command, address, &argument, &result);
}

long socket_control(struct socket *socket, unsigned command, user_address value)
{
    struct user_buffer argument;
    size_t size = argument_size(socket, command), present = size;
    int result = 0;

    if (command == SIOCGIFCONF)
        return list_interfaces(socket, value);
    if (is_configuration(command) && !process_privileged())
        return -EPERM;
    if ((command == SIOCADDRT || command == SIOCDELRT) && socket->family != AF_INET6)
        return change_route(socket, command, value);
    user_buffer_init(&argument, value, size);
    if (size > 0 &&
        (user_buffer_make_present(&argument, PAGE_READ, &present) < 0 || present < size))
        return -EFAULT;
    int error = ask(socket, command, value, &argument, &result);

    return error ? error : result;
}
