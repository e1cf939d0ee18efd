/* The radix tree: a path of nodes is made on the way down and pruned when it has become empty.
 *
 * Nodes do not count their items: 64 pointers fill a 512-byte slab exactly, and a look for the
 * first used slot, which a removal needs, mostly ends after a few. */
#include <lib/radix_tree.h>

#include <linux/errno.h>
#include <stdbool.h>

#include <platform/heap.h>

#define LEVELS_MAX 11 /* 11 times 6 bits hold a 64-bit index */

static unsigned slot_at(uint64_t index, unsigned shift)
{
    return (unsigned)((index >> shift) % RADIX_TREE_SLOTS);
}

static void set_bits(struct radix_tree *tree, unsigned bits)
{
    tree->bits = bits;
    tree->limit = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

/* True if no slot of `node` from number `first` on is used. */
static bool empty_from(const struct radix_tree_node *node, unsigned first)
{
    for (unsigned i = first; i < RADIX_TREE_SLOTS; i++)
        if (node->slots[i] != NULL)
            return false;
    return true;
}

/* Adds levels above the root until `index` fits.  An empty tree needs no nodes for that. */
static int grow(struct radix_tree *tree, uint64_t index)
{
    while (index > tree->limit) {
        if (tree->root != NULL) {
            struct radix_tree_node *node = kzalloc(sizeof(*node));

            if (node == NULL)
                return -ENOMEM;
            node->slots[0] = tree->root;
            tree->root = node;
        }
        set_bits(tree, tree->bits + RADIX_TREE_BITS);
    }
    return 0;
}

/* Removes levels of which only slot 0 is in use. */
static void shrink(struct radix_tree *tree)
{
    while (tree->root != NULL && tree->bits > 0) {
        struct radix_tree_node *top = tree->root;

        if (!empty_from(top, 1))
            return;
        tree->root = top->slots[0];
        set_bits(tree, tree->bits - RADIX_TREE_BITS);
        kfree(top);
    }
    if (tree->root == NULL)
        set_bits(tree, 0);
}

/* Frees the empty nodes on the path to `index`, from the bottom up, and shrinks the tree. */
static void prune(struct radix_tree *tree, uint64_t index)
{
    void **links[LEVELS_MAX]; /* what points to each node of the path */
    void **link = &tree->root;
    unsigned depth = 0;

    for (unsigned shift = tree->bits; shift > 0 && *link != NULL;) {
        struct radix_tree_node *node = *link;

        shift -= RADIX_TREE_BITS;
        links[depth++] = link;
        link = &node->slots[slot_at(index, shift)];
    }
    while (depth > 0) {
        link = links[--depth];
        if (!empty_from(*link, 0))
            break;
        kfree(*link);
        *link = NULL;
    }
    shrink(tree);
}

int radix_tree_insert(struct radix_tree *tree, uint64_t index, void *item)
{
    void **link = &tree->root;
    int error = grow(tree, index);

    for (unsigned shift = tree->bits; error == 0 && shift > 0;) {
        struct radix_tree_node *node;

        if (*link == NULL)
            *link = kzalloc(sizeof(*node));
        node = *link;
        if (node == NULL) {
            error = -ENOMEM;
        } else {
            shift -= RADIX_TREE_BITS;
            link = &node->slots[slot_at(index, shift)];
        }
    }
    if (error == 0 && *link != NULL)
        return -EEXIST; /* the path was there: nothing was added */
    if (error == 0)
        *link = item;
    else
        prune(tree, index);
    return error;
}

void *radix_tree_remove(struct radix_tree *tree, uint64_t index)
{
    void **link = &tree->root;
    void *item;

    if (index > tree->limit)
        return NULL;
    for (unsigned shift = tree->bits; shift > 0;) {
        struct radix_tree_node *node = *link;

        if (node == NULL)
            return NULL;
        shift -= RADIX_TREE_BITS;
        link = &node->slots[slot_at(index, shift)];
    }
    item = *link;
    *link = NULL;
    if (item != NULL)
        prune(tree, index);
    return item;
}

void *radix_tree_next(const struct radix_tree *tree, uint64_t *index)
{
    uint64_t at = *index;

    while (at <= tree->limit) {
        void *item = tree->root;
        unsigned shift = tree->bits;

        while (shift > 0 && item != NULL) {
            shift -= RADIX_TREE_BITS;
            item = ((struct radix_tree_node *)item)->slots[slot_at(at, shift)];
        }
        if (item != NULL) {
            *index = at;
            return item;
        }
        /* Nothing under this slot, which spans 2^shift indices: go on behind it. */
        at |= ((uint64_t)1 << shift) - 1;
        if (at++ == UINT64_MAX)
            break;
    }
    return NULL;
}

/* Releases what hangs below a link of the level that `bits` names, and frees its nodes.
 * Recursion is at most LEVELS_MAX deep. */
static void clear_below(void *item, unsigned bits, uint64_t index,
                        void (*release)(void *item, uint64_t index, void *context), void *context)
{
    if (item == NULL)
        return;
    if (bits == 0) {
        if (release != NULL)
            release(item, index, context);
        return;
    }
    struct radix_tree_node *node = item;

    bits -= RADIX_TREE_BITS;
    for (uint64_t i = 0; i < RADIX_TREE_SLOTS; i++)
        clear_below(node->slots[i], bits, index | i << bits, release, context);
    kfree(node);
}

void radix_tree_clear(struct radix_tree *tree,
                      void (*release)(void *item, uint64_t index, void *context), void *context)
{
    clear_below(tree->root, tree->bits, 0, release, context);
    radix_tree_init(tree);
}
