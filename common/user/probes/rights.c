/* probe-rights: descriptors and credentials that are sent through sockets.  unix(7), cmsg(3).
 *
 * A pipe tells whether a descriptor on its way is still there: its reader sees a hang-up when the
 * last write end has gone, wherever that was. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "check.h"
#include "sockets.h"

static char buffer[100000];
static int got[300], count, flags;

/* Has the other end of the pipe gone?  It may take a moment; and Linux looks for what nobody can
 * reach when a socket ends. */
static long hung_up(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    close(socket(AF_UNIX, SOCK_STREAM, 0));
    return poll(&one, 1, 5000) == 1 ? one.revents : -1;
}

static int make_pipe(int ends[2])
{
    return pipe2(ends, O_NONBLOCK);
}

static void close_got(void)
{
    for (int i = 0; i < count; i++)
        close(got[i]);
}

/* The number of open descriptors. */
static int descriptors(void)
{
    int open_ones = 0;
    for (int fd = 0; fd < 1024; fd++)
        open_ones += fcntl(fd, F_GETFD) >= 0;
    return open_ones;
}

/* ---- passing ---- */

static void test_passing(void)
{
    int fds[2], ends[2];
    struct stat a, b;
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    check("send one", 1, send_files(fds[0], "x", 1, &ends[1], 1));
    close(ends[1]);
    check("it keeps the pipe", -EAGAIN, read(ends[0], buffer, 1));
    check("receive it", 1, receive_files(fds[1], buffer, 10, got, 10, &count, 0, &flags));
    check("one came", 1, count);
    check("no flags", 0, flags);
    check("not close-on-exec", 0, fcntl(got[0], F_GETFD));
    check("it works", 3, write(got[0], "abc", 3));
    check("it does", 3, read(ends[0], buffer, 10));
    fstat(got[0], &a);
    fstat(ends[0], &b);
    check("the same pipe", 1, a.st_ino == b.st_ino);
    close_got();
    check("and its end", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
    make_pipe(ends);
    check("send both", 1, send_files(fds[0], "x", 1, ends, 2));
    check("receive close-on-exec", 1,
          receive_files(fds[1], buffer, 10, got, 10, &count, MSG_CMSG_CLOEXEC, &flags));
    check("two came", 2, count);
    check("flag is told", MSG_CMSG_CLOEXEC, flags);
    check("close-on-exec", FD_CLOEXEC, fcntl(got[0], F_GETFD));
    close_got();
    check("bad descriptor", -EBADF, send_files(fds[0], "x", 1, (int[]){ ends[0], 999 }, 2));
    for (int i = 0; i < 254; i++)
        got[i] = ends[0];
    check("253", 1, send_files(fds[0], "x", 1, got, 253));
    check("254", -EINVAL, send_files(fds[0], "x", 1, got, 254));
    check("receive some", 1, receive_files(fds[1], buffer, 10, got, 3, &count, 0, &flags));
    check("three of them", 3, count);
    check("truncated", MSG_CTRUNC, flags);
    close_got();
    close_both(ends);
    close_both(fds);
}

static void test_boundaries(void)
{
    int fds[2], ends[2];
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    write(fds[0], "ab", 2);
    send_files(fds[0], "cd", 2, ends, 1);
    write(fds[0], "ef", 2);
    check("up to the descriptor's bytes", 4,
          receive_files(fds[1], buffer, 100, got, 5, &count, 0, &flags));
    check("with it", 1, count);
    close_got();
    check("then what follows", 2, receive_files(fds[1], buffer, 100, got, 5, &count, 0, &flags));
    check("without any", 0, count);
    send_files(fds[0], "abc", 3, ends, 1);
    send_files(fds[0], "def", 3, ends, 2);
    check("look", 3, receive_files(fds[1], buffer, 100, got, 5, &count, MSG_PEEK, &flags));
    check("and get a copy", 1, count);
    close_got();
    check("part of the first", 1, receive_files(fds[1], buffer, 1, got, 5, &count, 0, &flags));
    check("descriptor comes with it", 1, count);
    close_got();
    check("rest and second", 5, receive_files(fds[1], buffer, 10, got, 5, &count, 0, &flags));
    check("second's descriptors", 2, count);
    close_got();
    memset(buffer, 'x', sizeof buffer);
    check("much with a descriptor", 30000, send_files(fds[0], buffer, 30000, ends, 1));
    write(fds[0], "after", 5);
    long all = receive_files(fds[1], buffer, sizeof buffer, got, 5, &count, 0, &flags);
    check("as much as went with it", 30000, all);
    close_got();
    check("after it", 5, read(fds[1], buffer, 100));
    send_files(fds[0], "abc", 3, &ends[1], 1);
    close(ends[1]);
    check("read without asking", 3, read(fds[1], buffer, 10));
    check("drops them", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
    make_pipe(ends);
    send_files(fds[0], "abc", 3, &ends[1], 1);
    check("no room", 3, receive_files(fds[1], buffer, 10, got, 0, &count, 0, &flags));
    check("is told", MSG_CTRUNC, flags);
    check("nothing with nothing", 0, send_files(fds[0], "", 0, &ends[1], 1));
    check("nothing came", -EAGAIN, recv(fds[1], buffer, 1, MSG_DONTWAIT));
    send_files(fds[0], "abc", 3, &ends[1], 1);
    close(ends[1]);
    close(fds[1]);
    check("closing drops them", POLLHUP, hung_up(ends[0]));
    close(fds[0]);
    close(ends[0]);
}

static void test_datagrams(void)
{
    int fds[2], ends[2];
    pair_of(SOCK_DGRAM, fds);
    make_pipe(ends);
    check("with a datagram", 3, send_files(fds[0], "abc", 3, &ends[1], 1));
    check("an empty one", 0, send_files(fds[0], "", 0, &ends[1], 1));
    close(ends[1]);
    check("look", 3, receive_files(fds[1], buffer, 10, got, 1, &count, MSG_PEEK, &flags));
    check("came", 1, count);
    close_got();
    check("receive", 3, receive_files(fds[1], buffer, 10, got, 1, &count, 0, &flags));
    check("came again", 1, count);
    close_got();
    check("empty", 0, receive_files(fds[1], buffer, 10, got, 1, &count, 0, &flags));
    check("came with nothing", 1, count);
    close_got();
    check("all gone", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
    close_both(fds);
}

/* More descriptors than the table has room for. */
static void fill_table(void)
{
    int fds[2], ends[2];
    struct rlimit limit = { 20, 20 };
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    send_files(fds[0], "x", 1, (int[]){ ends[0], ends[0], ends[0], ends[0] }, 4);
    setrlimit(RLIMIT_NOFILE, &limit);
    int last = 0;
    while (last < 17)
        last = dup(0);
    check("few are free", 1, receive_files(fds[1], buffer, 1, got, 4, &count, 0, &flags));
    check("few came", 2, count);
    check("truncated", MSG_CTRUNC, flags);
}

static void send_too_many(void)
{
    int fds[2], ends[2], sent = 0;
    struct rlimit limit = { 30, 30 };
    long answer = 0;
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (setgid(1234) != 0 || setuid(1234) != 0)
        _exit(2);
    while (sent < 100 && (answer = send_files(fds[0], "x", 1, ends, 1)) == 1)
        sent++;
    check("a limit", -ETOOMANYREFS, answer);
    check("near RLIMIT_NOFILE", 1, sent >= 29 && sent <= 31);
    recv(fds[1], buffer, 1, 0);
    recv(fds[1], buffer, 1, 0);
    check("room again", 1, send_files(fds[0], "x", 1, ends, 1));
}

/* ---- circles ---- */

static void test_circles(void)
{
    int fds[2], others[2], ends[2];
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    send_files(fds[0], "x", 1, (int[]){ fds[1], ends[1] }, 2);
    close(ends[1]);
    close(fds[1]);
    check("in its own queue, peer open", POLLHUP, hung_up(ends[0]));
    close(fds[0]);
    close(ends[0]);
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    send_files(fds[0], "x", 1, (int[]){ fds[0], ends[1] }, 2);
    send_files(fds[1], "x", 1, (int[]){ fds[1] }, 1);
    close(ends[1]);
    close_both(fds);
    check("each in the other's queue", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
    pair_of(SOCK_DGRAM, fds);
    pair_of(SOCK_STREAM, others);
    make_pipe(ends);
    send_files(fds[0], "x", 1, (int[]){ others[0], others[1] }, 2);
    send_files(others[0], "x", 1, (int[]){ fds[0], fds[1], ends[1] }, 3);
    close(ends[1]);
    close_both(fds);
    check("reachable", -EAGAIN, read(ends[0], buffer, 1));
    check("still", 1, receive_files(others[1], buffer, 1, got, 3, &count, MSG_PEEK, &flags));
    check("all three", 3, count);
    close_got();
    close_both(others);
    check("a circle of two pairs", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
    pair_of(SOCK_STREAM, fds);
    pair_of(SOCK_STREAM, others);
    make_pipe(ends);
    send_files(fds[0], "x", 1, (int[]){ fds[1], ends[1] }, 2);
    send_files(others[0], "x", 1, (int[]){ fds[1] }, 1);
    close(ends[1]);
    close_both(fds);
    check("a circle that is held", -EAGAIN, read(ends[0], buffer, 1));
    check("comes out", 1, receive_files(others[1], buffer, 1, got, 1, &count, 0, &flags));
    check("and is well", 1, recv(got[0], buffer, 1, MSG_PEEK));
    close_got();
    check("let go of", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
    close_both(others);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    make_pipe(ends);
    bind_to(listener, "@circle");
    listen(listener, 1);
    connect_to(client, "@circle");
    send_files(client, "x", 1, (int[]){ listener, ends[1] }, 2);
    close(ends[1]);
    close(listener);
    check("a listener in its own connection", POLLHUP, hung_up(ends[0]));
    close(client);
    close(ends[0]);
}

/* Sockets that lie in each other's queues, one in the next: closing the last closes all. */
static void test_chain(void)
{
    int inner[2], outer[2], ends[2];
    make_pipe(ends);
    pair_of(SOCK_STREAM, inner);
    send_files(inner[0], "x", 1, &ends[1], 1);
    close(ends[1]);
    for (int i = 0; i < 3000; i++) {
        pair_of(SOCK_STREAM, outer);
        if (send_files(outer[0], "x", 1, inner, 2) != 1) {
            check("a chain", i, -1);
            break;
        }
        close_both(inner);
        inner[0] = outer[0];
        inner[1] = outer[1];
    }
    check("a long chain holds", -EAGAIN, read(ends[0], buffer, 1));
    close_both(inner);
    check("and goes", POLLHUP, hung_up(ends[0]));
    close(ends[0]);
}

/* ---- credentials ---- */

static long send_credentials(int fd, struct ucred credentials)
{
    struct parcel parcel;
    parcel_init(&parcel, "x", 1, CMSG_SPACE(sizeof credentials));
    struct cmsghdr *header = CMSG_FIRSTHDR(&parcel.header);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof credentials);
    memcpy(CMSG_DATA(header), &credentials, sizeof credentials);
    return result(send_parcel(fd, &parcel, MSG_DONTWAIT));
}

static struct ucred receive_credentials(int fd)
{
    struct parcel parcel;
    struct ucred credentials = { -7, -1, -1 };
    parcel_init(&parcel, buffer, 10, 100);
    if (recvmsg(fd, &parcel.header, MSG_DONTWAIT) < 0)
        return credentials;
    struct cmsghdr *header = parcel_find(&parcel, SOL_SOCKET, SCM_CREDENTIALS);
    if (header)
        memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
    return credentials;
}

static void lie(void)
{
    int fds[2];
    pair_of(SOCK_STREAM, fds);
    if (setgid(1234) != 0 || setuid(1234) != 0)
        _exit(2);
    check("another process", -EPERM, send_credentials(fds[0], (struct ucred){ 1, 1234, 1234 }));
    check("another user", -EPERM, send_credentials(fds[0], (struct ucred){ getpid(), 0, 1234 }));
    check("another group", -EPERM, send_credentials(fds[0], (struct ucred){ getpid(), 1234, 0 }));
    check("the truth", 1, send_credentials(fds[0], (struct ucred){ getpid(), 1234, 1234 }));
}

static void test_credentials(void)
{
    int fds[2];
    struct ucred peer;
    socklen_t length = sizeof peer;
    struct parcel parcel;
    pair_of(SOCK_STREAM, fds);
    check("SO_PEERCRED", 0, getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    check("process", getpid(), peer.pid);
    check("user", geteuid(), peer.uid);
    check("group", getegid(), peer.gid);
    check("not asked for", -7, (write(fds[0], "x", 1), receive_credentials(fds[1]).pid));
    check("SO_PASSCRED", 0, set_number_option(fds[1], SOL_SOCKET, SO_PASSCRED, 1));
    check("is on", 1, number_option(fds[1], SOL_SOCKET, SO_PASSCRED));
    check("a name comes with it?", 2, ({
              length = 100;
              getsockname(fds[1], (struct sockaddr *)buffer, &length);
              length;
          }));
    check("who wrote", getpid(), (write(fds[0], "x", 1), receive_credentials(fds[1]).pid));
    check("who says so", 1,
          send_credentials(fds[0], (struct ucred){ getpid(), getuid(), getgid() }));
    peer = receive_credentials(fds[1]);
    check("told user", getuid(), peer.uid);
    if (geteuid() == 0) {
        check("root may say anything", 1,
              send_credentials(fds[0], (struct ucred){ getpid(), 7, 8 }));
        peer = receive_credentials(fds[1]);
        check("told that", 7, peer.uid);
        check("and that", 8, peer.gid);
        check("no such process", -ESRCH, send_credentials(fds[0], (struct ucred){ 99999, 7, 8 }));
    }
    /* Two senders' bytes are not mixed. */
    write(fds[0], "mine", 4);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(write(fds[0], "yours", 5) == 5 ? 0 : 1);
    waitpid(child, NULL, 0);
    parcel_init(&parcel, buffer, 100, 100);
    check("only of one", 4, recvmsg(fds[1], &parcel.header, MSG_DONTWAIT));
    check("then of the other", child, receive_credentials(fds[1]).pid);
    close_both(fds);
    if (geteuid() == 0)
        check("lies of a user", 0, in_child(lie));
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    bind_to(a, "@credentials");
    set_number_option(b, SOL_SOCKET, SO_PASSCRED, 1);
    connect_to(b, "@credentials");
    length = 100;
    getsockname(b, (struct sockaddr *)buffer, &length);
    check("who asks for credentials gets a name", 8, length);
    close(a);
    close(b);
}

/* Who asks for credentials where there are none is not told any, and nobody's at a stream's end. */
static void test_no_credentials(void)
{
    static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fds[2], receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < 2; i++) {
        pair_of(types[i], fds);
        set_number_option(fds[1], SOL_SOCKET, SO_PASSCRED, 1);
        close(fds[0]);
        check("process at the end", types[i] == SOCK_STREAM ? 0 : -7,
              receive_credentials(fds[1]).pid);
        close(fds[1]);
    }
    set_number_option(receiver, SOL_SOCKET, SO_PASSCRED, 1); /* an error of newer kernels */
    bind(receiver, (struct sockaddr *)&address, length);
    getsockname(receiver, (struct sockaddr *)&address, &length);
    check("by network", 1, sendto(sender, "x", 1, 0, (struct sockaddr *)&address, length));
    check("comes without", -7, receive_credentials(receiver).pid);
    close(sender);
    close(receiver);
}

static void test_rows(void)
{
    int fds[2], ends[2];
    struct parcel parcel;
    pair_of(SOCK_STREAM, fds);
    make_pipe(ends);
    parcel_init(&parcel, "x", 1, 64);
    struct cmsghdr *header = CMSG_FIRSTHDR(&parcel.header);
    *header = (struct cmsghdr){ .cmsg_len = 8, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    check("too short a header", -EINVAL, send_parcel(fds[0], &parcel, 0));
    header->cmsg_len = 100;
    check("longer than the row", -EINVAL, send_parcel(fds[0], &parcel, 0));
    header->cmsg_len = CMSG_LEN(4);
    header->cmsg_type = 77;
    check("no such type", -EINVAL, send_parcel(fds[0], &parcel, 0));
    header->cmsg_level = 77;
    parcel.header.msg_controllen = CMSG_LEN(4);
    check("of another level", 1, send_parcel(fds[0], &parcel, 0));
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    check("credentials, too short", -EINVAL, send_parcel(fds[0], &parcel, 0));
    parcel.header.msg_controllen = 1000000;
    check("very long", -ENOBUFS, send_parcel(fds[0], &parcel, 0));
    parcel.header.msg_control = (void *)8;
    parcel.header.msg_controllen = 64;
    check("bad address", -EFAULT, send_parcel(fds[0], &parcel, 0));
    parcel.header.msg_controllen = 8;
    check("bad address, too short for a header", -EFAULT, send_parcel(fds[0], &parcel, 0));
    parcel.header.msg_controllen = 0;
    check("nothing there", 1, send_parcel(fds[0], &parcel, 0));
    recv(fds[1], buffer, 100, MSG_DONTWAIT);
    set_number_option(fds[1], SOL_SOCKET, SO_PASSCRED, 1);
    send_files(fds[0], "x", 1, ends, 2);
    parcel_init(&parcel, buffer, 10, 200);
    check("two in a row", 1, recvmsg(fds[1], &parcel.header, 0));
    check("as long as that", CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(8),
          parcel.header.msg_controllen);
    header = parcel_find(&parcel, SOL_SOCKET, SCM_RIGHTS);
    memcpy(got, CMSG_DATA(header), 8);
    close(got[0]);
    close(got[1]);
    send_files(fds[0], "x", 1, ends, 1);
    parcel_init(&parcel, buffer, 10, 20);
    check("cut credentials", 1, recvmsg(fds[1], &parcel.header, 0));
    check("all that fits", 20, parcel.header.msg_controllen);
    check("cut", MSG_CTRUNC, parcel.header.msg_flags);
    close_both(ends);
    close_both(fds);
    pair_of(SOCK_DGRAM, fds);
    set_number_option(fds[1], SOL_SOCKET, SO_TIMESTAMP, 1);
    check("SO_TIMESTAMP", 1, number_option(fds[1], SOL_SOCKET, SO_TIMESTAMP));
    write(fds[0], "x", 1);
    parcel_init(&parcel, buffer, 10, 200);
    recvmsg(fds[1], &parcel.header, 0);
    header = parcel_find(&parcel, SOL_SOCKET, SCM_TIMESTAMP);
    check("a time comes", 1, header != NULL);
    struct timeval then = { 0 };
    if (header)
        memcpy(&then, CMSG_DATA(header), sizeof then);
    check("of now", 1, labs(time(NULL) - then.tv_sec) < 10);
    set_number_option(fds[1], SOL_SOCKET, SO_TIMESTAMPNS, 1);
    check("the one", 0, number_option(fds[1], SOL_SOCKET, SO_TIMESTAMP));
    check("or the other", 1, number_option(fds[1], SOL_SOCKET, SO_TIMESTAMPNS));
    close_both(fds);
}

static void test_many(void)
{
    int fds[2], ends[2];
    struct mmsghdr messages[5];
    struct iovec data[5];
    pair_of(SOCK_DGRAM, fds);
    make_pipe(ends);
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 5; i++) {
        data[i] = (struct iovec){ "abcde", i + 1 };
        messages[i].msg_hdr.msg_iov = &data[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    check("sendmmsg", 5, sendmmsg(fds[0], messages, 5, 0));
    check("of the last", 5, messages[4].msg_len);
    for (int i = 0; i < 5; i++)
        data[i] = (struct iovec){ buffer + 10 * i, 10 };
    check("recvmmsg", 3, recvmmsg(fds[1], messages, 3, 0, NULL));
    check("of the third", 3, messages[2].msg_len);
    check("the others", 2, recvmmsg(fds[1], messages, 5, MSG_DONTWAIT, NULL));
    check("none", -EAGAIN, recvmmsg(fds[1], messages, 5, MSG_DONTWAIT, NULL));
    write(fds[0], "x", 1);
    check("wait for one", 1, recvmmsg(fds[1], messages, 5, MSG_WAITFORONE, NULL));
    check("bad time", -EINVAL, recvmmsg(fds[1], messages, 5, 0, &(struct timespec){ 0, -1 }));
    check("nothing at all", 0, sendmmsg(fds[0], messages, 0, 0));
    close_both(ends);
    close_both(fds);
}

int main(void)
{
    enter_scratch("probe-rights.d");
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 4096 });
    int before = descriptors();
    test_passing();
    test_boundaries();
    test_datagrams();
    check("a full table", 0, in_child(fill_table));
    if (geteuid() == 0)
        check("many of a user", 0, in_child(send_too_many));
    test_circles();
    test_chain();
    test_credentials();
    test_no_credentials();
    test_rows();
    test_many();
    check("nothing left open", before, descriptors());
    return finish("probe-rights.d");
}
