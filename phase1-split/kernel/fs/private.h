/* What the files of fs/ know of each other beyond the public headers. */
#ifndef FS_PRIVATE_H
#define FS_PRIVATE_H

#include <fs/file.h>

/* Values of `wanted` for inode_permission(), as in access(2). */
#define MAY_EXECUTE 1u
#define MAY_WRITE   2u
#define MAY_READ    4u

/* ---- permission.c ---- */

/* The ids that a file made by the running process gets.  0 before there is a process. */
uint32_t file_system_uid(void);
uint32_t file_system_gid(void);

/* Root as far as files are concerned; so is the kernel before there is a process. */
bool file_system_privileged(void);

/* May the running process add names to this directory?  -ENOENT if it was removed; -EACCES. */
int may_create_in(const struct dentry *directory);

/* May it remove the existing name `victim`?  The sticky bit counts.  -EACCES, -EPERM. */
int may_delete(const struct dentry *victim);

/* A non-root writer takes set-user-ID and set-group-ID from a program that it changes. */
void inode_drop_privileges(struct inode *inode);

/* The mode without the set-user-ID and set-group-ID bits that a change by the running process
 * takes away. */
uint32_t inode_mode_unprivileged(const struct inode *inode);

/* Root belongs to every group. */
bool file_system_in_group(uint32_t gid);

/* ---- inode.c ---- */

void inode_table_init(void);
void file_system_put(struct file_system *fs);

/* Link counts and times after a change of names; Core's record only. */
void inode_add_links(struct inode *inode, int change);

static inline bool inode_is_directory(const struct inode *inode)
{
    return (inode->attributes.mode & 0170000) == 0040000;
}
static inline bool inode_is_symlink(const struct inode *inode)
{
    return (inode->attributes.mode & 0170000) == 0120000;
}
static inline bool inode_is_regular(const struct inode *inode)
{
    return (inode->attributes.mode & 0170000) == 0100000;
}

/* A regular file whose data lies in the page cache. */
static inline bool inode_is_paged(const struct inode *inode)
{
    return inode_is_regular(inode) && !inode->ops;
}

/* ---- dentry.c ---- */

void dentry_table_init(void);

/* A dentry outside the table with one reference; takes over the reference on `inode`, which may be
 * NULL.  `parent` NULL: a root.  -ENOMEM. */
int dentry_create(struct file_system *fs, struct dentry *parent, const struct name *name,
                  struct inode *inode, struct dentry **out);

/* The walk's lookup: `*out` is valid until the walk ends and has no new reference.  -ENOENT if
 * there is no such name.  Only between dentry_walk_begin() and _end(). */
int dentry_step(struct dentry *directory, const struct name *name, struct dentry **out);

/* While a walk is on, no dentry is freed, so that it needs no references on its way. */
void dentry_walk_begin(void);
void dentry_walk_end(void);

/* The negative dentry now stands for `inode` (a reference is taken over). */
void dentry_fill(struct dentry *dentry, struct inode *inode);

/* The name is gone: the dentry goes with its last user. */
void dentry_unlink(struct dentry *dentry);

/* `from` takes the name and place of `to`, which is unlinked; or they swap.  `text` is what
 * dentry_reserve_name(to) allocated; taken over. */
int dentry_reserve_name(const struct dentry *to, char **text);
void dentry_move(struct dentry *from, struct dentry *to, char *text);
void dentry_exchange(struct dentry *a, struct dentry *b);

/* Keeps a dentry findable while something is mounted on it, volatile or not. */
void dentry_set_mountpoint(struct dentry *dentry, bool on);

/* Frees every dentry of a file system that is no longer mounted, its root included. */
void dentry_drop_tree(struct dentry *root);

bool dentry_is_ancestor(const struct dentry *ancestor, const struct dentry *dentry);

/* ---- mount.c ---- */

void mount_get(struct mount *mount);
void mount_put(struct mount *mount);

/* The mount whose mountpoint is `dentry` in `parent`, or NULL. */
struct mount *mount_on(const struct mount *parent, const struct dentry *dentry);

/* Down into what is mounted here, as long as something is. */
static inline void path_enter_mounts(struct path *path)
{
    while (__builtin_expect(path->dentry->mounts != 0, 0)) {
        struct mount *mount = mount_on(path->mount, path->dentry);

        if (!mount)
            break;
        *path = (struct path){ .mount = mount, .dentry = mount->root };
    }
}

/* The inode was read through this mount: stamps the time of access, if the mount wants that. */
void mount_accessed(const struct mount *mount, struct inode *inode);

/* -EROFS if the mount is read-only. */
int mount_writable(const struct mount *mount);

/* ---- path.c ---- */

/* The running process's root and working directory; the root of everything before there is one. */
const struct path *process_root(void);
const struct path *process_directory(void);

/* An empty buffer of PATH_MAX bytes, to be given back by path_name_free().  0 or -ENOMEM. */
int path_buffer(char **out);

/* As path_lookup_target(), for a name in the kernel's memory.  With `follow`, a symlink at the end
 * is followed, and the target is the name that it leads to (or, for a magic link, that place).
 * Before there is a process, names start at the root of everything and everything is permitted. */
int path_lookup_last(int directory, const char *name, bool follow, struct path_target *out);

/* ---- place.c ---- */

/* Where a place of a process is now, referenced.  -ENOENT, -EACCES, -ENOMEM. */
struct place;
int path_of_place(const struct place *place, struct path *out);

/* ---- file.c ---- */

/* Flags that matter to open(2) alone and are not kept with the file. */
#define FILE_FLAGS_OF_OPEN (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* An open file of nothing yet, and its end. */
int file_allocate(unsigned flags, struct file **out);
void file_free(struct file *file);

/* True if the file keeps its inode from being executed and its mount from becoming read-only. */
bool file_counts_as_writer(const struct file *file);

/* Between two stretches of a long transfer others get their turn; false if it shall end here. */
bool file_may_go_on(void);

/* Stamps the time of access, unless the file or its mount does not want that. */
void file_accessed(struct file *file);

/* Does RLIMIT_FSIZE let the file be `size` bytes long?  0, or -EFBIG after SIGXFSZ. */
int inode_may_grow(const struct inode *inode, uint64_t size);

/* truncate(2) without its permission checks: size, times, set-user-ID, RLIMIT_FSIZE. */
int inode_truncate(struct inode *inode, uint64_t size);

/* ---- fd_table.c ---- */

/* The descriptor that fd_install() would give, or -EMFILE. */
int fd_lowest_free(int lowest);

/* ---- directory.c ---- */

/* getdents64(2), or with `old` getdents(2): bytes of entries written to user memory, 0 at the end,
 * or an errno. */
long directory_read(struct file *file, user_address to, size_t size, bool old);

/* ---- lock.c ---- */

/* fcntl_locking(2): POSIX record locks.  `argument` is a struct flock.  May sleep. */
long file_lock(struct file *file, int command, user_address argument);

/* The F_* type that a LOCK_* operation of flock(2) asks for, or -EINVAL. */
int lock_type_of(int operation);

/* flock(2) with a valid operation.  May sleep. */
long file_lock_whole(struct file *file, int operation);

/* The owner lets go of all its locks on the file: a descriptor table of which a descriptor of the
 * file is closed, or the open file itself at its end. */
void file_unlock_all(struct file *file, const void *owner);

#endif
