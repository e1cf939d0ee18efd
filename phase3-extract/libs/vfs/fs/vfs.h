/* The traits of the file layer: what Core asks of whoever implements a file system or a file.
 *
 * Everything that Core knows of tmpfs, devfs, procfs, initramfs, pipes and terminals goes through
 * the tables in this file.  The rules that hold for every operation of every table:
 *
 *  - It runs to completion and never sleeps.  Where it would have to wait it answers -EAGAIN; Core
 *    sleeps on a queue of its own and calls again.
 *  - The return value is 0 or a negative errno.  Results leave through out-parameters only, and
 *    are left alone on failure.  A call that fails has changed nothing.
 *  - It calls no other operation of these tables.
 *  - User memory is reached through a user_buffer only, which Core has made present beforehand.
 *  - Handles are the implementation's own objects.  Core keeps them and hands them back, and never
 *    looks inside; the implementation never keeps a pointer that it was handed.
 *
 * A table is where Ring 1 ends and Ring 2 begins.  Of each operation the comment says what it may
 * assume, what it must answer, and whether it may be called again.  What holds for all:
 *
 *  - A handle that comes in is one that this implementation has answered, and that has not been
 *    released.  Whose process is running says nothing about release() and unmount(): they come from
 *    whoever was the last to let go.
 *  - Errnos lie between -4095 and -1, and a program sees them as they are; where one means
 *    something to Core, the comment says so.  Where an answer cannot be (a number of 0, a length
 *    beyond the buffer), Core makes -EIO of it.
 *  - What has failed may be called again, at once, later or never, with the same arguments or
 *    others.  What has succeeded may be called again unless it ended something: release(),
 *    unmount().
 *  - An operation that ends something has no way to fail: Core has forgotten the handle already,
 *    and nobody reads the answer.
 *  - A table is constant and whole: Core looks at it once, when it is registered (services.h), and
 *    calls what is there from then on.  What may be NULL is said. */
#ifndef FS_VFS_H
#define FS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct user_buffer; /* fs/user_buffer.h */
struct wait_queue;  /* Core's */
struct place;       /* fs/place.h */

typedef struct service_file_system *fs_handle; /* one mounted instance */
typedef struct service_node *node_handle;      /* a file, directory, symlink, device node */
typedef struct service_file *file_handle;      /* an open file */

#define NAME_LENGTH_MAX 255 /* bytes in one name (NAME_MAX of linux/limits.h) */

/* One component of a path: not empty, no slash, not NUL-terminated. */
struct name {
    const char *text;
    uint32_t length;
    uint32_t hash; /* hash_name() of lib/hash.h with seed 0 */
};

struct timestamp {
    int64_t seconds;      /* since 1970-01-01 UTC */
    uint32_t nanoseconds; /* below 10^9 */
};

/* What stat(2) tells. */
struct attributes {
    uint64_t number; /* inode number; not 0 */
    uint32_t mode;   /* S_IFMT bits and permissions (linux/stat.h) */
    uint32_t links;
    uint32_t uid, gid;
    uint64_t device; /* of a device node: device_number() of fs/device.h.  Of a regular file, in an
                        answer: 0, or whose operations it has; Core does not show it */
    uint64_t size;   /* bytes */
    uint64_t blocks; /* of 512 bytes */
    struct timestamp accessed, modified, changed;
};

/* Which attributes set_attributes() is to change. */
#define SET_MODE     1u
#define SET_UID      2u
#define SET_GID      4u
#define SET_ACCESSED 8u
#define SET_MODIFIED 16u
#define SET_CHANGED  32u

/* A node as an operation answers it. */
struct node_answer {
    node_handle node;
    struct attributes attributes;
};

struct mount_answer {
    fs_handle fs;
    struct node_answer root; /* a directory */
};

struct fs_statistics {
    uint64_t magic;               /* f_type of statfs(2), linux/magic.h */
    uint64_t blocks, free_blocks; /* of one page */
    uint64_t files, free_files;   /* 0 and 0: no limit */
};

