/* Places that a process has or is at.  A link may lead there though no name does: the file may have
 * been unlinked, or never had a name.  /proc/PID/exe, cwd, root and fd/N, proc(5). */
#ifndef FS_PLACE_H
#define FS_PLACE_H

#include <stddef.h>
#include <stdint.h>

enum place_kind {
    PLACE_NONE,
    PLACE_PROGRAM,   /* what it runs */
    PLACE_DIRECTORY, /* its working directory */
    PLACE_ROOT,      /* its root directory */
    PLACE_DESCRIPTOR /* a file that it has open */
};

struct place {
    enum place_kind kind;
    int32_t process;    /* id */
    int32_t descriptor; /* of PLACE_DESCRIPTOR */
};

/* The name of a place, as path_to_string() gives it, into `target`: `size` bytes, and no NUL for
 * those who count `*length`.  -ENOENT: there is no such place (any more); -EACCES: the running
 * process may not look into the other; -ENAMETOOLONG, -ENOMEM. */
int place_name(const struct place *place, char *target, size_t size, size_t *length);

#endif
