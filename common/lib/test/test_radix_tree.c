/* lib/radix_tree.h against a plain array as model, with failing allocations in between. */
#include <lib/radix_tree.h>

#include <inttypes.h>
#include <linux/errno.h>

#include "test.h"

#define INDICES 505

static char items[INDICES]; /* their addresses are what is stored */

/* The indices that the model knows, all different: dense, sparse, the very last, powers of two. */
static uint64_t index_of(unsigned i)
{
    if (i < 300)
        return i;
    if (i < 400)
        return (i - 299) * 0x123456789abcd;
    if (i < 450)
        return UINT64_MAX - (i - 400);
    return (uint64_t)1 << (i - 450 + 9);
}

static void empty(void)
{
    struct radix_tree tree;
    uint64_t index = 0;

    radix_tree_init(&tree);
    check(radix_tree_lookup(&tree, 0) == NULL, "lookup 0");
    check(radix_tree_lookup(&tree, UINT64_MAX) == NULL, "lookup of the last");
    check(radix_tree_remove(&tree, 0) == NULL, "remove 0");
    check(radix_tree_remove(&tree, 1000) == NULL, "remove 1000");
    check(radix_tree_next(&tree, &index) == NULL, "next");
    radix_tree_clear(&tree, NULL, NULL);
    check(heap_blocks() == 0, "%ld blocks", heap_blocks());
}

static void single(void)
{
    for (unsigned i = 0; i < 64; i++) {
        struct radix_tree tree = { 0 };
        uint64_t at = (uint64_t)1 << i, index = 0;

        check(radix_tree_insert(&tree, at, &items[i]) == 0, "2^%u", i);
        check(radix_tree_insert(&tree, at, &items[i]) == -EEXIST, "2^%u twice", i);
        check(radix_tree_lookup(&tree, at) == &items[i], "2^%u", i);
        check(radix_tree_lookup(&tree, at - 1) == NULL, "2^%u - 1", i);
        check(radix_tree_lookup(&tree, at + 1) == NULL, "2^%u + 1", i);
        check(radix_tree_next(&tree, &index) == &items[i] && index == at, "2^%u", i);
        index++;
        check(radix_tree_next(&tree, &index) == NULL, "past 2^%u", i);
        check(radix_tree_remove(&tree, at) == &items[i], "2^%u", i);
        check(heap_blocks() == 0 && tree.root == NULL && tree.bits == 0, "2^%u leaves nodes", i);
    }
}

/* The costs that the header promises. */
static void small_files(void)
{
    struct radix_tree tree = { 0 };

    radix_tree_insert(&tree, 0, &items[0]);
    check(heap_blocks() == 0, "one page: %ld nodes", heap_blocks());
    for (unsigned i = 1; i < 64; i++)
        radix_tree_insert(&tree, i, &items[i]);
    check(heap_blocks() == 1, "64 pages: %ld nodes", heap_blocks());
    radix_tree_insert(&tree, 64, &items[64]);
    check(heap_blocks() == 3, "65 pages: %ld nodes", heap_blocks());
    for (unsigned i = 64; i > 0; i--)
        check(radix_tree_remove(&tree, i) == &items[i], "%u", i);
    check(heap_blocks() == 0 && radix_tree_lookup(&tree, 0) == &items[0], "shrunk to one page");
    radix_tree_clear(&tree, NULL, NULL);
}

/* The whole tree, by iteration, equals the model. */
static void check_all(const struct radix_tree *tree, const bool *present)
{
    uint64_t index = 0, before = 0;
    unsigned found = 0, expected = 0;
    void *item;

    for (unsigned i = 0; i < INDICES; i++) {
        expected += present[i];
        check(radix_tree_lookup(tree, index_of(i)) == (present[i] ? &items[i] : NULL),
              "index %" PRIx64, index_of(i));
    }
    while ((item = radix_tree_next(tree, &index)) != NULL) {
        size_t number = (size_t)((char *)item - items);

        check(found == 0 || index > before, "not ascending at %" PRIx64, index);
        check(index_of((unsigned)number) == index && present[number], "index %" PRIx64, index);
        found++;
        before = index;
        if (index++ == UINT64_MAX)
            break;
    }
    check(found == expected, "%u items, not %u", found, expected);
}

