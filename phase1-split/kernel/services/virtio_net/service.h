/* What the kernel is told of this driver. */
#ifndef VIRTIO_NET_SERVICE_H
#define VIRTIO_NET_SERVICE_H

#include <net/driver.h>

extern const struct ethernet_ops virtio_net_ops;

#endif
