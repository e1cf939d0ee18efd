/* Sockets as programs know them: open files around what a service implements.
 *
 * Core keeps what all kinds of socket have in common, and does all the waiting; the protocol's state
 * is behind the handle (net/socket_ops.h).  socket(7). */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <fs/file.h>
#include <net/files_in_flight.h>
#include <net/socket_ops.h>
#include <process/wait_publish.h>

struct unix_name; /* net/unix_names.h */

struct socket {
    const struct socket_ops *ops;
    socket_handle handle; /* NULL: the service has not made it yet */
    struct file *file;    /* whose handle this is; not referenced */
    int family, type, protocol;
    struct wait_queue wait; /* of everybody who waits for it: the service wakes it, by */
    wait_handle wait_handle;
    struct list hash;                       /* by its number */
    uint64_t receive_timeout, send_timeout; /* ns, 0: for ever; SO_RCVTIMEO, SO_SNDTIMEO */
    size_t receive_least;                   /* bytes, SO_RCVLOWAT */
    uint32_t linger;                        /* seconds that close(2) waits, SO_LINGER; 0: not */
    bool listening;
    bool connected;                   /* of AF_UNIX: has or had a peer */
    bool tells_credentials;           /* SO_PASSCRED */
    bool tells_time, time_is_precise; /* SO_TIMESTAMP; SO_TIMESTAMPNS */
    struct unix_name *name;           /* AF_UNIX: what it, or its listener, is bound to; or NULL */
    struct list held;                 /* files on their way in its queue: net/in_flight.c */
    struct list to_visit;             /* private to net/in_flight.c, as is: */
    bool reached;
};

extern const struct file_ops socket_file_ops;

/* The socket that an open file is, or NULL. */
static inline struct socket *file_socket(const struct file *file)
{
    return file->ops == &socket_file_ops ? (struct socket *)file->handle : NULL;
}

/* Its inode number, under which services know it, and the socket that has one; or NULL. */
static inline uint64_t socket_number(const struct socket *socket)
{
    return socket->file->inode->attributes.number;
}
struct socket *socket_find(uint64_t number);

/* The socket after `previous` (NULL: the first) in no particular order; NULL: there is none. */
struct socket *socket_next(const struct socket *previous);

/* A socket that no service has made yet, as a file with one reference; `flags`: O_NONBLOCK.
 * -ENFILE, -ENOMEM. */
int socket_allocate(const struct socket_ops *ops, int family, int type, int protocol,
                    unsigned flags, struct file **out);

/* What a service is told of it, and of the running process: to a message belong the real ids of who
 * sends it, to a connection the effective ones (unix(7), SCM_CREDENTIALS and SO_PEERCRED). */
struct socket_origin socket_origin(struct socket *socket);
struct socket_credentials socket_sender_credentials(void);
struct socket_credentials socket_peer_credentials(void);

/* Waits, as long as the call may, until the socket's state has changed.  `*deadline`, 0 at first, is
 * when `timeout` will be over.  0: look again; -EAGAIN: it is over, or the file is O_NONBLOCK;
 * -ERESTARTSYS, or -EINTR if there is a time-out, for it would begin anew (signal(7)). */
int socket_wait(struct socket *socket, uint64_t timeout, uint64_t *deadline);

/* May the running process wait for this socket in a call with these MSG_* flags? */
bool socket_may_wait(const struct socket *socket, unsigned flags);

/* Has it been shut down for receiving?  Then nobody waits any more for what will not come, but who
 * does not wait is told to come again, as by Linux. */
bool socket_has_ended(struct socket *socket);

/* ---- socket.c: calls that may sleep ---- */

int socket_bind(struct socket *socket, struct socket_address *address);
int socket_listen(struct socket *socket, int backlog);
int socket_connect(struct socket *socket, struct socket_address *address);
/* The new one, as a file; `peer` is its peer's address. */
int socket_accept(struct socket *socket, unsigned flags, struct file **out,
                  struct socket_address *peer);

/* Bytes that it has sent and nobody has taken yet. */
size_t socket_bytes_sent(struct socket *socket);

/* The last descriptor is being closed by its process: waits for the data to be taken (SO_LINGER). */
void socket_linger(struct socket *socket);

/* ---- socket_transfer.c: moving data; may sleep ---- */

/* `message` has data, the user's MSG_* flags, an address (length 0: none) and extras.  Bytes moved
 * or an errno; SIGPIPE is raised.  The files of a send are gone afterwards in any case; those of a
 * receive are the caller's. */
long socket_send(struct socket *socket, struct socket_message *message);
long socket_receive(struct socket *socket, struct socket_message *message);

/* A message with nothing in it but the data; `address` is set to length 0. */
void socket_message_init(struct socket_message *message, struct user_buffer *data, unsigned flags,
                         struct socket_address *address);

/* read(2), write(2) and what is like them. */
long socket_read(struct socket *socket, struct user_buffer *to);
long socket_write(struct socket *socket, struct user_buffer *from);

/* ---- socket_options.c: getsockopt(2), setsockopt(2) ---- */

int socket_set_option(struct socket *socket, int level, int name, user_address value, int length);
int socket_get_option(struct socket *socket, int level, int name, user_address value,
                      user_address length);

/* ---- socket_control.c: ioctl(2) ---- */

long socket_control(struct socket *socket, unsigned command, user_address argument);

#endif
