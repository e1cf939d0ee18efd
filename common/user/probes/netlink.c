/* probe-netlink: what can be asked and changed about the network: ioctl(2) on interfaces, routes and
 * neighbours, NETLINK_ROUTE, packet sockets and their filters.  netdevice(7), netlink(7), packet(7).
 *
 * Runs as root on a machine that has a loopback interface, which is up; other interfaces do no harm. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "check.h"

#define LOOPBACK 1 /* its index */

struct arpreq_of_linux { /* net/if_arp.h cannot be had beside the headers above */
    struct sockaddr pa, ha;
    int flags;
    struct sockaddr netmask;
    char dev[16];
};

/* ---- ioctl ---- */

static struct ifreq about(const char *name)
{
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    strncpy(request.ifr_name, name, sizeof(request.ifr_name));
    return request;
}

static long ask(int fd, unsigned long command, struct ifreq *request)
{
    return ioctl(fd, command, request);
}

static void test_asking(int fd)
{
    struct ifreq request = about("lo");
    struct sockaddr_in address;

    check("index", 0, ask(fd, SIOCGIFINDEX, &request));
    check("index of loopback", LOOPBACK, request.ifr_ifindex);
    memset(request.ifr_name, 'x', sizeof(request.ifr_name));
    request.ifr_ifindex = LOOPBACK;
    check("name", 0, ask(fd, SIOCGIFNAME, &request));
    check("name of loopback", 0, strcmp(request.ifr_name, "lo"));
    request.ifr_ifindex = 4711;
    check("name of no interface", -ENODEV, ask(fd, SIOCGIFNAME, &request));
    request = about("lo");
    check("flags", 0, ask(fd, SIOCGIFFLAGS, &request));
    check("flags of loopback", IFF_UP | IFF_LOOPBACK | IFF_RUNNING, request.ifr_flags);
    request = about("lo");
    check("address", 0, ask(fd, SIOCGIFADDR, &request));
    memcpy(&address, &request.ifr_addr, sizeof(address));
    check("address of loopback", INADDR_LOOPBACK, ntohl(address.sin_addr.s_addr));
    request = about("lo");
    check("netmask", 0, ask(fd, SIOCGIFNETMASK, &request));
    memcpy(&address, &request.ifr_netmask, sizeof(address));
    check("netmask of loopback", 0xff000000, ntohl(address.sin_addr.s_addr));
    request = about("lo");
    check("hardware address", 0, ask(fd, SIOCGIFHWADDR, &request));
    check("hardware type", 772, request.ifr_hwaddr.sa_family);
    request = about("lo");
    check("metric", 0, ask(fd, SIOCGIFMETRIC, &request));
    check("map", 0, ask(fd, SIOCGIFMAP, &request));
    check("queue length", 0, ask(fd, SIOCGIFTXQLEN, &request));
}

static void test_asking_wrongly(int fd)
{
    struct ifreq request = about("nothing0");

    check("no interface", -ENODEV, ask(fd, SIOCGIFFLAGS, &request));
    memset(request.ifr_name, 'x', sizeof(request.ifr_name));
    check("name without end", -ENODEV, ask(fd, SIOCGIFFLAGS, &request));
    request = about("");
    check("no name", -ENODEV, ask(fd, SIOCGIFINDEX, &request));
    check("bad address", -EFAULT, ioctl(fd, SIOCGIFFLAGS, 8));
    request = about("lo");
    check("no such request", -ENOTTY, ioctl(fd, 0x89df, &request));
}

static void test_list(int fd)
{
    struct ifreq list[16];
    struct ifconf conf = { .ifc_len = 0, .ifc_req = NULL };

    check("length of the list", 0, ioctl(fd, SIOCGIFCONF, &conf));
    check("whole entries", 0, conf.ifc_len % (int)sizeof(struct ifreq));
    check("some", 1, conf.ifc_len > 0);
    conf.ifc_len = sizeof(list);
    conf.ifc_req = list;
    check("list", 0, ioctl(fd, SIOCGIFCONF, &conf));
    check("first of the list", 0, strcmp(list[0].ifr_name, "lo"));
    conf.ifc_len = sizeof(struct ifreq) - 1;
    check("list without room", 0, ioctl(fd, SIOCGIFCONF, &conf));
    check("no room, no entry", 0, conf.ifc_len);
    conf.ifc_len = sizeof(list);
    conf.ifc_req = (struct ifreq *)8;
    check("list to nowhere", -EFAULT, ioctl(fd, SIOCGIFCONF, &conf));
    check("list from nowhere", -EFAULT, ioctl(fd, SIOCGIFCONF, 8));
}

