/* What probe-refuse does with sockets. */
#ifndef REFUSE_SOCKETS_H
#define REFUSE_SOCKETS_H

#include <netinet/in.h>

#include "sockets.h"

static char socket_data[50000];

/* Closes what has been opened, and keeps the errno. */
static int close_all(int failed, const int *fds, int count)
{
    int error = errno;
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    errno = error;
    return failed ? -1 : 0;
}

static int sends_stream(void)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
        return -1;
    int failed = write(fds[0], "x", 1) != 1 || write(fds[0], socket_data, sizeof socket_data) < 1 ||
                 read(fds[1], socket_data, 10000) < 1;
    return close_all(failed, fds, 2);
}

static int sends_datagrams(void)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
        return -1;
    int failed = write(fds[0], socket_data, sizeof socket_data) != sizeof socket_data ||
                 write(fds[0], "x", 1) != 1 ||
                 read(fds[1], socket_data, sizeof socket_data) != sizeof socket_data;
    return close_all(failed, fds, 2);
}

static int sends_files(void)
{
    int fds[2], got[3] = { -1, -1, -1 }, count, flags;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
        return -1;
    long sent = send_files(fds[0], "x", 1, (int[]){ fds[0], fds[1], 0 }, 3), received = 1;
    if (sent == 1)
        received = receive_files(fds[1], socket_data, 1, got, 3, &count, MSG_PEEK, &flags);
    errno = sent < 0 ? (int)-sent : received < 0 ? (int)-received : 0;
    close_all(0, got, 3);
    return close_all(sent < 0 || received < 0, fds, 2); /* in their own queue */
}

static int connects(void)
{
    int fds[3] = { socket(AF_UNIX, SOCK_STREAM, 0), -1, -1 };
    int failed = fds[0] < 0 || bind_to(fds[0], "local-socket") || listen(fds[0], 1) ||
                 (fds[1] = socket(AF_UNIX, SOCK_STREAM, 0)) < 0 ||
                 connect_to(fds[1], "local-socket") || write(fds[1], "x", 1) != 1 ||
                 (fds[2] = accept(fds[0], NULL, NULL)) < 0;
    return close_all(failed, fds, 3);
}

static int names_sockets(void)
{
    int fds[2] = { socket(AF_UNIX, SOCK_DGRAM, 0), socket(AF_UNIX, SOCK_DGRAM, 0) };
    int failed = fds[0] < 0 || fds[1] < 0 || bind_to(fds[0], "@refused") ||
                 set_number_option(fds[1], SOL_SOCKET, SO_PASSCRED, 1) ||
                 connect_to(fds[1], "@refused") || write(fds[1], "x", 1) != 1;
    return close_all(failed, fds, 2);
}

/* Over the loopback interface; the network stack has its own excuses. */
static int connects_by_network(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fds[3] = { socket(AF_INET, SOCK_STREAM, 0), -1, -1 };
    int failed = fds[0] < 0 || bind(fds[0], (struct sockaddr *)&address, length) ||
                 listen(fds[0], 1) || getsockname(fds[0], (struct sockaddr *)&address, &length) ||
                 (fds[1] = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
                 set_timeout(fds[0], SO_RCVTIMEO, 20000) || set_timeout(fds[1], SO_SNDTIMEO, 20000) ||
                 connect(fds[1], (struct sockaddr *)&address, length) ||
                 (fds[2] = accept(fds[0], NULL, NULL)) < 0 || write(fds[1], "x", 1) != 1;
    if (failed && (errno == ECONNRESET || errno == ECONNABORTED))
        errno = ENOBUFS; /* what the other end lacked */
    return close_all(failed, fds, 3);
}

#endif
