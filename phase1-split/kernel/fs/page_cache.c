/* The page cache: the data of regular files, page by page, in one radix tree per inode.
 *
 * Overwriting what is there concerns nobody else.  Growing a file, or filling a hole, needs the
 * file system's consent, and that comes last: pages are allocated, filled and put in the tree
 * first, one call asks for the whole batch, and a refusal takes them out again.  So nothing that
 * follows a service call can fail.
 *
 * Bytes of the last page beyond the end of the file are undefined (a mapping may write there), and
 * are cleared before the file grows over them. */
#include <fs/page_cache.h>

#include <linux/errno.h>

#include <fs/private.h>
#include <lib/bits.h>
#include <memory/reclaim.h>
#include <memory/vm.h>
#include <platform/memory.h>

static uint64_t total; /* pages in all trees */

uint64_t page_cache_total(void)
{
    return total;
}

struct frame *page_cache_find(struct inode *inode, uint64_t index)
{
    return radix_tree_lookup(&inode->pages, index);
}

/* ---- pages in and out of the tree ---- */

static void account(struct inode *inode, int64_t pages)
{
    total += (uint64_t)pages;
    inode->page_count += (uint64_t)pages;
    inode->attributes.blocks = inode->page_count * (PAGE_SIZE / 512);
}

/* Takes over the reference on `frame`.  Who has the hole mapped is to see the page instead. */
static int insert(struct inode *inode, uint64_t index, struct frame *frame)
{
    int error = radix_tree_insert(&inode->pages, index, frame);

    if (error)
        return error;
    account(inode, 1);
    if (!list_empty(&inode->mappings))
        vm_forget_page(inode, index, frame_zero());
    return 0;
}

static void drop(struct inode *inode, uint64_t index)
{
    struct frame *frame = radix_tree_remove(&inode->pages, index);

    account(inode, -1);
    frame_put(frame);
}

static void release_page(void *item, uint64_t index, void *context)
{
    (void)index;
    (void)context;
    frame_put(item);
}

void page_cache_drop(struct inode *inode)
{
    if (inode->page_count == 0)
        return;
    radix_tree_clear(&inode->pages, release_page, NULL);
    account(inode, -(int64_t)inode->page_count);
}

/* ---- asking the file system ---- */

/* What is not in the cache is nowhere: the file is of tmpfs, or of no file system at all. */
static bool kept_here_only(const struct inode *inode)
{
    return !inode->fs || (inode->fs->type->flags & FS_PINNED);
}

static int grow(struct inode *inode, uint64_t size, uint64_t pages)
{
    if (!inode->fs)
        return 0;
    return inode->fs->type->paged_file->grow(inode->node, size, pages);
}

/* Page `index`, read in if need be; NULL for a hole.  No new reference. */
static int page_or_hole(struct inode *inode, uint64_t index, struct frame **out)
{
    struct frame *frame = page_cache_find(inode, index);
    bool hole = false;

    if (frame || kept_here_only(inode) || index >= PAGES_FOR(inode->attributes.size)) {
        *out = frame;
        return 0;
    }
    frame = memory_allocate(0);
    if (!frame)
        return -ENOMEM;
    int error =
        inode->fs->type->paged_file->read_page(inode->node, index, frame_data(frame), &hole);

    if (!error && !hole)
        error = insert(inode, index, frame);
    if (error || hole)
        frame_put(frame);
    *out = hole ? NULL : frame;
    return error;
}

static int fill_hole(struct inode *inode, uint64_t index, struct frame **out)
{
    struct frame *frame = memory_allocate(FRAME_ZERO);

    if (!frame)
        return -ENOMEM;
    int error = insert(inode, index, frame);

    if (error) {
        frame_put(frame);
        return error;
    }
    error = grow(inode, inode->attributes.size, 1);
    if (error)
        drop(inode, index);
    *out = frame;
    return error;
}

int page_cache_get(struct inode *inode, uint64_t index, bool writable, struct frame **out)
{
    struct frame *frame;

    if (index >= PAGES_FOR(inode->attributes.size))
        return -ENXIO;
    int error = page_or_hole(inode, index, &frame);

    if (!error && !frame) {
        if (writable)
            error = fill_hole(inode, index, &frame);
        else
            frame = frame_zero();
    }
    if (error)
        return error;
    frame_get(frame);
    *out = frame;
    return 0;
}

/* ---- reading ---- */

int page_cache_read(struct inode *inode, struct user_buffer *to, uint64_t position)
{
    size_t before = to->done;
    int error = 0;

    while (user_buffer_left(to) > 0 && position < inode->attributes.size) {
        size_t offset = position & PAGE_MASK, moved;
        uint64_t left = min(inode->attributes.size - position, (uint64_t)user_buffer_left(to));
        size_t wanted = min(left, (uint64_t)(PAGE_SIZE - offset));
        struct frame *frame = page_cache_find(inode, position >> PAGE_SHIFT);

        if (!frame)
            error = page_or_hole(inode, position >> PAGE_SHIFT, &frame);
        if (error)
            break;
        if (frame) {
            moved = user_buffer_put(to, (char *)frame_data(frame) + offset, wanted);
        } else {
            moved = user_buffer_clear(to, wanted);
        }
        position += moved;
        if (moved < wanted) {
            error = -EFAULT;
            break;
        }
    }
    return to->done > before ? 0 : error;
}

