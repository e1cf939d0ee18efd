/* What lwIP is made of here, and how large.  What is not said is lwIP's default (lwip/opt.h).
 *
 * Nothing is reserved: every pool and buffer comes from the kernel's heap through memory.c, which
 * keeps the sum of all below a share of the machine's memory.  So most limits of lwIP's go away;
 * those that must take their place are set here or, where lwIP has none, in limits.h. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include <stddef.h>
#include <stdint.h>

/* ---- one caller at a time, no threads, no clock of its own ---- */

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0 /* Core calls the stack with one thing at a time */
#define LWIP_NETCONN         0 /* the blocking interfaces: a call to the stack never sleeps */
#define LWIP_SOCKET          0
#define LWIP_TIMERS          0 /* timers.c: a timer runs only while it has something to do */

/* ---- memory ---- */

#define MEM_LIBC_MALLOC 1 /* memory.c counts and limits it */
#define mem_clib_malloc netstack_allocate
#define mem_clib_calloc netstack_allocate_zeros
#define mem_clib_free   netstack_free
void *netstack_allocate(size_t size);
void *netstack_allocate_zeros(size_t count, size_t size);
void netstack_free(void *memory);

#define MEMP_MEM_MALLOC 1 /* no pools: what is not used takes no memory */
#define MEM_ALIGNMENT   8
#define MEM_SIZE        65536 /* only decides that sizes are size_t */

#define PBUF_POOL_BUFSIZE 1792 /* for copies to several receivers of one datagram */

#define LWIP_SUPPORT_CUSTOM_PBUF 1 /* data is passed on by reference: buffer.c */
#define LWIP_PBUF_CUSTOM_DATA    struct pbuf *following; /* the next packet of a queue */
#define LWIP_PBUF_REF_T          uint16_t /* a large send is referred to by many packets */

/* The checks of lwIP's own soundness (LWIP_ASSERT) stay in: in a service that may be wrong, they are
 * how it is noticed. */
#define LWIP_STATS         1 /* for /proc/net/snmp */
#define LWIP_STATS_DISPLAY 0
#define LWIP_STATS_LARGE   1
#define MIB2_STATS         1
#define MEM_STATS          0
#define MEMP_STATS         0
#define SYS_STATS          0

/* ---- interfaces ---- */

#define LWIP_HAVE_LOOPIF             0 /* loopback.c: without copies and checksums */
#define LWIP_NETIF_LOOPBACK          0 /* own addresses are routed to the loopback interface */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1 /* none on the loopback interface */
#define LWIP_NETIF_HWADDRHINT        1 /* a connection remembers its neighbour's place in the table */
#define LWIP_NUM_NETIF_CLIENT_DATA   1
#define LWIP_NETIF_API               0
#define LWIP_NETIF_HOSTNAME          0

/* ---- IPv4 ---- */

#define LWIP_IPV4                 1
#define IP_FORWARD                0
#define IP_REASSEMBLY             1
#define IP_FRAG                   1
#define IP_REASS_MAXAGE           30  /* seconds, as Linux's ipfrag_time */
#define IP_REASS_MAX_PBUFS        256 /* fragments that wait: five of the largest datagrams */
#define MEMP_NUM_REASSDATA        64
#define IP_SOF_BROADCAST          0 /* who may send broadcasts is checked in address.c, for its errno */
#define IP_SOF_BROADCAST_RECV     0
#define IP_DEFAULT_TTL            64
#define LWIP_ICMP                 1
#define LWIP_BROADCAST_PING       0 /* as Linux (icmp_echo_ignore_broadcasts) */
#define LWIP_MULTICAST_PING       0
#define LWIP_IGMP                 1
#define LWIP_MULTICAST_TX_OPTIONS 1
#define LWIP_RAW                  1
#define LWIP_DHCP                 0 /* udhcpc does it */
#define LWIP_AUTOIP               0
#define LWIP_DNS                  0 /* the C library does it */

/* ---- ARP ---- */

#define LWIP_ARP                      1
#define ARP_TABLE_SIZE                127 /* the most that fits lwIP's index type */
#define ARP_QUEUEING                  1   /* packets wait for an address, not only the last one */
#define ARP_QUEUE_LEN                 16
#define MEMP_NUM_ARP_QUEUE            1024
#define ETHARP_SUPPORT_STATIC_ENTRIES 1 /* arp -s */
#define ETHARP_TABLE_MATCH_NETIF      0 /* an interface's further addresses know whom the first knows */
#define ETHARP_TRUST_IP_MAC           0

/* ---- IPv6 ---- */

#define LWIP_IPV6                      1
#define LWIP_IPV6_MLD                  1
#define LWIP_IPV6_FRAG                 1
#define LWIP_IPV6_REASS                1
#define IPV6_REASS_MAXAGE              60 /* RFC 8200, 4.5 */
#define IPV6_FRAG_COPYHEADER           1 /* pointers are larger than the field they would overwrite */
#define LWIP_IPV6_NUM_ADDRESSES        4
#define LWIP_IPV6_SEND_ROUTER_SOLICIT  1
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_IPV6_DHCP6                0
#define LWIP_IPV6_FORWARD              0
#define LWIP_ND6_NUM_NEIGHBORS         64
#define LWIP_ND6_NUM_DESTINATIONS      64
#define LWIP_ND6_QUEUEING              1
#define MEMP_NUM_ND6_QUEUE             256
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 0

