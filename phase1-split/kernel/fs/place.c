/* From a place that a process has or is at to a path.  Whoever answers that a link leads there only
 * names it: whether the running process may follow is seen here. */
#include <fs/place.h>
#include <fs/private.h>

#include <linux/errno.h>

#include <lib/string.h>
#include <platform/memory.h>
#include <process/process.h>

static int hand_out(const struct path *path, struct path *out)
{
    if (!path->dentry)
        return -ENOENT;
    path_get(path);
    *out = *path;
    return 0;
}

static int path_of_descriptor(const struct fd_table *table, int32_t fd, struct path *out)
{
    if (!table || fd < 0 || fd >= table->size || !table->files[fd])
        return -ENOENT;
    return file_path(table->files[fd], out);
}

int path_of_place(const struct place *place, struct path *out)
{
    const struct process *process = process_find(place->process);

    if (!process)
        return -ENOENT;
    if (!process_may_inspect(process))
        return -EACCES;
    switch (place->kind) {
    case PLACE_PROGRAM:
        return hand_out(&process->executable, out);
    case PLACE_DIRECTORY:
        return process->fs ? hand_out(&process->fs->directory, out) : -ENOENT;
    case PLACE_ROOT:
        return process->fs ? hand_out(&process->fs->root, out) : -ENOENT;
    case PLACE_DESCRIPTOR:
        return path_of_descriptor(process->files, place->descriptor, out);
    default:
        return -ENOENT;
    }
}

int place_name(const struct place *place, char *target, size_t size, size_t *length)
{
    struct path path;
    int error = path_of_place(place, &path);

    if (error)
        return error;
    char *text = path_to_string(&path, target, size, NULL);

    path_put(&path);
    if (!text)
        return -ENAMETOOLONG;
    *length = strlen(text);
    memmove(target, text, *length);
    return 0;
}
