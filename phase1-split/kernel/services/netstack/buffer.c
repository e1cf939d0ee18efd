/* The one copy that data makes on its way into the stack, and the one on its way out.
 *
 * Little data lies in one piece with room for its headers.  Much data lies in blocks of its own,
 * powers of two, so that the heap loses nothing in rounding; a small piece for the headers stands
 * before them. */
#include "buffer.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/mem.h>

#include "netstack.h"

#define TOGETHER    1900u  /* bytes that go with their headers into 2 KiB */
#define BLOCK_MOST  32768u /* bytes of one block */
#define BLOCK_LEAST 4096u  /* with memory in pieces, blocks become smaller, down to this */

/* Data outside of its packet buffer. */
struct block {
    struct pbuf_custom custom;
    void *data;
    size_t size;
};

static void block_free(struct pbuf *pbuf)
{
    struct block *block = container_of(pbuf, struct block, custom.pbuf);

    netstack_block_free(block->data, block->size);
    mem_free(block);
}

/* An empty block for `size` bytes, or for the first of them.  NULL: no memory. */
static struct pbuf *block_create(size_t size)
{
    struct block *block = mem_malloc(sizeof(*block));

    if (!block)
        return NULL;
    block->size = min(size, (size_t)BLOCK_MOST);
    block->data = netstack_block_allocate(block->size);
    while (!block->data && block->size > BLOCK_LEAST) {
        block->size = block->size > 2 * BLOCK_LEAST ? block->size / 2 : BLOCK_LEAST;
        block->data = netstack_block_allocate(block->size);
    }
    if (!block->data) {
        mem_free(block);
        return NULL;
    }
    block->custom.custom_free_function = block_free;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)block->size, PBUF_REF, &block->custom, block->data,
                               (u16_t)block->size);
}

static int take(struct user_buffer *from, struct pbuf *piece, size_t size)
{
    return user_buffer_take(from, piece->payload, size) == size ? 0 : -EFAULT;
}

static int take_together(struct user_buffer *from, size_t size, pbuf_layer layer, uint16_t *spare,
                         struct pbuf **out)
{
    struct pbuf *packet = pbuf_alloc(layer, (u16_t)(size + *spare), PBUF_RAM);

    if (!packet)
        return -ENOBUFS;
    if (take(from, packet, size)) {
        pbuf_free(packet);
        return -EFAULT;
    }
    packet->len = packet->tot_len = (u16_t)size;
    *out = packet;
    return 0;
}

static int take_blocks(struct user_buffer *from, size_t size, pbuf_layer layer, struct pbuf **out)
{
    struct pbuf *packet = NULL;
    size_t left = size;
    int error = 0;

    if (layer != PBUF_RAW) {
        packet = pbuf_alloc(layer, 0, PBUF_RAM);
        if (!packet)
            return -ENOBUFS;
    }
    while (left > 0 && !error) {
        struct pbuf *block = block_create(left);

        if (!block) {
            error = -ENOBUFS;
            break;
        }
        error = take(from, block, block->len);
        left -= block->len;
        if (packet)
            pbuf_cat(packet, block);
        else
            packet = block;
    }
    if (error && packet)
        pbuf_free(packet);
    else if (!error)
        *out = packet;
    return error;
}

int buffer_take(struct user_buffer *from, size_t size, pbuf_layer layer, uint16_t *spare,
                struct pbuf **out)
{
    struct user_buffer before = *from;
    int error;

    if (netstack_memory_tight())
        return -ENOBUFS;
    if (size + *spare > TOGETHER)
        *spare = 0;
    if (size <= TOGETHER)
        error = take_together(from, size, layer, spare, out);
    else
        error = take_blocks(from, size, layer, out);
    if (error)
        *from = before;
    return error;
}

size_t buffer_put(struct user_buffer *to, const struct pbuf *packet, size_t offset, size_t size)
{
    size_t moved = 0;

    for (; packet && moved < size; packet = packet->next) {
        size_t part = packet->len, done;

        if (offset >= part) {
            offset -= part;
            continue;
        }
        part = min(part - offset, size - moved);
        done = user_buffer_put(to, (const uint8_t *)packet->payload + offset, part);
        moved += done;
        if (done < part)
            break;
        offset = 0;
    }
    return moved;
}
