/* The inside of the kernel heap, for the boot and for memory accounting. */
#ifndef PLATFORM_HEAP_PRIVATE_H
#define PLATFORM_HEAP_PRIVATE_H

#include <stdint.h>

/* After frame_init(). */
void heap_init(void);

/* Pages that the heap holds now, empty slabs included. */
uint64_t heap_pages(void);

#endif
