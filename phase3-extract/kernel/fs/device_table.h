/* The device table, Core's side: devices of its own, and the way from a number to operations. */
#ifndef FS_DEVICE_TABLE_H
#define FS_DEVICE_TABLE_H

#include <fs/device.h>
#include <process/scheduler.h>
#include <process/wait_queue.h>

/* Who waits for a device of a service.  Of Core's own devices the operations name a queue. */
struct device_waiters {
    struct wait_queue queue;
    struct timer timer; /* when they are to look again */
};

struct device {
    uint64_t number;
    const char *name;
    uint32_t permissions;
    const struct file_ops *ops;
    node_handle node;
    bool in_service;
    struct device_waiters *waiters; /* of a service's device; owned */
};

/* As device_register_service() of fs/device.h, for operations of Core's own. */
int device_register(uint64_t number, const char *name, uint32_t permissions,
                    const struct file_ops *ops, node_handle node);

/* Opens of this number fail from now on; what is open stays open. */
void device_unregister(uint64_t number);

const struct device *device_find(uint64_t number); /* NULL: none */
const struct device *device_at(size_t index);      /* NULL past the last */

/* The queue that a service's device is waited for on; NULL if it is none. */
struct wait_queue *device_queue(uint64_t number);

#endif
