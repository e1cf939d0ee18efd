/* Wall time: the monotonic clock plus an offset that clock_settime(2) moves. */
#ifndef PROCESS_WALL_CLOCK_H
#define PROCESS_WALL_CLOCK_H

#include <stdint.h>

#include <fs/vfs.h>
#include <lib/list.h>
#include <process/wall_time.h>

void wall_clock_set(int64_t now);

/* Who waits for a time of this clock is told when it is set: by how many ns it is ahead now of what
 * it would have been.  A watch that is not on any list may be ended too. */
struct wall_watch {
    struct list node;
    void (*changed)(struct wall_watch *watch, int64_t ahead); /* must not sleep */
};
void wall_clock_watch(struct wall_watch *watch);
void wall_clock_unwatch(struct wall_watch *watch);

/* Tells the vDSO.  At boot, once that exists. */
void wall_clock_publish(void);

/* The same as a time stamp, for files. */
struct timestamp wall_clock_timestamp(void);

#endif
