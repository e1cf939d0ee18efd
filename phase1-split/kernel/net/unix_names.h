/* The names of Unix sockets: in the file system, and abstract ones.  unix(7). */
#ifndef NET_UNIX_NAMES_H
#define NET_UNIX_NAMES_H

#include <net/socket.h>

/* Enters the socket under this name, which is completed as getsockname(2) will tell it.  An address
 * of a family alone asks for any abstract name.  -EINVAL (no such address; has a name already),
 * -EADDRINUSE, -ENOMEM and what a path name may bring. */
int unix_name_bind(struct socket *socket, struct socket_address *address);

/* Gives the socket an abstract name if it has none. */
int unix_name_ensure(struct socket *socket);

/* The socket of this name, to be sent to or connected to from one of type `type`.  -EINVAL,
 * -ECONNREFUSED, -EPROTOTYPE (it is of another type), -EACCES and what a path name may bring. */
int unix_name_find(const struct socket_address *address, int type, struct socket **out);

/* `socket` was accepted by `listener`, and is called like it. */
void unix_name_share(struct socket *socket, const struct socket *listener);

/* The socket goes, and its name with it; what it has in the file system stays. */
void unix_name_release(struct socket *socket);

#endif
