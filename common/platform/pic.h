/* The two 8259 interrupt controllers (Intel 8259A data sheet), 16 lines. */
#ifndef PIC_H
#define PIC_H

#include <stdbool.h>

#define PIC_LINES   16
#define PIC_CASCADE 2 /* where the second controller is connected: nobody's line */

/* Moves the lines to the vectors from `vector` on, all masked. */
void pic_init(unsigned vector);

void pic_mask(unsigned line);
void pic_unmask(unsigned line);

/* The line interrupts for as long as it is held, as PCI's do, not once when it is raised. */
void pic_level_triggered(unsigned line);

/* True if `line` only seemed to interrupt: nothing is to be done, not even acknowledged. */
bool pic_spurious(unsigned line);

/* Tells the controller that the interrupt of `line` has been taken. */
void pic_acknowledge(unsigned line);

#endif
