/* probe-socket: what all kinds of socket have in common: how they are made, which errors come before
 * which, options, time-outs, and that a call which waits is told of everything.  socket(7). */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "check.h"
#include "sockets.h"

static char buffer[70000];

/* ---- making ---- */

static void as_user(void)
{
    if (setgid(1000) != 0 || setuid(1000) != 0)
        _exit(2);
    check("raw, as a user", -EPERM, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    check("packets, as a user", -EPERM, socket(AF_PACKET, SOCK_RAW, 0));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in low = { .sin_family = AF_INET, .sin_port = htons(80) };
    check("a low port, as a user", -EACCES, bind(fd, (struct sockaddr *)&low, sizeof low));
    check("SO_MARK, as a user", -EPERM, set_number_option(fd, SOL_SOCKET, SO_MARK, 1));
    check("SO_DEBUG, as a user", -EACCES, set_number_option(fd, SOL_SOCKET, SO_DEBUG, 1));
    check("SO_SNDBUFFORCE, as a user", -EPERM,
          set_number_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20));
}

static void test_making(void)
{
    int fds[2];
    check("no such family", -EAFNOSUPPORT, socket(99, SOCK_STREAM, 0));
    check("negative family", -EAFNOSUPPORT, socket(-1, SOCK_STREAM, 0));
    check("family of nothing", -EAFNOSUPPORT, socket(AF_UNSPEC, SOCK_STREAM, 0));
    check("no such type", -EINVAL, socket(AF_INET, 11, 0));
    check("type of nothing", -ESOCKTNOSUPPORT, socket(AF_INET, 0, 0));
    check("other flags", -EINVAL, socket(AF_INET, SOCK_STREAM | 0x100, 0));
    check("type of another family", -ESOCKTNOSUPPORT, socket(AF_INET, SOCK_SEQPACKET, 0));
    check("no such type here", -ESOCKTNOSUPPORT, socket(AF_UNIX, SOCK_RDM, 0));
    check("protocol of another type", -EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    check("no such protocol", -EPROTONOSUPPORT, socket(AF_INET, SOCK_DGRAM, 77));
    check("protocol out of range", -EINVAL, socket(AF_INET, SOCK_DGRAM, 1000));
    check("protocol of another family", -EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, 6));
    check("pair of another family", -EOPNOTSUPP, socketpair(AF_INET, SOCK_STREAM, 0, fds));
    check("pair, bad address", -EFAULT, syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8));
    check("pair, bad flags", -EINVAL, socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, fds));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check("close-on-exec", FD_CLOEXEC, fcntl(fd, F_GETFD));
    check("nonblocking", O_RDWR | O_NONBLOCK, fcntl(fd, F_GETFL));
    close(fd);
    fd = socket(AF_UNIX, SOCK_RAW, 0);
    check("BSD's name of datagrams", SOCK_DGRAM, number_option(fd, SOL_SOCKET, SO_TYPE));
    close(fd);
    if (geteuid() == 0)
        check("as a user", 0, in_child(as_user));
}

/* ---- errors ---- */

/* All calls with a descriptor that is none, or of something else. */
static void test_descriptor(const char *what, int fd, int error)
{
    struct sockaddr_un address;
    struct msghdr header = { 0 };
    struct mmsghdr headers = { { 0 } };
    socklen_t length = sizeof address;
    int before = failures, value = 0;
    address_of("@x", &address);
    struct sockaddr *name = (struct sockaddr *)&address;
    long answers[] = {
        result(bind(fd, name, length)),
        result(listen(fd, 1)),
        result(accept(fd, NULL, NULL)),
        result(connect(fd, name, length)),
        result(getsockname(fd, name, &length)),
        result(getpeername(fd, name, &length)),
        result(shutdown(fd, 2)),
        result(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length)),
        result(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value)),
        result(send(fd, "x", 1, 0)),
        result(recv(fd, buffer, 1, 0)),
        result(sendmsg(fd, &header, 0)),
        result(recvmsg(fd, &header, 0)),
        result(sendmmsg(fd, &headers, 1, 0)),
        result(recvmmsg(fd, &headers, 1, 0, NULL)),
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i] != error) {
            printf("FAIL %s, call %zu: expected %d, got %ld\n", what, i, error, answers[i]);
            failures++;
        }
    if (failures == before)
        printf("ok %s\n", what);
}

