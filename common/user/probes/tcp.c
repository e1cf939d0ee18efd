/* probe-tcp: connections of AF_INET and AF_INET6 on the loopback interface.  tcp(7), ip(7), ipv6(7). */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "inet.h"

static char buffer[300000];

/* ---- before a connection ---- */

static void test_fresh(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr address = { .sa_family = AF_UNIX };
    check("poll of a fresh one", POLLOUT | POLLHUP, poll_now(fd));
    check("receive", -ENOTCONN, recv(fd, buffer, 1, 0));
    check("send", -EPIPE, send(fd, "a", 1, MSG_NOSIGNAL));
    check("accept", -EINVAL, accept(fd, NULL, NULL));
    check("peer", -ENOTCONN, inet_port(fd, 1));
    check("own port", 0, inet_port(fd, 0));
    check("shutdown", -ENOTCONN, shutdown(fd, SHUT_WR));
    check("bind, wrong family", -EAFNOSUPPORT, bind(fd, &address, sizeof(struct sockaddr_in)));
    check("bind, too short", -EINVAL, bind(fd, &address, 8));
    check("connect, wrong family", -EAFNOSUPPORT,
          connect(fd, &address, sizeof(struct sockaddr_in)));
    check("connect, too short", -EINVAL, connect(fd, &address, 1));
    check("bind, not ours", -EADDRNOTAVAIL, inet_bind(fd, "1.2.3.4", 0));
    check("bind", 0, inet_bind(fd, "127.0.0.1", 0));
    check("has a port", 1, inet_port(fd, 0) > 0);
    check("bind again", -EINVAL, inet_bind(fd, "127.0.0.1", 0));
    check("poll still", POLLOUT | POLLHUP, poll_now(fd));
    close(fd);
    check("no such protocol", -EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    check("no such type", -ESOCKTNOSUPPORT, socket(AF_INET, SOCK_SEQPACKET, 0));
}

static void test_refused(void)
{
    int port, from = listener(1, &port), fd = socket(AF_INET, SOCK_STREAM, 0);
    close(from);
    check("nobody listens", -ECONNREFUSED, inet_connect(fd, "127.0.0.1", port));
    check("again", -ECONNREFUSED, inet_connect(fd, "127.0.0.1", port));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    check("begun", -EINPROGRESS, inet_connect(fd, "127.0.0.1", port));
    check("poll of the failed", POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP,
          poll_for(fd, POLLOUT));
    check("why", ECONNREFUSED, number_option(fd, SOL_SOCKET, SO_ERROR));
    check("told once", 0, number_option(fd, SOL_SOCKET, SO_ERROR));
    check("poll then", POLLIN | POLLOUT | POLLHUP | POLLRDHUP, poll_now(fd));
    check("receive then", 0, recv(fd, buffer, 1, 0));
    close(fd);
}

/* ---- listening ---- */

static void test_listen(void)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int port, from = listener(2, &port), other = socket(AF_INET, SOCK_STREAM, 0), fd;
    check("poll of a listener", 0, poll_now(from));
    check("accepts", 1, number_option(from, SOL_SOCKET, SO_ACCEPTCONN));
    check("receive from it", -ENOTCONN, recv(from, buffer, 1, 0));
    check("send to it", -EPIPE, send(from, "a", 1, MSG_NOSIGNAL));
    check("connect it", -EISCONN, inet_connect(from, "127.0.0.1", port));
    check("listen again", 0, listen(from, 5));
    fcntl(from, F_SETFL, O_NONBLOCK);
    check("nobody yet", -EAGAIN, accept(from, NULL, NULL));
    check("the port is taken", -EADDRINUSE, inet_bind(other, "127.0.0.1", port));
    check("on every address", -EADDRINUSE, inet_bind(other, "0.0.0.0", port));
    check("connect", 0, inet_connect(other, "127.0.0.1", port));
    check("poll, one waits", POLLIN, poll_now(from));
    check("write before accept", 2, write(other, "hi", 2));
    fd = accept4(from, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK);
    check("accepted", 1, fd >= 0);
    check("its address", (long)sizeof peer, length);
    check("its port", inet_port(other, 0), ntohs(peer.sin_port));
    check("port of the listener", port, inet_port(fd, 0));
    check("flags", O_RDWR | O_NONBLOCK, fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    check("what was written", 2, poll_for(fd, POLLIN) & POLLIN ? read(fd, buffer, 9) : -1);
    check("connect again", -EISCONN, inet_connect(other, "127.0.0.1", port));
    check("listen on it", -EINVAL, listen(other, 1));
    close(fd);
    close(other);
    close(from);
}

static void test_backlog(void)
{
    int port, from = listener(0, &port), fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        inet_connect(fds[i], "127.0.0.1", port);
    }
    sleep_ms(30);
    check("the first waits", POLLOUT, poll_now(fds[0]));
    check("another hangs", 0, poll_now(fds[3]));
    close(accept(from, NULL, NULL));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(from);
}

