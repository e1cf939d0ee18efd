/* lib/string.h, compared with the C library where that has the same function. */
#include <lib/string.h>

#include <inttypes.h>
#include <linux/errno.h>
#include <stdlib.h>

#include "test.h"

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* A random string of few different characters, so that parts recur. */
static char *random_string(size_t most)
{
    char text[32];
    size_t length = test_random() % (most + 1);

    for (size_t i = 0; i < length; i++)
        text[i] = "ab\xff"[test_random() % 3];
    text[length] = '\0';
    return exact_copy(text, length + 1);
}

static void against_the_host(void)
{
    for (unsigned round = 0; round < 50000; round++) {
        char *a = random_string(12), *b = random_string(4);
        size_t limit = test_random() % 14;

        check(strlen(a) == __builtin_strlen(a), "\"%s\"", a);
        check(sign(strcmp(a, b)) == sign(__builtin_strcmp(a, b)), "\"%s\" \"%s\"", a, b);
        check(sign(strncmp(a, b, limit)) == sign(__builtin_strncmp(a, b, limit)),
              "\"%s\" \"%s\" %zu", a, b, limit);
        check(strchr(a, b[0]) == __builtin_strchr(a, b[0]), "\"%s\" '%c'", a, b[0]);
        check(strrchr(a, b[0]) == __builtin_strrchr(a, b[0]), "\"%s\" '%c'", a, b[0]);
        free(a);
        free(b);
    }
}

static void bounded_length(void)
{
    char *unterminated = exact_copy("abcd", 4);

    check(strnlen(unterminated, 4) == 4, "reads no further than the limit");
    check(strnlen(unterminated, 0) == 0, "limit 0");
    check(strnlen("ab", SIZE_MAX) == 2, "no limit");
    check(strncmp(unterminated, "abcd", 4) == 0, "compares no further than the limit");
    free(unterminated);
}

static void copies(void)
{
    char *five = exact_copy("#####", 5);

    check(string_copy(five, "abc", 5) == 3 && strcmp(five, "abc") == 0, "fits: %s", five);
    check(string_copy(five, "abcd", 5) == 4 && strcmp(five, "abcd") == 0, "just fits: %s", five);
    check(string_copy(five, "abcdefg", 5) == 7 && strcmp(five, "abcd") == 0, "cut: %s", five);
    check(string_copy(five, "xyz", 1) == 3 && five[0] == '\0', "room for the NUL only");
    five[0] = '!';
    check(string_copy(five, "xyz", 0) == 3 && five[0] == '!', "no room at all");
    check(string_copy(five, "", 5) == 0 && five[0] == '\0', "empty");
    free(five);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        unsigned base;
        int error;
        uint64_t value;
    } table[] = {
        { "0", 10, 0, 0 },
        { "42", 10, 0, 42 },
        { "00042", 10, 0, 42 },
        { "18446744073709551615", 10, 0, UINT64_MAX },
        { "18446744073709551616", 10, -ERANGE, 0 },
        { "99999999999999999999999", 10, -ERANGE, 0 },
        { "99999999999999999999999x", 10, -EINVAL, 0 },
        { "", 10, -EINVAL, 0 },
        { "-1", 10, -EINVAL, 0 },
        { "+1", 10, -EINVAL, 0 },
        { " 1", 10, -EINVAL, 0 },
        { "1 ", 10, -EINVAL, 0 },
        { "1a", 10, -EINVAL, 0 },
        { "ffffffffffffffff", 16, 0, UINT64_MAX },
        { "10000000000000000", 16, -ERANGE, 0 },
        { "DeadBeef", 16, 0, 0xdeadbeef },
        { "g", 16, -EINVAL, 0 },
        { "0x10", 16, -EINVAL, 0 },
        { "0x10", 0, 0, 16 },
        { "0X1f", 0, 0, 31 },
        { "0x", 0, -EINVAL, 0 },
        { "010", 0, 0, 8 },
        { "08", 0, -EINVAL, 0 },
        { "0", 0, 0, 0 },
        { "10", 0, 0, 10 },
        { "", 0, -EINVAL, 0 },
        { "1777777777777777777777", 8, 0, UINT64_MAX },
        { "2000000000000000000000", 8, -ERANGE, 0 },
        { "101", 2, 0, 5 },
        { "102", 2, -EINVAL, 0 },
        { "zz", 36, 0, 35 * 36 + 35 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint64_t value = 7;
        int error = string_to_u64(table[i].text, table[i].base, &value);

        check(error == table[i].error, "\"%s\" base %u: %d", table[i].text, table[i].base, error);
        check(value == (error == 0 ? table[i].value : 7), "\"%s\" base %u: %" PRIu64, table[i].text,
              table[i].base, value);
    }
}

const struct test string_tests[] = {
    { "against the host", against_the_host },
    { "bounded length", bounded_length },
    { "copies", copies },
    { "numbers", numbers },
    { NULL, NULL },
};
