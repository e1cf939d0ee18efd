/* platform/heap.h on the host: malloc(), counted, and failing when a test asks for it. */
#include <platform/heap.h>

#include <stdlib.h>
#include <string.h>

#include "test.h"

static long allocations_left = -1;
static long blocks;

void heap_fail_after(long count)
{
    allocations_left = count;
}

long heap_blocks(void)
{
    return blocks;
}

void *kmalloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    blocks++;
    return malloc(size);
}

void *kzalloc(size_t size)
{
    void *memory = kmalloc(size);

    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

void kfree(void *memory)
{
    if (memory != NULL)
        blocks--;
    free(memory);
}
