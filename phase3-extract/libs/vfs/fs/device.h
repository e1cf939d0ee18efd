/* Device numbers, and the table of character devices as services see it.  Core's side of it is
 * fs/device_table.h. */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

#include <fs/vfs.h>

/* Device numbers are kept as Linux's 64-bit st_rdev encoding. */
static inline uint64_t device_number(uint32_t major, uint32_t minor)
{
    return ((uint64_t)(major & 0xfff) << 8) | (minor & 0xff) | ((uint64_t)(minor & ~0xffu) << 12) |
           ((uint64_t)(major & ~0xfffu) << 32);
}
static inline uint32_t device_major(uint64_t number)
{
    return ((number >> 8) & 0xfff) | (uint32_t)((number >> 32) & ~0xfffull);
}
static inline uint32_t device_minor(uint64_t number)
{
    return (number & 0xff) | (uint32_t)((number >> 12) & ~0xffull);
}

/* Opening a character device node with this number calls ops->open(node).  `name` is for devfs,
 * which shows it with `permissions`; it may be "directory/name", or NULL: devfs does not show it.
 * User memory is made present before each call.  `name` and `ops` must stay.  0, -EEXIST,
 * -EINVAL (an operation is missing), -ENOSPC, -ENOMEM. */
int device_register_service(uint64_t number, const char *name, uint32_t permissions,
                            const struct file_ops *ops, node_handle node);

/* Who waits for a service's device, in read, write or poll, looks again when clock_monotonic() reaches
 * `when`, or at an earlier time that was asked for.  Core keeps the queue, so that the device's
 * operations name none.  0, -ENOMEM, -ENODEV. */
int device_wake(uint64_t number, uint64_t when);

#define DEVICE_NAME 32 /* bytes of a name that are told, a NUL included */

struct device_information {
    uint64_t number;
    uint32_t permissions;
    char name[DEVICE_NAME]; /* "": has none */
};

/* The devices one after the other, from index 0 on; false past the last. */
bool device_information(size_t index, struct device_information *out);

#endif
