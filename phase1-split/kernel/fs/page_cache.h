/* The pages of regular files: Core's, so that mappings, fork and a service that restarts see the
 * same data.  Services are asked for names, sizes and missing pages.  May call the file system. */
#ifndef FS_PAGE_CACHE_H
#define FS_PAGE_CACHE_H

#include <fs/inode.h>
#include <fs/user_memory.h>
#include <platform/page.h>

/* The cached page or NULL; no new reference, no call to the file system. */
struct frame *page_cache_find(struct inode *inode, uint64_t index);

/* Page `index` with a new reference.  A hole gives the shared page of zeros, or, with `writable`,
 * becomes a page of the file.  -ENXIO beyond the last page, -ENOMEM, -ENOSPC, -EIO. */
int page_cache_get(struct inode *inode, uint64_t index, bool writable, struct frame **out);

/* Copies from `position` on; stops at the end of the file.  0 with the buffer advanced (by nothing
 * at the end), or an errno with nothing moved. */
int page_cache_read(struct inode *inode, struct user_buffer *to, uint64_t position);

/* Copies to `position` on, growing the file as needed.  0 with the buffer advanced by all or a
 * part (no space or an unreachable byte after it), or an errno with nothing moved: -ENOSPC,
 * -EFBIG, -EFAULT, -ENOMEM, -EIO. */
int page_cache_write(struct inode *inode, struct user_buffer *from, uint64_t position);

/* The first byte from `position` on, which is in the file, that lies in a page (`data`) or in a
 * hole; the end of the file if there is none. */
uint64_t page_cache_seek(struct inode *inode, uint64_t position, bool data);

/* Makes a hole of [start, end), the size staying as it is: whole pages go, also from mappings, and
 * parts of pages become zeros.  0, or -EOPNOTSUPP if the file's data is kept elsewhere too. */
int page_cache_punch(struct inode *inode, uint64_t start, uint64_t end);

/* Makes the file `size` bytes long: longer by a hole, shorter by dropping pages, from mappings
 * too, and clearing the rest of the last page. */
int page_cache_resize(struct inode *inode, uint64_t size);

/* Drops every page; the inode is going away. */
void page_cache_drop(struct inode *inode);

/* Pages held by all files. */
uint64_t page_cache_total(void);

#endif
