/* devfs: the names of devices, and /dev/null and its like. */
#include <service.h>

#include "service.h"

const struct service devfs_service = {
    .name = "devfs",
    .file_system = &devfs_type,
    .start = devfs_init,
};
