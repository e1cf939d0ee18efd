/* What the parts of the network stack have of each other.  lwIP does the protocols; the files here
 * make interfaces, sockets and the operations of net/stack.h and net/socket_ops.h of it. */
#ifndef NETSTACK_NETSTACK_H
#define NETSTACK_NETSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lib/list.h>
#include <net/stack.h>

#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include "alias.h"
#include "configuration.h"

/* ---- interfaces: interfaces.c ---- */

#define INTERFACES_MOST 8

struct interface {
    struct netif netif; /* lwIP's; its `state` leads back here */
    unsigned index;     /* as programs know it; lwIP's index is the same */
    char name[INTERFACE_NAME];
    bool ethernet; /* else the loopback interface */
    struct configuration configuration;
    struct alias *aliases[ALIASES_MOST]; /* further IPv4 addresses; NULL: none */
    uint64_t packets, bytes, dropped;    /* of the loopback interface: sent, and so received */
};

/* NULL: there is none. */
struct interface *interface_find(unsigned index);
struct interface *interface_find_name(const char *name);

/* The first one after index `after` (0: of all); NULL: no more. */
struct interface *interface_next(unsigned after);

/* A new one, down and without an address; `start` is lwIP's initialisation function.  -ENOMEM. */
int interface_add(unsigned index, const char *name, netif_init_fn start, struct interface **out);

static inline struct interface *interface_of(const struct netif *netif)
{
    return netif->state;
}

/* ---- loopback.c, ethernet.c ---- */

int loopback_start(void);

/* Delivers some of the packets that wait; `*more`: not all. */
int loopback_work(bool *more);

/* Is the IPv4 address (network order) one of the loopback interface's network, and that up? */
bool loopback_has(uint32_t address);

struct netif *loopback_netif(void);

/* lwIP's interface for a packet to an own address, from another own one or (NULL) from any: what has no
 * source is sent from the address that this interface has. */
struct netif *loopback_route(const ip4_addr_t *source, const ip4_addr_t *destination);

/* Has `packet` (IP header first; one reference is taken over) arrive at `netif` soon. */
void loopback_deliver(struct netif *netif, struct pbuf *packet);

int ethernet_attach(unsigned index, const char *name, const uint8_t address[6], unsigned mtu);
int ethernet_receive(unsigned index, const void *frame, size_t length);

/* Who sees every frame of every interface, before anybody else (AF_PACKET): the frame is only lent,
 * and has an Ethernet header. */
struct frame_tap {
    struct list node; /* frame_taps */
    void (*see)(struct frame_tap *tap, struct interface *interface, const struct pbuf *frame,
                bool sent);
};
extern struct list frame_taps;

void frame_show(struct interface *interface, const struct pbuf *frame, bool sent);

/* ---- memory.c ---- */

/* Bytes in use. */
size_t netstack_memory_used(void);

/* No more data is to be taken in; what acknowledges and frees still goes. */
bool netstack_memory_tight(void);

/* Large pieces, whose size the caller keeps: nothing is added that rounding up would double. */
void *netstack_block_allocate(size_t size);
void netstack_block_free(void *block, size_t size);

/* ---- timers.c ---- */

enum {
    TIMER_TCP,
    TIMER_ARP,
    TIMER_REASSEMBLY,
    TIMER_REASSEMBLY6,
    TIMER_ND6,
    TIMER_IGMP,
    TIMER_MLD,
    TIMER_STARVED,
    TIMER_COUNT
};
extern const struct stack_timer netstack_timers[TIMER_COUNT];

/* Something has been received or sent: timers run if they may have to. */
void timers_wanted(void);

/* Something has gone out of or come in by Ethernet, where neighbours have to be found. */
void timers_neighbours_wanted(void);

/* A fragment came; a multicast group was joined or asked for. */
void timers_reassembly_wanted(bool version6);
void timers_groups_wanted(void);

#endif
