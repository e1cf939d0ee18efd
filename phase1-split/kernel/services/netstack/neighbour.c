/* lwIP keeps the tables; which of its ARP entries were set by people is known here alone. */
#include "neighbour.h"

#include <linux/errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/sockios.h>

#include <fs/user_buffer.h>
#include <lib/string.h>
#include <platform/memory.h>

#include <lwip/etharp.h>
#include <lwip/memp.h>
#include <lwip/priv/nd6_priv.h>

#include "configuration.h"
#include "neighbour_search.h"
#include "netstack.h"

/* Addresses of entries that stay, with their interfaces; 0: an empty place. */
static struct {
    uint32_t address;
    unsigned interface;
} permanent[ARP_TABLE_SIZE];

static size_t find_permanent(uint32_t address)
{
    size_t place = 0;

    while (place < ARP_TABLE_SIZE && permanent[place].address != address)
        place++;
    return place;
}

/* ---- listing ---- */

static bool arp_entry(size_t place, struct neighbour *out)
{
    ip4_addr_t *address;
    struct netif *netif;
    struct eth_addr *hardware;

    if (!etharp_get_entry(place, &address, &netif, &hardware))
        return false;
    *out = (struct neighbour){ .family = AF_INET, .interface = interface_of(netif)->index };
    out->state = find_permanent(address->addr) < ARP_TABLE_SIZE ? NUD_PERMANENT : NUD_REACHABLE;
    memcpy(out->address, &address->addr, sizeof(address->addr));
    memcpy(out->hardware, hardware->addr, sizeof(out->hardware));
    return true;
}

static bool sought_entry(size_t place, struct neighbour *out)
{
    const struct netif *netif;
    ip4_addr_t address;

    if (!neighbour_sought(place, &address, &netif))
        return false;
    *out = (struct neighbour){ .family = AF_INET,
                               .interface = interface_of(netif)->index,
                               .state = NUD_INCOMPLETE };
    memcpy(out->address, &address.addr, sizeof(address.addr));
    return true;
}

static uint16_t state_of(uint8_t state)
{
    switch (state) {
    case ND6_INCOMPLETE:
        return NUD_INCOMPLETE;
    case ND6_REACHABLE:
        return NUD_REACHABLE;
    case ND6_DELAY:
        return NUD_DELAY;
    case ND6_PROBE:
        return NUD_PROBE;
    default:
        return NUD_STALE;
    }
}

/* lwIP has need of a router's entry; one that was removed it has to seek anew. */
static bool is_forgotten(const struct nd6_neighbor_cache_entry *entry)
{
    return entry->isrouter && entry->state == ND6_INCOMPLETE && !entry->q;
}

static bool discovery_entry(size_t place, struct neighbour *out)
{
    const struct nd6_neighbor_cache_entry *entry = &neighbor_cache[place];

    if (entry->state == ND6_NO_ENTRY || !entry->netif || is_forgotten(entry))
        return false;
    *out = (struct neighbour){ .family = AF_INET6,
                               .interface = interface_of(entry->netif)->index,
                               .state = state_of(entry->state),
                               .router = entry->isrouter };
    memcpy(out->address, entry->next_hop_address.addr, sizeof(out->address));
    memcpy(out->hardware, entry->lladdr, sizeof(out->hardware));
    return true;
}

static bool entry(size_t place, struct neighbour *out)
{
    if (place < ARP_TABLE_SIZE)
        return arp_entry(place, out);
    place -= ARP_TABLE_SIZE;
    if (place < NEIGHBOURS_SOUGHT)
        return sought_entry(place, out);
    return discovery_entry(place - NEIGHBOURS_SOUGHT, out);
}

bool neighbour_next(size_t *place, struct neighbour *out)
{
    while (*place < ARP_TABLE_SIZE + NEIGHBOURS_SOUGHT + LWIP_ND6_NUM_NEIGHBORS)
        if (entry((*place)++, out))
            return true;
    return false;
}

/* ---- changing ---- */

int neighbour_set(uint32_t address, const uint8_t hardware[6])
{
    ip4_addr_t target = { address };
    struct eth_addr own;
    size_t place = find_permanent(address);
    err_t error;

    if (place == ARP_TABLE_SIZE)
        place = find_permanent(0);
    if (address == 0 || place == ARP_TABLE_SIZE)
        return address == 0 ? -EINVAL : -ENOBUFS;
    memcpy(own.addr, hardware, sizeof(own.addr));
    error = etharp_add_static_entry(&target, &own);
    if (error != ERR_OK)
        return error == ERR_RTE ? -ENETUNREACH : error == ERR_ARG ? -EINVAL : -ENOBUFS;
    permanent[place].address = address;
    permanent[place].interface = interface_of(ip4_route(&target))->index;
    return 0;
}

