/* The clock, for the rest of the platform. */
#ifndef PLATFORM_CLOCK_PRIVATE_H
#define PLATFORM_CLOCK_PRIVATE_H

#include <platform/clock.h>

/* Calibrates TSC and timer, and reads the RTC.  After interrupts_init(). */
void clock_init(void);

/* The timer's interrupt. */
void clock_interrupt(void);

#endif
