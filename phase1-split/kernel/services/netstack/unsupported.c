/* What datagrams cannot do, and what neither packets nor messages of netlink can. */
#include "unsupported.h"

#include <linux/errno.h>

int unsupported_connect(socket_handle socket, const struct socket_address *address,
                        socket_handle peer, const struct socket_credentials *credentials)
{
    (void)socket;
    (void)address;
    (void)peer;
    (void)credentials;
    return -EOPNOTSUPP;
}

int unsupported_connect_result(socket_handle socket)
{
    (void)socket;
    return -EOPNOTSUPP;
}

int unsupported_listen(socket_handle socket, int backlog,
                       const struct socket_credentials *credentials)
{
    (void)socket;
    (void)backlog;
    (void)credentials;
    return -EOPNOTSUPP;
}

int unsupported_accept(socket_handle socket, const struct socket_origin *origin, socket_handle *out,
                       struct socket_address *peer)
{
    (void)socket;
    (void)origin;
    (void)out;
    (void)peer;
    return -EOPNOTSUPP;
}

int unsupported_shutdown(socket_handle socket, int how)
{
    (void)socket;
    (void)how;
    return -EOPNOTSUPP;
}
