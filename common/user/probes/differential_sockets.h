/* Area "sockets": Unix sockets that never block: pairs, names, connections, what was sent and what
 * comes out, and who is ready after each call. */
#ifndef DIFFERENTIAL_SOCKETS_H
#define DIFFERENTIAL_SOCKETS_H

#include "differential.h"

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SOCKET_FIRST 10
#define SOCKET_SLOTS 10

static volatile sig_atomic_t broken_sockets;
static char socket_bytes[400];

static void count_broken_socket(int number)
{
    (void)number;
    broken_sockets++;
}

static int socket_slot(void)
{
    int fd = SOCKET_FIRST + (int)pick(SOCKET_SLOTS);

    say(" %d", fd);
    return fd;
}

static void say_all_sockets(void)
{
    say(" :");
    for (int fd = SOCKET_FIRST; fd < SOCKET_FIRST + SOCKET_SLOTS; fd++) {
        struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

        poll(&entry, 1, 0);
        say(" %x", (unsigned)entry.revents);
    }
}

/* The new descriptor goes to a place of chance. */
static void place_socket(int fd)
{
    int place = SOCKET_FIRST + (int)pick(SOCKET_SLOTS);

    if (fd < 0)
        return;
    say(" at %d", place);
    dup2(fd, place);
    close(fd);
}

