/* Strings: the functions of ISO C17 7.24 that the kernel uses, and two safer ones.
 * The block operations (memcpy and its like) are the platform's: platform/memory.h. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>
#include <stdint.h>

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);

/* Copies `from` to the `size` bytes at `to`, cut to fit and always terminated when `size` > 0.
 * Returns strlen(from): the copy was cut if that is not less than `size`. */
size_t string_copy(char *to, const char *from, size_t size);

/* The whole of `text` as an unsigned number in `base` (2 to 36), or with C's prefixes when `base`
 * is 0 ("0x" hexadecimal, "0" octal, else decimal).  No sign and no blanks.  0 and the number in
 * `*out`, -EINVAL if the text is no such number, -ERANGE if it exceeds 64 bits. */
int string_to_u64(const char *text, unsigned base, uint64_t *out);

#endif
