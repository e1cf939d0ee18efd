/* Three arrays in memory.  By the descriptors the driver says where buffers are; in `available` it
 * lists the heads of chains that the device may use; in `used` the device lists those that it has
 * used.  Slot n has descriptors 2n, the header, and 2n + 1, the buffer, so only the latter changes.
 *
 * Numbers in parentheses: Virtual I/O Device (VIRTIO) Version 1.1, OASIS. */
#include "queue.h"

#include <linux/errno.h>

#include <lib/bits.h>

#define DESCRIPTORS_MOST  (2 * VIRTQUEUE_SLOTS_MOST)
#define DESCRIPTORS_LEAST 4

struct virtqueue_descriptor { /* (2.6.5) */
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
#define DESCRIPTOR_NEXT  1u
#define DESCRIPTOR_WRITE 2u /* by the device */

struct virtqueue_available { /* (2.6.6) */
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};
#define AVAILABLE_NO_INTERRUPT 1u

struct virtqueue_used_element { /* (2.6.8) */
    uint32_t id;
    uint32_t length;
};
struct virtqueue_used {
    uint16_t flags;
    uint16_t index;
    struct virtqueue_used_element ring[];
};
#define USED_NO_NOTIFY 1u

#define HEADER_SPACE 16u

/* ---- making one ---- */

/* Where the parts lie in the queue's memory. */
struct layout {
    size_t available, used, headers, size;
};

/* Each ring is followed by one number of the other side's (2.6.6, 2.6.8). */
static struct layout layout_of(uint16_t size)
{
    struct layout layout;

    layout.available = size * sizeof(struct virtqueue_descriptor);
    layout.used = layout.available + sizeof(struct virtqueue_available) + (size + 1u) * 2u;
    layout.used = (layout.used + 3) & ~(size_t)3;
    layout.headers = layout.used + sizeof(struct virtqueue_used) +
                     size * sizeof(struct virtqueue_used_element) + 2;
    layout.headers = (layout.headers + HEADER_SPACE - 1) & ~(size_t)(HEADER_SPACE - 1);
    layout.size = layout.headers + size / 2 * HEADER_SPACE;
    return layout;
}

static void fill_in(struct virtqueue *queue, const struct layout *layout, size_t header)
{
    uint8_t *memory = queue->memory.data;
    uint16_t flags = queue->to_driver ? DESCRIPTOR_WRITE : 0;

    queue->descriptors = queue->memory.data;
    queue->available = (struct virtqueue_available *)(memory + layout->available);
    queue->used = (struct virtqueue_used *)(memory + layout->used);
    queue->used_event = &queue->available->ring[queue->size];
    queue->available_event = (const uint16_t *)&queue->used->ring[queue->size];
    queue->slots = queue->free = queue->size / 2u;
    for (uint16_t slot = 0; slot < queue->slots; slot++) {
        queue->free_slots[slot] = slot;
        queue->descriptors[2 * slot] = (struct virtqueue_descriptor){
            .address = queue->memory.address + layout->headers + slot * HEADER_SPACE,
            .length = (uint32_t)header,
            .flags = flags | DESCRIPTOR_NEXT,
            .next = 2 * slot + 1,
        };
        queue->descriptors[2 * slot + 1].flags = flags;
    }
}

int virtqueue_create(struct virtqueue *queue, struct virtio_device *device, uint16_t number,
                     bool to_driver, size_t header)
{
    uint16_t size = min(virtio_queue_size(device, number), (uint16_t)DESCRIPTORS_MOST);
    struct layout layout = layout_of(size);
    struct virtio_queue_layout addresses;
    int error;

    if (size < DESCRIPTORS_LEAST || !is_power_of_two(size))
        return -ENODEV;
    *queue = (struct virtqueue){
        .device = device, .number = number, .size = size, .to_driver = to_driver
    };
    error = dma_allocate(layout.size, &queue->memory);
    if (error)
        return error;
    fill_in(queue, &layout, header);
    virtqueue_interrupt_after(queue, 0);
    addresses.descriptors = queue->memory.address;
    addresses.available = queue->memory.address + layout.available;
    addresses.used = queue->memory.address + layout.used;
    error = virtio_queue_enable(device, number, size, &addresses, &queue->notify);
    if (error)
        dma_free(&queue->memory);
    return error;
}

void virtqueue_free(struct virtqueue *queue)
{
    dma_free(&queue->memory);
}

/* ---- to the device ---- */

void virtqueue_add(struct virtqueue *queue, uint64_t address, uint32_t length, uint32_t tag)
{
    uint16_t slot = queue->free_slots[--queue->free];
    struct virtqueue_descriptor *buffer = &queue->descriptors[2 * slot + 1];

    buffer->address = address;
    buffer->length = length;
    queue->tags[slot] = tag;
    queue->busy[slot] = true;
    queue->available->ring[queue->filled++ % queue->size] = 2 * slot;
}

/* Does whoever is at `before` and goes to `after` pass `event`? (2.6.7.2) */
static bool passes(uint16_t event, uint16_t before, uint16_t after)
{
    return (uint16_t)(after - event - 1) < (uint16_t)(after - before);
}

void virtqueue_kick(struct virtqueue *queue)
{
    uint16_t before = queue->told;
    bool wanted;

    if (before == queue->filled)
        return;
    __atomic_store_n(&queue->available->index, queue->filled, __ATOMIC_RELEASE);
    queue->told = queue->filled;
    dma_fence(); /* the index, before its wish is read (2.6.13.4.1) */
    if (queue->device->features & VIRTIO_EVENT_INDEX)
        wanted = passes(__atomic_load_n(queue->available_event, __ATOMIC_RELAXED), before,
                        queue->filled);
    else
        wanted = !(__atomic_load_n(&queue->used->flags, __ATOMIC_RELAXED) & USED_NO_NOTIFY);
    if (wanted)
        virtio_notify(queue->device, queue->notify, queue->number);
}

/* ---- from the device ---- */

static bool is_empty(const struct virtqueue *queue)
{
    return __atomic_load_n(&queue->used->index, __ATOMIC_ACQUIRE) == queue->taken;
}

/* The wish goes along with what is taken: the device looks only whether it passes that position.
 * Where it has done so just now, nobody was told: so one more look is needed. */
static void wish_to_be_told(struct virtqueue *queue, uint16_t event)
{
    __atomic_store_n(queue->used_event, event, __ATOMIC_RELAXED);
    dma_fence();
}

int virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *length)
{
    if (is_empty(queue) && queue->each_is_told && *queue->used_event != queue->taken)
        wish_to_be_told(queue, queue->taken);
    if (is_empty(queue))
        return -EAGAIN;

    uint16_t ready = queue->used->index - queue->taken;
    struct virtqueue_used_element used = queue->used->ring[queue->taken % queue->size];
    uint32_t slot = used.id / 2;
    if (ready > queue->slots - queue->free || used.id % 2 || slot >= queue->slots ||
        !queue->busy[slot])
        return -EIO;
    queue->taken++;
    queue->busy[slot] = false;
    queue->free_slots[queue->free++] = (uint16_t)slot;
    *tag = queue->tags[slot];
    *length = used.length;
    return 0;
}

/* A position that is half way round is as far away as can be. */
void virtqueue_interrupt_after(struct virtqueue *queue, uint16_t count)
{
    queue->each_is_told = count == 1;
    queue->available->flags = count ? 0 : AVAILABLE_NO_INTERRUPT;
    wish_to_be_told(queue, queue->taken + (count ? count - 1u : 1u << 15));
}
