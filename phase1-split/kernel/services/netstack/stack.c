/* The stack as Core sees it: net/stack.h. */
#include "service.h"

#include "datagram.h"
#include "files.h"
#include "interface_control.h"
#include "netlink.h"
#include "netstack.h"

#include <linux/errno.h>

#include <lwip/init.h>

#include <lib/checksum.h>

static int start(void)
{
    int error;

    lwip_init();
    error = unreachable_start();
    if (!error)
        error = loopback_start();
    return error ? error : files_start();
}

static int attach(unsigned index, const char *name, const uint8_t address[6], unsigned mtu)
{
    return ethernet_attach(index, name, address, mtu);
}

static int link(unsigned index, bool up)
{
    struct interface *interface = interface_find(index);

    if (!interface || !interface->ethernet)
        return -ENODEV;
    if (up)
        netif_set_link_up(&interface->netif);
    else
        netif_set_link_down(&interface->netif);
    alias_update(interface);
    netlink_link_changed(interface);
    timers_neighbours_wanted();
    return 0;
}

static int input(unsigned index, const void *frame, size_t length)
{
    int error = ethernet_receive(index, frame, length);

    timers_wanted();
    return error;
}

static int work(bool *more)
{
    int error = loopback_work(more);

    timers_wanted();
    return error;
}

static int control(unsigned command, struct user_buffer *argument, int *result)
{
    return interface_control(AF_UNSPEC, command, argument, result);
}

uint16_t netstack_checksum(const void *data, int length)
{
    return checksum_sum(data, (size_t)length);
}

const struct network_stack_ops lwip_stack_ops = {
    .start = start,
    .attach = attach,
    .link = link,
    .input = input,
    .work = work,
    .control = control,
    .timers = netstack_timers,
    .timer_count = TIMER_COUNT,
};
