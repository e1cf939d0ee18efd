/* The traits of sockets: what Core asks of whoever implements a kind of socket.
 *
 * The rules are those of fs/vfs.h: an operation runs to completion and never sleeps, returns 0 or
 * a negative errno, gives results through out-parameters only, calls no other operation, and
 * reaches user memory through a user_buffer that Core has made present.
 *
 * Core owns the socket as programs know it: the open file, the inode, time-outs, the queue that
 * tasks sleep on, the names of Unix sockets.  The service keeps the protocol's state behind a
 * handle.  Where an operation would have to wait it answers -EAGAIN; the service wakes the socket's
 * queue whenever an answer could have changed, and Core asks again. */
#ifndef NET_SOCKET_OPS_H
#define NET_SOCKET_OPS_H

#include <asm/socket.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/un.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <fs/user_buffer.h>
#include <net/in_flight.h>
#include <process/wait_handle.h>

typedef struct service_socket *socket_handle;

/* What Core tells of a socket when it is made; to be copied. */
struct socket_origin {
    wait_handle wait; /* to be woken; good until release() returns */
    uint64_t inode;   /* its number, for /proc/net */
    uint32_t uid;     /* who made it */
};

struct socket_address {
    uint32_t length; /* bytes in use, 0: no address.  At least 2 else, at most sizeof bytes */
    union {
        __kernel_sa_family_t family; /* AF_* */
        struct sockaddr_in inet;
        struct sockaddr_in6 inet6;
        struct sockaddr_un local;
        struct sockaddr_ll packet;
        struct sockaddr_nl netlink;
        uint8_t bytes[sizeof(struct __kernel_sockaddr_storage)];
    };
};

struct socket_credentials {
    int32_t pid;
    uint32_t uid, gid; /* effective ones */
};

/* Ancillary data (cmsg(3)), as far as there is any. */
struct socket_extras {
    files_handle files; /* SCM_RIGHTS.  A send that returns 0 has taken them over; a receive hands
                           them over */
    struct socket_credentials credentials; /* of who sends; Core fills them in for every send */
    bool has_credentials;                  /* received: they are known */
    bool asks_credentials; /* going into a receive: somebody wants them, so that a stream does not
                              mix what two have sent */
    bool has_packet_info;  /* IP_PKTINFO, IPV6_PKTINFO: the fields below */
    uint32_t interface;    /* index; 0: any */
    struct in6_addr local; /* destination address; of IPv4 the mapped one */
    int32_t hop_limit;     /* IP_TTL, IPV6_HOPLIMIT; negative: not known */
    bool hop_limit_old;    /* received: is told as IPV6_2292HOPLIMIT (RFC 2292) */
    bool has_packet_data;  /* PACKET_AUXDATA: the field below */
    struct tpacket_auxdata packet_data;
    int64_t time; /* ns of clock_monotonic(), SO_TIMESTAMP; 0: not known */
};

/* One send or receive. */
struct socket_message {
    /* A datagram is all of what is left in it; a stream moves what it can. */
    struct user_buffer *data;
    /* MSG_OOB, PEEK, DONTROUTE, MORE, EOR, TRUNC going in (Core does DONTWAIT, WAITALL and NOSIGNAL);
     * a receive sets MSG_TRUNC, EOR and OOB that are to be told. */
    unsigned flags;
    struct socket_address *address; /* where to (length 0: where it is connected), or where from */
    socket_handle peer;             /* AF_UNIX: the socket that has this address; NULL: none has, so
                                       that to send is -ECONNREFUSED if nothing else is wrong */
    bool privileged;                /* of a send: root sends */
    size_t length; /* received datagram: its whole length, of which `data` got a part */
    struct socket_extras extras;
};

struct socket_ops {
    /* -EPROTONOSUPPORT, -ENOMEM, -ENOBUFS.  Permission to make raw sockets is Core's affair. */
    int (*create)(int family, int type, int protocol, const struct socket_origin *origin,
                  socket_handle *out);

    /* Two connected ones; NULL: this kind has no pairs. */
    int (*create_pair)(int type, int protocol, const struct socket_origin origins[2],
                       const struct socket_credentials *credentials, socket_handle out[2]);

    /* Core has closed it.  A stream still delivers what it has taken, on its own. */
    int (*release)(socket_handle socket);

    /* -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (bound already, wrong length), -EAFNOSUPPORT.  Core has
     * checked the right to the port; the name of a Unix socket it has entered itself. */
    int (*bind)(socket_handle socket, const struct socket_address *address);

    /* 0: connected (datagrams: the peer is set; AF_UNSPEC: it is unset).  -EINPROGRESS: begun; look at
     * connect_result().  -EALREADY, -EISCONN, and why it cannot be.  -EAGAIN: a Unix stream's peer
     * has too many waiting; ask again when woken.  `peer` as in struct socket_message. */
    int (*connect)(socket_handle socket, const struct socket_address *address, socket_handle peer,
                   const struct socket_credentials *credentials);

    /* Of a connect() that was begun: 0, -EALREADY, or why it failed, which is told once. */
    int (*connect_result)(socket_handle socket);

    int (*listen)(socket_handle socket, int backlog, const struct socket_credentials *credentials);

    /* -EAGAIN: nobody yet.  `origin` is the new socket's. */
    int (*accept)(socket_handle socket, const struct socket_origin *origin, socket_handle *out,
                  struct socket_address *peer);

    /* getsockname(2), getpeername(2): -ENOTCONN. */
    int (*name)(socket_handle socket, bool peer, struct socket_address *out);

    /* -EAGAIN: no room now.  -EPIPE (Core raises SIGPIPE), -ENOTCONN, -EDESTADDRREQ, -EMSGSIZE, … */
    int (*send)(socket_handle socket, struct socket_message *message);

    /* 0 with nothing moved: the end of a stream, or an empty datagram (`length` 0).  -EAGAIN. */
    int (*receive)(socket_handle socket, struct socket_message *message);

    int (*shutdown)(socket_handle socket, int how); /* SHUT_* */

    /* What Core does not keep itself.  `value` is kernel memory of `*length` bytes, at most 256; get
     * sets how many it has filled.  Of SO_ATTACH_FILTER it is the program itself, of any length.
     * -ENOPROTOOPT, -EINVAL. */
    int (*get_option)(socket_handle socket, int level, int name, void *value, size_t *length);
    int (*set_option)(socket_handle socket, int level, int name, const void *value, size_t length);

    /* POLL* bits that hold now. */
    int (*poll)(socket_handle socket, uint32_t *ready);

    /* ioctl(2), as in fs/vfs.h.  Core has checked that only root configures interfaces.  Pointers in
     * arguments it has followed: SIOCGIFCONF's argument is the place for the list, and of SIOCADDRT
     * and SIOCDELRT of AF_INET it is a struct route_request. */
    int (*control)(socket_handle socket, unsigned command, uint64_t value,
                   struct user_buffer *argument, int *result);
};

#endif
