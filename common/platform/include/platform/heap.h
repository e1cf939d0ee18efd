/* The kernel heap: size classes of slabs over pages, O(1).  Never sleeps. */
#ifndef PLATFORM_HEAP_H
#define PLATFORM_HEAP_H

#include <stddef.h>

/* `size` bytes, aligned to 16 (to the page from 4096 bytes on), or NULL.  At most 4 MiB. */
void *kmalloc(size_t size);

/* The same, filled with zeros. */
void *kzalloc(size_t size);

/* Gives `memory` back; NULL is allowed.  A pointer that kmalloc() did not give, or gave and has
 * already taken back, panics. */
void kfree(void *memory);

/* Gives back the pages that the heap keeps for speed although nothing is in them. */
void heap_trim(void);

#endif
