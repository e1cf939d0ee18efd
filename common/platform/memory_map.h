/* Which physical memory is RAM, and which of it nobody has taken yet. */
#ifndef PLATFORM_MEMORY_MAP_H
#define PLATFORM_MEMORY_MAP_H

#include <stddef.h>
#include <stdint.h>

/* Physical addresses, page-aligned, `end` exclusive. */
struct memory_range {
    uint64_t start, end;
};

/* Ranges in ascending order, apart from each other. */
#define MEMORY_MAP_RANGES 128
struct memory_map {
    size_t count;
    struct memory_range ranges[MEMORY_MAP_RANGES];
};

/* All RAM that the firmware reports as available; what of it is free.  The second is the first
 * without what memory_map_reserve() and boot_memory_take() removed. */
extern struct memory_map memory_map_ram;
extern struct memory_map memory_map_free;

/* Building it: every available range first, then every range that is something else (reports
 * overlap on some machines: what is not surely RAM is not used). */
void memory_map_add(uint64_t start, uint64_t end);
void memory_map_exclude(uint64_t start, uint64_t end);

/* Takes [start, end) out of a map. */
void memory_map_cut(struct memory_map *map, uint64_t start, uint64_t end);

/* Takes a range out of the free part: somebody's, but RAM. */
void memory_map_reserve(uint64_t start, uint64_t end);

/* Takes `size` bytes of free memory for good, zeroed, aligned to the page, from what boot.S maps;
 * returns the physical address.  Panics when there is none.  Only before frame_init(). */
uint64_t boot_memory_take(uint64_t size);

#endif
