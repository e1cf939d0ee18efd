/* tmpfs: files in memory, and the root. */
#include <service.h>

#include "service.h"

const struct service tmpfs_service = {
    .name = "tmpfs",
    .file_system = &tmpfs_type,
};
