/* What the kernel is told of this driver. */
#ifndef E1000_SERVICE_H
#define E1000_SERVICE_H

#include <net/driver.h>

extern const struct ethernet_ops e1000_ops;

#endif
