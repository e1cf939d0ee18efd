/* Pipes and FIFOs. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <fs/file.h>

/* Both ends; one reference each.  `flags`: O_NONBLOCK, O_CLOEXEC is the caller's. */
int pipe_create(unsigned flags, struct file **read_end, struct file **write_end);

/* Opens a FIFO's inode as open(2) does; waits for the other side unless O_NONBLOCK (-ENXIO for
 * writers).  May sleep: -ERESTARTSYS. */
int fifo_open(struct inode *inode, unsigned flags, const struct file_ops **ops,
              file_handle *handle);

/* F_GETPIPE_SZ and F_SETPIPE_SZ of fcntl(2): the pipe's capacity in bytes, in the second case the
 * new one, rounded up to a power of two of pages.  -EBADF if `file` is no pipe; -EINVAL; -EPERM
 * beyond the limits of param.h; -EBUSY if it holds more than that; -ENOMEM. */
long pipe_size(const struct file *file);
long pipe_set_size(const struct file *file, uint32_t size);

/* Pages that the pipe of an inode holds; it has one. */
uint64_t pipe_pages(const struct inode *inode);

#endif