/* The room may be larger than all memory; only what is used of it is touched. */
static void test_large_room(int fd)
{
    size_t size = (size_t)1 << 30, touched = 0;
    char *room = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct ifconf conf = { .ifc_len = 1 << 30, .ifc_buf = room };
    static unsigned char resident[(1 << 30) / 4096];

    check("list with room for millions", 0, ioctl(fd, SIOCGIFCONF, &conf));
    check("pages", 0, mincore(room, size, resident));
    for (size_t i = 0; i < sizeof(resident); i++)
        touched += resident[i] & 1;
    check("few are touched", 1, touched <= 64);
    munmap(room, size);
}

static void test_changing(int fd)
{
    struct ifreq request = about("lo");
    struct sockaddr_in address = { .sin_family = AF_INET };
    int mtu;

    check("mtu", 0, ask(fd, SIOCGIFMTU, &request));
    mtu = request.ifr_mtu;
    request.ifr_mtu = -1;
    check("negative mtu", -EINVAL, ask(fd, SIOCSIFMTU, &request));
    request.ifr_mtu = 4096;
    check("set mtu", 0, ask(fd, SIOCSIFMTU, &request));
    request.ifr_mtu = 0;
    check("ask again", 0, ask(fd, SIOCGIFMTU, &request));
    check("mtu that was set", 4096, request.ifr_mtu);
    request.ifr_mtu = mtu;
    check("mtu as before", 0, ask(fd, SIOCSIFMTU, &request));
    request = about("lo");
    address.sin_addr.s_addr = htonl(0xff00ff00);
    memcpy(&request.ifr_netmask, &address, sizeof(address));
    check("netmask with gaps", -EINVAL, ask(fd, SIOCSIFNETMASK, &request));
    request = about("lo");
    strcpy(request.ifr_newname, "a/b");
    check("bad name while it is up", -EBUSY, ask(fd, SIOCSIFNAME, &request));
    request = about("lo");
    request.ifr_addr.sa_family = AF_APPLETALK;
    check("address of another family", -EINVAL, ask(fd, SIOCSIFADDR, &request));
    request = about("nothing0");
    check("flags of no interface", -ENODEV, ask(fd, SIOCSIFFLAGS, &request));
}

/* ---- routes and neighbours by ioctl ---- */

static struct rtentry route(uint32_t destination, uint32_t netmask, uint32_t gateway, int flags)
{
    struct rtentry entry;
    struct sockaddr_in address = { .sin_family = AF_INET };

    memset(&entry, 0, sizeof(entry));
    address.sin_addr.s_addr = htonl(destination);
    memcpy(&entry.rt_dst, &address, sizeof(address));
    address.sin_addr.s_addr = htonl(netmask);
    memcpy(&entry.rt_genmask, &address, sizeof(address));
    address.sin_addr.s_addr = htonl(gateway);
    memcpy(&entry.rt_gateway, &address, sizeof(address));
    entry.rt_flags = (unsigned short)flags;
    return entry;
}

static void test_routes(int fd)
{
    struct rtentry entry = route(0xc0a8c800, 0xffffff00, 0, RTF_UP | RTF_REJECT);

    check("add", 0, ioctl(fd, SIOCADDRT, &entry));
    check("add again", -EEXIST, ioctl(fd, SIOCADDRT, &entry));
    check("remove", 0, ioctl(fd, SIOCDELRT, &entry));
    check("remove again", -ESRCH, ioctl(fd, SIOCDELRT, &entry));
    entry = route(0xc0a8c801, 0xffffff00, 0, RTF_UP | RTF_REJECT);
    check("host bits", -EINVAL, ioctl(fd, SIOCADDRT, &entry));
    entry = route(0xc0a8c800, 0xff00ff00, 0, RTF_UP | RTF_REJECT);
    check("netmask with gaps", -EINVAL, ioctl(fd, SIOCADDRT, &entry));
    entry = route(0xc0a8c800, 0xffffff00, 0xc0a8c9fe, RTF_UP | RTF_GATEWAY);
    check("gateway out of reach", -ENETUNREACH, ioctl(fd, SIOCADDRT, &entry));
    entry = route(0xc0a8c800, 0xffffff00, 0, RTF_UP | RTF_GATEWAY);
    check("gateway without address", -EINVAL, ioctl(fd, SIOCADDRT, &entry));
    entry = route(0xc0a8c800, 0xffffff00, 0, RTF_UP);
    entry.rt_dev = "nothing0";
    check("no such interface", -ENODEV, ioctl(fd, SIOCADDRT, &entry));
    entry.rt_dev = (char *)8;
    check("name at a bad address", -EFAULT, ioctl(fd, SIOCADDRT, &entry));
    check("bad address", -EFAULT, ioctl(fd, SIOCADDRT, 8));
}

static void test_reject(int fd)
{
    struct rtentry entry = route(0xc0a8c800, 0xffffff00, 0, RTF_UP | RTF_REJECT);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(0xc0a8c805);
    check("add", 0, ioctl(fd, SIOCADDRT, &entry));
    check("send to what is rejected", -EHOSTUNREACH,
          sendto(udp, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)));
    check("connect to what is rejected", -EHOSTUNREACH,
          connect(tcp, (struct sockaddr *)&to, sizeof(to)));
    check("remove", 0, ioctl(fd, SIOCDELRT, &entry));
    close(udp);
    close(tcp);
}

