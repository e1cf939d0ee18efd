/* Copies between kernel memory and the active address space.
 *
 * User addresses are numbers.  Only these functions reach user memory; they check the range, lift
 * SMAP around the access, and survive a fault: the page-fault handler (struct trap_handlers) is
 * asked first, and when it cannot help the copy stops.  So a copy may allocate memory and call a
 * file system; inside a service call none may be able to fault. */
#ifndef PLATFORM_USER_H
#define PLATFORM_USER_H

#include <platform/page.h>

/* Copy `size` bytes; return how many were copied before the first byte that could not be. */
size_t user_read(void *to, user_address from, size_t size);
size_t user_write(user_address to, const void *from, size_t size);

/* Set `size` bytes to `byte`; returns how many were set. */
size_t user_fill(user_address to, int byte, size_t size);

/* All or nothing as far as the result goes: 0 or -EFAULT. */
int copy_from_user(void *to, user_address from, size_t size);
int copy_to_user(user_address to, const void *from, size_t size);

/* Copies a NUL-terminated string of fewer than `size` bytes.  Returns its length, -EFAULT, or
 * -ENAMETOOLONG when there is no NUL within `size` bytes. */
long copy_string_from_user(char *to, user_address from, size_t size);

#endif
