/* lib/path.h: a table of paths, and random ones against a slower splitter. */
#include <lib/path.h>

#include <stdlib.h>
#include <string.h>

#include "test.h"

/* `expected` describes the components in turn: the name, then `/` if a slash follows it, then `$`
 * if it is the last; separated by blanks. */
static const struct {
    const char *path, *expected;
} table[] = {
    { "", "" },
    { "/", "" },
    { "///", "" },
    { "a", "a$ " },
    { "/a", "a$ " },
    { "a/", "a/$ " },
    { "a///", "a/$ " },
    { "a/b", "a/ b$ " },
    { "//usr///bin/sh", "usr/ bin/ sh$ " },
    { ".", ".$ " },
    { "..", "..$ " },
    { "../.", "../ .$ " },
    { "./a/../b/", "./ a/ ../ b/$ " },
    { "...", "...$ " },
    { " / ", " /  $ " },
    { "a\\/b\n/\xff", "a\\/ b\n/ \xff$ " },
};

static void describe(const char *path, char *out)
{
    char *copy = exact_copy(path, strlen(path) + 1);
    const char *cursor = copy;
    struct path_component component;

    while (path_next_component(&cursor, &component)) {
        memcpy(out, component.name, component.length);
        out += component.length;
        if (component.trailing_slash)
            *out++ = '/';
        if (component.last)
            *out++ = '$';
        *out++ = ' ';
    }
    *out = '\0';
    check(*cursor == '\0', "stopped before the end of %s", path);
    check(!path_next_component(&cursor, &component), "went on past the end of %s", path);
    free(copy);
}

static void splits(void)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char found[64];

        describe(table[i].path, found);
        check(strcmp(found, table[i].expected) == 0, "\"%s\" gave \"%s\"", table[i].path, found);
    }
}

static void long_name(void)
{
    char path[5000], found[5010];

    memset(path, 'x', sizeof(path));
    path[4500] = '/';
    path[4999] = '\0';
    describe(path, found);
    check(strlen(found) == 4502 + 500, "%zu", strlen(found));
}

static void random_paths(void)
{
    for (unsigned round = 0; round < 20000; round++) {
        char path[16], found[64], expected[64], *out = expected;
        size_t length = test_random() % sizeof(path), i = 0;

        for (size_t at = 0; at < length; at++)
            path[at] = "//ab."[test_random() % 5];
        path[length] = '\0';
        while (i < length) {
            if (path[i] == '/') {
                i++;
                continue;
            }
            for (; i < length && path[i] != '/'; i++)
                *out++ = path[i];
            if (i < length)
                *out++ = '/';
            while (i < length && path[i] == '/')
                i++;
            if (i == length)
                *out++ = '$';
            *out++ = ' ';
        }
        *out = '\0';
        describe(path, found);
        check(strcmp(found, expected) == 0, "\"%s\" gave \"%s\"", path, found);
    }
}

const struct test path_tests[] = {
    { "table", splits },
    { "long name", long_name },
    { "random paths", random_paths },
    { NULL, NULL },
};
