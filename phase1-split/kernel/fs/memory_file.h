/* Files that are nowhere but in memory, and seals, which take back for ever what may be done to such
 * a file.  memfd_create(2); fcntl(2), "File Sealing". */
#ifndef FS_MEMORY_FILE_H
#define FS_MEMORY_FILE_H

#include <fs/file.h>

/* An empty file, open for reading and writing, that /proc shows as "/memfd:`name`".  Unless it is
 * `sealable`, it has the seal against more seals from the start.  One reference.  -ENOMEM. */
int memory_file_create(const char *name, bool sealable, struct file **out);

/* F_ADD_SEALS and F_GET_SEALS.  0 or the seals; -EPERM (not open for writing, or sealed against
 * it), -EBUSY (mapped writable), -EINVAL (no such seal, or not a file in the page cache). */
long file_add_seals(struct file *file, unsigned seals);
long file_seals(const struct file *file);

/* May a file of these seals be made `size` bytes long?  May bytes be written at `position`: how many
 * at most of `length`, or -EPERM. */
int inode_seals_allow_size(const struct inode *inode, uint64_t size);
long inode_seals_allow_write(const struct inode *inode, uint64_t position, size_t length);

/* May the file be mapped like this?  Takes from `*maximum`, the PAGE_* that mprotect(2) may give the
 * mapping later, what the seals forbid.  0 or -EPERM. */
int file_seals_allow_mapping(const struct file *file, unsigned protection, bool shared,
                             unsigned *maximum);

#endif
