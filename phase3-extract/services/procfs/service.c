/* procfs: what the kernel tells of itself, as files. */
#include <service.h>

#include "service.h"

const struct service procfs_service = {
    .name = "procfs",
    .file_system = &procfs_type,
};
