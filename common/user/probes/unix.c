/* probe-unix: sockets of AF_UNIX: streams, datagrams, connections, names.  unix(7). */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "check.h"
#include "sockets.h"

static char buffer[300000];

/* ---- pairs of streams ---- */

static void test_stream(void)
{
    int fds[2], none = -1;
    struct stat status;
    pair_of(SOCK_STREAM, fds);
    check("a socket is one", S_IFSOCK | 0777,
          fstat(fds[0], &status) == 0 ? (long)status.st_mode : -1);
    check("cannot be sought in", -ESPIPE, lseek(fds[0], 0, SEEK_SET));
    check("or read at a place", -ESPIPE, pread(fds[0], buffer, 1, 0));
    check("poll, empty", POLLOUT, poll_now(fds[0]));
    check("nothing yet", -EAGAIN, recv(fds[0], buffer, 10, MSG_DONTWAIT));
    check("write", 5, write(fds[0], "hello", 5));
    check("poll, something", POLLIN | POLLOUT, poll_now(fds[1]));
    check("FIONREAD", 5, waiting_bytes(fds[1]));
    check("send", 3, send(fds[0], "abc", 3, 0));
    check("look", 8, recv(fds[1], buffer, 100, MSG_PEEK));
    check("at part of it", 2, recv(fds[1], buffer, 2, MSG_PEEK));
    check("read part", 2, read(fds[1], buffer, 2));
    check("the rest", 6, read(fds[1], buffer, 100));
    check("in order", 0, memcmp(buffer, "lloabc", 6));
    check("write nothing", 0, write(fds[0], "", 0));
    check("read nothing", 0, read(fds[0], buffer, 0));
    check("receive nothing", -EAGAIN, recv(fds[0], buffer, 0, MSG_DONTWAIT));
    check("to an address", -EISCONN, send_to(fds[0], "@x", "a", 1));
    check("name of a pair", 2,
          getsockname(fds[0], (struct sockaddr *)buffer, &(socklen_t){ 100 }) ?: 2);
    check("connect again", -EISCONN,
          connect_to(fds[0], "@nobody") == -1 && errno == ECONNREFUSED ? (errno = EISCONN, -1) : 0);
    check("bad address", -EFAULT, write(fds[0], (void *)8, 4));
    check("bad address, nothing there", -EAGAIN, recv(fds[1], (void *)8, 4, MSG_DONTWAIT));
    write(fds[0], "z", 1);
    check("bad address, something there", -EFAULT, recv(fds[1], (void *)8, 4, MSG_DONTWAIT));
    check("which stays", 1, recv(fds[1], buffer, 4, MSG_DONTWAIT));
    close(fds[0]);
    check("poll after close", POLLIN | POLLOUT | POLLRDHUP | POLLHUP, poll_now(fds[1]));
    check("end", 0, read(fds[1], buffer, 10));
    check("no receiver", -EPIPE, send(fds[1], "a", 1, MSG_NOSIGNAL));
    close(fds[1]);
    check("bad descriptor", -EBADF, send(none, "a", 1, 0));
}

static void test_vectors(void)
{
    int fds[2];
    char a[3], b[5];
    struct iovec out[2] = { { "abc", 3 }, { "defgh", 5 } }, in[2] = { { a, 3 }, { b, 5 } };
    pair_of(SOCK_STREAM, fds);
    check("writev", 8, writev(fds[0], out, 2));
    check("readv", 8, readv(fds[1], in, 2));
    check("what came", 0, memcmp(a, "abc", 3) | memcmp(b, "defgh", 5));
    check("too many segments", -EINVAL, writev(fds[0], out, 2000));
    close_both(fds);
}

