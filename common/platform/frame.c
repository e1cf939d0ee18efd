/* Physical memory: a buddy allocator, behind a list of single pages that does nearly all the work.
 *
 * Nearly every request is for one page.  Single pages are therefore freed onto a plain list and
 * taken from it again, a dozen instructions either way; only when the list is empty or too long do
 * pages move, many at a time, from and to the buddy system.  That keeps blocks of 2^0 to 2^10
 * pages, each aligned to its size, and joins a freed block with its neighbour ("buddy") when both
 * are free (Knuth, The Art of Computer Programming volume 1, 2.5).
 *
 * No lock: there is one processor, and interrupt handlers never allocate or free. */
#include "frame.h"

#include <lib/bits.h>
#include <platform/memory.h>

#include "allocation_failure.h"
#include "asm.h"
#include "heap.h"
#include "memory_map.h"

#define ORDERS                11 /* blocks of 1 to 1024 pages */
#define BLOCK_MAX             ((size_t)1 << (ORDERS - 1))
#define REFILL_ORDER          5   /* pages that an empty list of singles gets at once: 2^5 */
#define SINGLES_MAX           512 /* above it, half of them go back to the buddy system */
#define ZEROED_MAX            64
#define RESERVE_MAX           128 /* pages kept for FRAME_RESERVE, less on small machines: */
#define RESERVE_SHARE         64  /* one page of so many */
#define ZERO_FRAME_REFERENCES 0x80000000u

/* Single free pages.  `zeroed` holds those known to be full of zeros. */
struct page_list {
    struct frame *first;
    size_t count;
};

struct frame *frames;
size_t frame_count;
struct frame *zero_frame;

static struct page_list singles, zeroed;
static struct frame *blocks[ORDERS];
static uint64_t total_pages, reserve_pages;
static uint64_t block_pages; /* free ones in the buddy system */

/* More pages than this in the buddy system: a request need not be looked at closely. */
static uint64_t plenty;
static bool ask_first; /* whether requests are to be refused on purpose */

static uint64_t free_pages(void)
{
    return block_pages + singles.count + zeroed.count;
}

static void list_push(struct page_list *list, struct frame *frame)
{
    frame->next = list->first;
    list->first = frame;
    list->count++;
}

static struct frame *list_pop(struct page_list *list)
{
    struct frame *frame = list->first;
    list->first = frame->next;
    list->count--;
    return frame;
}

static void block_insert(struct frame *frame, unsigned order)
{
    block_pages += (uint64_t)1 << order;
    frame->state = FRAME_BLOCK + order;
    frame->next = blocks[order];
    frame->previous = NULL;
    if (frame->next != NULL)
        frame->next->previous = frame;
    blocks[order] = frame;
}

static void block_remove(struct frame *frame, unsigned order)
{
    block_pages -= (uint64_t)1 << order;
    frame->state = FRAME_PLAIN;
    if (frame->next != NULL)
        frame->next->previous = frame->previous;
    if (frame->previous != NULL)
        frame->previous->next = frame->next;
    else
        blocks[order] = frame->next;
}

/* Joins the block with its free buddies.  `frames` covers whole blocks of the largest order, so a
 * buddy always has an entry; one that is not RAM is never free. */
static void block_free(struct frame *frame, unsigned order)
{
    size_t index = (size_t)(frame - frames);
    while (order < ORDERS - 1) {
        struct frame *buddy = &frames[index ^ (size_t)1 << order];
        if (buddy->state != FRAME_BLOCK + order)
            break;
        block_remove(buddy, order);
        index &= ~((size_t)1 << order);
        order++;
    }
    block_insert(&frames[index], order);
}

/* A block of 2^order pages out of the smallest one that has room; the halves that are left over
 * go back. */
static struct frame *block_take(unsigned order)
{
    unsigned found = order;
    while (found < ORDERS && blocks[found] == NULL)
        found++;
    if (found == ORDERS)
        return NULL;
    struct frame *frame = blocks[found];
    block_remove(frame, found);
    while (found > order) {
        found--;
        block_insert(frame + ((size_t)1 << found), found);
    }
    return frame;
}

/* Functions that are seldom called stay out of line, so that their callers save no registers on
 * the common path. */
#define SELDOM __attribute__((noinline))

/* Moves pages of `list` to the buddy system until `keep` are left. */
SELDOM static void list_trim(struct page_list *list, size_t keep)
{
    while (list->count > keep)
        block_free(list_pop(list), 0);
}

/* False when no page is left anywhere. */
SELDOM static bool singles_refill(void)
{
    for (int order = REFILL_ORDER; order >= 0; order--) {
        struct frame *frame = block_take(order);
        if (frame == NULL)
            continue;
        for (size_t i = (size_t)1 << order; i-- > 0;)
            list_push(&singles, frame + i);
        return true;
    }
    if (zeroed.first == NULL)
        return false;
    list_push(&singles, list_pop(&zeroed));
    return true;
}

/* A free page off its list; with FRAME_ZERO preferably one that need not be cleared. */
static struct frame *single_take(unsigned flags)
{
    if (flags & FRAME_ZERO && zeroed.first != NULL)
        return list_pop(&zeroed);
    if (singles.first == NULL && !singles_refill())
        return NULL;
    struct frame *frame = list_pop(&singles);
    if (flags & FRAME_ZERO)
        fill_words(frame_data(frame), 0, PAGE_SIZE / sizeof(uint64_t));
    return frame;
}

void frame_ask_first(bool ask)
{
    ask_first = ask;
    plenty = ask ? UINT64_MAX : reserve_pages;
}

