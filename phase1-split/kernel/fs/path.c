/* From a path name to an inode: path_resolution(7), POSIX.1-2017 volume 1, 4.13.
 *
 * A walk is a place, the text that is still ahead, and a stack of texts to come back to, because
 * the target of a symlink is walked before the rest of the name that led to it.  It holds no
 * references on its way (dentry.c says why it need not): only what it ends at is referenced. */
#include <fs/place.h>
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include <lib/format.h>
#include <lib/hash.h>
#include <lib/path.h>
#include <lib/string.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

/* A text that a symlink interrupted. */
struct level {
    const char *rest;
    char *buffer; /* owned memory that the text lies in, or NULL */
};

struct walk {
    struct path at;      /* so far */
    const char *rest;    /* ahead, at this depth */
    unsigned flags;      /* LOOKUP_* */
    unsigned links;      /* symlinks followed so far, of SYMLINK_LIMIT */
    unsigned depth;      /* texts to come back to */
    bool trailing_slash; /* a slash ended the name: it must be a directory, links followed */
    struct path magic;   /* where a magic link led, referenced; dentry NULL: none */
    struct level levels[SYMLINK_LIMIT + 1]; /* levels[depth] is the text being walked */
};

/* ---- paths ---- */

void path_get(const struct path *path)
{
    mount_get(path->mount);
    dentry_get(path->dentry);
}

void path_put(const struct path *path)
{
    dentry_put(path->dentry);
    mount_put(path->mount);
}

static const struct path *root_of_everything(void)
{
    static struct path root;

    root = (struct path){ .mount = mount_root(), .dentry = mount_root()->root };
    return &root;
}

const struct path *process_root(void)
{
    return current ? &current_process()->fs->root : root_of_everything();
}

const struct path *process_directory(void)
{
    return current ? &current_process()->fs->directory : root_of_everything();
}

/* ---- names from user memory ---- */

/* Buffers for names are wanted by most system calls and given back soon: a few are kept. */
static char *free_buffers[PATH_BUFFERS];
static unsigned free_count;

int path_buffer(char **out)
{
    char *buffer = free_count > 0 ? free_buffers[--free_count] : kmalloc(PATH_MAX);

    if (!buffer)
        return -ENOMEM;
    *out = buffer;
    return 0;
}

void path_name_free(char *name)
{
    if (!name)
        return;
    if (free_count < PATH_BUFFERS)
        free_buffers[free_count++] = name;
    else
        kfree(name);
}

void path_buffers_trim(void)
{
    while (free_count > 0)
        kfree(free_buffers[--free_count]);
}

int path_name_copy(user_address from, char **out)
{
    char *name;
    int error = path_buffer(&name);

    if (error)
        return error;
    long length = copy_string_from_user(name, from, PATH_MAX);

    if (length < 0) {
        path_name_free(name);
        return (int)length;
    }
    *out = name;
    return 0;
}

/* ---- symlinks ---- */

/* Longer targets are rare, and for as long as the link exists would take memory that nobody has
 * limited; the file system is asked for them each time. */
#define LINK_KEPT_MAX 127

/* Reads the target once and keeps it with the inode. */
static int read_link_once(struct inode *inode, char *buffer, size_t length)
{
    char *copy = kmalloc(length + 1);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, buffer, length);
    copy[length] = '\0';
    inode->link_target = copy;
    return 0;
}

int inode_read_link(struct inode *inode, char *buffer, const char **target)
{
    size_t length = 0;

    if (inode->link_target) {
        *target = inode->link_target;
        return 0;
    }
    if (!inode->fs->type->symlink)
        return -EINVAL;
    int error = inode->fs->type->symlink->read(inode->node, buffer, PATH_MAX, &length);

    if (error)
        return error;
    if (length == 0 || length >= PATH_MAX)
        return -EIO;
    if ((inode->fs->type->flags & FS_VOLATILE) || length > LINK_KEPT_MAX) {
        buffer[length] = '\0';
        *target = buffer;
        return 0;
    }
    error = read_link_once(inode, buffer, length);
    *target = inode->link_target;
    return error;
}

