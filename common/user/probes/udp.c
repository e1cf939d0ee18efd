/* probe-udp: datagrams of AF_INET and AF_INET6, and raw sockets, on the loopback interface.  udp(7),
 * ip(7), raw(7). */
#define _GNU_SOURCE
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <signal.h>

#include "inet.h"

static char buffer[70000];

static int udp_at(const char *address, int *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || inet_bind(fd, address, 0) != 0) {
        perror("udp_at");
        exit(2);
    }
    if (port)
        *port = inet_port(fd, 0);
    return fd;
}

static long arrived(int fd, size_t size)
{
    return poll_for(fd, POLLIN) & POLLIN ? result(recv(fd, buffer, size, MSG_DONTWAIT)) : -ETIME;
}

/* ---- datagrams ---- */

static void test_datagrams(void)
{
    int port, to = udp_at("127.0.0.1", &port), fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    check("poll of a fresh one", POLLOUT, poll_now(fd));
    check("no port yet", 0, inet_port(fd, 0));
    check("nothing to receive", -EAGAIN, recv(fd, buffer, 1, MSG_DONTWAIT));
    check("to nobody", -EDESTADDRREQ, send(fd, "a", 1, 0));
    check("send", 5, inet_send(fd, "hello", 5, "127.0.0.1", port));
    check("a port of its own", 1, inet_port(fd, 0) >= 1024);
    check("no address of its own", INADDR_ANY, inet_address(fd, 0));
    check("poll", POLLIN | POLLOUT, poll_for(to, POLLIN));
    check("FIONREAD", 5, waiting_bytes(to));
    check("look", 5, recv(to, buffer, 100, MSG_PEEK));
    check("whence", 5, recvfrom(to, buffer, 100, 0, (struct sockaddr *)&from, &length));
    check("its port", inet_port(fd, 0), ntohs(from.sin_port));
    check("its address", INADDR_LOOPBACK, ntohl(from.sin_addr.s_addr));
    check("length of that", (long)sizeof from, length);
    check("empty", 0, inet_send(fd, "", 0, "127.0.0.1", port));
    check("arrives", 0, arrived(to, 10));
    inet_send(fd, "longer", 6, "127.0.0.1", port);
    check("cut", 3, arrived(to, 3));
    check("the rest is gone", -EAGAIN, recv(to, buffer, 9, MSG_DONTWAIT));
    inet_send(fd, "longer", 6, "127.0.0.1", port);
    poll_for(to, POLLIN);
    check("whole length asked for", 6, recv(to, buffer, 2, MSG_TRUNC));
    inet_send(fd, "one", 3, "127.0.0.1", port);
    inet_send(fd, "three", 5, "127.0.0.1", port);
    check("one after", 3, arrived(to, 100));
    check("the other", 5, arrived(to, 100));
    check("port 0", -EINVAL, inet_send(fd, "a", 1, "127.0.0.1", 0));
    check("too long", -EMSGSIZE, inet_send(fd, buffer, 65508, "127.0.0.1", port));
    check("the longest", 65507, inet_send(fd, buffer, 65507, "127.0.0.1", port));
    check("arrives whole", 65507, arrived(to, sizeof buffer));
    check("urgent", -EOPNOTSUPP, send(fd, "a", 1, MSG_OOB));
    check("broadcast, not allowed", -EACCES, inet_send(fd, "a", 1, "255.255.255.255", 9));
    check("bad address", -EFAULT, inet_send(fd, (void *)8, 9, "127.0.0.1", port));
    check("listen", -EOPNOTSUPP, listen(fd, 1));
    check("accept", -EOPNOTSUPP, accept(fd, NULL, NULL));
    close_both((int[]){ fd, to });
}

