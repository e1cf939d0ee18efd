/* The files that a process has open.
 *
 * fd/N, like exe, cwd and root, is a magic link: its text is for people, while following it leads to
 * the object itself, which may have no name any more. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <lib/bits.h>

#include <snapshot/files.h>

static int find_file(const struct proc_subject *subject, struct descriptor_snapshot *out)
{
    return descriptor_snapshot(subject->process.id, subject->key, out);
}

static bool has_fd(const struct proc_subject *subject, int32_t number)
{
    struct descriptor_snapshot file;

    return descriptor_snapshot(subject->process.id, number, &file) == 0;
}

static size_t fd_numbers(const struct proc_subject *subject, int32_t first, int32_t *out,
                         size_t capacity)
{
    return process_descriptors(subject->process.id, first, out, capacity);
}

/* The link's permissions tell how the file was opened. */
static uint32_t fd_permissions(const struct proc_subject *subject)
{
    struct descriptor_snapshot file;

    if (find_file(subject, &file) != 0)
        return 0;
    switch (file.flags & O_ACCMODE) {
    case O_RDONLY:
        return 0500;
    case O_WRONLY:
        return 0300;
    default:
        return 0700;
    }
}

static void add_description(const struct proc_subject *subject, struct text *out)
{
    size_t length = descriptor_describe(subject->process.id, subject->key, NULL, 0);
    char *room = length > 0 ? text_room(out, length) : NULL;

    /* What counts time may have more to tell by now than there is room for. */
    if (room != NULL)
        out->length +=
            min(descriptor_describe(subject->process.id, subject->key, room, length), length);
}

static int show_fdinfo(const struct proc_subject *subject, struct text *out)
{
    struct descriptor_snapshot file;
    int error = find_file(subject, &file);

    if (error != 0)
        return error;
    text_add(out, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (long long)file.position,
             file.flags, file.mount, (unsigned long long)file.inode);
    add_description(subject, out);
    return 0;
}

static const struct proc_item fd_item = { .mode = S_IFLNK | 0700,
                                          .place = PLACE_DESCRIPTOR,
                                          .permissions = fd_permissions };

const struct proc_directory proc_fd_directory = {
    .id = PROC_FD, .numbered = &fd_item, .has = has_fd, .numbers = fd_numbers
};

static const struct proc_item fdinfo_item = { .mode = S_IFREG | 0400,
                                              .guarded = true,
                                              .generate = show_fdinfo };

const struct proc_directory proc_fdinfo_directory = {
    .id = PROC_FDINFO, .numbered = &fdinfo_item, .has = has_fd, .numbers = fd_numbers
};
