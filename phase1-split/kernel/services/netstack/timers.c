/* lwIP's timers, each of which runs only while it has something to do: an idle machine has no ticks.
 *
 * lwIP says of none but TCP's when it is needed, and of that one too broadly (a connection that
 * lies idle needs it no more).  So each expiry looks whether anything is left that could expire. */
#include "netstack.h"

#include <lib/bits.h>
#include <platform/clock.h>

#include <lwip/etharp.h>
#include <lwip/igmp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>

#include "inet.h"
#include "neighbour_search.h"

#define NEIGHBOURS_SEARCHED 10 /* seconds after the last frame in which an address may be sought */

/* lwIP's clock for reports: milliseconds. */
u32_t sys_now(void)
{
    return (u32_t)(clock_monotonic() / (NANOSECONDS_PER_SECOND / 1000));
}

/* ---- TCP ---- */

static bool tcp_running;
static uint64_t tcp_last; /* when it last expired, ns */

static bool tcp_at_rest(const struct tcp_pcb *pcb)
{
    bool lives = pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT ||
                 (pcb->state == FIN_WAIT_2 && !(pcb->flags & TF_RXCLOSED));

    return lives && !pcb->unsent && !pcb->unacked && !pcb->ooseq && !pcb->refused_data &&
           !(pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_NAGLEMEMERR)) &&
           !ip_get_option(pcb, SOF_KEEPALIVE);
}

static bool tcp_has_work(void)
{
    if (tcp_tw_pcbs)
        return true;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (!tcp_at_rest(pcb))
            return true;
    return false;
}

static int tcp_expired(bool *again)
{
    tcp_last = clock_monotonic();
    tcp_tick();
    *again = tcp_running = tcp_has_work();
    return 0;
}

/* lwIP's clock has stood still since the timer stopped; every connection's times count on it. */
static void tcp_run(void)
{
    uint64_t now = clock_monotonic();

    if (tcp_last != 0)
        tcp_ticks += (u32_t)((now - tcp_last) / (TCP_SLOW_INTERVAL * UINT64_C(1000000)));
    tcp_last = now;
    tcp_running = true;
    network_timer(TIMER_TCP);
}

void tcp_timer_needed(void)
{
    if (!tcp_running)
        tcp_run();
}

void timers_wanted(void)
{
    if (!tcp_running && (tcp_active_pcbs || tcp_tw_pcbs) && tcp_has_work())
        tcp_run();
}

/* ---- neighbours ---- */

static unsigned neighbours_idle; /* seconds since the last frame */

void timers_neighbours_wanted(void)
{
    neighbours_idle = 0;
    network_timer(TIMER_ARP);
    network_timer(TIMER_ND6);
}

static bool arp_has_entries(void)
{
    ip4_addr_t *address;
    struct netif *netif;
    struct eth_addr *hardware;

    for (size_t i = 0; i < ARP_TABLE_SIZE; i++)
        if (etharp_get_entry(i, &address, &netif, &hardware))
            return true;
    return false;
}

static int arp_expired(bool *again)
{
    etharp_tmr();
    neighbour_search_tick();
    neighbours_idle++;
    *again = neighbours_idle < NEIGHBOURS_SEARCHED || arp_has_entries();
    return 0;
}

static bool nd6_interface_has_work(const struct netif *netif)
{
    if (!netif_is_up(netif) || !interface_of(netif)->ethernet)
        return false;
    if (netif->rs_count > 0)
        return true;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_istentative(netif_ip6_addr_state(netif, i)) ||
            (!ip6_addr_isinvalid(netif_ip6_addr_state(netif, i)) &&
             !netif_ip6_addr_isstatic(netif, i)))
            return true;
    return false;
}

static bool nd6_has_work(void)
{
    const struct netif *netif;

    NETIF_FOREACH(netif)
    if (nd6_interface_has_work(netif))
        return true;
    for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
        if (neighbor_cache[i].state != ND6_NO_ENTRY && neighbor_cache[i].state != ND6_STALE)
            return true;
    for (int i = 0; i < LWIP_ND6_NUM_ROUTERS; i++)
        if (default_router_list[i].neighbor_entry)
            return true;
    for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++)
        if (prefix_list[i].netif)
            return true;
    return false;
}

static int nd6_expired(bool *again)
{
    nd6_tmr();
    *again = nd6_has_work();
    return 0;
}

/* ---- reassembly ---- */

static unsigned fragments_seconds, fragments6_seconds; /* left of what the last one may wait */

void timers_reassembly_wanted(bool version6)
{
    *(version6 ? &fragments6_seconds : &fragments_seconds) =
        (version6 ? IPV6_REASS_MAXAGE : IP_REASS_MAXAGE) + 1;
    network_timer(version6 ? TIMER_REASSEMBLY6 : TIMER_REASSEMBLY);
}

static int reassembly_expired(bool *again)
{
    ip_reass_tmr();
    *again = --fragments_seconds > 0;
    return 0;
}

static int reassembly6_expired(bool *again)
{
    ip6_reass_tmr();
    *again = --fragments6_seconds > 0;
    return 0;
}

/* ---- multicast groups ---- */

static int igmp_expired(bool *again)
{
    const struct netif *netif;

    igmp_tmr();
    *again = false;
    NETIF_FOREACH(netif)
    for (struct igmp_group *group = netif_igmp_data(netif); group; group = group->next)
        *again |= group->timer > 0;
    return 0;
}

static int mld_expired(bool *again)
{
    const struct netif *netif;

    mld6_tmr();
    *again = false;
    NETIF_FOREACH(netif)
    for (struct mld_group *group = netif_mld6_data(netif); group; group = group->next)
        *again |= group->timer > 0;
    return 0;
}

void timers_groups_wanted(void)
{
    network_timer(TIMER_IGMP);
    network_timer(TIMER_MLD);
}

const struct stack_timer netstack_timers[TIMER_COUNT] = {
    [TIMER_TCP] = { TCP_TMR_INTERVAL, tcp_expired },
    [TIMER_ARP] = { ARP_TMR_INTERVAL, arp_expired },
    [TIMER_REASSEMBLY] = { IP_TMR_INTERVAL, reassembly_expired },
    [TIMER_REASSEMBLY6] = { IP6_REASS_TMR_INTERVAL, reassembly6_expired },
    [TIMER_ND6] = { ND6_TMR_INTERVAL, nd6_expired },
    [TIMER_IGMP] = { IGMP_TMR_INTERVAL, igmp_expired },
    [TIMER_MLD] = { MLD6_TMR_INTERVAL, mld_expired },
    [TIMER_STARVED] = { 100, starved_expired },
};
