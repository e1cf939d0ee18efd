/* One table: which function is asked for which type of message. */
#include "netlink_handlers.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>

#include <lib/bits.h>

#define GENERAL sizeof(struct rtgenmsg)

static const struct netlink_handler handlers[] = {
    { RTM_GETLINK, GENERAL, .act = netlink_link_get, .dump = netlink_link_dump },
    { RTM_SETLINK, sizeof(struct ifinfomsg), true, .act = netlink_link_set },
    { RTM_NEWLINK, sizeof(struct ifinfomsg), true, .act = netlink_link_set },
    { RTM_GETADDR, GENERAL, .dump = netlink_address_dump },
    { RTM_NEWADDR, sizeof(struct ifaddrmsg), true, .act = netlink_address_add },
    { RTM_DELADDR, sizeof(struct ifaddrmsg), true, .act = netlink_address_remove },
    { RTM_GETROUTE, GENERAL, .act = netlink_route_get, .dump = netlink_route_dump },
    { RTM_NEWROUTE, sizeof(struct rtmsg), true, .act = netlink_route_add },
    { RTM_DELROUTE, sizeof(struct rtmsg), true, .act = netlink_route_remove },
    { RTM_GETNEIGH, GENERAL, .dump = netlink_neighbour_dump },
    { RTM_NEWNEIGH, sizeof(struct ndmsg), true, .act = netlink_neighbour_add },
    { RTM_DELNEIGH, sizeof(struct ndmsg), true, .act = netlink_neighbour_remove },
    { RTM_GETRULE, GENERAL, .dump = netlink_rule_dump },
};

const struct netlink_handler *netlink_handler(uint16_t type)
{
    for (size_t i = 0; i < array_count(handlers); i++)
        if (handlers[i].type == type)
            return &handlers[i];
    return NULL;
}
