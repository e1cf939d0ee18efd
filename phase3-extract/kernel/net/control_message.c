/* Control messages: their translation to and from struct socket_extras, and who may say what. */
#include <net/control_message.h>

#include <linux/errno.h>
#include <linux/ipv6.h>
#include <linux/time_types.h>

#include <lib/bits.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>
#include <process/wall_clock.h>

#define ROW_LIMIT 20480u /* bytes of a row that is sent: what Linux allows, net.core.optmem_max */
#define FEW_BYTES 256u   /* these need no allocation */

/* struct cmsghdr of cmsg(3): `length` counts the header, and a row is aligned to 8 bytes. */
struct control_header {
    uint64_t length;
    int32_t level, type;
};

struct control_credentials { /* struct ucred of unix(7) */
    int32_t pid;
    uint32_t uid, gid;
};

static size_t aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* ---- sending ---- */

/* SCM_RIGHTS: the descriptors' files, behind those that are there already. */
static int add_files(struct files_in_flight *files, const void *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, (const char *)numbers + i * sizeof(fd), sizeof(fd));
        struct file *file = fd_get(fd);

        if (!file)
            return -EBADF;
        files->files[files->count++] = file;
    }
    return 0;
}

static int read_files(const void *data, size_t size, struct socket_extras *extras)
{
    size_t count = size / sizeof(int);

    if (count > FILES_IN_FLIGHT_MOST)
        return -EINVAL;
    if (count == 0)
        return 0;
    struct files_in_flight *files;

    if (!extras->files) {
        int error = files_in_flight_create(FILES_IN_FLIGHT_MOST, &files);

        if (error)
            return error;
        extras->files = files->handle;
    }
    files = files_in_flight_find(extras->files);
    if (files->count + count > FILES_IN_FLIGHT_MOST)
        return -EINVAL;
    return add_files(files, data, count);
}

/* Is `id` one of the three?  Root may call itself anything. */
static bool may_be(uint32_t id, uint32_t real, uint32_t effective, uint32_t saved)
{
    return id == real || id == effective || id == saved || process_privileged();
}

static int read_credentials(const void *data, size_t size, struct socket_extras *extras)
{
    const struct credentials *own = current_process()->credentials;
    struct control_credentials said;

    if (size != sizeof(said))
        return -EINVAL;
    memcpy(&said, data, sizeof(said));
    if ((said.pid != current_process()->id && !process_privileged()) ||
        !may_be(said.uid, own->uid, own->euid, own->suid) ||
        !may_be(said.gid, own->gid, own->egid, own->sgid))
        return -EPERM;
    if (!process_find(said.pid))
        return -ESRCH;
    extras->credentials =
        (struct socket_credentials){ .pid = said.pid, .uid = said.uid, .gid = said.gid };
    extras->has_credentials = true;
    return 0;
}

/* Of SOL_SOCKET; descriptors and ids mean something between programs of one system only. */
static int read_common(const struct socket *socket, int type, const void *data, size_t size,
                       struct socket_extras *extras)
{
    bool is_local = socket->family == AF_UNIX || socket->family == AF_NETLINK;

    switch (type) {
    case SCM_RIGHTS:
        if (is_local)
            return socket->family == AF_UNIX ? read_files(data, size, extras) : -EINVAL;
        return 0;
    case SCM_CREDENTIALS:
        return is_local ? read_credentials(data, size, extras) : 0;
    default:
        return -EINVAL;
    }
}

static struct in6_addr mapped(uint32_t address)
{
    struct in6_addr mapped = { .in6_u.u6_addr8 = { [10] = 0xff, [11] = 0xff } };

    mapped.in6_u.u6_addr32[3] = address;
    return mapped;
}

static int read_hops(const void *data, size_t size, struct socket_extras *extras)
{
    int hops;

    if (size != sizeof(hops))
        return -EINVAL;
    memcpy(&hops, data, sizeof(hops));
    if (hops < 1 || hops > 255)
        return -EINVAL;
    extras->hop_limit = hops;
    return 0;
}

