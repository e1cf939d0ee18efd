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

static void add_free(struct handle_table *table, uint32_t index)
{
    place_at(table, index)->next = table->free;
    table->free = index + 1;
}

static int grow(struct handle_table *table)
{
    uint32_t chunk = table->size / HANDLES_PER_CHUNK;

    if (chunk == HANDLE_CHUNKS)
        return -ENOMEM;
    table->chunks[chunk] = kzalloc(HANDLES_PER_CHUNK * sizeof(struct handle_place));
    if (!table->chunks[chunk])
        return -ENOMEM;
    table->size += HANDLES_PER_CHUNK;
    for (uint32_t index = table->size; index-- > table->size - HANDLES_PER_CHUNK;) {
        place_at(table, index)->taken = 1;
        add_free(table, index);
    }
    return 0;
}

static uint64_t handle_of(const struct handle_place *place, uint32_t index)
{
    return (uint64_t)place->taken << 32 | index;
}

int handle_create(struct handle_table *table, void *object, uint64_t *out)
{
    int error = table->free ? 0 : grow(table);

    if (error)
        return error;
    uint32_t index = table->free - 1;
    struct handle_place *place = place_at(table, index);

    table->free = place->next;
    place->object = object;
    *out = handle_of(place, index);
    return 0;
}

void handle_close(struct handle_table *table, uint64_t handle)
{
    struct handle_place *place = place_at(table, (uint32_t)handle);

    place->object = NULL;
    if (++place->taken) /* else every number that it can have has been used */
        add_free(table, (uint32_t)handle);
}

uint64_t handle_renew(struct handle_table *table, uint64_t handle)
{
    struct handle_place *place = place_at(table, (uint32_t)handle);

    if (++place->taken == 0)
        place->taken = 1;
    return handle_of(place, (uint32_t)handle);
}

void handle_refuse(struct handle_table *table)
{
    if (table->refused++ == 0)
        printk(LOG_WARNING, "a service has named a %s that there is not", table->what);
}
