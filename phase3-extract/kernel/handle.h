/* Handles: numbers that stand for objects of Core's.
 *
 * A service that is to name such an object later gets no pointer to it but a handle, which says where
 * in a table it stands and how often that place has been taken.  So any number can be looked up:
 * one that was made up, or whose object has gone, stands for nothing. */
#ifndef HANDLE_H
#define HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDLES_PER_CHUNK 256u
#define HANDLE_CHUNKS     1024u

struct handle_place {
    uint64_t handle; /* that stands for the object; 0: the place is free */
    union {
        void *object;
        struct {            /* while it is free */
            uint32_t taken; /* how often it has been */
            uint32_t next;  /* the next free place; 0: there is none */
        };
    };
};

/* All zeros is an empty table, but for its name. */
struct handle_table {
    const char *what; /* its handles stand for, for the log */
    uint32_t size;    /* places that there are; the first is never taken */
    uint32_t free;    /* the first free place; 0: there is none */
    uint64_t refused; /* handles that stood for nothing */
    struct handle_place *chunks[HANDLE_CHUNKS]; /* these never move */
};

/* A handle, never 0, that stands for `object` until handle_close().  -ENOMEM. */
int handle_create(struct handle_table *table, void *object, uint64_t *out);

/* From now on it stands for nothing. */
void handle_close(struct handle_table *table, uint64_t handle);

/* Another handle for the same object; the old one stands for nothing. */
uint64_t handle_renew(struct handle_table *table, uint64_t handle);

/* Somebody has named an object that there is not: it is counted, and the first is reported. */
void handle_refuse(struct handle_table *table);

/* What the handle stands for; false: nothing. */
static inline bool handle_find(const struct handle_table *table, uint64_t handle, void **out)
{
    uint32_t index = (uint32_t)handle;

    if (index >= table->size)
        return false;
    const struct handle_place *place =
        &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];

    if (place->handle != handle)
        return false;
    *out = place->object;
    return true;
}

#endif
