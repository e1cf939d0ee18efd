/* What the system calls on sockets share: descriptors, and addresses in the caller's memory. */
#ifndef SYSCALL_SOCKET_ADDRESS_H
#define SYSCALL_SOCKET_ADDRESS_H

#include <net/socket.h>

/* The socket behind a descriptor, to be given back by socket_put().  0, -EBADF, -ENOTSOCK. */
int socket_get(int fd, struct socket **out);
void socket_put(struct socket *socket);

/* 0, -EINVAL (no such length), -EFAULT.  An address that is too short for a family has none. */
int address_read(struct socket_address *address, user_address from, int length);

/* As much of the address as there is room for, and its whole length.  `length` is that of the room
 * going in.  0, -EINVAL, -EFAULT. */
int address_write(const struct socket_address *address, user_address to, user_address length);

#endif
