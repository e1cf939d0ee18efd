/* What the kernel is told of devfs. */
#ifndef DEVFS_SERVICE_H
#define DEVFS_SERVICE_H

#include <fs/vfs.h>

extern const struct file_system_type devfs_type;

/* Registers /dev/null, zero, full, random, urandom and kmsg.  0 or an errno. */
int devfs_init(void);

#endif
