/* System calls on memory.  The work is in memory/vm.c; here Linux's numbers become ours. */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include <fs/file.h>
#include <memory/vm.h>
#include <platform/address_space.h>
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

/* The pages are dropped; the next touch finds zeros or the file's data. */
static long discard(struct vm *vm, user_address start, user_address end)
{
    address_space_unmap(vm->space, start, end);
    return 0;
}

long sys_madvise(user_address start, uint64_t length, int advice)
{
    struct vm *vm = current_process()->vm;
    user_address end = start + PAGE_ROUND_UP(length);
    if ((start & PAGE_MASK) || end < start)
        return -EINVAL;
    if (start == end)
        return 0;
    switch (advice) {
    case MADV_DONTNEED:
        return is_mapped(vm, start, end) ? discard(vm, start, end) : -ENOMEM;
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
        return is_mapped(vm, start, end) ? 0 : -ENOMEM; /* hints that change nothing here */
    default:
        return -EINVAL;
    }
}
