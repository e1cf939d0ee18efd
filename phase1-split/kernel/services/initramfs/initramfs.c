/* initramfs: a read-only file system over a cpio archive in memory.
 *
 * The archive is read once, when it is mounted: each entry becomes a node of a tree, and the data
 * of files stays where it is, to be copied out page by page.  An archive is refused as a whole if
 * any of it makes no sense: half a root file system helps nobody. */
#include "service.h"

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include <platform/heap.h>
#include <platform/log.h>
#include <platform/memory.h>
#include <platform/page.h>

#include <lib/bits.h>
#include <lib/cpio.h>
#include <lib/hash.h>
#include <lib/path.h>
#include <lib/string.h>

#include <fs/archive.h>
#include <fs/device.h>
#include <tree/tree.h>

/* ---- hard links ---- */

/* A file of which the archive has announced more names than one. */
struct linked_file {
    struct list known;
    uint32_t inode, device_major, device_minor; /* as the archive numbers them */
    struct tree_node *node;
};

static struct tree_node *find_linked(const struct list *known, const struct cpio_entry *entry)
{
    struct linked_file *file;

    list_for_each_entry(file, known, known)
        if (file->inode == entry->inode && file->device_major == entry->device_major &&
            file->device_minor == entry->device_minor)
            return file->node;
    return NULL;
}

static int remember_linked(struct list *known, const struct cpio_entry *entry,
                           struct tree_node *node)
{
    struct linked_file *file = kmalloc(sizeof(*file));

    if (file == NULL)
        return -ENOMEM;
    *file = (struct linked_file){ .inode = entry->inode,
                                  .device_major = entry->device_major,
                                  .device_minor = entry->device_minor,
                                  .node = node };
    list_add(known, &file->known); /* in front: the names of a file often stand together */
    return 0;
}

/* The node is gone with its last name. */
static void forget_node(struct list *known, const struct tree_node *node)
{
    struct linked_file *file, *next;

    list_for_each_entry_safe(file, next, known, known)
        if (file->node == node) {
            list_remove(&file->known);
            kfree(file);
        }
}

static void forget_linked(struct list *known)
{
    struct list *file;

    while ((file = list_take_first(known)) != NULL)
        kfree(container_of(file, struct linked_file, known));
}

/* ---- from entries to nodes ---- */

static bool is_component(const struct path_component *part, const char *name)
{
    return part->length == strlen(name) && memcmp(part->name, name, part->length) == 0;
}

/* The directory of this name, made if it is missing: archives need not list every parent. */
static int enter_directory(struct tree_node **directory, const struct path_component *part)
{
    struct new_node missing = { .mode = S_IFDIR | 0755, .now = tree_now() };
    struct tree_node *child = tree_find(*directory, part->name, part->length);
    int error = 0;

    if (child == NULL)
        error = tree_add(*directory, part->name, part->length, &missing, &child);
    else if (!S_ISDIR(child->attributes.mode))
        error = -EINVAL;
    if (error == 0)
        *directory = child;
    return error;
}

/* Walks to the directory that `name` lies in and to its last component; `last->length` is 0 if
 * the name means the root itself. */
static int walk(struct tree_node **directory, const char *name, struct path_component *last)
{
    struct path_component part;
    int error = 0;

    *last = (struct path_component){ .length = 0 };
    while (error == 0 && path_next_component(&name, &part)) {
        if (is_component(&part, "."))
            continue;
        if (is_component(&part, "..") || part.length > NAME_MAX)
            return -EINVAL;
        if (last->length > 0)
            error = enter_directory(directory, last);
        *last = part;
    }
    return error;
}

static struct timestamp time_of(const struct cpio_entry *entry)
{
    return (struct timestamp){ .seconds = entry->mtime };
}

static struct new_node describe(const struct cpio_entry *entry)
{
    return (struct new_node){
        .mode = entry->mode,
        .uid = entry->uid,
        .gid = entry->gid,
        .device = device_number(entry->rdev_major, entry->rdev_minor),
        .target = (const char *)entry->data,
        .target_length = entry->size,
        .now = time_of(entry),
    };
}

