/* Page tables of user address spaces.
 *
 * Which page belongs where is Core's decision; this is the mechanism.  Every mapping holds a
 * reference on its frame.  Stale TLB entries are dealt with here.  No function sleeps.
 * Reference: Intel SDM volume 3, chapter 4 (4-level paging). */
#ifndef PLATFORM_ADDRESS_SPACE_H
#define PLATFORM_ADDRESS_SPACE_H

#include <platform/page.h>

/* User space is [USER_START, USER_END); the first 64 KiB stay unmapped to catch null pointers,
 * and one page stays free below the non-canonical hole (SYSRET, Intel SDM volume 3, 5.8.8). */
#define USER_START ((user_address)0x10000)
#define USER_END   ((user_address)0x7ffffffff000)

#define PAGE_READ    1u
#define PAGE_WRITE   2u
#define PAGE_EXECUTE 4u

struct address_space;

/* 0 and an empty address space in `*out`, or -ENOMEM. */
int address_space_create(struct address_space **out);

/* Unmaps everything and frees the tables.  Must not be the active one. */
void address_space_destroy(struct address_space *space);

/* Makes `space` the one that user addresses mean; NULL: none, only the kernel stays mapped.
 * Cheap when it is active already. */
void address_space_activate(struct address_space *space);

/* Maps `frame` at the page-aligned `address` with `protection` (a set of PAGE_*), taking over
 * one reference.  A page that was mapped there is unmapped first.  0 or -ENOMEM; on failure the
 * reference remains the caller's. */
int address_space_map(struct address_space *space, user_address address, struct frame *frame,
                      unsigned protection);

/* The frame mapped at `address` (no new reference), or NULL; `*protection` is what user mode may
 * do with it now (untouched when NULL is returned).  `protection` may be NULL. */
struct frame *address_space_lookup(struct address_space *space, user_address address,
                                   unsigned *protection);

/* The first page in [address, end), page-aligned, at which a frame is mapped; `end` if there is
 * none.  What lies between costs little, however much it is. */
user_address address_space_next(const struct address_space *space, user_address address,
                                user_address end);

/* How many of the `size` bytes from `address` on are mapped for `access` (PAGE_READ or PAGE_WRITE)
 * without a gap. */
size_t address_space_present(const struct address_space *space, user_address address, size_t size,
                             unsigned access);

/* Unmaps [start, end), page-aligned, and drops the references.  Holes are allowed. */
void address_space_unmap(struct address_space *space, user_address start, user_address end);

/* Sets the protection of every page that is mapped in [start, end). */
void address_space_protect(struct address_space *space, user_address start, user_address end,
                           unsigned protection);

/* Maps in `to` every page that `from` maps in [start, end), one more reference each.  Without
 * `keep_writable` both sides lose PAGE_WRITE (copy on write).  0, or -ENOMEM with `to` holding a
 * part, which address_space_destroy() clears. */
int address_space_copy(struct address_space *to, struct address_space *from, user_address start,
                       user_address end, bool keep_writable);

/* Pages mapped now, the shared page of zeros not counted. */
uint64_t address_space_resident(const struct address_space *space);

/* Pages that come back when it goes: those that nobody else holds, and those of its tables.  Looks
 * at every page. */
uint64_t address_space_own_pages(const struct address_space *space);

#endif
