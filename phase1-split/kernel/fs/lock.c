/* Locks on files.  Record locks, fcntl_locking(2), are ranges of a file that belong to a process
 * (POSIX) or to the open file (F_OFD_*); flock(2)'s are on the whole of it and belong to the open
 * file.  Record locks do not mind flock(2)'s, nor these them.
 *
 * Each inode has a list of locks; the owner is the open file or the descriptor table, which is the
 * process's identity in matters of files.  Whoever waits, waits on one queue for all: locks are
 * rare, and every change makes waiters look again.  The locks of one owner stand together, sorted;
 * those of one type neither overlap nor touch: F_GETLK shows them as Linux does. */
#include <fs/lock.h>
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include <lib/bits.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <process/process.h>

struct record_lock {
    struct list node; /* inode->locks */
    struct list all;  /* every lock there is */
    const struct inode *inode;
    void *owner;         /* struct file, or struct fd_table */
    bool whole;          /* flock(2)'s */
    int32_t process;     /* id, for F_GETLK; -1: an open file's */
    short type;          /* F_RDLCK, F_WRLCK; F_UNLCK in a request */
    uint64_t start, end; /* bytes; `end` is the last one */
};

_Static_assert(sizeof(struct record_lock) <= LOCK_SIZE, "what a lock is charged");

/* A process asleep until `blocker` lets go; NULL: something has changed, it will look again. */
struct lock_waiter {
    struct list node;
    const void *owner, *blocker;
};

/* A chain of processes that wait for each other is followed so far (Linux: the same). */
#define DEADLOCK_STEPS 10

static struct wait_queue changed = { .waiters = LIST_INITIAL(changed.waiters) };
static struct list waiters = LIST_INITIAL(waiters);
static struct list locks = LIST_INITIAL(locks);

static void tell_waiters(void)
{
    struct lock_waiter *waiter;

    list_for_each_entry(waiter, &waiters, node)
        waiter->blocker = NULL;
    wait_queue_wake(&changed);
}

