/* Making, linking, removing and renaming names.
 *
 * Each operation checks everything first, in Linux's order of precedence; then reserves what it
 * needs; then makes its one call to the file system; then changes Core's own records, which cannot
 * fail.  mknod(2), mkdir(2), link(2), symlink(2), unlink(2), rmdir(2), rename(2). */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include <lib/format.h>
#include <lib/hash.h>
#include <lib/string.h>
#include <platform/heap.h>
#include <process/process.h>
#include <process/wall_clock.h>

static const struct directory_ops *operations(const struct dentry *dentry)
{
    return dentry->fs->type->directory;
}

/* What every changed directory gets: new times, and a link more or less for "..". */
static void directory_changed(struct inode *directory, int links)
{
    directory->attributes.links += (uint32_t)links;
    inode_touch(directory, SET_MODIFIED | SET_CHANGED);
}

/* ---- create ---- */

/* A set-group-ID directory hands its group down (inode(7)). */
static void new_node_owner(const struct inode *directory, struct new_node *what)
{
    what->uid = file_system_uid();
    what->gid = file_system_gid();
    if (!(directory->attributes.mode & S_ISGID))
        return;
    what->gid = directory->attributes.gid;
    if (S_ISDIR(what->mode))
        what->mode |= S_ISGID;
}

/* Asks the file system for a new node under `name`.  A referenced inode. */
static int create_node(struct dentry *parent, const struct name *name, struct new_node *what,
                       struct inode **out)
{
    struct node_answer answer;

    if (current && !S_ISLNK(what->mode))
        what->mode &= ~current_process()->fs->umask;
    new_node_owner(parent->inode, what);
    what->now = wall_clock_timestamp();
    if (!operations(parent)->create)
        return -EPERM;
    int error = inode_reserve();

    if (!error)
        error = operations(parent)->create(parent->inode->node, name, what, &answer);
    return error ? error : inode_from_answer(parent->fs, &answer, out);
}

static int create(struct path_target *target, uint32_t mode, uint64_t device,
                  const char *link_target)
{
    struct dentry *dentry = target->dentry, *parent = dentry->parent;
    struct new_node what = { .mode = mode, .device = device, .target = link_target };
    struct inode *inode;

    if (link_target)
        what.target_length = strlen(link_target);
    int error = create_node(parent, &dentry->name, &what, &inode);

    if (error)
        return error;
    dentry_fill(dentry, inode);
    directory_changed(parent->inode, S_ISDIR(mode) ? 1 : 0);
    return 0;
}

/* The name may be made, as far as the directory is concerned.  Existing names are told before a
 * read-only file system, and that before missing permission. */
static int may_make(const struct path_target *target, bool directory)
{
    if (target->last != LAST_NORMAL || target->dentry->inode)
        return -EEXIST;
    if (target->trailing_slash && !directory)
        return -ENOENT;
    int error = mount_writable(target->directory.mount);

    return error ? error : may_create_in(target->dentry->parent);
}

int vfs_create(struct path_target *target, uint32_t mode, uint64_t device, const char *link_target)
{
    int error = may_make(target, S_ISDIR(mode));

    if (error)
        return error;
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && !file_system_privileged())
        return -EPERM;
    return create(target, mode, device, link_target);
}

/* Makes a file under a name that nobody else sees, for nobody else runs, and takes the name away. */
static int make_nameless(struct dentry *parent, uint32_t mode, struct dentry **out)
{
    static uint64_t last;
    struct new_node what = { .mode = S_IFREG | mode };
    char text[32];
    struct name name = { .text = text };
    struct inode *inode;

    name.length = (uint32_t)format(text, sizeof(text), "#%llu", (unsigned long long)++last);
    name.hash = hash_name(0, text, name.length);
    int error = create_node(parent, &name, &what, &inode);

    if (error)
        return error;
    error = operations(parent)->unlink(parent->inode->node, &name, inode->node);
    if (!error) {
        inode->attributes.links = 0;
        error = dentry_create(parent->fs, parent, &name, inode, out);
    }
    if (error)
        inode_put(inode);
    else
        (*out)->unlinked = true;
    return error;
}

