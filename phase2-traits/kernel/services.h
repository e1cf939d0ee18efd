/* The registry of services: how Core finds what main.c has registered, without naming it.
 *
 * Everything is registered before the first process starts, and stays.  What was incomplete has
 * been refused then, so every table that comes from here can be called without a further look. */
#ifndef SERVICES_H
#define SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <service.h>

struct file_ops; /* fs/vfs.h */

/* Takes a service, which must stay, whole or not at all.  If it is not a proper one the log says what
 * is wrong, and the kernel goes on without it: -EINVAL (a table lacks an operation, no or no plain
 * name, nothing on offer), -EEXIST (the same, or what there can be one of, is registered already),
 * -ENOSPC. */
int service_register(const struct service *service);

/* Calls start() of each service, in the order in which they were registered. */
void services_start(void);

/* Who makes sockets of a kind, and the network stack; NULL: nobody has registered. */
const struct socket_ops *service_sockets(enum socket_kind kind);
const struct network_stack_ops *service_network_stack(void);

/* All Ethernet drivers, in the order in which they were registered. */
const struct ethernet_ops *const *service_drivers(size_t *count);

/* The same look at the operations of a device, which a service registers by itself (fs/device.h).
 * False: the log says what is wrong. */
bool service_device_is_complete(uint64_t number, const struct file_ops *ops);

#endif
