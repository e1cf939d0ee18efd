/* The kernel's own page tables: image, direct map, devices, stacks. */
#ifndef PLATFORM_PAGING_H
#define PLATFORM_PAGING_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* Bits of a page-table entry (Intel SDM volume 3, 4.5.4). */
#define ENTRY_PRESENT       ((uint64_t)1 << 0)
#define ENTRY_WRITE         ((uint64_t)1 << 1)
#define ENTRY_USER          ((uint64_t)1 << 2)
#define ENTRY_WRITE_THROUGH ((uint64_t)1 << 3)
#define ENTRY_CACHE_DISABLE ((uint64_t)1 << 4)
#define ENTRY_ACCESSED      ((uint64_t)1 << 5)
#define ENTRY_DIRTY         ((uint64_t)1 << 6)
#define ENTRY_LARGE         ((uint64_t)1 << 7)
#define ENTRY_GLOBAL        ((uint64_t)1 << 8)
#define ENTRY_SOFTWARE      ((uint64_t)1 << 9) /* the first of those that the processor ignores */
#define ENTRY_NO_EXECUTE    ((uint64_t)1 << 63)
#define ENTRY_ADDRESS       0x000ffffffffff000

#define TABLE_ENTRIES 512u

/* Leaves the boot page tables for the final ones.  After memory_map is known and the processor's
 * features are on; before frame_init(). */
void paging_init(void);

/* Where RAM lies in the direct map, and back.  Any RAM, page-table page or device-free hole
 * below the end of RAM; no check is made. */
static inline void *physical_to_direct(uint64_t physical)
{
    return (void *)(physical + DIRECT_MAP_START);
}

static inline uint64_t direct_to_physical(const void *direct)
{
    return (uint64_t)direct - DIRECT_MAP_START;
}

/* Maps a device's registers, uncached, for good.  Any alignment; NULL when memory is short.  Only
 * after heap_init(). */
void *mmio_map(uint64_t physical, size_t size);

/* Maps one page of kernel memory, writable and not executable; 0 or -ENOMEM.  The region is one
 * of layout.h.  kernel_unmap() forgets it again and returns its physical address. */
int kernel_map(uint64_t virtual_address, uint64_t physical);
uint64_t kernel_unmap(uint64_t virtual_address);

/* Frees the tables between `start` and `end` that map nothing any more; both are multiples of 2 MiB
 * in one region of layout.h. */
void kernel_tables_trim(uint64_t start, uint64_t end);

/* The kernel's top-level table: its physical address, and the copying of the kernel's entries
 * into the table of a new address space (and the removal, which leaves that table all zeros). */
uint64_t kernel_tables(void);
void kernel_entries_copy(uint64_t *top);
void kernel_entries_clear(uint64_t *top);

/* ENTRY_NO_EXECUTE where the processor knows it, else 0. */
extern uint64_t paging_no_execute;

#endif
