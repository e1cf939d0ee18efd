/* Copies of what the memory of a process is, for those who are no part of Core. */
#include <snapshot/memory.h>

#include <linux/errno.h>

#include <fs/file.h>
#include <fs/page_cache.h>
#include <lib/string.h>
#include <memory/area.h>
#include <memory/vdso.h>
#include <platform/memory.h>
#include <process/process.h>

/* ---- areas ---- */

/* The lowest area that ends above `from`, or NULL. */
static const struct vm_area *area_above(const struct process *process, user_address from)
{
    const struct vm *vm = process->vm;
    unsigned index = vm ? area_index(vm, from) : 0;
    return vm && index < vm->count ? vm->areas[index] : NULL;
}

static bool has_name(const struct vm_area *area)
{
    return area->file && area->file->path.dentry;
}

static enum area_kind kind_of(const struct vm_area *area)
{
    const struct vm *vm = area->vm;
    if (has_name(area))
        return AREA_FILE;
    if (area->file)
        return vdso_is(area->file) ? AREA_VDSO : AREA_NAMELESS_FILE;
    if (vm->brk_end > vm->brk_start && area->start <= vm->brk_end && area->end >= vm->brk_start)
        return AREA_HEAP;
    if (area->start <= vm->stack_top && area->end >= vm->stack_top)
        return AREA_STACK;
    return AREA_PLAIN;
}

int area_snapshot(int32_t id, user_address from, struct area_snapshot *out)
{
    const struct process *process = process_find(id);
    const struct vm_area *area = process ? area_above(process, from) : NULL;
    if (!area)
        return process ? -ENOENT : -ESRCH;
    const struct inode *inode = area->file ? area->file->inode : NULL;
    *out = (struct area_snapshot){
        .start = area->start,
        .end = area->end,
        .readable = area->protection & PAGE_READ,
        .writable = area->protection & PAGE_WRITE,
        .executable = area->protection & PAGE_EXECUTE,
        .shared = area->flags & AREA_SHARED,
        .kind = kind_of(area),
        .offset = area->file ? area->offset << PAGE_SHIFT : 0,
        .device = inode && inode->fs ? inode->fs->device : 0,
        .inode = inode ? inode->attributes.number : 0,
    };
    return 0;
}

int area_name(int32_t id, user_address start, char *out, size_t size)
{
    const struct process *process = process_find(id);
    const struct vm_area *area = process ? area_above(process, start) : NULL;
    if (!area || !has_name(area))
        return process ? -ENOENT : -ESRCH;
    const char *name = path_to_string(&area->file->path, out, size, NULL);
    if (!name)
        return -ENAMETOOLONG;
    memmove(out, name, strlen(name) + 1);
    return 0;
}

static struct frame *cached_page(const struct vm_area *area, user_address at)
{
    uint64_t index = area->offset + ((at - area->start) >> PAGE_SHIFT);
    return area->file ? page_cache_find(area->file->inode, index) : NULL;
}

/* Whoever maps a page holds a reference, and so does the page cache. */
static void count_page(struct frame *frame, bool cached, struct area_use *out)
{
    uint32_t users = frame_references(frame) - cached;
    out->resident++;
    out->proportional += PAGE_SIZE / (users ? users : 1);
    if (!cached)
        out->anonymous++;
    if (cached)
        *(users > 1 ? &out->shared_clean : &out->private_clean) += 1;
    else
        *(users > 1 ? &out->shared_dirty : &out->private_dirty) += 1;
}

static void measure(const struct vm_area *area, struct area_use *out)
{
    *out = (struct area_use){ .size = (area->end - area->start) >> PAGE_SHIFT };
    user_address at = area->start;
    while ((at = address_space_next(area->vm->space, at, area->end)) < area->end) {
        struct frame *frame = address_space_lookup(area->vm->space, at, NULL);
        if (frame != frame_zero())
            count_page(frame, frame == cached_page(area, at), out);
        at += PAGE_SIZE;
    }
}

int area_measure(int32_t id, user_address start, struct area_use *out)
{
    const struct process *process = process_find(id);
    const struct vm_area *area = process ? area_above(process, start) : NULL;
    if (!area)
        return process ? -ENOENT : -ESRCH;
    measure(area, out);
    return 0;
}

/* ---- all of it ---- */

int process_memory_use(int32_t id, struct memory_use *out)
{
    const struct process *process = process_find(id);
    if (!process)
        return -ESRCH;
    const struct vm *vm = process->vm;
    *out = (struct memory_use){ .size = vm ? vm->pages : 0,
                                .resident = vm ? address_space_resident(vm->space) : 0,
                                .locked = vm ? vm_locked_pages(vm) : 0 };
    for (unsigned i = 0; vm && i < vm->count; i++) {
        const struct vm_area *area = vm->areas[i];
        uint64_t pages = (area->end - area->start) >> PAGE_SHIFT;
        if (area->flags & AREA_GROWS_DOWN)
            out->stack += pages;
        else if (area->protection & PAGE_EXECUTE)
            out->text += pages;
        else if ((area->protection & PAGE_WRITE) && !(area->flags & AREA_SHARED))
            out->data += pages;
        if (!area->file)
            continue;
        struct area_use use;
        measure(area, &use);
        *(area->file->path.dentry ? &out->resident_file : &out->resident_shared) +=
            use.resident - use.anonymous;
    }
    return 0;
}

/* The page at `address`, if it is in memory already. */
static const struct frame *present_page(const struct vm *vm, user_address address)
{
    const struct vm_area *area = vm_find(vm, address);
    user_address page = PAGE_ROUND_DOWN(address);
    if (!area)
        return NULL;
    const struct frame *frame = address_space_lookup(vm->space, page, NULL);
    return frame ? frame : cached_page(area, page);
}

long process_read_memory(int32_t id, user_address from, void *to, size_t size)
{
    const struct process *process = process_find(id);
    if (!process)
        return -ESRCH;
    size_t done = 0;
    while (process->vm && done < size) {
        const struct frame *frame = present_page(process->vm, from + done);
        if (!frame)
            break;
        size_t offset = (from + done) & PAGE_MASK;
        size_t piece = PAGE_SIZE - offset < size - done ? PAGE_SIZE - offset : size - done;
        memcpy((char *)to + done, (const char *)frame_data(frame) + offset, piece);
        done += piece;
    }
    return done;
}

size_t process_auxiliary(int32_t id, size_t first, uint64_t *out, size_t capacity)
{
    const struct process *process = process_find(id);
    const struct vm *vm = process ? process->vm : NULL;
    size_t count = 0;
    while (vm && count < capacity && first + count < vm->auxiliary_count) {
        out[count] = vm->auxiliary[first + count];
        count++;
    }
    return count;
}
