/* Physical memory before there is an allocator: two lists of ranges, and cutting pieces out.
 *
 * Firmware reports are not to be trusted in their order, nor to be free of overlap.  So the map is
 * built by adding what is available and then cutting out everything else. */
#include "memory_map.h"

#include <platform/memory.h>
#include <platform/page.h>
#include <platform/panic.h>

#include "layout.h"
#include "paging.h"

struct memory_map memory_map_ram;
struct memory_map memory_map_free;

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void insert_at(struct memory_map *map, size_t index, uint64_t start, uint64_t end)
{
    panic_unless(map->count < MEMORY_MAP_RANGES);
    for (size_t i = map->count; i > index; i--)
        map->ranges[i] = map->ranges[i - 1];
    map->ranges[index] = (struct memory_range){ start, end };
    map->count++;
}

static void delete_at(struct memory_map *map, size_t index)
{
    map->count--;
    for (size_t i = index; i < map->count; i++)
        map->ranges[i] = map->ranges[i + 1];
}

void memory_map_cut(struct memory_map *map, uint64_t start, uint64_t end)
{
    size_t i = 0;
    while (i < map->count) {
        struct memory_range *range = &map->ranges[i];
        if (end <= range->start || range->end <= start) {
            i++;
        } else if (start <= range->start && range->end <= end) {
            delete_at(map, i);
        } else if (start <= range->start) {
            range->start = end;
        } else {
            uint64_t old_end = range->end;
            range->end = start;
            if (end < old_end)
                insert_at(map, i + 1, end, old_end);
            i++;
        }
    }
}

static void map_add(struct memory_map *map, uint64_t start, uint64_t end)
{
    memory_map_cut(map, start, end);
    size_t index = 0;
    while (index < map->count && map->ranges[index].start < start)
        index++;
    insert_at(map, index, start, end);
}

void memory_map_add(uint64_t start, uint64_t end)
{
    start = PAGE_ROUND_UP(start);
    end = PAGE_ROUND_DOWN(lower(end, DIRECT_MAP_SIZE));
    if (start >= end)
        return;
    map_add(&memory_map_ram, start, end);
    map_add(&memory_map_free, start, end);
}

void memory_map_exclude(uint64_t start, uint64_t end)
{
    memory_map_cut(&memory_map_ram, PAGE_ROUND_DOWN(start), PAGE_ROUND_UP(end));
    memory_map_cut(&memory_map_free, PAGE_ROUND_DOWN(start), PAGE_ROUND_UP(end));
}

void memory_map_reserve(uint64_t start, uint64_t end)
{
    memory_map_cut(&memory_map_free, PAGE_ROUND_DOWN(start), PAGE_ROUND_UP(end));
}

/* From the top down: low memory stays whole for what needs contiguous pages. */
uint64_t boot_memory_take(uint64_t size)
{
    size = PAGE_ROUND_UP(size);
    for (size_t i = memory_map_free.count; i-- > 0;) {
        const struct memory_range *range = &memory_map_free.ranges[i];
        uint64_t end = lower(range->end, BOOT_MAP_SIZE);
        if (end <= range->start || end - range->start < size)
            continue;
        memory_map_reserve(end - size, end);
        memset(physical_to_direct(end - size), 0, size);
        return end - size;
    }
    panic("not enough memory to boot: %llu KiB in one piece are wanted",
          (unsigned long long)size / 1024);
}
