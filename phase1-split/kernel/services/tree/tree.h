/* A tree of named nodes in memory: the library that tmpfs, devfs and initramfs are made of.
 *
 * It implements names, attributes, links, listing and the accounting of pages and nodes; a file
 * system adds what is its own (mount options, device nodes, an archive).  The functions in the
 * first group have the signatures of fs/vfs.h, so that a file system can put them straight into
 * its tables; their contracts are there.
 *
 * A node lives as long as it has a link, or Core holds it: from the first answer that names it to
 * tree_release(). */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include <fs/vfs.h>
#include <lib/list.h>
#include <lib/radix_tree.h>

struct tree_entry;

/* The names in one directory, found by hash and listed in the order of their cookies. */
struct tree_directory {
    struct tree_entry **buckets; /* hash table; &single while the directory is small */
    struct tree_entry *single;
    uint32_t bucket_count;   /* a power of two */
    uint32_t count;          /* entries */
    uint64_t next_cookie;    /* of the next new entry; back to 0 in an empty directory */
    struct radix_tree order; /* cookie to struct tree_entry */
};

struct tree_node {
    struct tree *tree;
    struct list of_tree;          /* tree->nodes */
    bool held;                    /* by Core */
    struct attributes attributes; /* `links` of a directory: 2 and one for each subdirectory */
    union {                       /* by the type in attributes.mode */
        struct tree_directory directory;
        char *target;        /* symlink: attributes.size bytes, owned */
        const uint8_t *data; /* regular file of initramfs: attributes.size bytes */
    };
};

/* One file system.  A limit of 0 means none. */
struct tree {
    uint64_t page_limit, pages; /* pages that regular files hold */
    uint64_t node_limit, node_count;
    uint64_t next_number; /* of inodes */
    struct list nodes;    /* all of them */
    struct tree_node *root;
};

/* ---- operations as fs/vfs.h has them ---- */

int tree_get_attributes(node_handle node, struct attributes *out);
int tree_set_attributes(node_handle node, const struct attributes *attributes, unsigned which);
int tree_release(node_handle node);

int tree_lookup(node_handle directory, const struct name *name, struct node_answer *out);
int tree_create(node_handle directory, const struct name *name, const struct new_node *what,
                struct node_answer *out);
int tree_link(node_handle directory, const struct name *name, node_handle node);
int tree_unlink(node_handle directory, const struct name *name, node_handle node);
int tree_rename(node_handle from, const struct name *from_name, node_handle to,
                const struct name *to_name, node_handle node, node_handle displaced, bool exchange);
int tree_list(node_handle directory, uint64_t cookie, struct directory_entry *out, size_t capacity,
              size_t *count);

int tree_read_link(node_handle link, char *target, size_t size, size_t *length);

/* Regular files whose pages are nowhere but in Core's page cache. */
int tree_read_hole(node_handle file, uint64_t index, void *page, bool *hole);
int tree_grow(node_handle file, uint64_t size, uint64_t pages);
int tree_truncate(node_handle file, uint64_t size, uint64_t pages);

/* ---- for the file system itself ---- */

/* Makes `tree`, whose limits are set, consist of a root directory.  0 or -ENOMEM. */
int tree_init(struct tree *tree, const struct new_node *root);

/* Frees every node.  Core has released them all. */
void tree_destroy(struct tree *tree);

/* Fills the answer that hands `node` to Core. */
void tree_answer(struct tree_node *node, struct node_answer *out);

/* The node behind a name (its hash is computed here), or NULL. */
struct tree_node *tree_find(const struct tree_node *directory, const char *text, size_t length);

/* A new node under a name that does not exist: tree_create() without the answer. */
int tree_add(struct tree_node *directory, const char *text, size_t length,
             const struct new_node *what, struct tree_node **out);

/* The time now, for nodes that no operation of Core asks for. */
struct timestamp tree_now(void);

static inline struct tree_node *tree_node_of(node_handle handle)
{
    return (struct tree_node *)handle;
}

static inline node_handle tree_handle_of(struct tree_node *node)
{
    return (node_handle)node;
}

/* ---- directory.c: names only, neither links nor lifetime ---- */

/* One name.  Only directory.c and tree.c look inside. */
struct tree_entry {
    struct tree_node *node;
    struct tree_entry *next; /* in the same bucket */
    uint64_t cookie;         /* place in the order of listing */
    char *text;              /* `short_text`, or owned */
    uint32_t hash;           /* hash_name() with seed 0 */
    uint8_t length;
    char short_text[27]; /* makes the whole 64 bytes */
};

void directory_init(struct tree_directory *directory);
void directory_clear(struct tree_directory *directory);

/* NULL if there is no such name. */
struct tree_entry *directory_find(const struct tree_directory *directory, const struct name *name);

/* 0, -EEXIST or -ENOMEM. */
int directory_insert(struct tree_directory *directory, const struct name *name,
                     struct tree_node *node);

/* Takes the entry out and frees it. */
void directory_remove(struct tree_directory *directory, struct tree_entry *entry);

/* Gives the entry another name; its place in the order stays, so that somebody who renames what
 * he lists does not meet it again.  0 or -ENOMEM. */
int directory_relabel(struct tree_directory *directory, struct tree_entry *entry,
                      const struct name *name);

/* The first entry whose cookie is at least `cookie`, or NULL. */
struct tree_entry *directory_next(const struct tree_directory *directory, uint64_t cookie);

#endif
