/* What user.c offers to the trap code and to the boot. */
#ifndef PLATFORM_USER_COPY_H
#define PLATFORM_USER_COPY_H

#include <stdint.h>

/* Fits the copy routines to the processor: without SMAP its instructions are overwritten by
 * no-operations.  After processor_detect(), before the text becomes read-only. */
void user_copy_init(void);

/* Where to go on if the instruction at `rip`, which faulted on a user address, belongs to a user
 * copy; 0 if it does not.  Registers stay as they are. */
uint64_t user_fault_fixup(uint64_t rip);

#endif
