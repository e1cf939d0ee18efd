/* Netlink messages: checked when they come in, put together when they go out. */
#ifndef NETSTACK_NETLINK_MESSAGE_H
#define NETSTACK_NETLINK_MESSAGE_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATTRIBUTES_MOST 64 /* types from this on are unknown here, and skipped */

/* A request, all of whose lengths have been checked. */
struct netlink_request {
    const struct nlmsghdr *header;
    const void *fixed; /* the structure behind the header, at least as long as the type demands */
    size_t fixed_size; /* bytes that there are of it and its attributes */
    bool privileged;   /* root has sent it */
    const struct nlattr *attributes[ATTRIBUTES_MOST]; /* by type; NULL: not there */
};

/* Finds the attributes behind the first `size` bytes of the fixed part: -EINVAL. */
int netlink_parse(struct netlink_request *request, size_t size);

/* An attribute's contents if they have at least `size` bytes, else NULL. */
const void *netlink_attribute_least(const struct netlink_request *request, unsigned type,
                                    size_t size);
static inline bool netlink_has(const struct netlink_request *request, unsigned type)
{
    return request->attributes[type] != NULL;
}
/* A number of four bytes; `otherwise` if it is not there. */
uint32_t netlink_number(const struct netlink_request *request, unsigned type, uint32_t otherwise);
/* -ERANGE if one of these attributes is there, but is no number. */
int netlink_check_numbers(const struct netlink_request *request, const uint8_t *types,
                          size_t count);
/* A name that fits, with its NUL: -EINVAL. */
int netlink_text(const struct netlink_request *request, unsigned type, char *out, size_t size);

/* Messages one behind the other.  What does not fit is not begun: `full` says so. */
struct netlink_output {
    uint8_t *data;
    size_t length, capacity;
    uint32_t port, sequence; /* of whom it is for */
    uint16_t flags;          /* NLM_F_MULTI of a dump */
    size_t message;          /* where the current message begins */
    bool full;
};

/* Begins a message; returns the place for its fixed part, zeroed, or NULL when it is full. */
void *netlink_begin(struct netlink_output *output, uint16_t type, size_t fixed);
void netlink_put(struct netlink_output *output, uint16_t type, const void *data, size_t size);
void netlink_put_number(struct netlink_output *output, uint16_t type, uint32_t number);
void netlink_put_text(struct netlink_output *output, uint16_t type, const char *text);
/* Ends it; false, and as if it had not been begun, when it did not fit. */
bool netlink_end(struct netlink_output *output);

#endif