/* ---- writing ---- */

/* Up to this many new pages are asked for at once. */
#define BATCH 32

/* A run of bytes that makes the file longer, or fills holes. */
struct batch {
    uint64_t start, end;        /* bytes of the file; `end` is where the copy has come to */
    uint64_t first;             /* index of pages[0] */
    unsigned count;             /* entries in `pages` */
    uint64_t added;             /* of them not NULL */
    struct frame *pages[BATCH]; /* new pages; NULL where the page was there already */
};

static size_t room_in_page(uint64_t position, const struct user_buffer *from)
{
    return min(PAGE_SIZE - (size_t)(position & PAGE_MASK), user_buffer_left(from));
}

/* The end of the file is to move beyond `position`: what lies between is to read as zeros. */
static void clear_tail(struct inode *inode, uint64_t position)
{
    uint64_t size = inode->attributes.size;
    size_t offset = size & PAGE_MASK;

    if (position <= size || offset == 0)
        return;
    struct frame *last = page_cache_find(inode, size >> PAGE_SHIFT);

    if (last)
        memset((char *)frame_data(last) + offset, 0,
               min(PAGE_SIZE - offset, (size_t)min(position - size, (uint64_t)PAGE_SIZE)));
}

/* Overwrites pages that exist, below the end of the file, as far as they go.  Bytes moved. */
static int overwrite(struct inode *inode, struct user_buffer *from, uint64_t *position)
{
    while (user_buffer_left(from) > 0 && *position < inode->attributes.size) {
        size_t wanted = (size_t)min((uint64_t)room_in_page(*position, from),
                                    inode->attributes.size - *position);
        struct frame *frame;
        int error = page_or_hole(inode, *position >> PAGE_SHIFT, &frame);

        if (error || !frame)
            return error;
        size_t moved =
            user_buffer_take(from, (char *)frame_data(frame) + (*position & PAGE_MASK), wanted);

        *position += moved;
        if (moved < wanted)
            return -EFAULT;
    }
    return 0;
}

/* Copies the next bytes into the page at batch->end, a new one unless it is there.  How many bytes
 * were moved, or -ENOMEM. */
static int batch_fill_page(struct inode *inode, struct batch *batch, struct user_buffer *from)
{
    size_t offset = batch->end & PAGE_MASK, wanted = room_in_page(batch->end, from);
    struct frame *present = page_cache_find(inode, batch->end >> PAGE_SHIFT);
    struct frame *frame = present;

    if (!present) {
        frame = memory_allocate(wanted == PAGE_SIZE ? 0 : FRAME_ZERO);
        if (!frame)
            return -ENOMEM;
    }
    char *data = frame_data(frame);
    size_t moved = user_buffer_take(from, data + offset, wanted);

    if (present) {
        frame = NULL;
    } else if (moved == 0) {
        frame_put(frame);
    } else if (wanted == PAGE_SIZE && moved < wanted) {
        memset(data + moved, 0, PAGE_SIZE - moved);
    }
    if (moved > 0) {
        batch->pages[batch->count++] = frame;
        batch->added += frame != NULL;
        batch->end += moved;
    }
    return (int)moved;
}

/* Puts the new pages in the tree.  The copy may have faulted on a mapping of this very file and so
 * have made a page meanwhile: then the bytes go there. */
static int batch_insert(struct inode *inode, struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        uint64_t index = batch->first + i, page = index << PAGE_SHIFT;
        struct frame *frame = batch->pages[i];
        int error = frame ? insert(inode, index, frame) : 0;

        if (error == -EEXIST) {
            size_t from = batch->start > page ? batch->start - page : 0;
            size_t to = (size_t)min(batch->end - page, (uint64_t)PAGE_SIZE);

            memcpy((char *)frame_data(page_cache_find(inode, index)) + from,
                   (char *)frame_data(frame) + from, to - from);
            frame_put(frame);
            batch->pages[i] = NULL;
            batch->added--;
        } else if (error) {
            for (unsigned j = i; j < batch->count; j++)
                if (batch->pages[j])
                    frame_put(batch->pages[j]);
            batch->count = i;
            return error;
        }
    }
    return 0;
}

static void batch_take_back(struct inode *inode, struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++)
        if (batch->pages[i])
            drop(inode, batch->first + i);
}

/* Data that exists is overwrite()'s, which asks nobody: a batch ends in front of it. */
static bool reached_data(struct inode *inode, const struct batch *batch)
{
    if (batch->count == 0 || batch->end >= inode->attributes.size)
        return false;
    return !kept_here_only(inode) || page_cache_find(inode, batch->end >> PAGE_SHIFT);
}

/* Writes one batch of at most `most` pages at `*position`; what was moved stays only if the file
 * system agrees. */
