/* Inodes: one record for each node that something leads to, found again by its number.
 *
 * A service names its nodes by handles and describes them by attributes; Core believes neither
 * more than it must.  Every answer passes through inode_from_answer(). */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <fs/device_table.h>
#include <fs/page_cache.h>
#include <lib/hash.h>
#include <platform/heap.h>
#include <param.h>
#include <platform/panic.h>
#include <process/wall_clock.h>

#define ONE_DAY 86400 /* seconds */

static struct list table[INODE_HASH_SIZE];
static struct inode *reserved; /* for the next new inode: what inode_reserve() put aside */
static uint64_t inodes;        /* in memory */
static uint64_t next_anonymous_number = 1;

void inode_table_init(void)
{
    for (size_t i = 0; i < INODE_HASH_SIZE; i++)
        list_init(&table[i]);
}

static struct list *bucket_of(const struct file_system *fs, uint64_t number)
{
    return &table[hash_u64(number ^ (uintptr_t)fs) % INODE_HASH_SIZE];
}

static struct inode *find(const struct file_system *fs, uint64_t number)
{
    struct list *bucket = bucket_of(fs, number);
    struct inode *inode;

    list_for_each_entry(inode, bucket, hash)
        if (inode->attributes.number == number && inode->fs == fs)
            return inode;
    return NULL;
}

/* ---- making and freeing ---- */

int inode_reserve(void)
{
    if (!reserved)
        reserved = kmalloc(sizeof(*reserved));
    return reserved ? 0 : -ENOMEM;
}

void inode_reserve_drop(void)
{
    kfree(reserved);
    reserved = NULL;
}

static int allocate(struct inode **out)
{
    int error = inode_reserve();

    if (error)
        return error;
    struct inode *inode = reserved;

    reserved = NULL;
    *inode = (struct inode){ .references = 1, .seals = F_SEAL_SEAL };
    list_init(&inode->mappings);
    list_init(&inode->locks);
    list_init(&inode->hash);
    list_init(&inode->of_file_system);
    inodes++;
    *out = inode;
    return 0;
}

static bool mode_is_possible(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        return (mode & ~(uint32_t)S_IFMT) <= 07777;
    default:
        return false;
    }
}

/* Takes what a service tells of its node.  The device behind a regular file is nobody's business. */
static void take_attributes(struct inode *inode, const struct attributes *told)
{
    inode->attributes = *told;
    if (S_ISREG(told->mode))
        inode->attributes.device = 0;
}

static int refresh_known(struct inode *inode, const struct node_answer *answer)
{
    if ((inode->attributes.mode ^ answer->attributes.mode) & S_IFMT)
        return -EIO;
    if (inode->fs->type->flags & FS_VOLATILE)
        take_attributes(inode, &answer->attributes);
    return 0;
}

/* Whose operations open() is to use: a regular file's are the file system's, or another service's
 * that has registered them for the number that the file system names. */
static void choose_operations(struct inode *inode, uint64_t number)
{
    const struct device *device;

    if (!S_ISREG(inode->attributes.mode) || inode->fs->type->paged_file)
        return;
    inode->ops = inode->fs->type->file;
    device = number ? device_find(number) : NULL;
    if (device) {
        inode->ops = device->ops;
        inode->ops_node = device->node;
    }
}

/* Somebody has a regular file's data: the page cache, the file system, or behind it another. */
static bool has_data(const struct file_system_type *type, const struct attributes *told)
{
    return !S_ISREG(told->mode) || type->paged_file || type->file ||
           (told->device && device_find(told->device));
}

static bool answer_is_possible(const struct file_system *fs, const struct attributes *told)
{
    return told->number != 0 && mode_is_possible(told->mode) && has_data(fs->type, told);
}

int inode_from_answer(struct file_system *fs, const struct node_answer *answer, struct inode **out)
{
    if (!answer_is_possible(fs, &answer->attributes))
        return -EIO;
    struct inode *inode = find(fs, answer->attributes.number);

    if (inode) {
        int error = refresh_known(inode, answer);

        if (error)
            return error;
        inode_get(inode);
        *out = inode;
        return 0;
    }
    int error = allocate(&inode);

    if (error)
        return error;
    inode->fs = fs;
    fs->references++;
    inode->node = inode->ops_node = answer->node;
    take_attributes(inode, &answer->attributes);
    choose_operations(inode, answer->attributes.device);
    list_add(bucket_of(fs, inode->attributes.number), &inode->hash);
    list_add_tail(&fs->inodes, &inode->of_file_system);
    *out = inode;
    return 0;
}