static int read_inet(int type, const void *data, size_t size, struct socket_extras *extras)
{
    struct in_pktinfo info;

    if (type == IP_TTL)
        return read_hops(data, size, extras);
    if (type != IP_PKTINFO || size != sizeof(info))
        return -EINVAL;
    memcpy(&info, data, sizeof(info));
    extras->has_packet_info = true;
    extras->interface = (uint32_t)info.ipi_ifindex;
    extras->local = mapped(info.ipi_spec_dst.s_addr);
    return 0;
}

static int read_inet6(int type, const void *data, size_t size, struct socket_extras *extras)
{
    struct in6_pktinfo info;

    if (type == IPV6_HOPLIMIT)
        return read_hops(data, size, extras);
    if (type != IPV6_PKTINFO || size != sizeof(info))
        return -EINVAL;
    memcpy(&info, data, sizeof(info));
    extras->has_packet_info = true;
    extras->interface = (uint32_t)info.ipi6_ifindex;
    extras->local = info.ipi6_addr;
    return 0;
}

static int read_one(const struct socket *socket, const struct control_header *header,
                    const void *data, struct socket_extras *extras)
{
    size_t size = header->length - sizeof(*header);

    if (header->level == SOL_SOCKET)
        return read_common(socket, header->type, data, size, extras);
    if (socket->type == SOCK_STREAM)
        return 0;
    if (header->level == SOL_IP && socket->family == AF_INET)
        return read_inet(header->type, data, size, extras);
    if (header->level == SOL_IPV6 && socket->family == AF_INET6)
        return read_inet6(header->type, data, size, extras);
    return 0;
}

/* Goes through a row that is in the kernel's memory. */
static int read_row(const struct socket *socket, const char *row, size_t length,
                    struct socket_extras *extras)
{
    size_t at = 0;
    int error = 0;

    while (!error && length - at >= sizeof(struct control_header)) {
        struct control_header header;

        memcpy(&header, row + at, sizeof(header));
        if (header.length < sizeof(header) || header.length > length - at)
            return -EINVAL;
        error = read_one(socket, &header, row + at + sizeof(header), extras);
        if (aligned(header.length) > length - at)
            break;
        at += aligned(header.length);
    }
    return error;
}

int control_message_read(const struct socket *socket, user_address address, size_t length,
                         struct socket_extras *extras)
{
    char few[FEW_BYTES];

    if (length > ROW_LIMIT)
        return -ENOBUFS;
    char *row = length > sizeof(few) ? kmalloc(length) : few;
    int error = row ? copy_from_user(row, address, length) : -ENOMEM;

    if (!error)
        error = read_row(socket, row, length, extras);
    if (!error && extras->files)
        error = files_in_flight_check(files_in_flight_find(extras->files)->count);
    if (row != few)
        kfree(row);
    return error;
}

/* ---- receiving ---- */

/* One message; where it does not fit, as much of it as does. */
static void put(struct control_space *space, int level, int type, const void *data, size_t size)
{
    size_t left = space->length - space->used, whole = sizeof(struct control_header) + size;

    if (left < sizeof(struct control_header)) {
        space->flags |= MSG_CTRUNC;
        return;
    }
    if (left < whole)
        space->flags |= MSG_CTRUNC;
    struct control_header header = { .length = min(whole, left), .level = level, .type = type };
    user_address to = space->address + space->used;

    if (copy_to_user(to, &header, sizeof(header)) < 0 ||
        copy_to_user(to + sizeof(header), data, header.length - sizeof(header)) < 0)
        return;
    space->used += min(aligned(whole), left);
}

static void put_time(const struct socket *socket, int64_t time, struct control_space *space)
{
    int64_t now = wall_clock();

    if (time)
        now -= (int64_t)clock_monotonic() - time;
    int64_t seconds = now / (int64_t)NANOSECONDS_PER_SECOND;
    int64_t rest = now % (int64_t)NANOSECONDS_PER_SECOND;
    int64_t value[2] = { seconds, socket->time_is_precise ? rest : rest / 1000 };

    put(space, SOL_SOCKET, socket->time_is_precise ? SCM_TIMESTAMPNS : SCM_TIMESTAMP, value,
        sizeof(value));
}