static void test_connected(void)
{
    int port, other_port, to = udp_at("127.0.0.1", &port), other = udp_at("127.0.0.1", &other_port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    check("no peer", -ENOTCONN, inet_port(fd, 1));
    check("shutdown", -ENOTCONN, shutdown(fd, SHUT_RD));
    check("connect", 0, inet_connect(fd, "127.0.0.1", port));
    check("peer", port, inet_port(fd, 1));
    check("own address", INADDR_LOOPBACK, inet_address(fd, 0));
    check("send", 2, send(fd, "ab", 2, 0));
    check("arrives", 2, arrived(to, 9));
    inet_send(other, "no", 2, "127.0.0.1", inet_port(fd, 0));
    sleep_ms(10);
    check("not from others", -EAGAIN, recv(fd, buffer, 9, MSG_DONTWAIT));
    inet_send(to, "yes", 3, "127.0.0.1", inet_port(fd, 0));
    check("from the peer", 3, arrived(fd, 9));
    check("to another", 1, inet_send(fd, "x", 1, "127.0.0.1", other_port));
    check("who gets it", 1, arrived(other, 9));
    check("connect elsewhere", 0, inet_connect(fd, "127.0.0.1", other_port));
    check("peer now", other_port, inet_port(fd, 1));
    check("disconnect", 0, connect(fd, &none, sizeof none));
    check("no peer again", -ENOTCONN, inet_port(fd, 1));
    check("nowhere to send", -EDESTADDRREQ, send(fd, "a", 1, 0));
    inet_connect(fd, "127.0.0.1", port);
    check("shut sending", 0, shutdown(fd, SHUT_WR));
    check("no sending", -EPIPE, send(fd, "a", 1, MSG_NOSIGNAL));
    check("shut receiving", 0, shutdown(fd, SHUT_RD));
    check("the end", 0, recv(fd, buffer, 9, 0));
    check("poll", POLLIN | POLLOUT | POLLRDHUP | POLLHUP, poll_now(fd));
    close_both((int[]){ fd, to });
    close(other);
}

static void test_refused(void)
{
    int port, to = udp_at("127.0.0.1", &port), fd = socket(AF_INET, SOCK_DGRAM, 0);
    close(to);
    check("to nobody, unconnected", 1, inet_send(fd, "a", 1, "127.0.0.1", port));
    sleep_ms(10);
    check("is not told", 0, number_option(fd, SOL_SOCKET, SO_ERROR));
    inet_connect(fd, "127.0.0.1", port);
    check("to nobody", 1, send(fd, "a", 1, 0));
    check("poll", POLLOUT | POLLERR, poll_for(fd, POLLIN));
    check("refused", -ECONNREFUSED, recv(fd, buffer, 1, MSG_DONTWAIT));
    check("told once", -EAGAIN, recv(fd, buffer, 1, MSG_DONTWAIT));
    send(fd, "a", 1, 0);
    poll_for(fd, POLLIN);
    check("told to a sender", -ECONNREFUSED, send(fd, "a", 1, 0));
    check("who may try again", 1, send(fd, "a", 1, 0));
    close(fd);
}

/* The whole of 127.0.0.0/8 is this machine. */
static void test_loopback_network(void)
{
    int port, to = udp_at("127.0.0.2", &port), fd = socket(AF_INET, SOCK_DGRAM, 0);
    inet_connect(fd, "127.0.0.2", port);
    check("source", INADDR_LOOPBACK, inet_address(fd, 0));
    check("peer", INADDR_LOOPBACK + 1, inet_address(fd, 1));
    check("send", 2, send(fd, "ab", 2, 0));
    check("arrives", 2, arrived(to, 9));
    check("back", 3, inet_send(to, "abc", 3, "127.0.0.1", inet_port(fd, 0)));
    check("to who asked", 3, arrived(fd, 9));
    inet_connect(fd, "127.0.0.3", port);
    check("another", 1, send(fd, "a", 1, 0));
    check("poll", POLLOUT | POLLERR, poll_for(fd, POLLIN));
    check("refuses", -ECONNREFUSED, recv(fd, buffer, 1, MSG_DONTWAIT));
    close_both((int[]){ fd, to });
}

static void test_ports(void)
{
    int port, first = udp_at("127.0.0.1", &port), fd = socket(AF_INET, SOCK_DGRAM, 0), other,
              one = 1;
    check("taken", -EADDRINUSE, inet_bind(fd, "127.0.0.1", port));
    check("everywhere", -EADDRINUSE, inet_bind(fd, "0.0.0.0", port));
    check("one side reuses", -EADDRINUSE,
          set_number_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) ?: inet_bind(fd, "127.0.0.1", port));
    set_number_option(first, SOL_SOCKET, SO_REUSEADDR, 1);
    check("both reuse", 0, inet_bind(fd, "127.0.0.1", port));
    close_both((int[]){ first, fd });
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    other = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    inet_bind(fd, "127.0.0.1", 0);
    check("SO_REUSEPORT", 0, inet_bind(other, "127.0.0.1", inet_port(fd, 0)));
    close_both((int[]){ fd, other });
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    check("not our address", -EADDRNOTAVAIL, inet_bind(fd, "192.0.2.1", 0));
    check("a group", 0, inet_bind(fd, "224.0.0.99", 0));
    close(fd);
}

