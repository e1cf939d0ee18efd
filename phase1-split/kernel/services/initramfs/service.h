/* What the kernel is told of initramfs. */
#ifndef INITRAMFS_SERVICE_H
#define INITRAMFS_SERVICE_H

#include <fs/vfs.h>

extern const struct file_system_type initramfs_type;

#endif
