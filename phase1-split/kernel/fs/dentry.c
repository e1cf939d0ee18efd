/* The dentry cache: every name that was looked up, kept until memory is wanted elsewhere.
 *
 * A dentry nobody uses is in one of two lists: `unused`, oldest first, if its name can be found
 * again in the table, or `dying` if not (unlinked, or of a volatile file system).  Neither list is
 * emptied while a path walk is on, so a walk steps from dentry to dentry without taking references:
 * what it has seen stays until it ends. */
#include <fs/private.h>

#include <linux/errno.h>

#include <lib/bits.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/panic.h>

static struct list table[DENTRY_HASH_SIZE];
static struct list unused = LIST_INITIAL(unused);
static struct list dying = LIST_INITIAL(dying);
static uint64_t unused_count, count;
static unsigned walks; /* path walks, and lists being emptied: nobody else empties them then */

void dentry_table_init(void)
{
    for (size_t i = 0; i < DENTRY_HASH_SIZE; i++)
        list_init(&table[i]);
}

static bool has_flag(const struct file_system *fs, unsigned flag)
{
    return fs && (fs->type->flags & flag);
}

/* ---- the table ---- */

/* Equal names in different directories shall not meet: the parent is mixed into the hash. */
static inline struct list *bucket_of(const struct dentry *parent, uint32_t hash)
{
    uint32_t salt = (uint32_t)((uintptr_t)parent >> 5) * 0x9e3779b1u;

    return &table[((hash ^ salt) >> 7 ^ hash) % DENTRY_HASH_SIZE];
}

static void hash_in(struct dentry *dentry)
{
    list_add(bucket_of(dentry->parent, dentry->name.hash), &dentry->hash);
}

static inline bool hashed(const struct dentry *dentry)
{
    return !list_empty(&dentry->hash);
}

/* memcmp() for short names, inline because every step of a path walk compares one.  The loads of
 * the tail may overlap. */
static inline bool same_text(const char *a, const char *b, size_t length)
{
    for (; length >= 8; a += 8, b += 8, length -= 8)
        if (load_u64(a) != load_u64(b))
            return false;
    if (length >= 4)
        return load_u32(a) == load_u32(b) && load_u32(a + length - 4) == load_u32(b + length - 4);
    while (length > 0 && a[length - 1] == b[length - 1])
        length--;
    return length == 0;
}

static inline struct dentry *find(const struct dentry *parent, const struct name *name)
{
    struct list *bucket = bucket_of(parent, name->hash);
    struct dentry *dentry;

    list_for_each_entry(dentry, bucket, hash)
        if (dentry->name.hash == name->hash && dentry->parent == parent &&
            dentry->name.length == name->length &&
            same_text(dentry->name.text, name->text, name->length))
            return dentry;
    return NULL;
}

/* ---- references ---- */

/* Worth keeping although nobody uses it.  A missing name of a complete directory is not: that it
 * is missing is known without it. */
static inline bool worth_keeping(const struct dentry *dentry)
{
    return hashed(dentry) && (dentry->inode || !dentry->parent->complete);
}

static void dentry_free(struct dentry *dentry)
{
    struct dentry *parent = dentry->parent;

    list_remove(&dentry->hash);
    list_remove(&dentry->sibling);
    if (dentry->inode)
        inode_put(dentry->inode);
    if (dentry->name.text != dentry->inline_name)
        kfree((char *)dentry->name.text);
    kfree(dentry);
    count--;
    if (parent != dentry)
        dentry_put(parent); /* queued at most: whoever frees holds `walks` */
}

static void free_dying(void)
{
    struct list *node;

    if (walks > 0)
        return;
    walks++;
    while ((node = list_take_first(&dying)))
        dentry_free(container_of(node, struct dentry, unused));
    walks--;
}

void dentry_get(struct dentry *dentry)
{
    if (dentry->references++ > 0)
        return;
    if (worth_keeping(dentry))
        unused_count--;
    list_remove(&dentry->unused);
}

void dentry_put(struct dentry *dentry)
{
    panic_unless(dentry->references > 0);
    if (--dentry->references > 0)
        return;
    if (worth_keeping(dentry)) {
        list_add_tail(&unused, &dentry->unused);
        if (++unused_count > DENTRY_UNUSED_LIMIT)
            dentry_shrink(DENTRY_UNUSED_LIMIT / 16);
    } else {
        list_add_tail(&dying, &dentry->unused);
        free_dying();
    }
}