/* What comes by netlink comes from the kernel, which is root's, and of no other kind of socket is
 * anything told that its service does not know. */
static void put_credentials(const struct socket *socket, const struct socket_extras *extras,
                            struct control_space *space)
{
    struct control_credentials told = { .pid = 0, .uid = 0, .gid = 0 };

    if (!extras->has_credentials && socket->family != AF_NETLINK)
        return;
    if (extras->has_credentials) {
        told.pid = extras->credentials.pid;
        told.uid = extras->credentials.uid;
        told.gid = extras->credentials.gid;
    }
    put(space, SOL_SOCKET, SCM_CREDENTIALS, &told, sizeof(told));
}

static void put_packet_info(const struct socket *socket, const struct socket_extras *extras,
                            struct control_space *space)
{
    struct in6_pktinfo info6 = { .ipi6_addr = extras->local,
                                 .ipi6_ifindex = (int)extras->interface };
    struct in_pktinfo info = { .ipi_ifindex = (int)extras->interface };

    info.ipi_addr.s_addr = info.ipi_spec_dst.s_addr = extras->local.in6_u.u6_addr32[3];
    if (socket->family == AF_INET)
        put(space, SOL_IP, IP_PKTINFO, &info, sizeof(info));
    else
        put(space, SOL_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
}

static void put_hops(const struct socket *socket, const struct socket_extras *extras,
                     struct control_space *space)
{
    int hops = extras->hop_limit;

    if (socket->family == AF_INET)
        put(space, SOL_IP, IP_TTL, &hops, sizeof(hops));
    else
        put(space, SOL_IPV6, extras->hop_limit_old ? IPV6_2292HOPLIMIT : IPV6_HOPLIMIT, &hops,
            sizeof(hops));
}

static void put_packet_data(const struct socket_extras *extras, struct control_space *space)
{
    put(space, SOL_PACKET, PACKET_AUXDATA, &extras->packet_data, sizeof(extras->packet_data));
}

/* Installs one file and writes its number to the user's memory; the file is the table's then. */
static int give_file(struct file *file, bool close_on_exec, user_address to)
{
    int fd = fd_install(file, 0, close_on_exec);

    if (fd < 0)
        return fd;
    file_get(file); /* the one that the row of files keeps */
    int error = copy_to_user(to, &fd, sizeof(fd));

    if (error)
        fd_close(fd);
    return error;
}

/* As many descriptors as there is room for, in the row and in the table. */
static void put_files(const struct files_in_flight *files, struct control_space *space)
{
    size_t left = space->length - space->used;
    size_t room = left > sizeof(struct control_header)
                      ? (left - sizeof(struct control_header)) / sizeof(int)
                      : 0;
    user_address to = space->address + space->used + sizeof(struct control_header);
    unsigned given = 0;

    while (given < files->count && given < room &&
           give_file(files->files[given], space->close_on_exec, to + given * sizeof(int)) == 0)
        given++;
    if (given < files->count)
        space->flags |= MSG_CTRUNC;
    struct control_header header = { .length = sizeof(header) + given * sizeof(int),
                                     .level = SOL_SOCKET,
                                     .type = SCM_RIGHTS };

    if (given > 0 && copy_to_user(space->address + space->used, &header, sizeof(header)) == 0)
        space->used += min(aligned(header.length), left);
}

void control_message_write(const struct socket *socket, struct socket_extras *extras,
                           struct control_space *space)
{
    if (socket->tells_time)
        put_time(socket, extras->time, space);
    if (extras->has_packet_info)
        put_packet_info(socket, extras, space);
    if (extras->hop_limit >= 0)
        put_hops(socket, extras, space);
    if (extras->has_packet_data)
        put_packet_data(extras, space);
    if (socket->tells_credentials)
        put_credentials(socket, extras, space);
    if (!extras->files)
        return;
    put_files(files_in_flight_find(extras->files), space);
    files_in_flight_drop(extras->files);
    extras->files = NO_FILES;
    in_flight_settle();
}