int vfs_create_nameless(const struct path *directory, uint32_t mode, bool linkable,
                        struct path *out)
{
    struct dentry *parent = directory->dentry, *dentry;
    int error = inode_permission(parent->inode, MAY_WRITE | MAY_EXECUTE);

    if (!error)
        error = mount_writable(directory->mount);
    if (!error && ((parent->fs->type->flags & FS_VOLATILE) || !operations(parent)->create))
        error = -EOPNOTSUPP;
    if (!error && parent->unlinked)
        error = -ENOENT;
    if (!error)
        error = make_nameless(parent, mode, &dentry);
    if (error)
        return error;
    dentry->inode->nameless_linkable = linkable;
    mount_get(directory->mount);
    *out = (struct path){ .mount = directory->mount, .dentry = dentry };
    return 0;
}

/* ---- link ---- */

int vfs_link(struct path_target *target, struct inode *inode)
{
    struct dentry *dentry = target->dentry, *parent = dentry->parent;
    int error = may_make(target, false);

    if (error)
        return error;
    if (inode->fs != parent->fs)
        return -EXDEV;
    if (inode_is_directory(inode) || !operations(parent)->link)
        return -EPERM;
    if (inode->attributes.links == 0 && !inode->nameless_linkable)
        return -ENOENT;
    error = operations(parent)->link(parent->inode->node, &dentry->name, inode->node);
    if (error)
        return error;
    inode_get(inode);
    inode->nameless_linkable = false;
    dentry_fill(dentry, inode);
    inode_add_links(inode, 1);
    directory_changed(parent->inode, 0);
    return 0;
}

/* ---- unlink and rmdir ---- */

/* `inode` has lost a name; a directory its only one, and with it its own ".". */
static void lost_name(struct inode *inode)
{
    inode_add_links(inode, inode_is_directory(inode) ? -(int)inode->attributes.links : -1);
}

/* Of names that are none: unlink(2), rmdir(2). */
static int not_a_name(enum last_component last, bool directory)
{
    if (!directory)
        return -EISDIR;
    switch (last) {
    case LAST_DOT:
        return -EINVAL;
    case LAST_DOT_DOT:
        return -ENOTEMPTY;
    default:
        return -EBUSY;
    }
}

static int may_unlink(const struct path_target *target, bool directory)
{
    const struct dentry *dentry = target->dentry;

    if (target->last != LAST_NORMAL)
        return not_a_name(target->last, directory);
    int error = mount_writable(target->directory.mount);

    if (error)
        return error;
    if (!dentry->inode)
        return -ENOENT;
    bool is_directory = inode_is_directory(dentry->inode);

    if (target->trailing_slash && !directory)
        return is_directory ? -EISDIR : -ENOTDIR;
    error = may_delete(dentry);
    if (error)
        return error;
    if (is_directory != directory)
        return directory ? -ENOTDIR : -EISDIR;
    return dentry->mounts > 0 ? -EBUSY : 0;
}

int vfs_unlink(struct path_target *target, bool directory)
{
    struct dentry *dentry = target->dentry, *parent = dentry->parent;
    int error = may_unlink(target, directory);

    if (error)
        return error;
    if (!operations(parent)->unlink)
        return -EPERM;
    error = operations(parent)->unlink(parent->inode->node, &dentry->name, dentry->inode->node);
    if (error)
        return error;
    lost_name(dentry->inode);
    directory_changed(parent->inode, directory ? -1 : 0);
    dentry_unlink(dentry);
    return 0;
}

/* ---- rename ---- */

/* What can be seen from the names alone. */
static int rename_check_names(const struct path_target *from, const struct path_target *to,
                              unsigned flags)
{
    if (from->directory.mount != to->directory.mount)
        return -EXDEV;
    if (from->last != LAST_NORMAL)
        return -EBUSY;
    if (to->last != LAST_NORMAL)
        return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    return mount_writable(from->directory.mount);
}

