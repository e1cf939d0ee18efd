/* Strings, byte by byte: the kernel's own strings are short, so simple loops do. */
#include <lib/string.h>

#include <linux/errno.h>

size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;

    while (length < limit && text[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        unsigned char left = (unsigned char)a[i], right = (unsigned char)b[i];

        if (left != right)
            return left < right ? -1 : 1;
        if (left == '\0')
            break;
    }
    return 0;
}

/* As in the C library the NUL belongs to the string and can be searched for; and the result is
 * not const although the argument is, because C cannot say "as const as the argument". */
char *strchr(const char *text, int character)
{
    for (; *text != (char)character; text++)
        if (*text == '\0')
            return NULL;
    return (char *)text;
}

char *strrchr(const char *text, int character)
{
    const char *found = NULL;

    do {
        if (*text == (char)character)
            found = text;
    } while (*text++ != '\0');
    return (char *)found;
}

size_t string_copy(char *to, const char *from, size_t size)
{
    size_t i = 0;

    if (size > 0) {
        for (; i < size - 1 && from[i] != '\0'; i++)
            to[i] = from[i];
        to[i] = '\0';
    }
    return i + strlen(from + i);
}

/* The value of a digit in bases up to 36; 36 for what is no digit. */
static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    if (digit >= 'a' && digit <= 'z')
        return (unsigned)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'Z')
        return (unsigned)(digit - 'A') + 10;
    return 36;
}

/* Base 0: finds the base by the prefix and steps over "0x"; a lone "0" is an octal zero. */
static unsigned base_of_prefix(const char **text)
{
    if ((*text)[0] != '0')
        return 10;
    if ((*text)[1] != 'x' && (*text)[1] != 'X')
        return 8;
    *text += 2;
    return 16;
}

int string_to_u64(const char *text, unsigned base, uint64_t *out)
{
    uint64_t value = 0;
    int error = 0;

    if (base == 0)
        base = base_of_prefix(&text);
    if (*text == '\0')
        return -EINVAL;
    /* Past an overflow the rest is still looked at: "no number" is the stronger answer. */
    for (; *text != '\0'; text++) {
        unsigned digit = digit_value(*text);

        if (digit >= base)
            return -EINVAL;
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            error = -ERANGE;
    }
    if (error == 0)
        *out = value;
    return error;
}
