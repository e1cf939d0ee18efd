/* Text that comes from programs: path names, and numbers written to files of /proc/sys. */
#include "fuzz.h"

#include <lib/path.h>
#include <lib/string.h>

#include <stdlib.h>
#include <string.h>

/* The components and the slashes between them are the whole path. */
static void split(const char *path)
{
    const char *cursor = path, *seen = path;
    struct path_component component = { .last = false };
    while (path_next_component(&cursor, &component)) {
        promise(component.name >= seen && component.length > 0);
        while (seen < component.name)
            promise(*seen++ == '/');
        for (size_t i = 0; i < component.length; i++)
            promise(*seen != '/' && *seen++ != '\0');
        promise(component.trailing_slash == (*seen == '/'));
        while (*seen == '/')
            seen++;
        promise(cursor == seen && component.last == (*seen == '\0'));
    }
    promise(*cursor == '\0');
}

static void read_number(const char *text, unsigned base)
{
    uint64_t number, again;
    char digits[24];
    if (string_to_u64(text, base, &number) || base != 10)
        return;
    size_t length = 0;
    for (uint64_t rest = number; length == 0 || rest; rest /= 10)
        digits[sizeof digits - 2 - length++] = (char)('0' + rest % 10);
    digits[sizeof digits - 1] = '\0';
    promise(string_to_u64(digits + sizeof digits - 1 - length, 10, &again) == 0);
    promise(again == number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), copy[16];
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    split(text);
    read_number(text, 0);
    read_number(text, 10);
    read_number(text, 16);
    promise(string_copy(copy, text, sizeof copy) == strlen(text));
    promise(strnlen(copy, sizeof copy) < sizeof copy);
    free(text);
    return 0;
}
