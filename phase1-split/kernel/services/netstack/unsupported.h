/* Operations of net/socket_ops.h for kinds of sockets that have no such thing: each says -EOPNOTSUPP. */
#ifndef NETSTACK_UNSUPPORTED_H
#define NETSTACK_UNSUPPORTED_H

#include <net/socket_ops.h>

int unsupported_connect(socket_handle socket, const struct socket_address *address,
                        socket_handle peer, const struct socket_credentials *credentials);
int unsupported_connect_result(socket_handle socket);
int unsupported_listen(socket_handle socket, int backlog,
                       const struct socket_credentials *credentials);
int unsupported_accept(socket_handle socket, const struct socket_origin *origin, socket_handle *out,
                       struct socket_address *peer);
int unsupported_shutdown(socket_handle socket, int how);

#endif
