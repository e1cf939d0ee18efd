/* What others may know of the memory of a process.  Areas are named by the address at which they
 * start.  See snapshot/process.h. */
#ifndef SNAPSHOT_MEMORY_H
#define SNAPSHOT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <platform/page.h>

/* What the pages of a process are, in pages.  Looks at every page of its files. */
struct memory_use {
    uint64_t size, resident;                 /* in all areas; of these, now in memory */
    uint64_t resident_file, resident_shared; /* of files with and without a name */
    uint64_t text, data, stack;
    uint64_t locked; /* mlock(2) */
};
int process_memory_use(int32_t id, struct memory_use *out);

enum area_kind {
    AREA_PLAIN, /* anonymous memory */
    AREA_FILE,  /* a file's, which has a name */
    AREA_NAMELESS_FILE,
    AREA_VDSO,
    AREA_HEAP,
    AREA_STACK
};

struct area_snapshot {
    user_address start, end; /* end exclusive */
    bool readable, writable, executable, shared;
    enum area_kind kind;
    uint64_t offset, device, inode; /* of the file; else 0 */
};

/* The lowest area that ends above `from`.  -ENOENT: there is none. */
int area_snapshot(int32_t id, user_address from, struct area_snapshot *out);

/* The name of the file that the area maps into `out`, with a NUL.  -ENOENT: there is no such area or
 * name; -ENAMETOOLONG. */
int area_name(int32_t id, user_address start, char *out, size_t size);

/* One area of memory, in pages.  A page is shared when another process maps it, too.  A file's page
 * is clean, for there is no slower copy that it could differ from; all others are dirty. */
struct area_use {
    uint64_t size, resident, anonymous;
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t proportional; /* bytes: each page divided by those who map it */
};
int area_measure(int32_t id, user_address start, struct area_use *out);

/* Copies memory of the process, as far as it can be had without a page fault: what was never
 * touched, or is not in memory, ends it.  Bytes copied, or -ESRCH. */
long process_read_memory(int32_t id, user_address from, void *to, size_t size);

/* Up to `capacity` words of its auxiliary vector from the `first`-th on, getauxval(3); how many. */
size_t process_auxiliary(int32_t id, size_t first, uint64_t *out, size_t capacity);

#endif
