/* A queue of bytes in memory of the caller's.
 *
 * Safe for one producer and one consumer without a lock, also when one of them is an interrupt
 * handler: each side writes only its own index, after it has finished with the bytes. */
#ifndef LIB_RING_BUFFER_H
#define LIB_RING_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct ring_buffer {
    uint8_t *data; /* the caller's, `size` bytes */
    size_t size;   /* a power of two */
    size_t head;   /* bytes ever put; written by the producer only */
    size_t tail;   /* bytes ever taken; written by the consumer only */
};

/* `size` is a power of two; `data` must outlive the ring. */
void ring_buffer_init(struct ring_buffer *ring, void *data, size_t size);

/* Bytes that can be taken (asked by the consumer: at least so many) and put (by the producer: at
 * least).  Nobody else may ask while both sides are at work. */
size_t ring_buffer_used(const struct ring_buffer *ring);
size_t ring_buffer_room(const struct ring_buffer *ring);

/* Producer: appends up to `size` bytes and returns how many fitted. */
size_t ring_buffer_put(struct ring_buffer *ring, const void *data, size_t size);

/* Consumer: takes up to `size` bytes and returns how many there were. */
size_t ring_buffer_get(struct ring_buffer *ring, void *data, size_t size);

/* Consumer: like ring_buffer_get(), but the bytes stay. */
size_t ring_buffer_peek(const struct ring_buffer *ring, void *data, size_t size);

/* Consumer: drops up to `size` bytes and returns how many there were. */
size_t ring_buffer_skip(struct ring_buffer *ring, size_t size);

/* Producer: 1 if the byte was put, 0 if there was no room.  Calls nothing. */
int ring_buffer_put_byte(struct ring_buffer *ring, uint8_t byte);

#endif
