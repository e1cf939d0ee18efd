/* What may be forgotten when memory is short: names that nobody uses, with their inodes and pages.
 * Everything else in memory is somebody's only copy. */
#include <memory/reclaim.h>

#include <fs/path.h>

#define RECLAIM_DENTRIES 256

bool memory_reclaim(void)
{
    uint64_t before = dentry_unused_count();
    if (before)
        dentry_shrink(RECLAIM_DENTRIES);
    return dentry_unused_count() < before;
}

struct frame *memory_allocate(unsigned flags)
{
    struct frame *frame = frame_allocate(flags);
    while (!frame && memory_reclaim())
        frame = frame_allocate(flags);
    return frame;
}