static bool plausible(const struct cpio_entry *entry)
{
    if (entry->mode & ~(uint32_t)(S_IFMT | 07777))
        return false;
    switch (entry->mode & S_IFMT) {
    case S_IFREG:
        return true;
    case S_IFLNK:
        return entry->size >= 1 && entry->size < PATH_MAX &&
               strnlen((const char *)entry->data, entry->size) == entry->size;
    case S_IFDIR:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        return entry->size == 0;
    default:
        return false;
    }
}

static void set_data(struct tree_node *node, const struct cpio_entry *entry)
{
    if (!S_ISREG(entry->mode) || entry->size == 0)
        return;
    node->data = entry->data;
    node->attributes.size = entry->size;
    node->attributes.blocks = (entry->size + 511) / 512;
}

/* An entry for a directory that is there already, the root for example: its attributes hold. */
static int adopt(struct tree_node *node, const struct cpio_entry *entry)
{
    struct attributes attributes = { .mode = entry->mode,
                                     .uid = entry->uid,
                                     .gid = entry->gid,
                                     .accessed = time_of(entry),
                                     .modified = time_of(entry),
                                     .changed = time_of(entry) };

    return tree_set_attributes(tree_handle_of(node), &attributes,
                               SET_MODE | SET_UID | SET_GID | SET_ACCESSED | SET_MODIFIED |
                                   SET_CHANGED);
}

static struct name name_of(const struct path_component *part)
{
    return (struct name){ part->name, (uint32_t)part->length,
                          hash_name(0, part->name, part->length) };
}

/* An earlier entry of this name makes room for the later one, as on Linux. */
static int remove_name(struct tree_node *directory, const struct path_component *last,
                       struct tree_node *node, struct list *known)
{
    struct name name = name_of(last);
    bool last_name = S_ISDIR(node->attributes.mode) || node->attributes.links == 1;

    if (tree_unlink(tree_handle_of(directory), &name, tree_handle_of(node)) != 0)
        return -EINVAL; /* a directory that is not empty */
    if (last_name)
        forget_node(known, node);
    return 0;
}

/* A new name in `directory`: of a new node, or of one that earlier entries brought. */
static int add_name(struct tree_node *directory, const struct path_component *last,
                    const struct cpio_entry *entry, struct list *known)
{
    struct new_node what = describe(entry);
    struct name name = name_of(last);
    bool shared = entry->nlink > 1 && !S_ISDIR(entry->mode);
    struct tree_node *node = shared ? find_linked(known, entry) : NULL;
    int error;

    if (node != NULL && (node->attributes.mode & S_IFMT) != (entry->mode & S_IFMT))
        return -EINVAL;
    if (node != NULL) {
        error = tree_link(tree_handle_of(directory), &name, tree_handle_of(node));
    } else {
        error = tree_add(directory, last->name, last->length, &what, &node);
        if (error == 0 && shared)
            error = remember_linked(known, entry, node);
    }
    if (error == 0)
        set_data(node, entry);
    return error;
}

static int add_entry(struct tree *tree, const struct cpio_entry *entry, struct list *known)
{
    struct tree_node *directory = tree->root, *existing;
    struct path_component last;
    int error;

    if (!plausible(entry))
        return -EINVAL;
    error = walk(&directory, entry->name, &last);
    if (error != 0)
        return error;
    existing = last.length == 0 ? directory : tree_find(directory, last.name, last.length);
    if (existing != NULL && S_ISDIR(entry->mode) && S_ISDIR(existing->attributes.mode))
        return adopt(existing, entry);
    if (existing == tree->root)
        return -EINVAL;
    if (existing != NULL)
        error = remove_name(directory, &last, existing, known);
    return error != 0 ? error : add_name(directory, &last, entry, known);
}

static int read_archive(struct tree *tree, const void *archive, size_t size)
{
    struct list known = LIST_INITIAL(known);
    struct cpio_reader reader;
    struct cpio_entry entry;
    size_t offset;
    int result;

    cpio_init(&reader, archive, size);
    do {
        offset = reader.offset;
        result = cpio_next(&reader, &entry);
        if (result > 0) {
            int error = add_entry(tree, &entry, &known);

            if (error != 0)
                result = error;
        }
    } while (result > 0);
    forget_linked(&known);
    if (result == -EINVAL)
        printk(LOG_ERROR, "initramfs: the cpio archive is corrupt at offset %zu of %zu", offset, size);
    return result;
}

