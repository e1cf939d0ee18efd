/* Formatted text: the part of ISO C17 7.21.6.5 (snprintf) that a kernel needs.
 *
 * Conversions d i u x X o c s p %, with the flags - 0 # + and space, width and precision (also
 * as *), and the length modifiers hh h l ll z t j.  No floating point, no %n.  A conversion that
 * is none of these is copied as it stands; %s of NULL gives "(null)". */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most `size` bytes to `out`, the last of them always NUL; `out` may be NULL if `size`
 * is 0.  Returns the length that the whole text has without its NUL: the text was cut if that is
 * not less than `size`. */
size_t format(char *out, size_t size, const char *text, ...) __attribute__((format(printf, 3, 4)));

size_t format_list(char *out, size_t size, const char *text, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