static void test_listener_closes(void)
{
    int port, from = listener(3, &port), fd = socket(AF_INET, SOCK_STREAM, 0);
    check("connected", 0, inet_connect(fd, "127.0.0.1", port));
    close(from);
    check("reset", -ECONNRESET, poll_for(fd, POLLIN) & POLLIN ? recv(fd, buffer, 1, 0) : 0);
    check("the end after that", 0, recv(fd, buffer, 1, 0));
    check("no sending", -EPIPE, send(fd, "a", 1, MSG_NOSIGNAL));
    close(fd);
    from = listener(3, &port);
    check("shut a listener", 0, shutdown(from, SHUT_RDWR));
    check("accept then", -EINVAL, accept(from, NULL, NULL));
    check("poll of it", POLLOUT | POLLHUP, poll_now(from));
    close(from);
}

/* ---- a connection ---- */

static void test_stream(void)
{
    int fds[2];
    struct iovec out[2] = { { "abc", 3 }, { "defgh", 5 } };
    inet_pair(fds);
    check("names agree", inet_port(fds[0], 0), inet_port(fds[1], 1));
    check("address", INADDR_LOOPBACK, inet_address(fds[0], 0));
    check("peer's", INADDR_LOOPBACK, inet_address(fds[0], 1));
    check("poll, nothing", POLLOUT, poll_now(fds[0]));
    check("nothing yet", -EAGAIN, recv(fds[0], buffer, 10, MSG_DONTWAIT));
    check("write nothing", 0, write(fds[0], "", 0));
    check("writev", 8, writev(fds[0], out, 2));
    check("poll, something", POLLIN | POLLOUT, poll_for(fds[1], POLLIN));
    check("FIONREAD", 8, waiting_bytes(fds[1]));
    check("look", 8, recv(fds[1], buffer, 100, MSG_PEEK));
    check("look again", 3, recv(fds[1], buffer, 3, MSG_PEEK));
    check("part", 2, recv(fds[1], buffer, 2, 0));
    check("to an address", 1, inet_send(fds[0], "i", 1, "127.0.0.1", 9));
    check("rest and more", 7, recv(fds[1], buffer, 7, MSG_WAITALL));
    check("in order", 0, memcmp(buffer, "cdefghi", 7));
    check("urgent, none", -EINVAL, recv(fds[1], buffer, 1, MSG_OOB));
    check("bad address", -EFAULT, send(fds[0], (void *)8, 4, 0));
    write(fds[0], "z", 1);
    check("bad buffer", -EFAULT,
          poll_for(fds[1], POLLIN) & POLLIN ? recv(fds[1], (void *)8, 4, MSG_DONTWAIT) : 0);
    check("what stays", 1, recv(fds[1], buffer, 4, MSG_DONTWAIT));
    close_both(fds);
}

