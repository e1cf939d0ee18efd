/* Dentries, mounts and the walk from a path name to an inode.
 *
 * A dentry is one name in one directory as Core remembers it, a missing name included.  A path is
 * a dentry seen through a mount.  May call file systems; never sleeps. */
#ifndef FS_PATH_H
#define FS_PATH_H

#include <fs/inode.h>
#include <platform/page.h>

#define DENTRY_INLINE_NAME 40

struct dentry {
    uint32_t references;   /* users, and children that are kept */
    uint32_t mounts;       /* mounts on it */
    struct dentry *parent; /* itself for a root; a reference is held */
    struct inode *inode;   /* NULL: there is no such name; a reference is held */
    struct file_system *fs;
    struct name name;
    bool unlinked;        /* no longer reachable by its name */
    bool pinned;          /* holds a reference on itself: FS_PINNED and linked */
    bool complete;        /* directory: every name in it has a dentry, so a missing one is known */
    struct list hash;     /* dentry table, by parent and name */
    struct list children; /* of struct dentry.sibling */
    struct list sibling;
    struct list unused; /* least recently used, while references is 0 */
    char inline_name[DENTRY_INLINE_NAME];
};

struct mount {
    uint32_t references;
    uint32_t flags;       /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME,
                         MS_STRICTATIME of linux/mount.h: what holds when it is reached here */
    uint32_t id;          /* as in /proc/self/mountinfo */
    uint32_t writers;     /* files open for writing through it: no remount read-only then */
    bool expiring;        /* nobody has opened a file since umount2(2) with MNT_EXPIRE */
    struct mount *parent; /* NULL: the root mount, or no longer mounted; referenced */
    struct dentry *mountpoint; /* in the parent */
    struct dentry *root;
    struct file_system *fs;
    char *source; /* mount(2)'s first argument; owned */
    struct list all;
};

struct path {
    struct mount *mount;
    struct dentry *dentry;
};

void path_get(const struct path *path);
void path_put(const struct path *path);

static inline struct inode *path_inode(const struct path *path)
{
    return path->dentry->inode;
}

#define LOOKUP_FOLLOW    1u /* follow a symlink at the end */
#define LOOKUP_DIRECTORY 2u /* the end must be a directory */
#define LOOKUP_EMPTY     4u /* "" means the start itself (AT_EMPTY_PATH) */
#define LOOKUP_NO_LINKS  8u /* -ELOOP for any symlink (magic links of /proc included) */

/* Walks `name` from `directory` (an open directory's descriptor, or AT_FDCWD) for the running
 * process.  0 with a referenced path in `*out`.  -ENOENT, -ENOTDIR, -EACCES, -ELOOP (40 links),
 * -ENAMETOOLONG, -EBADF, -ENOMEM, -EIO.  POSIX.1-2017 volume 1, 4.13; path_resolution(7). */
int path_lookup(int directory, const char *name, unsigned flags, struct path *out);

/* The same for a name in user memory; -EFAULT too. */
int path_lookup_user(int directory, user_address name, unsigned flags, struct path *out);

/* The last component and the directory it is (or would be) in, for calls that make or remove a
 * name.  ".", ".." and "/" are no names that could be changed: the dentry is that place then. */
enum last_component { LAST_NORMAL, LAST_DOT, LAST_DOT_DOT, LAST_ROOT };
struct path_target {
    struct path directory; /* referenced */
    struct dentry *dentry; /* the name: negative or not; referenced */
    enum last_component last;
    bool trailing_slash; /* "name/" */
};
/* 0 with `*out` to be given back by path_target_put(); errors as path_lookup().  `name` is in user
 * memory. */
int path_lookup_target(int directory, user_address name, struct path_target *out);
void path_target_put(struct path_target *target);

/* Reads a path name from user memory into a PATH_MAX buffer of its own, to be given back by
 * path_name_free().  0, -EFAULT, -ENAMETOOLONG, -ENOMEM. */
