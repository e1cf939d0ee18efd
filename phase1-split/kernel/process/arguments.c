/* The strings are collected before the old memory goes, into pages that move into the new stack as
 * they are: each byte is copied once. */
#include "arguments.h"

#include <linux/errno.h>

#include <lib/string.h>
#include <memory/reclaim.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

/* execve(2), "Limits on size of arguments and environment". */
#define STRING_LIMIT (32 * PAGE_SIZE)
#define LIMIT_LEAST  (32 * PAGE_SIZE)

struct arguments *arguments_create(void)
{
    struct arguments *arguments = kzalloc(sizeof *arguments);
    if (!arguments)
        return NULL;
    uint64_t limit = current_process()->limits[RLIMIT_STACK].rlim_cur / 4;
    arguments->limit = limit < LIMIT_LEAST       ? LIMIT_LEAST
                       : limit < ARGUMENTS_LIMIT ? limit
                                                 : ARGUMENTS_LIMIT;
    return arguments;
}

static int check_size(const struct arguments *arguments)
{
    uint64_t pointers = arguments->strings * sizeof(user_address);
    return arguments->size + pointers > arguments->limit ? -E2BIG : 0;
}

void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < ARGUMENT_PAGES && arguments->pages[i]; i++)
        frame_put(arguments->pages[i]);
    kfree(arguments);
}

/* Where the next byte goes and how many fit there. */
static int room(struct arguments *arguments, char **out, size_t *size)
{
    size_t index = arguments->size >> PAGE_SHIFT, offset = arguments->size & PAGE_MASK;
    if (index == ARGUMENT_PAGES)
        return -E2BIG;
    if (!arguments->pages[index])
        arguments->pages[index] = memory_allocate(FRAME_ZERO);
    if (!arguments->pages[index])
        return -ENOMEM;
    *out = (char *)frame_data(arguments->pages[index]) + offset;
    *size = PAGE_SIZE - offset;
    return 0;
}

int arguments_add(struct arguments *arguments, const char *text)
{
    size_t left = strlen(text) + 1;
    arguments->strings++;
    while (left) {
        char *to;
        size_t size;
        int error = room(arguments, &to, &size);
        if (error)
            return error;
        if (size > left)
            size = left;
        memcpy(to, text, size);
        text += size;
        left -= size;
        arguments->size += size;
    }
    return check_size(arguments);
}

static int add_user(struct arguments *arguments, user_address text)
{
    size_t start = arguments->size;
    arguments->strings++;
    for (;;) {
        char *to;
        size_t size;
        int error = room(arguments, &to, &size);
        if (error)
            return error;
        long length = copy_string_from_user(to, text, size);
        if (length >= 0) {
            arguments->size += length + 1;
            return arguments->size - start > STRING_LIMIT ? -E2BIG : check_size(arguments);
        }
        if (length != -ENAMETOOLONG)
            return length;
        arguments->size += size; /* the string fills this page and goes on */
        text += size;
        if (arguments->size - start >= STRING_LIMIT)
            return -E2BIG;
    }
}

static long add_user_vector(struct arguments *arguments, user_address vector, size_t skip)
{
    for (size_t i = 0;; i++) {
        user_address text;
        int error = copy_from_user(&text, vector + i * sizeof text, sizeof text);
        if (error)
            return error;
        if (!text)
            return i > skip ? i - skip : 0;
        if (i >= skip)
            error = add_user(arguments, text);
        if (error)
            return error;
    }
}

long arguments_add_vector(struct arguments *arguments, struct string_vector vector, size_t skip)
{
    if (!vector.kernel)
        return vector.user ? add_user_vector(arguments, vector.user, skip) : 0;
    size_t count = 0;
    for (size_t i = 0; vector.kernel[i]; i++) {
        if (i < skip)
            continue;
        int error = arguments_add(arguments, vector.kernel[i]);
        if (error)
            return error;
        count++;
    }
    return count;
}
