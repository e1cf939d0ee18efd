/* What others may know of the files that a process has open, and of mounts.  See snapshot/process.h;
 * locks are in fs/lock.h, the names of open files in fs/place.h. */
#ifndef SNAPSHOT_FILES_H
#define SNAPSHOT_FILES_H

#include <linux/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Descriptors in use from `first` on, ascending; how many. */
size_t process_descriptors(int32_t id, int32_t first, int32_t *out, size_t capacity);

struct descriptor_snapshot {
    uint64_t position;
    unsigned flags; /* as open(2) had them, and O_CLOEXEC as it is now */
    uint32_t mount; /* id; 0: none */
    uint64_t inode;
};
int descriptor_snapshot(int32_t id, int32_t fd, struct descriptor_snapshot *out); /* -ENOENT */

/* What fdinfo tells of eventfd(2) and its kind, in the format of proc(5); of other files nothing.
 * Up to `size` bytes into `out`, without a NUL; how long the text is. */
size_t descriptor_describe(int32_t id, int32_t fd, char *out, size_t size);

/* ---- mounts ---- */

#define SNAPSHOT_TYPE 32 /* bytes of a file system's name, NUL included */
#define SNAPSHOT_ROOT 256

struct mount_snapshot {
    uint32_t id, parent; /* its own id: none */
    uint32_t flags;      /* MS_* of linux/mount.h: what holds when it is reached here */
    bool read_only;      /* for whatever reason */
    bool fs_read_only;   /* wherever it is mounted */
    uint64_t device;
    char type[SNAPSHOT_TYPE];
    char root[SNAPSHOT_ROOT]; /* what of the file system is mounted; "/" if it does not fit */
    char source[PATH_MAX];
    char where[PATH_MAX]; /* as the running process sees it; "": it does not fit */
    bool reachable;       /* from the running process's root */
};

/* The first mount that was made after the one with id `previous` (0: the first of all).  -ENOENT. */
int mount_snapshot(uint32_t previous, struct mount_snapshot *out);

/* ---- what there is ---- */

/* The `index`-th file system that can be mounted; false: there are no more. */
struct file_system_snapshot {
    char name[SNAPSHOT_TYPE];
    bool no_source; /* a name is all there is to mount */
};
bool file_system_snapshot(size_t index, struct file_system_snapshot *out);

struct file_counts {
    uint64_t open, inodes;
    uint64_t names, unused_names, missing_names; /* dentries; nobody uses; of these: no such file */
};
void file_counts(struct file_counts *out);

#endif
