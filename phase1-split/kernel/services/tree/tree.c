/* Nodes of a tree: what stat(2) tells of them, who links to them, and when they end. */
#include "tree.h"

#include <linux/errno.h>
#include <linux/stat.h>

#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/page.h>

#include <lib/bits.h>
#include <lib/hash.h>

#include <process/wall_time.h>

#define DIRECTORY_SIZE  4096 /* what stat(2) tells of any directory */
#define BLOCKS_PER_PAGE (PAGE_SIZE / 512)
#define SHORT_TARGET    127 /* bytes of a symlink; a longer one counts as a page, as Linux's does */

static bool is_directory(const struct tree_node *node)
{
    return S_ISDIR(node->attributes.mode);
}

/* Pages of a regular file or long symlink that count against the limit. */
static uint64_t pages_of(const struct tree_node *node)
{
    return node->attributes.blocks / BLOCKS_PER_PAGE;
}

static struct name make_name(const char *text, size_t length)
{
    return (struct name){ text, (uint32_t)length, hash_name(0, text, length) };
}

struct timestamp tree_now(void)
{
    uint64_t now = wall_clock();

    return (struct timestamp){ (int64_t)(now / NANOSECONDS_PER_SECOND),
                               (uint32_t)(now % NANOSECONDS_PER_SECOND) };
}

static void set_pages(struct tree_node *node, uint64_t pages)
{
    node->tree->pages += pages - pages_of(node);
    node->attributes.blocks = pages * BLOCKS_PER_PAGE;
}

static bool page_limit_reached(const struct tree *tree, uint64_t more)
{
    return tree->page_limit != 0 && more > tree->page_limit - min(tree->pages, tree->page_limit);
}

static bool node_limit_reached(const struct tree *tree)
{
    return tree->node_limit != 0 && tree->node_count >= tree->node_limit;
}

/* ---- making and freeing nodes ---- */

static void fill_attributes(struct tree_node *node, const struct new_node *what)
{
    node->attributes = (struct attributes){
        .number = node->tree->next_number++,
        .mode = what->mode,
        .uid = what->uid,
        .gid = what->gid,
        .device = S_ISCHR(what->mode) || S_ISBLK(what->mode) ? what->device : 0,
        .accessed = what->now,
        .modified = what->now,
        .changed = what->now,
    };
}

/* The part that depends on the type. */
static int fill_content(struct tree_node *node, const struct new_node *what)
{
    if (S_ISDIR(what->mode)) {
        directory_init(&node->directory);
        node->attributes.size = DIRECTORY_SIZE;
    } else if (S_ISLNK(what->mode)) {
        node->target = kmalloc(what->target_length);
        if (node->target == NULL)
            return -ENOMEM;
        memcpy(node->target, what->target, what->target_length);
        node->attributes.size = what->target_length;
        if (what->target_length > SHORT_TARGET && page_limit_reached(node->tree, 1)) {
            kfree(node->target);
            return -ENOSPC;
        }
        set_pages(node, what->target_length > SHORT_TARGET);
    }
    return 0;
}

/* A node without a link. */
static int node_make(struct tree *tree, const struct new_node *what, struct tree_node **out)
{
    struct tree_node *node;
    int error;

    if (node_limit_reached(tree))
        return -ENOSPC;
    node = kzalloc(sizeof(*node));
    if (node == NULL)
        return -ENOMEM;
    node->tree = tree;
    fill_attributes(node, what);
    error = fill_content(node, what);
    if (error != 0) {
        kfree(node);
        return error;
    }
    list_add_tail(&tree->nodes, &node->of_tree);
    tree->node_count++;
    *out = node;
    return 0;
}

static void node_free(struct tree_node *node)
{
    if (is_directory(node))
        directory_clear(&node->directory);
    else if (S_ISLNK(node->attributes.mode))
        kfree(node->target);
    set_pages(node, 0);
    list_remove(&node->of_tree);
    node->tree->node_count--;
    kfree(node);
}

static void free_if_unused(struct tree_node *node)
{
    if (node->attributes.links == 0 && !node->held)
        node_free(node);
}

/* A name of `node` in `directory` comes or goes.  A directory's ".." counts for its parent. */
static void name_comes(struct tree_node *directory, const struct tree_node *node)
{
    directory->attributes.links += is_directory(node);
}

static void name_goes(struct tree_node *directory, const struct tree_node *node)
{
    directory->attributes.links -= is_directory(node);
}

