/* What may be forgotten when memory is short: names that nobody uses, with their inodes and pages.
 * Everything else in memory is somebody's only copy. */
#include <memory/reclaim.h>

#include <fs/path.h>
#include <platform/log.h>
#include <process/process.h>

#define RECLAIM_DENTRIES 256
#define SHORT_PAGES      512 /* free ones beside the reserve; fewer may hold no larger block */

static bool reserve_open;

bool memory_reclaim(void)
{
    uint64_t before = dentry_unused_count();
    if (before)
        dentry_shrink(RECLAIM_DENTRIES);
    return dentry_unused_count() < before;
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

/* Pages that would come back: of shared memory those that have no name to be found by either. */
static uint64_t pages_held(const struct vm *vm)
{
    uint64_t pages = address_space_own_pages(vm->space);
    for (unsigned i = 0; i < vm->count; i++) {
        const struct vm_area *area = vm->areas[i];
        const struct inode *inode = area->file ? area->file->inode : NULL;
        if (inode && (area->flags & AREA_SHARED) && (!inode->fs || !inode->attributes.links))
            pages += inode->page_count;
    }
    return pages;
}

/* Of several that are equally large the youngest: a parent outlives the swarm of its children. */
static struct process *largest_process(void)
{
    struct process *found = NULL;
    uint64_t most = 0;
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        uint64_t pages = each->parent && each->vm ? pages_held(each->vm) : 0;
        if (pages > 0 && pages >= most) {
            most = pages;
            found = each;
        }
    }
    return found;
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

bool memory_run_out(void)
{
    struct process *victim = largest_process();
    if (!victim)
        return false;
    if (!is_leaving(victim)) {
        const struct task *task = container_of(victim->tasks.next, struct task, of_process);
        printk(LOG_ERROR, "out of memory: killed process %d (%s)", victim->id, task->command);
        signal_send_process(victim, SIGKILL, NULL);
    }
    return true;
}
