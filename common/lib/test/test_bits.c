/* lib/bits.h: the edges of the 64-bit range. */
#include <lib/bits.h>

#include <inttypes.h>

#include "test.h"

static void powers(void)
{
    check(!is_power_of_two(0), "zero");
    for (unsigned i = 0; i < 64; i++) {
        uint64_t power = (uint64_t)1 << i;

        check(is_power_of_two(power), "2^%u", i);
        check(log2_floor(power) == i && log2_ceiling(power) == i, "2^%u", i);
        check(power_of_two_round_up(power) == power, "2^%u", i);
        if (i < 2)
            continue;
        check(!is_power_of_two(power - 1), "2^%u - 1", i);
        check(log2_floor(power - 1) == i - 1 && log2_ceiling(power - 1) == i, "2^%u - 1", i);
        check(power_of_two_round_up(power - 1) == power, "2^%u - 1", i);
    }
    check(power_of_two_round_up(0) == 1, "zero");
    check(log2_floor(UINT64_MAX) == 63, "all ones");
    check(log2_ceiling(UINT64_MAX) == 64, "all ones");
}

static void alignment(void)
{
    check(align_up(0, 8) == 0 && align_up(1, 8) == 8 && align_up(8, 8) == 8, "by 8");
    check(align_down(7, 8) == 0 && align_down(8, 8) == 8, "by 8");
    check(align_up(UINT64_MAX, 4096) == 0, "wraps to 0");
    check(align_down(UINT64_MAX, 4096) == 0xfffffffffffff000, "last page");
    check(align_up(5, 1) == 5, "by 1");
}

static void minimum_and_maximum(void)
{
    int calls = 0;
    int numbers[7];

    check(min(-1, 1) == -1 && max(-1, 1) == 1, "signed");
    check(min(1u, UINT32_MAX) == 1, "unsigned");
    check(min(calls++, 5) == 0 && calls == 1, "evaluated %d times", calls);
    check(max(min(3, 4), min(7, 6)) == 6, "nested");
    check(array_count(numbers) == 7, "%zu", array_count(numbers));
}

static void loads(void)
{
    static const unsigned char bytes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

    check(load_u64(bytes + 1) == 0x0807060504030201, "%" PRIx64, load_u64(bytes + 1));
    check(load_u32(bytes + 3) == 0x06050403, "%" PRIx32, load_u32(bytes + 3));
}

const struct test bits_tests[] = {
    { "powers of two", powers },
    { "alignment", alignment },
    { "minimum and maximum", minimum_and_maximum },
    { "loads", loads },
    { NULL, NULL },
};
