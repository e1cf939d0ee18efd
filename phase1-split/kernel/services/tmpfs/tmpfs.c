/* tmpfs: a tree whose file data is nowhere but in Core's page cache.  tmpfs(5).
 *
 * So there is little left to do here: the mount options, which limit it, and statfs(2). */
#include "service.h"

#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/page.h>

#include <lib/string.h>

#include <tree/mount_options.h>
#include <tree/tree.h>

struct tmpfs_options {
    uint64_t pages, nodes; /* 0: no limit */
    uint64_t mode, uid, gid;
};

/* Half of the machine's memory, and as many nodes: Linux's defaults. */
static void default_options(struct tmpfs_options *options)
{
    struct frame_statistics memory;

    frame_statistics(&memory);
    *options = (struct tmpfs_options){ .pages = memory.total / 2,
                                       .nodes = memory.total / 2,
                                       .mode = 01777 };
}

/* A number with one of the suffixes k, m, g (or their capitals).  0 or -EINVAL. */
static int parse_scaled(char *text, uint64_t *out)
{
    static const char suffixes[] = "kmgKMG";
    size_t length = strlen(text);
    const char *suffix = length == 0 ? NULL : strchr(suffixes, text[length - 1]);
    unsigned shift = suffix == NULL ? 0 : 10 * (unsigned)((suffix - suffixes) % 3 + 1);

    if (suffix != NULL)
        text[length - 1] = '\0';
    if (string_to_u64(text, 0, out) != 0 || *out > UINT64_MAX >> 1 >> shift)
        return -EINVAL;
    *out <<= shift;
    return 0;
}

/* "size=": bytes, or a percentage of memory. */
static int parse_size(char *text, uint64_t *pages)
{
    struct frame_statistics memory;
    size_t length = strlen(text);
    uint64_t number;

    if (length > 0 && text[length - 1] == '%') {
        text[length - 1] = '\0';
        if (string_to_u64(text, 10, &number) != 0 || number > 1000)
            return -EINVAL;
        frame_statistics(&memory);
        *pages = memory.total * number / 100;
        return 0;
    }
    if (parse_scaled(text, &number) != 0)
        return -EINVAL;
    *pages = PAGES_FOR(number);
    return 0;
}

static int parse_option(const char *key, char *value, struct tmpfs_options *options)
{
    if (strcmp(key, "size") == 0)
        return parse_size(value, &options->pages);
    if (strcmp(key, "nr_blocks") == 0)
        return parse_scaled(value, &options->pages);
    if (strcmp(key, "nr_inodes") == 0)
        return parse_scaled(value, &options->nodes);
    if (strcmp(key, "mode") == 0)
        return mount_option_number(value, 8, 07777, &options->mode);
    if (strcmp(key, "uid") == 0)
        return mount_option_number(value, 10, UINT32_MAX - 1, &options->uid);
    if (strcmp(key, "gid") == 0)
        return mount_option_number(value, 10, UINT32_MAX - 1, &options->gid);
    return -EINVAL;
}

/* Every option has a value; unknown ones are refused. */
static int parse_options(const char *text, struct tmpfs_options *options)
{
    struct mount_option option;
    int error;

    while ((error = mount_option_next(&text, &option)) > 0) {
        error = option.value == NULL ? -EINVAL : parse_option(option.key, option.value, options);
        if (error != 0)
            return error;
    }
    return error;
}

static int tmpfs_mount(const char *source, const char *options, struct mount_answer *out)
{
    struct tmpfs_options chosen;
    struct new_node root = { .now = tree_now() };
    struct tree *tree;
    int error;

    (void)source;
    default_options(&chosen);
    error = parse_options(options, &chosen);
    if (error != 0)
        return error;
    tree = kzalloc(sizeof(*tree));
    if (tree == NULL)
        return -ENOMEM;
    tree->page_limit = chosen.pages;
    tree->node_limit = chosen.nodes;
    root.mode = S_IFDIR | (uint32_t)chosen.mode;
    root.uid = (uint32_t)chosen.uid;
    root.gid = (uint32_t)chosen.gid;
    error = tree_init(tree, &root);
    if (error != 0) {
        kfree(tree);
        return error;
    }
    out->fs = (fs_handle)tree;
    tree_answer(tree->root, &out->root);
    return 0;
}

static int tmpfs_unmount(fs_handle fs)
{
    struct tree *tree = (struct tree *)fs;

    tree_destroy(tree);
    kfree(tree);
    return 0;
}

static int tmpfs_statistics(fs_handle fs, struct fs_statistics *out)
{
    const struct tree *tree = (const struct tree *)fs;

    *out = (struct fs_statistics){
        .magic = TMPFS_MAGIC,
        .blocks = tree->page_limit,
        .free_blocks = tree->page_limit == 0 ? 0 : tree->page_limit - tree->pages,
        .files = tree->node_limit,
        .free_files = tree->node_limit == 0 ? 0 : tree->node_limit - tree->node_count,
    };
    return 0;
}

static const struct file_system_ops fs_ops = {
    .mount = tmpfs_mount,
    .unmount = tmpfs_unmount,
    .statistics = tmpfs_statistics,
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

const struct file_system_type tmpfs_type = {
    .name = "tmpfs",
    .flags = FS_PINNED | FS_NO_SOURCE,
    .fs = &fs_ops,
    .directory = &directory_ops,
    .symlink = &symlink_ops,
    .paged_file = &paged_file_ops,
};
