/* What netlink can be asked, by type of message. */
#ifndef NETSTACK_NETLINK_HANDLERS_H
#define NETSTACK_NETLINK_HANDLERS_H

#include "netlink_message.h"

struct interface;
struct route;

/* A dump in progress.  `place` starts at 0 and means what the dump function wants it to. */
struct netlink_dump {
    uint16_t type;
    uint8_t family; /* AF_UNSPEC: all */
    size_t place;
};

struct netlink_handler {
    uint16_t type;  /* RTM_* */
    uint16_t fixed; /* bytes of the structure behind the header, at least */
    bool changes;   /* only root may */
    /* Does what is asked; an answer, if there is one, goes to `output`. */
    int (*act)(const struct netlink_request *request, struct netlink_output *output);
    /* Adds entries from dump->place on, as many as fit.  True: that was all. */
    bool (*dump)(struct netlink_dump *dump, struct netlink_output *output);
};

/* NULL: there is none. */
const struct netlink_handler *netlink_handler(uint16_t type);

/* netlink_link.c: RTM_*LINK */
int netlink_link_get(const struct netlink_request *request, struct netlink_output *output);
int netlink_link_set(const struct netlink_request *request, struct netlink_output *output);
bool netlink_link_dump(struct netlink_dump *dump, struct netlink_output *output);
bool netlink_link_tell(const struct interface *interface, uint8_t family,
                       struct netlink_output *output);

/* netlink_address.c: RTM_*ADDR */
int netlink_address_add(const struct netlink_request *request, struct netlink_output *output);
int netlink_address_remove(const struct netlink_request *request, struct netlink_output *output);
bool netlink_address_dump(struct netlink_dump *dump, struct netlink_output *output);
bool netlink_address_tell(struct interface *interface, size_t which, uint16_t type,
                          struct netlink_output *output);

/* netlink_table.c: RTM_*ROUTE, RTM_GETRULE */
int netlink_route_get(const struct netlink_request *request, struct netlink_output *output);
int netlink_route_add(const struct netlink_request *request, struct netlink_output *output);
int netlink_route_remove(const struct netlink_request *request, struct netlink_output *output);
bool netlink_route_dump(struct netlink_dump *dump, struct netlink_output *output);
bool netlink_route_tell(const struct route *route, uint16_t type, struct netlink_output *output);
bool netlink_rule_dump(struct netlink_dump *dump, struct netlink_output *output);

/* netlink_neighbour.c: RTM_*NEIGH */
int netlink_neighbour_add(const struct netlink_request *request, struct netlink_output *output);
int netlink_neighbour_remove(const struct netlink_request *request, struct netlink_output *output);
bool netlink_neighbour_dump(struct netlink_dump *dump, struct netlink_output *output);

#endif
