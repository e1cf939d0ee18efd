/* lib/checksum.h against a sum word by word, for every length and alignment, carries included. */
#include <lib/checksum.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* RFC 1071, 4.1, on big-endian words; the result as it would lie in memory. */
static uint16_t slow_sum(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;
    uint8_t bytes[2];
    uint16_t result;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    bytes[0] = (uint8_t)(sum >> 8);
    bytes[1] = (uint8_t)sum;
    memcpy(&result, bytes, sizeof(result));
    return result;
}

static void lengths_and_alignments(void)
{
    uint8_t around[256];

    for (size_t i = 0; i < sizeof(around); i++)
        around[i] = (uint8_t)(i * 37 + (i >> 3));
    for (size_t length = 0; length < 150; length++) {
        for (size_t offset = 0; offset < 8; offset++) {
            void *exact = exact_copy((char *)around + offset, length);

            check(checksum_sum(around + offset, length) == slow_sum(around + offset, length),
                  "length %zu, offset %zu", length, offset);
            check(checksum_sum(exact, length) == slow_sum(exact, length), "length %zu", length);
            free(exact);
        }
    }
}

/* All ones carry out of every word. */
static void carries(void)
{
    uint8_t *ones = malloc(65536);

    memset(ones, 0xff, 65536);
    for (size_t length = 65000; length <= 65536; length += 7)
        check(checksum_sum(ones, length) == slow_sum(ones, length), "length %zu", length);
    check(checksum_sum(ones, 40) == 0xffff, "the sum of ones");
    free(ones);
}

/* A header of RFC 791 with its checksum in place sums up to 0xffff. */
static void whole_header(void)
{
    static const uint8_t header[20] = { 0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11,
                                        0xb8, 0x61, 192, 168, 0, 1, 192, 168, 0, 0xc7 };

    check(checksum_sum(header, sizeof(header)) == 0xffff, "header");
}

const struct test checksum_tests[] = {
    { "lengths and alignments", lengths_and_alignments },
    { "carries", carries },
    { "a whole header", whole_header },
    { NULL, NULL },
};
