/* Open files and descriptor tables: Core's half of every file operation.  All blocking of read,
 * write, poll and ioctl happens here, in one loop around the traits of fs/vfs.h. */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <fs/path.h>
#include <fs/user_memory.h>

/* An open file description (POSIX): shared by dup() and fork(). */
struct file {
    uint32_t references;
    uint32_t flags;             /* O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, O_DIRECT, … */
    struct path path;           /* referenced; {NULL, NULL} for pipes */
    struct inode *inode;        /* referenced */
    const struct file_ops *ops; /* NULL: paged file, directory or O_PATH */
    file_handle handle;
    uint32_t locks;              /* it owns, as F_OFD_SETLK and flock(2) make them */
    uint32_t in_flight;          /* references that lie in sockets' queues: net/in_flight.c */
    bool seekable;               /* has a position: paged files, directories, some devices */
    bool in_service;             /* ops belong to Ring 2: memory is made present before calls */
    uint64_t position;           /* bytes; for directories the cookie of the next entry */
    struct epoll_item *watchers; /* the sets of epoll(7) that it is in; owned by event/epoll.c */
};

/* Opens what `path` leads to, permissions not checked again.  One reference. */
int file_open(const struct path *path, unsigned flags, struct file **out);

/* openat(2)'s work: O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, permissions,
 * symlinks.  `name` is in kernel memory.  `mode` has the umask not yet applied. */
int file_open_name(int directory, const char *name, unsigned flags, uint32_t mode,
                   struct file **out);

/* A file of no file system around an anonymous inode; takes over the inode reference on success. */
int file_create(struct inode *inode, const struct file_ops *ops, file_handle handle, unsigned flags,
                struct file **out);

/* Where an open file is, referenced: file->path, or for pipes path_of_anonymous().  This is what
 * the resolver of /proc/PID/fd/N gives. */
int file_path(struct file *file, struct path *out);

void file_get(struct file *file);
void file_put(struct file *file); /* the last one closes it */

/* Blocking read and write at *position, which is advanced; the buffer counts.  Return bytes moved
 * (reads: 0 at the end of file) or an errno; -EAGAIN only with O_NONBLOCK; -ERESTARTSYS when a
 * signal came first.  Raise SIGPIPE themselves.  May sleep. */
long file_read(struct file *file, struct user_buffer *to, uint64_t *position);
long file_write(struct file *file, struct user_buffer *from, uint64_t *position);

/* Reads into kernel memory, for exec and tools of Core.  Bytes or an errno. */
long file_read_kernel(struct file *file, void *to, size_t size, uint64_t position);

/* POLL* bits that hold now, and the queue to wait on (NULL: none). */
uint32_t file_poll(struct file *file, struct wait_queue **wait);

long file_ioctl(struct file *file, unsigned command, uint64_t value);
int file_truncate(struct file *file, uint64_t size);

/* Open files in the system, and how many there may be before all but root get -ENFILE. */
uint64_t file_count(void);
uint64_t file_limit(void);
void file_set_limit(uint64_t limit);

#define LOCK_SIZE 96 /* bytes of memory behind a record lock */

/* ---- descriptor tables ---- */

struct fd_table {
    uint32_t references;     /* processes that share it */
    int size;                /* entries in `files` */
    int lowest_free;         /* no free descriptor below this */
    uint32_t locks;          /* it owns: their memory is charged to it */
    struct file **files;     /* owned; NULL entries are free */
    uint64_t *close_on_exec; /* bit set */
};

int fd_table_create(struct fd_table **out);
int fd_table_clone(struct fd_table *from, struct fd_table **out);
void fd_table_put(struct fd_table *table); /* the last one closes everything */
void fd_table_close_on_exec(struct fd_table *table);

/* These work on the running process's table. */

/* The file behind `fd` without a new reference, or NULL; valid until the process sleeps. */
struct file *fd_file(int fd);
/* The same with a reference to be dropped by file_put(). */
struct file *fd_get(int fd);
/* The lowest free descriptor from `lowest` on, for `file`, taking over one reference.  -EMFILE
 * (RLIMIT_NOFILE) or -ENOMEM, the reference then remaining the caller's. */
int fd_install(struct file *file, int lowest, bool close_on_exec);
/* Two files at once, whose descriptors are told as two ints at `out`: both references are taken over,
 * on failure dropped. */
int fd_install_both(struct file *first, struct file *second, bool close_on_exec, user_address out);
int fd_close(int fd);
/* dup3(2). */
int fd_duplicate_to(int from, int to, bool close_on_exec);
bool fd_close_on_exec(int fd);
void fd_set_close_on_exec(int fd, bool on);

/* ---- what a process shares by CLONE_FS ---- */

struct fs_context {
    uint32_t references;
    uint32_t umask;
    struct path root, directory;
};
int fs_context_create(struct fs_context **out); /* at mount_root(), umask 022 */
int fs_context_clone(struct fs_context *from, struct fs_context **out);
void fs_context_put(struct fs_context *context);

#endif
