/* Channel 2 of the 8254 interval timer: the one clock of a PC with a known frequency. */
#ifndef PIT_H
#define PIT_H

#include <stdint.h>

#define PIT_FREQUENCY 1193182 /* ticks a second */

/* Starts the channel: it counts down from 65535, without interrupt or sound. */
void pit_start(void);

/* Asks the channel to hold its count, and reads what it held. */
void pit_latch(void);
uint16_t pit_latched(void);

#endif
