/* Virtio 1.x over PCI: how a device is found, spoken to and told where its queues are. */
#ifndef VIRTIO_NET_PCI_H
#define VIRTIO_NET_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <platform/registers.h>

#define VIRTIO_VENDOR 0x1af4

/* Feature bits that belong to no kind of device (6). */
#define VIRTIO_EVENT_INDEX ((uint64_t)1 << 29)
#define VIRTIO_VERSION_1   ((uint64_t)1 << 32)

/* A part of the device's registers; whoever uses it has seen that it is long enough. */
struct virtio_region {
    struct registers *registers; /* NULL: there is no such region */
    size_t offset, length;       /* bytes */
};

struct virtio_device {
    struct virtio_region common, notify, interrupt, specific;
    uint32_t notify_multiplier;
    uint64_t features; /* negotiated ones */
};

/* Finds and maps the regions; the device's own one has at least `specific_size` bytes.  -ENODEV: it
 * is not of version 1. */
int virtio_find(const struct pci_device *pci, size_t specific_size, struct virtio_device *out);

/* The device forgets everything, and uses no queue any more.  0 or -EIO. */
int virtio_reset(const struct virtio_device *device);

/* Of a device that has been reset: chooses from `features` what the device offers, too.  -ENODEV: it
 * does not speak version 1, or does not agree. */
int virtio_negotiate(struct virtio_device *device, uint64_t features);

/* The driver is ready: the device may begin. */
void virtio_start(const struct virtio_device *device);

/* Acknowledges the interrupt.  `*changed`: the device's configuration may have.  -EIO: the device
 * has broken down, or is not there any more. */
int virtio_acknowledge(const struct virtio_device *device, bool *changed);

/* Reads the device's own configuration. */
uint8_t virtio_specific8(const struct virtio_device *device, size_t offset);
uint16_t virtio_specific16(const struct virtio_device *device, size_t offset);

/* How many descriptors queue `number` can have; 0: there is no such queue. */
uint16_t virtio_queue_size(const struct virtio_device *device, uint16_t number);

/* Bus addresses of the parts of a queue. */
struct virtio_queue_layout {
    uint64_t descriptors, available, used;
};

/* Tells the device of the queue, which it may use from virtio_start() on, and where it is notified:
 * *`notify` is for virtio_notify().  -EIO: nowhere. */
int virtio_queue_enable(const struct virtio_device *device, uint16_t number, uint16_t size,
                        const struct virtio_queue_layout *layout, size_t *notify);

void virtio_notify(const struct virtio_device *device, size_t notify, uint16_t number);

#endif
