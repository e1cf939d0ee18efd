/* lib/hash.h: repeatable, reading not one byte too far, and spread. */
#include <lib/hash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* The bytes around the name do not matter, wherever it lies. */
static void only_the_name(void)
{
    for (size_t length = 0; length < 40; length++) {
        char around[64];
        uint32_t first = 0;

        for (size_t offset = 0; offset < 8; offset++) {
            memset(around, (int)offset, sizeof(around));
            for (size_t i = 0; i < length; i++)
                around[offset + i] = (char)('a' + i % 26);
            char *exact = exact_copy(around + offset, length);
            uint32_t hash = hash_name(7, exact, length);

            if (offset == 0)
                first = hash;
            check(hash == first, "length %zu, offset %zu", length, offset);
            check(hash_name(7, around + offset, length) == first, "length %zu", length);
            free(exact);
        }
    }
}

/* Each bit of a name, and its length, changes the hash. */
static void every_bit(void)
{
    for (size_t length = 1; length < 33; length++) {
        char name[33] = { 0 };
        uint32_t zeros = hash_name(1, name, length);

        check(hash_name(1, name, length + 1) != zeros, "length %zu", length);
        check(hash_name(2, name, length) != zeros, "seed, length %zu", length);
        for (size_t bit = 0; bit < 8 * length; bit++) {
            name[bit / 8] = (char)(1 << bit % 8);
            check(hash_name(1, name, length) != zeros, "length %zu, bit %zu", length, bit);
            name[bit / 8] = 0;
        }
    }
}

#define BUCKETS 1024

/* Fills a table with 4 entries a bucket on average; a good hash gives Poisson's distribution,
 * where the fullest of 1024 buckets holds about 13. */
static void check_spread(const unsigned *buckets, const char *what)
{
    unsigned fullest = 0, empty = 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        if (buckets[i] > fullest)
            fullest = buckets[i];
        empty += buckets[i] == 0;
    }
    check(fullest <= 18, "%s: fullest bucket %u", what, fullest);
    check(empty <= 50, "%s: %u buckets empty", what, empty);
}

static void spread(void)
{
    static const char *const patterns[] = { "%u", "%u.c", "file%u", "%08x", "longer-name-%u.txt" };

    for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
        unsigned low[BUCKETS] = { 0 }, high[BUCKETS] = { 0 };

        for (unsigned i = 0; i < 4 * BUCKETS; i++) {
            char name[64];
            int length = snprintf(name, sizeof(name), patterns[p], i);
            uint32_t hash = hash_name(42, name, (size_t)length);

            low[hash % BUCKETS]++;
            high[hash >> 22]++;
        }
        check_spread(low, patterns[p]);
        check_spread(high, patterns[p]);
    }
}

static void numbers(void)
{
    for (unsigned shift = 0; shift < 48; shift += 4) {
        unsigned low[BUCKETS] = { 0 }, high[BUCKETS] = { 0 };

        for (uint64_t i = 0; i < 4 * BUCKETS; i++) {
            low[hash_u64(i << shift) % BUCKETS]++;
            high[hash_u64(i << shift) >> 22]++;
        }
        check_spread(low, "numbers");
        check_spread(high, "numbers");
    }
}

const struct test hash_tests[] = {
    { "only the name", only_the_name },
    { "every bit", every_bit },
    { "spread of names", spread },
    { "spread of numbers", numbers },
    { NULL, NULL },
};
