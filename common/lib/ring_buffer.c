/* The ring of bytes.  Both indices count up for ever and are cut to the size only when used, so
 * that full and empty differ: `head - tail` is the number of bytes held, wrap-around included.
 *
 * The release store of an index publishes what was done to the bytes before it; the acquire load
 * on the other side sees that work.  On x86 both are plain moves: what they hold back is the
 * compiler. */
#include <lib/ring_buffer.h>

#include <platform/memory.h>

#include <lib/bits.h>

static size_t load_index(const size_t *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store_index(size_t *index, size_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

void ring_buffer_init(struct ring_buffer *ring, void *data, size_t size)
{
    *ring = (struct ring_buffer){ .data = data, .size = size };
}

size_t ring_buffer_used(const struct ring_buffer *ring)
{
    /* Each side's own index stands still while it asks, so the other's can only make the answer
     * too cautious. */
    size_t tail = load_index(&ring->tail);

    return load_index(&ring->head) - tail;
}

size_t ring_buffer_room(const struct ring_buffer *ring)
{
    return ring->size - ring_buffer_used(ring);
}

size_t ring_buffer_put(struct ring_buffer *ring, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t head = ring->head;
    size_t start = head & (ring->size - 1);
    size_t count = min(size, ring->size - (head - load_index(&ring->tail)));
    size_t first = min(count, ring->size - start); /* up to the end of the memory */

    memcpy(ring->data + start, bytes, first);
    memcpy(ring->data, bytes + first, count - first);
    store_index(&ring->head, head + count);
    return count;
}

size_t ring_buffer_peek(const struct ring_buffer *ring, void *data, size_t size)
{
    uint8_t *bytes = data;
    size_t tail = ring->tail;
    size_t start = tail & (ring->size - 1);
    size_t count = min(size, load_index(&ring->head) - tail);
    size_t first = min(count, ring->size - start);

    memcpy(bytes, ring->data + start, first);
    memcpy(bytes + first, ring->data, count - first);
    return count;
}

size_t ring_buffer_skip(struct ring_buffer *ring, size_t size)
{
    size_t tail = ring->tail;
    size_t count = min(size, load_index(&ring->head) - tail);

    store_index(&ring->tail, tail + count);
    return count;
}

size_t ring_buffer_get(struct ring_buffer *ring, void *data, size_t size)
{
    return ring_buffer_skip(ring, ring_buffer_peek(ring, data, size));
}

int ring_buffer_put_byte(struct ring_buffer *ring, uint8_t byte)
{
    size_t head = ring->head;

    if (head - load_index(&ring->tail) == ring->size)
        return 0;
    ring->data[head & (ring->size - 1)] = byte;
    store_index(&ring->head, head + 1);
    return 1;
}
