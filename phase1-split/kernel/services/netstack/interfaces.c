/* The table of network interfaces.  lwIP numbers them from 0 and counts indices from 1, so the
 * loopback interface, which comes first, has index 1 for lwIP and for programs. */
#include "netstack.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <lib/string.h>

#include <lwip/ip.h>

#define QUEUE_LENGTH 1000 /* what is told of it: Linux's */

static struct interface interfaces[INTERFACES_MOST];

struct interface *interface_find(unsigned index)
{
    if (index == 0 || index > INTERFACES_MOST || interfaces[index - 1].index == 0)
        return NULL;
    return &interfaces[index - 1];
}

struct interface *interface_find_name(const char *name)
{
    for (size_t i = 0; i < INTERFACES_MOST; i++)
        if (interfaces[i].index && strcmp(interfaces[i].name, name) == 0)
            return &interfaces[i];
    return NULL;
}

struct interface *interface_next(unsigned after)
{
    for (unsigned index = after + 1; index <= INTERFACES_MOST; index++)
        if (interface_find(index))
            return interface_find(index);
    return NULL;
}

int interface_add(unsigned index, const char *name, netif_init_fn start, struct interface **out)
{
    struct interface *interface;
    netif_input_fn input = index == INTERFACE_LOOPBACK ? ip_input : netif_input;

    if (index == 0 || index > INTERFACES_MOST || interfaces[index - 1].index != 0)
        return -ENOMEM;
    interface = &interfaces[index - 1];
    string_copy(interface->name, name, sizeof(interface->name));
    interface->ethernet = index != INTERFACE_LOOPBACK;
    if (!netif_add_noaddr(&interface->netif, interface, start, input))
        return -ENOMEM;
    interface->netif.num = (u8_t)(index - 1);
    interface->index = index;
    interface->configuration.queue_length = QUEUE_LENGTH;
    *out = interface;
    return 0;
}