static bool overlap(const struct record_lock *a, const struct record_lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static bool touch(const struct record_lock *a, const struct record_lock *b)
{
    return a->start <= b->end + 1 && b->start <= a->end + 1;
}

static bool same_owner(const struct record_lock *a, const struct record_lock *b)
{
    return a->owner == b->owner && a->whole == b->whole;
}

/* A lock of somebody else that stands in the way, or NULL. */
static struct record_lock *conflict(struct inode *inode, const struct record_lock *wanted)
{
    struct record_lock *lock;

    list_for_each_entry(lock, &inode->locks, node)
        if (lock->owner != wanted->owner && lock->whole == wanted->whole && overlap(lock, wanted) &&
            (lock->type == F_WRLCK || wanted->type == F_WRLCK))
            return lock;
    return NULL;
}

/* Memory for locks has no limit of its own, but whoever takes most is the first to go when there is
 * none (memory/reclaim.c). */
static void charge(const struct record_lock *lock, int change)
{
    if (lock->whole || lock->process == -1)
        ((struct file *)lock->owner)->locks += (uint32_t)change;
    else
        ((struct fd_table *)lock->owner)->locks += (uint32_t)change;
}

static void lock_free(struct record_lock *lock)
{
    charge(lock, -1);
    list_remove(&lock->node);
    list_remove(&lock->all);
    kfree(lock);
}

/* Takes the range of `hole` out of `lock`, which is the same owner's; `*spare` becomes the second
 * part if two remain. */
static void cut(struct record_lock *lock, const struct record_lock *hole,
                struct record_lock **spare)
{
    if (lock->start < hole->start && lock->end > hole->end) {
        struct record_lock *rest = *spare;

        *rest = *lock;
        rest->start = hole->end + 1;
        list_insert_after(&lock->node, &rest->node);
        list_insert_after(&lock->all, &rest->all);
        *spare = NULL;
        lock->end = hole->start - 1;
        charge(rest, 1);
    } else if (lock->start < hole->start) {
        lock->end = hole->start - 1;
    } else if (lock->end > hole->end) {
        lock->start = hole->end + 1;
    } else {
        lock_free(lock);
    }
}

/* Enters a lock at its place among its owner's; before `following` if there are none. */
static void insert(struct inode *inode, struct record_lock *added, struct list *following)
{
    struct record_lock *lock;
    bool among_own = false;

    list_for_each_entry(lock, &inode->locks, node) {
        bool own = same_owner(lock, added);

        if (own ? lock->start > added->start : among_own) {
            following = &lock->node;
            break;
        }
        among_own |= own;
    }
    added->inode = inode;
    list_add_tail(following, &added->node);
    list_add_tail(&locks, &added->all);
    charge(added, 1);
}

/* Replaces what the owner has in the range.  -ENOMEM with nothing changed. */
static int apply(struct inode *inode, const struct record_lock *request)
{
    struct record_lock *added = kmalloc(sizeof(*added)), *spare = kmalloc(sizeof(*spare));
    struct record_lock *lock, *following;
    struct list *place = &inode->locks; /* where what gives way to the new lock was */

    if (!added || !spare) {
        kfree(added);
        kfree(spare);
        return -ENOMEM;
    }
    *added = *request;
    list_for_each_entry_safe(lock, following, &inode->locks, node) {
        if (!same_owner(lock, request))
            continue;
        place = lock->node.next;
        if (lock->type == request->type && touch(lock, added)) {
            added->start = min(added->start, lock->start);
            added->end = max(added->end, lock->end);
            lock_free(lock);
        } else if (overlap(lock, request)) {
            cut(lock, request, &spare);
        }
    }
    if (request->type != F_UNLCK) {
        insert(inode, added, place);
        added = NULL;
    }
    kfree(added);
    kfree(spare);
    tell_waiters();
    return 0;
}

static const void *blocker_of(const void *owner)
{
    struct lock_waiter *waiter;

    list_for_each_entry(waiter, &waiters, node)
        if (waiter->owner == owner)
            return waiter->blocker;
    return NULL;
}

/* Would `owner` wait for itself, through others, if it waited for `blocker`? */
static bool would_deadlock(const void *owner, const void *blocker)
{
    for (int step = 0; blocker && blocker != owner && step < DEADLOCK_STEPS; step++)
        blocker = blocker_of(blocker);
    return blocker == owner;
}

static int wait_for(const struct record_lock *request, const struct record_lock *blocker)
{
    struct lock_waiter waiter = { .owner = request->owner, .blocker = blocker->owner };

    if (request->process > 0 && !request->whole && would_deadlock(waiter.owner, waiter.blocker))
        return -EDEADLK;
    list_add(&waiters, &waiter.node);
    int error = wait_queue_sleep(&changed, WAIT_FOREVER);

    list_remove(&waiter.node);
    return error;
}

/* While it waits, another task of the process may exchange the descriptor table, as whose the lock
 * was asked for, for one of its own (close_range(2), CLOSE_RANGE_UNSHARE). */
static int set_lock(struct inode *inode, struct record_lock *request, bool wait)
{
    struct record_lock *blocker;

    while (request->type != F_UNLCK && (blocker = conflict(inode, request))) {
        bool of_table = request->owner == current_process()->files;
        int error = wait ? wait_for(request, blocker) : -EAGAIN;

        if (error)
            return error;
        if (of_table)
            request->owner = current_process()->files;
    }
    return apply(inode, request);
}

/* The bytes that `user` names, counted from the start of the file. */
static int range_of(const struct file *file, const struct flock *user, struct record_lock *out)
{
    int64_t base;

    switch (user->l_whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case SEEK_END:
        base = (int64_t)file->inode->attributes.size;
        break;
    default:
        return -EINVAL;
    }
    int64_t start, end = INT64_MAX;

    if (__builtin_add_overflow(base, user->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    if (user->l_len > 0) {
        if (__builtin_add_overflow(start, user->l_len - 1, &end))
            return -EOVERFLOW;
    } else if (user->l_len < 0) { /* the bytes before `start` */
        if (start + user->l_len < 0)
            return -EINVAL;
        end = start - 1;
        start += user->l_len;
    }
    out->start = (uint64_t)start;
    out->end = (uint64_t)end;
    return 0;
}

static void describe(const struct record_lock *lock, struct flock *out)
{
    out->l_type = lock->type;
    out->l_whence = SEEK_SET;
    out->l_start = (int64_t)lock->start;
    out->l_len = lock->end == INT64_MAX ? 0 : (int64_t)(lock->end - lock->start + 1);
    out->l_pid = lock->process;
}

static int check_mode(const struct file *file, short type)
{
    unsigned access = file->flags & O_ACCMODE;

    if ((type == F_RDLCK && access == O_WRONLY) || (type == F_WRLCK && access == O_RDONLY))
        return -EBADF;
    return 0;
}

static long get_lock(struct file *file, const struct record_lock *request, struct flock *user,
                     user_address argument)
{
    struct record_lock *lock = conflict(file->inode, request);

    if (lock)
        describe(lock, user);
    else
        user->l_type = F_UNLCK;
    return copy_to_user(argument, user, sizeof(*user));
}

static bool is_of_open_file(int command)
{
    return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

long file_lock(struct file *file, int command, user_address argument)
{
    struct flock user;
    struct record_lock request = { .owner = current_process()->files,
                                   .process = current_process()->id };

    if (is_of_open_file(command)) {
        request.owner = file;
        request.process = -1;
    }
    if (copy_from_user(&user, argument, sizeof(user)) < 0)
        return -EFAULT;
    if (user.l_type != F_RDLCK && user.l_type != F_WRLCK && user.l_type != F_UNLCK)
        return -EINVAL;
    if (user.l_type == F_UNLCK && (command == F_GETLK || command == F_OFD_GETLK))
        return -EINVAL; /* told before a bad range */
    request.type = user.l_type;
    int error = range_of(file, &user, &request);

    if (error)
        return error;
    bool bad_owner = is_of_open_file(command) && user.l_pid != 0;

    if (command == F_GETLK || command == F_OFD_GETLK)
        return user.l_type == F_UNLCK || bad_owner ? -EINVAL
                                                   : get_lock(file, &request, &user, argument);
    error = check_mode(file, user.l_type);
    if (error)
        return error;
    if (bad_owner)
        return -EINVAL;
    return set_lock(file->inode, &request, command == F_SETLKW || command == F_OFD_SETLKW);
}

/* ---- flock(2) ---- */

/* The lock that the open file has, or NULL. */
static struct record_lock *whole_lock(const struct file *file)
{
    struct record_lock *lock;

    list_for_each_entry(lock, &file->inode->locks, node)
        if (lock->owner == file && lock->whole)
            return lock;
    return NULL;
}

/* The old lock goes before the new one is asked for, as flock(2) says. */
int lock_type_of(int operation)
{
    switch (operation & ~LOCK_NB) {
    case LOCK_SH:
        return F_RDLCK;
    case LOCK_EX:
        return F_WRLCK;
    case LOCK_UN:
        return F_UNLCK;
    default:
        return -EINVAL;
    }
}

long file_lock_whole(struct file *file, int operation)
{
    struct record_lock request = { .owner = file,
                                   .whole = true,
                                   .type = (short)lock_type_of(operation),
                                   .end = INT64_MAX,
                                   .process = current_process()->id };

    if (file->flags & O_PATH || (file->flags & O_ACCMODE) == O_ACCMODE)
        return -EBADF;
    struct record_lock *held = whole_lock(file);

    if (held && held->type == request.type)
        return 0;
    if (held) {
        lock_free(held);
        tell_waiters();
    }
    if (request.type == F_UNLCK)
        return 0;
    return set_lock(file->inode, &request, !(operation & LOCK_NB));
}

/* ---- the end of locks ---- */

void file_unlock_all(struct file *file, const void *owner)
{
    struct record_lock *lock, *following;
    bool found = false;

    if (list_empty(&file->inode->locks))
        return;
    list_for_each_entry_safe(lock, following, &file->inode->locks, node) {
        if (lock->owner == owner) {
            lock_free(lock);
            found = true;
        }
    }
    if (found)
        tell_waiters();
}

/* ---- for reports ---- */

size_t file_locks(size_t first, struct lock_snapshot *out, size_t capacity)
{
    const struct record_lock *lock;
    size_t index = 0, count = 0;

    list_for_each_entry(lock, &locks, all) {
        if (index++ < first)
            continue;
        if (count == capacity)
            break;
        out[count++] = (struct lock_snapshot){
            .of_file = lock->whole,
            .type = lock->type,
            .process = lock->process,
            .device = lock->inode->fs ? lock->inode->fs->device : 0,
            .inode = lock->inode->attributes.number,
            .start = lock->start,
            .end = lock->end,
        };
    }
    return count;
}