int inode_create_anonymous(uint32_t mode, struct inode **out)
{
    struct inode *inode;
    int error = allocate(&inode);

    if (error)
        return error;
    inode->attributes.number = next_anonymous_number++;
    inode->attributes.mode = mode;
    inode->attributes.links = 1;
    inode->attributes.uid = file_system_uid();
    inode->attributes.gid = file_system_gid();
    inode->attributes.changed = wall_clock_timestamp();
    inode->attributes.accessed = inode->attributes.modified = inode->attributes.changed;
    *out = inode;
    return 0;
}

void inode_get(struct inode *inode)
{
    inode->references++;
}

static void inode_free(struct inode *inode)
{
    struct file_system *fs = inode->fs;

    page_cache_drop(inode);
    list_remove(&inode->hash);
    list_remove(&inode->of_file_system);
    kfree(inode->link_target);
    if (fs)
        fs->type->fs->release(inode->node);
    kfree(inode);
    inodes--;
    if (fs)
        file_system_put(fs);
}

void inode_put(struct inode *inode)
{
    panic_unless(inode->references > 0);
    if (--inode->references == 0)
        inode_free(inode);
}

void file_system_put(struct file_system *fs)
{
    if (--fs->references > 0)
        return;
    fs->type->fs->unmount(fs->handle);
    kfree(fs);
}

uint64_t inode_count(void)
{
    return inodes;
}

/* ---- attributes ---- */

int inode_refresh(struct inode *inode)
{
    struct attributes now;

    if (!inode->fs || !(inode->fs->type->flags & FS_VOLATILE))
        return 0;
    int error = inode->fs->type->fs->get_attributes(inode->node, &now);

    if (error)
        return error;
    if (now.number != inode->attributes.number || ((now.mode ^ inode->attributes.mode) & S_IFMT))
        return -EIO;
    take_attributes(inode, &now);
    return 0;
}

int inode_set_attributes(struct inode *inode, const struct attributes *attributes, unsigned which)
{
    struct attributes changed = *attributes;

    if (!(which & SET_CHANGED))
        changed.changed = wall_clock_timestamp();
    which |= SET_CHANGED;
    if (inode->fs) {
        int error = inode->fs->type->fs->set_attributes(inode->node, &changed, which);

        if (error)
            return error;
    }
    struct attributes *own = &inode->attributes;

    if (which & SET_MODE)
        own->mode = (own->mode & S_IFMT) | (changed.mode & 07777);
    if (which & SET_UID)
        own->uid = changed.uid;
    if (which & SET_GID)
        own->gid = changed.gid;
    if (which & SET_ACCESSED)
        own->accessed = changed.accessed;
    if (which & SET_MODIFIED)
        own->modified = changed.modified;
    own->changed = changed.changed;
    return 0;
}

static bool later(const struct timestamp *a, const struct timestamp *b)
{
    return a->seconds != b->seconds ? a->seconds > b->seconds : a->nanoseconds > b->nanoseconds;
}

void inode_touch(struct inode *inode, unsigned which)
{
    struct attributes *own = &inode->attributes;
    struct timestamp now = wall_clock_timestamp();

    /* Reading leaves a stamp only if it tells something new: the file has changed since it was
     * last read, or that was a day ago.  (mount(8), relatime: Linux's default.) */
    if ((which & SET_ACCESSED) &&
        ((which & TOUCH_STRICTLY) || !later(&own->accessed, &own->modified) ||
         !later(&own->accessed, &own->changed) || now.seconds - own->accessed.seconds >= ONE_DAY))
        own->accessed = now;
    if (which & SET_MODIFIED)
        own->modified = now;
    if (which & SET_CHANGED)
        own->changed = now;
}

void inode_add_links(struct inode *inode, int change)
{
    inode->attributes.links += (uint32_t)change;
    inode_touch(inode, SET_CHANGED);
}
