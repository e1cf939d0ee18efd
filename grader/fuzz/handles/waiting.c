/* What the network stack calls of Core from step 3 on. */
#include "waiting.h"

#include <platform/panic.h>
#include <service.h>

void wait_handle_wake(wait_handle handle)
{
    (void)handle;
}

_Noreturn void service_panic(const char *service, const char *text)
{
    panic("service %s: %s", service, text);
}
