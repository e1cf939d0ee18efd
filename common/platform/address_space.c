/* The page tables of programs: a tree of four levels, walked through the direct map.
 *
 * A range of addresses is mostly holes, and a table of 512 entries is mostly empty.  So each
 * table's struct frame counts the entries in use and keeps a bit for each group of eight that may
 * hold some: a walk steps over what is absent, and a table is freed when its last entry goes.  It
 * is all zeros then, which is just what the next table needs (frame_free_zeroed()).
 *
 * An entry in use is not 0.  A page that nobody may touch (protection 0) keeps its entry without
 * the present bit.  The page of zeros bears ENTRY_SOFTWARE, because it does not count as resident.
 *
 * TLB: the processor remembers present entries only, so a new mapping needs no care.  Whoever
 * takes away or changes one of the active address space forgets it before returning; frames may be
 * freed earlier, because there is one processor and nothing touches user memory in between.
 * Process-context identifiers are off: activating a space forgets all user entries (Intel SDM
 * volume 3, 4.10.4).
 *
 * No lock: there is one processor, and interrupt handlers map nothing. */
#include <platform/address_space.h>

#include "address_space.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/heap.h>

#include "asm.h"
#include "frame.h"
#include "paging.h"

#define LEVEL_TOP        3
#define SPAN(level)      ((uint64_t)1 << (PAGE_SHIFT + 9 * (level)))
#define LEAF_SPAN        SPAN(1) /* what one table of the lowest level maps */
#define LOWER_HALF       ((user_address)1 << 47)
#define GROUP            8 /* entries for each bit of `occupied` */
#define TABLE_RIGHTS     (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER)
#define FLUSH_ONE_BY_ONE 32 /* above it, forgetting everything is cheaper */

struct address_space {
    uint64_t *top;     /* the top-level table, in the direct map */
    uint64_t resident; /* pages mapped, without the page of zeros */
    uint64_t tables;   /* page tables, the top one not counted */

    /* The lowest-level table that address_space_map() used last, which it will mostly want again,
     * and address / LEAF_SPAN of what it maps; NO_LEAF: none. */
    uint64_t *leaf;
    uint64_t leaf_number;
};

#define NO_LEAF UINT64_MAX

/* Functions that are seldom called stay out of line, so that their callers save no registers on
 * the common path. */
#define SELDOM __attribute__((noinline))

static struct address_space *active;

static uint64_t protection_bits[8]; /* by a set of PAGE_* */

void address_space_init(void)
{
    for (unsigned protection = 1; protection < 8; protection++) {
        uint64_t bits = ENTRY_PRESENT | ENTRY_USER;
        if (protection & PAGE_WRITE)
            bits |= ENTRY_WRITE;
        if (!(protection & PAGE_EXECUTE))
            bits |= paging_no_execute;
        protection_bits[protection] = bits;
    }
    protection_bits[0] = 0;
}

static unsigned index_at(user_address address, unsigned level)
{
    return address / SPAN(level) % TABLE_ENTRIES;
}

static uint64_t *table_of(uint64_t entry)
{
    return physical_to_direct(entry & ENTRY_ADDRESS);
}

static struct frame *frame_of_entry(uint64_t entry)
{
    return frame_of_physical(entry & ENTRY_ADDRESS);
}

/* How many TLB entries of `space` to forget one by one before it is cheaper to forget all. */
static unsigned flush_limit(const struct address_space *space)
{
    return space == active ? FLUSH_ONE_BY_ONE : 0;
}

/* `changed` entries of `space` were changed, and no more than flush_limit() forgotten already. */
static void flush_rest(const struct address_space *space, unsigned changed)
{
    if (space == active && changed > FLUSH_ONE_BY_ONE)
        cr3_write(cr3_read());
}

static void entry_added(uint64_t *table, unsigned index)
{
    struct frame *frame = frame_holding(table);
    frame->live++;
    frame->occupied |= (uint64_t)1 << index / GROUP;
}

/* The first index from `index` on whose entry is in use; `limit` if there is none before. */
static inline unsigned next_used(const uint64_t *table, uint64_t occupied, unsigned index,
                                 unsigned limit)
{
    while (index < limit) {
        uint64_t groups = occupied >> index / GROUP;
        if (!(groups & 1)) {
            if (groups == 0)
                return limit;
            index = (index / GROUP + (unsigned)__builtin_ctzll(groups)) * GROUP;
            continue;
        }
        do {
            if (table[index] != 0)
                return index < limit ? index : limit;
        } while (++index % GROUP != 0);
    }
    return limit;
}

/* The bits of `occupied` for the groups that overlap [first, limit), which is not empty. */
static inline uint64_t groups_between(uint64_t occupied, unsigned first, unsigned limit)
{
    return occupied & (UINT64_MAX << first / GROUP) & (UINT64_MAX >> (63 - (limit - 1) / GROUP));
}

