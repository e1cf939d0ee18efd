/* What time it is. */
#ifndef PROCESS_WALL_TIME_H
#define PROCESS_WALL_TIME_H

#include <stdint.h>

/* Nanoseconds since 1970-01-01 UTC. */
int64_t wall_clock(void);

#endif
