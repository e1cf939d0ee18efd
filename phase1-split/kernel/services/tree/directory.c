/* The names in one directory of a tree.
 *
 * Two indices lead to an entry: a hash table, which starts as a single bucket and doubles with the
 * directory, and a radix tree by cookie, which is the order of creation.  Both take constant time
 * at any size, and a directory of one name needs neither an array nor a tree node. */
#include "tree.h"

#include <linux/errno.h>

#include <platform/heap.h>
#include <platform/memory.h>

#include <lib/hash.h>

#define SMALL_DIRECTORY  8          /* entries that one bucket is enough for */
#define BUCKETS_AT_FIRST 16         /* of a directory that has outgrown it */
#define BUCKETS_AT_MOST  (1u << 19) /* 4 MiB of pointers: what kmalloc() gives at once */

void directory_init(struct tree_directory *directory)
{
    *directory = (struct tree_directory){ .bucket_count = 1 };
    directory->buckets = &directory->single;
    radix_tree_init(&directory->order);
}

static void free_entry(struct tree_entry *entry)
{
    if (entry->text != entry->short_text)
        kfree(entry->text);
    kfree(entry);
}

static void free_listed_entry(void *entry, uint64_t cookie, void *context)
{
    (void)cookie;
    (void)context;
    free_entry(entry);
}

static void free_buckets(struct tree_directory *directory)
{
    if (directory->buckets != &directory->single)
        kfree(directory->buckets);
    directory->buckets = &directory->single;
    directory->single = NULL;
    directory->bucket_count = 1;
}

void directory_clear(struct tree_directory *directory)
{
    radix_tree_clear(&directory->order, free_listed_entry, NULL);
    free_buckets(directory);
    directory->count = 0;
    directory->next_cookie = 0;
}

static struct tree_entry **bucket_of(const struct tree_directory *directory, uint32_t hash)
{
    return &directory->buckets[hash & (directory->bucket_count - 1)];
}

struct tree_entry *directory_find(const struct tree_directory *directory, const struct name *name)
{
    struct tree_entry *entry = *bucket_of(directory, name->hash);

    while (entry != NULL && (entry->hash != name->hash || entry->length != name->length ||
                             memcmp(entry->text, name->text, name->length) != 0))
        entry = entry->next;
    return entry;
}

static void hang_in(struct tree_directory *directory, struct tree_entry *entry)
{
    struct tree_entry **bucket = bucket_of(directory, entry->hash);

    entry->next = *bucket;
    *bucket = entry;
}

static void take_out(struct tree_directory *directory, struct tree_entry *entry)
{
    struct tree_entry **link = bucket_of(directory, entry->hash);

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
}

/* More buckets for a directory that has filled those it has.  Without memory it stays as it is,
 * only slower. */
static void grow_buckets(struct tree_directory *directory)
{
    uint32_t count = directory->bucket_count == 1 ? BUCKETS_AT_FIRST : directory->bucket_count * 2;
    struct tree_entry **buckets, **old = directory->buckets, *entry, *following;
    uint32_t old_count = directory->bucket_count;

    if (count > BUCKETS_AT_MOST || (buckets = kzalloc(count * sizeof(*buckets))) == NULL)
        return;
    directory->buckets = buckets;
    directory->bucket_count = count;
    for (uint32_t i = 0; i < old_count; i++) {
        for (entry = old[i]; entry != NULL; entry = following) {
            following = entry->next;
            hang_in(directory, entry);
        }
    }
    if (old != &directory->single)
        kfree(old);
    directory->single = NULL;
}

/* Memory for the name, which does not belong to the entry yet.  0 or -ENOMEM. */
static int copy_name(struct tree_entry *entry, const struct name *name, char **out)
{
    char *text = entry->short_text;

    if (name->length > sizeof(entry->short_text) && (text = kmalloc(name->length)) == NULL)
        return -ENOMEM;
    memcpy(text, name->text, name->length);
    *out = text;
    return 0;
}

static int make_entry(const struct name *name, struct tree_node *node, struct tree_entry **out)
{
    struct tree_entry *entry = kmalloc(sizeof(*entry));

    if (entry == NULL)
        return -ENOMEM;
    if (copy_name(entry, name, &entry->text) != 0) {
        kfree(entry);
        return -ENOMEM;
    }
    entry->node = node;
    entry->hash = name->hash;
    entry->length = (uint8_t)name->length;
    *out = entry;
    return 0;
}

int directory_insert(struct tree_directory *directory, const struct name *name,
                     struct tree_node *node)
{
    struct tree_entry *entry;
    int error;

    if (directory_find(directory, name) != NULL)
        return -EEXIST;
    error = make_entry(name, node, &entry);
    if (error != 0)
        return error;
    entry->cookie = directory->next_cookie;
    error = radix_tree_insert(&directory->order, entry->cookie, entry);
    if (error != 0) {
        free_entry(entry);
        return error;
    }
    directory->next_cookie++;
    if (++directory->count > SMALL_DIRECTORY && directory->count > directory->bucket_count)
        grow_buckets(directory);
    hang_in(directory, entry);
    return 0;
}

void directory_remove(struct tree_directory *directory, struct tree_entry *entry)
{
    take_out(directory, entry);
    radix_tree_remove(&directory->order, entry->cookie);
    free_entry(entry);
    if (--directory->count > 0)
        return;
    /* Nothing that was ever listed is left, so cookies may start again, which keeps the radix tree
     * of a directory of short-lived files low. */
    free_buckets(directory);
    directory->next_cookie = 0;
}

int directory_relabel(struct tree_directory *directory, struct tree_entry *entry,
                      const struct name *name)
{
    char *text, *old = entry->text;
    int error;

    error = copy_name(entry, name, &text);
    if (error != 0)
        return error;
    take_out(directory, entry);
    entry->text = text;
    entry->hash = name->hash;
    entry->length = (uint8_t)name->length;
    hang_in(directory, entry);
    if (old != entry->short_text)
        kfree(old);
    return 0;
}

struct tree_entry *directory_next(const struct tree_directory *directory, uint64_t cookie)
{
    return radix_tree_next(&directory->order, &cookie);
}
