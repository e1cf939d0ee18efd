/* What the areas of probe-differential share: chance, the lines they print, and how a line of a
 * system call is made.
 *
 * All that is random comes from the seed, and nothing is printed that may differ between two
 * machines that both behave well: no process ids, addresses, inode numbers or times. */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- chance ---- */

static uint64_t random_state;

/* Splitmix64: every seed, 0 too, starts a sequence of its own. */
static inline uint64_t random_number(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* A number below `limit`. */
static inline unsigned pick(unsigned limit)
{
    return (unsigned)(random_number() % limit);
}

static inline bool chance(unsigned percent)
{
    return pick(100) < percent;
}

#define CHOOSE(array) ((array)[pick(COUNT(array))])

/* ---- lines ---- */

static char line[65536];
static size_t line_length;
static unsigned block_lines; /* lines that one hash stands for; 0: lines are printed */
static uint64_t block_hash = 14695981039346656037u;
static unsigned lines_in_block;

/* FNV-1a, eight bytes at a time where there are eight. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t word;

    for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 32;
    }
    while (size-- > 0)
        hash = (hash ^ *at++) * 1099511628211u;
    return hash ^ hash >> 32;
}

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line + line_length, sizeof(line) - line_length, format, arguments);
    va_end(arguments);
    line_length += (size_t)length;
    if (line_length >= sizeof(line))
        line_length = sizeof(line) - 1;
}

/* What is left of a block of lines becomes its hash: six digits are enough to notice a change. */
static inline void end_block(void)
{
    if (lines_in_block > 0)
        printf(" %06x", (unsigned)(block_hash & 0xffffff));
    lines_in_block = 0;
    block_hash = 14695981039346656037u;
}

static inline void end_line(void)
{
    say("\n");
    if (block_lines == 0) {
        fwrite(line, 1, line_length, stdout);
    } else {
        block_hash = hash_bytes(block_hash, line, line_length);
        if (++lines_in_block == block_lines)
            end_block();
    }
    line_length = 0;
}

/* ---- what calls answer ---- */

/* clang-format off: a table. */
static const struct {
    int number;
    const char *name;
} error_names[] = {
#define NAMED(error)                                                                               \
    {                                                                                              \
        error, #error                                                                              \
    }
    NAMED(E2BIG),        NAMED(EACCES),     NAMED(EAGAIN),    NAMED(EBADF),     NAMED(EBUSY),
    NAMED(EDEADLK),      NAMED(EEXIST),     NAMED(EFAULT),    NAMED(EFBIG),     NAMED(EINVAL),
    NAMED(EIO),          NAMED(EISDIR),     NAMED(ELOOP),     NAMED(EMFILE),    NAMED(EMLINK),
    NAMED(ENAMETOOLONG), NAMED(ENODEV),     NAMED(ENOENT),    NAMED(ENOLCK),    NAMED(ENOMEM),
    NAMED(ENOSPC),       NAMED(ENOSYS),     NAMED(ENOTDIR),   NAMED(ENOTEMPTY), NAMED(ENOTTY),
    NAMED(ENXIO),        NAMED(EOPNOTSUPP), NAMED(EOVERFLOW), NAMED(EPERM),     NAMED(EPIPE),
    NAMED(ERANGE),       NAMED(EROFS),      NAMED(ESPIPE),    NAMED(ESRCH),     NAMED(ETXTBSY),
    NAMED(EXDEV),        NAMED(ENOTBLK),    NAMED(EINTR),
#undef NAMED
};
/* clang-format on */

static inline void say_error(int error)
{
    for (size_t i = 0; i < COUNT(error_names); i++) {
        if (error_names[i].number == error) {
            say(" %s", error_names[i].name);
            return;
        }
    }
    say(" errno %d", error);
}

/* Says what a call returned, -1 by its errno; gives it back. */
static inline long answer(long value)
{
    if (value < 0)
        say_error(errno);
    else
        say(" %ld", value);
    return value;
}

/* ---- flags by their names ---- */

struct flag {
    const char *name;
    unsigned long bits;
};

static inline void say_flags(unsigned long value, const struct flag *flags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (flags[i].bits != 0 && (value & flags[i].bits) == flags[i].bits) {
            say("|%s", flags[i].name);
            value &= ~flags[i].bits;
        }
    }
    if (value != 0)
        say("|%#lx", value);
}

/* Each flag of the table with the probability of `percent`. */
static inline unsigned long some_flags(const struct flag *flags, size_t count, unsigned percent)
{
    unsigned long value = 0;

    for (size_t i = 0; i < count; i++)
        if (chance(percent))
            value |= flags[i].bits;
    return value;
}

/* ---- something that must work for the probe to make sense ---- */

static inline long must(const char *what, long value)
{
    if (value < 0) {
        printf("probe-differential: %s: %s\n", what, strerror(errno));
        exit(2);
    }
    return value;
}

static inline void close_all_from(int first)
{
    for (int fd = first; fd < 64; fd++)
        close(fd);
}

/* ---- the operations of an area ---- */

struct operation {
    unsigned weight; /* how often, relative to the others */
    void (*run)(void);
};

static inline void run_one_of(const struct operation *operations, size_t count)
{
    unsigned total = 0;

    for (size_t i = 0; i < count; i++)
        total += operations[i].weight;
    unsigned chosen = pick(total);
    for (size_t i = 0;; i++) {
        if (chosen < operations[i].weight) {
            operations[i].run();
            return;
        }
        chosen -= operations[i].weight;
    }
}

#endif