/* ---- UDP ---- */

#define LWIP_UDP         1
#define LWIP_UDPLITE     0
#define SO_REUSE         1 /* several listen to one multicast port */
#define SO_REUSE_RXTOALL 1
#define MEMP_NUM_UDP_PCB 4096 /* not reserved; see above */
#define MEMP_NUM_RAW_PCB 1024

/* ---- TCP ---- */

#define LWIP_TCP                1
#define LWIP_CALLBACK_API       1
#define MEMP_NUM_TCP_PCB        16384 /* not reserved; TIME_WAIT is bounded in limits.h */
#define MEMP_NUM_TCP_PCB_LISTEN 1024
#define MEMP_NUM_TCP_SEG        65535

/* The clock of all its timers: delayed acknowledgements leave after 50 ms, and a lost segment is
 * sent again after 300 ms at the earliest (Linux: 40 and 200).  lwIP's own 250 ms would make that
 * 1.5 s, and a transfer on a lossy line crawl. */
#define TCP_TMR_INTERVAL 50

/* The largest segment of any interface; on Ethernet the route's MTU makes it 1460.  The largest
 * that, with its headers and rounded up, lwIP's 16-bit lengths can still count. */
#define TCP_MSS                    65280
#define TCP_CALCULATE_EFF_SEND_MSS 1

/* The window offered at most, its scale, and what a program may have on its way.  Linux grows its
 * buffers to 6 and 4 MiB; these are enough for a gigabit at 4 ms, and 500 connections that nobody
 * reads hold less than the bound of memory.c allows anyway. */
#define LWIP_WND_SCALE           1
#define TCP_RCV_SCALE            4
#define TCP_WND                  (512u * 1024)
#define TCP_SND_BUF              (512u * 1024)
#define TCP_SND_QUEUELEN         4096 /* packet buffers of one connection: bounds tiny writes */
#define TCP_SNDLOWAT             (TCP_SND_BUF / 2)
#define TCP_SNDQUEUELOWAT        (TCP_SND_QUEUELEN / 2)
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 4) /* a reader tells how far it is in few segments */
#define TCP_OVERSIZE             1400 /* room at the end of a segment that later small writes fill */

#define TCP_QUEUE_OOSEQ            1 /* what comes too early is kept: a lost segment costs only itself */
#define TCP_OOSEQ_MAX_BYTES        TCP_WND
#define LWIP_TCP_SACK_OUT          1
#define LWIP_TCP_TIMESTAMPS        0 /* 12 bytes in each segment, for a clock of 100 ms */
#define LWIP_TCP_KEEPALIVE         1
#define TCP_LISTEN_BACKLOG         1 /* half-open connections; whole ones wait in tcp_accept.c */
#define TCP_DEFAULT_LISTEN_BACKLOG 255

/* How often something is sent again before the connection is given up: lwIP asks per connection,
 * and tcp_timeout.c answers.  Names, so that its preprocessor check for its own table's 12 passes:
 * it uses the table's last entry for all beyond. */
#define TCP_MAXRTX    netstack_tcp_attempts
#define TCP_SYNMAXRTX netstack_tcp_syn_attempts
extern const uint8_t netstack_tcp_attempts, netstack_tcp_syn_attempts;

#define TCP_MSL               30000u /* TIME_WAIT lasts twice that: 60 s, as on Linux */
#define TCP_FIN_WAIT_TIMEOUT  60000u /* tcp_fin_timeout */
#define TCP_SYN_RCVD_TIMEOUT  60000u
#define TCP_KEEPIDLE_DEFAULT  7200000u
#define TCP_KEEPINTVL_DEFAULT 75000u
#define TCP_KEEPCNT_DEFAULT   9u
#define TCP_TTL               64
#define UDP_TTL               64
#define RAW_TTL               64
#define ICMP_TTL              64
#define LWIP_ICMP6_HL         64 /* as Linux; discovery has its own 255 */

#define LWIP_DISABLE_TCP_SANITY_CHECKS 1 /* they are about pools, of which there are none */

/* ---- checksums ---- */

uint16_t netstack_checksum(const void *data, int length);
#define LWIP_CHKSUM           netstack_checksum
#define LWIP_CHECKSUM_ON_COPY 0

/* ---- places where this stack has its say ---- */

#define LWIP_HOOK_FILENAME            "hooks.h"
#define LWIP_HOOK_TCP_ISN             netstack_initial_sequence
#define LWIP_HOOK_TCP_INPACKET_PCB    netstack_tcp_segment
#define LWIP_HOOK_IP4_INPUT           netstack_ip4_packet
#define LWIP_HOOK_IP6_INPUT           netstack_ip6_packet
#define LWIP_HOOK_IP4_ROUTE_SRC(f, t) netstack_route_ip4(f, t)
#define LWIP_HOOK_IP6_ROUTE(f, t)     netstack_route_ip6(f, t)
#define LWIP_HOOK_ETHARP_GET_GW       netstack_gateway_ip4
#define LWIP_HOOK_ND6_GET_GW          netstack_gateway_ip6

#endif
