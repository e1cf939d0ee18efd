/* What the kernel is told of devpts. */
#ifndef DEVPTS_SERVICE_H
#define DEVPTS_SERVICE_H

#include <fs/vfs.h>

extern const struct file_system_type devpts_type;

#endif