/* `node` has a name less; a directory had only one. */
static void lose_link(struct tree_node *node)
{
    node->attributes.links = is_directory(node) ? 0 : node->attributes.links - 1;
    if (node->attributes.links > 0)
        node->tree->node_count--; /* a further name's */
    free_if_unused(node);
}

int tree_init(struct tree *tree, const struct new_node *root)
{
    int error;

    tree->pages = tree->node_count = 0;
    tree->next_number = 1;
    list_init(&tree->nodes);
    error = node_make(tree, root, &tree->root);
    if (error == 0)
        tree->root->attributes.links = 2;
    return error;
}

void tree_destroy(struct tree *tree)
{
    struct tree_node *node, *following;

    list_for_each_entry_safe(node, following, &tree->nodes, of_tree)
        node_free(node);
}

void tree_answer(struct tree_node *node, struct node_answer *out)
{
    node->held = true;
    out->node = tree_handle_of(node);
    out->attributes = node->attributes;
}

/* ---- attributes ---- */

int tree_get_attributes(node_handle node, struct attributes *out)
{
    *out = tree_node_of(node)->attributes;
    return 0;
}

int tree_set_attributes(node_handle node, const struct attributes *attributes, unsigned which)
{
    struct attributes *mine = &tree_node_of(node)->attributes;

    if (which & SET_MODE)
        mine->mode = (mine->mode & S_IFMT) | (attributes->mode & ~(uint32_t)S_IFMT);
    if (which & SET_UID)
        mine->uid = attributes->uid;
    if (which & SET_GID)
        mine->gid = attributes->gid;
    if (which & SET_ACCESSED)
        mine->accessed = attributes->accessed;
    if (which & SET_MODIFIED)
        mine->modified = attributes->modified;
    if (which & SET_CHANGED)
        mine->changed = attributes->changed;
    return 0;
}

int tree_release(node_handle handle)
{
    struct tree_node *node = tree_node_of(handle);

    node->held = false;
    free_if_unused(node);
    return 0;
}

/* ---- names ---- */

struct tree_node *tree_find(const struct tree_node *directory, const char *text, size_t length)
{
    struct name name = make_name(text, length);
    struct tree_entry *entry = directory_find(&directory->directory, &name);

    return entry == NULL ? NULL : entry->node;
}

int tree_lookup(node_handle directory, const struct name *name, struct node_answer *out)
{
    struct tree_entry *entry = directory_find(&tree_node_of(directory)->directory, name);

    if (entry == NULL)
        return -ENOENT;
    tree_answer(entry->node, out);
    return 0;
}

static int add(struct tree_node *directory, const struct name *name, const struct new_node *what,
               struct tree_node **out)
{
    struct tree_node *node;
    int error;

    error = node_make(directory->tree, what, &node);
    if (error != 0)
        return error;
    error = directory_insert(&directory->directory, name, node);
    if (error != 0) {
        node_free(node);
        return error;
    }
    node->attributes.links = is_directory(node) ? 2 : 1;
    name_comes(directory, node);
    directory->attributes.modified = directory->attributes.changed = what->now;
    *out = node;
    return 0;
}

int tree_add(struct tree_node *directory, const char *text, size_t length,
             const struct new_node *what, struct tree_node **out)
{
    struct name name = make_name(text, length);

    return add(directory, &name, what, out);
}

int tree_create(node_handle directory, const struct name *name, const struct new_node *what,
                struct node_answer *out)
{
    struct tree_node *node;
    int error;

    error = add(tree_node_of(directory), name, what, &node);
    if (error == 0)
        tree_answer(node, out);
    return error;
}

int tree_link(node_handle directory, const struct name *name, node_handle node)
{
    struct tree *tree = tree_node_of(node)->tree;
    int error;

    /* A further name takes memory that nobody can reclaim, so it counts as a node: tmpfs(5). */
    bool further = tree_node_of(node)->attributes.links > 0;

    if (further && node_limit_reached(tree))
        return -ENOSPC;
    error = directory_insert(&tree_node_of(directory)->directory, name, tree_node_of(node));
    if (error != 0)
        return error;
    tree_node_of(node)->attributes.links++;
    tree->node_count += further;
    return 0;
}

int tree_unlink(node_handle handle, const struct name *name, node_handle node)
{
    struct tree_node *directory = tree_node_of(handle), *victim = tree_node_of(node);
    struct tree_entry *entry = directory_find(&directory->directory, name);

    if (entry == NULL || entry->node != victim)
        return -ENOENT;
    if (is_directory(victim) && victim->directory.count > 0)
        return -ENOTEMPTY;
    directory_remove(&directory->directory, entry);
    name_goes(directory, victim);
    lose_link(victim);
    return 0;
}

