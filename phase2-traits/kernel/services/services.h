/* The services that this kernel is made of, for main.c, which registers them by name.  Nobody else
 * includes this. */
#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

#include <service.h>

extern const struct service tmpfs_service, devfs_service, devpts_service, procfs_service,
    initramfs_service, netstack_service, unix_service, e1000_service, virtio_net_service;

#endif
