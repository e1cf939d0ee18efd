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
#include <process/process.h>

/* What a mount remembers of mount(2)'s flags. */
#define TIME_FLAGS  (MS_NOATIME | MS_NODIRATIME | MS_STRICTATIME)
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | TIME_FLAGS)

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

bool mount_is_read_only(const struct mount *mount)
{
    return (mount->flags & MS_RDONLY) || (mount->fs && mount->fs->read_only);
}

void mount_accessed(const struct mount *mount, struct inode *inode)
{
    bool skip = (mount->flags & MS_NOATIME) || mount_is_read_only(mount) ||
                ((mount->flags & MS_NODIRATIME) && inode_is_directory(inode));

    if (!skip)
        inode_touch(inode,
                    mount->flags & MS_STRICTATIME ? SET_ACCESSED | TOUCH_STRICTLY : SET_ACCESSED);
}

int mount_writable(const struct mount *mount)
{
    return mount_is_read_only(mount) ? -EROFS : 0;
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
    fs->read_only = (flags & MS_RDONLY) != 0;
    error = mount_create(fs, fs->root, source, flags, out);
    if (error) {
        dentry_drop_tree(fs->root);
        file_system_put(fs);
    }
    return error;
}

/* Is it part of the tree of names?  What was unmounted while in use is not. */
static bool is_mounted(const struct mount *mount)
{
    return mount == root_mount || mount->parent;
}

/* Lets go of a mount that was never attached, and of what is mounted inside it. */
static void discard(struct mount *mount)
{
    struct mount *child;

    while ((child = child_of(mount)))
        detach(child);
    list_remove(&mount->all);
    mount_put(mount);
}

/* MS_REC: what is mounted in `source` below `top` is mounted in `copy` as well. */
static int copy_children(const struct mount *source, const struct dentry *top, struct mount *copy)
{
    struct mount *child, *new;

    list_for_each_entry(child, &mounts, all) {
        if (child->parent != source || !dentry_is_ancestor(top, child->mountpoint))
            continue;
        int error = mount_create(child->fs, child->root, child->source, child->flags, &new);

        if (error)
            return error;
        attach(new, &(struct path){ .mount = copy, .dentry = child->mountpoint });
        error = copy_children(child, child->root, new);
        if (error)
            return error;
    }
    return 0;
}

static int copy_mount(const struct path *from, bool children, struct mount **out)
{
    struct mount *source = from->mount;
    int error = mount_create(source->fs, from->dentry, source->source, source->flags, out);

    if (error || !children)
        return error;
    error = copy_children(source, from->dentry, *out);
    if (error)
        discard(*out);
    return error;
}

/* A second place for what can be seen at `source` already. */
static int mount_bind(const char *source, const struct path *where, bool children,
                      struct mount **out)
{
    struct path from;

    if (source[0] == '\0')
        return -EINVAL;
    int error = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

    if (error)
        return error;
    if (!from.mount->fs || !is_mounted(from.mount) || from.dentry->unlinked)
        error = -EINVAL;
    else if (inode_is_directory(path_inode(&from)) != inode_is_directory(path_inode(where)))
        error = -ENOTDIR;
    else
        error = copy_mount(&from, children, out);
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
    if (!where->mount->fs || !is_mounted(where->mount))
        return -EINVAL;
    if (flags & MS_BIND)
        error = mount_bind(source, where, (flags & MS_REC) != 0, &mount);
    else if (!inode_is_directory(path_inode(where)))
        error = -ENOTDIR;
    else
        error = mount_instance(type, source, options, flags, &mount);
    if (!error)
        attach(mount, where);
    return error;
}

/* How many files are open for writing in the file system, whatever mount they came through. */
static uint32_t writers_of(const struct file_system *fs)
{
    const struct mount *mount;
    uint32_t writers = 0;

    list_for_each_entry(mount, &mounts, all)
        if (mount->fs == fs)
            writers += mount->writers;
    return writers;
}

int vfs_remount(const struct path *where, unsigned flags)
{
    struct mount *mount = where->mount;
    bool this_place_only = (flags & MS_BIND) != 0;

    if (where->dentry != mount->root || !mount->fs || !is_mounted(mount))
        return -EINVAL;
    if ((flags & MS_RDONLY) && (this_place_only ? mount->writers : writers_of(mount->fs)) > 0)
        return -EBUSY;
    if (!(flags & (TIME_FLAGS | MS_RELATIME)))
        flags |= mount->flags & TIME_FLAGS; /* who says nothing of them leaves them */
    mount->flags = flags & MOUNT_FLAGS;
    if (!this_place_only)
        mount->fs->read_only = (flags & MS_RDONLY) != 0;
    return 0;
}

