/* probe-connections: many TCP connections, at once or one after the other.
 *
 *   open COUNT [HOST PORT]   COUNT connections open at the same time, then a message there and back on
 *                            each; the peer is a process of its own, or whoever echoes at HOST PORT
 *   cycle COUNT [HOST PORT]  connect, a byte there and back, close: COUNT times
 *   echo PORT COUNT          serves until COUNT connections have been open at once and all are closed
 *   errors HOST PORT         connects and reads, and tells in words how each ends
 *
 * `cycle` is closed in turns by either side first, so that both know TIME_WAIT. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "check.h"

#define MOST 4096 /* connections of one process */

static struct sockaddr_in address(const char *host, const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

static int listener(struct sockaddr_in *at)
{
    socklen_t length = sizeof *at;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (void *)at, sizeof *at) != 0 || listen(fd, 511) != 0 ||
        getsockname(fd, (void *)at, &length) != 0) {
        perror("listen");
        exit(2);
    }
    return fd;
}

/* Answers one message; at the end of the connection closes it and tells that it did. */
static int answer(int fd)
{
    char data[512];
    ssize_t length = read(fd, data, sizeof data);
    if (length > 0 && write(fd, data, (size_t)length) == length && data[0] != 'x')
        return 0;
    close(fd); /* 'x' asks us to be the first who closes */
    return 1;
}

/* Echoes on every connection, until `enough` have been open at once and none is any more; for ever
 * with 0. */
static int serve(int listening, int enough)
{
    struct epoll_event one = { .events = EPOLLIN, .data.fd = listening }, events[64];
    int epoll = epoll_create1(0), open = 0, most = 0;
    signal(SIGPIPE, SIG_IGN);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &one);
    while (!(enough && most >= enough && open == 0)) {
        int count = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            one.data.fd = events[i].data.fd;
            if (one.data.fd != listening) {
                open -= answer(one.data.fd);
                continue;
            }
            one.data.fd = accept(listening, NULL, NULL);
            if (one.data.fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, one.data.fd, &one) == 0)
                open++;
            most = open > most ? open : most;
        }
    }
    close(epoll);
    return 0;
}

/* The peer: at the host and port of the arguments, or a child that serves on loopback. */
static pid_t find_peer(int argc, char **argv, struct sockaddr_in *peer)
{
    *peer = address(argc > 4 ? argv[3] : "127.0.0.1", argc > 4 ? argv[4] : "0");
    if (argc > 4)
        return 0;
    int listening = listener(peer);
    pid_t child = fork();
    if (child == 0)
        _exit(serve(listening, 0));
    close(listening);
    return child;
}

static void end_peer(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* A connected descriptor, or a negative errno. */
static int connected(const struct sockaddr_in *peer)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const void *)peer, sizeof *peer) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

static int full_read(int fd, char *data, size_t length)
{
    for (size_t have = 0; have < length;) {
        ssize_t got = read(fd, data + have, length - have);
        if (got <= 0)
            return got < 0 ? -errno : -EPIPE;
        have += (size_t)got;
    }
    return 0;
}

static void test_open(int count, const struct sockaddr_in *peer)
{
    static int fds[MOST];
    static char sent[400], got[400];
    int opened = 0, right = 0, error = 0;
    for (; opened < count; opened++)
        if ((fds[opened] = connected(peer)) < 0) {
            error = fds[opened];
            break;
        }
    check_value("no error while opening", 0, error);
    check_value("connections open", count, opened);
    for (int i = 0; i < opened; i++) {
        memset(sent, 'a' + i % 20, sizeof sent);
        snprintf(sent, sizeof sent, "message %d", i);
        if (write(fds[i], sent, sizeof sent) != sizeof sent)
            error = -errno;
    }
    for (int i = 0; i < opened; i++) {
        memset(sent, 'a' + i % 20, sizeof sent);
        snprintf(sent, sizeof sent, "message %d", i);
        right += full_read(fds[i], got, sizeof got) == 0 && memcmp(sent, got, sizeof got) == 0;
    }
    check_value("no error while writing", 0, error);
    check_value("messages back", opened, right);
    for (int i = 0; i < opened; i++)
        close(fds[i]);
}

static void test_cycle(int count, const struct sockaddr_in *peer, int in_turns)
{
    int done = 0, error = 0;
    for (; done < count && error == 0; done++) {
        char byte = in_turns && done % 2 ? 'x' : 'c', back = 0;
        int fd = connected(peer);
        if (fd < 0) {
            error = fd;
            break;
        }
        if (write(fd, &byte, 1) != 1)
            error = -errno;
        else if ((error = full_read(fd, &back, 1)) == 0 && back != byte)
            error = -EBADMSG;
        if (error == 0 && byte == 'x' && read(fd, &back, 1) != 0)
            error = -EPROTO;
        close(fd);
    }
    check_value("no error", 0, error);
    check_value("connections made", count, done);
}

/* How connecting and then reading ends, in words. */
static void tell_errors(const struct sockaddr_in *peer)
{
    char byte = 'c';
    int fd = socket(AF_INET, SOCK_STREAM, 0), pending = -1;
    socklen_t length = sizeof pending;
    signal(SIGPIPE, SIG_IGN);
    if (connect(fd, (const void *)peer, sizeof *peer) != 0) {
        printf("connect: %s\n", strerror(errno));
        return;
    }
    if (write(fd, &byte, 1) != 1)
        printf("write: %s\n", strerror(errno));
    ssize_t got = read(fd, &byte, 1);
    printf("read: %s\n", got < 0 ? strerror(errno) : got == 0 ? "the end" : "data");
    got = read(fd, &byte, 1);
    printf("read again: %s\n", got < 0 ? strerror(errno) : got == 0 ? "the end" : "data");
    got = write(fd, &byte, 1);
    printf("write: %s\n", got < 0 ? strerror(errno) : "done");
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &length);
    printf("SO_ERROR: %s\n", pending ? strerror(pending) : "none");
    close(fd);
}

int main(int argc, char **argv)
{
    struct rlimit files = { MOST + 100, MOST + 100 };
    struct sockaddr_in peer;
    setrlimit(RLIMIT_NOFILE, &files);
    if (argc == 4 && strcmp(argv[1], "echo") == 0) {
        peer = address("0.0.0.0", argv[2]);
        return serve(listener(&peer), atoi(argv[3]));
    }
    if (argc == 4 && strcmp(argv[1], "errors") == 0) {
        peer = address(argv[2], argv[3]);
        tell_errors(&peer);
        return 0;
    }
    int count = argc > 2 ? atoi(argv[2]) : 0, opening = argc > 2 && strcmp(argv[1], "open") == 0;
    if (count < 1 || (opening && count > MOST) || (!opening && strcmp(argv[1], "cycle") != 0))
        return 2;
    pid_t child = find_peer(argc, argv, &peer);
    if (opening)
        test_open(count, &peer);
    else
        test_cycle(count, &peer, child != 0);
    end_peer(child);
    return failures != 0;
}
