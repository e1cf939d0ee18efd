/* Memory that processes share without a file: MAP_SHARED | MAP_ANONYMOUS. */
#ifndef MEMORY_SHARED_MEMORY_H
#define MEMORY_SHARED_MEMORY_H

#include <stdint.h>

struct file;

/* A file of `length` bytes of zeros that has no name, open for reading and writing; its pages live
 * in the page cache until the last mapping goes.  One reference in `*out`; 0 or -ENOMEM. */
int shared_memory_create(uint64_t length, struct file **out);

#endif
