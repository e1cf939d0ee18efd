/* Stands in for Linux's asm/swab.h, whose byte swaps are inline assembly, which the fence forbids.
 * Without __arch_swab32 and its sisters, linux/swab.h uses the compiler's byte swaps. */
#ifndef ASM_SWAB_H
#define ASM_SWAB_H

#endif
