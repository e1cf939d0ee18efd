/* The kernel's page tables: built once at boot, small additions later.
 *
 * The rule is W^X.  Text is executable and read-only, everything else is not executable, and the
 * direct map shows text and rodata read-only too, so no kernel address at all can write them.
 * Reference: Intel SDM volume 3, chapter 4. */
#include "paging.h"

#include <stdbool.h>
#include <linux/errno.h>

#include <platform/panic.h>

#include "asm.h"
#include "frame.h"
#include "image.h"
#include "memory_map.h"
#include "processor.h"

#define MSR_EFER        0xc0000080
#define EFER_NO_EXECUTE ((uint64_t)1 << 11)

/* Levels of the tree: a level-n entry spans 2^(12 + 9n) bytes. */
enum { LEVEL_PAGE = 0, LEVEL_2M = 1, LEVEL_1G = 2, LEVEL_TOP = 3 };
#define SPAN(level) ((uint64_t)1 << (PAGE_SHIFT + 9 * (level)))

#define TABLE_RIGHTS  (ENTRY_PRESENT | ENTRY_WRITE) /* the leaf decides */
#define DATA_RIGHTS   (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_GLOBAL | paging_no_execute)
#define RODATA_RIGHTS (ENTRY_PRESENT | ENTRY_GLOBAL | paging_no_execute)
#define TEXT_RIGHTS   (ENTRY_PRESENT | ENTRY_GLOBAL)
#define DEVICE_RIGHTS (DATA_RIGHTS | ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH)

uint64_t paging_no_execute;

static uint64_t *kernel_top;
static uint64_t device_map_next = DEVICE_MAP_START;

/* The entries of the top-level table that belong to the kernel: those of layout.h's regions. */
static unsigned top_index(uint64_t address)
{
    return address / SPAN(LEVEL_TOP) % TABLE_ENTRIES;
}

static const uint64_t regions[] = { DIRECT_MAP_START, KERNEL_STACKS_START, DEVICE_MAP_START,
                                    KERNEL_OFFSET };
#define REGION_COUNT (sizeof(regions) / sizeof(regions[0]))

/* An empty table; 0 when memory is short (which before frame_init() is a panic). */
static uint64_t table_allocate(void)
{
    if (frames == NULL)
        return boot_memory_take(PAGE_SIZE);
    struct frame *frame = frame_allocate(FRAME_ZERO);
    return frame == NULL ? 0 : frame_physical(frame);
}

/* The entry for `address` on `level`, with the tables above it made if need be; NULL when memory
 * is short. */
static uint64_t *entry_at(uint64_t address, unsigned level)
{
    uint64_t *table = kernel_top;
    for (unsigned above = LEVEL_TOP;; above--) {
        uint64_t *entry = &table[address / SPAN(above) % TABLE_ENTRIES];
        if (above == level)
            return entry;
        if (*entry == 0) {
            uint64_t physical = table_allocate();
            if (physical == 0)
                return NULL;
            *entry = physical | TABLE_RIGHTS;
        }
        table = physical_to_direct(*entry & ENTRY_ADDRESS);
    }
}

static void map_pages(uint64_t address, uint64_t end, uint64_t physical, uint64_t rights)
{
    for (; address < end; address += PAGE_SIZE, physical += PAGE_SIZE)
        *entry_at(address, LEVEL_PAGE) = physical | rights;
}

static void map_image_part(const char *start, const char *end, uint64_t rights)
{
    map_pages((uint64_t)start, (uint64_t)end, (uint64_t)start - KERNEL_OFFSET, rights);
}

static void map_image(void)
{
    map_image_part(kernel_text_start, kernel_text_end, TEXT_RIGHTS);
    map_image_part(kernel_rodata_start, kernel_rodata_end, RODATA_RIGHTS);
    map_image_part(kernel_data_start, kernel_end, DATA_RIGHTS);
    *entry_at((uint64_t)boot_stack_guard, LEVEL_PAGE) = 0;
}

/* Text and rodata are neighbours at the beginning of the image. */
static bool is_read_only(uint64_t start, uint64_t end)
{
    return start < (uint64_t)kernel_rodata_end - KERNEL_OFFSET && end > KERNEL_PHYSICAL_START;
}

/* Maps the 2 MiB at `physical`, in small pages where some of them must be read-only. */
static void map_direct_2m(uint64_t physical)
{
    uint64_t address = physical + DIRECT_MAP_START;
    if (!is_read_only(physical, physical + SPAN(LEVEL_2M))) {
        *entry_at(address, LEVEL_2M) = physical | DATA_RIGHTS | ENTRY_LARGE;
        return;
    }
    for (uint64_t page = physical; page < physical + SPAN(LEVEL_2M); page += PAGE_SIZE) {
        uint64_t rights = is_read_only(page, page + PAGE_SIZE) ? RODATA_RIGHTS : DATA_RIGHTS;
        *entry_at(page + DIRECT_MAP_START, LEVEL_PAGE) = page | rights;
    }
}

