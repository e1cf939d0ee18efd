/* A user buffer is a cursor over memory that may not be there: every move is counted, and ends
 * early where memory cannot be reached. */
#include <fs/user_memory.h>

#include <linux/errno.h>

#include <lib/bits.h>
#include <memory/vm.h>
#include <platform/address_space.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

void user_buffer_init(struct user_buffer *buffer, user_address address, size_t length)
{
    buffer->kernel = NULL;
    buffer->single = (struct user_segment){ .address = address, .length = length };
    buffer->segments = &buffer->single;
    buffer->count = 1;
    buffer->segment = buffer->offset = 0;
    buffer->length = length;
    buffer->done = 0;
    buffer->waited = false;
}

void user_buffer_init_segments(struct user_buffer *buffer, const struct user_segment *segments,
                               size_t count)
{
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += segments[i].length;
    *buffer = (struct user_buffer){ .segments = segments, .count = count, .length = length };
}

void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t length)
{
    *buffer = (struct user_buffer){ .kernel = memory, .length = length };
}

bool user_buffer_in_range(const struct user_buffer *buffer)
{
    if (buffer->kernel)
        return true;
    for (size_t i = 0; i < buffer->count; i++) {
        const struct user_segment *segment = &buffer->segments[i];

        if (segment->address > USER_END || segment->length > USER_END - segment->address)
            return false;
    }
    return true;
}

/* The next run of bytes of one segment: its address and, up to `size`, its length. */
static size_t next_run(struct user_buffer *buffer, size_t size, user_address *address)
{
    const struct user_segment *segment = &buffer->segments[buffer->segment];

    while (buffer->offset == segment->length) {
        segment++;
        buffer->segment++;
        buffer->offset = 0;
    }
    *address = segment->address + buffer->offset;
    return min(size, segment->length - buffer->offset);
}

static void advance(struct user_buffer *buffer, size_t size)
{
    buffer->offset += size;
    buffer->done += size;
}

size_t user_buffer_put(struct user_buffer *buffer, const void *data, size_t size)
{
    const char *from = data;
    size_t left = min(size, user_buffer_left(buffer));

    if (buffer->kernel) {
        memcpy(buffer->kernel + buffer->done, data, left);
        buffer->done += left;
        return left;
    }
    size = left;
    while (left > 0) {
        user_address to;
        size_t run = next_run(buffer, left, &to);
        size_t moved = user_write(to, from, run);

        advance(buffer, moved);
        from += moved;
        left -= moved;
        if (moved < run)
            break;
    }
    return size - left;
}

size_t user_buffer_clear(struct user_buffer *buffer, size_t size)
{
    size_t left = min(size, user_buffer_left(buffer));

    if (buffer->kernel) {
        memset(buffer->kernel + buffer->done, 0, left);
        buffer->done += left;
        return left;
    }
    size = left;
    while (left > 0) {
        user_address to;
        size_t run = next_run(buffer, left, &to);
        size_t moved = user_fill(to, 0, run);

        advance(buffer, moved);
        left -= moved;
        if (moved < run)
            break;
    }
    return size - left;
}

size_t user_buffer_take(struct user_buffer *buffer, void *data, size_t size)
{
    char *to = data;
    size_t left = min(size, user_buffer_left(buffer));

    if (buffer->kernel) {
        memcpy(data, buffer->kernel + buffer->done, left);
        buffer->done += left;
        return left;
    }
    size = left;
    while (left > 0) {
        user_address from;
        size_t run = next_run(buffer, left, &from);
        size_t moved = user_read(to, from, run);

        advance(buffer, moved);
        to += moved;
        left -= moved;
        if (moved < run)
            break;
    }
    return size - left;
}

/* Nothing could be made present at `address`: there is no such memory, or none to put there. */
static int why_not_present(user_address address, unsigned access)
{
    int error = vm_fault(current_process()->vm, address, access);

    return error == 0 || error == -ENOMEM ? -ENOMEM : -EFAULT;
}

int user_buffer_make_present(struct user_buffer *buffer, unsigned access, size_t *size)
{
    size_t wanted = min(*size, user_buffer_left(buffer)), present = 0;
    size_t segment = buffer->segment, offset = buffer->offset;

    if (buffer->kernel) {
        *size = wanted;
        return 0;
    }
    while (present < wanted) {
        const struct user_segment *here = &buffer->segments[segment];
        size_t run = min(wanted - present, here->length - offset);
        size_t made =
            run == 0 ? 0
                     : vm_make_present(current_process()->vm, here->address + offset, run, access);

        present += made;
        if (made < run && present == 0)
            return why_not_present(here->address + offset, access);
        if (made < run)
            break;
        segment++;
        offset = 0;
    }
    *size = present;
    return 0;
}
