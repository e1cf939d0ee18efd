/* Arithmetic on powers of two, type-safe minimum and maximum, and unaligned loads. */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each argument is evaluated once.  Comparing the addresses of the two copies makes the compiler
 * warn when their types differ: a silent conversion of a negative number is a classic bug. */
#define min(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) min_a_ = (a);                                                                \
        __typeof__(b) min_b_ = (b);                                                                \
        (void)(&min_a_ == &min_b_);                                                                \
        min_a_ < min_b_ ? min_a_ : min_b_;                                                         \
    })
#define max(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) max_a_ = (a);                                                                \
        __typeof__(b) max_b_ = (b);                                                                \
        (void)(&max_a_ == &max_b_);                                                                \
        max_a_ > max_b_ ? max_a_ : max_b_;                                                         \
    })

/* The number of elements of an array (not of a pointer: that does not compile). */
#define array_count(array)                                                                         \
    (sizeof(array) / sizeof((array)[0]) +                                                          \
     0 * sizeof(struct {                                                                           \
         int not_a_pointer                                                                         \
             : __builtin_types_compatible_p(__typeof__(array), __typeof__(&(array)[0]))            \
               ? -1                                                                                \
               : 1;                                                                                \
     }))

static inline bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* The position of the highest set bit: the logarithm, rounded down.  `value` is not 0. */
static inline unsigned log2_floor(uint64_t value)
{
    return 63 - (unsigned)__builtin_clzll(value);
}

/* The logarithm, rounded up.  `value` is not 0. */
static inline unsigned log2_ceiling(uint64_t value)
{
    return value == 1 ? 0 : log2_floor(value - 1) + 1;
}

/* The smallest power of two that is at least `value`; 1 for 0.  `value` is at most 2^63. */
static inline uint64_t power_of_two_round_up(uint64_t value)
{
    return value <= 1 ? 1 : (uint64_t)1 << log2_ceiling(value);
}

/* `value` as a multiple of `alignment`, which is a power of two.  Rounding up wraps to 0 when
 * the result does not fit. */
static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* Little-endian words at any address.  The built-in, not memcpy(): a freestanding compiler turns
 * only the former into the single instruction that it is. */
static inline uint64_t load_u64(const void *from)
{
    uint64_t value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

static inline uint32_t load_u32(const void *from)
{
    uint32_t value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

#endif
