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

void user_buffer_init(struct user_buffer *buffer, user_address address, size_t length);
void user_buffer_init_segments(struct user_buffer *buffer, const struct user_segment *segments,
                               size_t count);
void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t length);

static inline size_t user_buffer_left(const struct user_buffer *buffer)
{
    return buffer->length - buffer->done;
}

/* Does every byte lie in user space, or in the kernel's own memory, as the caller says it does?
 * Whether there is memory remains to be seen. */
bool user_buffer_in_range(const struct user_buffer *buffer);

/* Move `size` bytes (at most what is left) out of the kernel into the buffer, or from it.  Return
 * how many were moved: fewer than asked only where user memory cannot be reached or the buffer
 * ends.  user_buffer_clear() moves zeros. */
size_t user_buffer_put(struct user_buffer *buffer, const void *data, size_t size);
size_t user_buffer_clear(struct user_buffer *buffer, size_t size);
size_t user_buffer_take(struct user_buffer *buffer, void *data, size_t size);

/* Makes the next `size` bytes present for `access` (PAGE_READ or PAGE_WRITE), so that moving them
 * cannot fault before something else runs.  0 or -EFAULT if not even the first byte could be;
 * `*size` is cut to what is present. */
int user_buffer_make_present(struct user_buffer *buffer, unsigned access, size_t *size);

#endif
