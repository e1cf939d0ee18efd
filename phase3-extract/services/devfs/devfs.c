/* devfs: the device table as a directory, mounted on /dev.
 *
 * Each mount starts with a node for every registered device and the customary links; after that it
 * is a tree like any other, in which programs may make directories, links and nodes. */
#include "service.h"

#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include <platform/heap.h>
#include <platform/page.h>

#include <lib/path.h>
#include <lib/string.h>

#include <fs/device.h>
#include "memory_devices.h"
#include <tree/tree.h>

/* The directory of this name in `*directory`, made if need be. */
static int enter_directory(struct tree_node **directory, const struct path_component *part)
{
    struct new_node missing = { .mode = S_IFDIR | 0755, .now = tree_now() };
    struct tree_node *child = tree_find(*directory, part->name, part->length);
    int error = 0;

    if (child == NULL)
        error = tree_add(*directory, part->name, part->length, &missing, &child);
    if (error == 0)
        *directory = child;
    return error;
}

/* Adds a node under a name that may lie in a subdirectory ("directory/name"). */
static int add_node(struct tree *tree, const char *name, const struct new_node *what)
{
    struct tree_node *directory = tree->root, *node;
    struct path_component part;
    int error = 0;

    while (error == 0 && path_next_component(&name, &part)) {
        if (part.last)
            return tree_add(directory, part.name, part.length, what, &node);
        error = enter_directory(&directory, &part);
    }
    return error;
}

static int add_devices(struct tree *tree)
{
    struct device_information device;
    int error = 0;

    for (size_t i = 0; error == 0 && device_information(i, &device); i++) {
        if (device.name[0] == '\0') /* shown elsewhere */
            continue;
        struct new_node what = { .mode = S_IFCHR | device.permissions,
                                 .device = device.number,
                                 .now = tree_now() };

        error = add_node(tree, device.name, &what);
    }
    return error;
}

static int add_links(struct tree *tree)
{
    static const struct {
        const char *name, *target;
    } links[] = {
        { "fd", "/proc/self/fd" },
        { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" },
        { "stderr", "/proc/self/fd/2" },
    };
    int error = 0;

    for (size_t i = 0; error == 0 && i < sizeof(links) / sizeof(links[0]); i++) {
        struct new_node what = { .mode = S_IFLNK | 0777,
                                 .target = links[i].target,
                                 .target_length = strlen(links[i].target),
                                 .now = tree_now() };

        error = add_node(tree, links[i].name, &what);
    }
    return error;
}

static int devfs_unmount(fs_handle fs)
{
    struct tree *tree = (struct tree *)fs;

    tree_destroy(tree);
    kfree(tree);
    return 0;
}

static int devfs_mount(const char *source, const char *options, struct mount_answer *out)
{
    struct new_node root = { .mode = S_IFDIR | 0755, .now = tree_now() };
    struct frame_statistics memory;
    struct tree *tree;
    int error;

    (void)source;
    (void)options;
    frame_statistics(&memory);
    tree = kzalloc(sizeof(*tree));
    if (tree == NULL)
        return -ENOMEM;
    /* Somebody will redirect into a misspelt device name: let that not eat the machine. */
    tree->page_limit = memory.total / 8;
    tree->node_limit = memory.total / 8;
    error = tree_init(tree, &root);
    if (error != 0) {
        kfree(tree);
        return error;
    }
    error = add_devices(tree);
    if (error == 0)
        error = add_links(tree);
    if (error != 0) {
        devfs_unmount((fs_handle)tree);
        return error;
    }
    out->fs = (fs_handle)tree;
    tree_answer(tree->root, &out->root);
    return 0;
}

static int devfs_statistics(fs_handle fs, struct fs_statistics *out)
{
    const struct tree *tree = (const struct tree *)fs;

    *out = (struct fs_statistics){
        .magic = TMPFS_MAGIC, /* what Linux tells of its devtmpfs */
        .blocks = tree->page_limit,
        .free_blocks = tree->page_limit - tree->pages,
        .files = tree->node_limit,
        .free_files = tree->node_limit - tree->node_count,
    };
    return 0;
}

static const struct file_system_ops fs_ops = {
    .mount = devfs_mount,
    .unmount = devfs_unmount,
    .statistics = devfs_statistics,
    .get_attributes = tree_get_attributes,
    .set_attributes = tree_set_attributes,
    .release = tree_release,
};

static const struct directory_ops directory_ops = {
    .lookup = tree_lookup,
    .create = tree_create,
    .link = tree_link,
    .unlink = tree_unlink,
    .rename = tree_rename,
    .list = tree_list,
};

static const struct symlink_ops symlink_ops = { .read = tree_read_link };

static const struct paged_file_ops paged_file_ops = {
    .read_page = tree_read_hole,
    .grow = tree_grow,
    .truncate = tree_truncate,
};

const struct file_system_type devfs_type = {
    .name = "devtmpfs", /* as Linux calls what serves the same purpose */
    .flags = FS_PINNED | FS_NO_SOURCE,
    .fs = &fs_ops,
    .directory = &directory_ops,
    .symlink = &symlink_ops,
    .paged_file = &paged_file_ops,
};

int devfs_init(void)
{
    int error = memory_devices_register();

    return error != 0 ? error : kmsg_register();
}
