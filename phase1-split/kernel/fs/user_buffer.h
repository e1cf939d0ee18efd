/* A run of memory that a system call moves data to or from: user segments, or kernel memory when
 * the kernel itself reads or writes a file.  It counts what was moved, so nobody has to be
 * believed about lengths. */
#ifndef FS_USER_BUFFER_H
#define FS_USER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <platform/page.h>

struct user_segment {
    user_address address;
    size_t length;
};

struct user_buffer {
    char *kernel;                        /* kernel memory; NULL: user memory */
    const struct user_segment *segments; /* user memory, `count` pieces; owner: the caller */
    size_t count;
    struct user_segment single; /* the one segment of user_buffer_init() */
    size_t segment, offset;     /* where the next byte goes: segment and offset in it */
    size_t length;              /* bytes in all */
    size_t done;                /* bytes moved so far */
    bool waited; /* the file's operation is asked again, after a sleep on the queue it named */
};

static inline size_t user_buffer_left(const struct user_buffer *buffer)
{
    return buffer->length - buffer->done;
}

/* Move `size` bytes (at most what is left) out of the kernel into the buffer, or from it.  Return
 * how many were moved: fewer than asked only where user memory cannot be reached or the buffer
 * ends.  user_buffer_clear() moves zeros. */
size_t user_buffer_put(struct user_buffer *buffer, const void *data, size_t size);
size_t user_buffer_clear(struct user_buffer *buffer, size_t size);
size_t user_buffer_take(struct user_buffer *buffer, void *data, size_t size);

#endif
