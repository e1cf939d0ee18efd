/* What the kernel is told of tmpfs. */
#ifndef TMPFS_SERVICE_H
#define TMPFS_SERVICE_H

#include <fs/vfs.h>

extern const struct file_system_type tmpfs_type;

#endif
