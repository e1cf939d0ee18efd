/* /proc/net and /proc/sys/net: names only.  What most of the files say is the network stack's affair
 * (net/files.h). */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/stat.h>

#include <lib/bits.h>
#include <lib/string.h>

#include <net/unix_snapshot.h>
#include <service_param.h>

int proc_net_link(const struct proc_subject *subject, char *target, size_t size, size_t *length)
{
    (void)subject;
    *length = string_copy(target, "self/net", size);
    return 0;
}

/* ---- unix ---- */

#define FLAG_LISTENING    0x10000u /* Linux's SO_ACCEPTCON */
#define STATE_UNCONNECTED 1        /* linux/net.h: SS_UNCONNECTED, */
#define STATE_CONNECTED   3        /* SS_CONNECTED */

/* A path, or an abstract name with an @ for each NUL. */
static void add_name(struct text *out, const struct socket_address *name)
{
    size_t length =
        name->length - min((size_t)name->length, offsetof(struct sockaddr_un, sun_path));
    bool abstract = length > 0 && name->local.sun_path[0] == '\0';

    if (length > 0)
        text_add(out, " ");
    for (size_t i = 0; i < length && (abstract || name->local.sun_path[i] != '\0'); i++)
        text_add(out, "%c", name->local.sun_path[i] ? name->local.sun_path[i] : '@');
}

static int show_unix(const struct proc_subject *subject, struct text *out)
{
    struct unix_snapshot socket = { .inode = 0 };

    (void)subject;
    text_add(out, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    while (unix_snapshot_next(socket.inode, &socket)) {
        text_add(out, "%016llx: %08X %08X %08X %04X %02X %5llu", 0ull, socket.references, 0u,
                 socket.listening ? FLAG_LISTENING : 0, socket.type,
                 socket.connected ? STATE_CONNECTED : STATE_UNCONNECTED,
                 (unsigned long long)socket.inode);
        add_name(out, &socket.name);
        text_add(out, "\n");
    }
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
    { "unix", S_IFREG | 0444, .generate = show_unix },
};

const struct proc_directory proc_net_directory = { .id = PROC_NET,
                                                   .items = net_items,
                                                   .count = array_count(net_items) };

/* ---- settings ---- */

static int show_backlog_limit(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%d\n", SOMAXCONN);
    return 0;
}

static int show_queue_limit(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%d\n", UNIX_QUEUE_LIMIT);
    return 0;
}

static const struct proc_item core_items[] = {
    { "somaxconn", S_IFREG | 0444, .generate = show_backlog_limit },
};

static const struct proc_directory core_directory = { .id = PROC_SYS_NET_CORE,
                                                      .items = core_items,
                                                      .count = array_count(core_items) };

static const struct proc_item unix_items[] = {
    { "max_dgram_qlen", S_IFREG | 0444, .generate = show_queue_limit },
};

static const struct proc_directory unix_directory = { .id = PROC_SYS_NET_UNIX,
                                                      .items = unix_items,
                                                      .count = array_count(unix_items) };

static const struct proc_item ipv4_items[] = {
    { "ip_local_port_range", S_IFREG | 0644, .network_file = NETWORK_FILE_PORT_RANGE },
    { "tcp_max_tw_buckets", S_IFREG | 0644, .network_file = NETWORK_FILE_TIME_WAIT },
};

static const struct proc_directory ipv4_directory = { .id = PROC_SYS_NET_IPV4,
                                                      .items = ipv4_items,
                                                      .count = array_count(ipv4_items) };

static const struct proc_item settings_items[] = {
    { "core", S_IFDIR | 0555, .directory = &core_directory },
    { "ipv4", S_IFDIR | 0555, .directory = &ipv4_directory },
    { "unix", S_IFDIR | 0555, .directory = &unix_directory },
};

const struct proc_directory proc_sys_net_directory = { .id = PROC_SYS_NET,
                                                       .items = settings_items,
                                                       .count = array_count(settings_items) };