/* The lowest-level table for `address`, or NULL. */
SELDOM static uint64_t *leaf_table(const struct address_space *space, user_address address)
{
    uint64_t *table = space->top;
    for (unsigned level = LEVEL_TOP; level > 0; level--) {
        uint64_t entry = table[index_at(address, level)];
        if (entry == 0)
            return NULL;
        table = table_of(entry);
    }
    return table;
}

/* Frees the tables on the way to `address` that map nothing, from the lowest up. */
SELDOM static void prune(struct address_space *space, user_address address)
{
    uint64_t *path[LEVEL_TOP + 1] = { [LEVEL_TOP] = space->top };
    unsigned level = LEVEL_TOP;
    while (level > 0 && path[level][index_at(address, level)] != 0) {
        path[level - 1] = table_of(path[level][index_at(address, level)]);
        level--;
    }
    for (; level < LEVEL_TOP; level++) {
        struct frame *frame = frame_holding(path[level]);
        if (frame->live != 0)
            break;
        space->leaf_number = NO_LEAF;
        path[level + 1][index_at(address, level + 1)] = 0;
        frame_holding(path[level + 1])->live--;
        frame_free_zeroed(frame);
        space->tables--;
    }
    /* The processor may remember the way to a table, too; forgetting any page forgets all of
     * these (Intel SDM volume 3, 4.10.4.1). */
    if (space == active)
        invlpg(address);
}

/* The page that is to be mapped was granted already: what leads to it may come from the reserve. */
SELDOM static uint64_t *table_create(struct address_space *space, uint64_t *above, unsigned index)
{
    struct frame *frame = frame_allocate(FRAME_ZERO | FRAME_RESERVE);
    if (frame == NULL)
        return NULL;
    space->tables++;
    frame->live = 0;
    frame->occupied = 0;
    above[index] = frame_physical(frame) | TABLE_RIGHTS;
    entry_added(above, index);
    return frame_data(frame);
}

/* The lowest-level table for `address`, made if need be; NULL when memory is short. */
static uint64_t *leaf_table_create(struct address_space *space, user_address address)
{
    uint64_t *table = space->top;
    for (unsigned level = LEVEL_TOP; level > 0; level--) {
        unsigned index = index_at(address, level);
        uint64_t entry = table[index];
        table = entry != 0 ? table_of(entry) : table_create(space, table, index);
        if (table == NULL) {
            prune(space, address);
            return NULL;
        }
    }
    return table;
}

/* The first lowest-level table that maps something in [*address, end), with `*address` moved up
 * to where it begins; NULL if there is none. */
static uint64_t *next_leaf_table(const struct address_space *space, user_address *address,
                                 user_address end)
{
    panic_unless(end <= LOWER_HALF);
    while (*address < end) {
        uint64_t *table = space->top;
        unsigned level = LEVEL_TOP;
        for (; level > 0; level--) {
            unsigned index = index_at(*address, level);
            unsigned limit = level == LEVEL_TOP ? TABLE_ENTRIES / 2 : TABLE_ENTRIES;
            unsigned next = next_used(table, frame_holding(table)->occupied, index, limit);
            if (next != index)
                *address = (*address & ~(SPAN(level) - 1)) + (next - index) * SPAN(level);
            if (next == limit)
                break;
            table = table_of(table[next]);
        }
        if (level == 0)
            return *address < end ? table : NULL;
    }
    return NULL;
}

int address_space_create(struct address_space **out)
{
    struct address_space *space = kmalloc(sizeof(*space));
    if (space == NULL)
        return -ENOMEM;
    struct frame *frame = frame_allocate(FRAME_ZERO);
    if (frame == NULL) {
        kfree(space);
        return -ENOMEM;
    }
    frame->live = 0;
    frame->occupied = 0;
    space->top = frame_data(frame);
    space->resident = 0;
    space->tables = 0;
    space->leaf_number = NO_LEAF;
    kernel_entries_copy(space->top);
    *out = space;
    return 0;
}

void address_space_destroy(struct address_space *space)
{
    panic_unless(space != active);
    address_space_unmap(space, 0, LOWER_HALF);
    kernel_entries_clear(space->top);
    frame_free_zeroed(frame_holding(space->top));
    kfree(space);
}

void address_space_activate(struct address_space *space)
{
    if (space == active)
        return;
    active = space;
    cr3_write(space == NULL ? kernel_tables() : direct_to_physical(space->top));
}

/* An entry has left its table: its frame goes too. */
static inline void drop_entry(struct address_space *space, uint64_t entry)
{
    if (!(entry & ENTRY_SOFTWARE))
        space->resident--;
    frame_drop(frame_of_entry(entry));
}