static void test_half_close(void)
{
    int fds[2];
    inet_pair(fds);
    write(fds[0], "last", 4);
    check("half close", 0, shutdown(fds[0], SHUT_WR));
    check("twice", 0, shutdown(fds[0], SHUT_WR));
    check("poll of who closed", POLLOUT, poll_now(fds[0]));
    check("poll of the other", POLLIN | POLLOUT | POLLRDHUP, poll_for(fds[1], POLLRDHUP));
    check("no more sending", -EPIPE, send(fds[0], "x", 1, MSG_NOSIGNAL));
    check("the last", 4, read(fds[1], buffer, 9));
    check("the end", 0, read(fds[1], buffer, 9));
    check("and again", 0, read(fds[1], buffer, 9));
    check("the other way still", 3, write(fds[1], "yes", 3));
    check("arrives", 3, poll_for(fds[0], POLLIN) & POLLIN ? read(fds[0], buffer, 9) : -1);
    close(fds[1]);
    check("poll when both have", POLLIN | POLLOUT | POLLRDHUP | POLLHUP, poll_for(fds[0], POLLIN));
    check("end here, too", 0, read(fds[0], buffer, 9));
    check("no name any more", -ENOTCONN, inet_port(fds[0], 1));
    close(fds[0]);
    inet_pair(fds);
    check("shut reading", 0, shutdown(fds[0], SHUT_RD));
    check("poll", POLLIN | POLLOUT | POLLRDHUP, poll_now(fds[0]));
    check("read then", 0, read(fds[0], buffer, 9));
    check("the peer may write", 1, write(fds[1], "x", 1));
    check("no such way", -EINVAL, shutdown(fds[0], 3));
    close_both(fds);
}

static void test_reset(void)
{
    int fds[2];
    struct linger linger = { 1, 0 };
    inet_pair(fds);
    write(fds[0], "unread", 6);
    poll_for(fds[1], POLLIN);
    close(fds[1]);
    check("closed with data unread", -ECONNRESET,
          poll_for(fds[0], POLLIN) & POLLIN ? read(fds[0], buffer, 9) : 0);
    check("the end", 0, read(fds[0], buffer, 9));
    close(fds[0]);
    inet_pair(fds);
    check("linger 0", 0, setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    close(fds[1]);
    check("poll of the reset", POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP,
          poll_for(fds[0], POLLIN));
    check("SO_ERROR", ECONNRESET, number_option(fds[0], SOL_SOCKET, SO_ERROR));
    check("once", 0, number_option(fds[0], SOL_SOCKET, SO_ERROR));
    check("then", 0, read(fds[0], buffer, 9));
    close(fds[0]);
    inet_pair(fds);
    close(fds[1]);
    poll_for(fds[0], POLLIN);
    check("to one who closed", 1, send(fds[0], "a", 1, MSG_NOSIGNAL));
    sleep_ms(20);
    check("who resets", -EPIPE, send(fds[0], "a", 1, MSG_NOSIGNAL));
    close(fds[0]);
}

static long move(int from, int to, long total)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (long sent = 0; sent < total;) {
            long part = (sent * 7919) % 100000 + 1;
            if (part > total - sent)
                part = total - sent;
            for (long i = 0; i < part; i++)
                buffer[i] = (char)((sent + i) * 31 >> 3);
            long done = write(to, buffer, part);
            if (done <= 0)
                _exit(1);
            sent += done;
        }
        _exit(0);
    }
    long got = 0;
    while (got < total) {
        long part = read(from, buffer, (got * 6151) % 90000 + 1);
        if (part <= 0)
            return result(part);
        for (long i = 0; i < part; i++)
            if (buffer[i] != (char)((got + i) * 31 >> 3))
                return -1000000 - got - i;
        got += part;
    }
    int status;
    waitpid(child, &status, 0);
    return status == 0 ? got : -2;
}

static void test_bulk(void)
{
    int fds[2];
    inet_pair(fds);
    check("much, one way", 5000000, move(fds[0], fds[1], 5000000));
    check("the other way", 3000000, move(fds[1], fds[0], 3000000));
    set_number_option(fds[0], IPPROTO_TCP, TCP_NODELAY, 1);
    check("without delay", 2000000, move(fds[1], fds[0], 2000000));
    close_both(fds);
}

