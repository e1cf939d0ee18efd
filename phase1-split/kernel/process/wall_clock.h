/* Wall time: the monotonic clock plus an offset that clock_settime(2) moves. */
#ifndef PROCESS_WALL_CLOCK_H
#define PROCESS_WALL_CLOCK_H

#include <stdint.h>

#include <fs/vfs.h>

/* Nanoseconds since 1970-01-01 UTC. */
int64_t wall_clock(void);
void wall_clock_set(int64_t now);

/* Tells the vDSO.  At boot, once that exists. */
void wall_clock_publish(void);

/* The same as a time stamp, for files. */
struct timestamp wall_clock_timestamp(void);

/* Wall time of the boot, in seconds (btime of /proc/stat). */
int64_t wall_clock_boot(void);

#endif
