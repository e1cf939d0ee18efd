/* devpts: the names of pseudo-terminals, mounted on /dev/pts.
 *
 * There is a name for each whose master is open, and Core's table is asked for them each time.
 * What is kept here is only what chmod(2) and chown(2) have made of their nodes, until another
 * pseudo-terminal gets the same name.  Linux's Documentation/filesystems/devpts.rst. */
#include "service.h"

#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include <platform/heap.h>

#include <lib/format.h>
#include <lib/string.h>

#include <service_param.h>
#include <tree/mount_options.h>
#include <tree/tree.h>
#include <tty/pty_information.h>

#define MULTIPLEXER        "ptmx"
#define ROOT_NUMBER        1 /* of inodes */
#define MULTIPLEXER_NUMBER 2
#define FIRST_NUMBER       3 /* of pseudo-terminal 0 */

struct devpts_node {
    struct devpts *fs;
    uint64_t serial; /* of the pseudo-terminal that `attributes` are about; 0: none yet */
    struct attributes attributes;
};

struct devpts_options {
    bool has_uid, has_gid; /* else a node belongs to whoever made the pseudo-terminal */
    uint64_t uid, gid, mode, multiplexer_mode;
};

struct devpts {
    struct devpts_options options;
    struct devpts_node root, multiplexer;
    struct devpts_node terminals[PTY_LIMIT];
};

static struct devpts_node *of(node_handle handle)
{
    return (struct devpts_node *)handle;
}

/* ---- nodes ---- */

static void node_make(struct devpts *fs, struct devpts_node *node, uint64_t number, uint32_t mode,
                      struct timestamp now)
{
    node->fs = fs;
    node->attributes = (struct attributes){
        .number = number,
        .mode = mode,
        .links = S_ISDIR(mode) ? 2 : 1,
        .accessed = now,
        .modified = now,
        .changed = now,
    };
}

static struct devpts_node *terminal_node(struct devpts *fs, const struct pty_information *pty)
{
    struct devpts_node *node = &fs->terminals[pty->index];
    const struct devpts_options *options = &fs->options;

    if (node->serial == pty->serial)
        return node;
    node_make(fs, node, FIRST_NUMBER + pty->index, S_IFCHR | (uint32_t)options->mode, pty->made);
    node->serial = pty->serial;
    node->attributes.device = pty->device;
    node->attributes.uid = options->has_uid ? (uint32_t)options->uid : pty->uid;
    node->attributes.gid = options->has_gid ? (uint32_t)options->gid : pty->gid;
    return node;
}

static void answer(struct devpts_node *node, struct node_answer *out)
{
    out->node = (node_handle)node;
    out->attributes = node->attributes;
}

static int devpts_get_attributes(node_handle node, struct attributes *out)
{
    *out = of(node)->attributes;
    return 0;
}

