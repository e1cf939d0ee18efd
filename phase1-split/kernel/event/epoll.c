/* epoll(7): a set of files to be waited for.
 *
 * Each file of the set has an entry on its wait queue that does not wake a task, but puts the file
 * on the set's list of those worth a look.  A wait looks at these only, so its cost does not grow
 * with the set.  A file that is reported stays on the list until a look finds nothing, unless it
 * is watched for edges (EPOLLET): then it comes back with the next wake-up. */
#include <event/event.h>

#include <linux/errno.h>
#include <linux/poll.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/watch.h>

#define NESTING_LIMIT 4 /* links of a chain of sets, as Linux */
#define A_CIRCLE      (2 * NESTING_LIMIT)

/* What is always reported, and what is not an event but says how to watch. */
#define ALWAYS  (EPOLLERR | EPOLLHUP)
#define OPTIONS (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

struct epoll {
    struct list items;      /* of struct epoll_item.of_set */
    struct list ready;      /* those worth a look: struct epoll_item.ready */
    struct wait_queue wait; /* woken when one is put there */
    struct file *file;      /* the set's own, not referenced */
    uint64_t walk;          /* the last one that came by, see below */
    unsigned depth;         /* what it found */
};

struct epoll_item {
    struct list of_set, ready;
    struct epoll *set;
    struct file *file; /* not referenced: epoll_forget() is called before it goes */
    struct epoll_item *next_of_file;
    int fd; /* under which it was added; one file may be there under several */
    struct epoll_event event;
    struct wait_entry entry;
};

static unsigned item_count;
static uint64_t walk; /* through sets of sets, in which each is looked at once */

static struct epoll *of(file_handle handle)
{
    return (struct epoll *)handle;
}

/* ---- the list of those worth a look ---- */

static void mark(struct epoll_item *item)
{
    if (!(item->event.events & ~OPTIONS))
        return; /* reported once, and not asked for again since (EPOLLONESHOT) */
    if (list_empty(&item->ready))
        list_add_tail(&item->set->ready, &item->ready);
    wait_queue_wake(&item->set->wait);
}

static void file_changed(struct wait_entry *entry)
{
    mark(container_of(entry, struct epoll_item, entry));
}

/* What of the wanted events holds for the file now. */
static uint32_t look(struct epoll_item *item)
{
    struct wait_queue *queue;
    uint32_t wanted = item->event.events & ~OPTIONS;
    return wanted ? file_poll(item->file, &queue) & (wanted | ALWAYS) : 0;
}

static void add_to_queue(struct epoll_item *item)
{
    struct wait_queue *queue;
    file_poll(item->file, &queue);
    wait_queue_remove(&item->entry);
    if (queue)
        wait_queue_add_callback(queue, &item->entry, file_changed);
}

/* ---- the set ---- */

static struct epoll_item *find(const struct epoll *set, const struct file *file, int fd)
{
    for (struct epoll_item *item = file->watchers; item; item = item->next_of_file)
        if (item->set == set && item->fd == fd)
            return item;
    return NULL;
}

static void item_free(struct epoll_item *item)
{
    struct epoll_item **link = &item->file->watchers;
    while (*link != item)
        link = &(*link)->next_of_file;
    *link = item->next_of_file;
    wait_queue_remove(&item->entry);
    list_remove(&item->ready);
    list_remove(&item->of_set);
    item_count--;
    kfree(item);
}

/* ---- sets of sets ----
 *
 * A wake-up runs through all sets above the file that changed, on one kernel stack.  So Linux's
 * limits are kept when a link is made: how long a chain may be, counted in both directions, and how
 * many ways may lead from one file to sets that are in no other. */

/* How many links the longest chain below the set has; at least A_CIRCLE if it leads to `wanted`. */
static unsigned depth_below(struct epoll *set, const struct epoll *wanted)
{
    const struct epoll_item *item;
    if (set == wanted)
        return A_CIRCLE;
    if (set->walk == walk)
        return set->depth;
    unsigned depth = 0;
    list_for_each_entry(item, &set->items, of_set)
        if (is_epoll(item->file))
            depth = max(depth, depth_below(of(item->file->handle), wanted) + 1);
    set->walk = walk;
    set->depth = depth;
    return depth;
}

