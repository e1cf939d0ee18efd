/* A memory file is an inode of no file system, whose pages the page cache keeps, with a path that
 * nobody can look up.  Its seals are looked at where sizes change, where bytes are written and where
 * mappings are made. */
#include <fs/memory_file.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <fs/private.h>
#include <lib/format.h>
#include <lib/bits.h>
#include <memory/vm.h>

#define ALL_SEALS                                                                                  \
    ((unsigned)(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
#define WRITE_SEALS ((unsigned)(F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))

int memory_file_create(const char *name, bool sealable, struct file **out)
{
    static char shown[NAME_LENGTH_MAX + sizeof("/memfd: (deleted)")];
    struct inode *inode;
    struct path path;
    int error = inode_create_anonymous(S_IFREG | 0777, &inode);

    if (error)
        return error;
    inode->attributes.links = 0;
    inode->seals = sealable ? 0 : F_SEAL_SEAL;
    format(shown, sizeof(shown), "/memfd:%s (deleted)", name);
    error = path_of_anonymous(inode, shown, &path);
    inode_put(inode);
    if (error)
        return error;
    error = file_open(&path, O_RDWR | O_LARGEFILE, out);
    path_put(&path);
    return error;
}

/* ---- fcntl(2) ---- */

static bool is_mapped_writable(const struct inode *inode)
{
    const struct vm_area *area;

    list_for_each_entry(area, &inode->mappings, mapping)
        if ((area->flags & AREA_SHARED) && (area->maximum & PAGE_WRITE))
            return true;
    return false;
}

long file_add_seals(struct file *file, unsigned seals)
{
    struct inode *inode = file->inode;

    if (!inode_is_paged(inode))
        return -EINVAL;
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EPERM;
    if (seals & ~ALL_SEALS)
        return -EINVAL;
    if (inode->seals & F_SEAL_SEAL)
        return -EPERM;
    if ((seals & F_SEAL_WRITE) && !(inode->seals & F_SEAL_WRITE) && is_mapped_writable(inode))
        return -EBUSY;
    inode->seals |= seals;
    return 0;
}

long file_seals(const struct file *file)
{
    return inode_is_paged(file->inode) ? (long)file->inode->seals : -EINVAL;
}

/* ---- what seals forbid ---- */

int inode_seals_allow_size(const struct inode *inode, uint64_t size)
{
    uint64_t now = inode->attributes.size;

    if ((size < now && (inode->seals & F_SEAL_SHRINK)) ||
        (size > now && (inode->seals & F_SEAL_GROW)))
        return -EPERM;
    return 0;
}

/* Linux asks page by page: of a write that would make the file longer, the pages that do not are
 * written. */
long inode_seals_allow_write(const struct inode *inode, uint64_t position, size_t length)
{
    uint64_t size = inode->attributes.size, whole_pages = size & ~(uint64_t)PAGE_MASK;

    if (inode->seals & WRITE_SEALS)
        return -EPERM;
    if (!(inode->seals & F_SEAL_GROW) || (position <= size && length <= size - position))
        return (long)length;
    return position < whole_pages ? (long)min((uint64_t)length, whole_pages - position) : -EPERM;
}

int file_seals_allow_mapping(const struct file *file, unsigned protection, bool shared,
                             unsigned *maximum)
{
    unsigned seals = file->inode->seals;

    if (!shared || !(*maximum & PAGE_WRITE) || !(seals & WRITE_SEALS))
        return 0;
    if ((seals & F_SEAL_WRITE) || (protection & PAGE_WRITE))
        return -EPERM;
    *maximum &= ~PAGE_WRITE;
    return 0;
}