static int extend(struct inode *inode, struct user_buffer *from, uint64_t *position, unsigned most)
{
    struct batch batch = { .start = *position,
                           .end = *position,
                           .first = *position >> PAGE_SHIFT,
                           .count = 0,
                           .added = 0 };
    struct user_buffer before = *from;
    int moved = 1, error;

    clear_tail(inode, *position);
    while (batch.count < most && user_buffer_left(from) > 0 && moved > 0 &&
           !reached_data(inode, &batch)) {
        uint64_t offset = batch.end & PAGE_MASK;

        moved = batch_fill_page(inode, &batch, from);
        if (moved > 0 && offset + (uint64_t)moved < PAGE_SIZE && user_buffer_left(from) > 0)
            break; /* the copy stopped inside the page */
    }
    if (batch.count == 0)
        return moved < 0 ? moved : -EFAULT;
    uint64_t size = max(inode->attributes.size, batch.end);

    error = batch_insert(inode, &batch);
    if (!error)
        error = grow(inode, size, batch.added);
    if (error) {
        batch_take_back(inode, &batch);
        *from = before;
        return error;
    }
    inode->attributes.size = size;
    *position = batch.end;
    return 0;
}

int page_cache_write(struct inode *inode, struct user_buffer *from, uint64_t position)
{
    size_t before = from->done;
    unsigned most = BATCH;
    int error = 0;

    while (!error && user_buffer_left(from) > 0) {
        error = overwrite(inode, from, &position);
        if (!error && user_buffer_left(from) > 0)
            error = extend(inode, from, &position, most);
        if (error == -ENOSPC && most > 1) {
            most /= 2; /* a part may fit */
            error = 0;
        }
    }
    return from->done > before ? 0 : error;
}

/* ---- holes ---- */

uint64_t page_cache_seek(struct inode *inode, uint64_t position, bool data)
{
    uint64_t size = inode->attributes.size, start = position >> PAGE_SHIFT, index = start;

    if (!kept_here_only(inode)) { /* the file system knows, but is not asked: all is data */
        return data ? position : size;
    } else if (data) {
        if (!radix_tree_next(&inode->pages, &index))
            return size;
    } else {
        while (page_cache_find(inode, index))
            index++;
    }
    return min(index == start ? position : index << PAGE_SHIFT, size);
}

/* Bytes [offset, end) of page `index` become zeros, if it is there at all. */
static void clear_part(struct inode *inode, uint64_t index, size_t offset, size_t end)
{
    struct frame *frame = page_cache_find(inode, index);

    if (frame && end > offset)
        memset((char *)frame_data(frame) + offset, 0, end - offset);
}

static uint64_t pages_between(struct inode *inode, uint64_t first, uint64_t end)
{
    uint64_t pages = 0;

    for (; radix_tree_next(&inode->pages, &first) && first < end; first++)
        pages++;
    return pages;
}

int page_cache_punch(struct inode *inode, uint64_t start, uint64_t end)
{
    uint64_t first = PAGES_FOR(start), behind = end >> PAGE_SHIFT;

    if (!kept_here_only(inode))
        return -EOPNOTSUPP;
    if (inode->fs && first < behind) {
        int error = inode->fs->type->paged_file->truncate(inode->node, inode->attributes.size,
                                                          pages_between(inode, first, behind));

        if (error)
            return error;
    }
    for (uint64_t index = first; radix_tree_next(&inode->pages, &index) && index < behind;
         index++) {
        if (!list_empty(&inode->mappings))
            vm_forget_page(inode, index, page_cache_find(inode, index));
        drop(inode, index);
    }
    if (start >> PAGE_SHIFT == behind) {
        clear_part(inode, behind, start & PAGE_MASK, end & PAGE_MASK);
    } else {
        if (start & PAGE_MASK)
            clear_part(inode, start >> PAGE_SHIFT, start & PAGE_MASK, PAGE_SIZE);
        clear_part(inode, behind, 0, end & PAGE_MASK);
    }
    return 0;
}

/* ---- sizes ---- */

static uint64_t pages_from(struct inode *inode, uint64_t first)
{
    uint64_t pages = 0;

    while (pages < inode->page_count && radix_tree_next(&inode->pages, &first)) {
        pages++;
        first++;
    }
    return pages;
}

static int shrink(struct inode *inode, uint64_t size)
{
    uint64_t first = PAGES_FOR(size);
    uint64_t pages = pages_from(inode, first);

    if (inode->fs) {
        int error = inode->fs->type->paged_file->truncate(inode->node, size, pages);

        if (error)
            return error;
    }
    inode->attributes.size = size;
    if (!list_empty(&inode->mappings))
        vm_forget_file_pages(inode, first, UINT64_MAX >> PAGE_SHIFT);
    for (uint64_t index = first; radix_tree_next(&inode->pages, &index); index++)
        drop(inode, index);
    clear_tail(inode, PAGE_ROUND_UP(size)); /* mappings see zeros there */
    return 0;
}

int page_cache_resize(struct inode *inode, uint64_t size)
{
    if (size < inode->attributes.size)
        return shrink(inode, size);
    if (size == inode->attributes.size)
        return 0;
    int error = grow(inode, size, 0);

    if (error)
        return error;
    clear_tail(inode, size);
    inode->attributes.size = size;
    return 0;
}