/* The table for `address` is not the one that was used last. */
SELDOM static int map_elsewhere(struct address_space *space, user_address address,
                                struct frame *frame, unsigned protection)
{
    panic_unless(address < USER_END);
    uint64_t *table = leaf_table_create(space, address);
    if (table == NULL)
        return -ENOMEM;
    space->leaf = table;
    space->leaf_number = address / LEAF_SPAN;
    return address_space_map(space, address, frame, protection);
}

/* `old`, just overwritten, mapped another page at `address`. */
SELDOM static int forget_old(struct address_space *space, user_address address, uint64_t old)
{
    if (space == active)
        invlpg(address);
    drop_entry(space, old);
    return 0;
}

int address_space_map(struct address_space *space, user_address address, struct frame *frame,
                      unsigned protection)
{
    if (space->leaf_number != address / LEAF_SPAN)
        return map_elsewhere(space, address, frame, protection);

    uint64_t entry = frame_physical(frame) | protection_bits[protection];
    if (frame == zero_frame)
        entry = (entry & ~ENTRY_WRITE) | ENTRY_SOFTWARE;
    else
        space->resident++;

    unsigned index = index_at(address, 0);
    uint64_t old = space->leaf[index];
    space->leaf[index] = entry;
    if (old != 0)
        return forget_old(space, address, old);
    entry_added(space->leaf, index);
    return 0;
}

struct frame *address_space_lookup(struct address_space *space, user_address address,
                                   unsigned *protection)
{
    if (address >= LOWER_HALF)
        return NULL;
    const uint64_t *table =
        space->leaf_number == address / LEAF_SPAN ? space->leaf : leaf_table(space, address);
    uint64_t entry = table == NULL ? 0 : table[index_at(address, 0)];
    if (entry == 0)
        return NULL;
    if (protection != NULL) {
        *protection = 0;
        if (entry & ENTRY_PRESENT)
            *protection = PAGE_READ | (entry & ENTRY_WRITE ? PAGE_WRITE : 0) |
                          (entry & ENTRY_NO_EXECUTE ? 0 : PAGE_EXECUTE);
    }
    return frame_of_entry(entry);
}

/* A part of one lowest-level table: the entries [first, limit), which map the addresses from
 * base + first * PAGE_SIZE on. */
struct part {
    uint64_t *table;
    struct frame *frame; /* of the table */
    user_address base;
    unsigned first, limit;
};

static struct part part_of(uint64_t *table, user_address address, user_address stop)
{
    user_address base = address & ~(LEAF_SPAN - 1);
    return (struct part){ table, frame_holding(table), base, index_at(address, 0),
                          (unsigned)((stop - base) >> PAGE_SHIFT) };
}

/* The first entry of the lowest group in `groups` that belongs to the part, and the one after its
 * last. */
static inline unsigned group_first(uint64_t groups, const struct part *part)
{
    return max((unsigned)__builtin_ctzll(groups) * GROUP, part->first);
}

static inline unsigned group_limit(uint64_t groups, const struct part *part)
{
    return min((unsigned)__builtin_ctzll(groups) * GROUP + GROUP, part->limit);
}

/* Visits the entries of a part that are in use: `index` for each, by groups and within a group. */
#define for_each_used(part, index)                                                                 \
    for (uint64_t groups_ = groups_between((part)->frame->occupied, (part)->first, (part)->limit); \
         groups_ != 0; groups_ &= groups_ - 1)                                                     \
        for (unsigned index = group_first(groups_, part), end_ = group_limit(groups_, part);       \
             index < end_; index++)                                                                \
            if ((part)->table[index] != 0)

/* Where the part of [address, end) that one lowest-level table maps ends. */
static user_address leaf_stop(user_address address, user_address end)
{
    return min((address | (LEAF_SPAN - 1)) + 1, end);
}

user_address address_space_next(const struct address_space *space, user_address address,
                                user_address end)
{
    uint64_t *table;
    while ((table = next_leaf_table(space, &address, end)) != NULL) {
        struct part part = part_of(table, address, leaf_stop(address, end));
        for_each_used(&part, index)
            return part.base + index * PAGE_SIZE;
        address = leaf_stop(address, end);
    }
    return end;
}

/* Each of the three returns how many entries of the active address space it changed in all, of
 * which it has forgotten the first `limit`. */
static unsigned unmap_part(struct address_space *space, struct part part, unsigned changed,
                           unsigned limit)
{
    unsigned before = changed;
    for_each_used(&part, index) {
        uint64_t entry = part.table[index];
        part.table[index] = 0;
        if (++changed <= limit)
            invlpg(part.base + index * PAGE_SIZE);
        drop_entry(space, entry);
    }
    part.frame->live -= changed - before;
    return changed;
}

