/* The network, as the rest of Core sees it. */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include <platform/event.h>

struct user_buffer; /* fs/user_buffer.h */

/* Those that network_handle_events() wants to know of: its own, and interrupts of devices. */
#define NETWORK_EVENTS (EVENT_NETWORK | ~(EVENT_DEVICE(0) - 1))

/* Starts the stack and finds the devices.  At boot, before the first program.  0 or an errno. */
int network_init(void);

/* Deferred work; see scheduler_handle_events(). */
void network_handle_events(uint32_t events);

/* ioctl(2) about interfaces, by any socket: net/stack.h. */
int network_control(unsigned command, struct user_buffer *argument, int *result);

/* The processor is idle: does work that was put off in favour of programs.  False: there is none. */
bool network_catch_up(void);

/* Gives back memory that nobody needs any more.  As deferred work. */
void network_trim(void);

#endif
