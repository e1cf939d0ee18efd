/* The services that this kernel is built with.  main.c registers the types by name and calls
 * devfs_init(); mount(2) finds the rest. */
#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

#include <stddef.h>

#include <fs/vfs.h>
#include <net/driver.h>
#include <net/socket_ops.h>
#include <net/stack.h>

extern const struct file_system_type tmpfs_type, devfs_type, devpts_type, procfs_type,
    initramfs_type;

/* The kinds of socket. */
extern const struct socket_ops tcp_socket_ops, udp_socket_ops, raw_socket_ops, unix_socket_ops,
    packet_socket_ops, netlink_socket_ops;

/* The network stack. */
extern const struct network_stack_ops lwip_stack_ops;

/* The Ethernet drivers. */
extern const struct ethernet_ops e1000_ops, virtio_net_ops;

/* Registers /dev/null, zero, full, random, urandom and kmsg.  0 or an errno. */
int devfs_init(void);

/* The cpio archive that initramfs mounts from now on (NULL: none; to mount is -ENODEV then).  It
 * is not copied and must stay while such a file system is mounted. */
void initramfs_set_archive(const void *archive, size_t size);

#endif
