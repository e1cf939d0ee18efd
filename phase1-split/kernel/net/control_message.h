/* Ancillary data as programs see it: a row of headers with data behind each (cmsg(3)). */
#ifndef NET_CONTROL_MESSAGE_H
#define NET_CONTROL_MESSAGE_H

#include <net/socket.h>

/* Where a received row goes. */
struct control_space {
    user_address address;
    size_t length;      /* bytes in all */
    size_t used;        /* how many have been written */
    unsigned flags;     /* MSG_CTRUNC: not all had room */
    bool close_on_exec; /* of received descriptors: MSG_CMSG_CLOEXEC */
};

/* What a row of `length` bytes in the user's memory asks for, into `extras`; files among them are
 * the caller's then.  -EINVAL, -EFAULT, -ENOBUFS, -EBADF, -EPERM, -ETOOMANYREFS, -ENOMEM. */
int control_message_read(const struct socket *socket, user_address row, size_t length,
                         struct socket_extras *extras);

/* Tells what has come with a message; its files are installed, or dropped. */
void control_message_write(const struct socket *socket, struct socket_extras *extras,
                           struct control_space *space);

#endif
