/* What probes of sockets share. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0x2000
#endif
#define POLL_ALL (POLLIN | POLLOUT | POLLRDHUP | POLLPRI)

static inline long poll_now(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLL_ALL };
    return poll(&one, 1, 0) < 0 ? -errno : one.revents;
}

static inline void pair_of(int type, int fds[2])
{
    if (socketpair(AF_UNIX, type, 0, fds) != 0) {
        perror("socketpair");
        exit(2);
    }
}

static inline void close_both(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* An address, as long as it needs to be; a name that begins with '@' is abstract. */
static inline socklen_t address_of(const char *name, struct sockaddr_un *out)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    strcpy(out->sun_path, name);
    if (name[0] == '@')
        out->sun_path[0] = '\0';
    return offsetof(struct sockaddr_un, sun_path) + strlen(name) + (name[0] != '@');
}

static inline int bind_to(int fd, const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    return bind(fd, (struct sockaddr *)&address, length);
}

static inline int connect_to(int fd, const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    return connect(fd, (struct sockaddr *)&address, length);
}

static inline ssize_t send_to(int fd, const char *name, const void *data, size_t size)
{
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    return sendto(fd, data, size, MSG_DONTWAIT, (struct sockaddr *)&address, length);
}

static inline int number_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? value : -errno;
}

static inline int set_number_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

static inline int set_timeout(int fd, int name, long milliseconds)
{
    struct timeval time = { milliseconds / 1000, milliseconds % 1000 * 1000 };
    return setsockopt(fd, SOL_SOCKET, name, &time, sizeof time);
}

static inline long waiting_bytes(int fd)
{
    int count = -1;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : -errno;
}

static inline void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){ milliseconds / 1000, milliseconds % 1000 * 1000000 }, NULL);
}

/* A message with room for ancillary data. */
struct parcel {
    struct msghdr header;
    struct iovec data;
    char control[2048] __attribute__((aligned(8)));
};

static inline void parcel_init(struct parcel *parcel, void *data, size_t size, size_t control)
{
    memset(parcel, 0, sizeof *parcel); /* what the C library leaves unnamed, too */
    parcel->data = (struct iovec){ data, size };
    parcel->header.msg_iov = &parcel->data;
    parcel->header.msg_iovlen = 1;
    parcel->header.msg_control = control ? parcel->control : NULL;
    parcel->header.msg_controllen = control;
}

/* Not by the C library, which has limits of its own. */
static inline long send_parcel(int fd, const struct parcel *parcel, int flags)
{
    return syscall(SYS_sendmsg, fd, &parcel->header, flags);
}

/* The first message of this kind that has come, or NULL. */
static inline struct cmsghdr *parcel_find(struct parcel *parcel, int level, int type)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&parcel->header); at;
         at = CMSG_NXTHDR(&parcel->header, at))
        if (at->cmsg_level == level && at->cmsg_type == type)
            return at;
    return NULL;
}

/* Sends `size` bytes with `count` descriptors. */
static inline long send_files(int fd, const void *data, size_t size, const int *files, int count)
{
    struct parcel parcel;
    parcel_init(&parcel, (void *)data, size, CMSG_SPACE(count * sizeof(int)));
    struct cmsghdr *header = CMSG_FIRSTHDR(&parcel.header);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), files, count * sizeof(int));
    long sent = send_parcel(fd, &parcel, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

/* Receives up to `size` bytes and `most` descriptors; `*count` of them came, and `*flags`. */
static inline long receive_files(int fd, void *data, size_t size, int *files, int most, int *count,
                                 int flags_in, int *flags)
{
    struct parcel parcel;
    parcel_init(&parcel, data, size, most ? CMSG_SPACE(most * sizeof(int)) : 0);
    if (most)
        parcel.header.msg_controllen = CMSG_LEN(most * sizeof(int));
    long got = recvmsg(fd, &parcel.header, flags_in | MSG_DONTWAIT);
    got = got < 0 ? -errno : got;
    struct cmsghdr *header = got >= 0 ? parcel_find(&parcel, SOL_SOCKET, SCM_RIGHTS) : NULL;
    *count = header ? (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
    if (header)
        memcpy(files, CMSG_DATA(header), *count * sizeof(int));
    *flags = parcel.header.msg_flags;
    return got;
}

#endif
