/* A split virtqueue (2.6 of the virtio specification) whose every chain is a header and a buffer. */
#ifndef VIRTIO_NET_QUEUE_H
#define VIRTIO_NET_QUEUE_H

#include <platform/dma.h>

#include "pci.h"

#define VIRTQUEUE_SLOTS_MOST 128u

struct virtqueue_descriptor;
struct virtqueue_available;
struct virtqueue_used;

/* Positions count for ever, modulo 2^16. */
struct virtqueue {
    struct virtio_device *device;
    struct dma_memory memory; /* all that the device sees */
    struct virtqueue_descriptor *descriptors;
    struct virtqueue_available *available;
    struct virtqueue_used *used;
    uint16_t *used_event; /* with VIRTIO_EVENT_INDEX: interrupt when past this position */
    const uint16_t *available_event; /* and the device's wish, likewise */
    uint16_t number, size;           /* size: in descriptors */
    size_t notify;                   /* for virtio_notify() */
    bool to_driver;                  /* the device writes the chains */
    bool each_is_told;               /* the device is to interrupt for each */

    uint16_t filled; /* chains made available */
    uint16_t told;   /* as many as the device has been told of */
    uint16_t taken;  /* chains taken back */

    unsigned slots, free; /* free: the first so many of free_slots[] */
    uint16_t free_slots[VIRTQUEUE_SLOTS_MOST];
    bool busy[VIRTQUEUE_SLOTS_MOST]; /* the device has the slot's chain */
    uint32_t tags[VIRTQUEUE_SLOTS_MOST];
};

/* Makes queue `number` of a device that is not started yet.  `header`: bytes before each buffer, at
 * most 16, zeros.  0, -ENOMEM, -EIO, -ENODEV: the device has no such queue. */
int virtqueue_create(struct virtqueue *queue, struct virtio_device *device, uint16_t number,
                     bool to_driver, size_t header);

/* The device must have been reset. */
void virtqueue_free(struct virtqueue *queue);

static inline bool virtqueue_full(const struct virtqueue *queue)
{
    return queue->free == 0;
}

/* Makes a buffer available in a queue that is not full.  The device hears of it by
 * virtqueue_kick(). */
void virtqueue_add(struct virtqueue *queue, uint64_t address, uint32_t length, uint32_t tag);
void virtqueue_kick(struct virtqueue *queue);

/* A buffer that the device has used, and how many bytes it says it has written, header included.
 * -EAGAIN: none.  -EIO: the device says what cannot be. */
int virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *length);

/* The device is to interrupt when it has used `count` buffers more (or each of them: only
 * VIRTIO_EVENT_INDEX can count); 1: from now on for each; 0: not at all, as nearly as it can be
 * told.  What is used already may not be told of: take it. */
void virtqueue_interrupt_after(struct virtqueue *queue, uint16_t count);

#endif
