/* All memory of the stack: counted, and bounded by a share of the machine's, so that no traffic
 * can take what programs need.
 *
 * Data (what programs send and what arrives) may take three quarters of it; the rest is for what
 * leads to data being freed: acknowledgements, connections being closed. */
#include "netstack.h"

#include <platform/heap.h>
#include <platform/log.h>
#include <platform/memory.h>
#include <platform/page.h>
#include <service.h>

#include <lwip/mem.h>

#define SHARE 4 /* of the machine's memory */

/* In front of every piece; keeps the 16-byte alignment of kmalloc(). */
struct piece {
    size_t size; /* this header included */
    size_t unused;
};

static size_t used, most;

size_t netstack_memory_used(void)
{
    return used;
}

/* How many there may be. */
static size_t memory_most(void)
{
    if (most == 0) {
        struct frame_statistics frames;

        frame_statistics(&frames);
        most = frames.total * PAGE_SIZE / SHARE;
    }
    return most;
}

bool netstack_memory_tight(void)
{
    return used > memory_most() / 4 * 3;
}

void *netstack_allocate(size_t size)
{
    struct piece *piece;

    size += sizeof(*piece);
    if (used + size > memory_most())
        return NULL;
    piece = kmalloc(size);
    if (!piece)
        return NULL;
    piece->size = size;
    used += size;
    return piece + 1;
}

void *netstack_allocate_zeros(size_t count, size_t size)
{
    void *memory;

    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    memory = netstack_allocate(count * size);
    if (memory)
        memset(memory, 0, count * size);
    return memory;
}

void netstack_free(void *memory)
{
    struct piece *piece = memory;

    if (!memory)
        return;
    piece--;
    used -= piece->size;
    kfree(piece);
}

void *netstack_block_allocate(size_t size)
{
    void *block = used + size > memory_most() ? NULL : kmalloc(size);

    used += block ? size : 0;
    return block;
}

void netstack_block_free(void *block, size_t size)
{
    used -= size;
    kfree(block);
}

_Noreturn void netstack_broken(const char *text)
{
    service_panic("netstack", text);
}
