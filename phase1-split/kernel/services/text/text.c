/* A buffer that doubles, and what appends to it. */
#include "text.h"

#include <linux/errno.h>
#include <stdarg.h>

#include <platform/heap.h>
#include <platform/memory.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <lib/string.h>

#define CAPACITY_AT_FIRST 512 /* bytes; most files are shorter */

void text_free(struct text *text)
{
    kfree(text->data);
    *text = (struct text){ .data = NULL };
}

void *text_room(struct text *text, size_t size)
{
    size_t capacity = max(text->capacity, (size_t)CAPACITY_AT_FIRST);
    char *data;

    while (capacity - text->length < size)
        capacity *= 2;
    if (text->error != 0)
        return NULL;
    if (text->data == NULL || capacity > text->capacity) {
        data = kmalloc(capacity);
        if (data == NULL) {
            text->error = -ENOMEM;
            return NULL;
        }
        if (text->length > 0)
            memcpy(data, text->data, text->length);
        kfree(text->data);
        text->data = data;
        text->capacity = capacity;
    }
    return text->data + text->length;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    char *room = text_room(text, size);

    if (room == NULL)
        return;
    memcpy(room, bytes, size);
    text->length += size;
}

void text_add(struct text *text, const char *pattern, ...)
{
    size_t room = text->capacity - text->length, needed;
    char *end = text->data == NULL ? NULL : text->data + text->length;
    va_list arguments;

    va_start(arguments, pattern);
    needed = format_list(end, room, pattern, arguments);
    va_end(arguments);
    /* The closing NUL takes a byte, too, but does not count. */
    if (needed >= room) {
        end = text_room(text, needed + 1);
        if (end == NULL)
            return;
        va_start(arguments, pattern);
        format_list(end, needed + 1, pattern, arguments);
        va_end(arguments);
    }
    if (text->error == 0)
        text->length += needed;
}

void text_add_escaped(struct text *text, const char *string, const char *special)
{
    for (; *string != '\0'; string++) {
        if (strchr(special, *string) != NULL)
            text_add(text, "\\%03o", (unsigned)(unsigned char)*string);
        else
            text_add_bytes(text, string, 1);
    }
}

void text_pad(struct text *text, size_t start, size_t width)
{
    while (text->error == 0 && text->length - start < width)
        text_add_bytes(text, " ", 1);
}
