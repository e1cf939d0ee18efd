/* The machine's end after a panic. */
#ifndef PLATFORM_POWER_PRIVATE_H
#define PLATFORM_POWER_PRIVATE_H

#include <platform/power.h>

/* Ends the emulator so that its exit status tells of a failure: QEMU's is 33, if it has an
 * isa-debug-exit device at port 0xf4. */
_Noreturn void power_fail(void);

#endif
