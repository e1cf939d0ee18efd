/* Interrupt lines: those of devices that are driven outside the platform, and how often each has
 * interrupted. */
#ifndef PLATFORM_INTERRUPTS_H
#define PLATFORM_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

#define INTERRUPT_LINES 16 /* of the 8259 pair */

struct interrupt_line {
    uint64_t count;     /* since boot */
    const char *device; /* NULL: nobody drives it */
};

/* Lets the line of a PCI function interrupt.  It is level-triggered, and devices may share it: an
 * interrupt masks the line and posts EVENT_DEVICE(line) of platform/event.h.  `device` is a name for
 * reports and must stay; that of the first device on the line is shown.  False: there is no such
 * line, or the platform drives it. */
bool interrupt_claim(unsigned line, const char *device);

/* Lets a claimed line interrupt again.  A device that still wants something does so at once. */
void interrupt_unmask(unsigned line);

/* False if nobody drives line `line` and it has never interrupted. */
bool interrupt_line(unsigned line, struct interrupt_line *out);

/* Interrupts of the processor's own timer. */
uint64_t interrupt_timer_count(void);

#endif
