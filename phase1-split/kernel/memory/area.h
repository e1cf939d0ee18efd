/* The sorted array of areas in a struct vm: for the files of memory/ only. */
#ifndef MEMORY_AREA_H
#define MEMORY_AREA_H

#include <memory/vm.h>

/* The index of the first area that ends above `address`: the one that holds it, or the next. */
unsigned area_index(const struct vm *vm, user_address address);

/* A new area without a place, its file referenced; NULL when memory is short. */
struct vm_area *area_create(struct vm *vm, const struct vm_area *like);

/* Enters an area that overlaps no other.  0 or -ENOMEM, the area then remaining the caller's. */
int area_insert(struct vm *vm, struct vm_area *area);

/* Takes `count` areas from `index` on out and frees them; their pages are unmapped already. */
void area_remove(struct vm *vm, unsigned index, unsigned count);

/* Frees an area that is in no array. */
void area_free(struct vm_area *area);

/* Makes `address`, page-aligned, a border between areas.  0 or -ENOMEM. */
int area_split(struct vm *vm, user_address address);

/* Joins area `index` with the one before it if they are alike and adjacent; true if so. */
bool area_merge(struct vm *vm, unsigned index);

/* Where `length` bytes are free: at `hint` if that suits, else as high as possible below the
 * stack's room.  -ENOMEM. */
int area_find_gap(const struct vm *vm, user_address hint, uint64_t length, user_address *out);

/* What the page tables may allow at once: pages that are to be copied first are not writable, but
 * what can be written can be read. */
static inline unsigned area_mapped_protection(const struct vm_area *area)
{
    unsigned others = area->protection & ~PAGE_WRITE;
    return (area->protection & PAGE_WRITE) ? others | PAGE_READ : others;
}

/* Pages that an area and its file agree on. */
static inline uint64_t area_page_index(const struct vm_area *area, user_address address)
{
    return area->offset + ((address - area->start) >> PAGE_SHIFT);
}

#endif
