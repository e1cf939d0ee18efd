/* The interrupt descriptor table, and who answers which interrupt. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <platform/trap.h>

/* Vectors: 0 to 31 are the processor's exceptions. */
#define VECTOR_LINE     32 /* the 16 lines of the 8259 pair */
#define VECTOR_TIMER    48 /* the local APIC's timer */
#define VECTOR_SPURIOUS 63 /* the local APIC's "never mind" (its low 4 bits must be set) */
#define VECTOR_COUNT    64 /* as many stubs as trap.S makes */

/* Loads the IDT and sets both interrupt controllers up, every line masked. */
void interrupts_init(void);

/* Lets `line` interrupt and has `handler` called for it, interrupts off.  A handler acknowledges
 * its device, queues, posts events, and returns.  `device` is its name in reports. */
void interrupt_register(unsigned line, const char *device, void (*handler)(void));

/* Answers the interrupt.  `interrupted` is NULL if it came in user mode. */
void interrupt_dispatch(unsigned vector, struct kernel_registers *interrupted);

#endif