static unsigned depth_above(struct epoll *set)
{
    if (set->walk == walk)
        return set->depth;
    unsigned depth = 0;
    for (const struct epoll_item *item = set->file->watchers; item; item = item->next_of_file)
        depth = max(depth, depth_above(item->set) + 1);
    set->walk = walk;
    set->depth = depth;
    return depth;
}

static bool is_too_deep(struct epoll *set, struct epoll *inner)
{
    walk++;
    unsigned below = depth_below(inner, set);
    walk++;
    return below + 1 + depth_above(set) > NESTING_LIMIT;
}

/* Counts the ways up from the file, by their length in links between sets. */
static int count_ways(const struct file *file, unsigned length, unsigned counts[])
{
    static const unsigned most[NESTING_LIMIT + 1] = { UINT32_MAX, 500, 100, 50, 10 };
    for (const struct epoll_item *item = file->watchers; item; item = item->next_of_file) {
        const struct file *above = item->set->file;
        int error = 0;
        if (above->watchers)
            error = count_ways(above, length + 1, counts);
        else if (++counts[length] > most[length])
            error = -EINVAL;
        if (error)
            return error;
    }
    return 0;
}

/* Are there few enough ways from every file in the set, and in those in it? */
static int check_ways(struct epoll *set)
{
    const struct epoll_item *item;
    int error = 0;
    if (set->walk == walk)
        return 0;
    set->walk = walk;
    list_for_each_entry(item, &set->items, of_set) {
        unsigned counts[NESTING_LIMIT + 1] = { 0 };
        error = is_epoll(item->file) ? check_ways(of(item->file->handle))
                                     : count_ways(item->file, 0, counts);
        if (error)
            break;
    }
    return error;
}

/* The item is new: are there too many ways now? */
static int check_new(struct epoll_item *item)
{
    unsigned counts[NESTING_LIMIT + 1] = { 0 };
    walk++;
    if (is_epoll(item->file))
        return check_ways(of(item->file->handle));
    return item->set->file->watchers ? count_ways(item->file, 0, counts) : 0;
}

static int add(struct epoll *set, int fd, struct file *file, const struct epoll_event *event)
{
    if (is_epoll(file) && is_too_deep(set, of(file->handle)))
        return -ELOOP;
    if (item_count >= EPOLL_WATCHES)
        return -ENOSPC;
    struct epoll_item *item = kzalloc(sizeof *item);
    if (!item)
        return -ENOMEM;
    item_count++;
    item->set = set;
    item->file = file;
    item->fd = fd;
    item->event = *event;
    item->next_of_file = file->watchers;
    file->watchers = item;
    list_init(&item->ready);
    list_init(&item->entry.node);
    list_add_tail(&set->items, &item->of_set);
    int error = check_new(item);
    if (error) {
        item_free(item);
        return error;
    }
    add_to_queue(item);
    if (look(item))
        mark(item);
    return 0;
}

