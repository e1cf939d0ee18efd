/* The initramfs as the boot loader has brought it: what services/initramfs reads. */
#ifndef FS_ARCHIVE_H
#define FS_ARCHIVE_H

#include <stddef.h>

/* The cpio archive and its size in bytes; NULL once the root has been filled from it, or if there is
 * none.  It is not copied: what is mounted from it must not outlast it. */
const void *boot_archive(size_t *size);

#endif
