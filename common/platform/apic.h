/* The local APIC (Intel SDM volume 3, chapter 11): the timer, and the 8259's way in. */
#ifndef APIC_H
#define APIC_H

#include <stdint.h>

/* Enables it; the timer will interrupt at `timer_vector`.  Panics if there is none. */
void apic_init(unsigned timer_vector, unsigned spurious_vector);

/* Ends the timer's interrupt. */
void apic_acknowledge(void);

/* The timer as a counter that runs down from 2^32 - 1 without interrupting, for calibration. */
void apic_timer_run(void);
uint32_t apic_timer_count(void);

/* One interrupt after `ticks` of that counter; 0: none. */
void apic_timer_start(uint32_t ticks);

#endif
