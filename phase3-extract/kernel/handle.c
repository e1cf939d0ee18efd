/* Tables of handles.  They grow by chunks and do not shrink: 16 bytes for each object that there ever
 * was at a time. */
#include <handle.h>

#include <linux/errno.h>

#include <platform/heap.h>
#include <platform/log.h>

static struct handle_place *place_at(const struct handle_table *table, uint32_t index)
{
    return &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];
}

static void add_free(struct handle_table *table, uint32_t index, uint32_t taken)
{
    struct handle_place *place = place_at(table, index);

    place->handle = 0;
    place->taken = taken;
    place->next = table->free;
    table->free = index;
}

static int grow(struct handle_table *table)
{
    uint32_t chunk = table->size / HANDLES_PER_CHUNK, first = table->size;

    if (chunk == HANDLE_CHUNKS)
        return -ENOMEM;
    table->chunks[chunk] = kmalloc(HANDLES_PER_CHUNK * sizeof(struct handle_place));
    if (!table->chunks[chunk])
        return -ENOMEM;
    table->size += HANDLES_PER_CHUNK;
    for (uint32_t index = table->size; index-- > first;)
        if (index > 0)
            add_free(table, index, 0);
    table->chunks[0]->handle = UINT64_MAX; /* which is of no place: 0 is not found */
    return 0;
}

int handle_create(struct handle_table *table, void *object, uint64_t *out)
{
    int error = table->free ? 0 : grow(table);

    if (error)
        return error;
    uint32_t index = table->free;
    struct handle_place *place = place_at(table, index);

    table->free = place->next;
    place->handle = (uint64_t)(place->taken + 1) << 32 | index;
    place->object = object;
    *out = place->handle;
    return 0;
}

void handle_close(struct handle_table *table, uint64_t handle)
{
    uint32_t index = (uint32_t)handle, taken = (uint32_t)(handle >> 32);

    if (taken < UINT32_MAX)
        add_free(table, index, taken);
    else /* every number that the place can have has been used */
        place_at(table, index)->handle = 0;
}

uint64_t handle_renew(struct handle_table *table, uint64_t handle)
{
    uint32_t index = (uint32_t)handle, taken = (uint32_t)(handle >> 32);
    struct handle_place *place = place_at(table, index);

    place->handle = (uint64_t)(taken < UINT32_MAX ? taken + 1 : 1) << 32 | index;
    return place->handle;
}

void handle_refuse(struct handle_table *table)
{
    if (table->refused++ == 0)
        printk(LOG_WARNING, "a service has named a %s that there is not", table->what);
}
