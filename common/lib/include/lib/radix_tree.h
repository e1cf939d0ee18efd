/* A map from 64-bit indices to pointers: the index of the page cache.
 *
 * Nodes of 64 slots; each level uses 6 bits of the index.  The tree is as high as its highest
 * index needs: an item at index 0 alone needs no node at all, a file of up to 256 KiB one node,
 * of up to 16 MiB two levels.  Nodes come from kmalloc(), 512 bytes each.  No locking. */
#ifndef LIB_RADIX_TREE_H
#define LIB_RADIX_TREE_H

#include <stddef.h>
#include <stdint.h>

#define RADIX_TREE_BITS  6
#define RADIX_TREE_SLOTS (1u << RADIX_TREE_BITS)

struct radix_tree_node {
    void *slots[RADIX_TREE_SLOTS]; /* items in the lowest level, nodes above it */
};

/* All zeros is an empty tree. */
struct radix_tree {
    void *root;     /* the topmost node, or at height 0 the item of index 0; NULL: empty */
    uint64_t limit; /* the highest index that the present height can hold */
    unsigned bits;  /* RADIX_TREE_BITS times the height */
};

static inline void radix_tree_init(struct radix_tree *tree)
{
    *tree = (struct radix_tree){ .root = NULL };
}

/* The item at `index`, or NULL. */
static inline void *radix_tree_lookup(const struct radix_tree *tree, uint64_t index)
{
    void *item = tree->root;
    unsigned shift = tree->bits;

    if (index > tree->limit)
        return NULL;
    while (shift > 0 && item != NULL) {
        shift -= RADIX_TREE_BITS;
        item = ((struct radix_tree_node *)item)->slots[(index >> shift) % RADIX_TREE_SLOTS];
    }
    return item;
}

/* Puts `item`, which is not NULL, at `index`.  0, -EEXIST if there is one already, -ENOMEM; on
 * failure the tree is as before. */
int radix_tree_insert(struct radix_tree *tree, uint64_t index, void *item);

/* Takes out the item at `index` and returns it, or NULL; frees the nodes that become empty. */
void *radix_tree_remove(struct radix_tree *tree, uint64_t index);

/* The first item whose index is at least `*index`, which is set to the item's; NULL if there is
 * none.  The tree may be changed between calls. */
void *radix_tree_next(const struct radix_tree *tree, uint64_t *index);

/* Empties the tree.  `release` is called for each item in ascending order, with its index and
 * `context`; it must not touch the tree.  NULL: nothing is called. */
void radix_tree_clear(struct radix_tree *tree,
                      void (*release)(void *item, uint64_t index, void *context), void *context);

#endif
