/* Files of /proc that only the network stack can fill.
 *
 * procfs must not call the stack while its own operation runs.  So it says of such a name only which
 * number it stands for; the stack registers operations for the number (fs/device.h), and Core opens
 * those.  The major number is one that no mknod(2) can express: there is no other way to them. */
#ifndef NET_FILES_H
#define NET_FILES_H

#include <fs/device.h>

#define NETWORK_FILES_MAJOR 0x1000

enum network_file {
    NETWORK_FILE_NONE,

    /* /proc/net */
    NETWORK_FILE_ARP,
    NETWORK_FILE_DEV,
    NETWORK_FILE_ICMP,
    NETWORK_FILE_ICMP6,
    NETWORK_FILE_IF_INET6,
    NETWORK_FILE_IPV6_ROUTE,
    NETWORK_FILE_NETLINK,
    NETWORK_FILE_PACKET,
    NETWORK_FILE_RAW,
    NETWORK_FILE_RAW6,
    NETWORK_FILE_ROUTE,
    NETWORK_FILE_SNMP,
    NETWORK_FILE_SOCKSTAT,
    NETWORK_FILE_SOCKSTAT6,
    NETWORK_FILE_TCP,
    NETWORK_FILE_TCP6,
    NETWORK_FILE_UDP,
    NETWORK_FILE_UDP6,

    /* /proc/sys/net/ipv4 */
    NETWORK_FILE_PORT_RANGE,
    NETWORK_FILE_TIME_WAIT,

    NETWORK_FILE_COUNT
};

static inline uint64_t network_file_number(enum network_file file)
{
    return device_number(NETWORK_FILES_MAJOR, file);
}

#endif
