/* Kernel stacks, at addresses of their own so that each has a hole below it.
 *
 * A stack that grows too far then meets the hole and not its neighbour.  The push that does so
 * cannot be reported on the same stack: the processor raises a double fault, which has its own
 * (Intel SDM volume 3, 6.14.5).
 *
 * No lock: there is one processor, and interrupt handlers allocate no stacks. */
#include "kernel_stack.h"

#include <linux/errno.h>

#include <platform/panic.h>

#include "frame.h"
#include "image.h"
#include "paging.h"

#define STACK_PAGES    (KERNEL_STACK_SIZE / PAGE_SIZE)
#define CACHE_MAX      16
#define SLOTS_PER_WORD 64

/* Stacks that are mapped but not in use, last freed first: its pages are warm in the caches. */
static void *cache[CACHE_MAX];
static unsigned cached;

static uint64_t slots_used[KERNEL_STACK_SLOTS / SLOTS_PER_WORD]; /* one bit each */
static unsigned first_word_with_room; /* no word before it has a clear bit */

static uint64_t slot_top(unsigned slot)
{
    return KERNEL_STACKS_START + (uint64_t)(slot + 1) * KERNEL_STACK_SLOT;
}

/* The lowest unused slot, so that the page tables stay few; -1 if all are taken. */
static int slot_take(void)
{
    for (unsigned i = first_word_with_room; i < KERNEL_STACK_SLOTS / SLOTS_PER_WORD; i++) {
        if (slots_used[i] == UINT64_MAX)
            continue;
        unsigned bit = (unsigned)__builtin_ctzll(~slots_used[i]);
        slots_used[i] |= (uint64_t)1 << bit;
        first_word_with_room = i;
        return (int)(i * SLOTS_PER_WORD + bit);
    }
    return -1;
}

static void slot_release(unsigned slot)
{
    unsigned word = slot / SLOTS_PER_WORD;
    slots_used[word] &= ~((uint64_t)1 << slot % SLOTS_PER_WORD);
    if (word < first_word_with_room)
        first_word_with_room = word;
}

/* Unmaps and frees the `count` pages below `top`. */
static void unmap_stack(uint64_t top, unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        frame_put(frame_of_physical(kernel_unmap(top - i * PAGE_SIZE)));
}

static int map_stack(uint64_t top)
{
    for (unsigned i = 1; i <= STACK_PAGES; i++) {
        struct frame *frame = frame_allocate(0);
        if (frame != NULL && kernel_map(top - i * PAGE_SIZE, frame_physical(frame)) == 0)
            continue;
        if (frame != NULL)
            frame_put(frame);
        unmap_stack(top, i - 1);
        return -ENOMEM;
    }
    return 0;
}

int kernel_stack_allocate(void **top)
{
    if (cached > 0) {
        *top = cache[--cached];
        return 0;
    }
    int slot = slot_take();
    if (slot < 0)
        return -ENOMEM;
    int error = map_stack(slot_top((unsigned)slot));
    if (error != 0) {
        slot_release((unsigned)slot);
        return error;
    }
    *top = (void *)slot_top((unsigned)slot);
    return 0;
}

static void give_back(void *top)
{
    unmap_stack((uint64_t)top, STACK_PAGES);
    slot_release((unsigned)(((uint64_t)top - KERNEL_STACKS_START) / KERNEL_STACK_SLOT - 1));
}

void kernel_stack_free(void *top)
{
    uint64_t offset = (uint64_t)top - KERNEL_STACKS_START;
    uint64_t slot = offset / KERNEL_STACK_SLOT - 1;
    panic_unless(offset % KERNEL_STACK_SLOT == 0 && slot < KERNEL_STACK_SLOTS);
    if (cached < CACHE_MAX) {
        cache[cached++] = top;
        return;
    }
    give_back(top);
}

void kernel_stacks_trim(void)
{
    while (cached > 0)
        give_back(cache[--cached]);
    kernel_tables_trim(KERNEL_STACKS_START,
                       KERNEL_STACKS_START + (uint64_t)KERNEL_STACK_SLOTS * KERNEL_STACK_SLOT);
}

bool kernel_stack_is_guard(uint64_t address)
{
    uint64_t offset = address - KERNEL_STACKS_START;
    if (offset < (uint64_t)KERNEL_STACK_SLOTS * KERNEL_STACK_SLOT)
        return offset % KERNEL_STACK_SLOT < KERNEL_STACK_SLOT - KERNEL_STACK_SIZE;
    return address - (uint64_t)boot_stack_guard < PAGE_SIZE;
}
