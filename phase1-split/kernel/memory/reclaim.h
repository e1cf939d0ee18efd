/* Frames for processes and files, with a second try when memory is short. */
#ifndef MEMORY_RECLAIM_H
#define MEMORY_RECLAIM_H

#include <platform/page.h>

/* As frame_allocate(); before it gives up, it frees what Core keeps only for speed. */
struct frame *memory_allocate(unsigned flags);

/* Frees unused dentries and what hangs on them; true if something was freed. */
bool memory_reclaim(void);

/* /proc/sys/vm/drop_caches: before the running task returns to user mode, everything that is
 * kept only for speed is freed: names and inodes that nobody uses, empty slabs, kernel stacks.  What
 * is free then is exactly what nobody uses.  memory_drop_if_asked() does it. */
void memory_drop_caches(void);
void memory_drop_if_asked(void);

/* True when so little is left that reclaiming is worth while. */
bool memory_is_short(void);

/* Whether memory_allocate() may use the kernel's reserve, too. */
void memory_open_reserve(bool open);

/* True if another process was killed and has not given back its memory yet. */
bool memory_will_come(void);

/* Nothing can be reclaimed any more: ends the process that holds most memory, init excepted.  True
 * if memory will come back when that one runs next; false if there is nobody to end. */
bool memory_run_out(void);

/* How likely the process is to be ended when memory runs out, 0 to 2000 (oom_score of proc(5)).
 * procfs asks while it is called itself, so sockets, of which only services know, do not count. */
struct process;
unsigned memory_score(const struct process *process);

#endif
