/* procfs: processes and the system as files.  proc(5).
 *
 * This file turns the tables of struct proc_item into a file system; file.c is about open
 * files.  Nodes are made when somebody looks a name up and freed when Core has forgotten them; one
 * that is known is found again by its number, so that Core meets the same node under the same
 * name. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include <platform/heap.h>
#include <platform/memory.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <lib/hash.h>
#include <lib/list.h>
#include <lib/string.h>

#include <process/wall_time.h>
#include "service.h"

#define TABLE_SIZE    64
#define FD_LINK_SIZE  64  /* st_size of a magic link, as Linux tells it */
#define LIST_NUMBERED 256 /* cookie of number 0; named entries lie below */

struct proc_fs {
    struct list table[TABLE_SIZE]; /* of struct proc_node.same_hash */
};

static struct proc_node *node_of(node_handle handle)
{
    return (struct proc_node *)handle;
}

static int subject_of(const struct proc_node *node, struct proc_subject *out)
{
    return proc_subject_find(node->pid, node->born, node->key, out);
}

/* ---- nodes ---- */

#define IDENTITY_ROOT 1

/* A number for each name that there can be.  Directory ids start at 1: this is never the root's. */
static uint64_t identity_of(const struct proc_directory *directory, const struct proc_item *item,
                            int32_t pid, int32_t key)
{
    uint64_t index = item == directory->numbered ? PROC_ITEMS : (uint64_t)(item - directory->items);

    return index | directory->id << 6 | (uint64_t)(uint32_t)key << 12 | (uint64_t)pid << 32;
}

static struct proc_node *find_node(const struct list *bucket, uint64_t identity)
{
    struct proc_node *node;

    list_for_each_entry(node, bucket, same_hash)
        if (node->identity == identity)
            return node;
    return NULL;
}

/* The number of a node in the place of a stale one, which Core still holds under the plain one. */
static uint64_t another_number(uint64_t identity)
{
    static uint64_t generation;

    return identity | (++generation % 127 + 1) << 56;
}

static int make_node(struct proc_fs *fs, uint64_t identity, struct proc_node **out)
{
    struct list *bucket = &fs->table[hash_u64(identity) % TABLE_SIZE];
    uint64_t now = wall_clock();
    struct proc_node *node = kzalloc(sizeof(*node));

    if (node == NULL)
        return -ENOMEM;
    node->fs = fs;
    node->identity = node->number = identity;
    node->made.seconds = (int64_t)(now / 1000000000);
    node->made.nanoseconds = (uint32_t)(now % 1000000000);
    list_add(bucket, &node->same_hash);
    *out = node;
    return 0;
}

/* The node of a name in `directory`, known or new. */
static int get_node(struct proc_node *directory, const struct proc_item *item, int32_t pid,
                    int32_t key, const struct proc_subject *subject, struct proc_node **out)
{
    uint64_t identity = identity_of(directory->item->directory, item, pid, key);
    struct list *bucket = &directory->fs->table[hash_u64(identity) % TABLE_SIZE];
    struct proc_node *node = find_node(bucket, identity), *stale = NULL;
    int error;

    if (node != NULL && node->born != proc_subject_born(subject)) {
        stale = node;
        node = NULL;
    }
    if (node == NULL) {
        error = make_node(directory->fs, identity, &node);
        if (error != 0)
            return error;
        node->item = item;
        node->setting = directory->setting || item->directory == &proc_sys_directory;
        node->pid = pid;
        node->key = key;
        node->born = proc_subject_born(subject);
    }
    if (stale != NULL) {
        list_remove(&stale->same_hash);
        node->number = another_number(identity);
    }
    *out = node;
    return 0;
}

static uint32_t count_links(const struct proc_directory *directory,
                            const struct proc_subject *subject)
{
    uint32_t links = 2;

    for (size_t i = 0; i < directory->count; i++)
        links += S_ISDIR(directory->items[i].mode);
    if (directory->id == PROC_TASKS)
        links += proc_task_count(subject);
    return directory->id == PROC_ROOT ? links + proc_process_count() : links;
}

/* Whoever may not be looked into, because it changed its user, may still look at its own
 * descriptors: to itself their directories are its own. */
static bool is_own_table(const struct proc_item *item, const struct proc_subject *subject)
{
    return (item->directory == &proc_fd_directory || item->directory == &proc_fdinfo_directory) &&
           proc_is_self(subject);
}

static void fill_attributes(const struct proc_node *node, const struct proc_subject *subject,
                            struct attributes *out)
{
    const struct proc_item *item = node->item;

