/* The smallest test framework that names what failed. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
    const char *name;
    void (*run)(void);
};

/* One file's tests; ends with an entry whose name is NULL. */
extern const struct test bits_tests[], chacha20_tests[], checksum_tests[], cpio_tests[], elf_tests[],
    format_tests[], hash_tests[], list_tests[], path_tests[], radix_tree_tests[],
    ring_buffer_tests[], string_tests[];

/* Fails the running test with a message in the manner of printf() if `condition` is false, and
 * goes on, so that one run shows all that is wrong. */
#define check(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            test_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);                              \
    } while (0)

void test_failed(const char *file, int line, const char *condition, const char *text, ...)
    __attribute__((format(printf, 4, 5)));

/* Repeatable random numbers: the sequence starts anew with each test. */
uint64_t test_random(void);

/* A copy of exactly `size` bytes in memory of its own, so that the address sanitizer sees one byte
 * too far.  free() it. */
void *exact_copy(const void *data, size_t size);

/* The kernel's heap as the tests supply it: after `count` allocations all fail; negative: never. */
void heap_fail_after(long count);

/* Blocks allocated and not yet freed. */
long heap_blocks(void);

#endif
