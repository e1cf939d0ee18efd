/* The traits of sockets: what Core asks of whoever implements a kind of socket.
 *
 * The rules are those of fs/vfs.h: an operation runs to completion and never sleeps, returns 0 or
 * a negative errno, gives results through out-parameters only, calls no other operation, and
 * reaches user memory through a user_buffer that Core has made present.
 *
 * Core owns the socket as programs know it: the open file, the inode, time-outs, the queue that
 * tasks sleep on, the names of Unix sockets.  The service keeps the protocol's state behind a
 * handle.  Where an operation would have to wait it answers -EAGAIN; the service wakes the socket's
 * queue whenever an answer could have changed, and Core asks again.
 *
 * These tables, too, are where Ring 1 ends and Ring 2 begins: what fs/vfs.h says of errnos, of
 * calling again and of operations that end something holds here.  And of sockets:
 *
 *  - After create(), create_pair() or accept() the others come in any order until release(),
 *    whether the socket is bound, connected, listening or none of it: whatever does not fit its
 *    state is answered by an errno.  Where no errno is named, those of socket(7)'s pages are meant.
 *  - An operation that a kind of socket does not know answers -EOPNOTSUPP; all are there but
 *    create_pair.
 *  - An address that comes in is the program's: `length` is 0 to sizeof bytes, and may be too short
 *    for what `family` says.  One that goes out says how much of it is in use. */
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
    /* -EPROTONOSUPPORT, -ENOMEM, -ENOBUFS.  Permission to make raw sockets is Core's affair.
     * `family` and `type` are such that syscall/sys_socket.c makes this kind of them; `protocol` is
     * any number, of TCP and UDP their own where the program says 0.  What fails has no handle and
     * is not released. */
    int (*create)(int family, int type, int protocol, const struct socket_origin *origin,
                  socket_handle *out);

    /* Two connected ones, or none.  `credentials` are of who makes them: each is the other's peer.
     * NULL: this kind has no pairs. */
    int (*create_pair)(int type, int protocol, const struct socket_origin origins[2],
                       const struct socket_credentials *credentials, socket_handle out[2]);

    /* Core has closed it, and nobody sleeps in a call about it.  A stream still delivers what it
     * has taken, on its own.  The end of it, and of the queue that its origin names. */
    int (*release)(socket_handle socket);

    /* -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (bound already, wrong length), -EAFNOSUPPORT.  Core has
     * checked the right to the port; the name of a Unix socket it enters itself when this has
     * succeeded. */
    int (*bind)(socket_handle socket, const struct socket_address *address);

    /* 0: connected (datagrams: the peer is set; AF_UNSPEC: it is unset).  -EINPROGRESS: begun; look
     * at connect_result().  -EALREADY, -EISCONN, and why it cannot be.  -EAGAIN: a Unix stream's
     * peer has too many waiting; ask again when woken.  `peer` as in struct socket_message.
     *
     * After -EAGAIN Core comes again with the same address, and with whoever has the name by then.
     * After -EINPROGRESS or -EALREADY it does not, but asks connect_result().  `credentials` are
     * what the peer is to be told. */
    int (*connect)(socket_handle socket, const struct socket_address *address, socket_handle peer,
                   const struct socket_credentials *credentials);

    /* Of a connect() that was begun: 0, -EALREADY (asked again when woken), or why it failed, which
     * is told once: by this, by SO_ERROR, or by what is tried next. */
    int (*connect_result)(socket_handle socket);

    /* `backlog` lies between 0 and SOMAXCONN; again: it is changed.  -EINVAL: connected.
     * `credentials` are what those who connect are told. */
    int (*listen)(socket_handle socket, int backlog, const struct socket_credentials *credentials);

    /* -EAGAIN: nobody yet, asked again with the same origin unless poll() says POLLRDHUP.  `origin`
     * is the new socket's.  -EINVAL: does not listen.  `*peer` is set if this succeeds. */
    int (*accept)(socket_handle socket, const struct socket_origin *origin, socket_handle *out,
                  struct socket_address *peer);

    /* getsockname(2), getpeername(2): -ENOTCONN.  Without a name it is an address of nothing but
     * the family, or of zeros. */
    int (*name)(socket_handle socket, bool peer, struct socket_address *out);

    /* -EAGAIN: no room now.  -EPIPE (Core raises SIGPIPE), -ENOTCONN, -EDESTADDRREQ, -EMSGSIZE, …
     *
     * All of `data` is present: a datagram of at most DATAGRAM_LIMIT bytes (param.h), or of a
     * stream a piece of at most SERVICE_PIECE.  It may be empty, of a stream too: then what is
     * asked is whether anything could be sent.  A stream takes at least a byte or answers -EAGAIN;
     * Core comes again for the rest, without the files.  What is refused leaves the message, its
     * buffer and its files as they were, for Core comes again with them. */
    int (*send)(socket_handle socket, struct socket_message *message);

    /* 0 with nothing moved: the end of a stream, or an empty datagram (`length` 0).  -EAGAIN.
     *
     * All of `data` is present: of a stream a piece of at most SERVICE_PIECE, else the program's
     * whole buffer, or as much of it as a look (MSG_PEEK, one byte) has said to be enough.  A
     * datagram that is longer loses its end, and MSG_TRUNC is set.  A stream that has given some is
     * asked for more until it brings less than there was room for, or files.  `address` is of
     * length 0 going in, and stays so if there is none.  Files that MSG_PEEK brings are copies. */
    int (*receive)(socket_handle socket, struct socket_message *message);

    /* `how` is a SHUT_*; again: no harm.  -ENOTCONN.  Wakes who sleeps: poll() and receive() have
     * something else to say now.  SO_LINGER has Core call it, and not look at the answer. */
    int (*shutdown)(socket_handle socket, int how);

    /* What Core does not keep itself.  `value` is kernel memory of `*length` bytes, at most 256;
     * get sets how many it has filled, no more than there were.  Of SO_ATTACH_FILTER it is the
     * program itself, of 1 to BPF_MAXINSNS instructions.  -ENOPROTOOPT, -EINVAL (the value is too
     * short, which 0 bytes are, or makes no sense).  `value` is aligned for anything; longer ones
     * were cut. */
    int (*get_option)(socket_handle socket, int level, int name, void *value, size_t *length);
    int (*set_option)(socket_handle socket, int level, int name, const void *value, size_t length);

    /* POLL* bits that hold now.  Changes nothing, and may be called however often, also between two
     * calls of a loop that waits: POLLRDHUP tells it that nothing will come any more. */
    int (*poll)(socket_handle socket, uint32_t *ready);

    /* ioctl(2), as in fs/vfs.h.  Core has checked that only root configures interfaces.  Pointers
     * in arguments it has followed: SIOCGIFCONF's argument is the place for the list, and of
     * SIOCADDRT and SIOCDELRT of AF_INET it is a struct route_request.  SIOCOUTQ is asked by Core
     * itself, too, while it waits for a closed stream to be empty. */
    int (*control)(socket_handle socket, unsigned command, uint64_t value,
                   struct user_buffer *argument, int *result);
};

#endif