static int follow_magic_link(struct walk *walk, struct inode *link)
{
    const struct symlink_ops *ops = link->fs->type->symlink;
    struct place place;
    struct path path;

    if (!ops || !ops->follow)
        return -EINVAL;
    int error = ops->follow(link->node, &place);

    if (!error)
        error = path_of_place(&place, &path);
    if (error)
        return error;
    if (walk->magic.dentry)
        path_put(&walk->magic);
    walk->magic = walk->at = path;
    return 0;
}

/* The target of `link`, which lies in walk->at, becomes the text to walk.  At the end of a text
 * there is nothing to come back to, so a long chain of links needs no depth. */
static int follow_link(struct walk *walk, struct inode *link, bool at_end_of_text)
{
    const char *target;
    char *buffer = NULL;

    if ((walk->flags & LOOKUP_NO_LINKS) || ++walk->links > SYMLINK_LIMIT)
        return -ELOOP;
    int error = follow_magic_link(walk, link);

    if (error != -EINVAL)
        return error;
    mount_accessed(walk->at.mount, link);
    error = link->link_target ? 0 : path_buffer(&buffer);
    if (!error)
        error = inode_read_link(link, buffer, &target);
    if (error || target != buffer) {
        path_name_free(buffer);
        buffer = NULL;
    }
    if (error)
        return error;
    if (at_end_of_text)
        path_name_free(walk->levels[walk->depth].buffer);
    else
        walk->levels[walk->depth++].rest = walk->rest;
    walk->levels[walk->depth].buffer = buffer;
    walk->rest = target;
    if (target[0] == '/') {
        walk->at = *process_root();
        path_enter_mounts(&walk->at);
    }
    return 0;
}

/* ---- steps ---- */

static int open_directory_path(int fd, struct path *out)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    if (!file->path.dentry)
        return -ENOTDIR;
    *out = file->path;
    return 0;
}

