/* Virtual memory of a process: areas, page faults, fork.  mmap(2), brk(2). */
#ifndef MEMORY_VM_H
#define MEMORY_VM_H

#include <stdbool.h>
#include <stdint.h>

#include <lib/list.h>
#include <platform/address_space.h>

struct file;
struct inode;
struct vm;

#define AREA_SHARED        1u  /* MAP_SHARED: writes reach the file or the other sharers */
#define AREA_GROWS_DOWN    2u  /* the stack */
#define AREA_PRIVATE_PAGES 4u  /* may hold pages that no file has */
#define AREA_LOCKED        8u  /* mlock(2): present from the start; counted for RLIMIT_MEMLOCK */
#define AREA_NOT_FORKED    16u /* MADV_DONTFORK: a child does not have it */
#define AREA_FORKED_EMPTY  32u /* MADV_WIPEONFORK: a child has it, but not the pages */

/* One run of pages with one origin and one protection. */
struct vm_area {
    user_address start, end; /* page-aligned, end exclusive */
    unsigned protection;     /* PAGE_* that mmap and mprotect asked for */
    unsigned maximum;        /* PAGE_* that mprotect may still give (files opened read-only) */
    unsigned flags;          /* AREA_* */
    struct file *file;       /* referenced; NULL: anonymous */
    uint64_t offset;         /* of `start` in the file, in pages */
    struct vm *vm;
    struct list mapping; /* inode->mappings, if file */
};

struct vm {
    uint32_t references;
    struct address_space *space;
    struct vm_area **areas; /* sorted by address; owned */
    unsigned count, capacity;
    uint64_t pages; /* in all areas, for RLIMIT_AS and /proc */
    uint64_t peak_pages,
        peak_resident; /* the most there were; resident ones as of the last unmap */
    bool locks_later;  /* mlockall(2) with MCL_FUTURE */
    user_address brk_start, brk_end;
    user_address stack_top;
    user_address code_start, code_end, data_start, data_end; /* for /proc/self/stat */
    user_address arguments_start, arguments_end, environment_start, environment_end;
    uint64_t auxiliary[48];   /* /proc/self/auxv */
    unsigned auxiliary_count; /* words */
};

int vm_create(struct vm **out);
void vm_get(struct vm *vm);
void vm_put(struct vm *vm);

/* fork: a copy of all areas; private pages are shared copy-on-write.  0 or -ENOMEM. */
int vm_clone(struct vm *from, struct vm **out);

/* Makes it the running address space; NULL: none. */
void vm_activate(struct vm *vm);

/* The most pages that it ever had in memory at once: getrusage(2), ru_maxrss. */
uint64_t vm_peak_resident(const struct vm *vm);

/* mmap(2) with PAGE_* protection and MAP_* flags; `offset` in bytes, page-aligned; `file` may be
 * NULL and is referenced as needed.  0 and the address, or an errno. */
int vm_map(struct vm *vm, user_address hint, uint64_t length, unsigned protection, unsigned flags,
           struct file *file, uint64_t offset, user_address *out);
int vm_unmap(struct vm *vm, user_address start, uint64_t length);
int vm_protect(struct vm *vm, user_address start, uint64_t length, unsigned protection);

/* mremap(2) with MREMAP_* flags; `to` is for MREMAP_FIXED and MREMAP_DONTUNMAP.  0 and where the
 * pages are now, or an errno. */
int vm_remap(struct vm *vm, user_address start, uint64_t old_length, uint64_t new_length,
             unsigned flags, user_address to, user_address *out);

/* brk(2): the new break, or the old one if that is not possible. */
user_address vm_brk(struct vm *vm, user_address wanted);

/* mlock(2), munlock(2): nothing is ever swapped out, so locked pages are those made present at once
 * and counted.  0, -ENOMEM (something there is not mapped, or the limit), -EPERM. */
int vm_lock(struct vm *vm, user_address start, uint64_t length, bool on);
uint64_t vm_locked_pages(const struct vm *vm);

/* mlockall(2), munlockall(2): what there is now, and what is mapped later.  As vm_lock(). */
int vm_lock_all(struct vm *vm, bool now, bool later);

/* May the running process have so many pages locked?  0, -EPERM, -ENOMEM. */
int vm_check_locked(uint64_t pages);

/* Sets and clears AREA_* flags of [start, end), page-aligned, where there are areas. */
int vm_set_flags(struct vm *vm, user_address start, user_address end, unsigned set, unsigned clear);

/* Serves a page fault for one PAGE_* access.  0; -EFAULT: no such memory (SIGSEGV, SEGV_MAPERR);
 * -EACCES: not for this access (SEGV_ACCERR); -ENXIO: beyond the end of a file (SIGBUS); -EIO;
 * -ENOMEM.  May call file systems. */
int vm_fault(struct vm *vm, user_address address, unsigned access);

/* Makes [address, address + size) present for `access`, so that it can be touched without a fault
 * until something else runs; returns the bytes from `address` on that are. */
size_t vm_make_present(struct vm *vm, user_address address, size_t size, unsigned access);

/* The same for [start, end), however long, for who asks for it and not for a copy: others get their
 * turn in between, and the areas may be others afterwards.  False if it stopped early. */
bool vm_populate(struct vm *vm, user_address start, user_address end, unsigned access);

/* The area that holds `address`, or NULL. */
struct vm_area *vm_find(const struct vm *vm, user_address address);

/* Pages [first, last] of the file are going away: unmaps them wherever they are mapped.  Private
 * copies of them go too (truncation, mmap(2)). */
void vm_forget_file_pages(struct inode *inode, uint64_t first, uint64_t last);

/* Page `index` of the file is no longer `frame`: wherever that is mapped in its place, it is
 * unmapped, so that the next touch finds what is there now.  Private copies stay. */
void vm_forget_page(struct inode *inode, uint64_t index, const struct frame *frame);

#endif