static int devpts_set_attributes(node_handle node, const struct attributes *attributes,
                                 unsigned which)
{
    struct attributes *mine = &of(node)->attributes;

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

/* Nodes are part of the instance. */
static int devpts_release(node_handle node)
{
    (void)node;
    return 0;
}

/* ---- names ---- */

/* A number as it is written there: without leading zeros. */
static bool parse_index(const struct name *name, unsigned *out)
{
    unsigned index = 0;

    if (name->length > 4 || (name->length > 1 && name->text[0] == '0'))
        return false;
    for (uint32_t i = 0; i < name->length; i++) {
        if (name->text[i] < '0' || name->text[i] > '9')
            return false;
        index = index * 10 + (unsigned)(name->text[i] - '0');
    }
    *out = index;
    return true;
}

static bool is_multiplexer(const struct name *name)
{
    return name->length == strlen(MULTIPLEXER) &&
           strncmp(name->text, MULTIPLEXER, name->length) == 0;
}

static int devpts_lookup(node_handle directory, const struct name *name, struct node_answer *out)
{
    struct devpts *fs = of(directory)->fs;
    struct pty_information pty;
    unsigned index;

    if (is_multiplexer(name)) {
        answer(&fs->multiplexer, out);
        return 0;
    }
    if (!parse_index(name, &index) || !pty_next(index, &pty) || pty.index != index)
        return -ENOENT;
    answer(terminal_node(fs, &pty), out);
    return 0;
}

static void fill_entry(struct directory_entry *entry, uint64_t number, uint64_t next)
{
    entry->number = number;
    entry->next = next;
    entry->type = S_IFCHR >> 12;
}

/* Cookies: 1 after the multiplexer, index + 2 after a pseudo-terminal. */
static int devpts_list(node_handle directory, uint64_t cookie, struct directory_entry *out,
                       size_t capacity, size_t *count)
{
    struct pty_information pty;
    size_t filled = 0;

    (void)directory;
    if (cookie == 0 && capacity > 0) {
        fill_entry(&out[filled], MULTIPLEXER_NUMBER, cookie = 1);
        out[filled].length = (uint8_t)format(out[filled].name, sizeof(out->name), MULTIPLEXER);
        filled++;
    }
    while (filled < capacity && cookie <= PTY_LIMIT && pty_next((unsigned)cookie - 1, &pty)) {
        fill_entry(&out[filled], FIRST_NUMBER + pty.index, cookie = pty.index + 2);
        out[filled].length = (uint8_t)format(out[filled].name, sizeof(out->name), "%u", pty.index);
        filled++;
    }
    *count = filled;
    return 0;
}

/* Names come and go with the pseudo-terminals alone. */
static int devpts_create(node_handle directory, const struct name *name,
                         const struct new_node *what, struct node_answer *out)
{
    (void)directory, (void)name, (void)out;
    return S_ISREG(what->mode) ? -EACCES : -EPERM; /* as Linux, for want of the operation */
}

static int devpts_link(node_handle directory, const struct name *name, node_handle node)
{
    (void)directory, (void)name, (void)node;
    return -EPERM;
}

static int devpts_unlink(node_handle directory, const struct name *name, node_handle node)
{
    (void)directory, (void)name, (void)node;
    return -EPERM;
}

static int devpts_rename(node_handle from, const struct name *from_name, node_handle to,
                         const struct name *to_name, node_handle node, node_handle displaced,
                         bool exchange)
{
    (void)from, (void)from_name, (void)to, (void)to_name, (void)node, (void)displaced;
    (void)exchange;
    return -EPERM;
}

/* ---- the instance ---- */

static int parse_option(const struct mount_option *option, struct devpts_options *options)
{
    const char *key = option->key, *value = option->value;
    uint64_t limit;

    if (strcmp(key, "mode") == 0)
        return mount_option_number(value, 8, 0777, &options->mode);
    if (strcmp(key, "ptmxmode") == 0)
        return mount_option_number(value, 8, 0777, &options->multiplexer_mode);
    if (strcmp(key, "uid") == 0) {
        options->has_uid = true;
        return mount_option_number(value, 10, UINT32_MAX - 1, &options->uid);
    }
    if (strcmp(key, "gid") == 0) {
        options->has_gid = true;
        return mount_option_number(value, 10, UINT32_MAX - 1, &options->gid);
    }
    if (strcmp(key, "max") == 0) /* there is one limit for all instances, PTY_LIMIT */
        return mount_option_number(value, 10, UINT32_MAX, &limit);
    return strcmp(key, "newinstance") == 0 && value == NULL ? 0 : -EINVAL;
}

static int parse_options(const char *text, struct devpts_options *options)
{
    struct mount_option option;
    int error;

    while ((error = mount_option_next(&text, &option)) > 0) {
        error = parse_option(&option, options);
        if (error != 0)
            return error;
    }
    return error;
}

static int devpts_mount(const char *source, const char *options, struct mount_answer *out)
{
    struct devpts *fs = kzalloc(sizeof(*fs));
    struct timestamp now = tree_now();
    int error;

    (void)source;
    if (fs == NULL)
        return -ENOMEM;
    fs->options.mode = 0600;
    error = parse_options(options, &fs->options);
    if (error != 0) {
        kfree(fs);
        return error;
    }
    node_make(fs, &fs->root, ROOT_NUMBER, S_IFDIR | 0755, now);
    node_make(fs, &fs->multiplexer, MULTIPLEXER_NUMBER,
              S_IFCHR | (uint32_t)fs->options.multiplexer_mode, now);
    fs->multiplexer.attributes.device = pty_multiplexer();
    out->fs = (fs_handle)fs;
    answer(&fs->root, &out->root);
    return 0;
}

static int devpts_unmount(fs_handle fs)
{
    kfree((struct devpts *)fs);
    return 0;
}

static int devpts_statistics(fs_handle fs, struct fs_statistics *out)
{
    (void)fs;
    *out = (struct fs_statistics){ .magic = DEVPTS_SUPER_MAGIC };
    return 0;
}

static const struct file_system_ops fs_ops = {
    .mount = devpts_mount,
    .unmount = devpts_unmount,
    .statistics = devpts_statistics,
    .get_attributes = devpts_get_attributes,
    .set_attributes = devpts_set_attributes,
    .release = devpts_release,
};

static const struct directory_ops directory_ops = {
    .lookup = devpts_lookup,
    .create = devpts_create,
    .link = devpts_link,
    .unlink = devpts_unlink,
    .rename = devpts_rename,
    .list = devpts_list,
};

const struct file_system_type devpts_type = {
    .name = "devpts",
    .flags = FS_VOLATILE | FS_NO_SOURCE,
    .fs = &fs_ops,
    .directory = &directory_ops,
};