int vfs_set_propagation(const struct path *where, unsigned flags)
{
    unsigned kind = flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE);

    if ((flags & ~(kind | MS_REC | MS_SILENT)) || (kind & (kind - 1)))
        return -EINVAL;
    return where->dentry == where->mount->root && is_mounted(where->mount) ? 0 : -EINVAL;
}

/* ---- moving ---- */

/* Takes a mount from its place; what is mounted inside it stays there. */
static void unhook(struct mount *mount)
{
    dentry_set_mountpoint(mount->mountpoint, false);
    mount_put(mount->parent);
    mount->parent = NULL;
    mount->mountpoint = NULL;
}

/* Is `place` in or below `top`, mounts crossed? */
static bool is_below(struct path place, const struct path *top)
{
    while (place.mount != top->mount && place.mount->parent)
        place = (struct path){ place.mount->parent, place.mount->mountpoint };
    return place.mount == top->mount && dentry_is_ancestor(top->dentry, place.dentry);
}

int vfs_move_mount(const char *from, const struct path *where)
{
    struct path old;
    int error = path_lookup(AT_FDCWD, from, LOOKUP_FOLLOW, &old);

    if (error)
        return error;
    struct mount *mount = old.mount;
    struct path top = { mount, mount->root };

    if (old.dentry != mount->root || !mount->parent || !where->mount->fs ||
        !is_mounted(where->mount) ||
        inode_is_directory(path_inode(&old)) != inode_is_directory(path_inode(where)))
        error = -EINVAL;
    else if (is_below(*where, &top))
        error = -ELOOP;
    if (!error) {
        unhook(mount);
        attach(mount, where);
    }
    path_put(&old);
    return error;
}

/* Whoever stands at the old root, or has it as his, is at the new one now. */
static void move_processes(const struct path *from, const struct path *to)
{
    struct process *process = NULL;

    while ((process = process_next(process))) {
        struct fs_context *fs = process->fs;
        struct path *places[2] = { fs ? &fs->root : NULL, fs ? &fs->directory : NULL };

        for (size_t i = 0; fs && i < 2; i++) {
            if (places[i]->mount != from->mount || places[i]->dentry != from->dentry)
                continue;
            struct path old = *places[i];

            path_get(to);
            *places[i] = *to;
            path_put(&old);
        }
    }
}

static int check_pivot(const struct path *root, const struct path *new, const struct path *put_old)
{
    if (!new->mount->fs || !put_old->mount->fs || !is_mounted(new->mount) ||
        !is_mounted(put_old->mount))
        return -EINVAL;
    if (new->dentry->unlinked || put_old->dentry->unlinked)
        return -ENOENT;
    if (new->mount == root->mount || put_old->mount == root->mount)
        return -EBUSY;
    if (root->dentry != root->mount->root || !root->mount->parent ||
        new->dentry != new->mount->root || !is_below(*put_old, new) || !is_below(*new, root))
        return -EINVAL;
    return 0;
}

int vfs_pivot_root(const struct path *new, const struct path *put_old)
{
    struct path root = *process_root();
    int error = check_pivot(&root, new, put_old);

    if (error)
        return error;
    struct path place = { root.mount->parent, root.mount->mountpoint };

    path_get(&root);
    path_get(&place);
    unhook(new->mount);
    unhook(root.mount);
    attach(root.mount, put_old);
    attach(new->mount, &place);
    move_processes(&root, new);
    path_put(&place);
    path_put(&root);
    return 0;
}

/* ---- umount2(2) ---- */

int vfs_unmount(const struct path *where, enum unmount_kind kind)
{
    struct mount *mount = where->mount;

    /* Without a parent it is the root, which stays as Linux's first one does, or it is nowhere. */
    if (where->dentry != mount->root || !mount->parent)
        return -EINVAL;
    /* One reference is that of being mounted, one is `where`. */
    if (kind != UNMOUNT_LAZILY && mount->references > 2)
        return -EBUSY;
    if (kind == UNMOUNT_IF_EXPIRED) {
        if (mount == process_root()->mount)
            return -EINVAL;
        if (!mount->expiring) {
            mount->expiring = true; /* until somebody opens something in it */
            return -EAGAIN;
        }
    }
    detach(mount);
    return 0;
}

int vfs_mount_root(const char *type)
{
    dentry_table_init();
    inode_table_init();
    return mount_instance(type, type, "", 0, &root_mount);
}
