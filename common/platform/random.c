/* Entropy: RDRAND, or what the timing of the machine gives. */
#include <platform/random.h>

#include <stdbool.h>

#include "asm.h"
#include "processor.h"

#define RDRAND_ATTEMPTS 10 /* Intel SDM volume 1, 7.3.17.1 */
#define JITTER_SAMPLES  64

/* Each sample is the time of a few port reads, whose last bits vary; a multiplicative hash (the
 * odd constant is 2^64 divided by the golden ratio) spreads them. */
static uint64_t jitter(void)
{
    uint64_t seed = rdtsc();
    for (unsigned i = 0; i < JITTER_SAMPLES; i++) {
        port_read8(0x61);
        seed = (seed ^ rdtsc()) * 0x9e3779b97f4a7c15;
        seed ^= seed >> 29;
    }
    return seed;
}

uint64_t random_seed(void)
{
    uint64_t value;
    if (processor_features.rdrand)
        for (unsigned i = 0; i < RDRAND_ATTEMPTS; i++)
            if (rdrand(&value))
                return value;
    return jitter();
}
