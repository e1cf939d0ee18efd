/* The names of the system and its command line. */
#include "system.h"

#include <linux/errno.h>

#include <lib/string.h>
#include <param.h>
#include <phase.h>
#include <platform/memory.h>

static struct new_utsname names = {
    .sysname = KERNEL_NAME,
    .nodename = "aramid",
    .release = KERNEL_RELEASE,
    .version = "#1 " PHASE_NAME,
    .machine = "x86_64",
    .domainname = "(none)",
};

static const char *command_line = "";

const struct new_utsname *system_name(void)
{
    return &names;
}

static int set(char field[__NEW_UTS_LEN + 1], const char *name, size_t length)
{
    if (length > __NEW_UTS_LEN)
        return -EINVAL;
    memset(field, 0, __NEW_UTS_LEN + 1);
    memcpy(field, name, length);
    return 0;
}

int system_set_host_name(const char *name, size_t length)
{
    return set(names.nodename, name, length);
}

int system_set_domain_name(const char *name, size_t length)
{
    return set(names.domainname, name, length);
}

void system_init(const char *text)
{
    command_line = text;
}

const char *system_command_line(void)
{
    return command_line;
}

bool system_option(const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    for (const char *word = command_line; *word;) {
        const char *end = word;
        while (*end && *end != ' ')
            end++;
        if ((size_t)(end - word) >= length && !strncmp(word, name, length) &&
            (word[length] == '=' || word[length] == ' ' || !word[length])) {
            const char *value = word + length + (word[length] == '=');
            size_t bytes = end - value;
            string_copy(out, value, bytes + 1 < size ? bytes + 1 : size);
            return true;
        }
        word = *end ? end + 1 : end;
    }
    return false;
}
