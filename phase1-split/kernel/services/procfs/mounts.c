/* Mounted file systems: mounts as in fstab(5), and mountinfo. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/mount.h>

#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/page.h>

#include <fs/device.h>

/* What would break a line of blank-separated fields; a source could also pass for a comment. */
#define SPECIAL        " \t\n\\"
#define SOURCE_SPECIAL SPECIAL "#"

static const char *access_word(bool read_only)
{
    return read_only ? "ro" : "rw";
}

static void add_flags(const struct mount *mount, bool read_only, struct text *out)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        { MS_NOSUID, ",nosuid" },   { MS_NODEV, ",nodev" },           { MS_NOEXEC, ",noexec" },
        { MS_NOATIME, ",noatime" }, { MS_NODIRATIME, ",nodiratime" },
    };

    text_add(out, "%s", access_word(read_only));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (mount->flags & names[i].flag)
            text_add(out, "%s", names[i].name);
    if (!(mount->flags & (MS_NOATIME | MS_STRICTATIME)))
        text_add(out, ",relatime");
}

static void add_mount(const struct mount *mount, const char *where, struct text *out)
{
    text_add_escaped(out, mount->source, SOURCE_SPECIAL);
    text_add(out, " ");
    text_add_escaped(out, where, SPECIAL);
    text_add(out, " %s ", mount->fs->type->name);
    add_flags(mount, mount_is_read_only(mount), out);
    text_add(out, " 0 0\n");
}

static void add_mountstats(const struct mount *mount, const char *where, struct text *out)
{
    text_add(out, "device ");
    text_add_escaped(out, mount->source, SOURCE_SPECIAL);
    text_add(out, " mounted on ");
    text_add_escaped(out, where, SPECIAL);
    text_add(out, " with fstype %s\n", mount->fs->type->name);
}

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

static void add_mountinfo(const struct mount *mount, const char *where, struct text *out)
{
    uint64_t device = mount->fs->device;
    char root[256];

    text_add(out, "%u %u %u:%u ", mount->id, mount->parent == NULL ? mount->id : mount->parent->id,
             device_major(device), device_minor(device));
    text_add_escaped(out, root_within(mount, root, sizeof(root)), SPECIAL);
    text_add(out, " ");
    text_add_escaped(out, where, SPECIAL);
    text_add(out, " ");
    add_flags(mount, mount->flags & MS_RDONLY, out);
    text_add(out, " - %s ", mount->fs->type->name);
    text_add_escaped(out, mount->source, SOURCE_SPECIAL);
    text_add(out, " %s\n", access_word(mount->fs->read_only));
}

/* Calls `add` for each mount that can be reached, with the name of the place it is mounted on. */
static int for_each_mount(void (*add)(const struct mount *mount, const char *where,
                                      struct text *out),
                          struct text *out)
{
    char *buffer = kmalloc(PAGE_SIZE);
    struct mount *mount;

    if (buffer == NULL)
        return -ENOMEM;
    for (mount = mount_next(NULL); mount != NULL; mount = mount_next(mount)) {
        struct path path = { mount, mount->root };
        bool reachable;
        const char *where = path_to_string(&path, buffer, PAGE_SIZE, &reachable);

        if (where != NULL && reachable)
            add(mount, where, out);
    }
    kfree(buffer);
    return 0;
}

int proc_mounts(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    return for_each_mount(add_mount, out);
}

int proc_mountinfo(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    return for_each_mount(add_mountinfo, out);
}

int proc_mountstats(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    return for_each_mount(add_mountstats, out);
}
