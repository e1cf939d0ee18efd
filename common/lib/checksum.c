/* A sum of 64-bit words is a sum of 16-bit words: 2^16 is 1 modulo 2^16 - 1, and so is every power
 * of it.  Carries out of 64 bits are counted and added at the end. */
#include <lib/checksum.h>

#include <lib/bits.h>

static inline void add(uint64_t *sum, uint64_t *carries, uint64_t word)
{
    *sum += word;
    *carries += *sum < word;
}

static uint64_t fold(uint64_t sum, unsigned bits)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;

    sum = (sum >> bits) + (sum & mask);
    return (sum >> bits) + (sum & mask);
}

uint16_t checksum_sum(const void *data, size_t size)
{
    const uint8_t *from = data;
    uint64_t sum = 0, carries = 0, last = 0;

    for (; size >= 32; size -= 32, from += 32) {
        add(&sum, &carries, load_u64(from));
        add(&sum, &carries, load_u64(from + 8));
        add(&sum, &carries, load_u64(from + 16));
        add(&sum, &carries, load_u64(from + 24));
    }
    for (; size >= 8; size -= 8, from += 8)
        add(&sum, &carries, load_u64(from));
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)from[i] << (8 * i);
    add(&sum, &carries, last);
    sum += carries;
    sum += sum < carries;
    return (uint16_t)fold(fold(sum, 32), 16);
}
