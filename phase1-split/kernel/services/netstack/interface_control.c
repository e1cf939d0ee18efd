/* ioctl(2)s of sockets that are not about the socket: interfaces, routes and neighbours. */
#include "inet.h"

#include <linux/errno.h>

int interface_control(int family, unsigned command, struct user_buffer *argument, int *result)
{
    (void)family;
    (void)result;
    (void)command;
    (void)argument;
    return -ENOTTY;
}
