/* The root file system's contents at boot. */
#ifndef FS_POPULATE_H
#define FS_POPULATE_H

#include <platform/boot.h>

/* Copies the initramfs into the root, which is mounted and empty.  Afterwards the archive is not
 * needed any more.  0; -EINVAL for a corrupt archive, the root then being empty still; -ENOMEM or
 * -ENOSPC, a part having been copied. */
int populate_root(const struct boot_information *boot);

#endif
