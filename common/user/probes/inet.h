/* What probes of AF_INET sockets share. */
#ifndef INET_H
#define INET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "check.h"
#include "sockets.h"

static inline struct sockaddr_in inet_of(const char *address, int port)
{
    struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons(port) };
    inet_pton(AF_INET, address, &inet.sin_addr);
    return inet;
}

static inline int inet_bind(int fd, const char *address, int port)
{
    struct sockaddr_in inet = inet_of(address, port);
    return bind(fd, (struct sockaddr *)&inet, sizeof inet);
}

static inline int inet_connect(int fd, const char *address, int port)
{
    struct sockaddr_in inet = inet_of(address, port);
    return connect(fd, (struct sockaddr *)&inet, sizeof inet);
}

static inline long inet_send(int fd, const void *data, size_t size, const char *address, int port)
{
    struct sockaddr_in inet = inet_of(address, port);
    return result(sendto(fd, data, size, MSG_DONTWAIT, (struct sockaddr *)&inet, sizeof inet));
}

/* The port of one end; negative: an errno. */
static inline int inet_port(int fd, int peer)
{
    struct sockaddr_in inet;
    socklen_t length = sizeof inet;
    int error = peer ? getpeername(fd, (struct sockaddr *)&inet, &length)
                     : getsockname(fd, (struct sockaddr *)&inet, &length);
    return error ? -errno : ntohs(inet.sin_port);
}

/* The address of one end as a number; 0 if it has none. */
static inline uint32_t inet_address(int fd, int peer)
{
    struct sockaddr_in inet = { 0 };
    socklen_t length = sizeof inet;
    if (peer)
        getpeername(fd, (struct sockaddr *)&inet, &length);
    else
        getsockname(fd, (struct sockaddr *)&inet, &length);
    return ntohl(inet.sin_addr.s_addr);
}

/* A listener on the loopback interface; its port in `*port`. */
static inline int listener(int backlog, int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || inet_bind(fd, "127.0.0.1", 0) != 0 || listen(fd, backlog) != 0) {
        perror("listener");
        exit(2);
    }
    *port = inet_port(fd, 0);
    return fd;
}

/* Two ends of a connection: [0] has connected, [1] was accepted. */
static inline void inet_pair(int fds[2])
{
    int port, from = listener(1, &port);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_connect(fds[0], "127.0.0.1", port) != 0 || (fds[1] = accept(from, NULL, NULL)) < 0) {
        perror("inet_pair");
        exit(2);
    }
    close(from);
}

/* What poll says within a second, once one of `events` holds. */
static inline long poll_for(int fd, int events)
{
    struct pollfd one = { .fd = fd, .events = events };
    poll(&one, 1, 1000);
    return poll_now(fd);
}

#endif
