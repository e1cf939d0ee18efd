/* System calls on memory.  The work is in memory/vm.c; here Linux's numbers become ours. */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include <fs/file.h>
#include <lib/bits.h>
#include <memory/vm.h>
#include <platform/address_space.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/syscall.h>

static unsigned to_pages(int protection)
{
    return ((protection & PROT_READ) ? PAGE_READ : 0) |
           ((protection & PROT_WRITE) ? PAGE_WRITE : 0) |
           ((protection & PROT_EXEC) ? PAGE_EXECUTE : 0);
}

long sys_brk(user_address end)
{
    return vm_brk(current_process()->vm, end);
}

long sys_mmap(user_address hint, uint64_t length, int protection, int flags, int fd,
              uint64_t offset)
{
    struct file *file = NULL;
    user_address out;
    if (offset & PAGE_MASK)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS)) {
        file = fd_file(fd);
        if (!file || (file->flags & O_PATH))
            return -EBADF;
    }
    int error = vm_map(current_process()->vm, hint, length, to_pages(protection), flags, file,
                       offset, &out);
    return error ? error : (long)out;
}

long sys_munmap(user_address start, uint64_t length)
{
    return vm_unmap(current_process()->vm, start, length);
}

long sys_mprotect(user_address start, uint64_t length, int protection)
{
    if (protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
        return -EINVAL;
    return vm_protect(current_process()->vm, start, length, to_pages(protection));
}

/* Is every page of the range in some area? */
static bool is_mapped(const struct vm *vm, user_address start, user_address end)
{
    while (start < end) {
        const struct vm_area *area = vm_find(vm, start);
        if (!area)
            return false;
        start = area->end;
    }
    return true;
}

/* File pages are shared with the page cache, which is all the storage there is: every write has
 * reached the file already. */
long sys_msync(user_address start, uint64_t length, int flags)
{
    if ((start & PAGE_MASK) || (flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    user_address end = start + PAGE_ROUND_UP(length);
    if (end < start)
        return -ENOMEM;
    return is_mapped(current_process()->vm, start, end) ? 0 : -ENOMEM;
}

static bool is_private_memory(const struct vm *vm, user_address start, user_address end)
{
    while (start < end) {
        const struct vm_area *area = vm_find(vm, start);
        if (!area || area->file || (area->flags & AREA_SHARED))
            return false;
        start = area->end;
    }
    return true;
}

/* The pages are dropped; the next touch finds zeros or the file's data. */
static long discard(struct vm *vm, user_address start, user_address end, bool private)
{
    if (private && !is_private_memory(vm, start, end))
        return -EINVAL;
    address_space_unmap(vm->space, start, end);
    return 0;
}

static long populate(struct vm *vm, user_address start, user_address end, unsigned access)
{
    return vm_populate(vm, start, end, access) ? 0 : -EFAULT;
}

static long advise(struct vm *vm, user_address start, user_address end, int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE: /* "at the kernel's leisure": at once */
        return discard(vm, start, end, advice == MADV_FREE);
    case MADV_DONTFORK:
        return vm_set_flags(vm, start, end, AREA_NOT_FORKED, 0);
    case MADV_DOFORK:
        return vm_set_flags(vm, start, end, 0, AREA_NOT_FORKED);
    case MADV_WIPEONFORK:
        return is_private_memory(vm, start, end)
                   ? vm_set_flags(vm, start, end, AREA_FORKED_EMPTY, 0)
                   : -EINVAL;
    case MADV_KEEPONFORK:
        return vm_set_flags(vm, start, end, 0, AREA_FORKED_EMPTY);
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return populate(vm, start, end, advice == MADV_POPULATE_WRITE ? PAGE_WRITE : PAGE_READ);
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return 0; /* hints that change nothing here */
    default:
        return -EINVAL;
    }
}

/* What lies beyond user space is not mapped: the advice is for the rest. */
long sys_madvise(user_address start, uint64_t length, int advice)
{
    struct vm *vm = current_process()->vm;
    user_address end = start + PAGE_ROUND_UP(length);
    if ((start & PAGE_MASK) || end < start || PAGE_ROUND_UP(length) < length)
        return -EINVAL;
    bool mapped = end == start || (end <= USER_END && is_mapped(vm, start, end));
    long error = advise(vm, min(start, USER_END), min(end, USER_END), advice);
    return error ? error : mapped ? 0 : -ENOMEM;
}

long sys_mremap(user_address start, uint64_t old_length, uint64_t new_length, int flags,
                user_address to)
{
    user_address out;
    int error =
        vm_remap(current_process()->vm, start, old_length, new_length, (unsigned)flags, to, &out);
    return error ? error : (long)out;
}

/* ---- locked memory ---- */

long sys_mlock(user_address start, uint64_t length)
{
    return vm_lock(current_process()->vm, start, length, true);
}

long sys_mlock2(user_address start, uint64_t length, unsigned flags)
{
    return flags & ~MLOCK_ONFAULT ? -EINVAL : sys_mlock(start, length);
}

long sys_munlock(user_address start, uint64_t length)
{
    return vm_lock(current_process()->vm, start, length, false);
}

long sys_mlockall(int flags)
{
    if (!(flags & (MCL_CURRENT | MCL_FUTURE)) ||
        (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
        return -EINVAL;
    return vm_lock_all(current_process()->vm, flags & MCL_CURRENT, flags & MCL_FUTURE);
}

long sys_munlockall(void)
{
    return vm_lock_all(current_process()->vm, false, false);
}

/* mincore(2): a byte a page, its lowest bit set if a touch would find it. */
long sys_mincore(user_address start, uint64_t length, user_address out)
{
    struct vm *vm = current_process()->vm;
    user_address end = start + PAGE_ROUND_UP(length);
    if (start & PAGE_MASK)
        return -EINVAL;
    if (start > USER_END || length > USER_END - start || !is_mapped(vm, start, end))
        return -ENOMEM;
    while (start < end) {
        uint8_t present[256];
        size_t count = 0;
        for (; count < sizeof present && start < end; start += PAGE_SIZE)
            present[count++] = address_space_lookup(vm->space, start, NULL) != NULL;
        if (copy_to_user(out, present, count))
            return -EFAULT;
        out += count;
        if (signal_fatal_waiting(current))
            return -EINTR;
        if (scheduler_should_yield())
            scheduler_yield();
    }
    return 0;
}
