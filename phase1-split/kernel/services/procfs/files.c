/* The files that a process has open.
 *
 * fd/N, like exe, cwd and root, is a magic link: its text is for people, while following it leads to
 * the object itself, which may have no name any more. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <event/event.h>
#include <fs/file.h>
#include <process/process.h>

/* The file behind descriptor `key`, or NULL. */
static struct file *find_file(const struct proc_subject *subject)
{
    const struct fd_table *table = subject->process->files;

    if (table == NULL || subject->key < 0 || subject->key >= table->size)
        return NULL;
    return table->files[subject->key];
}

static bool has_fd(const struct proc_subject *subject, int32_t number)
{
    const struct proc_subject wanted = { .process = subject->process, .key = number };

    return find_file(&wanted) != NULL;
}

static size_t fd_numbers(const struct proc_subject *subject, int32_t first, int32_t *out,
                         size_t capacity)
{
    const struct fd_table *table = subject->process->files;
    size_t count = 0;

    for (int32_t fd = first; table != NULL && fd < table->size && count < capacity; fd++)
        if (table->files[fd] != NULL)
            out[count++] = fd;
    return count;
}

/* The link's permissions tell how the file was opened. */
static uint32_t fd_permissions(const struct proc_subject *subject)
{
    const struct file *file = find_file(subject);

    if (file == NULL)
        return 0;
    switch (file->flags & O_ACCMODE) {
    case O_RDONLY:
        return 0500;
    case O_WRONLY:
        return 0300;
    default:
        return 0700;
    }
}

static void add_text(void *out, const char *text)
{
    text_add(out, "%s", text);
}

static int show_fdinfo(const struct proc_subject *subject, struct text *out)
{
    const struct fd_table *table = subject->process->files;
    const struct file *file = find_file(subject);
    unsigned flags;

    if (file == NULL)
        return -ENOENT;
    flags = file->flags & ~(unsigned)O_CLOEXEC;
    if (table->close_on_exec[subject->key / 64] >> (subject->key % 64) & 1)
        flags |= O_CLOEXEC;
    text_add(out, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (long long)file->position,
             flags, file->path.mount == NULL ? 0 : file->path.mount->id,
             (unsigned long long)file->inode->attributes.number);
    event_file_describe(file, add_text, out);
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
