/* Areas are kept in an array sorted by address: found by halving, walked in order, copied whole by
 * fork.  A program has dozens of them, so moving the tail on an insertion costs little. */
#include "area.h"

#include <linux/errno.h>

#include <fs/file.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>

#define AREAS_AT_FIRST 16u

/* Room that is kept free below the top of the stack, for the stack alone. */
#define STACK_ROOM (128ull << 20)

unsigned area_index(const struct vm *vm, user_address address)
{
    unsigned low = 0, high = vm->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (vm->areas[middle]->end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct vm_area *vm_find(const struct vm *vm, user_address address)
{
    unsigned index = area_index(vm, address);
    if (index == vm->count || vm->areas[index]->start > address)
        return NULL;
    return vm->areas[index];
}

struct vm_area *area_create(struct vm *vm, const struct vm_area *like)
{
    struct vm_area *area = kmalloc(sizeof *area);
    if (!area)
        return NULL;
    *area = *like;
    area->vm = vm;
    list_init(&area->mapping);
    if (area->file) {
        file_get(area->file);
        list_add_tail(&area->file->inode->mappings, &area->mapping);
    }
    return area;
}

void area_free(struct vm_area *area)
{
    list_remove(&area->mapping);
    if (area->file)
        file_put(area->file);
    kfree(area);
}

static int make_room(struct vm *vm)
{
    if (vm->count < vm->capacity)
        return 0;
    unsigned capacity = vm->capacity ? 2 * vm->capacity : AREAS_AT_FIRST;
    struct vm_area **areas = kmalloc(capacity * sizeof *areas);
    if (!areas)
        return -ENOMEM;
    if (vm->count)
        memcpy(areas, vm->areas, vm->count * sizeof *areas);
    kfree(vm->areas);
    vm->areas = areas;
    vm->capacity = capacity;
    return 0;
}

int area_insert(struct vm *vm, struct vm_area *area)
{
    int error = make_room(vm);
    if (error)
        return error;
    unsigned index = area_index(vm, area->start);
    memmove(&vm->areas[index + 1], &vm->areas[index], (vm->count - index) * sizeof *vm->areas);
    vm->areas[index] = area;
    vm->count++;
    vm->pages += (area->end - area->start) >> PAGE_SHIFT;
    if (vm->pages > vm->peak_pages)
        vm->peak_pages = vm->pages;
    return 0;
}

/* Closes the gap that `count` areas at `index` leave; they themselves live on. */
static void take_out(struct vm *vm, unsigned index, unsigned count)
{
    vm->count -= count;
    memmove(&vm->areas[index], &vm->areas[index + count], (vm->count - index) * sizeof *vm->areas);
}

void area_remove(struct vm *vm, unsigned index, unsigned count)
{
    for (unsigned i = index; i < index + count; i++) {
        vm->pages -= (vm->areas[i]->end - vm->areas[i]->start) >> PAGE_SHIFT;
        area_free(vm->areas[i]);
    }
    take_out(vm, index, count);
}

int area_split(struct vm *vm, user_address address)
{
    struct vm_area *area = vm_find(vm, address);
    if (!area || area->start == address)
        return 0;
    int error = vm->count >= AREAS_LIMIT ? -ENOMEM : make_room(vm);
    if (error)
        return error;
    struct vm_area *upper = area_create(vm, area);
    if (!upper)
        return -ENOMEM;
    upper->offset = area_page_index(area, address);
    upper->start = address;
    upper->flags &= ~AREA_GROWS_DOWN;
    vm->pages -= (area->end - address) >> PAGE_SHIFT;
    area->end = address;
    return area_insert(vm, upper); /* cannot fail: there is room */
}

static bool alike(const struct vm_area *low, const struct vm_area *high)
{
    if (low->end != high->start || low->protection != high->protection ||
        low->maximum != high->maximum || low->file != high->file ||
        (low->flags & ~AREA_PRIVATE_PAGES) != (high->flags & ~AREA_PRIVATE_PAGES))
        return false;
    return !low->file || area_page_index(low, high->start) == high->offset;
}

bool area_merge(struct vm *vm, unsigned index)
{
    if (index == 0 || index >= vm->count || !alike(vm->areas[index - 1], vm->areas[index]))
        return false;
    struct vm_area *low = vm->areas[index - 1], *high = vm->areas[index];
    low->end = high->end;
    low->flags |= high->flags & AREA_PRIVATE_PAGES;
    take_out(vm, index, 1);
    area_free(high);
    return true;
}

static bool is_free(const struct vm *vm, user_address start, uint64_t length)
{
    if (start < USER_START || length > USER_END - start)
        return false;
    unsigned index = area_index(vm, start);
    return index == vm->count || vm->areas[index]->start >= start + length;
}

int area_find_gap(const struct vm *vm, user_address hint, uint64_t length, user_address *out)
{
    hint = PAGE_ROUND_DOWN(hint);
    if (hint && is_free(vm, hint, length)) {
        *out = hint;
        return 0;
    }
    user_address top = (vm->stack_top ? vm->stack_top : USER_END) - STACK_ROOM;
    for (unsigned index = area_index(vm, top);; index--) {
        if (index < vm->count && vm->areas[index]->start < top)
            top = vm->areas[index]->start;
        user_address bottom = index ? vm->areas[index - 1]->end : USER_START;
        if (top > bottom && top - bottom >= length) {
            *out = top - length;
            return 0;
        }
        if (index == 0)
            return -ENOMEM;
    }
}
