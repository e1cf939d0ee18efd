/* A process's memory is a set of areas (what belongs where) over page tables (what is there now).
 * Everything here changes the areas and takes pages away; page faults (fault.c) bring them. */
#include <memory/vm.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include <fs/file.h>
#include <fs/memory_file.h>
#include <memory/shared_memory.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

#include "area.h"

int vm_create(struct vm **out)
{
    struct vm *vm = kzalloc(sizeof *vm);
    if (!vm)
        return -ENOMEM;
    int error = address_space_create(&vm->space);
    if (error) {
        kfree(vm);
        return error;
    }
    vm->references = 1;
    *out = vm;
    return 0;
}

void vm_get(struct vm *vm)
{
    vm->references++;
}

void vm_put(struct vm *vm)
{
    if (--vm->references)
        return;
    address_space_destroy(vm->space);
    area_remove(vm, 0, vm->count);
    kfree(vm->areas);
    kfree(vm);
}

void vm_activate(struct vm *vm)
{
    address_space_activate(vm ? vm->space : NULL);
}

uint64_t vm_peak_resident(const struct vm *vm)
{
    uint64_t now = address_space_resident(vm->space);
    return now > vm->peak_resident ? now : vm->peak_resident;
}

/* Pages that have a file to come from again are not copied: a fault is cheaper for the few that
 * the child will touch before it calls execve. */
static int clone_pages(struct vm *to, struct vm *from, const struct vm_area *area)
{
    if (!(area->flags & AREA_PRIVATE_PAGES) || (area->flags & AREA_FORKED_EMPTY))
        return 0;
    return address_space_copy(to->space, from->space, area->start, area->end, false);
}

static int clone_areas(struct vm *to, struct vm *from)
{
    for (unsigned i = 0; i < from->count; i++) {
        if (from->areas[i]->flags & AREA_NOT_FORKED)
            continue;
        struct vm_area *area = area_create(to, from->areas[i]);
        if (!area)
            return -ENOMEM;
        area->flags &= ~AREA_LOCKED;
        int error = area_insert(to, area);
        if (error) {
            area_free(area);
            return error;
        }
        error = clone_pages(to, from, area);
        if (error)
            return error;
    }
    return 0;
}

int vm_clone(struct vm *from, struct vm **out)
{
    struct vm *vm;
    int error = vm_create(&vm);
    if (error)
        return error;
    struct address_space *space = vm->space;
    *vm = *from;
    vm->references = 1;
    vm->space = space;
    vm->areas = NULL;
    vm->count = vm->capacity = 0;
    vm->pages = vm->peak_pages = vm->peak_resident = 0;
    vm->locks_later = false;
    error = clone_areas(vm, from);
    if (error) {
        vm_put(vm);
        return error;
    }
    *out = vm;
    return 0;
}

/* ---- mmap ---- */

static uint64_t limit(unsigned resource)
{
    return current_process()->limits[resource].rlim_cur;
}

static int check_file(const struct file *file, unsigned protection, bool shared, unsigned *maximum)
{
    unsigned mode = file->flags & O_ACCMODE;
    if (mode == O_WRONLY || mode == O_ACCMODE)
        return -EACCES;
    if (shared && mode != O_RDWR)
        *maximum &= ~PAGE_WRITE;
    if (file->path.mount && (file->path.mount->flags & MS_NOEXEC))
        *maximum &= ~PAGE_EXECUTE;
    if (protection & ~*maximum)
        return (protection & ~*maximum & PAGE_EXECUTE) ? -EPERM : -EACCES;
    if (!S_ISREG(file->inode->attributes.mode) || file->ops)
        return -ENODEV;
    return file_seals_allow_mapping(file, protection, shared, maximum);
}

static int choose_address(struct vm *vm, user_address hint, uint64_t length, unsigned flags,
                          user_address *out)
{
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        return area_find_gap(vm, hint, length, out);
    if (hint & PAGE_MASK)
        return -EINVAL;
    if (hint < USER_START)
        return -EPERM;
    if (length > USER_END || hint > USER_END - length)
        return -ENOMEM;
    unsigned index = area_index(vm, hint);
    if ((flags & MAP_FIXED_NOREPLACE) && index < vm->count &&
        vm->areas[index]->start < hint + length)
        return -EEXIST;
    *out = hint;
    return 0;
}

