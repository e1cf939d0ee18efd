/* Copies of what is open and mounted, for those who are no part of Core. */
#include <snapshot/files.h>

#include <linux/errno.h>
#include <linux/fcntl.h>

#include <event/event.h>
#include <fs/private.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <platform/memory.h>
#include <process/process.h>

/* ---- descriptors ---- */

static const struct fd_table *table_of(int32_t id)
{
    const struct process *process = process_find(id);
    return process ? process->files : NULL;
}

static const struct file *find(const struct fd_table *table, int32_t fd)
{
    return table && fd >= 0 && fd < table->size ? table->files[fd] : NULL;
}

size_t process_descriptors(int32_t id, int32_t first, int32_t *out, size_t capacity)
{
    const struct fd_table *table = table_of(id);
    size_t count = 0;
    for (int32_t fd = first; table && fd < table->size && count < capacity; fd++)
        if (find(table, fd))
            out[count++] = fd;
    return count;
}

int descriptor_snapshot(int32_t id, int32_t fd, struct descriptor_snapshot *out)
{
    const struct fd_table *table = table_of(id);
    const struct file *file = find(table, fd);
    if (!file)
        return -ENOENT;
    bool close_on_exec = table->close_on_exec[fd / 64] >> (fd % 64) & 1;
    *out = (struct descriptor_snapshot){
        .position = file->position,
        .flags = (file->flags & ~(unsigned)O_CLOEXEC) | (close_on_exec ? O_CLOEXEC : 0),
        .mount = file->path.mount ? file->path.mount->id : 0,
        .inode = file->inode->attributes.number,
    };
    return 0;
}

/* Text on its way to somebody whose room may be too small for it. */
struct cut_text {
    char *out;
    size_t size, length; /* bytes there are at `out`; of the whole text */
};

static void append(void *context, const char *text)
{
    struct cut_text *cut = context;
    size_t length = strlen(text);
    size_t room = cut->size - min(cut->length, cut->size);
    if (room > 0)
        memcpy(cut->out + cut->length, text, min(length, room));
    cut->length += length;
}

size_t descriptor_describe(int32_t id, int32_t fd, char *out, size_t size)
{
    const struct file *file = find(table_of(id), fd);
    struct cut_text text = { out, size, 0 };
    if (file)
        event_file_describe(file, append, &text);
    return text.length;
}

/* ---- mounts ---- */

/* What of the file system is mounted: "/", or the directory that a bind mount shows.  Written
 * from the end of the `size` bytes at `buffer`. */
static const char *root_within(const struct mount *mount, char *buffer, size_t size)
{
    const struct dentry *dentry = mount->root;
    char *text = buffer + size - 1;

    *text = '\0';
    for (; dentry != mount->fs->root; dentry = dentry->parent) {
        if ((size_t)(text - buffer) < dentry->name.length + 1u)
            return "/";
        text -= dentry->name.length;
        memcpy(text, dentry->name.text, dentry->name.length);
        *--text = '/';
    }
    return *text == '\0' ? "/" : text;
}

static void copy_texts(struct mount *mount, struct mount_snapshot *out)
{
    struct path path = { .mount = mount, .dentry = mount->root };
    const char *root = root_within(mount, out->root, sizeof out->root);
    const char *where = path_to_string(&path, out->where, sizeof out->where, &out->reachable);
    string_copy(out->type, mount->fs->type->name, sizeof out->type);
    string_copy(out->source, mount->source, sizeof out->source);
    memmove(out->root, root, strlen(root) + 1);
    if (where)
        memmove(out->where, where, strlen(where) + 1);
    else
        out->where[0] = '\0';
}

/* Their ids ascend, for the list is in the order they were made. */
int mount_snapshot(uint32_t previous, struct mount_snapshot *out)
{
    struct mount *mount = mount_next(NULL);
    while (mount && mount->id <= previous)
        mount = mount_next(mount);
    if (!mount)
        return -ENOENT;
    out->id = mount->id;
    out->parent = mount->parent ? mount->parent->id : mount->id;
    out->flags = mount->flags;
    out->read_only = mount_is_read_only(mount);
    out->fs_read_only = mount->fs->read_only;
    out->device = mount->fs->device;
    copy_texts(mount, out);
    return 0;
}

/* ---- what there is ---- */

bool file_system_snapshot(size_t index, struct file_system_snapshot *out)
{
    const struct file_system_type *type = vfs_type(index);
    if (!type)
        return false;
    string_copy(out->name, type->name, sizeof out->name);
    out->no_source = type->flags & FS_NO_SOURCE;
    return true;
}

void file_counts(struct file_counts *out)
{
    *out = (struct file_counts){
        .open = file_count(),
        .inodes = inode_count(),
        .names = dentry_count(),
        .unused_names = dentry_unused_count(),
        .missing_names = dentry_negative_count(),
    };
}
