/* The device table: a short array, because there are few devices and opens are rare. */
#include <fs/device_table.h>

#include <linux/errno.h>

#include <param.h>
#include <services.h>

static struct device devices[DEVICE_LIMIT + PTY_LIMIT];
static size_t count;

static int add(const struct device *device)
{
    if (device_find(device->number))
        return -EEXIST;
    if (count == sizeof(devices) / sizeof(devices[0]))
        return -ENOSPC;
    devices[count++] = *device;
    return 0;
}

int device_register(uint64_t number, const char *name, uint32_t permissions,
                    const struct file_ops *ops, node_handle node)
{
    return add(&(struct device){
        .number = number, .name = name, .permissions = permissions, .ops = ops, .node = node });
}

int device_register_service(uint64_t number, const char *name, uint32_t permissions,
                            const struct file_ops *ops, node_handle node)
{
    if (!service_device_is_complete(number, ops))
        return -EINVAL;
    return add(&(struct device){ .number = number,
                                 .name = name,
                                 .permissions = permissions,
                                 .ops = ops,
                                 .node = node,
                                 .in_service = true });
}

void device_unregister(uint64_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (devices[i].number == number) {
            devices[i] = devices[--count];
            return;
        }
    }
}

const struct device *device_find(uint64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (devices[i].number == number)
            return &devices[i];
    return NULL;
}

const struct device *device_at(size_t index)
{
    return index < count ? &devices[index] : NULL;
}