static void test_queue(void)
{
    int port, to = udp_at("127.0.0.1", &port), fd = socket(AF_INET, SOCK_DGRAM, 0), count = 0;
    set_number_option(to, SOL_SOCKET, SO_RCVBUF, 10000);
    for (int i = 0; i < 100; i++)
        inet_send(fd, buffer, 1000, "127.0.0.1", port);
    sleep_ms(10);
    while (recv(to, buffer, sizeof buffer, MSG_DONTWAIT) == 1000)
        count++;
    check("a full queue drops", 1, count > 3 && count < 25);
    inet_send(fd, "a", 1, "127.0.0.1", port);
    check("and takes again", 1, arrived(to, 9));
    close_both((int[]){ to, fd });
}

/* ---- what comes beside the data ---- */

static void test_packet_info(void)
{
    int port, to = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct in_pktinfo info;
    struct parcel parcel;
    struct cmsghdr *header;
    inet_bind(to, "0.0.0.0", 0);
    port = inet_port(to, 0);
    check("IP_PKTINFO", 0, set_number_option(to, IPPROTO_IP, IP_PKTINFO, 1));
    check("IP_RECVTTL", 0, set_number_option(to, IPPROTO_IP, IP_RECVTTL, 1));
    check("TTL 7", 0, set_number_option(fd, IPPROTO_IP, IP_TTL, 7));
    inet_send(fd, "a", 1, "127.0.0.1", port);
    poll_for(to, POLLIN);
    parcel_init(&parcel, buffer, 10, sizeof parcel.control);
    check("recvmsg", 1, recvmsg(to, &parcel.header, 0));
    header = parcel_find(&parcel, IPPROTO_IP, IP_PKTINFO);
    memset(&info, 0, sizeof info);
    if (header)
        memcpy(&info, CMSG_DATA(header), sizeof info);
    check("to which address", INADDR_LOOPBACK, ntohl(info.ipi_addr.s_addr));
    check("by which interface", 1, info.ipi_ifindex);
    header = parcel_find(&parcel, IPPROTO_IP, IP_TTL);
    check("TTL", 7, header ? *(int *)CMSG_DATA(header) : -1);
    close_both((int[]){ to, fd });
}

/* ---- groups ---- */