static void test_order(void)
{
    int fds[2], number = 1;
    socklen_t length = 4;
    struct msghdr header = { 0 };
    test_descriptor("bad descriptor", 999, -EBADF);
    test_descriptor("descriptor of a file", open(".", O_RDONLY), -ENOTSOCK);
    test_descriptor("descriptor of a path", open(".", O_PATH), -EBADF);
    close(open(".", O_RDONLY) - 1);
    close(open(".", O_RDONLY) - 1);
    pair_of(SOCK_STREAM, fds);
    check("negative length of an option", -EINVAL, setsockopt(fds[0], 1, SO_TYPE, &number, -1));
    check("option that cannot be set", -ENOPROTOOPT, setsockopt(fds[0], 1, SO_TYPE, &number, 4));
    check("short option", -EINVAL, setsockopt(fds[0], 1, SO_KEEPALIVE, &number, 3));
    check("no such option", -ENOPROTOOPT, setsockopt(fds[0], 1, 999, &number, 4));
    check("no such option to get", -ENOPROTOOPT, getsockopt(fds[0], 1, 999, &number, &length));
    check("no such level", -EOPNOTSUPP, setsockopt(fds[0], 6, 1, &number, 4));
    check("bad length", -EFAULT, getsockopt(fds[0], 1, SO_TYPE, &number, (void *)8));
    length = 2;
    number = -1;
    check("short place", 0, getsockopt(fds[0], 1, SO_TYPE, &number, &length));
    check("half of it", (int)0xffff0001, number);
    check("its length", 2, length);
    length = 100;
    getsockopt(fds[0], 1, SO_TYPE, &number, &length);
    check("its whole length", 4, length);
    check("bad flag of sendmsg", -EINVAL, syscall(SYS_sendmsg, fds[0], &header, 0x80000000u));
    check("bad header", -EFAULT, syscall(SYS_sendmsg, fds[0], 8, 0));
    check("accept, bad length", -EINVAL, accept(fds[0], (struct sockaddr *)buffer, (void *)8));
    check("shutdown, negative", -EINVAL, shutdown(fds[0], -1));
    close_both(fds);
}

/* ---- options ---- */

static void test_options(int family, int type, const char *name)
{
    struct linger linger = { 1, 7 };
    struct timeval time = { 3, 500000 };
    socklen_t length = sizeof linger;
    int fd = socket(family, type, 0);
    printf("ok options of %s:\n", name);
    check("SO_TYPE", type, number_option(fd, SOL_SOCKET, SO_TYPE));
    check("SO_DOMAIN", family, number_option(fd, SOL_SOCKET, SO_DOMAIN));
    int protocol = family == AF_UNIX ? 0 : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    check("SO_PROTOCOL", protocol, number_option(fd, SOL_SOCKET, SO_PROTOCOL));
    check("SO_ACCEPTCONN", 0, number_option(fd, SOL_SOCKET, SO_ACCEPTCONN));
    check("SO_ERROR", 0, number_option(fd, SOL_SOCKET, SO_ERROR));
    static const int switches[] = { SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE,
                                    SO_DONTROUTE, SO_REUSEPORT, SO_PASSCRED,  SO_TIMESTAMP };
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        if (switches[i] == (family == AF_UNIX ? SO_REUSEPORT : SO_PASSCRED))
            continue; /* newer Linux knows better than older */
        check("off", 0, number_option(fd, SOL_SOCKET, switches[i]));
        check("set", 0, set_number_option(fd, SOL_SOCKET, switches[i], 5));
        check("on", 1, number_option(fd, SOL_SOCKET, switches[i]));
        set_number_option(fd, SOL_SOCKET, switches[i], 0);
        check("off again", 0, number_option(fd, SOL_SOCKET, switches[i]));
    }
    check("SO_LINGER", 0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    memset(&linger, 0, sizeof linger);
    check("get it", 0, getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length));
    check("as it was set", 17, linger.l_onoff * 10 + linger.l_linger);
    check("SO_RCVTIMEO", 0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    length = sizeof time;
    memset(&time, 0, sizeof time);
    check("get it", 0, getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &length));
    check("as it was set", 3500000, time.tv_sec * 1000000 + time.tv_usec);
    check("SO_RCVLOWAT", 1, number_option(fd, SOL_SOCKET, SO_RCVLOWAT));
    check("SO_SNDLOWAT", 1, number_option(fd, SOL_SOCKET, SO_SNDLOWAT));
    check("SO_SNDLOWAT cannot be set", -ENOPROTOOPT,
          set_number_option(fd, SOL_SOCKET, SO_SNDLOWAT, 2));
    check("SO_SNDBUF", 0, set_number_option(fd, SOL_SOCKET, SO_SNDBUF, 10000));
    check("twice that", 20000, number_option(fd, SOL_SOCKET, SO_SNDBUF));
    check("SO_RCVBUF", 0, set_number_option(fd, SOL_SOCKET, SO_RCVBUF, 10000));
    check("twice that", 20000, number_option(fd, SOL_SOCKET, SO_RCVBUF));
    check("SO_PRIORITY", 0, set_number_option(fd, SOL_SOCKET, SO_PRIORITY, 3));
    check("get it", 3, number_option(fd, SOL_SOCKET, SO_PRIORITY));
    close(fd);
}

