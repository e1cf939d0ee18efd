/* Reading directories: getdents64(2), getdents(2).
 *
 * A directory's position is a cookie: 0 stands before ".", 1 before "..", and what lies above is
 * the file system's own cookie plus 2. */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <platform/memory.h>
#include <platform/user.h>

#define OWN_ENTRIES 2  /* "." and ".." */
#define LISTED      32 /* entries asked for at once */

/* struct linux_dirent64 as getdents64(2) shows it; no UAPI header has it. */
struct user_entry {
    uint64_t number;
    int64_t next;
    uint16_t length; /* of the whole record, a multiple of 8 */
    uint8_t type;
    char name[NAME_LENGTH_MAX + 1 + 7]; /* NUL-terminated, and zeros up to the length */
};
#define ENTRY_HEADER offsetof(struct user_entry, name)

/* The record of getdents(2), which is older: the type is in its last byte. */
struct old_user_entry {
    uint64_t number;
    int64_t next;
    uint16_t length;
    char name[NAME_LENGTH_MAX + 1 + 1 + 7];
};
#define OLD_ENTRY_HEADER offsetof(struct old_user_entry, name)

/* Where the next record goes. */
struct output {
    bool old; /* as records of getdents(2) */
    user_address to;
    size_t left;
    long written; /* bytes */
};

static int put_record(struct output *out, const void *record, size_t size)
{
    if (copy_to_user(out->to, record, size) < 0)
        return -EFAULT;
    out->to += size;
    out->left -= size;
    out->written += (long)size;
    return 0;
}

static int emit_old(struct output *out, const char *name, size_t length, uint64_t number,
                    uint8_t type, uint64_t next)
{
    struct old_user_entry entry;
    size_t size = (OLD_ENTRY_HEADER + length + 1 + 1 + 7) & ~(size_t)7;

    if (size > out->left)
        return -ENOSPC;
    entry.number = number;
    entry.next = (int64_t)next;
    entry.length = (uint16_t)size;
    memcpy(entry.name, name, length);
    memset(entry.name + length, 0, size - OLD_ENTRY_HEADER - length);
    entry.name[size - OLD_ENTRY_HEADER - 1] = (char)type;
    return put_record(out, &entry, size);
}

/* 0, -ENOSPC when the record does not fit any more, -EFAULT. */
static int emit(struct output *out, const char *name, size_t length, uint64_t number, uint8_t type,
                uint64_t next)
{
    struct user_entry entry;
    size_t size = (ENTRY_HEADER + length + 1 + 7) & ~(size_t)7;

    if (out->old)
        return emit_old(out, name, length, number, type, next);
    if (size > out->left)
        return -ENOSPC;
    entry.number = number;
    entry.next = (int64_t)next;
    entry.length = (uint16_t)size;
    entry.type = type;
    memcpy(entry.name, name, length);
    memset(entry.name + length, 0, size - ENTRY_HEADER - length);
    return put_record(out, &entry, size);
}

/* Listing neither sleeps nor lists another directory inside: one buffer serves all. */
static struct directory_entry entries[LISTED];

/* A directory that changes by itself may be gone, and then has not even its own two entries. */
static int check_there(const struct file *file)
{
    const struct inode *inode = file->inode;
    size_t count;

    if (file->position >= OWN_ENTRIES || !(inode->fs->type->flags & FS_VOLATILE))
        return 0;
    return inode->fs->type->directory->list(inode->node, 0, entries, 1, &count);
}

static int emit_own(struct output *out, struct file *file)
{
    const struct dentry *directory = file->path.dentry;

    while (file->position < OWN_ENTRIES) {
        bool parent = file->position == 1;
        const struct inode *inode = parent ? directory->parent->inode : directory->inode;
        int error = emit(out, "..", parent ? 2 : 1, inode->attributes.number, S_IFDIR >> 12,
                         file->position + 1);

        if (error)
            return error;
        file->position++;
    }
    return 0;
}

static int emit_listed(struct output *out, struct file *file)
{
    struct inode *inode = file->inode;
    size_t count;

    do {
        count = 0;
        int error = inode->fs->type->directory->list(inode->node, file->position - OWN_ENTRIES,
                                                     entries, LISTED, &count);

        if (error)
            return error;
        if (count > LISTED)
            return -EIO;
        for (size_t i = 0; i < count; i++) {
            const struct directory_entry *entry = &entries[i];

            error = emit(out, entry->name, entry->length, entry->number, entry->type,
                         entry->next + OWN_ENTRIES);
            if (error)
                return error;
            file->position = entry->next + OWN_ENTRIES;
        }
    } while (count > 0);
    return 0;
}

long directory_read(struct file *file, user_address to, size_t size, bool old)
{
    struct output out = { .old = old, .to = to, .left = size };

    if (file->flags & O_PATH)
        return -EBADF;
    if (!inode_is_directory(file->inode))
        return -ENOTDIR;
    if (file->path.dentry->unlinked)
        return -ENOENT;
    int error = check_there(file);

    if (!error)
        error = emit_own(&out, file);
    if (!error)
        error = emit_listed(&out, file);
    if (out.written > 0 || !error) {
        file_accessed(file);
        return out.written;
    }
    return error == -ENOSPC ? -EINVAL : error; /* not even one record fits */
}
