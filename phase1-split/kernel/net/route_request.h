/* SIOCADDRT and SIOCDELRT of AF_INET, as services get them: Core has followed the pointer. */
#ifndef NET_ROUTE_REQUEST_H
#define NET_ROUTE_REQUEST_H

#include <linux/route.h>

struct route_request {
    struct rtentry entry;
    char device[16]; /* the name that entry.rt_dev pointed to; empty: none */
};

#endif
