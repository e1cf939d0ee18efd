/* getsockopt(2) and setsockopt(2): the options that Core keeps, and the way to the service's. */
#include <net/socket.h>

#include <linux/errno.h>
#include <linux/filter.h>
#include <linux/time_types.h>

#include <lib/bits.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <process/process.h>

#define OPTION_SIZE 256u /* bytes of one that a service is asked for */

#define MICROSECONDS_PER_SECOND 1000000
#define TIMEOUT_LIMIT           (INT64_MAX / (int64_t)NANOSECONDS_PER_SECOND) /* longer is for ever */
#define LINGER_LIMIT            (1u << 30)                                    /* seconds */

/* SO_LINGER's value: struct linger of socket(7). */
struct linger_option {
    int32_t on, seconds;
};

/* ---- time-outs ---- */

static int set_timeout(uint64_t *timeout, user_address value, size_t length)
{
    struct __kernel_sock_timeval time;

    if (length < sizeof(time))
        return -EINVAL;
    if (copy_from_user(&time, value, sizeof(time)) < 0)
        return -EFAULT;
    if (time.tv_usec < 0 || time.tv_usec >= MICROSECONDS_PER_SECOND)
        return -EDOM;
    if (time.tv_sec < 0)
        *timeout = 1; /* over before it begins, as Linux has it */
    else if (time.tv_sec >= TIMEOUT_LIMIT)
        *timeout = 0;
    else
        *timeout = (uint64_t)time.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)time.tv_usec * 1000;
    return 0;
}

static struct __kernel_sock_timeval timeout_value(uint64_t timeout)
{
    return (struct __kernel_sock_timeval){
        .tv_sec = (int64_t)(timeout / NANOSECONDS_PER_SECOND),
        .tv_usec = (int64_t)(timeout % NANOSECONDS_PER_SECOND / 1000),
    };
}

/* ---- setting ---- */

static int set_linger(struct socket *socket, user_address value, size_t length)
{
    struct linger_option linger;

    if (length < sizeof(linger))
        return -EINVAL;
    if (copy_from_user(&linger, value, sizeof(linger)) < 0)
        return -EFAULT;
    int error =
        socket->ops->set_option(socket->handle, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));

    if (!error)
        socket->linger = linger.on ? min((uint32_t)linger.seconds, LINGER_LIMIT) : 0;
    return error;
}

/* What only root may set. */
static bool is_privileged(int name, int value)
{
    switch (name) {
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
    case SO_MARK:
        return true;
    case SO_PRIORITY:
        return value < 0 || value > 6;
    default:
        return false;
    }
}

static int set_by_service(struct socket *socket, int level, int name, user_address value,
                          size_t length)
{
    char copy[OPTION_SIZE] __attribute__((aligned(16)));
    size_t size = min(length, sizeof(copy));

    if (copy_from_user(copy, value, size) < 0)
        return -EFAULT;
    return socket->ops->set_option(socket->handle, level, name, copy, size);
}

/* SO_ATTACH_FILTER, whose value says where the program is: the service gets the program. */
static int attach_filter(struct socket *socket, user_address value, size_t length)
{
    struct {
        uint16_t count;
        user_address program;
    } said; /* struct sock_fprog of linux/filter.h */

    if (length != sizeof(said))
        return -EINVAL;
    if (copy_from_user(&said, value, sizeof(said)) < 0)
        return -EFAULT;
    if (said.count == 0 || said.count > BPF_MAXINSNS)
        return -EINVAL;
    size_t size = said.count * sizeof(struct sock_filter);
    struct sock_filter *program = kmalloc(size);

    if (!program)
        return -ENOMEM;
    int error = copy_from_user(program, said.program, size);

    if (!error)
        error =
            socket->ops->set_option(socket->handle, SOL_SOCKET, SO_ATTACH_FILTER, program, size);
    kfree(program);
    return error;
}

static void set_time_telling(struct socket *socket, bool on, bool precise)
{
    socket->tells_time = on;
    socket->time_is_precise = on && precise;
}

