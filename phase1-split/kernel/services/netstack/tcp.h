/* What the parts of TCP sockets have of each other. */
#ifndef NETSTACK_TCP_H
#define NETSTACK_TCP_H

#include "inet.h"

/* tcp_event.c: lwIP's callbacks of a connection lead to `socket`; NULL: to nobody any more. */
void tcp_attach(struct tcp_pcb *pcb, socket_handle socket);

/* The connection is there: what the two ends are called, and the window that SO_RCVBUF allows. */
void tcp_established(socket_handle socket, struct tcp_pcb *pcb);

err_t tcp_on_connected(void *argument, struct tcp_pcb *pcb, err_t error);

/* Frees what was received and not read. */
void tcp_discard_received(socket_handle socket);

/* tcp.c: a control block with the socket's options; -ENOBUFS. */
int tcp_need_pcb(socket_handle socket);

/* Carries the options over to it. */
void tcp_apply(socket_handle socket, struct tcp_pcb *pcb);

/* Binds to a port nobody uses if it is bound to none. */
int tcp_need_port(socket_handle socket, const ip_addr_t *address);

/* Lets go of the connection: it is closed in order, or (`abort`) reset. */
void tcp_let_go(socket_handle socket, bool abort);

/* tcp_accept.c */
int tcp_start_listening(socket_handle socket, int backlog);
int tcp_take_child(socket_handle socket, const struct socket_origin *origin, socket_handle *out);
void tcp_stop_listening(socket_handle socket);
void tcp_leave_parent(socket_handle socket);

/* tcp_timeout.c: the errno for a connection that lwIP has given up. */
int tcp_failure_reason(void);

/* tcp_stream.c */
int tcp_send(socket_handle socket, struct socket_message *message);
int tcp_receive(socket_handle socket, struct socket_message *message);
bool tcp_writeable(const struct service_socket *socket);
int tcp_control(socket_handle socket, unsigned command, struct user_buffer *argument, int *result);

/* tcp_append.c: at most `size` bytes out of `from` are queued to be sent; how many, or -ENOBUFS,
 * -EFAULT.  `more`: others will follow soon. */
long tcp_append(struct tcp_pcb *pcb, struct user_buffer *from, size_t size, bool more);

/* tcp_options.c: of level SOL_TCP. */
int tcp_get_option(socket_handle socket, int name, void *value, size_t *length);
int tcp_set_option(socket_handle socket, int name, const void *value, size_t length);

#endif
