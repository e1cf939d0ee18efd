/* Fills the root from the initramfs.
 *
 * The archive is mounted like any other file system, over the root for as long as the copy takes,
 * and copied by the functions that system calls use: name by name, page by page.  Directories wait
 * in a queue, not on the stack, so the depth of the archive does not matter. */
#include <fs/populate.h>

#include <linux/errno.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include <platform/heap.h>
#include <platform/page.h>

#include <lib/bits.h>
#include <lib/hash.h>
#include <lib/radix_tree.h>

#include <fs/archive.h>
#include <fs/page_cache.h>
#include <fs/private.h>

#define ENTRIES_AT_ONCE 16 /* names listed by one call */
#define ALL_ATTRIBUTES  (SET_MODE | SET_UID | SET_GID | SET_ACCESSED | SET_MODIFIED | SET_CHANGED)

static const struct boot_information *source; /* while the root is filled */

/* A directory that exists on both sides and whose entries are still to be copied. */
struct pending_directory {
    struct list queue;
    struct dentry *from, *to; /* referenced */
};

struct copy {
    struct mount *mount;      /* where to */
    struct list queue;        /* of struct pending_directory */
    struct radix_tree linked; /* inode number in the archive to the copy's inode, referenced */
    struct directory_entry entries[ENTRIES_AT_ONCE];
};

static int enqueue(struct copy *copy, struct dentry *from, struct dentry *to)
{
    struct pending_directory *pending = kmalloc(sizeof(*pending));

    if (pending == NULL)
        return -ENOMEM;
    dentry_get(from);
    dentry_get(to);
    pending->from = from;
    pending->to = to;
    list_add_tail(&copy->queue, &pending->queue);
    return 0;
}

static void free_pending(struct pending_directory *pending)
{
    dentry_put(pending->from);
    dentry_put(pending->to);
    kfree(pending);
}

static int copy_attributes(const struct inode *from, struct inode *to)
{
    return inode_set_attributes(to, &from->attributes, ALL_ATTRIBUTES);
}

/* ---- data ---- */

static int copy_page(struct inode *from, struct inode *to, uint64_t position)
{
    size_t length = min(PAGE_SIZE, (size_t)(from->attributes.size - position));
    struct user_buffer data;
    struct frame *frame;
    int error = page_cache_get(from, position >> PAGE_SHIFT, false, &frame);

    if (error != 0)
        return error;
    user_buffer_init_kernel(&data, frame_data(frame), length);
    error = page_cache_write(to, &data, position);
    frame_put(frame);
    return error != 0 ? error : data.done == length ? 0 : -ENOSPC;
}

static int copy_data(struct inode *from, struct inode *to)
{
    int error = 0;

    for (uint64_t position = 0; error == 0 && position < from->attributes.size;
         position += PAGE_SIZE)
        error = copy_page(from, to, position);
    page_cache_drop(from); /* nobody reads the archive's copy again */
    return error;
}

/* ---- names ---- */

static int make_node(struct path_target *target, struct inode *from)
{
    char *buffer = NULL;
    const char *link_target = NULL;
    int error = 0;

    if (S_ISLNK(from->attributes.mode)) {
        buffer = kmalloc(PAGE_SIZE);
        error = buffer == NULL ? -ENOMEM : inode_read_link(from, buffer, &link_target);
    }
    if (error == 0)
        error = vfs_create(target, from->attributes.mode, from->attributes.device, link_target);
    kfree(buffer);
    return error;
}

static void release_linked(void *inode, uint64_t number, void *context)
{
    (void)number;
    (void)context;
    inode_put(inode);
}

/* A node of its own under the name in `target`; if it has more names, they will be links to it. */
static int copy_new(struct copy *copy, struct dentry *from, struct path_target *target)
{
    struct inode *inode = from->inode, *made;
    int error = make_node(target, inode);

    if (error != 0)
        return error;
    made = target->dentry->inode;
    if (S_ISDIR(inode->attributes.mode))
        return enqueue(copy, from, target->dentry);
    if (S_ISREG(inode->attributes.mode))
        error = copy_data(inode, made);
    if (error == 0 && inode->attributes.links > 1) {
        error = radix_tree_insert(&copy->linked, inode->attributes.number, made);
        if (error == 0)
            inode_get(made);
    }
    return error != 0 ? error : copy_attributes(inode, made);
}

static int copy_name(struct copy *copy, const struct pending_directory *directory,
                     const struct name *name)
{
    struct path_target target = { .directory = { copy->mount, directory->to },
                                  .last = LAST_NORMAL };
    struct inode *linked;
    struct dentry *from;
    int error = dentry_lookup(directory->from, name, &from);

    if (error != 0)
        return error;
    error = from->inode == NULL ? -EIO : dentry_lookup(directory->to, name, &target.dentry);
    if (error == 0) {
        linked = radix_tree_lookup(&copy->linked, from->inode->attributes.number);
        error = linked != NULL ? vfs_link(&target, linked) : copy_new(copy, from, &target);
        dentry_put(target.dentry);
    }
    dentry_put(from);
    return error;
}

static int copy_entries(struct copy *copy, const struct pending_directory *directory)
{
    const struct inode *from = directory->from->inode;
    uint64_t cookie = 0;
    size_t count = 1;
    int error = 0;

    while (error == 0 && count > 0) {
        error = from->fs->type->directory->list(from->node, cookie, copy->entries, ENTRIES_AT_ONCE,
                                                &count);
        for (size_t i = 0; error == 0 && i < count; i++) {
            const struct directory_entry *entry = &copy->entries[i];
            struct name name = { entry->name, entry->length,
                                 hash_name(0, entry->name, entry->length) };

            error = copy_name(copy, directory, &name);
            cookie = entry->next;
        }
    }
    /* Last, because each new name has set the directory's times. */
    return error != 0 ? error : copy_attributes(from, directory->to->inode);
}

static int copy_tree(struct copy *copy, struct dentry *from, struct dentry *to)
{
    int error = enqueue(copy, from, to);
    struct list *next;

    while ((next = list_take_first(&copy->queue)) != NULL) {
        struct pending_directory *pending = container_of(next, struct pending_directory, queue);

        if (error == 0)
            error = copy_entries(copy, pending);
        free_pending(pending);
    }
    radix_tree_clear(&copy->linked, release_linked, NULL);
    return error;
}

/* ---- the whole ---- */

static int copy_mounted(const struct path *to)
{
    struct copy *copy = kzalloc(sizeof(*copy));
    struct mount *archive = mount_on(to->mount, to->dentry);
    struct path from = { archive, archive->root };
    int error, unmount_error;

    if (copy == NULL)
        error = -ENOMEM;
    else {
        copy->mount = to->mount;
        list_init(&copy->queue);
        error = copy_tree(copy, from.dentry, to->dentry);
        kfree(copy);
    }
    path_get(&from);
    unmount_error = vfs_unmount(&from, UNMOUNT);
    path_put(&from);
    return error != 0 ? error : unmount_error;
}

const void *boot_archive(size_t *size)
{
    *size = source ? source->initramfs_size : 0;
    return source ? source->initramfs : NULL;
}

int populate_root(const struct boot_information *boot)
{
    struct path root = { mount_root(), mount_root()->root };
    int error;

    source = boot;
    error = vfs_mount("initramfs", "initramfs", "", MS_RDONLY, &root);
    if (error == 0)
        error = copy_mounted(&root);
    source = NULL;
    return error;
}
