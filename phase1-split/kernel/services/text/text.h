/* Text that grows: what a file of procfs says, put together before anybody reads it. */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

#include <stddef.h>

/* All zeros is an empty text.  After the first error nothing more is added, so a writer looks at
 * `error` once, at the end. */
struct text {
    char *data; /* owned; not NUL-terminated */
    size_t length, capacity;
    int error; /* 0 or -ENOMEM */
};

void text_free(struct text *text);

/* Appends as format() of lib/format.h does. */
void text_add(struct text *text, const char *pattern, ...) __attribute__((format(printf, 2, 3)));

/* Appends bytes as they are. */
void text_add_bytes(struct text *text, const void *bytes, size_t size);

/* Appends `string`, each byte that occurs in `special` as a backslash and three octal digits. */
void text_add_escaped(struct text *text, const char *string, const char *special);

/* Appends blanks until the line that starts at `start` is `width` wide. */
void text_pad(struct text *text, size_t start, size_t width);

/* Room for `size` more bytes at the end, to be filled and then counted in `length` by the caller;
 * NULL if there is no memory. */
void *text_room(struct text *text, size_t size);

#endif
