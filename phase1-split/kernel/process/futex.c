/* Futexes: the waiters of all words, in a hash table by what the word is.
 *
 * The kernel is not preempted, so between reading a word and sleeping, or between reading and
 * writing it, no other task runs: there is nothing to lock. */
#include <process/futex.h>

#include <linux/errno.h>

#include <fs/file.h>
#include <lib/bits.h>
#include <lib/hash.h>
#include <platform/user.h>
#include <process/process.h>

#define HASH_SIZE 128

/* Which word: one of a file or of shared memory, wherever it is mapped, or one of a process's own
 * memory.  Another task may unmap the word of a
 * waiter: the reference keeps the inode from coming back as another file's. */
struct key {
    const void *owner;   /* the inode, or the vm */
    uint64_t offset;     /* in it, bytes */
    struct inode *inode; /* the same inode; a waiter references it; NULL: the vm */
};

struct waiter {
    struct list node;
    struct key key;
    uint32_t mask;
    struct task *task;
    bool woken;
};

static struct list waiters[HASH_SIZE];

static struct list *bucket(const struct key *key)
{
    uint64_t owner = (uintptr_t)key->owner;
    struct list *list = &waiters[hash_u64(owner ^ key->offset) % HASH_SIZE];
    if (!list->next)
        list_init(list);
    return list;
}