SELDOM static struct frame *allocate_slowly(unsigned flags)
{
    if (!(flags & FRAME_RESERVE) &&
        (free_pages() <= reserve_pages || (ask_first && allocation_refused())))
        return NULL;
    struct frame *frame = single_take(flags);
    if (frame != NULL)
        frame->references = 1;
    return frame;
}

/* The common case is a page without wishes while the buddy system alone holds more than the
 * reserve: that is read off two words. */
struct frame *frame_allocate(unsigned flags)
{
    if (flags != 0 || singles.first == NULL || block_pages <= plenty)
        return allocate_slowly(flags);
    struct frame *frame = list_pop(&singles);
    frame->references = 1;
    return frame;
}

static inline void single_free(struct frame *frame, uint32_t references_before)
{
    panic_unless(references_before == 1); /* else: freed twice */
    panic_unless(frame->state == FRAME_PLAIN);
    list_push(&singles, frame);
    if (singles.count > SINGLES_MAX)
        list_trim(&singles, SINGLES_MAX / 2);
}

void frame_free(struct frame *frame, uint32_t references_before)
{
    single_free(frame, references_before);
}

void frame_put(struct frame *frame)
{
    uint32_t before = frame->references--;
    if (before <= 1)
        single_free(frame, before);
}

void frame_free_zeroed(struct frame *frame)
{
    if (zeroed.count >= ZEROED_MAX) {
        frame_put(frame);
        return;
    }
    panic_unless(frame->references == 1);
    frame->references = 0;
    list_push(&zeroed, frame);
}

void frame_get(struct frame *frame)
{
    frame->references++;
}

uint32_t frame_references(const struct frame *frame)
{
    return frame->references;
}

void *frame_data(const struct frame *frame)
{
    return physical_to_direct(frame_physical(frame));
}

struct frame *frame_of(const void *data)
{
    return frame_holding(data);
}

struct frame *frame_zero(void)
{
    return zero_frame;
}

void *pages_allocate(size_t count)
{
    if (count == 0 || count > BLOCK_MAX)
        return NULL;
    if (count == 1) {
        struct frame *frame = frame_allocate(0);
        return frame == NULL ? NULL : frame_data(frame);
    }
    unsigned order = log2_ceiling(count);
    size_t pages = (size_t)1 << order;
    if (free_pages() < reserve_pages + pages || (ask_first && allocation_refused()))
        return NULL;
    struct frame *first = block_take(order);
    if (first == NULL) {
        list_trim(&singles, 0); /* what lies there may complete a block */
        list_trim(&zeroed, 0);
        first = block_take(order);
        if (first == NULL)
            return NULL;
    }
    for (size_t i = 0; i < pages; i++)
        first[i].references = 1;
    return frame_data(first);
}

void pages_free(void *memory, size_t count)
{
    panic_unless(count > 0 && count <= BLOCK_MAX);
    struct frame *first = frame_of(memory);
    if (count == 1) {
        frame_drop(first);
        return;
    }
    unsigned order = log2_ceiling(count);
    size_t pages = (size_t)1 << order;
    panic_unless(((uint64_t)memory & (pages * PAGE_SIZE - 1)) == 0);
    for (size_t i = 0; i < pages; i++) {
        panic_unless(first[i].references == 1 && first[i].state == FRAME_PLAIN);
        first[i].references = 0;
    }
    block_free(first, order);
}

void frame_statistics(struct frame_statistics *out)
{
    out->total = total_pages;
    out->free = free_pages();
    out->heap = heap_pages();
    out->reserve = reserve_pages;
}

/* Gives a range of RAM to the buddy system, in the largest aligned blocks. */
static void add_range(uint64_t start, uint64_t end)
{
    size_t page = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
    total_pages += last - page;
    while (page < last) {
        unsigned order = 0;
        while (order < ORDERS - 1 && !(page >> order & 1) && page + ((size_t)2 << order) <= last)
            order++;
        block_free(&frames[page], order);
        page += (size_t)1 << order;
    }
}

/* One reference for RAM that is in use since boot. */
static void hold_boot_memory(void)
{
    static struct memory_map held;
    held = memory_map_ram;
    for (size_t i = 0; i < memory_map_free.count; i++)
        memory_map_cut(&held, memory_map_free.ranges[i].start, memory_map_free.ranges[i].end);
    for (size_t i = 0; i < held.count; i++) {
        for (uint64_t page = held.ranges[i].start; page < held.ranges[i].end; page += PAGE_SIZE)
            frame_of_physical(page)->references = 1;
    }
}

void frame_init(void)
{
    uint64_t end = memory_map_ram.ranges[memory_map_ram.count - 1].end;
    frame_count = align_up(end >> PAGE_SHIFT, BLOCK_MAX);
    frames = physical_to_direct(boot_memory_take(frame_count * sizeof(struct frame)));

    hold_boot_memory();
    for (size_t i = 0; i < memory_map_free.count; i++)
        add_range(memory_map_free.ranges[i].start, memory_map_free.ranges[i].end);
    reserve_pages = min(total_pages / RESERVE_SHARE, (uint64_t)RESERVE_MAX);
    plenty = reserve_pages;

    zero_frame = frame_allocate(FRAME_ZERO);
    panic_unless(zero_frame != NULL);
    zero_frame->references = ZERO_FRAME_REFERENCES;
}

void frames_release(const void *start, size_t size)
{
    uint64_t first = PAGE_ROUND_DOWN((uint64_t)start);
    uint64_t end = PAGE_ROUND_UP((uint64_t)start + size);
    total_pages += (end - first) >> PAGE_SHIFT;
    for (uint64_t page = first; page < end; page += PAGE_SIZE)
        frame_drop(frame_of((void *)page));
}
