/* virtio_net: the Ethernet device of virtual machines. */
#include <service.h>

#include "service.h"

const struct service virtio_net_service = {
    .name = "virtio_net",
    .ethernet = &virtio_net_ops,
};