static void test_neighbours(int fd)
{
    struct arpreq_of_linux request;
    struct sockaddr_in address = { .sin_family = AF_INET };

    memset(&request, 0, sizeof(request));
    check("neighbour of another family", -EPFNOSUPPORT, ioctl(fd, SIOCGARP, &request));
    address.sin_addr.s_addr = htonl(0x0a0902fe);
    memcpy(&request.pa, &address, sizeof(address));
    strcpy(request.dev, "nothing0");
    check("neighbour on no interface", -ENODEV, ioctl(fd, SIOCGARP, &request));
    check("bad address", -EFAULT, ioctl(fd, SIOCGARP, 8));
}

/* ---- without privileges ---- */

static void without_privileges(void)
{
    struct ifreq request = about("lo");
    struct rtentry entry = route(0xc0a8c800, 0xffffff00, 0, RTF_UP | RTF_REJECT);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (setuid(1000) != 0)
        _exit(98);
    check("user asks", 0, ask(fd, SIOCGIFFLAGS, &request));
    check("user sets flags", -EPERM, ask(fd, SIOCSIFFLAGS, &request));
    check("user sets mtu", -EPERM, ask(fd, SIOCSIFMTU, &request));
    check("user adds a route", -EPERM, ioctl(fd, SIOCADDRT, &entry));
    check("user's packet socket", -EPERM, socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
    check("user's raw socket", -EPERM, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

/* ---- netlink ---- */

struct request {
    struct nlmsghdr header;
    union {
        struct rtgenmsg general;
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
    };
    uint8_t attributes[512];
};

static void begin(struct request *request, int type, int flags, size_t size)
{
    memset(request, 0, sizeof(*request));
    request->header.nlmsg_len = NLMSG_LENGTH(size);
    request->header.nlmsg_type = (uint16_t)type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->header.nlmsg_seq = 7;
}

static void attach(struct request *request, int type, const void *data, size_t size)
{
    struct rtattr *attribute =
        (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

    attribute->rta_type = (uint16_t)type;
    attribute->rta_len = (uint16_t)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), data, size);
    request->header.nlmsg_len =
        NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_ALIGN(attribute->rta_len);
}

static int open_netlink(void)
{
    struct sockaddr_nl own = { .nl_family = AF_NETLINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)
        perror("netlink");
    return fd;
}

/* What the kernel answers with NLMSG_ERROR: 0 or a negative errno; 1: something else. */
static long acknowledged(int fd, struct request *request)
{
    char answer[4096] __attribute__((aligned(8)));
    struct nlmsghdr *header = (struct nlmsghdr *)answer;

    request->header.nlmsg_flags |= NLM_F_ACK;
    if (send(fd, request, request->header.nlmsg_len, 0) < 0)
        return -errno;
    if (recv(fd, answer, sizeof(answer), 0) < 0)
        return -errno;
    if (header->nlmsg_type != NLMSG_ERROR)
        return 1;
    return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
}

/* Messages of one type in a dump; -1: it does not end as it should. */
static long dumped(int fd, int type, int family, int wanted)
{
    struct request request;
    long count = 0;

    begin(&request, type, NLM_F_DUMP, sizeof(request.general));
    request.general.rtgen_family = (unsigned char)family;
    if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
        return -errno;
    for (;;) {
        char answer[8192] __attribute__((aligned(8)));
        ssize_t left = recv(fd, answer, sizeof(answer), 0);
        struct nlmsghdr *header = (struct nlmsghdr *)answer;

        if (left <= 0)
            return -1;
        for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_seq != 7 || header->nlmsg_type == NLMSG_ERROR)
                return -1;
            if (header->nlmsg_type == NLMSG_DONE)
                return count;
            count += header->nlmsg_type == wanted;
        }
    }
}

