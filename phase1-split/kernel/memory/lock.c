/* mlock(2), and the flags that madvise(2) puts on ranges. */
#include <linux/errno.h>

#include <memory/vm.h>
#include <process/process.h>

#include "area.h"

uint64_t vm_locked_pages(const struct vm *vm)
{
    uint64_t pages = 0;
    for (unsigned i = 0; i < vm->count; i++)
        if (vm->areas[i]->flags & AREA_LOCKED)
            pages += (vm->areas[i]->end - vm->areas[i]->start) >> PAGE_SHIFT;
    return pages;
}

int vm_set_flags(struct vm *vm, user_address start, user_address end, unsigned set, unsigned clear)
{
    int error = area_split(vm, start);
    if (!error)
        error = area_split(vm, end);
    if (error)
        return error;
    unsigned first = area_index(vm, start), last = first;
    for (; last < vm->count && vm->areas[last]->start < end; last++)
        vm->areas[last]->flags = (vm->areas[last]->flags & ~clear) | set;
    for (unsigned i = last; i + 1 > first; i--)
        area_merge(vm, i);
    return 0;
}

/* Is all of it mapped?  `*locked` counts the pages that are locked already. */
static bool is_mapped(const struct vm *vm, user_address start, user_address end, uint64_t *locked)
{
    *locked = 0;
    while (start < end) {
        const struct vm_area *area = vm_find(vm, start);
        if (!area)
            return false;
        user_address to = area->end < end ? area->end : end;
        if (area->flags & AREA_LOCKED)
            *locked += (to - start) >> PAGE_SHIFT;
        start = to;
    }
    return true;
}

int vm_check_locked(uint64_t pages)
{
    uint64_t most = current_process()->limits[RLIMIT_MEMLOCK].rlim_cur;
    if (process_privileged())
        return 0;
    if (most == 0)
        return -EPERM;
    return pages << PAGE_SHIFT > most ? -ENOMEM : 0;
}

static void make_present(struct vm *vm, user_address start, user_address end)
{
    while (start < end) {
        unsigned i = area_index(vm, start);
        const struct vm_area *area = i < vm->count ? vm->areas[i] : NULL;
        if (!area || area->start >= end)
            return;
        user_address from = area->start > start ? area->start : start;
        user_address to = area->end < end ? area->end : end;
        bool written = (area->protection & PAGE_WRITE) && !(area->flags & AREA_SHARED);
        vm_populate(vm, from, to, written ? PAGE_WRITE : PAGE_READ);
        start = to; /* not area->end: another task may have changed the area meanwhile */
    }
}

int vm_lock(struct vm *vm, user_address start, uint64_t length, bool on)
{
    uint64_t offset = start & PAGE_MASK, locked;
    start -= offset;
    user_address end = start + PAGE_ROUND_UP(length + offset);
    if (end < start)
        return -EINVAL;
    if (end > USER_END)
        return -ENOMEM;
    bool mapped = is_mapped(vm, start, end, &locked);
    uint64_t more = ((end - start) >> PAGE_SHIFT) - locked;
    int error = on ? vm_check_locked(vm_locked_pages(vm) + more) : 0;
    if (!error)
        error = vm_set_flags(vm, start, end, on ? AREA_LOCKED : 0, AREA_LOCKED);
    if (error)
        return error;
    if (on)
        make_present(vm, start, end);
    return mapped ? 0 : -ENOMEM;
}

int vm_lock_all(struct vm *vm, bool now, bool later)
{
    int error = now ? vm_check_locked(vm->pages) : 0;
    if (!error && (now || !later))
        error = vm_set_flags(vm, USER_START, USER_END, now ? AREA_LOCKED : 0, AREA_LOCKED);
    if (error)
        return error;
    vm->locks_later = later;
    if (now)
        make_present(vm, USER_START, USER_END);
    return 0;
}
