/* Rows of segments in the caller's memory: struct iovec, as readv(2) and sendmsg(2) take it. */
#ifndef SYSCALL_VECTOR_H
#define SYSCALL_VECTOR_H

#include <fs/user_memory.h>

#define FEW_SEGMENTS 8 /* these need no allocation */

struct vector {
    struct user_segment few[FEW_SEGMENTS];
    struct user_segment *segments; /* `few`, or from kmalloc() */
    struct user_buffer buffer;
};

/* Fetches `count` segments, cut to what one call moves; vector_free() is due only on success.
 * -EINVAL (too many, or a negative length), -EFAULT, -ENOMEM. */
int vector_copy(struct vector *vector, user_address from, int count);
void vector_free(struct vector *vector);

#endif