static void test_netlink_names(void)
{
    struct sockaddr_nl name = { .nl_family = AF_NETLINK };
    socklen_t length = sizeof(name);
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    check("other type", -ESOCKTNOSUPPORT, socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    check("other protocol", -EPROTONOSUPPORT, socket(AF_NETLINK, SOCK_RAW, 31));
    check("short address", -EINVAL, bind(fd, (struct sockaddr *)&name, 4));
    name.nl_family = AF_INET;
    check("other family", -EINVAL, bind(fd, (struct sockaddr *)&name, sizeof(name)));
    name.nl_family = AF_NETLINK;
    check("bind", 0, bind(fd, (struct sockaddr *)&name, sizeof(name)));
    check("name", 0, getsockname(fd, (struct sockaddr *)&name, &length));
    check("length of the name", sizeof(name), length);
    check("port", 1, name.nl_pid != 0);
    check("peer", 0, getpeername(fd, (struct sockaddr *)&name, &length));
    check("the kernel's port", 0, name.nl_pid);
    check("listen", -EOPNOTSUPP, listen(fd, 1));
    check("accept", -EOPNOTSUPP, accept(fd, NULL, NULL));
    check("nothing there", -EAGAIN, recv(fd, &name, sizeof(name), MSG_DONTWAIT));
    close(fd);
}

static void test_dumps(int fd)
{
    struct sockaddr_nl from;
    socklen_t length = sizeof(from);
    struct request request;
    char answer[8192];

    check("links", 1, dumped(fd, RTM_GETLINK, AF_UNSPEC, RTM_NEWLINK) >= 1);
    check("addresses", 1, dumped(fd, RTM_GETADDR, AF_INET, RTM_NEWADDR) >= 1);
    check("local routes", 1, dumped(fd, RTM_GETROUTE, AF_INET, RTM_NEWROUTE) >= 2);
    check("neighbours", 1, dumped(fd, RTM_GETNEIGH, AF_UNSPEC, RTM_NEWNEIGH) >= 0);
    check("rules", 3, dumped(fd, RTM_GETRULE, AF_INET, RTM_NEWRULE));
    begin(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(request.general));
    check("ask for a dump", request.header.nlmsg_len,
          send(fd, &request, request.header.nlmsg_len, 0));
    check("look first", MSG_TRUNC,
          recv(fd, answer, 16, MSG_PEEK | MSG_TRUNC) > 16 ? MSG_TRUNC : 0);
    check("who answers", 1,
          recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &length) > 16);
    check("the kernel", 0, from.nl_pid);
    while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
        ;
}

static void test_lookup(int fd)
{
    struct request request;
    uint32_t address = htonl(INADDR_LOOPBACK);
    char answer[4096] __attribute__((aligned(8)));
    struct nlmsghdr *header = (struct nlmsghdr *)answer;

    begin(&request, RTM_GETROUTE, 0, sizeof(request.route));
    request.route.rtm_family = AF_INET;
    request.route.rtm_dst_len = 32;
    attach(&request, RTA_DST, &address, sizeof(address));
    check("ask for a route", request.header.nlmsg_len,
          send(fd, &request, request.header.nlmsg_len, 0));
    check("answer", 1, recv(fd, answer, sizeof(answer), 0) > 0);
    check("a route", RTM_NEWROUTE, header->nlmsg_type);
    check("to this machine", RTN_LOCAL, ((struct rtmsg *)NLMSG_DATA(header))->rtm_type);
}

static void test_netlink_changes(int fd)
{
    struct request request;
    uint32_t network = htonl(0xc0a8c800), number = 4096;

    begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(request.route));
    request.route.rtm_family = AF_INET;
    request.route.rtm_dst_len = 24;
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_BOOT;
    request.route.rtm_type = RTN_UNREACHABLE;
    attach(&request, RTA_DST, &network, sizeof(network));
    check("add a route", 0, acknowledged(fd, &request));
    check("add it again", -EEXIST, acknowledged(fd, &request));
    request.header.nlmsg_type = RTM_DELROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    check("remove it", 0, acknowledged(fd, &request));
    check("remove it again", -ESRCH, acknowledged(fd, &request));
    begin(&request, RTM_NEWLINK, 0, sizeof(request.link));
    request.link.ifi_index = 4711;
    check("no such link", -ENODEV, acknowledged(fd, &request));
    request.link.ifi_index = LOOPBACK;
    attach(&request, IFLA_MTU, &number, sizeof(number));
    check("set the mtu", 0, acknowledged(fd, &request));
    begin(&request, RTM_NEWADDR, NLM_F_CREATE, sizeof(request.address));
    request.address.ifa_family = AF_INET;
    request.address.ifa_index = LOOPBACK;
    check("address that is missing", -EINVAL, acknowledged(fd, &request));
    request.address.ifa_index = 4711;
    request.address.ifa_prefixlen = 8;
    attach(&request, IFA_LOCAL, &network, sizeof(network));
    check("address of no link", -ENODEV, acknowledged(fd, &request));
    request.address.ifa_index = LOOPBACK;
    request.address.ifa_prefixlen = 33;
    check("prefix too long", -EINVAL, acknowledged(fd, &request));
}

static void restore_mtu(int fd, int mtu)
{
    struct ifreq request = about("lo");

    request.ifr_mtu = mtu;
    check("mtu as before", 0, ask(fd, SIOCSIFMTU, &request));
}

