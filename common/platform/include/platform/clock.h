/* Time: the TSC, calibrated at boot, and one interrupt at a chosen time. */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include <stdint.h>

#define NANOSECONDS_PER_SECOND 1000000000ull

/* Nanoseconds since boot.  Never goes backwards. */
uint64_t clock_monotonic(void);

/* Wall time at which clock_monotonic() was 0: nanoseconds since 1970-01-01 UTC, from the RTC. */
uint64_t clock_boot_time(void);

/* Asks for EVENT_TIMER when clock_monotonic() reaches `deadline`; UINT64_MAX: not at all.
 * Replaces the deadline set before.  One in the past comes at once.  May come early: look at
 * the clock. */
void timer_set(uint64_t deadline);

/* Timer interrupts so far that found user mode running, and kernel mode or nothing at all: samples of
 * what the processor does. */
void clock_samples(uint64_t *user, uint64_t *system);

/* Ticks of the TSC in a second, for reports. */
uint64_t clock_frequency(void);

#endif
