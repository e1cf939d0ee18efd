/* The kernel heap: one list of slabs for each of fourteen sizes, whole pages above.
 *
 * A slab is one page (two for the largest sizes) cut into equal objects, the free ones linked
 * through themselves.  What a slab is and what is free in it stands in its struct frame, so kfree()
 * finds everything from the address alone, and objects carry no header.  A slab whose objects are
 * all free is given back, unless it is the only one of its size with room: that spares a program
 * that allocates and frees in turn the way to the page allocator.
 *
 * Each free object holds a mark that depends on its address and on the boot.  kfree() of an object
 * that bears it is a double free; kmalloc() of one that lost it met a write after kfree().
 *
 * No lock: there is one processor, and interrupt handlers never allocate or free. */
#include <platform/heap.h>

#include "heap.h"

#include <lib/bits.h>
#include <platform/memory.h>
#include <platform/page.h>
#include <platform/panic.h>

#include "allocation_failure.h"
#include "asm.h"
#include "frame.h"

/* Functions that are seldom called stay out of line, so that kmalloc() and kfree() save no
 * registers on the common path. */
#define SELDOM __attribute__((noinline))

#define CLASS_COUNT 14
#define SMALL_MAX   2048 /* the largest class */
#define GRANULE     16   /* all sizes are multiples of it */
#define LARGE_MAX   ((size_t)4 << 20)

struct object { /* a free one */
    struct object *next;
    uint64_t mark;
};

struct size_class {
    struct frame *partial; /* the slabs that have free objects; full ones are on no list */
    uint32_t size;         /* bytes of an object */
    uint32_t inverse;      /* 2^32 / size rounded up; see is_object() */
    uint16_t capacity;     /* objects in a slab */
    uint16_t last;         /* offset of the last of them */
    uint16_t mask;         /* bytes of a slab - 1; slabs are aligned to their size */
    uint16_t pages;        /* of a slab: 1 or 2 */
};

static const uint16_t sizes[CLASS_COUNT] = { 16,  32,  48,  64,  96,   128,  192,
                                             256, 384, 512, 768, 1024, 1536, 2048 };

static struct size_class classes[CLASS_COUNT];
static uint8_t class_of_granules[SMALL_MAX / GRANULE + 1];
static uint64_t mark_secret;
static uint64_t page_total;

/* Sizes up to this take the common path: SMALL_MAX, or 0 while requests are refused on purpose. */
static size_t common_max = SMALL_MAX;

uint64_t heap_pages(void)
{
    return page_total;
}

SELDOM _Noreturn static void refuse(const void *memory, const char *reason)
{
    panic("kernel heap, %p: %s", memory, reason);
}

static uint64_t mark_of(const struct object *object)
{
    return (uint64_t)object ^ mark_secret;
}

SELDOM static void partial_insert(struct size_class *class, struct frame *slab)
{
    slab->next = class->partial;
    slab->previous = NULL;
    if (slab->next != NULL)
        slab->next->previous = slab;
    class->partial = slab;
}

SELDOM static void partial_remove(struct size_class *class, struct frame *slab)
{
    if (slab->next != NULL)
        slab->next->previous = slab->previous;
    if (slab->previous != NULL)
        slab->previous->next = slab->next;
    else
        class->partial = slab->next;
}

/* A new slab, all objects free, or NULL. */
static struct frame *slab_create(const struct size_class *class)
{
    char *memory = pages_allocate(class->pages);
    if (memory == NULL)
        return NULL;
    page_total += class->pages;

    struct frame *slab = frame_holding(memory);
    slab->state = FRAME_SLAB;
    slab->class = (uint8_t)(class - classes);
    slab->in_use = 0;
    slab->objects = NULL;
    if (class->pages == 2)
        slab[1].state = FRAME_SLAB_TAIL;
    for (size_t i = class->capacity; i-- > 0;) {
        struct object *object = (struct object *)(memory + i * class->size);
        object->next = slab->objects;
        object->mark = mark_of(object);
        slab->objects = object;
    }
    return slab;
}

static void slab_destroy(const struct size_class *class, struct frame *slab)
{
    for (size_t i = 0; i < class->pages; i++)
        slab[i].state = FRAME_PLAIN;
    page_total -= class->pages;
    pages_free(frame_data(slab), class->pages);
}

SELDOM static void *large_allocate(size_t size)
{
    if (size > LARGE_MAX)
        return NULL;
    size_t pages = PAGES_FOR(size);
    void *memory = pages_allocate(pages);
    if (memory == NULL)
        return NULL;
    struct frame *frame = frame_holding(memory);
    frame->state = FRAME_LARGE;
    frame->class = (uint8_t)log2_ceiling(pages);
    page_total += (uint64_t)1 << frame->class;
    return memory;
}