/* ---- waiting, by network ---- */

static int listener_at(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    bind(fd, (struct sockaddr *)address, length);
    listen(fd, 5);
    getsockname(fd, (struct sockaddr *)address, &length);
    return fd;
}

static void network_pair(int fds[2])
{
    struct sockaddr_in address;
    int listener = listener_at(&address);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fds[0], (struct sockaddr *)&address, sizeof address) != 0)
        perror("connect");
    fds[1] = accept(listener, NULL, NULL);
    close(listener);
}

static void test_network_stream(void)
{
    int fds[2];
    network_pair(fds);
    check("poll, new", POLLOUT, poll_now(fds[0]));
    check("nothing", -EAGAIN, recv(fds[0], buffer, 1, MSG_DONTWAIT));
    check("time-out", 0, set_timeout(fds[0], SO_RCVTIMEO, 30));
    check("passes", -EAGAIN, recv(fds[0], buffer, 1, 0));
    set_timeout(fds[0], SO_RCVTIMEO, 2000);
    check("write", 6, write(fds[1], "abcdef", 6));
    check("look", 6, recv(fds[0], buffer, 10, MSG_PEEK));
    check("wait for all", 6, recv(fds[0], buffer, 6, MSG_WAITALL));
    check("bad address, nothing there", -EAGAIN, recv(fds[1], (void *)8, 1, MSG_DONTWAIT));
    write(fds[1], "x", 1);
    struct pollfd one = { .fd = fds[0], .events = POLLIN };
    check("poll", 1, poll(&one, 1, 2000));
    check("FIONREAD", 1, waiting_bytes(fds[0]));
    check("bad address", -EFAULT, recv(fds[0], (void *)8, 1, MSG_DONTWAIT));
    check("still there", 1, recv(fds[0], buffer, 1, MSG_DONTWAIT));
    check("connected", -EISCONN,
          connect(fds[0],
                  (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET, .sin_port = 1 },
                  16));
    check("listen, connected", -EINVAL, listen(fds[0], 1));
    check("no SCM_RIGHTS, but no error", 1, send_files(fds[1], "x", 1, fds, 1));
    check("it came alone", 1, recv(fds[0], buffer, 10, 0));
    shutdown(fds[1], SHUT_WR);
    one.events = POLLRDHUP;
    check("half closed", 1, poll(&one, 1, 2000));
    check("poll, half closed", POLLIN | POLLOUT | POLLRDHUP, poll_now(fds[0]));
    check("the end", 0, recv(fds[0], buffer, 1, 0));
    check("broken", -EPIPE, send(fds[1], "x", 1, MSG_NOSIGNAL));
    close_both(fds);
}

