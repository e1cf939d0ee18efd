/* What interrupts leave behind for the code that runs later.
 *
 * An interrupt handler acknowledges its device, queues what it brought inside the platform and
 * posts an event, a bit in one word.  Ring 1 takes the events at its safe points: before a return
 * to user mode, and in the idle loop.  So Ring 1 is never entered by an interrupt and needs no
 * locks against one. */
#ifndef PLATFORM_EVENT_H
#define PLATFORM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_TIMER          (1u << 0)         /* the time set with timer_set() has come */
#define EVENT_CONSOLE_INPUT  (1u << 1)         /* console_read() has something */
#define EVENT_CONSOLE_OUTPUT (1u << 2)         /* console_write() has room again */
#define EVENT_WORK           (1u << 3)         /* posted by Ring 1: call before_user soon */
#define EVENT_NETWORK        (1u << 4)         /* posted by Ring 1: the network has work to do */
#define EVENT_DEVICE(n)      (1u << (8 + (n))) /* interrupt line n, 0 to 15 (platform/interrupts.h) */

/* The pending events, atomically cleared. */
uint32_t events_take(void);

bool events_pending(void);

/* Adds events; safe anywhere. */
void events_post(uint32_t events);

/* Idles until an event is pending.  Returns at once if one is. */
void processor_wait(void);

#endif