static uint64_t pages_mapped(const struct vm *vm, user_address start, user_address end)
{
    uint64_t pages = 0;
    for (unsigned i = area_index(vm, start); i < vm->count && vm->areas[i]->start < end; i++) {
        user_address from = vm->areas[i]->start > start ? vm->areas[i]->start : start;
        user_address to = vm->areas[i]->end < end ? vm->areas[i]->end : end;
        pages += (to - from) >> PAGE_SHIFT;
    }
    return pages;
}

/* What RLIMIT_DATA counts (setrlimit(2)): private memory that can be written, but no stack. */
static bool is_data(const struct vm_area *area, unsigned protection)
{
    return (protection & PAGE_WRITE) && !(area->flags & (AREA_SHARED | AREA_GROWS_DOWN));
}

static bool exceeds_data_limit(const struct vm *vm, uint64_t pages)
{
    uint64_t most = limit(RLIMIT_DATA);
    if (most == RLIM_INFINITY)
        return false;
    for (unsigned i = 0; i < vm->count; i++)
        if (is_data(vm->areas[i], vm->areas[i]->protection))
            pages += (vm->areas[i]->end - vm->areas[i]->start) >> PAGE_SHIFT;
    return pages << PAGE_SHIFT > most;
}

static int map_area(struct vm *vm, const struct vm_area *like)
{
    uint64_t length = like->end - like->start;
    uint64_t pages = (length >> PAGE_SHIFT) - pages_mapped(vm, like->start, like->end);
    if ((vm->pages + pages) << PAGE_SHIFT > limit(RLIMIT_AS) ||
        (is_data(like, like->protection) && exceeds_data_limit(vm, pages)))
        return -ENOMEM;
    int error = vm_unmap(vm, like->start, length);
    if (error)
        return error;
    struct vm_area *area = area_create(vm, like);
    if (!area)
        return -ENOMEM;
    error = area_insert(vm, area);
    if (error) {
        area_free(area);
        return error;
    }
    unsigned index = area_index(vm, like->start);
    area_merge(vm, index + 1);
    area_merge(vm, index);
    return 0;
}

int vm_map(struct vm *vm, user_address hint, uint64_t length, unsigned protection, unsigned flags,
           struct file *file, uint64_t offset, user_address *out)
{
    unsigned type = flags & MAP_TYPE;
    bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
    if (!length)
        return -EINVAL;
    length = PAGE_ROUND_UP(length);
    if (!length || length > USER_END)
        return -ENOMEM;
    if (file && offset > INT64_MAX - length)
        return -EOVERFLOW;
    if ((!shared && type != MAP_PRIVATE) || (!file && type == MAP_SHARED_VALIDATE))
        return -EINVAL;
    struct vm_area like = {
        .protection = protection,
        .maximum = PAGE_READ | PAGE_WRITE | PAGE_EXECUTE,
        .flags = (shared ? AREA_SHARED : 0) | ((flags & MAP_GROWSDOWN) ? AREA_GROWS_DOWN : 0),
        .file = file,
        .offset = file ? offset >> PAGE_SHIFT : 0,
    };
    if (vm->locks_later || (flags & MAP_LOCKED))
        like.flags |= AREA_LOCKED;
    int error = vm->count > AREAS_LIMIT ? -ENOMEM : 0;
    if (!error && file)
        error = check_file(file, protection, shared, &like.maximum);
    if (!error && (like.flags & AREA_LOCKED) &&
        vm_check_locked(vm_locked_pages(vm) + (length >> PAGE_SHIFT)))
        error = -EAGAIN;
    if (!error)
        error = choose_address(vm, hint, length, flags, &like.start);
    if (error)
        return error;
    like.end = like.start + length;
    struct file *memory = NULL;
    if (shared && !file) {
        error = shared_memory_create(length, &memory);
        if (error)
            return error;
        like.file = memory;
    }
    error = map_area(vm, &like);
    if (memory)
        file_put(memory); /* the area has its own reference */
    if (error)
        return error;
    if ((flags & MAP_POPULATE) || (like.flags & AREA_LOCKED))
        vm_populate(vm, like.start, like.end,
                    (protection & PAGE_WRITE) && !shared ? PAGE_WRITE : PAGE_READ);
    *out = like.start;
    return 0;
}

