/* What packet and netlink sockets have in common: a queue of datagrams, an error to be told, and the
 * options of SOL_SOCKET that go with these. */
#ifndef NETSTACK_QUEUED_SOCKET_H
#define NETSTACK_QUEUED_SOCKET_H

#include "message_queue.h"

struct queued_socket {
    struct list node; /* among all of its kind */
    wait_handle wait;
    uint64_t inode;
    uint32_t uid;
    struct message_queue queue;
    int error; /* negative errno that the next operation is to tell; 0: none */
    int send_buffer;
    bool broadcast;
};

void queued_socket_init(struct queued_socket *socket, const struct socket_origin *origin);

/* Notes an error and wakes whoever waits. */
void queued_socket_fail(struct queued_socket *socket, int error);

/* The noted error, which is forgotten; or 0. */
int queued_socket_take_error(struct queued_socket *socket);

/* POLL* bits: data, an error; there is always room to send. */
uint32_t queued_socket_ready(const struct queued_socket *socket);

/* Options of SOL_SOCKET.  -ENOPROTOOPT: not one of these. */
int queued_socket_get_option(struct queued_socket *socket, int name, void *value, size_t *length);
int queued_socket_set_option(struct queued_socket *socket, int name, const void *value,
                             size_t length);

#endif
