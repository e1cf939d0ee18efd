/* Sockets between programs of one system: what the files of this service share.
 *
 * A socket has one queue, of what others have sent to it, and each message there is charged to its
 * sender: who has sent too much that nobody has read yet has to wait.  unix(7). */
#ifndef UNIX_UNIX_H
#define UNIX_UNIX_H

#include <lib/list.h>
#include <net/socket_ops.h>

/* What a socket is bound to; shared with those who were connected to it when it went. */
struct unix_address {
    uint32_t references;
    struct socket_address address;
};

enum unix_state { UNIX_ALONE, UNIX_LISTENING, UNIX_CONNECTED };

struct unix_socket {
    int type; /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
    enum unix_state state;
    wait_handle wait;         /* 0: nobody has accepted it yet */
    uint64_t number;          /* under which Core knows it; not accepted yet: the listener's */
    struct unix_socket *peer; /* the other end; of a datagram socket whom it sends to.  Or NULL: */
    bool peer_is_gone;        /* there was one, and its address was: */
    struct unix_address *peer_address;
    struct list senders; /* datagram sockets whose peer this is: struct unix_socket.of_peer */
    struct list of_peer;
    struct unix_address *address; /* NULL: none */
    struct socket_credentials peer_credentials;
    bool has_peer_credentials;
    bool shut_receive, shut_send;
    int error; /* to be told once: ECONNRESET, or 0 */

    struct list queue;    /* of struct unix_piece.node */
    size_t unread;        /* bytes in it */
    unsigned messages;    /* in it, but for streams */
    struct list sent;     /* pieces that are charged to this socket: struct unix_piece.of_sender */
    size_t charged;       /* bytes of memory that these take */
    size_t send_limit;    /* the same at most; SO_SNDBUF */
    size_t receive_limit; /* SO_RCVBUF: told, and of no effect, as on Linux */
    bool wants_room;      /* was told to wait until less is charged */
    struct list blocked;  /* waits for room in somebody else's queue */

    struct list connections; /* of a listener: not accepted yet, struct unix_socket.of_listener */
    struct list of_listener;
    struct unix_socket *listener;
    unsigned connection_count, backlog;

    uint32_t switches; /* options of SOL_SOCKET that are told, and of no effect: bit by number */
    int priority;
    int32_t linger[2];
};

static inline struct unix_socket *unix_of(socket_handle handle)
{
    return (struct unix_socket *)handle;
}

static inline bool unix_is_connecting(const struct unix_socket *socket)
{
    return socket->type != SOCK_DGRAM;
}

/* ---- socket.c ---- */

int unix_create_socket(int type, struct unix_socket **out);
void unix_release_socket(struct unix_socket *socket);

/* The socket's state has changed: whoever sleeps on it looks again. */
void unix_wake(struct unix_socket *socket);

/* The socket waits for room in somebody else's queue, and is told of any. */
void unix_block(struct unix_socket *socket);
void unix_wake_blocked(void);

void unix_address_get(struct unix_address *address); /* NULL is allowed */
void unix_address_put(struct unix_address *address);

/* Takes `peer` as whom `socket` sends to, in place of whoever it was; NULL: nobody. */
void unix_set_peer(struct unix_socket *socket, struct unix_socket *peer);

/* ---- queue.c ---- */

/* A piece of memory in a queue.  A stream is cut into pieces anywhere; a datagram is one or more, of
 * which the first says what it is and the last where it ends. */
struct unix_piece {
    struct list node, of_sender;
    struct unix_socket *sender; /* to whom it is charged; NULL: it has gone */
    files_handle files;
    struct unix_address *from; /* of its sender when that has gone; NULL: none */
    struct socket_credentials credentials;
    bool is_last;                  /* of a datagram */
    bool goes_on;                  /* belongs to the same send as the piece before it */
    bool is_closed;                /* nothing may be appended */
    int64_t time;                  /* clock_monotonic() */
    size_t whole;                  /* bytes of a datagram, in its first piece */
    uint32_t start, end, capacity; /* of `data`, bytes: read so far, filled, room */
    char data[];
};

/* A piece with room for `wanted` bytes, or as many as a piece can have; NULL without memory. */
struct unix_piece *unix_piece_create(size_t wanted);

/* Puts it in the receiver's queue, charged to the sender. */
void unix_piece_queue(struct unix_piece *piece, struct unix_socket *receiver,
                      struct unix_socket *sender);

/* Frees a piece; one in the receiver's queue leaves it first, and the sender learns of the room. */
void unix_piece_free(struct unix_socket *receiver, struct unix_piece *piece);

/* Empties the queue. */
void unix_queue_clear(struct unix_socket *socket);

static inline struct unix_piece *unix_queue_first(const struct unix_socket *socket)
{
    return list_empty(&socket->queue) ? NULL
                                      : container_of(socket->queue.next, struct unix_piece, node);
}

/* Is there room for more of what this socket sends?  And so much that poll(2) tells of it? */
static inline bool unix_has_room(const struct unix_socket *socket)
{
    return socket->charged < socket->send_limit;
}
static inline bool unix_has_much_room(const struct unix_socket *socket)
{
    return socket->charged * 4 <= socket->send_limit;
}

/* Tells Core in whose queue files lie that have come with messages to this socket. */
void unix_tell_files(struct unix_socket *socket);

/* ---- stream.c, datagram.c ---- */

int unix_stream_send(struct unix_socket *socket, struct socket_message *message);
int unix_stream_receive(struct unix_socket *socket, struct socket_message *message);

int unix_datagram_send(struct unix_socket *socket, struct socket_message *message);
int unix_datagram_receive(struct unix_socket *socket, struct socket_message *message);

/* Is the queue too long for another datagram of this sender?  Two that are each other's peers are
 * held up by what is charged to them alone. */
bool unix_queue_is_full(const struct unix_socket *receiver, const struct unix_socket *sender);

/* ---- connect.c ---- */

int unix_create_pair(int type, int protocol, const struct socket_origin origins[2],
                     const struct socket_credentials *credentials, socket_handle out[2]);
int unix_bind(socket_handle handle, const struct socket_address *address);
int unix_connect(socket_handle handle, const struct socket_address *address, socket_handle peer,
                 const struct socket_credentials *credentials);
int unix_listen(socket_handle handle, int backlog, const struct socket_credentials *credentials);
int unix_accept(socket_handle handle, const struct socket_origin *origin, socket_handle *out,
                struct socket_address *peer);
int unix_name(socket_handle handle, bool peer, struct socket_address *out);

/* ---- options.c ---- */

int unix_get_option(socket_handle handle, int level, int name, void *value, size_t *length);
int unix_set_option(socket_handle handle, int level, int name, const void *value, size_t length);

#endif
