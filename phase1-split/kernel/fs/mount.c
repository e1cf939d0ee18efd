/* Mounts: which file system stands where.  The list of all mounts is short, so crossing a
 * mountpoint searches it; a dentry's count of mounts tells the path walk when to.
 * mount(2), umount2(2), mount_namespaces(7). */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include <fs/device.h>
#include <lib/string.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/panic.h>

/* What a mount remembers of mount(2)'s flags. */
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

static const struct file_system_type *types[FILE_SYSTEM_TYPES];
static struct list mounts = LIST_INITIAL(mounts); /* in the order they were made */
static struct mount *root_mount;
static uint32_t next_id = 1, next_device = 1;

/* ---- types ---- */

void vfs_register(const struct file_system_type *type)
{
    for (size_t i = 0; i < FILE_SYSTEM_TYPES; i++) {
        if (!types[i]) {
            types[i] = type;
            return;
        }
    }
    panic("no room for the file system type %s", type->name);
}

const struct file_system_type *vfs_type(size_t index)
{
    return index < FILE_SYSTEM_TYPES ? types[index] : NULL;
}

static const struct file_system_type *find_type(const char *name)
{
    for (size_t i = 0; i < FILE_SYSTEM_TYPES && types[i]; i++)
        if (strcmp(types[i]->name, name) == 0)
            return types[i];
    return NULL;
}

/* ---- instances ---- */

/* If an instance of a pinned type starts without names, Core will have seen every name made. */
static bool starts_empty(const struct file_system_type *type, node_handle root)
{
    static struct directory_entry entry;
    size_t found = 0;

    return (type->flags & FS_PINNED) && type->directory->list(root, 0, &entry, 1, &found) == 0 &&
           found == 0;
}

static int root_create(struct file_system *fs, const struct node_answer *answer)
{
    static const struct name no_name = { .text = "", .length = 0 };
    struct inode *inode;
    int error = inode_from_answer(fs, answer, &inode);

    if (error)
        return error;
    error = inode_is_directory(inode) ? dentry_create(fs, NULL, &no_name, inode, &fs->root) : -EIO;
    if (error) {
        inode_put(inode);
        return error;
    }
    fs->root->complete = starts_empty(fs->type, answer->node);
    return 0;
}

/* A new instance with its root and one reference. */
static int instance_create(const struct file_system_type *type, const char *source,
                           const char *options, struct file_system **out)
{
    struct file_system *fs = kzalloc(sizeof(*fs));
    struct mount_answer answer;

    if (!fs)
        return -ENOMEM;
    int error = type->fs->mount(source, options, &answer);

    if (error) {
        kfree(fs);
        return error;
    }
    fs->type = type;
    fs->handle = answer.fs;
    fs->device = device_number(0, next_device++);
    fs->references = 1;
    list_init(&fs->inodes);
    error = root_create(fs, &answer.root);
    if (error) {
        file_system_put(fs);
        return error;
    }
    *out = fs;
    return 0;
}

/* Nothing is mounted from it any more, so nobody has a path into it. */
static void instance_leave(struct file_system *fs)
{
    if (--fs->mounts > 0)
        return;
    dentry_drop_tree(fs->root);
    file_system_put(fs);
}

/* ---- mounts ---- */

void mount_get(struct mount *mount)
{
    mount->references++;
}

void mount_put(struct mount *mount)
{
    if (--mount->references > 0)
        return;
    dentry_put(mount->root);
    instance_leave(mount->fs);
    kfree(mount->source);
    kfree(mount);
}

/* A mount of `root`, nowhere yet; one reference. */
static int mount_create(struct file_system *fs, struct dentry *root, const char *source,
                        unsigned flags, struct mount **out)
{
    struct mount *mount = kzalloc(sizeof(*mount));
    size_t size = strlen(source) + 1;
    char *copy = kmalloc(size);

    if (!mount || !copy) {
        kfree(mount);
        kfree(copy);
        return -ENOMEM;
    }
    memcpy(copy, source, size);
    dentry_get(root);
    fs->mounts++;
    *mount = (struct mount){ .references = 1,
                             .flags = flags & MOUNT_FLAGS,
                             .id = next_id++,
                             .root = root,
                             .fs = fs,
                             .source = copy };
    list_add_tail(&mounts, &mount->all);
    *out = mount;
    return 0;
}