void dentry_shrink(uint64_t number)
{
    if (walks > 0)
        return;
    walks++;
    for (; number > 0 && !list_empty(&unused); number--) {
        struct list *node = list_take_first(&unused);

        unused_count--;
        dentry_free(container_of(node, struct dentry, unused));
    }
    walks--;
    free_dying();
}

void dentry_walk_begin(void)
{
    walks++;
}

void dentry_walk_end(void)
{
    walks--;
    if (__builtin_expect(!list_empty(&dying), 0))
        free_dying();
    if (__builtin_expect(unused_count > DENTRY_UNUSED_LIMIT, 0))
        dentry_shrink(DENTRY_UNUSED_LIMIT / 16);
}

uint64_t dentry_count(void)
{
    return count;
}

uint64_t dentry_unused_count(void)
{
    return unused_count;
}

/* Counted when somebody asks, which is seldom, so that a walk does not have to count. */
uint64_t dentry_negative_count(void)
{
    const struct dentry *dentry;
    uint64_t negative = 0;

    list_for_each_entry(dentry, &unused, unused)
        negative += !dentry->inode;
    return negative;
}

/* ---- making ---- */

static int set_name(struct dentry *dentry, const struct name *name)
{
    char *text = dentry->inline_name;

    if (name->length > sizeof(dentry->inline_name)) {
        text = kmalloc(name->length);
        if (!text)
            return -ENOMEM;
    }
    memcpy(text, name->text, name->length);
    dentry->name = (struct name){ .text = text, .length = name->length, .hash = name->hash };
    return 0;
}

int dentry_create(struct file_system *fs, struct dentry *parent, const struct name *name,
                  struct inode *inode, struct dentry **out)
{
    struct dentry *dentry = kmalloc(sizeof(*dentry));

    if (!dentry)
        return -ENOMEM;
    if (set_name(dentry, name) < 0) {
        kfree(dentry);
        return -ENOMEM;
    }
    dentry->references = 1;
    dentry->mounts = 0;
    dentry->parent = parent ? parent : dentry;
    dentry->inode = inode;
    dentry->fs = fs;
    dentry->unlinked = dentry->pinned = dentry->complete = false;
    list_init(&dentry->hash);
    list_init(&dentry->children);
    list_init(&dentry->sibling);
    list_init(&dentry->unused);
    if (parent) {
        dentry_get(parent);
        list_add(&parent->children, &dentry->sibling);
    }
    count++;
    *out = dentry;
    return 0;
}

/* A name of a file system that keeps nothing elsewhere stays as long as it is linked. */
static void pin(struct dentry *dentry)
{
    if (has_flag(dentry->fs, FS_PINNED)) {
        dentry->pinned = true;
        dentry_get(dentry);
    }
}

void dentry_fill(struct dentry *dentry, struct inode *inode)
{
    dentry->inode = inode;
    pin(dentry);
    /* Core has just seen the directory come into being, so it will have seen all its names. */
    dentry->complete = dentry->pinned && inode_is_directory(inode);
}

/* ---- looking up ---- */

/* Asks the file system.  A referenced dentry, negative if there is no such name. */
static int ask(struct dentry *directory, const struct name *name, struct dentry **out)
{
    struct file_system *fs = directory->fs;
    struct node_answer answer;
    struct inode *inode = NULL;
    int error = fs->type->directory->lookup(directory->inode->node, name, &answer);

    if (error == 0)
        error = inode_from_answer(fs, &answer, &inode);
    else if (error == -ENOENT)
        error = 0;
    if (error)
        return error;
    error = dentry_create(fs, directory, name, inode, out);
    if (error) {
        if (inode)
            inode_put(inode);
        return error;
    }
    if (!has_flag(fs, FS_VOLATILE))
        hash_in(*out);
    if (inode)
        pin(*out);
    return 0;
}