    *out = (struct attributes){
        .number = node->number,
        .mode = item->mode,
        .links = S_ISDIR(item->mode) ? count_links(item->directory, subject) : 1,
        .device = item->network_file != NETWORK_FILE_NONE ? network_file_number(item->network_file)
                                                          : 0,
        .size = item->permissions != NULL ? FD_LINK_SIZE : 0,
        .accessed = node->made,
        .modified = node->made,
        .changed = node->made,
    };
    /* A node whose process is gone is root's, and empty. */
    if (proc_process_id(subject) != node->pid)
        return;
    proc_owner(subject, item->mode == (S_IFDIR | 0555) || is_own_table(item, subject), &out->uid,
               &out->gid);
    if (item->permissions != NULL)
        out->mode = (item->mode & S_IFMT) | item->permissions(subject);
}

static void answer(struct proc_node *node, const struct proc_subject *subject,
                   struct node_answer *out)
{
    out->node = (node_handle)node;
    fill_attributes(node, subject, &out->attributes);
}

static int procfs_release(node_handle handle)
{
    struct proc_node *node = node_of(handle);

    list_remove(&node->same_hash);
    kfree(node);
    return 0;
}

static int procfs_get_attributes(node_handle handle, struct attributes *out)
{
    const struct proc_node *node = node_of(handle);
    struct proc_subject subject;

    subject_of(node, &subject); /* the system's if the process is gone */
    fill_attributes(node, &subject, out);
    return 0;
}

static int procfs_set_attributes(node_handle node, const struct attributes *attributes,
                                 unsigned which)
{
    (void)node;
    (void)attributes;
    (void)which;
    return -EPERM;
}

/* ---- the instance ---- */

static int procfs_mount(const char *source, const char *options, struct mount_answer *out)
{
    static const struct proc_subject the_system;
    struct proc_fs *fs = kmalloc(sizeof(*fs));
    struct proc_node *root;
    int error;

    (void)source;
    (void)options;
    if (fs == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < TABLE_SIZE; i++)
        list_init(&fs->table[i]);
    error = make_node(fs, IDENTITY_ROOT, &root);
    if (error != 0) {
        kfree(fs);
        return error;
    }
    root->item = &proc_root_item;
    out->fs = (fs_handle)fs;
    answer(root, &the_system, &out->root);
    return 0;
}

static int procfs_unmount(fs_handle fs)
{
    kfree(fs);
    return 0;
}

static int procfs_statistics(fs_handle fs, struct fs_statistics *out)
{
    (void)fs;
    *out = (struct fs_statistics){ .magic = PROC_SUPER_MAGIC };
    return 0;
}

/* ---- directories ---- */

/* A name as the number it stands for; -1 if it is none.  No leading zeros, as the lists have it. */
static int32_t parse_number(const struct name *name)
{
    char digits[10];
    uint64_t number;

    if (name->length >= sizeof(digits) || (name->length > 1 && name->text[0] == '0'))
        return -1;
    memcpy(digits, name->text, name->length);
    digits[name->length] = '\0';
    return string_to_u64(digits, 10, &number) != 0 || number > 0xfffff ? -1 : (int32_t)number;
}

static const struct proc_item *find_item(const struct proc_directory *directory,
                                         const struct name *name)
{
    for (size_t i = 0; i < directory->count; i++)
        if (strlen(directory->items[i].name) == name->length &&
            memcmp(directory->items[i].name, name->text, name->length) == 0)
            return &directory->items[i];
    return NULL;
}

/* The numbers in the root are processes; further down they belong to one.  The directory's subject
 * becomes the node's. */
static int get_numbered(struct proc_node *node, struct proc_subject *subject, int32_t number,
                        struct proc_node **out)
{
    const struct proc_directory *directory = node->item->directory;

    if (directory->numbered == NULL || number < 0)
        return -ENOENT;
    if (node->pid == 0) {
        if (number == 0 || proc_subject_find(number, UINT64_MAX, 0, subject) != 0)
            return -ENOENT;
        return get_node(node, directory->numbered, number, 0, subject, out);
    }
    if (!directory->has(subject, number))
        return -ENOENT;
    subject->key = number;
    return get_node(node, directory->numbered, node->pid, number, subject, out);
}

static int procfs_lookup(node_handle handle, const struct name *name, struct node_answer *out)
{
    struct proc_node *directory = node_of(handle), *node;
    const struct proc_item *item = find_item(directory->item->directory, name);
    struct proc_subject subject;
    int error;

    /* Linux asks for permission first, and to enter a dead process's directory is ESRCH. */
    if (subject_of(directory, &subject) != 0)
        return directory->item->directory->id == PROC_PROCESS ? -ESRCH : -ENOENT;
    if (item != NULL)
        error = get_node(directory, item, directory->pid, directory->key, &subject, &node);
    else
        error = get_numbered(directory, &subject, parse_number(name), &node);
    if (error == 0)
        answer(node, &subject, out);
    return error;
}