static void attach(struct mount *mount, const struct path *where)
{
    mount->parent = where->mount;
    mount->mountpoint = where->dentry;
    mount_get(mount->parent);
    dentry_set_mountpoint(mount->mountpoint, true);
}

static struct mount *child_of(const struct mount *parent)
{
    struct mount *mount;

    list_for_each_entry(mount, &mounts, all)
        if (mount->parent == parent)
            return mount;
    return NULL;
}

/* Takes a mount, and what is mounted inside it, out of the tree of names. */
static void detach(struct mount *mount)
{
    struct mount *child;

    while ((child = child_of(mount)))
        detach(child);
    list_remove(&mount->all);
    dentry_set_mountpoint(mount->mountpoint, false);
    mount_put(mount->parent);
    mount->parent = NULL;
    mount->mountpoint = NULL;
    mount_put(mount);
}

struct mount *mount_on(const struct mount *parent, const struct dentry *dentry)
{
    struct mount *mount;

    list_for_each_entry(mount, &mounts, all)
        if (mount->parent == parent && mount->mountpoint == dentry)
            return mount;
    return NULL;
}

bool mount_skips_access(const struct mount *mount)
{
    return (mount->flags & (MS_RDONLY | MS_NOATIME)) != 0;
}

int mount_writable(const struct mount *mount)
{
    return (mount->flags & MS_RDONLY) ? -EROFS : 0;
}

struct mount *mount_root(void)
{
    return root_mount;
}

struct mount *mount_next(const struct mount *previous)
{
    struct list *next = previous ? previous->all.next : mounts.next;

    return next == &mounts ? NULL : container_of(next, struct mount, all);
}

/* ---- mount(2) and umount2(2) ---- */

static int mount_instance(const char *type_name, const char *source, const char *options,
                          unsigned flags, struct mount **out)
{
    const struct file_system_type *type = find_type(type_name);
    struct file_system *fs;

    if (!type)
        return -ENODEV;
    int error = instance_create(type, source, options, &fs);

    if (error)
        return error;
    error = mount_create(fs, fs->root, source, flags, out);
    if (error) {
        dentry_drop_tree(fs->root);
        file_system_put(fs);
    }
    return error;
}

/* A second place for what can be seen at `source` already. */
static int mount_bind(const char *source, const struct path *where, struct mount **out)
{
    struct path from;
    int error = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

    if (error)
        return error;
    if (inode_is_directory(path_inode(&from)) != inode_is_directory(path_inode(where)))
        error = -ENOTDIR;
    else if (!from.mount->fs || from.dentry->unlinked)
        error = -EINVAL;
    else
        error =
            mount_create(from.mount->fs, from.dentry, from.mount->source, from.mount->flags, out);
    path_put(&from);
    return error;
}

int vfs_mount(const char *type, const char *source, const char *options, unsigned flags,
              const struct path *where)
{
    struct mount *mount;
    int error;

    if (where->dentry->unlinked)
        return -ENOENT;
    if (!where->mount->fs)
        return -EINVAL;
    if (flags & MS_BIND)
        error = mount_bind(source, where, &mount);
    else if (!inode_is_directory(path_inode(where)))
        error = -ENOTDIR;
    else
        error = mount_instance(type, source, options, flags, &mount);
    if (!error)
        attach(mount, where);
    return error;
}

int vfs_remount(const struct path *where, unsigned flags)
{
    if (where->dentry != where->mount->root)
        return -EINVAL;
    if ((flags & MS_RDONLY) && where->mount->writers > 0)
        return -EBUSY;
    where->mount->flags = flags & MOUNT_FLAGS;
    return 0;
}

int vfs_unmount(const struct path *where, bool lazy)
{
    struct mount *mount = where->mount;

    /* Without a parent it is the root, which stays as Linux's first one does, or it is nowhere. */
    if (where->dentry != mount->root || !mount->parent)
        return -EINVAL;
    /* One reference is that of being mounted, one is `where`. */
    if (!lazy && mount->references > 2)
        return -EBUSY;
    detach(mount);
    return 0;
}

int vfs_mount_root(const char *type)
{
    dentry_table_init();
    inode_table_init();
    return mount_instance(type, type, "", 0, &root_mount);
}
