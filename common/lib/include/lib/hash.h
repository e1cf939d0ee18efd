/* Hashes for tables in memory: fast and well spread, not cryptographic, and free to change from
 * one build to the next.
 *
 * Both rest on one step: multiply to 128 bits and fold the halves together, so that each input
 * bit reaches the whole result.  They are inline because a path walk calls one per component. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <lib/bits.h>

/* Odd numbers with about as many ones as zeros: the fractions of the golden ratio and of the
 * square root of 2. */
#define HASH_GOLDEN   0x9e3779b97f4a7c15ull
#define HASH_ROOT_TWO 0x6a09e667f3bcc909ull

static inline uint64_t hash_mix(uint64_t value)
{
    unsigned __int128 product = (unsigned __int128)value * HASH_GOLDEN;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t hash_u64(uint64_t value)
{
    return (uint32_t)hash_mix(value ^ HASH_ROOT_TWO);
}

/* The hash of `length` bytes at `name`.  Different seeds give unrelated hashes: use one per
 * directory, and equal names in different directories fall into different buckets. */
static inline uint32_t hash_name(uint32_t seed, const char *name, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)name;
    uint64_t state = HASH_ROOT_TWO ^ ((uint64_t)seed << 32) ^ length;
    uint64_t tail = 0;

    for (; length >= 8; bytes += 8, length -= 8)
        state = hash_mix(state ^ load_u64(bytes));
    /* The loads of the tail may overlap; since the length is in the state, that loses nothing. */
    if (length >= 4)
        tail = load_u32(bytes) | (uint64_t)load_u32(bytes + length - 4) << 32;
    else if (length > 0)
        tail = bytes[0] | (uint64_t)bytes[length / 2] << 8 | (uint64_t)bytes[length - 1] << 16;
    return (uint32_t)hash_mix(state ^ tail);
}

#endif