/* Rounded outwards to 2 MiB, which takes in firmware tables and the first MiB, but no device that
 * could mind: these sit far from RAM. */
static void map_direct_range(const struct memory_range *range)
{
    uint64_t physical = range->start & ~(SPAN(LEVEL_2M) - 1);
    while (physical < range->end) {
        uint64_t next = physical + SPAN(LEVEL_1G);
        if (processor_features.page_1g && physical % SPAN(LEVEL_1G) == 0 &&
            physical >= range->start && next <= range->end && !is_read_only(physical, next)) {
            *entry_at(physical + DIRECT_MAP_START, LEVEL_1G) = physical | DATA_RIGHTS | ENTRY_LARGE;
            physical = next;
        } else {
            map_direct_2m(physical);
            physical += SPAN(LEVEL_2M);
        }
    }
}

void paging_init(void)
{
    /* The bit must be known to the processor before a table uses it (Intel SDM volume 3, 4.1.4). */
    if (processor_features.nx) {
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NO_EXECUTE);
        paging_no_execute = ENTRY_NO_EXECUTE;
    }

    kernel_top = physical_to_direct(boot_memory_take(PAGE_SIZE));
    for (size_t i = 0; i < REGION_COUNT; i++)
        entry_at(regions[i], LEVEL_1G);
    map_image();
    for (size_t i = 0; i < memory_map_ram.count; i++)
        map_direct_range(&memory_map_ram.ranges[i]);
    cr3_write(kernel_tables());
}

uint64_t kernel_tables(void)
{
    return direct_to_physical(kernel_top);
}

void kernel_entries_copy(uint64_t *top)
{
    for (size_t i = 0; i < REGION_COUNT; i++)
        top[top_index(regions[i])] = kernel_top[top_index(regions[i])];
}

void kernel_entries_clear(uint64_t *top)
{
    for (size_t i = 0; i < REGION_COUNT; i++)
        top[top_index(regions[i])] = 0;
}

static int map_page(uint64_t address, uint64_t physical, uint64_t rights)
{
    uint64_t *entry = entry_at(address, LEVEL_PAGE);
    if (entry == NULL)
        return -ENOMEM;
    panic_unless(*entry == 0);
    *entry = physical | rights;
    return 0;
}

int kernel_map(uint64_t virtual_address, uint64_t physical)
{
    return map_page(virtual_address, physical, DATA_RIGHTS);
}

uint64_t kernel_unmap(uint64_t virtual_address)
{
    uint64_t *entry = entry_at(virtual_address, LEVEL_PAGE);
    panic_unless(entry != NULL && *entry != 0);
    uint64_t physical = *entry & ENTRY_ADDRESS;
    *entry = 0;
    invlpg(virtual_address);
    return physical;
}

static bool is_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        if (table[i] != 0)
            return false;
    return true;
}

/* The entry for `address` on `level` if the tables above it exist, else NULL. */
static uint64_t *entry_if_any(uint64_t address, unsigned level)
{
    uint64_t *table = kernel_top;
    for (unsigned above = LEVEL_TOP; above > level; above--) {
        uint64_t entry = table[address / SPAN(above) % TABLE_ENTRIES];
        if (entry == 0)
            return NULL;
        table = physical_to_direct(entry & ENTRY_ADDRESS);
    }
    return &table[address / SPAN(level) % TABLE_ENTRIES];
}

void kernel_tables_trim(uint64_t start, uint64_t end)
{
    for (uint64_t address = start; address < end; address += SPAN(LEVEL_2M)) {
        uint64_t *entry = entry_if_any(address, LEVEL_2M);
        if (entry == NULL || *entry == 0)
            continue;
        uint64_t physical = *entry & ENTRY_ADDRESS;
        if (!is_empty(physical_to_direct(physical)))
            continue;
        *entry = 0;
        invlpg(address); /* forgets the table too (Intel SDM volume 3, 4.10.4.1) */
        frame_free_zeroed(frame_of_physical(physical));
    }
}

void *mmio_map(uint64_t physical, size_t size)
{
    uint64_t first = PAGE_ROUND_DOWN(physical), end = PAGE_ROUND_UP(physical + size);
    uint64_t address = device_map_next;
    if (end - first >= DEVICE_MAP_START + DEVICE_MAP_SIZE - address)
        return NULL;
    for (uint64_t page = first; page < end; page += PAGE_SIZE) {
        if (map_page(address + (page - first), page, DEVICE_RIGHTS) != 0)
            return NULL;
        device_map_next += PAGE_SIZE;
    }
    device_map_next += PAGE_SIZE; /* one page apart, unmapped */
    return (void *)(address + (physical - first));
}