/* What is there, what is not, and what lies inside what. */
static int rename_check_places(const struct path_target *from, const struct path_target *to,
                               unsigned flags)
{
    const struct dentry *source = from->dentry, *target = to->dentry;

    if (!source->inode)
        return -ENOENT;
    if (target->inode && (flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (flags & RENAME_EXCHANGE) {
        if (!target->inode)
            return -ENOENT;
        if (to->trailing_slash && !inode_is_directory(target->inode))
            return -ENOTDIR;
    }
    if (!inode_is_directory(source->inode) &&
        (from->trailing_slash || (to->trailing_slash && !(flags & RENAME_EXCHANGE))))
        return -ENOTDIR;
    if (dentry_is_ancestor(source, target->parent))
        return -EINVAL;
    if (dentry_is_ancestor(target, source->parent))
        return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/* A directory that gets a new parent has its ".." changed, which takes permission to write it. */
static int may_reparent(const struct dentry *moved, const struct dentry *new_parent)
{
    if (!inode_is_directory(moved->inode) || moved->parent == new_parent)
        return 0;
    return inode_permission(moved->inode, MAY_WRITE);
}

static int rename_check_permissions(const struct dentry *source, const struct dentry *target,
                                    bool exchange)
{
    bool directory = inode_is_directory(source->inode);
    int error = may_delete(source);

    if (!error)
        error = target->inode ? may_delete(target) : may_create_in(target->parent);
    if (!error && target->inode && !exchange && inode_is_directory(target->inode) != directory)
        error = directory ? -ENOTDIR : -EISDIR;
    if (!error)
        error = may_reparent(source, target->parent);
    if (!error && exchange)
        error = may_reparent(target, source->parent);
    if (!error && (source->mounts > 0 || target->mounts > 0))
        error = -EBUSY;
    return error;
}

/* Core's records after the file system has agreed.  A directory takes the link of its ".." along,
 * and one that is displaced takes its own away. */
static void rename_account(struct dentry *source, struct dentry *target, bool exchange)
{
    int leaves = inode_is_directory(source->inode) ? 1 : 0;
    int comes_back = target->inode && inode_is_directory(target->inode) ? 1 : 0;

    directory_changed(source->parent->inode, (exchange ? comes_back : 0) - leaves);
    directory_changed(target->parent->inode, leaves - comes_back);
    inode_touch(source->inode, SET_CHANGED);
    if (target->inode && exchange)
        inode_touch(target->inode, SET_CHANGED);
    else if (target->inode)
        lost_name(target->inode);
}

static int rename_do(struct dentry *source, struct dentry *target, bool exchange)
{
    struct inode *displaced = target->inode;
    char *text = NULL;

    if (!operations(source)->rename)
        return -EPERM;
    int error = exchange ? 0 : dentry_reserve_name(target, &text);

    if (!error)
        error = operations(source)->rename(
            source->parent->inode->node, &source->name, target->parent->inode->node, &target->name,
            source->inode->node, displaced ? displaced->node : NULL, exchange);
    if (error) {
        kfree(text);
        return error;
    }
    rename_account(source, target, exchange);
    if (exchange)
        dentry_exchange(source, target);
    else
        dentry_move(source, target, text);
    return 0;
}

int vfs_rename(struct path_target *from, struct path_target *to, unsigned flags)
{
    struct dentry *source = from->dentry, *target = to->dentry;
    bool exchange = (flags & RENAME_EXCHANGE) != 0;
    int error = rename_check_names(from, to, flags);

    if (!error)
        error = rename_check_places(from, to, flags);
    if (error)
        return error;
    if (source->inode == target->inode)
        return 0; /* two names of one file: POSIX has rename() do nothing */
    error = rename_check_permissions(source, target, exchange);
    if (error)
        return error;
    error = rename_do(source, target, exchange);
    /* `to` is where the moved node is now: its caller may look there. */
    if (!error && !exchange) {
        from->dentry = target;
        to->dentry = source;
    }
    return error;
}