static void test_bad_messages(int fd)
{
    struct request request;
    char answer[4096];

    begin(&request, RTM_GETLINK, 0, 0);
    check("nothing behind the header", 0, acknowledged(fd, &request));
    begin(&request, RTM_NEWADDR, 0, 1);
    request.general.rtgen_family = AF_INET;
    check("structure cut off", -EINVAL, acknowledged(fd, &request));
    begin(&request, 0x7f0, 0, sizeof(request.route));
    check("unknown type", -EOPNOTSUPP, acknowledged(fd, &request));
    begin(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(request.general));
    request.header.nlmsg_len = 4;
    check("length below the header", 64, send(fd, &request, 64, 0));
    check("is not answered", -EAGAIN, recv(fd, answer, sizeof(answer), MSG_DONTWAIT));
    request.header.nlmsg_len = 65000;
    check("length beyond the end", 64, send(fd, &request, 64, 0));
    check("is not answered either", -EAGAIN, recv(fd, answer, sizeof(answer), MSG_DONTWAIT));
    check("no header", 3, send(fd, &request, 3, 0));
    check("bad address", -EFAULT, send(fd, (void *)8, 64, 0));
    begin(&request, RTM_NEWLINK, 0, sizeof(request.link));
    request.link.ifi_index = LOOPBACK;
    attach(&request, IFLA_MTU, answer, 2);
    check("attribute too short", -ERANGE, acknowledged(fd, &request));
}

static void netlink_without_privileges(void)
{
    struct request request;
    int fd = open_netlink();

    if (setuid(1000) != 0)
        _exit(98);
    begin(&request, RTM_NEWLINK, 0, sizeof(request.link));
    request.link.ifi_index = LOOPBACK;
    check_value("user sets a link", -EPERM, acknowledged(fd, &request));
    check("user asks", 1, dumped(fd, RTM_GETLINK, AF_UNSPEC, RTM_NEWLINK) >= 1);
}

static void test_listening(int configuration)
{
    struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), mtu;
    struct ifreq request = about("lo");
    char answer[8192] __attribute__((aligned(8)));
    struct pollfd one = { .fd = fd, .events = POLLIN };

    check("listen to links", 0, bind(fd, (struct sockaddr *)&own, sizeof(own)));
    check("silence", 0, poll(&one, 1, 0));
    ask(configuration, SIOCGIFMTU, &request);
    mtu = request.ifr_mtu;
    request.ifr_mtu = 5000;
    check("a change", 0, ask(configuration, SIOCSIFMTU, &request));
    check("is heard", 1, poll(&one, 1, 1000));
    check("and read", 1, recv(fd, answer, sizeof(answer), 0) > 0);
    check("as a link", RTM_NEWLINK, ((struct nlmsghdr *)answer)->nlmsg_type);
    restore_mtu(configuration, mtu);
    close(fd);
}

/* Messages with every byte changed in turn, and cut at every length: an answer or none, and life
 * goes on.  Those that could change anything are sent without the right to. */
static void send_mutants(void)
{
    static const uint16_t types[] = { RTM_GETLINK,  RTM_NEWLINK,  RTM_GETADDR, RTM_NEWADDR,
                                      RTM_DELADDR,  RTM_GETROUTE, RTM_NEWROUTE, RTM_DELROUTE,
                                      RTM_GETNEIGH, RTM_NEWNEIGH, RTM_GETRULE, RTM_DELLINK };
    static const uint8_t values[] = { 0, 1, 2, 3, 4, 7, 0x7f, 0x80, 0xff };
    char answer[8192];
    int fd = open_netlink();

    if (setuid(1000) != 0)
        _exit(98);
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        struct request request;
        uint32_t address = htonl(INADDR_LOOPBACK);

        begin(&request, types[t], NLM_F_ACK, sizeof(request.route));
        request.route.rtm_family = AF_INET;
        attach(&request, RTA_DST, &address, sizeof(address));
        attach(&request, IFLA_IFNAME, "lo", 3);
        size_t size = request.header.nlmsg_len;

        for (size_t at = 0; at < size; at++) {
            for (size_t v = 0; v < sizeof(values); v++) {
                struct request mutant = request;

                ((uint8_t *)&mutant)[at] = values[v];
                send(fd, &mutant, size, 0);
                send(fd, &mutant, at, 0);
                while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
                    ;
            }
        }
    }
    check("still there", 1, dumped(fd, RTM_GETLINK, AF_UNSPEC, RTM_NEWLINK) >= 1);
}

/* Unread answers are bounded: whoever does not read hears of it. */
static void test_overrun(int fd)
{
    struct request request;
    char answer[4096];
    long heard = 0;

    for (int i = 0; i < 5000; i++) {
        begin(&request, 0x7f0, 0, sizeof(request.route));
        send(fd, &request, request.header.nlmsg_len, 0);
    }
    for (;;) {
        ssize_t got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

        if (got < 0 && errno == EAGAIN)
            break;
        if (got < 0)
            heard = -errno;
    }
    check("overrun", -ENOBUFS, heard);
    check("and on", 1, dumped(fd, RTM_GETLINK, AF_UNSPEC, RTM_NEWLINK) >= 1);
}

