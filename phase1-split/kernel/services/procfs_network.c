/* /proc/net and /proc/sys/net: names only.  What most of the files say is the network stack's affair
 * (net/files.h). */
#include <services/procfs.h>

#include <linux/errno.h>
#include <linux/stat.h>

#include <lib/bits.h>
#include <lib/string.h>

int proc_net_link(const struct proc_subject *subject, char *target, size_t size, size_t *length)
{
    (void)subject;
    *length = string_copy(target, "self/net", size);
    return 0;
}

static const struct proc_item net_items[] = {
    { "arp", S_IFREG | 0444, .network_file = NETWORK_FILE_ARP },
    { "dev", S_IFREG | 0444, .network_file = NETWORK_FILE_DEV },
    { "icmp", S_IFREG | 0444, .network_file = NETWORK_FILE_ICMP },
    { "icmp6", S_IFREG | 0444, .network_file = NETWORK_FILE_ICMP6 },
    { "if_inet6", S_IFREG | 0444, .network_file = NETWORK_FILE_IF_INET6 },
    { "ipv6_route", S_IFREG | 0444, .network_file = NETWORK_FILE_IPV6_ROUTE },
    { "netlink", S_IFREG | 0444, .network_file = NETWORK_FILE_NETLINK },
    { "packet", S_IFREG | 0444, .network_file = NETWORK_FILE_PACKET },
    { "raw", S_IFREG | 0444, .network_file = NETWORK_FILE_RAW },
    { "raw6", S_IFREG | 0444, .network_file = NETWORK_FILE_RAW6 },
    { "route", S_IFREG | 0444, .network_file = NETWORK_FILE_ROUTE },
    { "snmp", S_IFREG | 0444, .network_file = NETWORK_FILE_SNMP },
    { "sockstat", S_IFREG | 0444, .network_file = NETWORK_FILE_SOCKSTAT },
    { "sockstat6", S_IFREG | 0444, .network_file = NETWORK_FILE_SOCKSTAT6 },
    { "tcp", S_IFREG | 0444, .network_file = NETWORK_FILE_TCP },
    { "tcp6", S_IFREG | 0444, .network_file = NETWORK_FILE_TCP6 },
    { "udp", S_IFREG | 0444, .network_file = NETWORK_FILE_UDP },
    { "udp6", S_IFREG | 0444, .network_file = NETWORK_FILE_UDP6 },
};

const struct proc_directory proc_net_directory = { .id = PROC_NET,
                                                   .items = net_items,
                                                   .count = array_count(net_items) };

/* ---- settings ---- */

static const struct proc_item ipv4_items[] = {
    { "ip_local_port_range", S_IFREG | 0644, .network_file = NETWORK_FILE_PORT_RANGE },
};

static const struct proc_directory ipv4_directory = { .id = PROC_SYS_NET_IPV4,
                                                      .items = ipv4_items,
                                                      .count = array_count(ipv4_items) };

static const struct proc_item settings_items[] = {
    { "ipv4", S_IFDIR | 0555, .directory = &ipv4_directory },
};

const struct proc_directory proc_sys_net_directory = { .id = PROC_SYS_NET,
                                                       .items = settings_items,
                                                       .count = array_count(settings_items) };