static void fill_entry(struct directory_entry *out, const struct proc_node *directory,
                       const struct proc_item *item, int32_t number)
{
    int32_t pid = directory->pid, key = directory->key;

    if (item->name != NULL) {
        out->length = (uint8_t)string_copy(out->name, item->name, sizeof(out->name));
    } else {
        out->length = (uint8_t)format(out->name, sizeof(out->name), "%d", number);
        *(pid != 0 ? &key : &pid) = number;
    }
    out->number = identity_of(directory->item->directory, item, pid, key);
    out->type = (uint8_t)((item->mode & S_IFMT) >> 12);
}

/* Named entries have their index as cookie, numbered ones their number above them. */
static size_t list_numbered(const struct proc_node *node, const struct proc_subject *subject,
                            uint64_t cookie, struct directory_entry *out, size_t capacity)
{
    const struct proc_directory *directory = node->item->directory;
    int32_t numbers[PROC_KEYS];
    size_t count;

    cookie = max(cookie, (uint64_t)LIST_NUMBERED) - LIST_NUMBERED;
    if (directory->numbered == NULL || cookie > INT32_MAX)
        return 0;
    count = directory->numbers(subject, (int32_t)cookie, numbers, min(capacity, (size_t)PROC_KEYS));
    for (size_t i = 0; i < count; i++) {
        fill_entry(&out[i], node, directory->numbered, numbers[i]);
        out[i].next = LIST_NUMBERED + (uint64_t)numbers[i] + 1;
    }
    return count;
}

static int procfs_list(node_handle handle, uint64_t cookie, struct directory_entry *out,
                       size_t capacity, size_t *count)
{
    const struct proc_node *node = node_of(handle);
    const struct proc_directory *directory = node->item->directory;
    struct proc_subject subject;
    size_t filled = 0;

    if (subject_of(node, &subject) != 0)
        return -ENOENT;
    for (; filled < capacity && cookie < directory->count; filled++) {
        fill_entry(&out[filled], node, &directory->items[cookie], 0);
        out[filled].next = ++cookie;
    }
    if (filled < capacity)
        filled += list_numbered(node, &subject, cookie, out + filled, capacity - filled);
    *count = filled;
    return 0;
}

/* A name that lookup does not know cannot be made either: Linux answers the same. */
static int procfs_create(node_handle directory, const struct name *name,
                         const struct new_node *what, struct node_answer *out)
{
    (void)directory;
    (void)name;
    (void)what;
    (void)out;
    return -ENOENT;
}

static int procfs_link(node_handle directory, const struct name *name, node_handle node)
{
    (void)directory;
    (void)name;
    (void)node;
    return -ENOENT;
}

static int procfs_unlink(node_handle directory, const struct name *name, node_handle node)
{
    (void)directory;
    (void)name;
    (void)node;
    return -EPERM;
}

static int procfs_rename(node_handle from, const struct name *from_name, node_handle to,
                         const struct name *to_name, node_handle node, node_handle displaced,
                         bool exchange)
{
    (void)from;
    (void)from_name;
    (void)to;
    (void)to_name;
    (void)node;
    (void)exchange;
    return displaced == NULL ? -ENOENT : -EPERM;
}

/* ---- symlinks ---- */

/* -EINVAL: none that Core knows, but a text. */
static int link_place(const struct proc_node *link, struct place *out)
{
    *out = (struct place){ link->item->place, link->pid, link->key };
    return link->item->place == PLACE_NONE ? -EINVAL : 0;
}

static int procfs_read_link(node_handle handle, char *target, size_t size, size_t *length)
{
    const struct proc_node *link = node_of(handle);
    struct proc_subject subject;
    struct place place;

    if (subject_of(link, &subject) != 0)
        return -ENOENT;
    return link_place(link, &place) == 0 ? place_name(&place, target, size, length)
                                         : link->item->read_link(&subject, target, size, length);
}

static int procfs_follow(node_handle handle, struct place *out)
{
    const struct proc_node *link = node_of(handle);
    struct proc_subject subject;
    int error = link_place(link, out);

    return error == 0 && subject_of(link, &subject) != 0 ? -ENOENT : error;
}

static const struct file_system_ops fs_ops = {
    .mount = procfs_mount,
    .unmount = procfs_unmount,
    .statistics = procfs_statistics,
    .get_attributes = procfs_get_attributes,
    .set_attributes = procfs_set_attributes,
    .release = procfs_release,
};

static const struct directory_ops directory_ops = {
    .lookup = procfs_lookup,
    .create = procfs_create,
    .link = procfs_link,
    .unlink = procfs_unlink,
    .rename = procfs_rename,
    .list = procfs_list,
};

static const struct symlink_ops symlink_ops = { .read = procfs_read_link, .follow = procfs_follow };

const struct file_system_type procfs_type = {
    .name = "proc",
    .flags = FS_VOLATILE | FS_NO_SOURCE,
    .fs = &fs_ops,
    .directory = &directory_ops,
    .symlink = &symlink_ops,
    .file = &proc_file_ops,
};
