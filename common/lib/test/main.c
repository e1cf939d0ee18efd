/* Runs all tests: one line a file, then the sum. */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const struct test *tests;
} files[] = {
    { "bits", bits_tests },
    { "chacha20", chacha20_tests },
    { "checksum", checksum_tests },
    { "cpio", cpio_tests },
    { "elf", elf_tests },
    { "format", format_tests },
    { "hash", hash_tests },
    { "list", list_tests },
    { "path", path_tests },
    { "radix_tree", radix_tree_tests },
    { "ring_buffer", ring_buffer_tests },
    { "string", string_tests },
};

static const char *running;
static unsigned complaints;
static uint64_t random_state;

void test_failed(const char *file, int line, const char *condition, const char *text, ...)
{
    va_list arguments;

    complaints++;
    if (complaints > 10) /* a loop that fails, fails often */
        return;
    va_start(arguments, text);
    printf("%s:%d: %s: not true: %s: ", file, line, running, condition);
    vprintf(text, arguments);
    printf("\n");
    va_end(arguments);
}

/* The xorshift64 generator, with a multiplication to hide its linearity. */
uint64_t test_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1dull;
}

void *exact_copy(const void *data, size_t size)
{
    void *copy = malloc(size);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    return copy;
}

static bool passes(const struct test *test)
{
    running = test->name;
    complaints = 0;
    random_state = 0x41726163696e6174ull;
    heap_fail_after(-1);
    test->run();
    return complaints == 0;
}

int main(void)
{
    unsigned passed = 0, failed = 0;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        unsigned good = 0, bad = 0;

        for (const struct test *test = files[i].tests; test->name != NULL; test++) {
            if (passes(test))
                good++;
            else
                bad++;
        }
        printf("%-12s %2u passed, %u failed\n", files[i].name, good, bad);
        fflush(stdout);
        passed += good;
        failed += bad;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
