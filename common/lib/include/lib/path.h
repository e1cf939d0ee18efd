/* Splitting a path into its components, for the path walk (POSIX.1-2017 base definitions 4.13). */
#ifndef LIB_PATH_H
#define LIB_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct path_component {
    const char *name;    /* inside the path, not terminated */
    size_t length;       /* at least 1; whether it exceeds NAME_MAX is the caller's to check */
    bool last;           /* nothing but slashes follows */
    bool trailing_slash; /* at least one slash follows: it must be a directory */
};

/* Takes the next component off the NUL-terminated path at `*cursor` and moves `*cursor` to the
 * first byte of the one after it, or to the NUL.  False at the end.  Slashes in front of the
 * first component are skipped: whether the path is absolute is seen before the first call.
 * "." and ".." are components like others; what they mean is the caller's business. */
bool path_next_component(const char **cursor, struct path_component *out);

#endif
