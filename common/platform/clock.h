/* The clock, for the rest of the platform. */
#ifndef PLATFORM_CLOCK_PRIVATE_H
#define PLATFORM_CLOCK_PRIVATE_H

#include <stdbool.h>

#include <platform/clock.h>

/* Calibrates TSC and timer, and reads the RTC.  After interrupts_init(). */
void clock_init(void);

/* The timer's interrupt, and what it found running. */
void clock_interrupt(bool in_user_mode);

#endif
