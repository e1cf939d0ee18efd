/* Ethernet devices: frames between the network stack and the drivers.  What the stack may call is
 * in net/stack.h. */
#ifndef NET_ETHERNET_H
#define NET_ETHERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/driver.h>
#include <net/stack.h>

/* Finds the machine's devices by asking each driver for each PCI function, starts them, and attaches
 * them to the stack as eth0, eth1, …  At boot, when the stack has been started; `stack` must stay. */
void ethernet_init(const struct network_stack_ops *stack, const struct ethernet_ops *const *drivers,
                   size_t driver_count);

/* Deferred work: moves frames of devices that have interrupted (EVENT_DEVICE), and those that the
 * stack has queued. */
void ethernet_handle_events(uint32_t events);

/* The processor is idle: does work that was put off in favour of programs.  False: there is none. */
bool ethernet_catch_up(void);

/* Frees what was sent, which is left lying for a while otherwise; waits a little for devices that
 * are about to have sent it.  As deferred work. */
void ethernet_settle(void);

#endif