static void test_groups(void)
{
    int port, to = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreqn group = { .imr_ifindex = 1 };
    inet_pton(AF_INET, "239.1.2.3", &group.imr_multiaddr);
    inet_bind(to, "0.0.0.0", 0);
    port = inet_port(to, 0);
    check("leave, no member", -EADDRNOTAVAIL,
          setsockopt(to, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group));
    check("join", 0, setsockopt(to, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    check("join again", -EADDRINUSE,
          setsockopt(to, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    check("send by lo", 0, setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group));
    check("to the group", 3, inet_send(fd, "all", 3, "239.1.2.3", port));
    check("who is a member", 3, arrived(to, 9));
    check("leave", 0, setsockopt(to, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group));
    check("TTL", 1, number_option(fd, IPPROTO_IP, IP_MULTICAST_TTL));
    check("loop", 1, number_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP));
    inet_pton(AF_INET, "10.1.2.3", &group.imr_multiaddr);
    check("no group", -EINVAL, setsockopt(to, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    close_both((int[]){ to, fd });
}

/* ---- IPv6 ---- */

static void test_version6(void)
{
    struct sockaddr_in6 any = { .sin6_family = AF_INET6 }, from, to;
    socklen_t length = sizeof any;
    int at = socket(AF_INET6, SOCK_DGRAM, 0), fd = socket(AF_INET6, SOCK_DGRAM, 0), port;
    int four = socket(AF_INET, SOCK_DGRAM, 0);
    check("bind", 0, bind(at, (struct sockaddr *)&any, sizeof any));
    getsockname(at, (struct sockaddr *)&any, &length);
    port = ntohs(any.sin6_port);
    to = any;
    inet_pton(AF_INET6, "::1", &to.sin6_addr);
    check("to ::1", 2, sendto(fd, "v6", 2, 0, (struct sockaddr *)&to, sizeof to));
    length = sizeof from;
    poll_for(at, POLLIN);
    check("arrives", 2, recvfrom(at, buffer, 9, MSG_DONTWAIT, (struct sockaddr *)&from, &length));
    check("from ::1", 1, IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
    check("by IPv4", 2, inet_send(four, "v4", 2, "127.0.0.1", port));
    poll_for(at, POLLIN);
    check("arrives, too", 2,
          recvfrom(at, buffer, 9, MSG_DONTWAIT, (struct sockaddr *)&from, &length));
    check("from a mapped address", 1, IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
    check("answer", 1, sendto(at, "x", 1, 0, (struct sockaddr *)&from, sizeof from));
    check("comes back", 1, arrived(four, 9));
    check("connect", 0, connect(fd, (struct sockaddr *)&to, sizeof to));
    check("send", 3, send(fd, "con", 3, 0));
    check("arrives", 3, arrived(at, 9));
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
    check("connect, mapped", 0, connect(fd, (struct sockaddr *)&to, sizeof to));
    check("send", 3, send(fd, "map", 3, 0));
    check("arrives", 3, arrived(at, 9));
    close_both((int[]){ at, fd });
    close(four);
}

/* ---- raw sockets: as root ---- */

static uint16_t sum_of(const void *data, size_t size)
{
    const uint16_t *words = data;
    uint32_t sum = 0;
    for (size_t i = 0; i < size / 2; i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

static void test_raw(void)
{
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), types = 0;
    struct icmphdr echo = { .type = ICMP_ECHO,
                            .un.echo = { .id = htons(77), .sequence = htons(1) } };
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    check("protocol 0", -EPROTONOSUPPORT, socket(AF_INET, SOCK_RAW, 0));
    check("raw", 1, fd >= 0);
    echo.checksum = sum_of(&echo, sizeof echo);
    check("ping", (long)sizeof echo, inet_send(fd, &echo, sizeof echo, "127.0.0.1", 0));
    for (int i = 0; i < 2 && poll_for(fd, POLLIN) & POLLIN; i++) {
        long got = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &length);
        struct icmphdr *icmp = (struct icmphdr *)(buffer + sizeof(struct iphdr));
        check("with its IP header", (long)(sizeof(struct iphdr) + sizeof echo), got);
        check("version", 0x45, (unsigned char)buffer[0]);
        check("from", INADDR_LOOPBACK, ntohl(from.sin_addr.s_addr));
        types |= 1 << icmp->type;
    }
    check("question and answer", 1 << ICMP_ECHO | 1 << ICMP_ECHOREPLY, types);
    check("IP_HDRINCL, off", 0, number_option(fd, IPPROTO_IP, IP_HDRINCL));
    close(fd);
}

static void test_whole_packets(void)
{
    int port, to = udp_at("127.0.0.1", &port), fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    struct {
        struct iphdr ip;
        uint16_t ports[2], length, sum;
        char data[4];
    } packet = { .ip = { .version = 4, .ihl = 5, .ttl = 9, .protocol = IPPROTO_UDP },
                 .length = htons(12),
                 .data = "raw!" };
    packet.ip.daddr = htonl(INADDR_LOOPBACK);
    packet.ports[0] = htons(4242);
    packet.ports[1] = htons(port);
    check("IP_HDRINCL, on", 1, number_option(fd, IPPROTO_IP, IP_HDRINCL));
    check("send", (long)sizeof packet, inet_send(fd, &packet, sizeof packet, "127.0.0.1", 0));
    check("arrives", 4, arrived(to, 9));
    check("too short", -EINVAL, inet_send(fd, &packet, 10, "127.0.0.1", 0));
    close_both((int[]){ fd, to });
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    test_datagrams();
    test_connected();
    test_refused();
    test_loopback_network();
    test_ports();
    test_queue();
    test_packet_info();
    test_groups();
    test_version6();
    test_raw();
    test_whole_packets();
    return failures != 0;
}
