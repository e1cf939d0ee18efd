/* The device table: a short array, because there are few devices and opens are rare. */
#include <fs/device_table.h>

#include <linux/errno.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <param.h>
#include <platform/heap.h>
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

static void look_again(struct timer *timer)
{
    wait_queue_wake(&container_of(timer, struct device_waiters, timer)->queue);
}

static void waiters_free(struct device_waiters *waiters)
{
    timer_cancel(&waiters->timer);
    wait_queue_release(&waiters->queue);
    kfree(waiters);
}

int device_register_service(uint64_t number, const char *name, uint32_t permissions,
                            const struct file_ops *ops, node_handle node)
{
    if (!service_device_is_complete(number, ops))
        return -EINVAL;
    struct device_waiters *waiters = kzalloc(sizeof(*waiters));

    if (!waiters)
        return -ENOMEM;
    wait_queue_init(&waiters->queue);
    waiters->timer.expired = look_again;
    int error = add(&(struct device){ .number = number,
                                      .name = name,
                                      .permissions = permissions,
                                      .ops = ops,
                                      .node = node,
                                      .in_service = true,
                                      .waiters = waiters });

    if (error)
        waiters_free(waiters);
    return error;
}

void device_unregister(uint64_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (devices[i].number == number) {
            if (devices[i].waiters)
                waiters_free(devices[i].waiters);
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

bool device_information(size_t index, struct device_information *out)
{
    const struct device *device = device_at(index);

    if (!device)
        return false;
    *out =
        (struct device_information){ .number = device->number, .permissions = device->permissions };
    if (device->name)
        string_copy(out->name, device->name, sizeof(out->name));
    return true;
}

/* ---- waiting ---- */

struct wait_queue *device_queue(uint64_t number)
{
    const struct device *device = device_find(number);

    return device && device->waiters ? &device->waiters->queue : NULL;
}

int device_wake(uint64_t number, uint64_t when)
{
    const struct device *device = device_find(number);

    if (!device || !device->waiters)
        return -ENODEV;
    struct timer *timer = &device->waiters->timer;

    return timer->place && timer->deadline <= when ? 0 : timer_start(timer, when);
}
