/* RTM_*NEIGH: the tables of neighbours.  rtnetlink(7), linux/neighbour.h. */
#include "netlink_handlers.h"

#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>

#include <platform/memory.h>

#include "neighbour.h"
#include "netlink.h"
#include "netstack.h"

static bool tell(const struct neighbour *neighbour, struct netlink_output *output)
{
    struct nda_cacheinfo cache = { .ndm_refcnt = 0 };
    struct ndmsg *message = netlink_begin(output, RTM_NEWNEIGH, sizeof(*message));

    if (!message)
        return netlink_end(output);
    message->ndm_family = neighbour->family;
    message->ndm_ifindex = (int)neighbour->interface;
    message->ndm_state = neighbour->state;
    message->ndm_flags = neighbour->router ? NTF_ROUTER : 0;
    message->ndm_type = RTN_UNICAST;
    netlink_put(output, NDA_DST, neighbour->address, neighbour->family == AF_INET ? 4 : 16);
    if (neighbour->state != NUD_INCOMPLETE)
        netlink_put(output, NDA_LLADDR, neighbour->hardware, sizeof(neighbour->hardware));
    netlink_put(output, NDA_CACHEINFO, &cache, sizeof(cache));
    netlink_put_number(output, NDA_PROBES, 0);
    return netlink_end(output);
}

bool netlink_neighbour_dump(struct netlink_dump *dump, struct netlink_output *output)
{
    struct neighbour neighbour;
    size_t place = dump->place;

    while (neighbour_next(&place, &neighbour)) {
        if ((dump->family == AF_UNSPEC || dump->family == neighbour.family) &&
            !tell(&neighbour, output))
            return false;
        dump->place = place;
    }
    return true;
}

/* The IPv4 address that a request is about. */
static int take_address(struct netlink_request *request, uint32_t *out)
{
    const struct ndmsg *message = request->fixed;
    const void *address;
    int error = netlink_parse(request, sizeof(*message));

    if (error)
        return error;
    if (message->ndm_family != AF_INET)
        return -EOPNOTSUPP;
    if (!interface_find((unsigned)message->ndm_ifindex))
        return -ENODEV;
    address = netlink_attribute_least(request, NDA_DST, sizeof(*out));
    if (!address)
        return -EINVAL;
    memcpy(out, address, sizeof(*out));
    return 0;
}

/* Only entries that stay can be set: what is learnt, lwIP learns by itself. */
int netlink_neighbour_add(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    const struct ndmsg *message = given->fixed;
    const void *hardware;
    uint32_t address;
    int error = take_address(&request, &address);

    (void)output;
    if (error)
        return error;
    hardware = netlink_attribute_least(&request, NDA_LLADDR, ETH_ALEN);
    if (!hardware)
        return -EINVAL;
    return message->ndm_state & NUD_PERMANENT ? neighbour_set(address, hardware) : -EOPNOTSUPP;
}

int netlink_neighbour_remove(const struct netlink_request *given, struct netlink_output *output)
{
    struct netlink_request request = *given;
    const struct ndmsg *message = given->fixed;
    const struct interface *interface;
    const void *address;
    uint32_t inet;
    int error = netlink_parse(&request, sizeof(*message));

    (void)output;
    if (error)
        return error;
    if (message->ndm_family != AF_INET6) {
        error = take_address(&request, &inet);
        return error ? error : neighbour_remove(inet);
    }
    interface = interface_find((unsigned)message->ndm_ifindex);
    address = netlink_attribute_least(&request, NDA_DST, 16);
    if (!interface || !address)
        return interface ? -EINVAL : -ENODEV;
    return neighbour_remove6(interface, address);
}