int path_name_copy(user_address from, char **out);
void path_name_free(char *name);

/* Frees the buffers that path_name_free() keeps for the next name. */
void path_buffers_trim(void);

/* The absolute name of `path` as the running process's root sees it, into `buffer`: a pointer into
 * it, or NULL if it does not fit.  " (deleted)" is appended to unlinked names; `*reachable`
 * (may be NULL) is false if the path lies outside the root. */
char *path_to_string(const struct path *path, char *buffer, size_t size, bool *reachable);

/* Target of a symlink's inode: `*target` is NUL-terminated and lives as long as the inode, or, for
 * volatile file systems, in `buffer` (4096 bytes).  0 or an errno. */
int inode_read_link(struct inode *inode, char *buffer, const char **target);

/* A path for an inode of no file system, under a name that nobody can look up: `name`, or without
 * one "pipe:[number]" (S_IFIFO), "socket:[number]" (S_IFSOCK) or "anon_inode:[number]".
 * Referenced.  -ENOMEM. */
int path_of_anonymous(struct inode *inode, const char *name, struct path *out);

/* Changes to names, permissions checked.  `target` comes from path_lookup_target().  All are -EROFS
 * on a read-only mount.  On success the dentry of `target` holds the new node. */
/* vfs_create() takes the type from `mode` and applies the umask, except to symlinks. */
int vfs_create(struct path_target *target, uint32_t mode, uint64_t device, const char *link_target);
/* A regular file in `directory` without a name (open(2), O_TMPFILE), as a referenced path;
 * `linkable`: vfs_link() may give it one. */
int vfs_create_nameless(const struct path *directory, uint32_t mode, bool linkable,
                        struct path *out);
int vfs_link(struct path_target *target, struct inode *inode);
int vfs_unlink(struct path_target *target, bool directory);
int vfs_rename(struct path_target *from, struct path_target *to, unsigned flags);

/* A name of `directory`, from the cache or the file system: a referenced dentry, negative if there
 * is no such name.  No permission is checked. */
int dentry_lookup(struct dentry *directory, const struct name *name, struct dentry **out);
void dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);

/* Dentries in memory; those of them that nobody uses; those of these that say that there is no such
 * name.  dentry_shrink() frees up to `count` that nobody uses, the longest unused first. */
uint64_t dentry_count(void);
uint64_t dentry_unused_count(void);
uint64_t dentry_negative_count(void);
void dentry_shrink(uint64_t count);

/* mount(2) and umount2(2), root only.  vfs_register() names a type; the table is small. */
void vfs_register(const struct file_system_type *type);
const struct file_system_type *vfs_type(size_t index); /* NULL past the last */
int vfs_mount(const char *type, const char *source, const char *options, unsigned flags,
              const struct path *where);
/* MS_REMOUNT: of this place only with MS_BIND, else of the file system too.  -EBUSY: written to. */
int vfs_remount(const struct path *where, unsigned flags);
/* MS_MOVE: the mount at `from` is at `where` now, with all that is mounted in it. */
int vfs_move_mount(const char *from, const struct path *where);
/* MS_PRIVATE and its like: there is one name space, so nothing ever spreads to another. */
int vfs_set_propagation(const struct path *where, unsigned flags);
/* pivot_root(2). */
int vfs_pivot_root(const struct path *new, const struct path *put_old);
enum unmount_kind { UNMOUNT, UNMOUNT_LAZILY, UNMOUNT_IF_EXPIRED }; /* MNT_DETACH, MNT_EXPIRE */
int vfs_unmount(const struct path *where, enum unmount_kind kind);

/* Does nothing get through this mount to be changed, for whatever reason? */
bool mount_is_read_only(const struct mount *mount);

/* Mounts a file system of `type` as the root of everything.  Once, at boot. */
int vfs_mount_root(const char *type);
struct mount *mount_root(void);

/* All mounts in the order they were made, for /proc: the one after `previous` (NULL: the first). */
struct mount *mount_next(const struct mount *previous);

#endif
