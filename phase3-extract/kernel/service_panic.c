/* What a service calls when it finds itself broken.  In this step that is the end of the kernel, as
 * ever; but it is Core that says so. */
#include <service.h>

#include <platform/panic.h>

_Noreturn void service_panic(const char *service, const char *text)
{
    panic("service %s: %s", service, text);
}
