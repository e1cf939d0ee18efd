/* What may be forgotten when memory is short: names that nobody uses, with their inodes and pages.
 * Everything else in memory is somebody's only copy. */
#include <memory/reclaim.h>

#include <linux/oom.h>
#include <linux/fcntl.h>

#include <fs/path.h>
#include <fs/pipe.h>
#include <net/network.h>
#include <net/socket.h>
#include <platform/event.h>
#include <platform/heap.h>
#include <platform/log.h>
#include <process/process.h>

#define RECLAIM_DENTRIES  256
#define SMALL_CHILD_PAGES 32
#define SHORT_PAGES       512 /* free ones beside the reserve; fewer may hold no larger block */

static bool reserve_open;
static bool drop_asked;

bool memory_reclaim(void)
{
    uint64_t before = dentry_unused_count();
    if (before)
        dentry_shrink(RECLAIM_DENTRIES);
    return dentry_unused_count() < before;
}

void memory_drop_caches(void)
{
    drop_asked = true;
    events_post(EVENT_WORK);
}

/* Not at once, because the file system that was asked must not be called again before it has
 * answered, and what is dropped may be its own. */
void memory_drop_if_asked(void)
{
    if (!drop_asked)
        return;
    drop_asked = false;
    dentry_shrink(UINT64_MAX);
    path_buffers_trim();
    inode_reserve_drop();
    network_trim();
    timers_trim();
    threads_trim();
    heap_trim();
}

bool memory_is_short(void)
{
    struct frame_statistics frames;
    frame_statistics(&frames);
    return frames.free < frames.reserve + SHORT_PAGES;
}

void memory_open_reserve(bool open)
{
    reserve_open = open;
}

struct frame *memory_allocate(unsigned flags)
{
    if (reserve_open)
        flags |= FRAME_RESERVE;
    struct frame *frame = frame_allocate(flags);
    while (!frame && memory_reclaim())
        frame = frame_allocate(flags);
    return frame;
}

/* ---- when that does not help ---- */

/* Of a file's pages those that go with its last user, because no name leads to them. */
static uint64_t nameless_pages(const struct inode *inode)
{
    if (inode->pipe)
        return pipe_pages(inode);
    return !inode->fs || !inode->attributes.links ? inode->page_count : 0;
}

/* Pages behind the descriptors; a pipe counts for those who can write to it. */
static uint64_t pages_of_files(const struct fd_table *table)
{
    uint64_t pages = 0, bytes = table->locks * LOCK_SIZE;
    for (int fd = 0; fd < table->size; fd++) {
        const struct file *file = table->files[fd];
        if (!file)
            continue;
        if (file->references == 1)
            bytes += sizeof *file + file->locks * LOCK_SIZE;
        if ((file->flags & O_ACCMODE) != O_RDONLY)
            pages += nameless_pages(file->inode);
    }
    return pages + PAGES_FOR(bytes);
}

/* Pages that would come back if the process went, memory of the kernel's included that it can make
 * grow without limit. */
static uint64_t pages_held(const struct process *process)
{
    const struct vm *vm = process->vm;
    uint64_t pages = address_space_own_pages(vm->space);
    for (unsigned i = 0; i < vm->count; i++) {
        const struct vm_area *area = vm->areas[i];
        if (area->file && (area->flags & AREA_SHARED))
            pages += nameless_pages(area->file->inode);
    }
    pages += PAGES_FOR(vm->count * sizeof *vm->areas[0]);
    return process->files ? pages + pages_of_files(process->files) : pages;
}

/* Pages behind sockets: what one has sent counts for those who have it.  Services are asked. */
static uint64_t pages_of_sockets(const struct fd_table *table)
{
    uint64_t bytes = 0;
    for (int fd = 0; fd < table->size; fd++)
        if (table->files[fd] && file_socket(table->files[fd]))
            bytes += socket_bytes_sent(file_socket(table->files[fd]));
    return PAGES_FOR(bytes);
}

static uint64_t pages_in_all(const struct process *process)
{
    uint64_t pages = pages_held(process);
    return process->files ? pages + pages_of_sockets(process->files) : pages;
}

/* What of a child is its parent's doing: who forks without end is to go before somebody who merely
 * is larger than any one of the swarm. */
static uint64_t pages_of_swarm(const struct process *process)
{
    uint64_t pages = 0;
    const struct process *child;
    list_for_each_entry(child, &process->children, sibling) {
        uint64_t own = child->vm ? pages_in_all(child) : 0;
        pages += own < SMALL_CHILD_PAGES ? own : SMALL_CHILD_PAGES;
    }
    return pages;
}

/* Pages by which the process counts as larger, or smaller, than it is (oom_score_adj). */
static int64_t adjusted(const struct process *process, uint64_t pages)
{
    struct frame_statistics frames;
    frame_statistics(&frames);
    return (int64_t)pages + process->oom_adjustment * (int64_t)frames.total / OOM_SCORE_ADJ_MAX;
}

static bool may_be_ended(const struct process *process)
{
    return process->parent && process->vm && process->oom_adjustment != OOM_SCORE_ADJ_MIN;
}

unsigned memory_score(const struct process *process)
{
    struct frame_statistics frames;
    if (!may_be_ended(process))
        return 0;
    frame_statistics(&frames);
    int64_t thousandths = adjusted(process, pages_held(process)) * 1000 / (int64_t)frames.total;
    return thousandths > -1000 ? (unsigned)((1000 + thousandths) * 2 / 3) : 0;
}

/* Of several that are equally large the youngest: a parent outlives its equals. */
static struct process *largest_process(void)
{
    struct process *found = NULL;
    int64_t most = INT64_MIN;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        if (!may_be_ended(each))
            continue;
        int64_t pages = adjusted(each, pages_in_all(each) + pages_of_swarm(each));
        if (pages >= most) {
            most = pages;
            found = each;
        }
    }
    return found;
}

static const char *name_of(const struct process *process)
{
    return container_of(process->tasks.next, struct task, of_process)->command;
}

static bool is_leaving(const struct process *process)
{
    return process->exiting || (process->pending.set & signal_bit(SIGKILL));
}

bool memory_will_come(void)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->vm && each != current_process() && is_leaving(each))
            return true;
    return false;
}

/* The parent lives on: it may be the shell of somebody who has started too much.  False if there is
 * no child left to end. */
static bool end_swarm(struct process *parent)
{
    unsigned ended = 0, leaving = 0;
    struct process *child;
    list_for_each_entry(child, &parent->children, sibling) {
        if (!may_be_ended(child))
            continue;
        leaving += is_leaving(child);
        ended += !is_leaving(child);
        signal_send_process(child, SIGKILL, NULL);
    }
    if (ended)
        printk(LOG_ERROR, "out of memory: killed %u children of process %d (%s)", ended, parent->id,
               name_of(parent));
    return ended + leaving > 0;
}

static void end_process(struct process *victim)
{
    if (pages_of_swarm(victim) > pages_in_all(victim) && end_swarm(victim))
        return;
    printk(LOG_ERROR, "out of memory: killed process %d (%s)", victim->id, name_of(victim));
    signal_send_process(victim, SIGKILL, NULL);
}

bool memory_run_out(void)
{
    struct process *victim = largest_process();
    if (!victim)
        return false;
    if (!is_leaving(victim))
        end_process(victim);
    return true;
}
