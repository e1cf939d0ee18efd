/* Physical memory: page frames, reference counted.
 *
 * A frame is one 4096-byte page of RAM.  Whoever holds a reference may use the frame; the last
 * frame_put() gives it back.  Page tables hold a reference for each page they map. */
#ifndef PLATFORM_PAGE_H
#define PLATFORM_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

/* `value` rounded down or up to a whole page; `n` bytes in pages, rounded up. */
#define PAGE_ROUND_DOWN(value) ((value) & ~(uint64_t)PAGE_MASK)
#define PAGE_ROUND_UP(value)   (((value) + PAGE_MASK) & ~(uint64_t)PAGE_MASK)
#define PAGES_FOR(n)           (((n) + PAGE_MASK) >> PAGE_SHIFT)

/* An address in user space: a number, never a C pointer.  See platform/user.h. */
typedef uint64_t user_address;

struct frame; /* one page of RAM; defined in the platform */

#define FRAME_ZERO    1u /* fill with zeros */
#define FRAME_RESERVE 2u /* may use the kernel's reserve; for what must not fail */

/* A frame with one reference, or NULL when memory is short.  O(1) in the common case; never
 * sleeps.  `flags` is a set of FRAME_*. */
struct frame *frame_allocate(unsigned flags);

void frame_get(struct frame *frame); /* one more reference */
void frame_put(struct frame *frame); /* one reference less; frees with the last */
uint32_t frame_references(const struct frame *frame);

/* The frame's 4096 bytes in the kernel's address space.  Valid while a reference is held. */
void *frame_data(const struct frame *frame);

/* The frame that holds the byte at `data`, which lies in memory that frame_data(),
 * pages_allocate() or boot information gave out. */
struct frame *frame_of(const void *data);

/* The one frame of zeros that everybody shares.  Never mapped writable. */
struct frame *frame_zero(void);

/* `count` physically contiguous pages (rounded up to a power of two, at most 1024), or NULL.
 * Contents are undefined.  Never sleeps. */
void *pages_allocate(size_t count);
void pages_free(void *pages, size_t count);

/* All figures in pages. */
struct frame_statistics {
    uint64_t total; /* RAM that the kernel manages: neither firmware nor kernel image */
    uint64_t free;
    uint64_t heap;    /* held by kmalloc(), for memory accounting */
    uint64_t reserve; /* kept back for FRAME_RESERVE */
};
void frame_statistics(struct frame_statistics *out);

#endif