SELDOM static void large_free(struct frame *frame, void *memory)
{
    if (frame->state != FRAME_LARGE || memory != frame_data(frame))
        refuse(memory, "freed, but not from kmalloc()");
    size_t pages = (size_t)1 << frame->class;
    frame->state = FRAME_PLAIN;
    page_total -= pages;
    pages_free(memory, pages);
}

/* The slab's last free object was taken. */
SELDOM static void *slab_filled(struct size_class *class, struct frame *slab, void *object)
{
    partial_remove(class, slab);
    return object;
}

static inline void *object_take(struct size_class *class, struct frame *slab)
{
    struct object *object = slab->objects;
    if (object->mark != mark_of(object))
        refuse(object, "written to after kfree()");
    object->mark = 0;
    slab->objects = object->next;
    slab->in_use++;
    if (slab->objects == NULL)
        return slab_filled(class, slab, object);
    return object;
}

/* No slab has room: a new one does. */
SELDOM static void *kmalloc_from_new_slab(struct size_class *class)
{
    struct frame *slab = slab_create(class);
    if (slab == NULL)
        return NULL;
    partial_insert(class, slab);
    return object_take(class, slab);
}

static inline void *small_allocate(size_t size)
{
    struct size_class *class = &classes[class_of_granules[(size + GRANULE - 1) / GRANULE]];
    struct frame *slab = class->partial;
    if (slab == NULL)
        return kmalloc_from_new_slab(class);
    return object_take(class, slab);
}

void heap_ask_first(bool ask)
{
    common_max = ask ? 0 : SMALL_MAX;
}

SELDOM static void *kmalloc_slowly(size_t size)
{
    if (common_max == 0 && allocation_refused())
        return NULL;
    return size > SMALL_MAX ? large_allocate(size) : small_allocate(size);
}

void *kmalloc(size_t size)
{
    if (size > common_max)
        return kmalloc_slowly(size);
    return small_allocate(size);
}

void *kzalloc(size_t size)
{
    void *memory = kmalloc(size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

/* An object was freed in a slab that was full, or that is empty now (or both). */
SELDOM static void slab_changes_list(struct frame *slab, bool was_full)
{
    struct size_class *class = &classes[slab->class];
    if (was_full)
        partial_insert(class, slab);
    bool only_one = class->partial == slab && slab->next == NULL;
    if (slab->in_use == 0 && !only_one) {
        partial_remove(class, slab);
        slab_destroy(class, slab);
    }
}

/* Does an object begin at `offset` in a slab?  A multiple of `size` times its inverse leaves less
 * than the inverse above a multiple of 2^32 (Warren, Hacker's Delight, 10-17). */
static bool is_object(const struct size_class *class, uint32_t offset)
{
    return offset <= class->last && offset * class->inverse < class->inverse;
}

void kfree(void *memory)
{
    if (memory == NULL)
        return;
    if (direct_to_physical(memory) >> PAGE_SHIFT >= frame_count)
        refuse(memory, "freed, but not from kmalloc()");
    struct frame *slab = frame_holding(memory);
    if (slab->state == FRAME_SLAB_TAIL)
        slab--;
    if (slab->state != FRAME_SLAB) {
        large_free(slab, memory);
        return;
    }

    const struct size_class *class = &classes[slab->class];
    struct object *object = memory;
    if (!is_object(class, (uint64_t)memory & class->mask))
        refuse(memory, "freed, but not from kmalloc()");
    if (object->mark == mark_of(object))
        refuse(memory, "freed twice");
    struct object *first = slab->objects;
    object->next = first;
    object->mark = mark_of(object);
    slab->objects = object;
    if (--slab->in_use == 0 || first == NULL)
        slab_changes_list(slab, first == NULL);
}

void heap_trim(void)
{
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        struct frame *slab = classes[i].partial;
        while (slab != NULL && slab->in_use > 0)
            slab = slab->next;
        if (slab == NULL) /* more than one is never empty: see slab_changes_list() */
            continue;
        partial_remove(&classes[i], slab);
        slab_destroy(&classes[i], slab);
    }
}

void heap_init(void)
{
    /* Not a secret against attackers, only unlikely to stand in memory by chance. */
    mark_secret = rdtsc() * 0x9e3779b97f4a7c15 | 1;

    unsigned granules = 0;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        struct size_class *class = &classes[i];
        class->size = sizes[i];
        class->inverse = (uint32_t)((((uint64_t)1 << 32) + sizes[i] - 1) / sizes[i]);
        class->pages = sizes[i] > 1024 ? 2 : 1;
        class->mask = (uint16_t)(class->pages * PAGE_SIZE - 1);
        class->capacity = (uint16_t)(class->pages * PAGE_SIZE / sizes[i]);
        class->last = (uint16_t)((class->capacity - 1) * sizes[i]);
        for (; granules <= sizes[i] / GRANULE; granules++)
            class_of_granules[granules] = (uint8_t)i;
    }
}
