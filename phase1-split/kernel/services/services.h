/* The services that this kernel is built with: what main.c registers by name, sys_socket.c chooses
 * from, and network.c starts. */
#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

#include <services/devfs/service.h>
#include <services/devpts/service.h>
#include <services/e1000/service.h>
#include <services/initramfs/service.h>
#include <services/netstack/service.h>
#include <services/procfs/service.h>
#include <services/tmpfs/service.h>
#include <services/unix/service.h>
#include <services/virtio_net/service.h>

#endif
