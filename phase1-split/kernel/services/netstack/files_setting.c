/* /proc/sys/net/ipv4: what can be set, and takes effect.  ip(7). */
#include "files.h"

#include <linux/errno.h>

#include <lib/string.h>

#include "inet.h"

#define NUMBER_SIZE 12 /* digits of a number, and a NUL */

/* One number of a text, blanks before it skipped; where the text goes on, or NULL. */
static const char *take_number(const char *text, uint64_t *out)
{
    char digits[NUMBER_SIZE];
    size_t length = 0;

    while (*text == ' ' || *text == '\t')
        text++;
    while (text[length] != '\0' && text[length] != ' ' && text[length] != '\t')
        length++;
    if (length == 0 || length >= sizeof(digits))
        return NULL;
    string_copy(digits, text, length + 1);
    return string_to_u64(digits, 10, out) == 0 ? text + length : NULL;
}

int files_port_range(struct text *out)
{
    text_add(out, "%u\t%u\n", port_range_first, port_range_last);
    return 0;
}

int files_store_port_range(const char *text)
{
    uint64_t first, last;

    text = take_number(text, &first);
    if (text)
        text = take_number(text, &last);
    if (!text || *text != '\0' || first < 1 || first > last || last > UINT16_MAX)
        return -EINVAL;
    port_range_first = (uint16_t)first;
    port_range_last = (uint16_t)last;
    return 0;
}

int files_time_wait(struct text *out)
{
    text_add(out, "%u\n", time_wait_most);
    return 0;
}

int files_store_time_wait(const char *text)
{
    uint64_t most;

    text = take_number(text, &most);
    if (!text || *text != '\0' || most > INT32_MAX)
        return -EINVAL;
    time_wait_most = (unsigned)most;
    return 0;
}
