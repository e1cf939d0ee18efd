/* Random numbers for getrandom(2), /dev/urandom and the kernel's own use. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>

/* Fills `out` with unpredictable bytes.  Never sleeps. */
void random_bytes(void *out, size_t size);

/* Stirs bytes of any quality into the generator: they can only make it better. */
void random_add(const void *data, size_t size);

/* Takes a new seed from the hardware. */
void random_reseed(void);

#endif
