/* What the sockets of AF_INET and AF_INET6 have in common.
 *
 * A socket here is Core's handle; lwIP's control block is behind it and comes and goes: a fresh or
 * failed TCP socket has none, and one that was closed leaves its control block to lwIP, which
 * delivers what was written.  lwIP's callbacks only note what happened and wake whoever sleeps. */
#ifndef NETSTACK_INET_H
#define NETSTACK_INET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lib/list.h>
#include <net/socket_ops.h>

#include <lwip/ip_addr.h>
#include <lwip/tcp.h>

struct udp_pcb;
struct raw_pcb;

#define SHUTDOWN_RECEIVE 1u
#define SHUTDOWN_SEND    2u

/* What setsockopt(2) sets and lwIP does not keep for every kind of socket. */
struct inet_options {
    bool reuse_address, reuse_port, broadcast, keep_alive, dont_route, urgent_inline;
    bool linger;
    bool v6_only;
    bool receive_error;             /* IP_RECVERR */
    bool packet_info, packet_info6; /* IP_PKTINFO, IPV6_RECVPKTINFO */
    bool receive_ttl, receive_ttl6; /* IP_RECVTTL, IPV6_RECVHOPLIMIT, */
    bool old_ttl6;                  /* asked for by IPV6_2292HOPLIMIT: told by that, too */
    bool multicast_loop;
    bool header_included;            /* IP_HDRINCL */
    uint8_t tos, ttl, multicast_ttl; /* ttl 0: the default */
    uint8_t device;                  /* SO_BINDTODEVICE: interface index, or 0 */
    uint8_t multicast_device;        /* IP_MULTICAST_IF, or 0 */
    int linger_seconds;
    int priority, mark;
    uint32_t send_limit, receive_limit; /* SO_SNDBUF, SO_RCVBUF: bytes, doubled as on Linux */
};

/* A multicast group that the socket is a member of; it leaves when it is closed. */
struct membership {
    struct list node;
    ip_addr_t group;
    uint8_t device;
};

/* What TCP adds. */
struct tcp_part {
    struct tcp_pcb *pcb;             /* NULL: none yet, or no more */
    struct tcp_pcb_listen *listener; /* instead of it: it listens */
    bool connecting, connected;      /* of connect(2): begun, done, */
    bool told;                       /* and the program knows */
    bool finished;                   /* the peer has sent its last byte */
    struct pbuf *first, *last;       /* received and not yet read, linked by `following` */
    uint16_t offset;                 /* of `first` that has been read */
    uint32_t received;               /* bytes waiting */
    struct service_socket *parent;   /* whose queue it waits in to be accepted */
    struct list children;            /* that wait to be accepted, by sibling */
    struct list sibling;
    unsigned waiting, backlog; /* children, and how many there may be */
    bool no_delay, cork;
    uint32_t user_timeout;                         /* ms */
    uint16_t mss;                                  /* TCP_MAXSEG, or 0 */
    uint32_t keep_idle, keep_interval, keep_count; /* ms, ms; 0: the default */
    bool starved; /* found no memory; woken when there may be some */
};

/* What UDP and raw sockets add. */
struct datagram_part {
    struct udp_pcb *udp;
    struct raw_pcb *raw;
    bool connected;
    struct list queue; /* of struct datagram */
    uint32_t charged;  /* bytes of memory they take */
    uint32_t dropped;
    uint32_t icmp_filter; /* ICMP_FILTER: types not wanted */
    uint32_t icmp6_filter[8];
    int checksum_offset; /* IPV6_CHECKSUM, or -1 */
};

struct service_socket {
    struct list all;             /* inet_sockets */
    struct socket_origin origin; /* `wait` is NULL while nobody has accepted it */
    uint16_t family;
    uint8_t type, protocol;
    int error;               /* SO_ERROR: told once; positive */
    unsigned shutdown;       /* SHUTDOWN_* */
    bool bound;              /* by bind(2): address or port are kept */
    ip_addr_t local, remote; /* also when lwIP's control block is gone */
    uint16_t local_port, remote_port;
    struct inet_options options;
    struct list memberships;
    union {
        struct tcp_part tcp;
        struct datagram_part datagram;
    };
};

/* All of them, for /proc/net. */
extern struct list inet_sockets;

/* ---- inet.c ---- */

int inet_create(int family, int type, int protocol, const struct socket_origin *origin,
                socket_handle *out);
void inet_free(socket_handle socket);
void inet_wake(socket_handle socket);

/* Notes an error to be told at the next call, and wakes. */
void inet_fail(socket_handle socket, int error);

/* The error that waits to be told, negative, or 0; it is gone then. */
int inet_take_error(socket_handle socket);

/* -errno for what lwIP answered. */
int inet_error(err_t error);

/* The address of one end, as getsockname(2) gives it. */
void inet_name(socket_handle socket, const ip_addr_t *address, uint16_t port,
               struct socket_address *out);

/* What bind(2) asks for, checked: -EINVAL, -EAFNOSUPPORT, -EADDRNOTAVAIL.  The address is of the
 * type that lwIP's control block is to have. */
int inet_bind_address(socket_handle socket, const struct socket_address *address, ip_addr_t *out,
                      uint16_t *port);

/* Where connect(2) or a send leads to: -EINVAL, -EAFNOSUPPORT, -ENETUNREACH, -EACCES (broadcast). */
int inet_peer_address(socket_handle socket, const struct socket_address *address, ip_addr_t *out,
                      uint16_t *port);

/* ---- address.c ---- */

bool address_is_local(const ip_addr_t *address);

/* The address that packets to `to` leave from, when none was chosen.  -ENETUNREACH. */
int address_source(const ip_addr_t *to, uint8_t device, ip_addr_t *out);

/* ---- ports.c ---- */

/* May `socket` have the address and port?  0 or -EADDRINUSE. */
int port_check(socket_handle socket, const ip_addr_t *address, uint16_t port);

/* A free port from the range for those who ask for none.  -EADDRINUSE: there is none left. */
int port_choose(socket_handle socket, uint16_t *out);

/* In a control block's so_options: its program said SO_REUSEADDR.  lwIP uses none of that bit. */
#define PORT_REUSED 0x40u

extern uint16_t port_range_first, port_range_last; /* ip_local_port_range */
extern unsigned time_wait_most;                    /* tcp_max_tw_buckets */

/* ---- options.c, control.c ---- */

int inet_get_option(socket_handle socket, int level, int name, void *value, size_t *length);
int inet_set_option(socket_handle socket, int level, int name, const void *value, size_t length);

/* Carries the options over to lwIP's control block; both begin alike. */
void inet_apply(socket_handle socket, struct ip_pcb *pcb);

/* ---- tcp.c ---- */

/* A connection that is being set up is given up. */
void tcp_fail(socket_handle socket, int error);

/* ---- tcp_timeout.c ---- */

void tcp_tick(void);
int starved_expired(bool *again);

#endif