/* ---- packet sockets ---- */

#define PORT 9999 /* of the datagrams that are looked for */

static void send_datagram(uint16_t port, const char *text)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
        perror("sendto");
    close(fd);
}

static struct sockaddr_ll on_loopback(int protocol)
{
    return (struct sockaddr_ll){ .sll_family = AF_PACKET,
                                 .sll_protocol = htons((uint16_t)protocol),
                                 .sll_ifindex = LOOPBACK };
}

/* The payload of the next packet for PORT that is received, if it is shorter than 16 bytes: its
 * length, and who it is from; -EAGAIN. */
static long next_datagram(int fd, size_t header, char *text, struct sockaddr_ll *from)
{
    for (;;) {
        uint8_t packet[2048];
        socklen_t length = sizeof(*from);
        ssize_t got = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)from,
                               &length);
        const uint8_t *udp = packet + header + 20;

        if (got < 0)
            return -errno;
        if (got < (ssize_t)header + 28 || packet[header] != 0x45 || packet[header + 9] != 17)
            continue;
        if ((udp[2] << 8 | udp[3]) != PORT || from->sll_pkttype == PACKET_OUTGOING)
            continue;
        size_t size = (size_t)got - header - 28;

        memcpy(text, udp + 8, size < 16 ? size : 16);
        return (long)size;
    }
}

static void wait_for(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };

    poll(&one, 1, 1000);
}

static void test_packets(void)
{
    struct sockaddr_ll name = on_loopback(ETH_P_IP), from;
    socklen_t length = sizeof(from);
    struct tpacket_stats statistics;
    char text[16];
    int cooked = socket(AF_PACKET, SOCK_DGRAM, 0), raw = socket(AF_PACKET, SOCK_RAW, 0);
    int number = 0;

    check("bind", 0, bind(cooked, (struct sockaddr *)&name, sizeof(name)));
    check("bind raw", 0, bind(raw, (struct sockaddr *)&name, sizeof(name)));
    check("name", 0, getsockname(cooked, (struct sockaddr *)&from, &length));
    check("hardware type", 772, from.sll_hatype);
    check("length of the name", 18, length);
    send_datagram(PORT, "hello");
    wait_for(cooked);
    check("received", 5, next_datagram(cooked, 0, text, &from));
    check("what was sent", 0, memcmp(text, "hello", 5));
    check("protocol", htons(ETH_P_IP), from.sll_protocol);
    check("interface", LOOPBACK, from.sll_ifindex);
    check("for this machine", PACKET_HOST, from.sll_pkttype);
    check("received with header", 5, next_datagram(raw, 14, text, &from));
    check("the same", 0, memcmp(text, "hello", 5));
    length = sizeof(statistics);
    check("statistics", 0, getsockopt(cooked, SOL_PACKET, PACKET_STATISTICS, &statistics, &length));
    check("counted", 1, statistics.tp_packets >= 1 && statistics.tp_drops == 0);
    check("statistics again", 0,
          getsockopt(cooked, SOL_PACKET, PACKET_STATISTICS, &statistics, &length));
    check("count from zero", 0, statistics.tp_packets);
    number = 1;
    check("auxiliary data", 0,
          setsockopt(cooked, SOL_PACKET, PACKET_AUXDATA, &number, sizeof(number)));
    check("auxiliary data, short", -EINVAL,
          setsockopt(cooked, SOL_PACKET, PACKET_AUXDATA, &number, 1));
    close(cooked);
    close(raw);
}

static void test_auxiliary_data(void)
{
    struct sockaddr_ll name = on_loopback(ETH_P_IP);
    char data[256], control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec piece = { data, sizeof(data) };
    struct msghdr message = { .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control) };
    int fd = socket(AF_PACKET, SOCK_DGRAM, 0), on = 1;
    struct tpacket_auxdata told;

    bind(fd, (struct sockaddr *)&name, sizeof(name));
    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on));
    send_datagram(PORT, "hello");
    wait_for(fd);
    check("received", 33, recvmsg(fd, &message, 0));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    check("told", 1, header && header->cmsg_level == SOL_PACKET &&
                         header->cmsg_type == PACKET_AUXDATA);
    if (header) {
        memcpy(&told, CMSG_DATA(header), sizeof(told));
        check("its length", 33, told.tp_len);
        check("as much was kept", 33, told.tp_snaplen);
    }
    close(fd);
}