/* A child that writes `count` bytes in small pieces. */
static pid_t writer(int fd, int count)
{
    fflush(stdout);
    pid_t child = fork();
    if (child != 0)
        return child;
    for (int i = 0; i < count; i++) {
        sleep_ms(2);
        if (write(fd, "x", 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static void test_waiting(void)
{
    int fds[2], status;
    pair_of(SOCK_STREAM, fds);
    pid_t child = writer(fds[0], 10);
    check("wait for one", 1, recv(fds[1], buffer, 1, 0));
    check("wait for all", 5, recv(fds[1], buffer, 5, MSG_WAITALL));
    check("SO_RCVLOWAT", 0, set_number_option(fds[1], SOL_SOCKET, SO_RCVLOWAT, 4));
    check("wait for so many", 4, recv(fds[1], buffer, 100, 0));
    waitpid(child, &status, 0);
    check("SO_RCVTIMEO", 0, set_timeout(fds[1], SO_RCVTIMEO, 20));
    check("it passes", -EAGAIN, read(fds[1], buffer, 1));
    check("negative microseconds", -EDOM,
          setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, -1 },
                     sizeof(struct timeval)));
    child = writer(fds[0], 2);
    check("less when the time is over", 2, recv(fds[1], buffer, 4, MSG_WAITALL));
    waitpid(child, &status, 0);
    close_both(fds);
}

static void test_full(void)
{
    int fds[2];
    long sent = 0, got, received = 0;
    pair_of(SOCK_STREAM, fds);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    while ((got = write(fds[0], buffer, 10000)) > 0)
        sent += got;
    check("full", EAGAIN, errno);
    check("it held something", 1, sent > 60000 && sent < 1000000);
    check("poll, full", 0, poll_now(fds[0]));
    check("SIOCOUTQ", 1, ioctl(fds[0], TIOCOUTQ, &(int){ 0 }) == 0);
    set_timeout(fds[0], SO_SNDTIMEO, 20);
    fcntl(fds[0], F_SETFL, 0);
    check("SO_SNDTIMEO passes", -EAGAIN, write(fds[0], buffer, 10));
    while ((got = recv(fds[1], buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
        received += got;
    check("all of it came", sent, received);
    check("poll, empty again", POLLOUT, poll_now(fds[0]));
    set_timeout(fds[0], SO_SNDTIMEO, 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        for (received = 0; (got = read(fds[1], buffer, 7777)) > 0;)
            received += got;
        _exit(received == 1000000 ? 0 : 1);
    }
    close(fds[1]);
    for (sent = 0; sent < 1000000; sent += got)
        if ((got = write(fds[0], buffer, sent + 250000 > 1000000 ? 1000000 - sent : 250000)) <= 0)
            break;
    check("a million bytes", 1000000, sent);
    close(fds[0]);
    int status;
    waitpid(child, &status, 0);
    check("all came", 0, status);
}

static void test_shutdown(void)
{
    int fds[2];
    pair_of(SOCK_STREAM, fds);
    check("shutdown, bad way", -EINVAL, shutdown(fds[0], 3));
    write(fds[0], "abc", 3);
    check("no more from here", 0, shutdown(fds[0], SHUT_WR));
    check("poll there", POLLIN | POLLOUT | POLLRDHUP, poll_now(fds[1]));
    check("poll here", POLLOUT, poll_now(fds[0]));
    check("what was sent", 3, read(fds[1], buffer, 10));
    check("then the end", 0, read(fds[1], buffer, 10));
    check("and no more", -EPIPE, send(fds[0], "a", 1, MSG_NOSIGNAL));
    check("the other way goes on", 2, write(fds[1], "ok", 2));
    check("it does", 2, read(fds[0], buffer, 10));
    check("no more to there", 0, shutdown(fds[0], SHUT_RD));
    check("poll, both", POLLIN | POLLOUT | POLLRDHUP | POLLHUP, poll_now(fds[0]));
    check("nobody listens", -EPIPE, send(fds[1], "a", 1, MSG_NOSIGNAL));
    close_both(fds);
    pair_of(SOCK_STREAM, fds);
    write(fds[1], "unread", 6);
    write(fds[0], "abc", 3);
    close(fds[0]);
    check("poll after loss", POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR, poll_now(fds[1]));
    check("data before the error", 3, read(fds[1], buffer, 10));
    check("something was lost", -ECONNRESET, read(fds[1], buffer, 10));
    check("told once", 0, read(fds[1], buffer, 10));
    close(fds[1]);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void test_signals(void)
{
    struct sigaction action = { .sa_handler = count_signal };
    int fds[2];
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    pair_of(SOCK_STREAM, fds);
    ualarm(20000, 0);
    check("a signal ends it", -EINTR, read(fds[0], buffer, 1));
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    set_timeout(fds[0], SO_RCVTIMEO, 1000);
    ualarm(20000, 0);
    check("with a time-out even so", -EINTR, read(fds[0], buffer, 1));
    set_timeout(fds[0], SO_RCVTIMEO, 0);
    pid_t child = writer(fds[1], 30);
    signals = 0;
    ualarm(20000, 0);
    check("else it goes on", 30, recv(fds[0], buffer, 30, MSG_WAITALL) > 0 ? 30 : -1);
    waitpid(child, NULL, 0);
    recv(fds[0], buffer, 30, MSG_DONTWAIT);
    signals = 0;
    close(fds[1]);
    check("broken", -EPIPE, write(fds[0], "a", 1));
    check("with a signal", 1, signals);
    check("and without", -EPIPE, send(fds[0], "a", 1, MSG_NOSIGNAL));
    check("none came", 1, signals);
    close(fds[0]);
    signals = 0;
    pair_of(SOCK_DGRAM, fds);
    shutdown(fds[0], SHUT_WR);
    check("a datagram", -EPIPE, write(fds[0], "a", 1));
    check("has no signal", 0, signals);
    close_both(fds);
}

/* ---- datagrams ---- */

static void test_datagram(void)
{
    int fds[2];
    struct parcel parcel;
    pair_of(SOCK_DGRAM, fds);
    check("send", 5, send(fds[0], "hello", 5, 0));
    check("send another", 3, send(fds[0], "abc", 3, 0));
    check("send an empty one", 0, write(fds[0], "", 0));
    check("FIONREAD", 5, waiting_bytes(fds[1]));
    check("look", 5, recv(fds[1], buffer, 100, MSG_PEEK));
    check("look, short", 2, recv(fds[1], buffer, 2, MSG_PEEK));
    check("look, whole length", 5, recv(fds[1], buffer, 2, MSG_PEEK | MSG_TRUNC));
    parcel_init(&parcel, buffer, 2, 0);
    check("short", 2, recvmsg(fds[1], &parcel.header, 0));
    check("it says so", MSG_TRUNC, parcel.header.msg_flags);
    parcel_init(&parcel, buffer, 100, 0);
    check("next", 3, recvmsg(fds[1], &parcel.header, 0));
    check("whole", 0, parcel.header.msg_flags);
    check("empty", 0, recv(fds[1], buffer, 100, MSG_DONTWAIT));
    check("no more", -EAGAIN, recv(fds[1], buffer, 100, MSG_DONTWAIT));
    check("large", 100000, send(fds[0], buffer, 100000, 0));
    check("too large", -EMSGSIZE, send(fds[0], buffer, sizeof buffer, 0));
    memset(buffer, 1, sizeof buffer);
    check("large came", 100000, recv(fds[1], buffer, sizeof buffer, 0));
    check("all of it", 0, buffer[99999] | (buffer[100000] - 1));
    memset(buffer, 0, sizeof buffer);
    send(fds[0], "abc", 3, 0);
    check("bad address", -EFAULT, recv(fds[1], (void *)8, 3, MSG_PEEK));
    recv(fds[1], buffer, 3, MSG_DONTWAIT);
    int count = 0;
    while (send(fds[0], "x", 1, MSG_DONTWAIT) == 1)
        count++;
    check("held up by memory alone", 1, count > 20);
    check("poll, full", 0, poll_now(fds[0]));
    while (recv(fds[1], buffer, 1, MSG_DONTWAIT) == 1)
        count--;
    check("all came", 0, count);
    close(fds[1]);
    check("poll, peer gone", POLLOUT, poll_now(fds[0]));
    check("send to nobody", -ECONNREFUSED, send(fds[0], "x", 1, MSG_DONTWAIT));
    check("and again", -ENOTCONN, send(fds[0], "x", 1, MSG_DONTWAIT));
    check("receive from nobody", -EAGAIN, recv(fds[0], buffer, 1, MSG_DONTWAIT));
    close(fds[0]);
}

static void test_named_datagrams(void)
{
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    int c = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    check("send without peer", -ENOTCONN, send(a, "x", 1, 0));
    check("bind", 0, bind_to(a, "a"));
    check("send by name", 2, send_to(b, "a", "hi", 2));
    check("received", 2, recvfrom(a, buffer, 10, 0, (struct sockaddr *)&from, &length));
    check("from nobody", 0, length);
    check("bind the other", 0, bind_to(b, "b"));
    check("send by name again", 2, send_to(b, "a", "hi", 2));
    length = sizeof from;
    check("received again", 2, recvfrom(a, buffer, 10, 0, (struct sockaddr *)&from, &length));
    check("from whom", 0, strcmp(from.sun_path, "b"));
    check("as long as that", 4, length);
    check("no such name", -ENOENT, send_to(b, "c", "hi", 2));
    check("of another type", -EPROTOTYPE, ({
              int s = socket(AF_UNIX, SOCK_STREAM, 0);
              bind_to(s, "s");
              long r = send_to(b, "s", "hi", 2);
              int e = errno;
              close(s);
              unlink("s");
              errno = e;
              r;
          }));
    check("connect", 0, connect_to(a, "b"));
    check("one way", 2, write(a, "to", 2));
    check("it came", 2, read(b, buffer, 10));
    check("not from others", -EPERM, send_to(c, "a", "x", 1));
    check("nor connect to it", -EPERM, connect_to(c, "a"));
    check("to b it is allowed", 1, send_to(c, "b", "x", 1));
    check("b can answer", 1, send_to(b, "a", "x", 1));
    read(b, buffer, 10);
    read(a, buffer, 10);
    check("connect to nobody", 0,
          connect(a, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
    check("no peer", -ENOTCONN, write(a, "x", 1));
    int count = 0;
    while (send_to(c, "a", "x", 1) == 1)
        count++;
    check("a queue's length", 11, count);
    check("and then", EAGAIN, errno);
    connect_to(c, "a");
    check("poll, peer's queue full", 0, poll_now(c));
    read(a, buffer, 1);
    check("poll, room", POLLOUT, poll_now(c));
    close(a);
    check("dead peer", -ECONNREFUSED, write(c, "x", 1));
    check("dead name", -ECONNREFUSED, send_to(b, "a", "x", 1));
    check("its node stays", 0, unlink("a"));
    unlink("b");
    close(b);
    close(c);
}

static void test_seqpacket(void)
{
    int fds[2];
    struct parcel parcel;
    pair_of(SOCK_SEQPACKET, fds);
    check("send", 3, send(fds[0], "abc", 3, MSG_EOR));
    check("send more", 2, send(fds[0], "de", 2, 0));
    parcel_init(&parcel, buffer, 10, 0);
    check("one message", 3, recvmsg(fds[1], &parcel.header, 0));
    check("MSG_EOR is not told", 0, parcel.header.msg_flags);
    parcel_init(&parcel, buffer, 1, 0);
    check("part of the other", 1, recvmsg(fds[1], &parcel.header, 0));
    check("the rest is lost", MSG_TRUNC, parcel.header.msg_flags);
    check("nothing more", -EAGAIN, recv(fds[1], buffer, 1, MSG_DONTWAIT));
    check("an address does not matter", 1, send_to(fds[0], "@nobody", "x", 1));
    close(fds[0]);
    check("poll after close", POLLIN | POLLOUT | POLLRDHUP | POLLHUP, poll_now(fds[1]));
    check("last message", 1, recv(fds[1], buffer, 10, MSG_DONTWAIT));
    check("end", 0, recv(fds[1], buffer, 10, MSG_DONTWAIT));
    check("no receiver", -EPIPE, send(fds[1], "x", 1, 0));
    close(fds[1]);
    int alone = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    check("not connected", -ENOTCONN, send(alone, "x", 1, 0));
    check("cannot receive", -ENOTCONN, recv(alone, buffer, 1, 0));
    check("poll, alone", POLLOUT | POLLHUP, poll_now(alone));
    close(alone);
}

/* ---- connections ---- */

static void test_connections(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    struct stat status;
    check("poll, alone", POLLOUT | POLLHUP, poll_now(client));
    check("send, alone", -ENOTCONN, send(client, "x", 1, MSG_NOSIGNAL));
    check("send to an address", -EOPNOTSUPP, send_to(client, "@x", "x", 1));
    check("receive, alone", -EINVAL, recv(client, buffer, 1, MSG_DONTWAIT));
    check("peer, alone", -ENOTCONN, getpeername(client, (struct sockaddr *)&name, &length));
    check("shutdown, alone", 0, shutdown(socket(AF_UNIX, SOCK_STREAM, 0), SHUT_RDWR));
    check("listen without a name", -EINVAL, listen(listener, 1));
    check("accept without listening", -EINVAL, accept(listener, NULL, NULL));
    check("bind", 0, bind_to(listener, "server"));
    check("bind again", -EINVAL, bind_to(listener, "server2"));
    check("no node of that", -ENOENT, stat("server2", &status));
    check("a node", S_IFSOCK | 0755, stat("server", &status) == 0 ? (long)status.st_mode : -1);
    check("name is taken", -EADDRINUSE, bind_to(client, "server"));
    check("nobody listens", -ECONNREFUSED, connect_to(client, "server"));
    check("listen", 0, listen(listener, 1));
    check("SO_ACCEPTCONN", 1, number_option(listener, SOL_SOCKET, SO_ACCEPTCONN));
    check("poll, listening", 0, poll_now(listener));
    fcntl(listener, F_SETFL, O_NONBLOCK);
    check("nobody yet", -EAGAIN, accept(listener, NULL, NULL));
    check("connect", 0, connect_to(client, "server"));
    check("poll, somebody", POLLIN, poll_now(listener));
    check("connect twice", -EISCONN, connect_to(client, "server"));
    check("send early", 5, write(client, "early", 5));
    int more[4], made = 0;
    for (int i = 0; i < 4; i++) {
        more[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        made += connect_to(more[i], "server") == 0;
    }
    check("backlog", 1, made);
    check("and then", EAGAIN, errno);
    length = sizeof name;
    int server = accept4(listener, (struct sockaddr *)&name, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    check("accept", 1, server >= 0);
    check("peer has no name", 2, length);
    check("close-on-exec", FD_CLOEXEC, fcntl(server, F_GETFD));
    check("nonblocking", O_RDWR | O_NONBLOCK, fcntl(server, F_GETFL));
    check("what came early", 5, read(server, buffer, 10));
    length = sizeof name;
    check("peer's name", 0, getpeername(client, (struct sockaddr *)&name, &length));
    check("is this", 0, strcmp(name.sun_path, "server"));
    length = sizeof name;
    check("own name", 0, getsockname(server, (struct sockaddr *)&name, &length));
    check("is the same", 0, strcmp(name.sun_path, "server"));
    check("write back", 4, write(server, "back", 4));
    check("read back", 4, read(client, buffer, 10));
    check("read a listener", -EINVAL, read(listener, buffer, 1));
    check("write to a listener", -ENOTCONN, write(listener, buffer, 1));
    check("FIONREAD of a listener", -EINVAL, waiting_bytes(listener));
    close(listener);
    check("never accepted", -ECONNRESET, read(more[0], buffer, 1));
    check("nobody listens any more", -ECONNREFUSED, connect_to(more[1], "server"));
    for (int i = 0; i < 4; i++)
        close(more[i]);
    close(client);
    check("the end", 0, read(server, buffer, 1));
    close(server);
    check("accept, bad flags", -EINVAL, accept4(socket(AF_UNIX, SOCK_STREAM, 0), NULL, NULL, 1));
    unlink("server");
    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    check("connect to less than a family", -EINVAL, connect(datagram, &(struct sockaddr){ 0 }, 1));
    check("listen for datagrams", -EOPNOTSUPP, listen(datagram, 1));
    check("accept datagrams", -EOPNOTSUPP, accept(datagram, NULL, NULL));
    close(datagram);
}

/* How many sockets of this name /proc/net/unix shows. */
static int shown(const char *name)
{
    char line[300];
    int count = 0;
    FILE *file = fopen("/proc/net/unix", "r");
    while (file && fgets(line, sizeof line, file))
        count += strstr(line, name) != NULL;
    if (file)
        fclose(file);
    return count;
}

/* Who was accepted is called like the listener, and longer than it. */
static void test_shared_names(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    bind_to(listener, "@shared-name");
    listen(listener, 1);
    connect_to(client, "@shared-name");
    int server = accept(listener, NULL, NULL);
    check("two of a name", 2, shown("@shared-name"));
    close(listener);
    check("one is left", 1, shown("@shared-name"));
    check("which nobody finds", -ECONNREFUSED, ({
              int other = socket(AF_UNIX, SOCK_STREAM, 0);
              long r = connect_to(other, "@shared-name");
              int e = errno;
              close(other);
              errno = e;
              r;
          }));
    int again = socket(AF_UNIX, SOCK_STREAM, 0);
    check("the name is free", 0, bind_to(again, "@shared-name"));
    close(server);
    check("and the other's still", 1, shown("@shared-name"));
    close(again);
    check("none is left", 0, shown("@shared-name"));
    close(client);
}

static void test_waiting_connections(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), status, got = 0;
    bind_to(listener, "@waiting");
    listen(listener, 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 5; i++) {
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect_to(fd, "@waiting") != 0 || write(fd, "x", 1) != 1)
                _exit(1);
            close(fd);
        }
        _exit(0);
    }
    for (int i = 0; i < 5; i++) {
        sleep_ms(2);
        int fd = accept(listener, NULL, NULL);
        got += read(fd, buffer, 1) == 1;
        close(fd);
    }
    waitpid(child, &status, 0);
    check("five came", 5, got);
    check("five went", 0, status);
    set_timeout(listener, SO_RCVTIMEO, 20);
    check("accept with a time-out", -EAGAIN, accept(listener, NULL, NULL));
    close(listener);
}

/* ---- names ---- */

static void test_names(void)
{
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    char longest[110];
    memset(&name, 0, sizeof name);
    check("another family", -EINVAL,
          bind(a, &(struct sockaddr){ .sa_family = AF_INET }, sizeof(struct sockaddr)));
    check("too long", -EINVAL, bind(a, (struct sockaddr *)buffer, 111));
    check("negative length", -EINVAL, bind(a, (struct sockaddr *)buffer, -1));
    check("too short", -EINVAL, bind(a, (struct sockaddr *)&name, 1));
    check("bad address", -EFAULT, bind(a, (void *)8, 10));
    check("no directory", -ENOENT, bind_to(a, "none/a"));
    check("a directory", -EADDRINUSE, bind_to(a, "."));
    name.sun_family = AF_UNIX;
    check("any name", 0, bind(a, (struct sockaddr *)&name, 2));
    check("any name again", 0, bind(a, (struct sockaddr *)&name, 2));
    check("which", 0, getsockname(a, (struct sockaddr *)&name, &length));
    check("as long as that", 8, length);
    check("five digits", 5, (long)strspn(name.sun_path + 1, "0123456789abcdef"));
    check("send there", 1, sendto(b, "x", 1, 0, (struct sockaddr *)&name, length));
    check("abstract", 0, bind_to(b, "@abstract"));
    check("is there", 1, send_to(a, "@abstract", "x", 1));
    check("a longer one is not", -ECONNREFUSED, send_to(a, "@abstract2", "x", 1));
    check("abstract, taken", -EADDRINUSE, ({
              int c = socket(AF_UNIX, SOCK_DGRAM, 0);
              long r = bind_to(c, "@abstract");
              int e = errno;
              close(c);
              errno = e;
              r;
          }));
    check("abstract, of another type", 0, ({
              int c = socket(AF_UNIX, SOCK_STREAM, 0);
              long r = bind_to(c, "@abstract");
              close(c);
              r;
          }));
    close(a);
    close(b);
    a = socket(AF_UNIX, SOCK_DGRAM, 0);
    b = socket(AF_UNIX, SOCK_DGRAM, 0);
    check("abstract names go with their socket", 0, bind_to(a, "@abstract"));
    close(a);
    a = socket(AF_UNIX, SOCK_DGRAM, 0);
    bind_to(a, "old");
    check("rename", 0, rename("old", "new"));
    check("by the new name", 1, send_to(b, "new", "x", 1));
    check("not by the old", -ENOENT, send_to(b, "old", "x", 1));
    check("another link", 0, link("new", "link"));
    check("by that", 1, send_to(b, "link", "x", 1));
    symlink("link", "symbolic");
    check("by a symbolic one", 1, send_to(b, "symbolic", "x", 1));
    length = sizeof name;
    getsockname(a, (struct sockaddr *)&name, &length);
    check("its own name is the old", 0, strcmp(name.sun_path, "old"));
    check("no other socket there", -EADDRINUSE, bind_to(b, "new"));
    unlink("symbolic");
    unlink("link");
    unlink("new");
    check("gone", -ENOENT, send_to(b, "new", "x", 1));
    close(open("file", O_CREAT | O_WRONLY, 0600));
    check("a file is no socket", -ECONNREFUSED, send_to(b, "file", "x", 1));
    unlink("file");
    close(a);
    a = socket(AF_UNIX, SOCK_DGRAM, 0);
    memset(longest, 'a', sizeof longest);
    memset(name.sun_path, 'a', sizeof name.sun_path);
    check("108 bytes without an end", 0, bind(a, (struct sockaddr *)&name, sizeof name));
    length = sizeof name;
    getsockname(a, (struct sockaddr *)&name, &length);
    check("are told with one", 111, length);
    longest[108] = '\0';
    check("a file of that name", 0, unlink(longest));
    close(a);
    close(b);
}

static void as_user(void)
{
    int a = socket(AF_UNIX, SOCK_STREAM, 0);
    if (setgid(1000) != 0 || setuid(1000) != 0)
        _exit(1);
    check("not writable", -EACCES, connect_to(a, "locked"));
    check("writable", 0, connect_to(a, "open"));
    check("not in this directory", -EACCES, bind_to(socket(AF_UNIX, SOCK_STREAM, 0), "mine"));
}

static void test_permissions(void)
{
    int locked = socket(AF_UNIX, SOCK_STREAM, 0), open_one = socket(AF_UNIX, SOCK_STREAM, 0);
    umask(077);
    bind_to(locked, "locked");
    umask(0);
    bind_to(open_one, "open");
    umask(022);
    listen(locked, 5);
    listen(open_one, 5);
    if (geteuid() == 0)
        check("as a user", 0, in_child(as_user));
    unlink("locked");
    unlink("open");
    close(locked);
    close(open_one);
}

/* ---- waiting for many ---- */

static void test_epoll(void)
{
    int fds[2], set = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
    pair_of(SOCK_STREAM, fds);
    epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &event);
    check("first", 1, epoll_wait(set, &event, 1, 0));
    check("writable", EPOLLOUT, event.events);
    check("no edge", 0, epoll_wait(set, &event, 1, 0));
    write(fds[1], "a", 1);
    check("an edge", 1, epoll_wait(set, &event, 1, 0));
    check("readable", EPOLLIN | EPOLLOUT, event.events);
    check("once", 0, epoll_wait(set, &event, 1, 0));
    write(fds[1], "a", 1);
    check("another edge", 1, epoll_wait(set, &event, 1, 0));
    close(fds[1]);
    check("closed", 1, epoll_wait(set, &event, 1, 0));
    check("all of it", EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP, event.events);
    close(fds[0]);
    check("gone", 0, epoll_wait(set, &event, 1, 0));
    close(set);
    pair_of(SOCK_STREAM, fds);
    fd_set reading, writing;
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_SET(fds[0], &reading);
    FD_SET(fds[0], &writing);
    check("select", 1, select(fds[0] + 1, &reading, &writing, NULL, &(struct timeval){ 0, 0 }));
    check("writable only", 1, !FD_ISSET(fds[0], &reading) && FD_ISSET(fds[0], &writing));
    pid_t child = writer(fds[1], 1);
    struct pollfd one = { .fd = fds[0], .events = POLLIN };
    check("poll waits", 1, poll(&one, 1, 5000));
    waitpid(child, NULL, 0);
    close_both(fds);
}

static void test_files_into_sockets(void)
{
    int fds[2], file = open("data", O_CREAT | O_RDWR, 0600);
    pair_of(SOCK_STREAM, fds);
    check("file", 6, write(file, "abcdef", 6));
    check("sendfile", 4, sendfile(fds[0], file, &(off_t){ 1 }, 4));
    check("came", 4, read(fds[1], buffer, 10));
    check("the middle", 0, memcmp(buffer, "bcde", 4));
    check("sendfile from a socket", -EINVAL, sendfile(file, fds[1], NULL, 4));
    close_both(fds);
    close(file);
    unlink("data");
}

int main(void)
{
    enter_scratch("probe-unix.d");
    test_stream();
    test_vectors();
    test_waiting();
    test_full();
    test_shutdown();
    test_signals();
    test_datagram();
    test_named_datagrams();
    test_seqpacket();
    test_connections();
    test_shared_names();
    test_waiting_connections();
    test_names();
    test_permissions();
    test_epoll();
    test_files_into_sockets();
    return finish("probe-unix.d");
}
