/* What Core does with a user_buffer before anybody else gets it. */
#ifndef FS_USER_MEMORY_H
#define FS_USER_MEMORY_H

#include <fs/user_buffer.h>

void user_buffer_init(struct user_buffer *buffer, user_address address, size_t length);
void user_buffer_init_segments(struct user_buffer *buffer, const struct user_segment *segments,
                               size_t count);
void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t length);

/* Does every byte lie in user space, or in the kernel's own memory, as the caller says it does?
 * Whether there is memory remains to be seen. */
bool user_buffer_in_range(const struct user_buffer *buffer);

/* Makes the next `size` bytes present for `access` (PAGE_READ or PAGE_WRITE), so that moving them
 * cannot fault before something else runs.  0 or -EFAULT if not even the first byte could be;
 * `*size` is cut to what is present. */
int user_buffer_make_present(struct user_buffer *buffer, unsigned access, size_t *size);

#endif