/* Begins a walk; walk_end() is due whatever the answer. */
static int walk_begin(struct walk *walk, int directory, const char *name, unsigned flags)
{
    dentry_walk_begin();
    walk->rest = name;
    walk->flags = flags;
    walk->links = walk->depth = 0;
    walk->trailing_slash = false;
    walk->magic.dentry = NULL;
    walk->levels[0].buffer = NULL;
    if (name[0] == '/') {
        walk->at = *process_root();
        path_enter_mounts(&walk->at);
        return 0;
    }
    if (name[0] == '\0' && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    if (directory == AT_FDCWD) {
        walk->at = *process_directory();
        return 0;
    }
    int error = open_directory_path(directory, &walk->at);

    if (!error && name[0] != '\0' && !inode_is_directory(path_inode(&walk->at)))
        error = -ENOTDIR;
    return error;
}

static void walk_end(struct walk *walk)
{
    for (unsigned i = 0; i <= walk->depth; i++)
        path_name_free(walk->levels[i].buffer);
    dentry_walk_end();
    if (walk->magic.dentry)
        path_put(&walk->magic);
}

/* The next component, back through finished link targets.  False at the very end. */
static inline bool next_component(struct walk *walk, struct path_component *out)
{
    while (!path_next_component(&walk->rest, out)) {
        if (walk->depth == 0)
            return false;
        path_name_free(walk->levels[walk->depth].buffer);
        walk->levels[walk->depth].buffer = NULL;
        walk->rest = walk->levels[--walk->depth].rest;
    }
    return true;
}

/* May the process look a name up here?  Where everybody may, nobody's ids matter. */
static inline int may_search(const struct inode *directory)
{
    if (__builtin_expect(!inode_is_directory(directory), 0))
        return -ENOTDIR;
    if (__builtin_expect((directory->attributes.mode & 0111) == 0111, 1))
        return 0;
    return inode_permission(directory, MAY_EXECUTE);
}

static bool same_path(const struct path *a, const struct path *b)
{
    return a->dentry == b->dentry && a->mount == b->mount;
}

/* "..": out of mounts, up, and into mounts again; at the process's root it leads nowhere. */
static void step_up(struct path *at)
{
    const struct path *root = process_root();

    while (!same_path(at, root) && at->dentry == at->mount->root && at->mount->parent)
        *at = (struct path){ .mount = at->mount->parent, .dentry = at->mount->mountpoint };
    if (!same_path(at, root) && at->dentry != at->mount->root)
        at->dentry = at->dentry->parent;
    path_enter_mounts(at);
}

static inline enum last_component kind_of(const struct path_component *component)
{
    const char *name = component->name;

    if (name[0] != '.' || component->length > 2)
        return LAST_NORMAL;
    if (component->length == 1)
        return LAST_DOT;
    return name[1] == '.' ? LAST_DOT_DOT : LAST_NORMAL;
}

static inline int name_of(const struct path_component *component, struct name *out)
{
    if (component->length > NAME_LENGTH_MAX)
        return -ENAMETOOLONG;
    out->text = component->name;
    out->length = (uint32_t)component->length;
    out->hash = hash_name(0, component->name, component->length);
    return 0;
}

/* One component: to the name, into what is mounted there, and along the symlink if it is one. */
static int step(struct walk *walk, const struct path_component *component, bool follow)
{
    enum last_component kind = kind_of(component);
    int error = may_search(path_inode(&walk->at));
    struct path next;
    struct name name;

    if (error)
        return error;
    if (kind != LAST_NORMAL) {
        if (kind == LAST_DOT_DOT)
            step_up(&walk->at);
        return 0;
    }
    error = name_of(component, &name);
    if (!error)
        error = dentry_step(walk->at.dentry, &name, &next.dentry);
    if (error)
        return error;
    next.mount = walk->at.mount;
    path_enter_mounts(&next);
    if (follow && inode_is_symlink(path_inode(&next)))
        return follow_link(walk, path_inode(&next), component->last);
    walk->at = next;
    return 0;
}

/* ---- whole walks ---- */

int path_lookup(int directory, const char *name, unsigned flags, struct path *out)
{
    struct walk walk;
    struct path_component component;
    int error = walk_begin(&walk, directory, name, flags);

    while (!error && next_component(&walk, &component)) {
        bool end = component.last && walk.depth == 0;

        if (end && component.trailing_slash)
            walk.trailing_slash = true;
        error = step(&walk, &component, !end || walk.trailing_slash || (flags & LOOKUP_FOLLOW));
    }
    if (!error && (walk.trailing_slash || (flags & LOOKUP_DIRECTORY)) &&
        !inode_is_directory(path_inode(&walk.at)))
        error = -ENOTDIR;
    if (!error) {
        path_get(&walk.at);
        *out = walk.at;
    }
    walk_end(&walk);
    return error;
}

/* "" with LOOKUP_EMPTY is the open file itself, which need not be in any file system. */
static int path_of_descriptor(int fd, struct path *out)
{
    struct file *file = fd_file(fd);

    return file ? file_path(file, out) : -EBADF;
}

int path_lookup_user(int directory, user_address name, unsigned flags, struct path *out)
{
    char *copy;
    int error = path_name_copy(name, &copy);

    if (error)
        return error;
    if ((flags & LOOKUP_EMPTY) && copy[0] == '\0' && directory != AT_FDCWD)
        error = path_of_descriptor(directory, out);
    else
        error = path_lookup(directory, copy, flags, out);
    path_name_free(copy);
    return error;
}

/* The last component is a name: a referenced dentry for it, negative or not. */
static int target_name(struct walk *walk, const struct path_component *component,
                       struct path_target *out)
{
    struct name name;
    int error = may_search(path_inode(&walk->at));

    if (!error)
        error = name_of(component, &name);
    if (!error)
        error = dentry_lookup(walk->at.dentry, &name, &out->dentry);
    if (error)
        return error;
    out->directory = walk->at;
    out->last = LAST_NORMAL;
    out->trailing_slash = component->trailing_slash || walk->trailing_slash;
    path_get(&out->directory);
    return 0;
}

/* There is no last name: the walk's place is the target. */
static void target_place(struct walk *walk, enum last_component kind, struct path_target *out)
{
    out->directory = walk->at;
    out->dentry = walk->at.dentry;
    out->last = kind;
    out->trailing_slash = false;
    path_get(&out->directory);
    dentry_get(out->dentry);
}

/* Walks up to the last component and makes it the target.  1: the target is a symlink that was to
 * be followed, and the walk goes on. */
static int walk_to_target(struct walk *walk, bool follow, struct path_target *out)
{
    struct path_component component;

    while (next_component(walk, &component)) {
        enum last_component kind = kind_of(&component);
        bool end = component.last && walk->depth == 0;
        int error;

        if (!end || kind != LAST_NORMAL) {
            error = step(walk, &component, true);
            if (!error && end) {
                target_place(walk, kind, out);
                return 0;
            }
        } else {
            error = target_name(walk, &component, out);
            /* "link/" to be made is a directory to be made, wherever the link leads. */
            if (error || !follow || out->trailing_slash || !out->dentry->inode ||
                !inode_is_symlink(out->dentry->inode))
                return error;
            struct inode *link = out->dentry->inode;

            path_target_put(out); /* the walk keeps the dentry alive */
            error = follow_link(walk, link, true);
        }
        if (error)
            return error;
    }
    target_place(walk, LAST_ROOT, out);
    return 0;
}

int path_lookup_last(int directory, const char *name, bool follow, struct path_target *out)
{
    struct walk walk;
    int error = walk_begin(&walk, directory, name, 0);

    if (!error)
        error = walk_to_target(&walk, follow, out);
    walk_end(&walk);
    return error;
}

int path_lookup_target(int directory, user_address name, struct path_target *out)
{
    char *copy;
    int error = path_name_copy(name, &copy);

    if (error)
        return error;
    error = path_lookup_last(directory, copy, false, out);
    path_name_free(copy);
    return error;
}

void path_target_put(struct path_target *target)
{
    dentry_put(target->dentry);
    path_put(&target->directory);
}

/* ---- and back: from a path to its name ---- */

/* Text that grows towards the front of a buffer. */
struct backward {
    char *buffer, *start; /* start NULL: it did not fit */
};

static void prepend(struct backward *text, const char *part, size_t length)
{
    if (!text->start || (size_t)(text->start - text->buffer) < length) {
        text->start = NULL;
        return;
    }
    text->start -= length;
    memcpy(text->start, part, length);
}

/* Prepends "/name" for every step up to the process's root.  False if it is never met. */
static bool prepend_names(struct backward *text, struct path at)
{
    const struct path *root = process_root();

    while (!same_path(&at, root)) {
        if (at.dentry == at.mount->root || at.dentry->parent == at.dentry) {
            if (!at.mount->parent)
                return at.mount == mount_root() && same_path(root, root_of_everything());
            at = (struct path){ .mount = at.mount->parent, .dentry = at.mount->mountpoint };
            continue;
        }
        prepend(text, at.dentry->name.text, at.dentry->name.length);
        prepend(text, "/", 1);
        at.dentry = at.dentry->parent;
    }
    return true;
}

char *path_to_string(const struct path *path, char *buffer, size_t size, bool *reachable)
{
    static const char deleted[] = " (deleted)";
    struct backward text = { .buffer = buffer, .start = buffer + size };
    bool inside = true;

    prepend(&text, "", 1);
    if (path->dentry->unlinked)
        prepend(&text, deleted, sizeof(deleted) - 1);
    if (!path->dentry->fs) {
        prepend(&text, path->dentry->name.text, path->dentry->name.length);
    } else {
        char *end = text.start;

        inside = prepend_names(&text, *path);
        if (text.start == end)
            prepend(&text, "/", 1);
    }
    if (reachable)
        *reachable = inside;
    return text.start;
}

/* ---- what has no name ---- */

static const char *anonymous_kind(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFIFO:
        return "pipe";
    case S_IFSOCK:
        return "socket";
    default:
        return "anon_inode";
    }
}

int path_of_anonymous(struct inode *inode, const char *fixed, struct path *out)
{
    static struct mount nowhere = { .references = 1 };
    char text[48];
    struct name name = { .text = fixed ? fixed : text };
    struct dentry *dentry;

    if (fixed)
        name.length = (uint32_t)strlen(fixed);
    else
        name.length =
            (uint32_t)format(text, sizeof(text), "%s:[%lu]", anonymous_kind(inode->attributes.mode),
                             inode->attributes.number);
    int error = dentry_create(NULL, NULL, &name, inode, &dentry);

    if (error)
        return error;
    inode_get(inode);
    mount_get(&nowhere);
    *out = (struct path){ .mount = &nowhere, .dentry = dentry };
    return 0;
}
