/* What the kernel is told of procfs. */
#ifndef PROCFS_SERVICE_H
#define PROCFS_SERVICE_H

#include <fs/vfs.h>

extern const struct file_system_type procfs_type;

#endif
