/* mremap(2): an area changes its size, or moves with the pages that it has. */
#include <linux/errno.h>
#include <linux/mman.h>

#include <memory/vm.h>
#include <platform/memory.h>
#include <process/process.h>

#include "area.h"

/* What is asked for, lengths in whole pages. */
struct request {
    user_address start, to;
    uint64_t old_length, new_length;
    unsigned flags; /* MREMAP_* */
};

static bool exceeds_limit(const struct vm *vm, uint64_t more)
{
    return (vm->pages << PAGE_SHIFT) + more > current_process()->limits[RLIMIT_AS].rlim_cur;
}

/* Each page keeps its frame and what may be done with it. */
static int move_pages(struct vm *vm, user_address from, user_address to, uint64_t length)
{
    user_address end = from + length;
    user_address at = address_space_next(vm->space, from, end);
    for (; at < end; at = address_space_next(vm->space, at + PAGE_SIZE, end)) {
        unsigned protection;
        struct frame *frame = address_space_lookup(vm->space, at, &protection);
        frame_get(frame);
        int error = address_space_map(vm->space, to + (at - from), frame, protection);
        if (error) {
            frame_put(frame);
            address_space_unmap(vm->space, to, to + (at - from));
            return error;
        }
    }
    address_space_unmap(vm->space, from, end);
    return 0;
}

static int choose_target(struct vm *vm, const struct request *request, user_address *out)
{
    if (!(request->flags & MREMAP_FIXED))
        return area_find_gap(vm, (request->flags & MREMAP_DONTUNMAP) ? request->to : 0,
                             request->new_length, out);
    *out = request->to;
    return vm_unmap(vm, request->to, request->new_length);
}

/* A second area like the one at `start`, to which its pages go. */
static int move_to(struct vm *vm, const struct request *request, user_address to)
{
    const struct vm_area *area_before = vm_find(vm, request->start);
    if (!area_before)
        return -EFAULT; /* a second mapping was to take the place of the first */
    struct vm_area like = *area_before;
    uint64_t moved =
        request->old_length < request->new_length ? request->old_length : request->new_length;
    like.offset = area_page_index(&like, request->start);
    like.start = to;
    like.end = to + request->new_length;
    struct vm_area *area = area_create(vm, &like);
    if (!area)
        return -ENOMEM;
    int error = area_insert(vm, area);
    if (error) {
        area_free(area);
        return error;
    }
    error = move_pages(vm, request->start, to, moved);
    if (error)
        vm_unmap(vm, to, request->new_length);
    else if (request->old_length && !(request->flags & MREMAP_DONTUNMAP))
        vm_unmap(vm, request->start, request->old_length);
    return error;
}

static int move(struct vm *vm, const struct request *request, user_address *out)
{
    if (exceeds_limit(vm, request->new_length))
        return -ENOMEM;
    int error = area_split(vm, request->start);
    if (!error)
        error = area_split(vm, request->start + request->old_length);
    if (!error)
        error = choose_target(vm, request, out);
    return error ? error : move_to(vm, request, *out);
}

/* Is the room behind the area free, so that it can grow where it is? */
static bool can_grow(const struct vm *vm, const struct vm_area *area, uint64_t more)
{
    unsigned next = area_index(vm, area->end);
    return more <= USER_END - area->end &&
           (next == vm->count || vm->areas[next]->start >= area->end + more);
}

static void grow(struct vm *vm, struct vm_area *area, uint64_t more)
{
    area->end += more;
    vm->pages += more >> PAGE_SHIFT;
    area_merge(vm, area_index(vm, area->start) + 1);
}

static int check(const struct vm *vm, const struct request *request)
{
    bool fixed = request->flags & MREMAP_FIXED, keep = request->flags & MREMAP_DONTUNMAP;
    if ((request->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
        ((fixed || keep) && !(request->flags & MREMAP_MAYMOVE)) ||
        (keep && request->old_length != request->new_length) || (request->start & PAGE_MASK) ||
        !request->new_length)
        return -EINVAL;
    if (fixed) {
        if ((request->to & PAGE_MASK) || request->new_length > USER_END ||
            request->to > USER_END - request->new_length ||
            (request->to < request->start + request->old_length &&
             request->start < request->to + request->new_length))
            return -EINVAL;
        if (request->to < USER_START)
            return -EPERM;
    }
    const struct vm_area *area = vm_find(vm, request->start);
    if (!area)
        return -EFAULT;
    if (request->old_length == 0 && !(area->flags & AREA_SHARED))
        return -EINVAL; /* a second mapping of the same pages: of shared ones only */
    if (keep && (area->file || (area->flags & AREA_SHARED)))
        return -EINVAL;
    return request->old_length > area->end - request->start ? -EFAULT : 0;
}

int vm_remap(struct vm *vm, user_address start, uint64_t old_length, uint64_t new_length,
             unsigned flags, user_address to, user_address *out)
{
    if (old_length > USER_END || new_length > USER_END)
        return -EINVAL;
    struct request request = { start, to, PAGE_ROUND_UP(old_length), PAGE_ROUND_UP(new_length),
                               flags };
    int error = check(vm, &request);
    if (error)
        return error;
    *out = start;
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        return move(vm, &request, out);
    if (request.new_length <= request.old_length)
        return request.new_length == request.old_length
                   ? 0
                   : vm_unmap(vm, start + request.new_length,
                              request.old_length - request.new_length);
    struct vm_area *area = vm_find(vm, start);
    uint64_t more = request.new_length - request.old_length;
    if (start + request.old_length == area->end && can_grow(vm, area, more)) {
        if (exceeds_limit(vm, more))
            return -ENOMEM;
        grow(vm, area, more);
        return 0;
    }
    return (flags & MREMAP_MAYMOVE) ? move(vm, &request, out) : -ENOMEM;
}