static void test_network_errors(void)
{
    struct sockaddr_in address;
    int listener = listener_at(&address), value;
    socklen_t length = sizeof value;
    close(listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    check("not connected", -ENOTCONN, recv(fd, buffer, 1, MSG_DONTWAIT));
    check("nor to send", -EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
    check("poll, alone", POLLOUT | POLLHUP, poll_now(fd));
    check("refused", -ECONNREFUSED, connect(fd, (struct sockaddr *)&address, sizeof address));
    check("no error left", 0, number_option(fd, SOL_SOCKET, SO_ERROR));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    check("begun", -EINPROGRESS, connect(fd, (struct sockaddr *)&address, sizeof address));
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    check("told", 1, poll(&one, 1, 2000));
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length);
    check("refused", ECONNREFUSED, value);
    check("once", 0, number_option(fd, SOL_SOCKET, SO_ERROR));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check("another family", -EAFNOSUPPORT,
          connect(fd, (struct sockaddr *)&(struct sockaddr){ .sa_family = AF_UNIX }, 16));
    check("too short", -EINVAL, connect(fd, (struct sockaddr *)&address, 5));
    check("accept alone", -EINVAL, accept(fd, NULL, NULL));
    check("peer alone", -ENOTCONN, getpeername(fd, (struct sockaddr *)buffer, &(socklen_t){ 100 }));
    check("shutdown alone", -ENOTCONN, shutdown(fd, SHUT_RDWR));
    close(fd);
}

static void test_network_datagrams(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    struct parcel parcel;
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
    bind(a, (struct sockaddr *)&address, length);
    getsockname(a, (struct sockaddr *)&address, &length);
    set_timeout(a, SO_RCVTIMEO, 2000);
    check("no destination", -EDESTADDRREQ, send(b, "x", 1, 0));
    check("an empty one", 0, sendto(b, "", 0, 0, (struct sockaddr *)&address, length));
    check("came", 0, recv(a, buffer, 10, 0));
    check("connect", 0, connect(b, (struct sockaddr *)&address, length));
    check("write nothing", 0, write(b, "", 0));
    check("came, too", 0, recv(a, buffer, 10, 0));
    check("a large one", 60000, write(b, buffer, 60000));
    check("its length", 60000, recv(a, buffer, 10, MSG_TRUNC));
    check("too large", -EMSGSIZE, write(b, buffer, 65508));
    check("IP_PKTINFO", 0, setsockopt(a, SOL_IP, IP_PKTINFO, &one, sizeof one));
    write(b, "abc", 3);
    parcel_init(&parcel, buffer, 10, 200);
    check("receive", 3, recvmsg(a, &parcel.header, 0));
    struct cmsghdr *header = parcel_find(&parcel, SOL_IP, IP_PKTINFO);
    struct in_pktinfo info = { 0 };
    if (header)
        memcpy(&info, CMSG_DATA(header), sizeof info);
    check("by which interface", 1, info.ipi_ifindex);
    check("to which address", INADDR_LOOPBACK, ntohl(info.ipi_addr.s_addr));
    check("no signal", -EPIPE, (shutdown(b, SHUT_WR), send(b, "x", 1, 0)));
    close(a);
    close(b);
}

/* Milliseconds that close(2) takes of a socket whose peer reads nothing, with SO_LINGER. */
static long closing_time(int on, int seconds)
{
    struct timespec before, after;
    struct linger linger = { on, seconds };
    int fds[2];
    network_pair(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    while (send(fds[0], buffer, sizeof buffer, MSG_DONTWAIT) > 0)
        continue;
    sleep_ms(100);
    while (send(fds[0], buffer, sizeof buffer, MSG_DONTWAIT) > 0)
        continue;
    clock_gettime(CLOCK_MONOTONIC, &before);
    close(fds[0]);
    clock_gettime(CLOCK_MONOTONIC, &after);
    close(fds[1]);
    return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

static void test_linger(void)
{
    long time = closing_time(1, 1);
    check_value("closing waits", 1, time > 900 && time < 3000);
    time = closing_time(0, 0);
    check_value("closing does not wait", 1, time < 500);
    time = closing_time(1, 0);
    check_value("or aborts", 1, time < 500);
}

/* ---- threads ---- */

static int shared;

static void *read_shared(void *unused)
{
    (void)unused;
    return (void *)result(read(shared, buffer, 10));
}

static void *accept_shared(void *unused)
{
    (void)unused;
    return (void *)result(accept(shared, NULL, NULL));
}

/* What a thread that waits for `fd` gets when the socket is shut down under its hands. */
static long shut_down_under(int fd, void *(*wait)(void *))
{
    pthread_t thread;
    void *answer = NULL;
    shared = fd;
    pthread_create(&thread, NULL, wait, NULL);
    sleep_ms(20);
    shutdown(fd, SHUT_RDWR);
    pthread_join(thread, &answer);
    return (long)answer;
}

static void test_threads(void)
{
    struct sockaddr_in address;
    int fds[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pair_of(SOCK_STREAM, fds);
    check_value("read ends", 0, shut_down_under(fds[0], read_shared));
    close_both(fds);
    pair_of(SOCK_DGRAM, fds);
    check_value("read of a datagram ends", 0, shut_down_under(fds[0], read_shared));
    close_both(fds);
    bind_to(listener, "@threads");
    listen(listener, 1);
    check_value("accept ends", -EINVAL, shut_down_under(listener, accept_shared));
    close(listener);
    listener = listener_at(&address);
    check_value("accept by network ends", -EINVAL, shut_down_under(listener, accept_shared));
    close(listener);
    network_pair(fds);
    check_value("read by network ends", 0, shut_down_under(fds[0], read_shared));
    close_both(fds);
}

int main(void)
{
    enter_scratch("probe-socket.d");
    signal(SIGPIPE, SIG_IGN);
    test_making();
    test_order();
    test_options(AF_UNIX, SOCK_STREAM, "local streams");
    test_options(AF_UNIX, SOCK_DGRAM, "local datagrams");
    test_options(AF_INET, SOCK_STREAM, "TCP");
    test_options(AF_INET, SOCK_DGRAM, "UDP");
    test_network_stream();
    test_network_errors();
    test_network_datagrams();
    test_linger();
    test_threads();
    return finish("probe-socket.d");
}