static bool valid_range(user_address start, uint64_t length)
{
    return !(start & PAGE_MASK) && length <= USER_END && start <= USER_END - length;
}

int vm_unmap(struct vm *vm, user_address start, uint64_t length)
{
    length = PAGE_ROUND_UP(length);
    if (!length || !valid_range(start, length))
        return -EINVAL;
    user_address end = start + length;
    unsigned index = area_index(vm, start);
    if (index == vm->count || vm->areas[index]->start >= end)
        return 0;
    int error = area_split(vm, start);
    if (!error)
        error = area_split(vm, end);
    if (error)
        return error;
    vm->peak_resident = vm_peak_resident(vm);
    address_space_unmap(vm->space, start, end);
    index = area_index(vm, start);
    area_remove(vm, index, area_index(vm, end) - index);
    return 0;
}

int vm_protect(struct vm *vm, user_address start, uint64_t length, unsigned protection)
{
    if (start & PAGE_MASK)
        return -EINVAL;
    if (!length)
        return 0;
    length = PAGE_ROUND_UP(length);
    if (!length || !valid_range(start, length))
        return -ENOMEM;
    user_address end = start + length, done = start;
    int error = area_split(vm, start);
    if (!error)
        error = area_split(vm, end);
    for (unsigned i = area_index(vm, start); !error && done < end; i++) {
        struct vm_area *area = i < vm->count ? vm->areas[i] : NULL;
        if (!area || area->start > done)
            return -ENOMEM;
        if (protection & ~area->maximum)
            return -EACCES;
        if (is_data(area, protection) && !is_data(area, area->protection) &&
            exceeds_data_limit(vm, (area->end - area->start) >> PAGE_SHIFT))
            return -ENOMEM;
        done = area->end;
        area->protection = protection;
        address_space_protect(vm->space, area->start, area->end, area_mapped_protection(area));
        if (area_merge(vm, i))
            i--;
    }
    area_merge(vm, area_index(vm, end));
    return error;
}

user_address vm_brk(struct vm *vm, user_address wanted)
{
    if (wanted < vm->brk_start || wanted > USER_END)
        return vm->brk_end;
    user_address old = PAGE_ROUND_UP(vm->brk_end), new = PAGE_ROUND_UP(wanted);
    if (new < old) {
        if (vm_unmap(vm, new, old - new))
            return vm->brk_end;
    } else if (new > old) {
        user_address got;
        if (new - vm->brk_start > limit(RLIMIT_DATA) ||
            vm_map(vm, old, new - old, PAGE_READ | PAGE_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0, &got))
            return vm->brk_end;
    }
    vm->brk_end = wanted;
    return wanted;
}

void vm_forget_file_pages(struct inode *inode, uint64_t first, uint64_t last)
{
    struct vm_area *area;
    list_for_each_entry(area, &inode->mappings, mapping) {
        uint64_t pages = (area->end - area->start) >> PAGE_SHIFT;
        if (last < area->offset || first >= area->offset + pages)
            continue;
        uint64_t from = first > area->offset ? first - area->offset : 0;
        uint64_t to = last - area->offset < pages ? last - area->offset + 1 : pages;
        address_space_unmap(area->vm->space, area->start + (from << PAGE_SHIFT),
                            area->start + (to << PAGE_SHIFT));
    }
}

void vm_forget_page(struct inode *inode, uint64_t index, const struct frame *frame)
{
    struct vm_area *area;
    list_for_each_entry(area, &inode->mappings, mapping) {
        uint64_t pages = (area->end - area->start) >> PAGE_SHIFT;
        if (index < area->offset || index - area->offset >= pages)
            continue;
        user_address page = area->start + ((index - area->offset) << PAGE_SHIFT);
        if (address_space_lookup(area->vm->space, page, NULL) == frame)
            address_space_unmap(area->vm->space, page, page + PAGE_SIZE);
    }
}
