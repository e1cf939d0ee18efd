/* e1000: Intel's Ethernet controllers. */
#include <service.h>

#include "service.h"

const struct service e1000_service = {
    .name = "e1000",
    .ethernet = &e1000_ops,
};