static void test_full(void)
{
    int fds[2];
    long sent = 0, part, got = 0;
    inet_pair(fds);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    while ((part = write(fds[0], buffer, sizeof buffer)) > 0)
        sent += part;
    check("full", -EAGAIN, result(part));
    check("poll of the full", 0, poll_now(fds[0]));
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    while (got < sent && poll_for(fds[1], POLLIN) & POLLIN &&
           (part = read(fds[1], buffer, sizeof buffer)) > 0)
        got += part;
    check("all came", sent, got);
    check("room again", POLLOUT, poll_for(fds[0], POLLOUT));
    close_both(fds);
}

static void test_small_writes(void)
{
    int fds[2], one = 1, count;
    inet_pair(fds);
    for (int i = 0; i < 2000; i++)
        write(fds[0], "ab", 2);
    for (count = 0; count < 4000 && poll_for(fds[1], POLLIN) & POLLIN;)
        count += read(fds[1], buffer + count, 4000 - count);
    check("many small writes", 4000, count);
    check("cork", 0, setsockopt(fds[0], IPPROTO_TCP, TCP_CORK, &one, sizeof one));
    write(fds[0], "xy", 2);
    sleep_ms(20);
    check("held back", POLLOUT, poll_now(fds[1]));
    check("MSG_MORE", 1, send(fds[0], "z", 1, MSG_MORE));
    set_number_option(fds[0], IPPROTO_TCP, TCP_CORK, 0);
    check("let go", 3, poll_for(fds[1], POLLIN) & POLLIN ? read(fds[1], buffer, 9) : -1);
    close_both(fds);
}

/* ---- ports ---- */

/* A connection whose accepted end has closed first: TIME_WAIT. */
static void leave_remains(int reuse, int *port)
{
    int from = listener(5, port), client = socket(AF_INET, SOCK_STREAM, 0), fd;
    set_number_option(from, SOL_SOCKET, SO_REUSEADDR, reuse);
    inet_connect(client, "127.0.0.1", *port);
    fd = accept(from, NULL, NULL);
    close(from);
    close(fd);
    poll_for(client, POLLIN);
    close(client);
    sleep_ms(20);
}

static void test_ports(void)
{
    int port, fd, other;
    leave_remains(0, &port);
    other = socket(AF_INET, SOCK_STREAM, 0);
    set_number_option(other, SOL_SOCKET, SO_REUSEADDR, 1);
    check("what remains holds the port", -EADDRINUSE, inet_bind(other, "127.0.0.1", port));
    close(other);
    leave_remains(1, &port);
    other = socket(AF_INET, SOCK_STREAM, 0);
    check("from those who do not reuse", -EADDRINUSE, inet_bind(other, "127.0.0.1", port));
    set_number_option(other, SOL_SOCKET, SO_REUSEADDR, 1);
    check("not when both do", 0, inet_bind(other, "127.0.0.1", port));
    check("listen there", 0, listen(other, 1));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    set_number_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    check("not beside a listener", -EADDRINUSE, inet_bind(fd, "127.0.0.1", port));
    close(fd);
    close(other);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    other = socket(AF_INET, SOCK_STREAM, 0);
    set_number_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_number_option(other, SOL_SOCKET, SO_REUSEADDR, 1);
    inet_bind(fd, "127.0.0.1", 0);
    port = inet_port(fd, 0);
    check("both reuse", 0, inet_bind(other, "127.0.0.1", port));
    check("one listens", 0, listen(fd, 1));
    check("the other cannot", -EADDRINUSE, listen(other, 1));
    close_both((int[]){ fd, other });
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("listen without bind", 0, listen(fd, 1));
    check("on a port of its own", 1, inet_port(fd, 0) >= 1024);
    close(fd);
}

