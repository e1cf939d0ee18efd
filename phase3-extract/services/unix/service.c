/* unix: sockets between programs of this machine. */
#include <service.h>

#include "service.h"

const struct service unix_service = {
    .name = "unix",
    .sockets[SOCKET_UNIX] = &unix_socket_ops,
};
