/* Rows of segments: fetched once, so that what was checked is what is used. */
#include <syscall/vector.h>

#include <linux/errno.h>
#include <linux/uio.h>

#include <lib/bits.h>
#include <platform/heap.h>
#include <platform/user.h>
#include <syscall/syscall.h>

_Static_assert(sizeof(struct user_segment) == sizeof(struct iovec), "same layout");

/* Segments beyond what one call moves are cut off. */
static int cut_segments(struct user_segment *segments, size_t count)
{
    size_t left = TRANSFER_LIMIT;

    for (size_t i = 0; i < count; i++) {
        if (segments[i].length > INT64_MAX)
            return -EINVAL;
        segments[i].length = min(segments[i].length, left);
        left -= segments[i].length;
    }
    return 0;
}

int vector_copy(struct vector *vector, user_address from, int count)
{
    size_t size = (size_t)count * sizeof(struct user_segment);

    if (count < 0 || count > UIO_MAXIOV)
        return -EINVAL;
    vector->segments = count > FEW_SEGMENTS ? kmalloc(size) : vector->few;
    if (!vector->segments)
        return -ENOMEM;
    int error = copy_from_user(vector->segments, from, size);

    if (!error)
        error = cut_segments(vector->segments, (size_t)count);
    if (error && vector->segments != vector->few)
        kfree(vector->segments);
    if (!error)
        user_buffer_init_segments(&vector->buffer, vector->segments, (size_t)count);
    return error;
}

void vector_free(struct vector *vector)
{
    if (vector->segments != vector->few)
        kfree(vector->segments);
}
