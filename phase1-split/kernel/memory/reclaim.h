/* Frames for processes and files, with a second try when memory is short. */
#ifndef MEMORY_RECLAIM_H
#define MEMORY_RECLAIM_H

#include <platform/page.h>

/* As frame_allocate(); before it gives up, it frees what Core keeps only for speed. */
struct frame *memory_allocate(unsigned flags);

/* Frees unused dentries and what hangs on them; true if something was freed. */
bool memory_reclaim(void);

#endif
