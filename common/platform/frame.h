/* The inside of a page frame, for the parts of the platform that hand frames out. */
#ifndef PLATFORM_FRAME_H
#define PLATFORM_FRAME_H

#include <platform/page.h>
#include <platform/panic.h>

#include "paging.h"

/* What the rest of a frame is used for.  0 also means: not RAM, or never given out. */
enum frame_state {
    FRAME_PLAIN = 0, /* one page in use, or on a list of single pages */
    FRAME_BLOCK = 1, /* FRAME_BLOCK + n: first page of a free block of 2^n pages */
    FRAME_SLAB = 32, /* first page of a slab of the heap */
    FRAME_SLAB_TAIL, /* a further page of one */
    FRAME_LARGE,     /* first page of a large heap block */
};

/* 32 bytes for each page of RAM (and of the holes in it): below one per cent. */
struct frame {
    union {
        struct { /* free, or a slab of the heap that has free objects */
            struct frame *next, *previous;
            void *objects; /* slab: the free ones, linked */
        };
        struct {               /* a page table of a user address space */
            uint64_t occupied; /* bit n: some of the entries 8n to 8n+7 may be in use */
            uint64_t live;     /* entries in use */
        };
    };
    uint32_t references; /* 0: free */
    uint8_t state;       /* enum frame_state */
    uint8_t class;       /* slab: its size class; large block: its order */
    uint16_t in_use;     /* slab: objects given out */
};

/* All frames, by physical page number; and the one that frame_zero() gives. */
extern struct frame *frames;
extern size_t frame_count;
extern struct frame *zero_frame;

static inline struct frame *frame_of_physical(uint64_t physical)
{
    return &frames[physical >> PAGE_SHIFT];
}

static inline uint64_t frame_physical(const struct frame *frame)
{
    return (uint64_t)(frame - frames) << PAGE_SHIFT;
}

/* The same for a pointer into the direct map, without the call. */
static inline struct frame *frame_holding(const void *data)
{
    return frame_of_physical(direct_to_physical(data));
}

/* Takes over all free memory of the memory map.  RAM that somebody holds since boot (initramfs,
 * kernel image) gets one reference, but is not counted. */
void frame_init(void);

/* Drops the references that such memory has since boot, and counts it from now on.  Whole pages
 * that hold any of the `size` bytes at `start`. */
void frames_release(const void *start, size_t size);

/* Frees a page whose last reference the caller holds and whose bytes are all zero, so that the
 * next FRAME_ZERO need not clear it.  For page tables, which end up empty anyway. */
void frame_free_zeroed(struct frame *frame);

/* The end of frame_put(): the reference count has reached 0, or was 0 already (a panic). */
void frame_free(struct frame *frame, uint32_t references_before);

/* frame_put() without the call.  The shared page of zeros starts with so many references that it
 * never gets here. */
static inline void frame_drop(struct frame *frame)
{
    uint32_t before = frame->references--;
    if (__builtin_expect(before <= 1, 0))
        frame_free(frame, before);
}

#endif
