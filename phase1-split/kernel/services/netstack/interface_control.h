/* ioctl(2) on any socket, where it is about interfaces, routes or neighbours. */
#ifndef NETSTACK_INTERFACE_CONTROL_H
#define NETSTACK_INTERFACE_CONTROL_H

#include <stdint.h>

struct user_buffer;

/* `family` is the socket's: AF_INET6 has structures of its own for addresses and routes.  Core has
 * checked that root asks where something changes.  -ENOTTY: it is about none of these. */
int interface_control(int family, unsigned command, struct user_buffer *argument, int *result);

/* SIOCADDRT, SIOCDELRT: route_control.c */
int route_control(unsigned command, struct user_buffer *argument);
int route_control6(unsigned command, struct user_buffer *argument);

#endif