void address_space_unmap(struct address_space *space, user_address start, user_address end)
{
    unsigned changed = 0, limit = flush_limit(space);
    user_address address = start;
    uint64_t *table;
    while ((table = next_leaf_table(space, &address, end)) != NULL) {
        struct part part = part_of(table, address, leaf_stop(address, end));
        changed = unmap_part(space, part, changed, limit);
        if (part.frame->live == 0)
            prune(space, address);
        address = leaf_stop(address, end);
    }
    flush_rest(space, changed);
}

static unsigned protect_part(struct part part, uint64_t bits, unsigned changed, unsigned limit)
{
    for_each_used(&part, index) {
        uint64_t entry = (part.table[index] & (ENTRY_ADDRESS | ENTRY_SOFTWARE)) | bits;
        if (entry & ENTRY_SOFTWARE)
            entry &= ~ENTRY_WRITE;
        part.table[index] = entry;
        if (++changed <= limit)
            invlpg(part.base + index * PAGE_SIZE);
    }
    return changed;
}

void address_space_protect(struct address_space *space, user_address start, user_address end,
                           unsigned protection)
{
    unsigned changed = 0, limit = flush_limit(space);
    user_address address = start;
    uint64_t *table;
    while ((table = next_leaf_table(space, &address, end)) != NULL) {
        struct part part = part_of(table, address, leaf_stop(address, end));
        changed = protect_part(part, protection_bits[protection], changed, limit);
        address = leaf_stop(address, end);
    }
    flush_rest(space, changed);
}

/* The heart of fork(): entry for entry, with `lost` (ENTRY_WRITE or nothing) taken from both. */
static unsigned copy_part(struct address_space *space, uint64_t *to, struct part part,
                          uint64_t lost, unsigned changed, unsigned limit)
{
    struct frame *target = frame_holding(to);
    uint64_t copied = 0, zeros = 0, replaced = 0;
    for_each_used(&part, index) {
        uint64_t entry = part.table[index];
        if (entry & lost) {
            entry &= ~lost;
            part.table[index] = entry;
            if (++changed <= limit)
                invlpg(part.base + index * PAGE_SIZE);
        }
        frame_of_entry(entry)->references++;
        if (to[index] != 0) {
            drop_entry(space, to[index]);
            replaced++;
        }
        to[index] = entry;
        copied++;
        zeros += (entry & ENTRY_SOFTWARE) / ENTRY_SOFTWARE;
    }
    target->live += copied - replaced;
    target->occupied |= part.frame->occupied;
    space->resident += copied - zeros;
    return changed;
}

int address_space_copy(struct address_space *to, struct address_space *from, user_address start,
                       user_address end, bool keep_writable)
{
    unsigned changed = 0, limit = flush_limit(from);
    uint64_t lost = keep_writable ? 0 : ENTRY_WRITE;
    user_address address = start;
    uint64_t *source, *target;
    while ((source = next_leaf_table(from, &address, end)) != NULL) {
        target = leaf_table_create(to, address);
        if (target == NULL)
            break;
        struct part part = part_of(source, address, leaf_stop(address, end));
        changed = copy_part(to, target, part, lost, changed, limit);
        if (frame_holding(target)->live == 0)
            prune(to, address); /* all of it lay outside the part */
        address = leaf_stop(address, end);
    }
    flush_rest(from, changed);
    return source == NULL ? 0 : -ENOMEM;
}

uint64_t address_space_resident(const struct address_space *space)
{
    return space->resident;
}

size_t address_space_present(const struct address_space *space, user_address address, size_t size,
                             unsigned access)
{
    if (address >= LOWER_HALF)
        return 0;
    const uint64_t needed = ENTRY_PRESENT | (access & PAGE_WRITE ? ENTRY_WRITE : 0);
    const user_address end = address + min((uint64_t)size, LOWER_HALF - address);
    user_address page = address & ~(user_address)PAGE_MASK;
    while (page < end) {
        const uint64_t *table = leaf_table(space, page);
        if (table == NULL)
            break;
        const user_address stop = leaf_stop(page, end);
        while (page < stop && (table[index_at(page, 0)] & needed) == needed)
            page += PAGE_SIZE;
        if (page < stop)
            break;
    }
    return page <= address ? 0 : min((uint64_t)size, page - address);
}

uint64_t address_space_own_pages(const struct address_space *space)
{
    uint64_t own = space->tables;
    user_address address = 0;
    uint64_t *table;
    while ((table = next_leaf_table(space, &address, LOWER_HALF)) != NULL) {
        struct part part = part_of(table, address, leaf_stop(address, LOWER_HALF));
        for_each_used(&part, index)
            own += frame_of_entry(part.table[index])->references == 1;
        address = leaf_stop(address, LOWER_HALF);
    }
    return own;
}