static int socket_type(void)
{
    static const int types[] = { SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    int type = CHOOSE(types);

    say(" type %d", type);
    return type | SOCK_NONBLOCK;
}

static void socket_make_pair(void)
{
    int ends[2];

    say("socketpair");
    if (answer(socketpair(AF_UNIX, socket_type(), 0, ends)) == 0) {
        place_socket(ends[0]);
        place_socket(ends[1]);
    }
    say_all_sockets();
}

static void socket_make(void)
{
    say("socket");
    int fd = socket(AF_UNIX, socket_type(), 0);

    say(fd < 0 ? " failed" : "");
    place_socket(fd);
    say_all_sockets();
}

static socklen_t socket_name(struct sockaddr_un *out)
{
    static const char *const names[] = {
        "one", "two", "three", "file", "@four", "@five", "none/x"
    };
    const char *name = CHOOSE(names);

    say(" %s", name);
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    strcpy(out->sun_path, name);
    if (name[0] == '@')
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
}

static void socket_bind(void)
{
    struct sockaddr_un name;

    say("bind");
    int fd = socket_slot();
    answer(bind(fd, (struct sockaddr *)&name, socket_name(&name)));
}

static void socket_listen(void)
{
    say("listen");
    answer(listen(socket_slot(), (int)pick(4)));
    say_all_sockets();
}

static void socket_connect(void)
{
    struct sockaddr_un name;
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    say("connect");
    int fd = socket_slot();
    if (chance(15))
        answer(connect(fd, &nobody, sizeof nobody));
    else
        answer(connect(fd, (struct sockaddr *)&name, socket_name(&name)));
    say_all_sockets();
}

/* An address as the kernel tells it; those that it has chosen itself are all the same. */
static void say_socket_name(const struct sockaddr_un *name, socklen_t length)
{
    bool chosen = length == 8 && name->sun_path[0] == '\0';

    say(" %u", (unsigned)length);
    if (length > 2 && !chosen)
        say(" %c%s", name->sun_path[0] ? name->sun_path[0] : '@', name->sun_path + 1);
}

static void socket_accept(void)
{
    struct sockaddr_un name = { 0 };
    socklen_t length = sizeof name;

    say("accept");
    int fd = accept4(socket_slot(), (struct sockaddr *)&name, &length, SOCK_NONBLOCK);
    if (fd < 0)
        answer(fd);
    else
        say_socket_name(&name, length);
    place_socket(fd);
    say_all_sockets();
}

static void socket_tell_name(void)
{
    struct sockaddr_un name = { 0 };
    socklen_t length = sizeof name;
    bool peer = chance(50);

    say(peer ? "getpeername" : "getsockname");
    int fd = socket_slot();
    long told = peer ? getpeername(fd, (struct sockaddr *)&name, &length)
                     : getsockname(fd, (struct sockaddr *)&name, &length);
    if (answer(told) == 0)
        say_socket_name(&name, length);
}

static void socket_send(void)
{
    struct sockaddr_un name;
    size_t size = pick(sizeof socket_bytes);
    int flags = chance(50) ? MSG_NOSIGNAL : 0;

    say("send");
    int fd = socket_slot();
    say(" %zu", size);
    for (size_t i = 0; i < size; i++)
        socket_bytes[i] = (char)random_number();
    if (chance(20))
        answer(sendto(fd, socket_bytes, size, flags, (struct sockaddr *)&name, socket_name(&name)));
    else
        answer(send(fd, socket_bytes, size, flags));
    say_all_sockets();
}

static void socket_receive(void)
{
    static const int flag_sets[] = { 0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC };
    struct sockaddr_un name = { 0 };
    struct iovec piece = { socket_bytes, pick(sizeof socket_bytes) };
    struct msghdr header = {
        .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &piece, .msg_iovlen = 1
    };
    int flags = CHOOSE(flag_sets);

    say("receive");
    int fd = socket_slot();
    say(" %zu %#x", piece.iov_len, (unsigned)flags);
    long got = answer(recvmsg(fd, &header, flags));
    if (got >= 0) {
        size_t moved = (size_t)got < piece.iov_len ? (size_t)got : piece.iov_len;
        say(" %08x %#x", (unsigned)hash_bytes(1, socket_bytes, moved), (unsigned)header.msg_flags);
        say_socket_name(&name, header.msg_namelen);
    }
    say_all_sockets();
}

static void socket_shut_down(void)
{
    int how = (int)pick(4);

    say("shutdown");
    int fd = socket_slot();
    say(" %d", how);
    answer(shutdown(fd, how));
    say_all_sockets();
}

static void socket_close(void)
{
    say("close");
    answer(close(socket_slot()));
    say_all_sockets();
}

static void socket_change_names(void)
{
    static const char *const names[] = { "one", "two", "three" };
    const char *from = CHOOSE(names), *to = CHOOSE(names);

    switch (pick(3)) {
    case 0:
        say("unlink %s", from);
        answer(unlink(from));
        break;
    case 1:
        say("rename %s %s", from, to);
        answer(rename(from, to));
        break;
    default:
        say("link %s %s", from, to);
        answer(link(from, to));
    }
}

static void socket_ask(void)
{
    int left = -1, error = -1, listens = -1;
    socklen_t length = sizeof error;

    say("ask");
    int fd = socket_slot();
    answer(ioctl(fd, FIONREAD, &left));
    answer(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    length = sizeof listens;
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
    say(" left %d error %d listens %d", left, error, listens);
    say_all_sockets();
}

static const struct operation socket_operations[] = {
    { 8, socket_make_pair }, { 6, socket_make },     { 8, socket_bind },
    { 6, socket_listen },    { 10, socket_connect }, { 8, socket_accept },
    { 3, socket_tell_name }, { 20, socket_send },    { 22, socket_receive },
    { 3, socket_shut_down }, { 4, socket_close },    { 4, socket_change_names },
    { 4, socket_ask },
};

static void run_sockets(unsigned calls)
{
    signal(SIGPIPE, count_broken_socket);
    close_all_from(3);
    close(open("file", O_CREAT | O_WRONLY, 0600));
    for (unsigned i = 0; i < calls; i++) {
        say("%u ", i);
        run_one_of(socket_operations, COUNT(socket_operations));
        if (broken_sockets > 0)
            say(" SIGPIPE*%d", (int)broken_sockets);
        broken_sockets = 0;
        end_line();
    }
}

#endif