static void test_packets_wrongly(void)
{
    struct sockaddr_ll name = on_loopback(ETH_P_IP);
    int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
    struct packet_mreq request = { .mr_ifindex = 4711, .mr_type = PACKET_MR_PROMISC };
    static char large[70000];

    check("type", -ESOCKTNOSUPPORT, socket(AF_PACKET, SOCK_STREAM, htons(ETH_P_IP)));
    check("short name", -EINVAL, bind(fd, (struct sockaddr *)&name, 8));
    name.sll_family = AF_INET;
    check("family", -EINVAL, bind(fd, (struct sockaddr *)&name, sizeof(name)));
    name = on_loopback(ETH_P_IP);
    name.sll_ifindex = 4711;
    check("no interface", -ENODEV, bind(fd, (struct sockaddr *)&name, sizeof(name)));
    check("send by no interface", -ENXIO,
          sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)));
    check("send to nobody", -ENXIO, send(fd, "x", 1, 0));
    name = on_loopback(ETH_P_IP);
    check("too long", -EMSGSIZE,
          sendto(fd, large, sizeof(large), 0, (struct sockaddr *)&name, sizeof(name)));
    check("bad address", -EFAULT, sendto(fd, (void *)8, 64, 0, (struct sockaddr *)&name,
                                         sizeof(name)));
    check("connect", -EOPNOTSUPP, connect(fd, (struct sockaddr *)&name, sizeof(name)));
    check("listen", -EOPNOTSUPP, listen(fd, 1));
    check("membership of no interface", -ENODEV,
          setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)));
    request.mr_ifindex = LOOPBACK;
    check("membership", 0,
          setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)));
    check("no more", 0,
          setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &request, sizeof(request)));
    check("not any more", 0,
          setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &request, sizeof(request)));
    check("membership, short", -EINVAL,
          setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, 4));
    close(fd);
    fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
    check("shorter than a header", -EINVAL,
          sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)));
    close(fd);
}

/* ---- filters ---- */

static long attach_filter(int fd, const struct sock_filter *program, size_t count)
{
    struct sock_fprog said = { .len = (unsigned short)count,
                               .filter = (struct sock_filter *)program };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &said, sizeof(said));
}

/* What a filter that ends with `RET A` makes of a datagram: bytes that are kept of its 33, all if it
 * wants more, -EAGAIN if none. */
static long filtered(const struct sock_filter *program, size_t count)
{
    struct sockaddr_ll name = on_loopback(ETH_P_IP);
    struct pollfd one = { .events = POLLIN };
    int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
    long error = result(attach_filter(fd, program, count));
    char data[256];

    if (error)
        return error - 1000;
    bind(fd, (struct sockaddr *)&name, sizeof(name));
    send_datagram(PORT, "hello");
    one.fd = fd;
    poll(&one, 1, 100);
    error = result(recv(fd, data, sizeof(data), MSG_DONTWAIT));
    close(fd);
    return error;
}

#define RUN(name, expected, ...)                                                                   \
    do {                                                                                           \
        const struct sock_filter program[] = { __VA_ARGS__ };                                      \
        check_value(name, expected, filtered(program, sizeof(program) / sizeof(program[0])));      \
    } while (0)
#define KEEP BPF_STMT(BPF_RET | BPF_A, 0)

static void test_filters(void)
{
    RUN("all", 33, BPF_STMT(BPF_RET | BPF_K, 0xffff));
    RUN("none", -EAGAIN, BPF_STMT(BPF_RET | BPF_K, 0));
    RUN("a part", 20, BPF_STMT(BPF_RET | BPF_K, 20));
    RUN("length", 33, BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), KEEP);
    RUN("byte", 17, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), KEEP);
    RUN("half word", 33, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2), KEEP);
    RUN("word", 1, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
        KEEP);
    RUN("behind the end", -EAGAIN, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 30),
        BPF_STMT(BPF_RET | BPF_K, 99));
    RUN("far behind the end", -EAGAIN, BPF_STMT(BPF_LDX | BPF_IMM, 0x7ffffff0),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0x7f), BPF_STMT(BPF_RET | BPF_K, 99));
    RUN("port by index", 7, BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 7), BPF_STMT(BPF_RET | BPF_K, 0));
    RUN("another port", -EAGAIN, BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT + 1, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 7), BPF_STMT(BPF_RET | BPF_K, 0));
    RUN("arithmetic", 6, BPF_STMT(BPF_LD | BPF_IMM, 100), BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 7),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 12), BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 10), KEEP);
    RUN("division by zero", -EAGAIN, BPF_STMT(BPF_LDX | BPF_IMM, 0), BPF_STMT(BPF_LD | BPF_IMM, 9),
        BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), BPF_STMT(BPF_RET | BPF_K, 9));
    RUN("memory", 11, BPF_STMT(BPF_LD | BPF_IMM, 11), BPF_STMT(BPF_ST, 15),
        BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_LDX | BPF_MEM, 15),
        BPF_STMT(BPF_MISC | BPF_TXA, 0), KEEP);
    RUN("jump", 3, BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 3));
    RUN("protocol", 8, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8), KEEP);
    RUN("interface", 1,
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)), KEEP);
    RUN("network header", 17, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_NET_OFF + 9)), KEEP);
    RUN("link header", 8, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_LL_OFF + 12)), KEEP);
}

