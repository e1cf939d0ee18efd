/* What the kernel is told of Unix sockets. */
#ifndef UNIX_SERVICE_H
#define UNIX_SERVICE_H

#include <net/socket_ops.h>

extern const struct socket_ops unix_socket_ops;

#endif