/* lwIP removes only what was set, so what was learnt is first set to what it is. */
int neighbour_remove(uint32_t address)
{
    ip4_addr_t target = { address };
    const ip4_addr_t *found;
    struct eth_addr *hardware, own;
    size_t place = find_permanent(address);

    if (neighbour_search_forget(&target))
        return 0;
    if (address == 0 || etharp_find_addr(NULL, &target, &hardware, &found) < 0)
        return -ENOENT;
    own = *hardware;
    if (place == ARP_TABLE_SIZE && etharp_add_static_entry(&target, &own) != ERR_OK)
        return -ENOENT;
    if (etharp_remove_static_entry(&target) != ERR_OK)
        return -ENOENT;
    if (place < ARP_TABLE_SIZE)
        permanent[place].address = 0;
    return 0;
}

static void forget(struct nd6_neighbor_cache_entry *entry)
{
    while (entry->q) {
        struct nd6_q_entry *waiting = entry->q;

        entry->q = waiting->next;
        pbuf_free(waiting->p);
        memp_free(MEMP_ND6_QUEUE, waiting);
    }
    entry->counter.reachable_time = 0;
    entry->state = entry->isrouter ? ND6_INCOMPLETE : ND6_NO_ENTRY;
    if (entry->isrouter)
        return;
    entry->netif = NULL;
    ip6_addr_set_zero(&entry->next_hop_address);
}

int neighbour_remove6(const struct interface *interface, const uint8_t address[16])
{
    for (size_t i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        struct nd6_neighbor_cache_entry *entry = &neighbor_cache[i];

        if (entry->state == ND6_NO_ENTRY || entry->netif != &interface->netif ||
            is_forgotten(entry) || memcmp(entry->next_hop_address.addr, address, 16) != 0)
            continue;
        forget(entry);
        timers_neighbours_wanted();
        return 0;
    }
    return -ENOENT;
}

void neighbour_interface_down(const struct interface *interface)
{
    for (size_t i = 0; i < ARP_TABLE_SIZE; i++)
        if (permanent[i].interface == interface->index)
            permanent[i].address = 0;
    neighbour_search_end(&interface->netif);
}

/* ---- ioctl ---- */

int neighbour_arp_flags(const struct neighbour *neighbour)
{
    if (neighbour->state == NUD_INCOMPLETE)
        return 0;
    return ATF_COM | (neighbour->state == NUD_PERMANENT ? ATF_PERM : 0);
}

static int get_entry(uint32_t address, struct arpreq *request)
{
    struct neighbour neighbour;
    size_t place = 0;

    while (neighbour_next(&place, &neighbour)) {
        if (neighbour.family != AF_INET ||
            memcmp(neighbour.address, &address, sizeof(address)) != 0)
            continue;
        request->arp_flags = neighbour_arp_flags(&neighbour);
        request->arp_ha.sa_family = ARPHRD_ETHER;
        memcpy(request->arp_ha.sa_data, neighbour.hardware, sizeof(neighbour.hardware));
        string_copy(request->arp_dev, interface_find(neighbour.interface)->name,
                    sizeof(request->arp_dev));
        return 0;
    }
    return -ENXIO;
}

/* Answering for others (ATF_PUBL) is nothing that lwIP does. */
static int set_entry(uint32_t address, const struct arpreq *request)
{
    if (request->arp_flags & (ATF_PUBL | ATF_NETMASK))
        return -EOPNOTSUPP;
    if (request->arp_ha.sa_family != ARPHRD_ETHER)
        return -EINVAL;
    return neighbour_set(address, (const uint8_t *)request->arp_ha.sa_data);
}

static int check_request(struct arpreq *request, uint32_t *address)
{
    struct interface *interface;

    if (request->arp_pa.sa_family != AF_INET)
        return -EPFNOSUPPORT;
    request->arp_dev[sizeof(request->arp_dev) - 1] = '\0';
    interface = request->arp_dev[0] ? interface_find_name(request->arp_dev) : NULL;
    if (request->arp_dev[0] && !interface)
        return -ENODEV;
    if (interface && !interface->ethernet)
        return -EINVAL;
    memcpy(address, request->arp_pa.sa_data + 2, sizeof(*address));
    return 0;
}

int neighbour_control(unsigned command, struct user_buffer *argument)
{
    struct user_buffer out = *argument;
    struct arpreq request;
    uint32_t address;
    int error;

    if (user_buffer_take(argument, &request, sizeof(request)) < sizeof(request))
        return -EFAULT;
    error = check_request(&request, &address);
    if (error)
        return error;
    switch (command) {
    case SIOCSARP:
        return set_entry(address, &request);
    case SIOCDARP:
        if (request.arp_flags & ATF_PUBL)
            return -ENOENT;
        error = neighbour_remove(address);
        return error == -ENOENT ? -ENXIO : error;
    default:
        error = get_entry(address, &request);
        if (!error && user_buffer_put(&out, &request, sizeof(request)) < sizeof(request))
            error = -EFAULT;
        return error;
    }
}
