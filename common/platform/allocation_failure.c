/* Which requests for memory are refused on purpose. */
#include "allocation_failure.h"

static uint64_t left, next; /* requests up to the next refusal; and to the one after it */
static uint64_t refused;

void allocation_failure_set(uint64_t first, uint64_t period)
{
    left = first;
    next = period;
    frame_ask_first(first != 0);
    heap_ask_first(first != 0);
}

uint64_t allocation_failures(void)
{
    return refused;
}

bool allocation_refused(void)
{
    if (left == 0 || --left > 0)
        return false;
    refused++;
    allocation_failure_set(next, next);
    return true;
}