static bool same(const struct key *a, const struct key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

static int find_key(user_address word, struct key *out)
{
    struct vm *vm = current_process()->vm;
    if (word % sizeof(uint32_t))
        return -EINVAL;
    const struct vm_area *area = vm_find(vm, word);
    if (!area)
        return -EFAULT;
    if ((area->flags & AREA_SHARED) && area->file) {
        uint64_t start = area->offset << PAGE_SHIFT;
        struct inode *inode = area->file->inode;
        *out = (struct key){ inode, start + (word - area->start), inode };
    } else {
        *out = (struct key){ vm, word, NULL };
    }
    return 0;
}

static void hold(const struct key *key)
{
    if (key->inode)
        inode_get(key->inode);
}

static void let_go(const struct key *key)
{
    if (key->inode)
        inode_put(key->inode);
}

/* ---- waiting ---- */

int futex_wait(user_address word, uint32_t expected, uint32_t mask, uint64_t deadline)
{
    struct waiter waiter = { .mask = mask, .task = current };
    uint32_t value;
    int error = find_key(word, &waiter.key);
    if (error)
        return error;
    if (copy_from_user(&value, word, sizeof value))
        return -EFAULT;
    if (value != expected)
        return -EAGAIN;
    hold(&waiter.key);
    list_add_tail(bucket(&waiter.key), &waiter.node);
    do
        error = task_sleep(deadline);
    while (!error && !waiter.woken);
    if (!waiter.woken)
        list_remove(&waiter.node);
    let_go(&waiter.key);
    return waiter.woken ? 0 : error;
}

static void wake(struct waiter *waiter)
{
    list_remove(&waiter->node);
    waiter->woken = true;
    task_wake(waiter->task);
}

static long wake_key(const struct key *key, int count, uint32_t mask)
{
    struct waiter *waiter, *next;
    long woken = 0;
    list_for_each_entry_safe(waiter, next, bucket(key), node) {
        if (woken >= count)
            break;
        if (!same(&waiter->key, key) || !(waiter->mask & mask))
            continue;
        wake(waiter);
        woken++;
    }
    return woken;
}

long futex_wake(user_address word, int count, uint32_t mask)
{
    struct key key;
    int error = find_key(word, &key);
    return error ? error : wake_key(&key, count, mask);
}

long futex_requeue(user_address word, user_address other, int count, int moved)
{
    struct key from, to;
    struct waiter *waiter, *next;
    int error = find_key(word, &from);
    if (!error)
        error = find_key(other, &to);
    if (error)
        return error;
    long done = wake_key(&from, count, FUTEX_ANY), limit = done + moved;
    if (same(&from, &to))
        return done;
    list_for_each_entry_safe(waiter, next, bucket(&from), node) {
        if (done >= limit)
            break;
        if (!same(&waiter->key, &from))
            continue;
        hold(&to);
        let_go(&waiter->key); /* not the last one: the caller has the word mapped */
        waiter->key = to;
        list_move_tail(bucket(&to), &waiter->node);
        done++;
    }
    return done;
}

/* ---- FUTEX_WAKE_OP ---- */

static int operate(uint32_t operation, uint32_t *value)
{
    uint32_t argument = (operation >> 12) & 0xfff;
    if (operation & (uint32_t)FUTEX_OP_OPARG_SHIFT << 28)
        argument = 1u << (argument & 31);
    else
        argument = (uint32_t)((int32_t)(argument << 20) >> 20); /* signed, 12 bits */
    switch (operation >> 28 & 7) {
    case FUTEX_OP_SET:
        *value = argument;
        return 0;
    case FUTEX_OP_ADD:
        *value += argument;
        return 0;
    case FUTEX_OP_OR:
        *value |= argument;
        return 0;
    case FUTEX_OP_ANDN:
        *value &= ~argument;
        return 0;
    case FUTEX_OP_XOR:
        *value ^= argument;
        return 0;
    default:
        return -ENOSYS;
    }
}

static int compare(uint32_t operation, int32_t value)
{
    int32_t with = (int32_t)(operation << 20) >> 20;
    switch (operation >> 24 & 15) {
    case FUTEX_OP_CMP_EQ:
        return value == with;
    case FUTEX_OP_CMP_NE:
        return value != with;
    case FUTEX_OP_CMP_LT:
        return value < with;
    case FUTEX_OP_CMP_LE:
        return value <= with;
    case FUTEX_OP_CMP_GT:
        return value > with;
    case FUTEX_OP_CMP_GE:
        return value >= with;
    default:
        return -ENOSYS;
    }
}

long futex_wake_operation(user_address word, user_address other, int count, int other_count,
                          uint32_t operation)
{
    struct key first, second;
    uint32_t before, after;
    int error = find_key(word, &first);
    if (!error)
        error = find_key(other, &second);
    if (error)
        return error;
    if (copy_from_user(&before, other, sizeof before))
        return -EFAULT;
    after = before;
    error = operate(operation, &after);
    if (error)
        return error;
    if (copy_to_user(other, &after, sizeof after))
        return -EFAULT;
    int more = compare(operation, (int32_t)before);
    if (more < 0)
        return more;
    long woken = wake_key(&first, count, FUTEX_ANY);
    return more ? woken + wake_key(&second, other_count, FUTEX_ANY) : woken;
}

/* ---- robust futexes ---- */

/* A user program may have made the list a ring, or may be changing it. */
#define ROBUST_LIST_LIMIT 2048 /* as Linux */

/* struct robust_list_head, of addresses as numbers.  The lowest bit of an address says that the
 * futex is one with priority inheritance, which this kernel has not. */
struct robust_futexes {
    user_address first;
    int64_t futex_offset; /* from an entry to its word */
    user_address pending; /* being taken or given back right now */
};

/* The word of a dead task: marked, and somebody else may have it. */
static void release_robust(user_address word)
{
    uint32_t value;
    if (word % sizeof value || copy_from_user(&value, word, sizeof value))
        return;
    if ((value & FUTEX_TID_MASK) != (uint32_t)current->id)
        return;
    uint32_t dead = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    if (!copy_to_user(word, &dead, sizeof dead) && (value & FUTEX_WAITERS))
        futex_wake(word, 1, FUTEX_ANY);
}

void futex_release_robust_list(void)
{
    struct robust_futexes head;
    user_address list = current->robust_list, entry;
    if (!list || copy_from_user(&head, list, sizeof head))
        return;
    entry = head.first & ~1ull;
    for (int i = 0; entry != list && i < ROBUST_LIST_LIMIT; i++) {
        user_address next;
        bool more = !copy_from_user(&next, entry, sizeof next);
        if (entry != (head.pending & ~1ull))
            release_robust(entry + (uint64_t)head.futex_offset);
        if (!more)
            break;
        entry = next & ~1ull;
    }
    if (head.pending)
        release_robust((head.pending & ~1ull) + (uint64_t)head.futex_offset);
}