static void test_bad_filters(void)
{
    static struct sock_filter long_program[BPF_MAXINSNS + 1];

    RUN("no end", -EINVAL - 1000, BPF_STMT(BPF_LD | BPF_IMM, 0));
    RUN("unknown", -EINVAL - 1000, BPF_STMT(0xffff, 0), KEEP);
    RUN("jump behind the end", -EINVAL - 1000, BPF_STMT(BPF_JMP | BPF_JA, 1), KEEP);
    RUN("jump far behind the end", -EINVAL - 1000, BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), KEEP);
    RUN("branch behind the end", -EINVAL - 1000, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), KEEP);
    RUN("divide by the constant 0", -EINVAL - 1000, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), KEEP);
    RUN("modulo the constant 0", -EINVAL - 1000, BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), KEEP);
    RUN("shift by 32", -EINVAL - 1000, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), KEEP);
    RUN("memory word 16", -EINVAL - 1000, BPF_STMT(BPF_ST, 16), KEEP);
    RUN("memory not written", -EINVAL - 1000, BPF_STMT(BPF_LD | BPF_MEM, 0), KEEP);
    RUN("memory written on one way only", -EINVAL - 1000,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 0), KEEP);
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

    for (size_t i = 0; i <= BPF_MAXINSNS; i++)
        long_program[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    check("long", 0, attach_filter(fd, long_program, 500));
    check("too long", -EINVAL, attach_filter(fd, long_program, BPF_MAXINSNS + 1));
    check("no instruction", -EINVAL, attach_filter(fd, long_program, 0));
    check("program at a bad address", -EFAULT, attach_filter(fd, (void *)8, 1));
    int on = 1;

    check("detach", 0, setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)));
    check("detach again", -ENOENT, setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)));
    check("attach", 0, attach_filter(fd, long_program, 1));
    check("lock", 0, setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
    check("attach when locked", -EPERM, attach_filter(fd, long_program, 1));
    check("detach when locked", -EPERM,
          setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)));
    close(fd);
}

/* Random programs: refused, or run to their end on a packet. */
static void test_random_filters(void)
{
    struct sockaddr_ll name = on_loopback(ETH_P_IP);
    int fd = socket(AF_PACKET, SOCK_RAW, 0), accepted = 0;
    uint32_t state = 1;
    char data[64];

    bind(fd, (struct sockaddr *)&name, sizeof(name));
    for (int round = 0; round < 3000; round++) {
        static const uint8_t codes[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x0c, 0x14, 0x15,
                                         0x20, 0x24, 0x28, 0x30, 0x34, 0x40, 0x48, 0x50, 0x54, 0x60,
                                         0x61, 0x64, 0x80, 0x81, 0x84, 0x87, 0x94, 0x9c, 0xb1 };
        struct sock_filter program[8];

        for (size_t i = 0; i < 8; i++) {
            uint32_t bits[2];

            for (size_t j = 0; j < 2; j++)
                bits[j] = state = state * 1664525 + 1013904223;
            program[i] = (struct sock_filter){ .code = codes[(bits[0] >> 8) % sizeof(codes)],
                                               .jt = (uint8_t)(bits[0] >> 16 & 3),
                                               .jf = (uint8_t)(bits[0] >> 24 & 3),
                                               .k = bits[1] >> (bits[0] >> 27) };
        }
        program[7] = (struct sock_filter)KEEP;
        if (attach_filter(fd, program, 8) != 0)
            continue;
        accepted++;
        send_datagram(PORT, "x");
        while (recv(fd, data, sizeof(data), MSG_DONTWAIT) >= 0)
            ;
    }
    check("some were accepted", 1, accepted > 0);
    close(fd);
}

/* So that nobody answers that nobody is there. */
static void take_datagrams(void)
{
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    check("a receiver", 0, bind(fd, (struct sockaddr *)&own, sizeof(own)));
}

int main(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), netlink = open_netlink();
    struct ifreq request = about("lo");

    ask(fd, SIOCGIFMTU, &request);
    int mtu = request.ifr_mtu;

    test_asking(fd);
    test_asking_wrongly(fd);
    test_list(fd);
    test_large_room(fd);
    test_changing(fd);
    test_routes(fd);
    test_reject(fd);
    test_neighbours(fd);
    check("without privileges", 0, in_child(without_privileges));
    test_netlink_names();
    test_dumps(netlink);
    test_lookup(netlink);
    test_netlink_changes(netlink);
    restore_mtu(fd, mtu);
    test_bad_messages(netlink);
    check("netlink without privileges", 0, in_child(netlink_without_privileges));
    test_listening(fd);
    check("mutants", 0, in_child(send_mutants));
    test_overrun(netlink);
    take_datagrams();
    test_packets();
    test_auxiliary_data();
    test_packets_wrongly();
    test_filters();
    test_bad_filters();
    test_random_filters();
    return failures != 0;
}
