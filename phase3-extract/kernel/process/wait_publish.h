/* Which wait queues services may wake, Core's side of process/wait_handle.h. */
#ifndef PROCESS_WAIT_PUBLISH_H
#define PROCESS_WAIT_PUBLISH_H

#include <process/wait_handle.h>
#include <process/wait_queue.h>

/* A handle for the queue, which has to stay until the handle is withdrawn.  -ENOMEM. */
int wait_queue_publish(struct wait_queue *queue, wait_handle *out);
void wait_queue_withdraw(wait_handle handle);

#endif