int dentry_step(struct dentry *directory, const struct name *name, struct dentry **out)
{
    struct dentry *dentry = find(directory, name);

    if (!dentry) {
        if (directory->complete)
            return -ENOENT;
        int error = ask(directory, name, &dentry);

        if (error)
            return error;
        dentry_put(dentry); /* a walk is on: it is not freed yet */
    }
    if (!dentry->inode)
        return -ENOENT;
    *out = dentry;
    return 0;
}

int dentry_lookup(struct dentry *directory, const struct name *name, struct dentry **out)
{
    struct dentry *dentry = find(directory, name);

    if (dentry) {
        dentry_get(dentry);
        *out = dentry;
        return 0;
    }
    if (!directory->complete)
        return ask(directory, name, out);
    int error = dentry_create(directory->fs, directory, name, NULL, out);

    if (!error)
        hash_in(*out);
    return error;
}

/* ---- changing ---- */

void dentry_unlink(struct dentry *dentry)
{
    list_remove(&dentry->hash);
    dentry->unlinked = true;
    if (dentry->pinned) {
        dentry->pinned = false;
        dentry_put(dentry);
    }
}

int dentry_reserve_name(const struct dentry *to, char **text)
{
    *text = NULL;
    if (to->name.length <= sizeof(to->inline_name))
        return 0;
    *text = kmalloc(to->name.length);
    return *text ? 0 : -ENOMEM;
}

void dentry_move(struct dentry *from, struct dentry *to, char *text)
{
    struct dentry *old_parent = from->parent;

    dentry_unlink(to);
    if (from->name.text != from->inline_name)
        kfree((char *)from->name.text);
    if (!text)
        text = from->inline_name;
    memcpy(text, to->name.text, to->name.length);
    from->name = to->name;
    from->name.text = text;
    from->parent = to->parent;
    dentry_get(from->parent);
    list_move(&from->parent->children, &from->sibling);
    if (hashed(from)) {
        list_remove(&from->hash);
        hash_in(from);
    }
    dentry_put(old_parent);
}

static void swap_names(struct dentry *a, struct dentry *b)
{
    struct name name_of_a = a->name;
    char text_of_a[DENTRY_INLINE_NAME];
    bool a_is_inline = a->name.text == a->inline_name, b_is_inline = b->name.text == b->inline_name;

    memcpy(text_of_a, a->inline_name, sizeof(text_of_a));
    memcpy(a->inline_name, b->inline_name, sizeof(text_of_a));
    memcpy(b->inline_name, text_of_a, sizeof(text_of_a));
    a->name = b->name;
    b->name = name_of_a;
    if (b_is_inline)
        a->name.text = a->inline_name;
    if (a_is_inline)
        b->name.text = b->inline_name;
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
    struct dentry *parent_of_a = a->parent;

    swap_names(a, b);
    a->parent = b->parent; /* the references on the parents are swapped with them */
    b->parent = parent_of_a;
    list_move(&a->parent->children, &a->sibling);
    list_move(&b->parent->children, &b->sibling);
    list_remove(&a->hash);
    list_remove(&b->hash);
    hash_in(a);
    hash_in(b);
}

void dentry_set_mountpoint(struct dentry *dentry, bool on)
{
    if (on) {
        dentry_get(dentry);
        dentry->mounts++;
        if (!hashed(dentry) && dentry->parent != dentry && !dentry->unlinked)
            hash_in(dentry);
        return;
    }
    if (--dentry->mounts == 0 && has_flag(dentry->fs, FS_VOLATILE))
        list_remove(&dentry->hash);
    dentry_put(dentry);
}

bool dentry_is_ancestor(const struct dentry *ancestor, const struct dentry *dentry)
{
    while (dentry != ancestor && dentry->parent != dentry)
        dentry = dentry->parent;
    return dentry == ancestor;
}

void dentry_drop_tree(struct dentry *root)
{
    struct dentry *dentry = root, *parent;

    walks++;
    do {
        while (!list_empty(&dentry->children))
            dentry = list_first_entry(&dentry->children, struct dentry, sibling);
        parent = dentry->parent;
        if (dentry->pinned || dentry == root)
            dentry->references--;
        else if (worth_keeping(dentry))
            unused_count--;
        panic_unless(dentry->references == 0);
        list_remove(&dentry->unused);
        bool finished = dentry == root;

        dentry_free(dentry);
        dentry = finished ? NULL : parent;
    } while (dentry);
    walks--;
    free_dying();
}
