/* The clocks that system calls name by a number: clock_gettime(2), clock_getcpuclockid(3). */
#ifndef PROCESS_CLOCKS_H
#define PROCESS_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum clock_kind {
    CLOCK_OF_WALL,   /* runs on and is set */
    CLOCK_OF_SYSTEM, /* runs on, from boot */
    CLOCK_OF_CPU,    /* runs while a task does */
};

struct clock {
    enum clock_kind kind;
    bool user_only;  /* CLOCK_OF_CPU: of the processor time, only that in user mode */
    int32_t process; /* CLOCK_OF_CPU: of this process, all tasks; 0: */
    int32_t task;    /* of this task */
};

/* What the number means to the running task.  0 or -EINVAL. */
int clock_find(int number, struct clock *out);

/* What the clock shows, ns; 0 when who it measured is gone. */
uint64_t clock_now(const struct clock *clock);

/* Does the running task's time count on this clock? */
bool clock_measures_current(const struct clock *clock);

#endif
