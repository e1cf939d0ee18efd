/* Power-off and reset, in QEMU and Bochs.  Console output is drained first. */
#ifndef PLATFORM_POWER_H
#define PLATFORM_POWER_H

_Noreturn void power_off(void);
_Noreturn void power_reset(void);

/* Stops the processor for good, leaving the emulator running (reboot(2), RB_HALT_SYSTEM). */
_Noreturn void power_halt(void);

#endif
