/* Inodes and mounted file systems: Core's records of what services keep.  Never sleeps. */
#ifndef FS_INODE_H
#define FS_INODE_H

#include <fs/vfs.h>
#include <lib/list.h>
#include <lib/radix_tree.h>

/* One mounted instance of a file system (Linux calls it a super block). */
struct file_system {
    const struct file_system_type *type;
    fs_handle handle;
    uint64_t device;     /* st_dev: anonymous device number of this instance */
    uint32_t references; /* one for the mounts together, and inodes in use */
    uint32_t mounts;
    bool read_only;      /* wherever it is mounted */
    struct list inodes;  /* of struct inode.of_file_system */
    struct dentry *root; /* a reference is held */
};

struct inode {
    uint32_t references;
    struct file_system *fs; /* NULL: of no file system (pipes, sockets) */
    node_handle node;
    struct attributes attributes; /* kept current by Core; size, links and times included */
    const struct file_ops *ops;   /* of what open() opens; NULL: paged file, directory, symlink */
    node_handle ops_node;         /* what ops->open() is given */
    struct radix_tree pages;      /* paged files: page index to struct frame, one reference each */
    uint64_t page_count;          /* pages in it */
    struct list mappings;         /* of struct vm_area.mapping: who maps the file */
    struct list locks;            /* record locks; private to fs/lock.c */
    char *link_target;            /* symlinks: the target once read, else NULL; owned */
    struct pipe *pipe;            /* FIFOs: while open; owned by fs/pipe.c */
    unsigned seals;               /* F_SEAL_*: what may never be done to it again */
    bool nameless_linkable;       /* made by O_TMPFILE: linkat(2) may give it its first name */
    int32_t writers;              /* open for writing; below 0: being executed, not writable */
    struct list hash;             /* inode table */
    struct list of_file_system;
};

/* The inode of a node that an operation answered: the known one, its attributes refreshed if the
 * type is volatile, or a new one.  One reference.  -ENOMEM, or -EIO for a nonsense answer (no
 * number, impossible mode, a regular file that nobody has the data of, a known number with another
 * type). */
int inode_from_answer(struct file_system *fs, const struct node_answer *answer, struct inode **out);

/* So that what follows a create() cannot fail: memory for one inode, to be used by the next
 * inode_from_answer() or dropped by the next inode_reserve().  0 or -ENOMEM. */
int inode_reserve(void);
void inode_reserve_drop(void);

/* An inode of no file system with the given mode, its own number and one reference. */
int inode_create_anonymous(uint32_t mode, struct inode **out);

void inode_get(struct inode *inode);

/* With the last reference the inode goes: its pages are dropped, the service told. */
void inode_put(struct inode *inode);

/* Asks a volatile file system again; does nothing for others.  0 or an errno. */
int inode_refresh(struct inode *inode);

/* Tells the file system, then changes the attributes that `which` names; SET_CHANGED is implied. */
int inode_set_attributes(struct inode *inode, const struct attributes *attributes, unsigned which);

/* Time stamps that reading and writing leave: Core's record only.  `which`: SET_ACCESSED,
 * SET_MODIFIED, SET_CHANGED; with TOUCH_STRICTLY, the time of access even if it tells nothing new. */
#define TOUCH_STRICTLY (1u << 31)
void inode_touch(struct inode *inode, unsigned which);

/* May the running process do this to the inode?  `wanted` is a set of R_OK, W_OK, X_OK as 4, 2, 1
 * (access(2)).  0, -EACCES.  By the file system ids, which follow the effective ones. */
int inode_permission(const struct inode *inode, unsigned wanted);

/* True for the owner and for root. */
bool inode_owned(const struct inode *inode);

/* Inodes in memory now, for leak checks and /proc. */
uint64_t inode_count(void);

#endif
