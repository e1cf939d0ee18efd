/* Whom a socket wakes, where the network stack is given Core's queue itself: steps 1 and 2. */
#ifndef WAITING_H
#define WAITING_H

#include <process/wait_queue.h>

static inline struct wait_queue *shim_wait(void)
{
    static struct wait_queue queue;

    wait_queue_init(&queue);
    return &queue;
}

#endif
