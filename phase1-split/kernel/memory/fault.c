/* A page fault is a question: which page belongs here?  Anonymous memory answers with zeros, a
 * file with its page, and a write to a page that others see with a copy. */
#include <linux/errno.h>

#include <fs/file.h>
#include <fs/page_cache.h>
#include <lib/bits.h>
#include <memory/reclaim.h>
#include <memory/vm.h>
#include <param.h>
#include <platform/memory.h>
#include <process/process.h>

#include "area.h"

/* Maps `frame`, taking over the reference, also when that fails. */
static int map_frame(struct vm_area *area, user_address page, struct frame *frame,
                     unsigned protection)
{
    int error = address_space_map(area->vm->space, page, frame, protection);
    if (error)
        frame_put(frame);
    return error;
}

static int map_private_copy(struct vm_area *area, user_address page, const struct frame *original)
{
    bool zeros = original == frame_zero();
    struct frame *copy = memory_allocate(zeros ? FRAME_ZERO : 0);
    if (!copy)
        return -ENOMEM;
    if (!zeros)
        memcpy(frame_data(copy), frame_data(original), PAGE_SIZE);
    area->flags |= AREA_PRIVATE_PAGES;
    return map_frame(area, page, copy, area->protection);
}

static int fault_anonymous(struct vm_area *area, user_address page, unsigned access)
{
    if (access == PAGE_WRITE)
        return map_private_copy(area, page, frame_zero());
    area->flags |= AREA_PRIVATE_PAGES;
    frame_get(frame_zero());
    return map_frame(area, page, frame_zero(), area_mapped_protection(area));
}

/* Maps the neighbours that the page cache has already: programs run through their text, and a
 * fault costs more than mapping a dozen pages. */
static void map_around(struct vm_area *area, user_address page)
{
    user_address window = FAULT_AROUND_PAGES * PAGE_SIZE;
    user_address start = page & ~(window - 1), end = start + window;
    if (start < area->start)
        start = area->start;
    if (end > area->end)
        end = area->end;
    for (user_address near = start; near < end; near += PAGE_SIZE) {
        struct frame *frame = page_cache_find(area->file->inode, area_page_index(area, near));
        if (!frame || address_space_lookup(area->vm->space, near, NULL))
            continue;
        frame_get(frame);
        if (map_frame(area, near, frame, area_mapped_protection(area)))
            return; /* no memory for tables: the neighbours can wait */
    }
}

static int fault_file(struct vm_area *area, user_address page, unsigned access)
{
    struct inode *inode = area->file->inode;
    bool shared = area->flags & AREA_SHARED;
    bool writable = shared && access == PAGE_WRITE;
    struct frame *frame;
    int error = page_cache_get(inode, area_page_index(area, page), writable, &frame);
    if (error)
        return error == -ENOSPC ? -ENXIO : error; /* SIGBUS, as Linux */
    if (access == PAGE_WRITE && !shared) {
        error = map_private_copy(area, page, frame);
        frame_put(frame);
        return error;
    }
    if (writable)
        inode_touch(inode, SET_MODIFIED | SET_CHANGED);
    error =
        map_frame(area, page, frame, writable ? area->protection : area_mapped_protection(area));
    if (!error && access != PAGE_WRITE)
        map_around(area, page);
    return error;
}

/* A write to a page that is mapped without leave to write. */
static int fault_write_protected(struct vm_area *area, user_address page, struct frame *frame)
{
    if (area->flags & AREA_SHARED)
        return fault_file(area, page, PAGE_WRITE);
    if (frame_references(frame) > 1 || frame == frame_zero())
        return map_private_copy(area, page, frame);
    /* Whoever shared it has gone: the last user keeps the page. */
    address_space_protect(area->vm->space, page, page + PAGE_SIZE, area->protection);
    return 0;
}

/* The stack reaches down to `page` if its limit and a gap to the area below allow it. */
static struct vm_area *grow_stack(struct vm *vm, user_address page)
{
    unsigned index = area_index(vm, page);
    struct vm_area *area = index < vm->count ? vm->areas[index] : NULL;
    if (!area || !(area->flags & AREA_GROWS_DOWN))
        return NULL;
    if (area->end - page > current_process()->limits[RLIMIT_STACK].rlim_cur)
        return NULL;
    user_address guard = STACK_GUARD_PAGES * PAGE_SIZE;
    if (page < USER_START + guard || (index && vm->areas[index - 1]->end > page - guard))
        return NULL;
    uint64_t more = (area->start - page) >> PAGE_SHIFT;
    if ((vm->pages + more) << PAGE_SHIFT > current_process()->limits[RLIMIT_AS].rlim_cur)
        return NULL;
    vm->pages += more;
    if (vm->pages > vm->peak_pages)
        vm->peak_pages = vm->pages;
    area->start = page;
    return area;
}

/* On x86-64 what can be written or executed can be read. */
static bool allowed(const struct vm_area *area, unsigned access)
{
    return access == PAGE_READ ? area->protection != 0 : (area->protection & access) != 0;
}

int vm_fault(struct vm *vm, user_address address, unsigned access)
{
    user_address page = PAGE_ROUND_DOWN(address);
    struct vm_area *area = vm_find(vm, address);
    if (!area)
        area = grow_stack(vm, page);
    if (!area)
        return -EFAULT;
    if (!allowed(area, access))
        return -EACCES;
    unsigned mapped = 0;
    struct frame *frame = address_space_lookup(vm->space, page, &mapped);
    if (!frame)
        return area->file ? fault_file(area, page, access) : fault_anonymous(area, page, access);
    if (access == PAGE_WRITE && !(mapped & PAGE_WRITE))
        return fault_write_protected(area, page, frame);
    return 0;
}

size_t vm_make_present(struct vm *vm, user_address address, size_t size, unsigned access)
{
    size_t done = address_space_present(vm->space, address, size, access);
    while (done < size && vm_fault(vm, address + done, access) == 0) {
        done += PAGE_SIZE - ((address + done) & PAGE_MASK);
        if (done < size)
            done += address_space_present(vm->space, address + done, size - done, access);
    }
    return done < size ? done : size;
}

bool vm_populate(struct vm *vm, user_address start, user_address end, unsigned access)
{
    while (start < end) {
        size_t piece = min((size_t)(end - start), TRANSFER_STRETCH);
        if (vm_make_present(vm, start, piece, access) < piece || signal_fatal_waiting(current))
            return false;
        start += piece;
        if (scheduler_should_yield())
            scheduler_yield();
    }
    return true;
}