/* Both names stay where they are; only the nodes behind them change places. */
static void exchange_nodes(struct tree_node *from, struct tree_entry *entry, struct tree_node *to,
                           struct tree_entry *other)
{
    struct tree_node *node = entry->node;

    name_goes(from, entry->node);
    name_goes(to, other->node);
    entry->node = other->node;
    other->node = node;
    name_comes(from, entry->node);
    name_comes(to, other->node);
}

/* The name in `to` now means the node of `entry`.  Needs no memory. */
static int replace_node(struct tree_node *from, struct tree_entry *entry, struct tree_node *to,
                        struct tree_entry *other)
{
    struct tree_node *node = entry->node, *displaced = other->node;

    if (is_directory(displaced) && displaced->directory.count > 0)
        return -ENOTEMPTY;
    name_goes(to, displaced);
    name_goes(from, node);
    other->node = node;
    name_comes(to, node);
    directory_remove(&from->directory, entry);
    lose_link(displaced);
    return 0;
}

static int move_node(struct tree_node *from, struct tree_entry *entry, struct tree_node *to,
                     const struct name *to_name)
{
    struct tree_node *node = entry->node;
    int error;

    if (from == to)
        return directory_relabel(&from->directory, entry, to_name);
    error = directory_insert(&to->directory, to_name, node);
    if (error != 0)
        return error;
    name_goes(from, node);
    name_comes(to, node);
    directory_remove(&from->directory, entry);
    return 0;
}

int tree_rename(node_handle from_handle, const struct name *from_name, node_handle to_handle,
                const struct name *to_name, node_handle node, node_handle displaced, bool exchange)
{
    struct tree_node *from = tree_node_of(from_handle), *to = tree_node_of(to_handle);
    struct tree_entry *entry = directory_find(&from->directory, from_name);
    struct tree_entry *other = directory_find(&to->directory, to_name);

    if (entry == NULL || entry->node != tree_node_of(node))
        return -ENOENT;
    if ((other == NULL ? NULL : other->node) != tree_node_of(displaced))
        return other == NULL ? -ENOENT : -EEXIST;
    if (other == NULL)
        return exchange ? -ENOENT : move_node(from, entry, to, to_name);
    if (!exchange && entry->node != other->node)
        return replace_node(from, entry, to, other);
    /* rename(2): two names of one file both stay. */
    if (exchange)
        exchange_nodes(from, entry, to, other);
    return 0;
}

int tree_list(node_handle directory, uint64_t cookie, struct directory_entry *out, size_t capacity,
              size_t *count)
{
    struct tree_directory *names = &tree_node_of(directory)->directory;
    struct tree_entry *entry;
    size_t filled;

    for (filled = 0; filled < capacity; filled++) {
        entry = directory_next(names, cookie);
        if (entry == NULL)
            break;
        cookie = entry->cookie + 1;
        out[filled].number = entry->node->attributes.number;
        out[filled].next = cookie;
        out[filled].type = (uint8_t)((entry->node->attributes.mode & S_IFMT) >> 12);
        out[filled].length = entry->length;
        memcpy(out[filled].name, entry->text, entry->length);
    }
    *count = filled;
    return 0;
}

int tree_read_link(node_handle link, char *target, size_t size, size_t *length)
{
    struct tree_node *node = tree_node_of(link);

    *length = min(node->attributes.size, (uint64_t)size);
    memcpy(target, node->target, *length);
    return 0;
}

/* ---- regular files ---- */

int tree_read_hole(node_handle file, uint64_t index, void *page, bool *hole)
{
    /* Core never drops a page of ours that has been written: what it asks for never was. */
    (void)file;
    (void)index;
    (void)page;
    *hole = true;
    return 0;
}

static void set_extent(struct tree_node *file, uint64_t size, uint64_t pages)
{
    file->attributes.size = size;
    set_pages(file, pages);
}

int tree_grow(node_handle handle, uint64_t size, uint64_t pages)
{
    struct tree_node *file = tree_node_of(handle);
    struct tree *tree = file->tree;

    if (size > INT64_MAX)
        return -EFBIG;
    if (pages > 0 && page_limit_reached(tree, pages))
        return -ENOSPC;
    set_extent(file, size, pages_of(file) + pages);
    return 0;
}

int tree_truncate(node_handle handle, uint64_t size, uint64_t pages)
{
    struct tree_node *file = tree_node_of(handle);

    set_extent(file, size, pages_of(file) - min(pages, pages_of(file)));
    return 0;
}
