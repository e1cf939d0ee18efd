/* Reading cpio archives in the "newc" format, as used for an initramfs
 * (Linux: Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * An iterator over an archive in memory.  It copies nothing and trusts nothing: every length is
 * checked against the archive's end.
 *
 * Hard links: the entries of one file have nlink > 1 and equal `inode` (with equal device; see
 * below).  Only the last of them carries the data, the earlier ones have size 0: whoever unpacks
 * creates the file at the first and writes the data when an entry brings some. */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <stddef.h>
#include <stdint.h>

struct cpio_reader {
    const uint8_t *archive;
    size_t size;
    size_t offset; /* of the next header; a multiple of 4 */
};

struct cpio_entry {
    const char *name;   /* inside the archive, NUL-terminated, never empty */
    size_t name_length; /* without the NUL */
    uint32_t mode;      /* type and permissions, as st_mode */
    uint32_t uid, gid, nlink;
    uint32_t mtime;                      /* seconds since 1970 */
    uint32_t inode;                      /* unique within one device number of the archive */
    uint32_t device_major, device_minor; /* of the file system that was archived */
    uint32_t rdev_major, rdev_minor;     /* of the device that a device node names */
    const uint8_t *data; /* inside the archive; a symbolic link's target is its data */
    size_t size;         /* bytes of data */
};

void cpio_init(struct cpio_reader *reader, const void *archive, size_t size);

/* 1 and the next entry in `*out`; 0 when the trailer has been reached; -EINVAL if the archive is
 * malformed or ends without a trailer.  After 0 or -EINVAL the answer stays the same.  Names are
 * as they are in the archive: "..", leading slashes and the order of directories are the
 * caller's to judge. */
int cpio_next(struct cpio_reader *reader, struct cpio_entry *out);

#endif
