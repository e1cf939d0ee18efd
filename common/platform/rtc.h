/* The battery-backed clock. */
#ifndef RTC_H
#define RTC_H

#include <stdint.h>

/* Seconds since 1970-01-01 UTC.  The RTC is taken to run in UTC. */
uint64_t rtc_read(void);

#endif
