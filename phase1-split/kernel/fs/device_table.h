/* The device table, Core's side: devices of its own, and the way from a number to operations. */
#ifndef FS_DEVICE_TABLE_H
#define FS_DEVICE_TABLE_H

#include <fs/device.h>

/* As device_register_service() of fs/device.h, for operations of Core's own. */
int device_register(uint64_t number, const char *name, uint32_t permissions,
                    const struct file_ops *ops, node_handle node);

/* Opens of this number fail from now on; what is open stays open. */
void device_unregister(uint64_t number);

const struct device *device_find(uint64_t number); /* NULL: none */

#endif
