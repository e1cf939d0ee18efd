/* The path splitter.  stat(2) comes through here once per component: keep it lean. */
#include <lib/path.h>

bool path_next_component(const char **cursor, struct path_component *out)
{
    const char *name = *cursor;

    while (*name == '/')
        name++;
    if (*name == '\0') {
        *cursor = name;
        return false;
    }
    const char *end = name + 1;

    while (*end != '/' && *end != '\0')
        end++;
    out->name = name;
    out->length = (size_t)(end - name);
    out->trailing_slash = *end == '/';
    while (*end == '/')
        end++;
    out->last = *end == '\0';
    *cursor = end;
    return true;
}
