/* The checksum of the Internet protocols (RFC 1071). */
#ifndef LIB_CHECKSUM_H
#define LIB_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The one's complement sum of the 16-bit words at `data`, an odd last byte padded with a zero.
 * Words are taken and the sum is given as they lie in memory, so it does not matter which byte order
 * is meant (RFC 1071, 2B).  A header's checksum is the complement of it; with the right checksum in
 * place the sum is 0xffff. */
uint16_t checksum_sum(const void *data, size_t size);

#endif
