/* Mounted file systems: mounts as in fstab(5), and mountinfo. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/mount.h>

#include <platform/heap.h>

#include <fs/device.h>
#include <snapshot/files.h>

/* What would break a line of blank-separated fields; a source could also pass for a comment. */
#define SPECIAL        " \t\n\\"
#define SOURCE_SPECIAL SPECIAL "#"

static const char *access_word(bool read_only)
{
    return read_only ? "ro" : "rw";
}

static void add_flags(const struct mount_snapshot *mount, bool read_only, struct text *out)
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

static void add_mount(const struct mount_snapshot *mount, const char *where, struct text *out)
{
    text_add_escaped(out, mount->source, SOURCE_SPECIAL);
    text_add(out, " ");
    text_add_escaped(out, where, SPECIAL);
    text_add(out, " %s ", mount->type);
    add_flags(mount, mount->read_only, out);
    text_add(out, " 0 0\n");
}

static void add_mountstats(const struct mount_snapshot *mount, const char *where, struct text *out)
{
    text_add(out, "device ");
    text_add_escaped(out, mount->source, SOURCE_SPECIAL);
    text_add(out, " mounted on ");
    text_add_escaped(out, where, SPECIAL);
    text_add(out, " with fstype %s\n", mount->type);
}

static void add_mountinfo(const struct mount_snapshot *mount, const char *where, struct text *out)
{
    text_add(out, "%u %u %u:%u ", mount->id, mount->parent, device_major(mount->device),
             device_minor(mount->device));
    text_add_escaped(out, mount->root, SPECIAL);
    text_add(out, " ");
    text_add_escaped(out, where, SPECIAL);
    text_add(out, " ");
    add_flags(mount, mount->flags & MS_RDONLY, out);
    text_add(out, " - %s ", mount->type);
    text_add_escaped(out, mount->source, SOURCE_SPECIAL);
    text_add(out, " %s\n", access_word(mount->fs_read_only));
}

/* Calls `add` for each mount that can be reached, with the name of the place it is mounted on. */
static int for_each_mount(void (*add)(const struct mount_snapshot *mount, const char *where,
                                      struct text *out),
                          struct text *out)
{
    struct mount_snapshot *mount = kmalloc(sizeof(*mount));
    uint32_t previous = 0;

    if (mount == NULL)
        return -ENOMEM;
    for (; mount_snapshot(previous, mount) == 0; previous = mount->id)
        if (mount->where[0] != '\0' && mount->reachable)
            add(mount, mount->where, out);
    kfree(mount);
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