static void model(void)
{
    struct radix_tree tree = { 0 };
    bool present[INDICES] = { 0 };

    for (unsigned round = 0; round < 60000; round++) {
        unsigned i = test_random() % INDICES;
        bool growing = (round / 6000) % 2 == 0;

        if (test_random() % 4 != 0 ? growing : !growing) {
            heap_fail_after(test_random() % 3 == 0 ? (long)(test_random() % 4) : -1);
            int error = radix_tree_insert(&tree, index_of(i), &items[i]);

            heap_fail_after(-1);
            check(error == (present[i] ? -EEXIST : 0) || (error == -ENOMEM && !present[i]),
                  "insert %" PRIx64 ": %d", index_of(i), error);
            present[i] |= error == 0;
        } else {
            void *item = radix_tree_remove(&tree, index_of(i));

            check(item == (present[i] ? &items[i] : NULL), "remove %" PRIx64, index_of(i));
            present[i] = false;
        }
        if (round % 500 == 0)
            check_all(&tree, present);
    }
    for (unsigned i = 0; i < INDICES; i++)
        radix_tree_remove(&tree, index_of(i));
    check(heap_blocks() == 0 && tree.root == NULL, "%ld nodes remain", heap_blocks());
}

/* A failed insertion leaves the tree as it was, whichever allocation fails. */
static void no_memory(void)
{
    static const uint64_t places[] = { 1, 63, 64, 4096, (uint64_t)1 << 40, UINT64_MAX };

    for (unsigned occupied = 0; occupied < 3; occupied++)
        for (unsigned p = 0; p < 6; p++)
            for (long allowed = 0; allowed < 22; allowed++) {
                struct radix_tree tree = { 0 };

                if (occupied > 0)
                    radix_tree_insert(&tree, occupied == 1 ? 0 : 5000, &items[0]);
                struct radix_tree before = tree;
                long blocks = heap_blocks();

                heap_fail_after(allowed);
                int error = radix_tree_insert(&tree, places[p], &items[1]);
                heap_fail_after(-1);
                if (error != 0) {
                    check(error == -ENOMEM, "%d", error);
                    check(heap_blocks() == blocks && tree.bits == before.bits &&
                              tree.root == before.root,
                          "changed: place %u, %ld allowed", p, allowed);
                } else {
                    check(radix_tree_lookup(&tree, places[p]) == &items[1], "place %u", p);
                }
                radix_tree_clear(&tree, NULL, NULL);
                check(heap_blocks() == 0, "%ld nodes remain", heap_blocks());
            }
}

struct released {
    unsigned count;
    uint64_t last;
};

static void count_release(void *item, uint64_t index, void *context)
{
    struct released *released = context;

    check(released->count == 0 || index > released->last, "not ascending");
    check(index_of((unsigned)((char *)item - items)) == index, "wrong index");
    released->count++;
    released->last = index;
}

static void clear(void)
{
    struct radix_tree tree = { 0 };
    struct released released = { 0 };

    for (unsigned i = 0; i < 300; i++)
        radix_tree_insert(&tree, index_of(i), &items[i]);
    for (unsigned i = 400; i < 450; i++)
        radix_tree_insert(&tree, index_of(i), &items[i]);
    radix_tree_clear(&tree, count_release, &released);
    check(released.count == 350 && released.last == UINT64_MAX, "%u items", released.count);
    check(heap_blocks() == 0 && radix_tree_lookup(&tree, 3) == NULL, "not empty");
}

const struct test radix_tree_tests[] = {
    { "empty", empty },
    { "single items", single },
    { "small files", small_files },
    { "against a model", model },
    { "no memory", no_memory },
    { "clear", clear },
    { NULL, NULL },
};