/* FileSystem: an instance as a whole, and what all kinds of node have in common. */
struct file_system_ops {
    /* A new instance.  `source` and `options` are mount(2)'s texts, never NULL, shorter than 4096
     * bytes.  As often as somebody mounts; instances know nothing of each other.  The root must be
     * a directory.  If Core cannot take the answer it calls unmount(), perhaps without having
     * released the root.  -EINVAL: options that it does not know. */
    int (*mount)(const char *source, const char *options, struct mount_answer *out);

    /* Core has released every node and will not use the instance again.  The end of it. */
    int (*unmount)(fs_handle fs);

    /* At any time while it is mounted.  Only shown; `free_blocks` is not above `blocks`. */
    int (*statistics)(fs_handle fs, struct fs_statistics *out);

    /* The node's attributes now.  Asked for when the type is FS_VOLATILE; else Core keeps them.
     * The number and the type are those of the node's first answer, or the program gets -EIO.
     * -ENOENT, -ESRCH: what it told of is gone; the node stays until it is released. */
    int (*get_attributes)(node_handle node, struct attributes *out);

    /* Takes over those of `attributes` that `which` (a set of SET_*) names.  Core has checked who
     * may, and SET_CHANGED is always among them; the type in `mode` and all fields that are not
     * named are to be ignored.  Of a node that has lost its last name, too.  -EPERM if the file
     * system does not allow it; nothing is changed then, in Core's record neither. */
    int (*set_attributes)(node_handle node, const struct attributes *attributes, unsigned which);

    /* Core has forgotten the node: no name, open file or mapping leads to it.  If it has no link
     * either, it is gone; otherwise a lookup may bring it back.  Once for each node that Core has
     * taken, however often it was answered since: a number stands for one node, and of a number
     * that it knows Core keeps the handle that came first.  An answer that it could not take (no
     * memory, -EIO) is never released. */
    int (*release)(node_handle node);
};

/* What create() is to make. */
struct new_node {
    uint32_t mode; /* type and permissions; umask applied */
    uint32_t uid, gid;
    uint64_t device;      /* of S_IFCHR and S_IFBLK */
    const char *target;   /* of S_IFLNK, else NULL */
    size_t target_length; /* bytes, 1 to 4095 */
    struct timestamp now;
};

struct directory_entry {
    uint64_t number; /* inode number */
    uint64_t next;   /* cookie from which list() goes on after this entry */
    uint8_t type;    /* DT_* as in getdents64(2): (mode & S_IFMT) >> 12 */
    uint8_t length;
    char name[NAME_LENGTH_MAX + 1]; /* not NUL-terminated */
};

/* Directory.  Core has checked permissions, and that names exist or do not, as far as it knows
 * them.  "." and ".." are Core's and never passed in.  `directory`, `from` and `to` are
 * directories, and of one instance, as are all nodes of one call.
 *
 * create(), link(), unlink() and rename() change names only.  What follows from that for the times
 * and the count of links of the directory itself Core enters in its own record, and so does the
 * service in its own; nobody is told. */
struct directory_ops {
    /* -ENOENT if there is no such name, which Core remembers as it does a node (unless
     * FS_VOLATILE): it asks again when it has forgotten, and never in a directory of FS_PINNED that
     * it has seen made.  The directory may have lost its own name meanwhile. */
    int (*lookup)(node_handle directory, const struct name *name, struct node_answer *out);

    /* A new node under a name that does not exist: -EEXIST, -ENOSPC, -EPERM.  Of any type; the
     * answer has the type, permissions and owner that were asked for, its own number, and one link
     * (a directory two).  `directory` has a name.  Core has memory for the answer already. */
    int (*create)(node_handle directory, const struct name *name, const struct new_node *what,
                  struct node_answer *out);

