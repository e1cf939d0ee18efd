/* Refusing memory on purpose: the allocators' side. */
#ifndef PLATFORM_ALLOCATION_FAILURE_PRIVATE_H
#define PLATFORM_ALLOCATION_FAILURE_PRIVATE_H

#include <platform/allocation_failure.h>

#include <stdbool.h>

/* Counts one request; true if it is to be refused.  To be asked only while some are. */
bool allocation_refused(void);

/* Told when that begins and ends.  Meanwhile every request takes the allocator's slow path, which
 * asks; at other times the common path spends no instruction on it. */
void frame_ask_first(bool ask);
void heap_ask_first(bool ask);

#endif
