/* unix: sockets between programs of this machine. */
#include <service.h>

#include <unix/service.h>

const struct service unix_service = {
    .name = "unix",
    .sockets[SOCKET_UNIX] = &unix_socket_ops,
};