    /* One more name, which does not exist, for `node`, which is not a directory: -EMLINK, -ENOSPC,
     * -EPERM.  The node may have lost its last name before: O_TMPFILE's file gets its first so. */
    int (*link)(node_handle directory, const struct name *name, node_handle node);

    /* Removes the name of `node`: -ENOTEMPTY if it is a directory with entries.  The node itself,
     * data and all, stays until it is released, be it without a link. */
    int (*unlink)(node_handle directory, const struct name *name, node_handle node);

    /* Gives `node` the name `to_name` in `to`.  `displaced` is the node that has this name now and
     * loses it (or, with `exchange`, gets the old name instead); NULL if there is none.  -ENOTEMPTY
     * if the displaced one is a directory with entries.  `from` may be `to`; `node` has the name
     * `from_name`, is not `displaced`, and does not contain `to`; `displaced` does not contain
     * `from`, and is a directory if and only if `node` is one, but for an exchange, which always
     * has one.  All of it or nothing: there is no moment in which a name is missing. */
    int (*rename)(node_handle from, const struct name *from_name, node_handle to,
                  const struct name *to_name, node_handle node, node_handle displaced,
                  bool exchange);

    /* Up to `capacity` entries from `cookie` on (0: the first) into `out`, "." and ".." left out;
     * `*count` 0: the end.  Entries that stay are told exactly once whatever happens to others
     * between two calls.  Cookies lie between 1 and INT64_MAX - 2.  `cookie` is 0, or a `next` told
     * once, or whatever a program has seeked to (lseek(2)): then any place will do.  `*count` is to
     * be set, and not above `capacity`, or Core makes -EIO of it.  -ENOENT: the directory has gone
     * (FS_VOLATILE). */
    int (*list)(node_handle directory, uint64_t cookie, struct directory_entry *out,
                size_t capacity, size_t *count);
};

/* Symlink. */
struct symlink_ops {
    /* The target into `target` (`size` is 4096), without a NUL; its length, 1 to 4095, or Core
     * makes -EIO of it.  It must not change while the node lives, unless the type is FS_VOLATILE:
     * Core keeps short ones. */
    int (*read)(node_handle link, char *target, size_t size, size_t *length);

    /* The place that it leads to whatever its text says, which Core knows and the running process
     * may be kept from.  -EINVAL: there is none, the text counts.  NULL: of no link there is.
     * Asked each time that a path walk comes through, before read(). */
    int (*follow)(node_handle link, struct place *out);
};

/* FileLike: an open file that is not kept in the page cache.  Of a service: open and release have
 * to be there; without the others Core answers itself, as it does for files that cannot do it.
 *
 * Between open() and release() the others come in any order and from any process.
 *
 * A service leaves `wait` alone.  Core waits on a queue that it keeps for each device of a service,
 * and the service has it woken by device_wake() (fs/device.h) whenever what it answered may have
 * changed.  Only files of Core's own (pipes, terminals, …) put a queue there, which lasts until
 * release() or longer; it is NULL going in. */
struct file_ops {
    /* `flags` are open(2)'s, O_CREAT and O_TRUNC among them, which Core has done its part of; Core
     * has checked permissions.  -ENXIO if there is nothing behind the node.  Each success is
     * followed by one release(). */
    int (*open)(node_handle node, unsigned flags, file_handle *out);

    /* The last descriptor is closed; nobody sleeps in a call about this file.  The end of it. */
    int (*release)(file_handle file);

    /* Moves bytes through the buffer, which counts them.  0 with nothing moved is the end of file
     * for read.  -EAGAIN if it would block; a read that has moved something and asks for more so
     * (VMIN of a terminal) gets it on top.  `position` is the file offset; streams ignore it.
     *
     * There is at least one byte to be moved, and of a service's files no more than SERVICE_PIECE
     * (service_param.h), present: Core comes again for the rest, with the position moved on, until
     * a read brings less than was asked for or a write takes nothing.  What was moved has been
     * moved, errno or not: the program is told the count, and of the errno only if there is none.
     * After -EAGAIN Core sleeps and calls again with what is left and `waited` set in the buffer;
     * or does not, for O_NONBLOCK or a signal.  -EPIPE from a write: Core raises SIGPIPE.  NULL:
     * -EINVAL. */
    int (*read)(file_handle file, struct user_buffer *to, uint64_t position,
                struct wait_queue **wait);
    int (*write)(file_handle file, struct user_buffer *from, uint64_t position,
                 struct wait_queue **wait);

