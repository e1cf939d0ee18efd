/* Reading and writing the values of socket options. */
#ifndef NETSTACK_OPTIONS_H
#define NETSTACK_OPTIONS_H

#include <stddef.h>

/* The states of /proc/net/tcp and TCP_INFO; no header of Linux's UAPI has them. */
enum {
    TCP_STATE_ESTABLISHED = 1,
    TCP_STATE_SYN_SENT,
    TCP_STATE_SYN_RECV,
    TCP_STATE_FIN_WAIT1,
    TCP_STATE_FIN_WAIT2,
    TCP_STATE_TIME_WAIT,
    TCP_STATE_CLOSE,
    TCP_STATE_CLOSE_WAIT,
    TCP_STATE_LAST_ACK,
    TCP_STATE_LISTEN,
    TCP_STATE_CLOSING
};

/* Into `value`, which has room for `*length` bytes and gets at most as many.  0. */
int option_number(void *value, size_t *length, int number);
int option_bytes(void *value, size_t *length, const void *bytes, size_t size);

/* A number out of a value of `length` bytes: -EINVAL if that is too short. */
int option_take_number(const void *value, size_t length, int *out);

#endif
