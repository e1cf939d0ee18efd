/* devpts: the names of pseudo-terminals. */
#include <service.h>

#include "service.h"

const struct service devpts_service = {
    .name = "devpts",
    .file_system = &devpts_type,
};
