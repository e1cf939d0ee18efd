/* Classic BPF: the programs that a socket may have its packets sifted by.  Linux,
 * Documentation/networking/filter.rst. */
#ifndef NETSTACK_PACKET_FILTER_H
#define NETSTACK_PACKET_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* What a program sees of a packet. */
struct packet_view {
    const uint8_t *frame; /* Ethernet header first */
    size_t length;        /* bytes of it */
    size_t start;         /* where offset 0 of the program lies in it: 0 or behind the header */
    unsigned interface;
    uint8_t kind; /* PACKET_HOST, … of linux/if_packet.h */
};

/* Can these instructions be run, whatever the packet?  0 or -EINVAL.  Every jump leads forward and
 * stays inside, so a program that passes ends after at most `count` steps. */
int packet_filter_check(const struct sock_filter *program, size_t count);

/* How many bytes of the packet the program wants to be kept; 0: drop it. */
uint32_t packet_filter_run(const struct sock_filter *program, const struct packet_view *packet);

#endif