/* One of SOL_SOCKET whose value begins with the int `number`. */
static int set_common(struct socket *socket, int name, int number, user_address value,
                      size_t length)
{
    switch (name) {
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
    case SO_ACCEPTCONN:
        return -ENOPROTOOPT;
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
        return set_timeout(&socket->receive_timeout, value, length);
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
        return set_timeout(&socket->send_timeout, value, length);
    case SO_RCVLOWAT:
        socket->receive_least = number < 0 ? INT32_MAX : max((size_t)number, (size_t)1);
        return 0;
    case SO_PASSCRED:
        socket->tells_credentials = number != 0;
        return 0;
    case SO_TIMESTAMP_OLD:
    case SO_TIMESTAMPNS_OLD:
        set_time_telling(socket, number != 0, name == SO_TIMESTAMPNS_OLD);
        return 0;
    case SO_ATTACH_FILTER:
        return attach_filter(socket, value, length);
    case SO_LINGER:
        return set_linger(socket, value, length);
    case SO_DEBUG:
        return number && !process_privileged() ? -EACCES : 0;
    default:
        if (is_privileged(name, number) && !process_privileged())
            return -EPERM;
        return set_by_service(socket, SOL_SOCKET, name, value, length);
    }
}

int socket_set_option(struct socket *socket, int level, int name, user_address value, int length)
{
    int number;

    if (level != SOL_SOCKET && socket->family == AF_UNIX)
        return -EOPNOTSUPP; /* no protocol is below it that could have any */
    if (level != SOL_SOCKET || name == SO_BINDTODEVICE)
        return set_by_service(socket, level, name, value, (size_t)length);
    if ((size_t)length < sizeof(number))
        return -EINVAL;
    if (copy_from_user(&number, value, sizeof(number)) < 0)
        return -EFAULT;
    return set_common(socket, name, number, value, (size_t)length);
}

/* ---- getting ---- */

/* The value of what Core keeps, as an int.  False: it is none of these. */
static bool get_number(const struct socket *socket, int name, int *number)
{
    switch (name) {
    case SO_TYPE:
        *number = socket->type;
        return true;
    case SO_DOMAIN:
        *number = socket->family;
        return true;
    case SO_PROTOCOL:
        *number = socket->protocol;
        return true;
    case SO_ACCEPTCONN:
        *number = socket->listening;
        return true;
    case SO_RCVLOWAT:
        *number = (int)socket->receive_least;
        return true;
    case SO_SNDLOWAT:
        *number = 1;
        return true;
    case SO_PASSCRED:
        *number = socket->tells_credentials;
        return true;
    case SO_TIMESTAMP_OLD:
        *number = socket->tells_time && !socket->time_is_precise;
        return true;
    case SO_TIMESTAMPNS_OLD:
        *number = socket->tells_time && socket->time_is_precise;
        return true;
    case SO_DEBUG:
        *number = 0;
        return true;
    default:
        return false;
    }
}

/* The value into `copy`, `*length` bytes of it, as much as the user has room for. */
static int get_value(struct socket *socket, int level, int name, void *copy, size_t *length)
{
    int *number = copy;
    struct __kernel_sock_timeval *time = copy;

    if (level != SOL_SOCKET && socket->family == AF_UNIX)
        return -EOPNOTSUPP;
    if (level == SOL_SOCKET && get_number(socket, name, number)) {
        *length = min(*length, sizeof(*number));
        return 0;
    }
    if (level != SOL_SOCKET || (name != SO_RCVTIMEO_OLD && name != SO_RCVTIMEO_NEW &&
                                name != SO_SNDTIMEO_OLD && name != SO_SNDTIMEO_NEW))
        return socket->ops->get_option(socket->handle, level, name, copy, length);
    *time =
        timeout_value(name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW ? socket->receive_timeout
                                                                         : socket->send_timeout);
    *length = min(*length, sizeof(*time));
    return 0;
}

int socket_get_option(struct socket *socket, int level, int name, user_address value,
                      user_address length)
{
    char copy[OPTION_SIZE] __attribute__((aligned(16)));
    int32_t room;

    if (copy_from_user(&room, length, sizeof(room)) < 0)
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    size_t size = min((size_t)room, sizeof(copy));
    int error = get_value(socket, level, name, copy, &size);

    if (error)
        return error;
    room = (int32_t)size;
    if (copy_to_user(value, copy, size) < 0 || copy_to_user(length, &room, sizeof(room)) < 0)
        return -EFAULT;
    return 0;
}
