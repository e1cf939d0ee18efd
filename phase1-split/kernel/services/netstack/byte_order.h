/* Network byte order is big-endian, this machine is not. */
#ifndef NETSTACK_BYTE_ORDER_H
#define NETSTACK_BYTE_ORDER_H

#include <stdint.h>

static inline uint16_t swap_u16(uint16_t value)
{
    return __builtin_bswap16(value);
}

static inline uint32_t swap_u32(uint32_t value)
{
    return __builtin_bswap32(value);
}

#endif
