/* lib/format.h against the host's snprintf(): every flag, width and precision, cut everywhere. */
#include <lib/format.h>

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Templates are put together at run time and some are wrong, on purpose. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

#define compare(text, ...)                                                                         \
    do {                                                                                           \
        char expected_[512], found_[512];                                                          \
        int length_ = snprintf(expected_, sizeof(expected_), text, __VA_ARGS__);                   \
        size_t result_ = format(found_, sizeof(found_), text, __VA_ARGS__);                        \
        check(strcmp(expected_, found_) == 0, "%s: \"%s\", not \"%s\"", text, found_, expected_);  \
        check(result_ == (size_t)length_, "%s: length %zu, not %d", text, result_, length_);       \
    } while (0)

static const char *const flags[] = { "",   "-",  "0",  "#",  "+",   " ",   "-0",  "-#",
                                     "0#", "+0", " 0", "+ ", "-+#", "0+#", "- 0#" };
static const char *const widths[] = { "", "1", "5", "12", "30" };
static const char *const precisions[] = { "", ".", ".0", ".1", ".5", ".25" };

/* Calls `one` with every combination of flags, width and precision before `end`. */
static void each_template(const char *end, void (*one)(const char *text))
{
    for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
            for (size_t p = 0; p < sizeof(precisions) / sizeof(precisions[0]); p++) {
                char text[32];

                snprintf(text, sizeof(text), "<%%%s%s%s%s>", flags[f], widths[w], precisions[p],
                         end);
                one(text);
            }
}

static void one_int(const char *text)
{
    static const int values[] = { 0, 1, -1, 7, 8, -255, 65536, 123456, INT_MAX, INT_MIN };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        compare(text, values[i]);
}

static void one_long(const char *text)
{
    static const int64_t values[] = { 0, 1, -1, 8, 0xdeadbeef, INT64_MAX, INT64_MIN };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        compare(text, values[i]);
}

static void one_string(const char *text)
{
    compare(text, "");
    compare(text, "a");
    compare(text, "seven b");
    compare(text, "a string longer than every width here");
}

static void one_character(const char *text)
{
    compare(text, 'x');
    compare(text, 0xe9);
}

static void integers(void)
{
    static const char *const ends[] = { "d",  "i",   "u",   "x",  "X",   "o",
                                        "hd", "hhd", "hhu", "hx", "hhX", "ho" };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        each_template(ends[i], one_int);
}

static void long_integers(void)
{
    static const char *const ends[] = { "ld",  "li",  "lu", "lx", "lX", "lo", "lld",
                                        "llu", "llx", "zu", "zd", "jd", "ju", "td" };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        each_template(ends[i], one_long);
}

static void strings(void)
{
    each_template("s", one_string);
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        char text[16];

        snprintf(text, sizeof(text), "[%%%sc]", widths[w]);
        one_character(text);
        snprintf(text, sizeof(text), "[%%-%sc]", widths[w]);
        one_character(text);
    }
}

static void stars(void)
{
    for (int width = -20; width <= 20; width += 4)
        for (int precision = -2; precision <= 12; precision += 2) {
            compare("[%*.*d]", width, precision, 4711);
            compare("[%-*.*x]", width, precision, 0xbeef);
            compare("[%0*d]", width, -42);
            compare("[%.*s]", precision, "hello");
            compare("[%*s]", width, "hello");
        }
}

static void pointers(void)
{
    int variable;
    char text[8];

    compare("%p", (void *)&variable);
    compare("%30p|", (void *)&variable);
    compare("%-30p|", (void *)&variable);
    check(format(text, sizeof(text), "%p", NULL) == 3 && strcmp(text, "0x0") == 0, "%s", text);
}

static void mixed(void)
{
    char text[64];

    compare("%d%%%s%c%lx%zu", 5, "five", '5', 0x5555ul, (size_t)55);
    compare("no conversion%s", "");
    compare("%%|%-5d|%+i", 3, 4);
    compare("%s: %s [%04x:%02x]", "kernel", "line", 0x8086u, 3u);
    check(format(text, sizeof(text), "") == 0 && text[0] == '\0', "empty");
    format(text, sizeof(text), "%s|%.3s", NULL, "abc\0def");
    check(strcmp(text, "(null)|abc") == 0, "%s", text);
}

/* What is no conversion is shown, and never taken as a reason to read on past the NUL. */
static void unknown(void)
{
    static const char *const table[] = {
        "%", "%5", "%-", "%.", "%l", "100%!", "%y and on", "%hhk"
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *exact = exact_copy(table[i], strlen(table[i]) + 1);
        char text[32];

        check(format(text, sizeof(text), exact) == strlen(exact), "%s", exact);
        check(strcmp(text, exact) == 0, "\"%s\" gave \"%s\"", exact, text);
        free(exact);
    }
}

static void cut(void)
{
    static const char whole[] = "number -00042 of \"abcdef\"";

    for (size_t size = 0; size <= sizeof(whole) + 2; size++) {
        char *out = malloc(size);
        size_t kept = size < sizeof(whole) ? size : sizeof(whole);
        size_t length = format(out, size, "number %06d of \"%s\"", -42, "abcdef");

        check(length == sizeof(whole) - 1, "size %zu: %zu", size, length);
        if (size > 0) {
            check(memcmp(out, whole, kept - 1) == 0, "size %zu: %.*s", size, (int)size, out);
            check(out[kept - 1] == '\0', "size %zu is not terminated", size);
        }
        free(out);
    }
    check(format(NULL, 0, "%1000d", 1) == 1000, "only counted");
}

/* Absurd numbers are cut to a bound and neither overflow nor crash. */
static void absurd(void)
{
    char text[8];

    check(format(text, sizeof(text), "%*d", INT_MIN, 1) == 1u << 24, "smallest width");
    check(format(text, sizeof(text), "%99999999999999999999d", 1) == 1u << 24, "huge width");
    check(format(text, sizeof(text), "%.*d", INT_MAX, 1) == 1u << 24, "huge precision");
    check(format(text, sizeof(text), "%.99999999999999999999s", "ab") == 2, "huge precision");
}

const struct test format_tests[] = {
    { "integers", integers },
    { "long integers", long_integers },
    { "strings and characters", strings },
    { "width and precision as arguments", stars },
    { "pointers", pointers },
    { "mixed", mixed },
    { "unknown conversions", unknown },
    { "cut at every size", cut },
    { "absurd numbers", absurd },
    { NULL, NULL },
};