    /* What would not block now (EPOLL/POLL bits of linux/poll.h).  Changes nothing, and may be
     * called however often.  An errno means POLLERR.  NULL: ready for everything, always. */
    int (*poll)(file_handle file, uint32_t *ready, struct wait_queue **wait);

    /* ioctl(2): `value` is its third argument, `argument` the memory it points to, of the size that
     * the command calls for (length 0: none).  `*result` is what ioctl answers if not 0.  -ENOTTY
     * if the command is unknown.  `argument` is present for reading; what the command answers goes
     * into the same bytes.  Not asked for what Core does itself: FIONBIO, FIOCLEX and their like.
     * NULL: -ENOTTY. */
    int (*control)(file_handle file, unsigned command, uint64_t value, struct user_buffer *argument,
                   int *result);
};

/* The data of regular files in the page cache.  The pages are Core's; the file system decides how
 * long a file is and how much there may be of it.  Also of files without a name that are still open
 * or mapped. */
struct paged_file_ops {
    /* Fills the 4096 bytes at `page` with page `index` of the file, all of them: they hold
     * something else before, and a mapping shows what lies behind the end, which should be zeros.
     * `*hole` (false going in) set instead: the page was never written, reads as zeros, and is not
     * kept.  The page lies in the file, at least in part.  Called again whenever Core has not kept
     * it; never for FS_PINNED, whose pages are nowhere but with Core.  An errno is what read(2)
     * answers; a program that has the file mapped gets SIGBUS. */
    int (*read_page)(node_handle file, uint64_t index, void *page, bool *hole);

    /* The file is to be `size` bytes long (never shorter than it is) and to hold `pages` more pages
     * than before.  -ENOSPC, -EFBIG.  Either may be no change: a hole is filled (`size` as it is),
     * or the end is moved over nothing (`pages` 0).  Core has the pages already, and takes them
     * back if this fails; after -ENOSPC a write asks again for half as many, down to one. */
    int (*grow)(node_handle file, uint64_t size, uint64_t pages);

    /* The file is to be `size` bytes long (never longer than it is), and gives back `pages` pages:
     * as many as Core will drop from behind `size`, or, `size` being unchanged, from a hole punched
     * into the file (FS_PINNED only).  Core drops them when this has succeeded. */
    int (*truncate)(node_handle file, uint64_t size, uint64_t pages);
};

/* Names and attributes change by themselves (procfs): Core keeps neither, and asks each time. */
#define FS_VOLATILE 1u
/* Nothing is kept anywhere but here (tmpfs): Core never drops its dentries, inodes and pages while
 * they have a name, and knows every name of a directory once it has made them all. */
#define FS_PINNED 2u
/* A name in the file system is all there is to mount: `mount -t NAME none DIRECTORY`. */
#define FS_NO_SOURCE 4u

/* A file system as a whole: this is what mount(2) finds by name.  A node of a kind that the type
 * has no table for is refused with -EIO (a regular file), or cannot be followed (a symlink:
 * -EINVAL).  Of a regular file that is not paged, `device` of its attributes may name other
 * operations than `file`: those that were registered for this number. */
struct file_system_type {
    const char *name;
    unsigned flags; /* FS_* */
    const struct file_system_ops *fs;
    const struct directory_ops *directory;
    const struct symlink_ops *symlink;       /* NULL: has none */
    const struct file_ops *file;             /* regular files that are not paged; or NULL */
    const struct paged_file_ops *paged_file; /* regular files that are; or NULL */
};

#endif
