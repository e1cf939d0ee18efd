/* Entropy from the hardware: RDRAND where CPUID has it, else the jitter of the TSC, which is
 * weak.  A seed for a generator, not a generator. */
#ifndef PLATFORM_RANDOM_H
#define PLATFORM_RANDOM_H

#include <stdint.h>

uint64_t random_seed(void);

#endif