static void test_connect_states(void)
{
    int port, from = listener(5, &port), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    check("begun", -EINPROGRESS, inet_connect(fd, "127.0.0.1", port));
    check("done", POLLOUT, poll_for(fd, POLLOUT));
    check("no error", 0, number_option(fd, SOL_SOCKET, SO_ERROR));
    check("connect tells", 0, inet_connect(fd, "127.0.0.1", port));
    check("and then", -EISCONN, inet_connect(fd, "127.0.0.1", port));
    check("disconnect", 0, connect(fd, &none, sizeof none));
    check("no peer", -ENOTCONN, inet_port(fd, 1));
    check("connect once more", -EINPROGRESS, inet_connect(fd, "127.0.0.1", port));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("0.0.0.0 is this machine", 0, inet_connect(fd, "0.0.0.0", port));
    check("which is called", INADDR_LOOPBACK, inet_address(fd, 1));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("a group", -ENETUNREACH, inet_connect(fd, "224.0.0.1", port));
    close_both((int[]){ fd, from });
}

/* ---- options ---- */

static void test_options(void)
{
    int fds[2], fd = socket(AF_INET, SOCK_STREAM, 0);
    struct tcp_info info;
    socklen_t length = sizeof info;
    check("type", SOCK_STREAM, number_option(fd, SOL_SOCKET, SO_TYPE));
    check("domain", AF_INET, number_option(fd, SOL_SOCKET, SO_DOMAIN));
    check("protocol", IPPROTO_TCP, number_option(fd, SOL_SOCKET, SO_PROTOCOL));
    check("TCP_NODELAY, off", 0, number_option(fd, IPPROTO_TCP, TCP_NODELAY));
    check("on", 0, set_number_option(fd, IPPROTO_TCP, TCP_NODELAY, 7));
    check("is on", 1, number_option(fd, IPPROTO_TCP, TCP_NODELAY));
    check("SO_KEEPALIVE", 0, set_number_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    check("is on", 1, number_option(fd, SOL_SOCKET, SO_KEEPALIVE));
    check("idle time", 7200, number_option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    check("set", 0, set_number_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30));
    check("is set", 30, number_option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    check("too long", -EINVAL, set_number_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 40000));
    check("interval", 75, number_option(fd, IPPROTO_TCP, TCP_KEEPINTVL));
    check("count", 9, number_option(fd, IPPROTO_TCP, TCP_KEEPCNT));
    check("count 0", -EINVAL, set_number_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 0));
    check("TCP_USER_TIMEOUT", 0, set_number_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000));
    check("is set", 5000, number_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
    check("SO_SNDBUF", 0, set_number_option(fd, SOL_SOCKET, SO_SNDBUF, 20000));
    check("is doubled", 40000, number_option(fd, SOL_SOCKET, SO_SNDBUF));
    check("SO_SNDBUF, too little", 0, set_number_option(fd, SOL_SOCKET, SO_SNDBUF, 1));
    check("is the least", 4608, number_option(fd, SOL_SOCKET, SO_SNDBUF));
    check("SO_RCVBUF", 0, set_number_option(fd, SOL_SOCKET, SO_RCVBUF, 30000));
    check("is doubled, too", 60000, number_option(fd, SOL_SOCKET, SO_RCVBUF));
    check("TTL", 64, number_option(fd, IPPROTO_IP, IP_TTL));
    check("TTL 0", -EINVAL, set_number_option(fd, IPPROTO_IP, IP_TTL, 0));
    check("TTL 9", 0, set_number_option(fd, IPPROTO_IP, IP_TTL, 9));
    check("is 9", 9, number_option(fd, IPPROTO_IP, IP_TTL));
    check("TOS", 0, set_number_option(fd, IPPROTO_IP, IP_TOS, 0x10));
    check("is set", 0x10, number_option(fd, IPPROTO_IP, IP_TOS));
    check("no such option", -ENOPROTOOPT, set_number_option(fd, SOL_SOCKET, 999, 1));
    check("of TCP", -ENOPROTOOPT, set_number_option(fd, IPPROTO_TCP, 999, 1));
    check("of IP", -ENOPROTOOPT, set_number_option(fd, IPPROTO_IP, 999, 1));
    check("no such level", -ENOPROTOOPT, set_number_option(fd, 77, 1, 1));
    check("too short", -EINVAL, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &fd, 2));
    check("no such device", -ENODEV, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nix0", 5));
    check("device", 0, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("TCP_INFO of nothing", 0, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    check("closed", TCP_CLOSE, info.tcpi_state);
    check("least segment", 536, info.tcpi_snd_mss);
    check("time until a repetition", 1, info.tcpi_rto > 0);
    close(fd);
    inet_pair(fds);
    length = sizeof info;
    check("TCP_INFO", 0, getsockopt(fds[0], IPPROTO_TCP, TCP_INFO, &info, &length));
    check("established", TCP_ESTABLISHED, info.tcpi_state);
    check("path's MTU", 65535, info.tcpi_pmtu);
    check("segments' size", 1, info.tcpi_snd_mss > 536 && info.tcpi_rcv_mss >= 536);
    check("time until a repetition", 1, info.tcpi_rto > 0);
    close_both(fds);
}

/* ---- IPv6 ---- */

static struct sockaddr_in6 inet6_of(const char *address, int port)
{
    struct sockaddr_in6 inet = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    inet_pton(AF_INET6, address, &inet.sin6_addr);
    return inet;
}

static int inet6_port(int fd)
{
    struct sockaddr_in6 inet;
    socklen_t length = sizeof inet;
    return getsockname(fd, (struct sockaddr *)&inet, &length) ? -errno : ntohs(inet.sin6_port);
}

static void test_version6(void)
{
    struct sockaddr_in6 any = inet6_of("::", 0), peer = inet6_of("::1", 0);
    socklen_t length = sizeof peer;
    int from = socket(AF_INET6, SOCK_STREAM, 0), fd, other, port;
    check("bind", 0, bind(from, (struct sockaddr *)&any, sizeof any));
    check("listen", 0, listen(from, 3));
    port = inet6_port(from);
    peer.sin6_port = htons(port);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    check("connect to ::1", 0, connect(fd, (struct sockaddr *)&peer, sizeof peer));
    check("write", 3, write(fd, "six", 3));
    other = accept(from, (struct sockaddr *)&peer, &length);
    check("from ::1", 1, IN6_IS_ADDR_LOOPBACK(&peer.sin6_addr));
    check("read", 3, read(other, buffer, 9));
    close_both((int[]){ fd, other });
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("IPv4 reaches it", 0, inet_connect(fd, "127.0.0.1", port));
    other = accept(from, (struct sockaddr *)&peer, &length);
    check("as a mapped address", 1, IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
    close_both((int[]){ fd, other });
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    peer = inet6_of("::ffff:127.0.0.1", port);
    check("to a mapped address", 0, connect(fd, (struct sockaddr *)&peer, sizeof peer));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("the port is taken for IPv4", -EADDRINUSE, inet_bind(fd, "127.0.0.1", port));
    close_both((int[]){ fd, from });
    from = socket(AF_INET6, SOCK_STREAM, 0);
    check("V6ONLY", 0, set_number_option(from, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    check("bind", 0, bind(from, (struct sockaddr *)&any, sizeof any));
    check("V6ONLY, late", -EINVAL, set_number_option(from, IPPROTO_IPV6, IPV6_V6ONLY, 0));
    check("listen", 0, listen(from, 1));
    port = inet6_port(from);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("IPv4 does not reach it", -ECONNREFUSED, inet_connect(fd, "127.0.0.1", port));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("and has the port", 0, inet_bind(fd, "127.0.0.1", port));
    close_both((int[]){ fd, from });
}

/* ---- many ---- */

static void test_many(void)
{
    int port, from = listener(50, &port), done = 0;
    for (; done < 3000; done++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (inet_connect(fd, "127.0.0.1", port) != 0)
            break;
        close(accept(from, NULL, NULL));
        close(fd);
    }
    check("one after the other", 3000, done);
    close(from);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    test_fresh();
    test_refused();
    test_listen();
    test_backlog();
    test_listener_closes();
    test_stream();
    test_half_close();
    test_reset();
    test_bulk();
    test_full();
    test_small_writes();
    test_ports();
    test_connect_states();
    test_options();
    test_version6();
    test_many();
    return failures != 0;
}
