/* How often which interrupt has come, for reports. */
#ifndef PLATFORM_INTERRUPTS_H
#define PLATFORM_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

#define INTERRUPT_LINES 16 /* of the 8259 pair */

struct interrupt_line {
    uint64_t count;     /* since boot */
    const char *device; /* NULL: no driver in the platform */
};

/* False if nobody drives line `line` and it has never interrupted. */
bool interrupt_line(unsigned line, struct interrupt_line *out);

/* Interrupts of the processor's own timer. */
uint64_t interrupt_timer_count(void);

#endif
