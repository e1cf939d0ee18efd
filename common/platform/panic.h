/* Panics that begin with an exception. */
#ifndef PLATFORM_PANIC_PRIVATE_H
#define PLATFORM_PANIC_PRIVATE_H

#include <platform/panic.h>
#include <platform/trap.h>

_Noreturn void panic_exception(const struct kernel_registers *registers,
                               const struct exception *exception);

#endif
