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

/* One interrupt after `ticks` of that counter. */
void apic_timer_start(uint32_t ticks);

/* From now on the timer is set by apic_timer_deadline(), in TSC ticks.  Only where the processor
 * has it (processor.h). */
void apic_timer_use_deadline(void);
void apic_timer_deadline(uint64_t tsc);

#endif