/* ---- the file system ---- */

static int initramfs_unmount(fs_handle fs)
{
    struct tree *tree = (struct tree *)fs;

    tree_destroy(tree);
    kfree(tree);
    return 0;
}

static int initramfs_mount(const char *source, const char *options, struct mount_answer *out)
{
    struct new_node root = { .mode = S_IFDIR | 0755, .now = tree_now() };
    struct tree *tree;
    size_t size;
    const void *archive = boot_archive(&size);
    int error;

    (void)source;
    (void)options;
    if (archive == NULL)
        return -ENODEV;
    tree = kzalloc(sizeof(*tree));
    if (tree == NULL)
        return -ENOMEM;
    error = tree_init(tree, &root);
    if (error != 0) {
        kfree(tree);
        return error;
    }
    error = read_archive(tree, archive, size);
    if (error != 0) {
        initramfs_unmount((fs_handle)tree);
        return error;
    }
    out->fs = (fs_handle)tree;
    tree_answer(tree->root, &out->root);
    return 0;
}

static int initramfs_statistics(fs_handle fs, struct fs_statistics *out)
{
    const struct tree *tree = (const struct tree *)fs;
    size_t size;

    boot_archive(&size);
    *out = (struct fs_statistics){ .magic = RAMFS_MAGIC,
                                   .blocks = PAGES_FOR(size),
                                   .files = tree->node_count };
    return 0;
}

static int initramfs_read_page(node_handle handle, uint64_t index, void *page, bool *hole)
{
    const struct tree_node *file = tree_node_of(handle);
    uint64_t size = file->attributes.size;
    size_t length;

    *hole = index >= PAGES_FOR(size);
    if (*hole)
        return 0;
    length = min(PAGE_SIZE, (size_t)(size - (index << PAGE_SHIFT)));
    memcpy(page, file->data + (index << PAGE_SHIFT), length);
    memset((char *)page + length, 0, PAGE_SIZE - length);
    return 0;
}

/* Nothing can be changed. */

static int refuse_attributes(node_handle node, const struct attributes *attributes, unsigned which)
{
    (void)node;
    (void)attributes;
    (void)which;
    return -EROFS;
}

static int refuse_create(node_handle directory, const struct name *name,
                         const struct new_node *what, struct node_answer *out)
{
    (void)directory;
    (void)name;
    (void)what;
    (void)out;
    return -EROFS;
}

static int refuse_link(node_handle directory, const struct name *name, node_handle node)
{
    (void)directory;
    (void)name;
    (void)node;
    return -EROFS;
}

static int refuse_rename(node_handle from, const struct name *from_name, node_handle to,
                         const struct name *to_name, node_handle node, node_handle displaced,
                         bool exchange)
{
    (void)from;
    (void)from_name;
    (void)to;
    (void)to_name;
    (void)node;
    (void)displaced;
    (void)exchange;
    return -EROFS;
}

static int refuse_size(node_handle file, uint64_t size, uint64_t pages)
{
    (void)file;
    (void)size;
    (void)pages;
    return -EROFS;
}

static const struct file_system_ops fs_ops = {
    .mount = initramfs_mount,
    .unmount = initramfs_unmount,
    .statistics = initramfs_statistics,
    .get_attributes = tree_get_attributes,
    .set_attributes = refuse_attributes,
    .release = tree_release,
};

static const struct directory_ops directory_ops = {
    .lookup = tree_lookup,
    .create = refuse_create,
    .link = refuse_link,
    .unlink = refuse_link,
    .rename = refuse_rename,
    .list = tree_list,
};

static const struct symlink_ops symlink_ops = { .read = tree_read_link };

static const struct paged_file_ops paged_file_ops = {
    .read_page = initramfs_read_page,
    .grow = refuse_size,
    .truncate = refuse_size,
};

const struct file_system_type initramfs_type = {
    .name = "initramfs",
    .flags = FS_NO_SOURCE,
    .fs = &fs_ops,
    .directory = &directory_ops,
    .symlink = &symlink_ops,
    .paged_file = &paged_file_ops,
};