static int modify(struct epoll_item *item, const struct epoll_event *event)
{
    if ((item->event.events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    item->event = *event;
    add_to_queue(item);
    if (look(item))
        mark(item);
    return 0;
}

int epoll_control(struct file *epoll, int operation, int fd, struct file *file,
                  const struct epoll_event *event)
{
    struct epoll *set = of(epoll->handle);
    if (!file->ops || !file->ops->poll)
        return -EPERM; /* always ready: nothing to wait for */
    if (file == epoll)
        return -EINVAL;
    struct epoll_item *item = find(set, file, fd);
    switch (operation) {
    case EPOLL_CTL_ADD:
        return item ? -EEXIST : add(set, fd, file, event);
    case EPOLL_CTL_MOD:
        return item ? modify(item, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!item)
            return -ENOENT;
        item_free(item);
        return 0;
    default:
        return -EINVAL;
    }
}

void epoll_forget(struct file *file)
{
    while (file->watchers)
        item_free(file->watchers);
}

/* ---- waiting ---- */

static int report(struct epoll_item *item, uint32_t ready, user_address to)
{
    struct epoll_event event = { .events = ready, .data = item->event.data };
    if (copy_to_user(to, &event, sizeof event))
        return -EFAULT;
    if (item->event.events & EPOLLONESHOT)
        item->event.events &= OPTIONS;
    else if (!(item->event.events & EPOLLET))
        list_add_tail(&item->set->ready, &item->ready);
    return 0;
}

/* Looks once at each file that is worth it.  What stays on the list goes to its end, so that with
 * a small `limit` each gets its turn. */
static long collect(struct epoll *set, user_address events, int limit)
{
    struct list round;
    long count = 0;
    int error = 0;
    list_init(&round);
    while (!list_empty(&set->ready))
        list_move_tail(&round, set->ready.next);
    while (!list_empty(&round) && count < limit && !error) {
        struct epoll_item *item = container_of(round.next, struct epoll_item, ready);
        list_remove(&item->ready);
        uint32_t ready = look(item);
        if (!ready)
            continue;
        error = report(item, ready, events + (uint64_t)count * sizeof(struct epoll_event));
        if (error)
            list_add(&round, &item->ready);
        else
            count++;
    }
    while (!list_empty(&round)) /* in front of those that were reported */
        list_move(&set->ready, round.previous);
    return count ? count : error;
}

long epoll_wait(struct file *epoll, user_address events, int limit, uint64_t deadline)
{
    struct epoll *set = of(epoll->handle);
    for (;;) {
        long count = collect(set, events, limit);
        if (count || deadline == NOW)
            return count;
        int error = wait_queue_sleep(&set->wait, deadline);
        if (error == -ETIMEDOUT)
            deadline = NOW;
        else if (error)
            return -EINTR;
    }
}

/* ---- the set as a file ---- */

static int epoll_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    struct epoll_item *item, *next;
    *ready = 0;
    *wait = &of(handle)->wait;
    list_for_each_entry_safe(item, next, &of(handle)->ready, ready) {
        if (look(item)) {
            *ready = POLLIN | POLLRDNORM;
            break;
        }
        list_remove(&item->ready);
    }
    return 0;
}

static int epoll_release(file_handle handle)
{
    struct epoll_item *item, *next;
    list_for_each_entry_safe(item, next, &of(handle)->items, of_set)
        item_free(item);
    wait_queue_release(&of(handle)->wait);
    kfree(of(handle));
    return 0;
}

const struct file_ops epoll_ops = {
    .release = epoll_release,
    .poll = epoll_poll,
};

bool is_epoll(const struct file *file)
{
    return file->ops == &epoll_ops;
}

int epoll_create(struct file **out)
{
    struct epoll *set = kzalloc(sizeof *set);
    if (!set)
        return -ENOMEM;
    list_init(&set->items);
    list_init(&set->ready);
    wait_queue_init(&set->wait);
    int error = event_file_create(&epoll_ops, set, 0, out);
    if (error)
        kfree(set);
    else
        set->file = *out;
    return error;
}

#define DEVICE_OF_NOTHING 15 /* st_dev of files of no file system */

void epoll_describe(const struct file *file, void (*tell)(void *, const char *), void *context)
{
    const struct epoll_item *item;
    char text[160];
    list_for_each_entry(item, &of(file->handle)->items, of_set) {
        const struct inode *inode = item->file->inode;
        format(text, sizeof text,
               "tfd: %8d events: %8x data: %16llx  pos:%lld ino:%llx sdev:%llx\n", item->fd,
               item->event.events | ALWAYS, (unsigned long long)item->event.data,
               (long long)item->file->position, (unsigned long long)inode->attributes.number,
               (unsigned long long)(inode->fs ? inode->fs->device : DEVICE_OF_NOTHING));
        tell(context, text);
    }
}
