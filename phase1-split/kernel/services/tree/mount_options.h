/* The last argument of mount(2), taken apart: "key=value,key,key=value". */
#ifndef TREE_MOUNT_OPTIONS_H
#define TREE_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define MOUNT_OPTION_LENGTH 64 /* one option with its value, NUL included */

struct mount_option {
    char text[MOUNT_OPTION_LENGTH]; /* what follows points into it */
    char *key;
    char *value; /* NULL: there is no '=' */
};

/* The next option, `*rest` then being what follows it; empty ones are skipped.  1, 0 at the end, or
 * -EINVAL for one that is too long. */
int mount_option_next(const char **rest, struct mount_option *out);

/* A number that a value is: 0, or -EINVAL if it is none, or above `limit`. */
int mount_option_number(const char *value, unsigned base, uint64_t limit, uint64_t *out);

#endif
