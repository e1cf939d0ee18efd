/* initramfs: the archive that the boot loader has brought, as files. */
#include <service.h>

#include "service.h"

const struct service initramfs_service = {
    .name = "initramfs",
    .file_system = &initramfs_type,
};
