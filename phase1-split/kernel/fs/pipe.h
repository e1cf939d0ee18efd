/* Pipes and FIFOs. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <fs/file.h>

#define PIPE_SIZE 65536u /* bytes, pipe(7) */

/* Both ends; one reference each.  `flags`: O_NONBLOCK, O_CLOEXEC is the caller's. */
int pipe_create(unsigned flags, struct file **read_end, struct file **write_end);

/* Opens a FIFO's inode as open(2) does; waits for the other side unless O_NONBLOCK (-ENXIO for
 * writers).  May sleep: -ERESTARTSYS. */
int fifo_open(struct inode *inode, unsigned flags, const struct file_ops **ops,
              file_handle *handle);

#endif
