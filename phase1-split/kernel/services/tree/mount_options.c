/* Mount options, for the file systems that have some. */
#include "mount_options.h"

#include <linux/errno.h>
#include <stddef.h>

#include <platform/memory.h>

#include <lib/string.h>

int mount_option_next(const char **rest, struct mount_option *out)
{
    const char *text = *rest;
    size_t length = 0;

    while (*text == ',')
        text++;
    while (text[length] != '\0' && text[length] != ',')
        length++;
    *rest = text + length;
    if (length == 0)
        return 0;
    if (length >= sizeof(out->text))
        return -EINVAL;
    memcpy(out->text, text, length);
    out->text[length] = '\0';
    out->key = out->text;
    out->value = strchr(out->text, '=');
    if (out->value != NULL)
        *out->value++ = '\0';
    return 1;
}

int mount_option_number(const char *value, unsigned base, uint64_t limit, uint64_t *out)
{
    if (value == NULL)
        return -EINVAL;
    return string_to_u64(value, base, out) != 0 || *out > limit ? -EINVAL : 0;
}
