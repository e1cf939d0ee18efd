/* Wait handles: what a service knows of a queue that tasks sleep on.
 *
 * The queue is Core's, and so is everybody who sleeps there; a service has a number for it and can
 * do one thing with that. */
#ifndef PROCESS_WAIT_HANDLE_H
#define PROCESS_WAIT_HANDLE_H

#include <stdint.h>

typedef uint64_t wait_handle; /* 0: none */

/* Whoever sleeps on the queue looks again.  A handle that stands for no queue, or for none any more,
 * wakes nobody.  Does not sleep, and calls no service. */
void wait_handle_wake(wait_handle handle);

#endif
