/* The locks on files that are held, for reports. */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lock_snapshot {
    bool of_file;    /* flock(2)'s; else a record lock of fcntl(2) */
    short type;      /* F_RDLCK or F_WRLCK */
    int32_t process; /* id of who took it */
    uint64_t device, inode;
    uint64_t start, end; /* bytes; `end` is the last one, INT64_MAX: to the end of the file */
};

/* Up to `capacity` locks from the `first`-th on, oldest first; how many. */
size_t file_locks(size_t first, struct lock_snapshot *out, size_t capacity);

#endif
