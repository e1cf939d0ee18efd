/* Refusing memory on purpose, so that tests reach what the kernel does then. */
#ifndef PLATFORM_ALLOCATION_FAILURE_H
#define PLATFORM_ALLOCATION_FAILURE_H

#include <stdint.h>

/* Of the requests from now on (frame_allocate(), pages_allocate(), kmalloc()) the `first` one gets
 * NULL, counted from 1, and then every `period`-th; a `period` of 0: no other.  `first` 0: none is
 * refused any more.  Requests with FRAME_RESERVE are neither refused nor counted. */
void allocation_failure_set(uint64_t first, uint64_t period);

/* How many requests have been refused on purpose since boot. */
uint64_t allocation_failures(void);

#endif
