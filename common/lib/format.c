/* Formatted text: one pass over the template, every byte through one function that counts. */
#include <lib/format.h>

#include <stdbool.h>
#include <stdint.h>

#include <lib/bits.h>
#include <lib/string.h>

/* Where the text goes.  `length` counts also the bytes that find no room. */
struct output {
    char *buffer;
    size_t size;
    size_t length;
};

/* One conversion specification: %[flags][width][.precision][modifier]conversion */
struct specification {
    bool left;      /* - */
    bool zeros;     /* 0 */
    bool alternate; /* # */
    char sign;      /* + or space: shown before numbers that are not negative; else NUL */
    int width;
    int precision; /* -1: not given */
    size_t bytes;  /* size of the integer argument */
    char conversion;
};

static void put(struct output *output, char character)
{
    if (output->length + 1 < output->size)
        output->buffer[output->length] = character;
    output->length++;
}

static void put_repeated(struct output *output, char character, int count)
{
    while (count-- > 0)
        put(output, character);
}

static void put_block(struct output *output, const char *text, size_t length)
{
    while (length-- > 0)
        put(output, *text++);
}

static void put_string(struct output *output, const struct specification *spec, const char *text)
{
    size_t limit = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;
    size_t length;

    if (text == NULL)
        text = "(null)";
    length = strnlen(text, limit);
    int padding = (size_t)spec->width > length ? spec->width - (int)length : 0;

    if (!spec->left)
        put_repeated(output, ' ', padding);
    put_block(output, text, length);
    if (spec->left)
        put_repeated(output, ' ', padding);
}

static void put_character(struct output *output, const struct specification *spec, char character)
{
    if (!spec->left)
        put_repeated(output, ' ', spec->width - 1);
    put(output, character);
    if (spec->left)
        put_repeated(output, ' ', spec->width - 1);
}

/* Writes the digits of `value` so that they end before `end`; returns where they begin.  Zero
 * has no digit: the precision, 1 if not given, supplies it. */
static char *digits_of(char *end, uint64_t value, unsigned base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    for (; value != 0; value /= base)
        *--end = digits[value % base];
    return end;
}

/* Order of the parts: blanks, prefix (sign or 0x), zeros, digits, blanks. */
static void put_number(struct output *output, const struct specification *spec, uint64_t value,
                       const char *prefix, unsigned base)
{
    char buffer[22]; /* 64 bits in octal */
    char *end = buffer + sizeof(buffer);
    char *digits = digits_of(end, value, base, spec->conversion == 'X');
    int count = (int)(end - digits);
    int prefix_length = (int)strlen(prefix);
    int zeros = (spec->precision < 0 ? 1 : spec->precision) - count;

    /* "%#o" raises the precision until the first digit is a zero. */
    if (base == 8 && spec->alternate && zeros <= 0)
        zeros = 1;
    if (zeros < 0)
        zeros = 0;
    int64_t padding = (int64_t)spec->width - prefix_length - zeros - count;
    /* The flag 0 gives way to - and to a precision (7.21.6.1, paragraph 6). */
    if (spec->zeros && !spec->left && spec->precision < 0 && padding > 0) {
        zeros += (int)padding;
        padding = 0;
    }
    if (!spec->left)
        put_repeated(output, ' ', (int)padding);
    put_block(output, prefix, (size_t)prefix_length);
    put_repeated(output, '0', zeros);
    put_block(output, digits, (size_t)count);
    if (spec->left)
        put_repeated(output, ' ', (int)padding);
}

static void put_signed(struct output *output, const struct specification *spec, int64_t value)
{
    char prefix[2] = { value < 0 ? '-' : spec->sign, '\0' };

    /* Negated as unsigned: the smallest number has no positive counterpart. */
    put_number(output, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, prefix, 10);
}

static void put_unsigned(struct output *output, const struct specification *spec, uint64_t value)
{
    bool prefixed = spec->alternate && value != 0;

    switch (spec->conversion) {
    case 'x':
        put_number(output, spec, value, prefixed ? "0x" : "", 16);
        break;
    case 'X':
        put_number(output, spec, value, prefixed ? "0X" : "", 16);
        break;
    case 'o':
        put_number(output, spec, value, "", 8);
        break;
    default:
        put_number(output, spec, value, "", 10);
        break;
    }
}

/* An integer argument in the size that its modifier says.  hh and h are passed as int (default
 * argument promotions) and cut here. */
static int64_t signed_argument(const struct specification *spec, va_list *arguments)
{
    switch (spec->bytes) {
    case 1:
        return (int8_t)va_arg(*arguments, int);
    case 2:
        return (int16_t)va_arg(*arguments, int);
    case 4:
        return va_arg(*arguments, int);
    default:
        return va_arg(*arguments, int64_t);
    }
}

static uint64_t unsigned_argument(const struct specification *spec, va_list *arguments)
{
    switch (spec->bytes) {
    case 1:
        return (uint8_t)va_arg(*arguments, unsigned);
    case 2:
        return (uint16_t)va_arg(*arguments, unsigned);
    case 4:
        return va_arg(*arguments, unsigned);
    default:
        return va_arg(*arguments, uint64_t);
    }
}

static const char *parse_flags(struct specification *spec, const char *text)
{
    for (;; text++) {
        switch (*text) {
        case '-':
            spec->left = true;
            break;
        case '0':
            spec->zeros = true;
            break;
        case '#':
            spec->alternate = true;
            break;
        case '+':
            spec->sign = '+';
            break;
        case ' ':
            if (spec->sign == '\0')
                spec->sign = ' ';
            break;
        default:
            return text;
        }
    }
}

/* A decimal number or `*`.  What is more than a text can be long is cut to a bound that keeps
 * sums of widths inside an int. */
static const char *parse_number(int *number, const char *text, va_list *arguments)
{
    enum { LARGEST = 1 << 24 };

    *number = 0;
    if (*text == '*') {
        *number = va_arg(*arguments, int);
        text++;
    } else {
        for (; *text >= '0' && *text <= '9'; text++)
            if (*number < LARGEST)
                *number = *number * 10 + (*text - '0');
    }
    if (*number > LARGEST)
        *number = LARGEST;
    if (*number < -LARGEST)
        *number = -LARGEST;
    return text;
}

static const char *parse_modifier(struct specification *spec, const char *text)
{
    spec->bytes = sizeof(int);
    switch (*text) {
    case 'h':
        spec->bytes = text[1] == 'h' ? sizeof(char) : sizeof(short);
        return text + (text[1] == 'h' ? 2 : 1);
    case 'l':
        spec->bytes = sizeof(long); /* which long long equals in this ABI */
        return text + (text[1] == 'l' ? 2 : 1);
    case 'z':
    case 't':
    case 'j':
        spec->bytes = sizeof(size_t);
        return text + 1;
    default:
        return text;
    }
}

/* Reads a specification, from behind its % to before its conversion character. */
static const char *parse(struct specification *spec, const char *text, va_list *arguments)
{
    text = parse_flags(spec, text);
    text = parse_number(&spec->width, text, arguments);
    if (spec->width < 0) { /* only from `*`: the flag - and a width */
        spec->left = true;
        spec->width = -spec->width;
    }
    spec->precision = -1;
    if (*text == '.') {
        text = parse_number(&spec->precision, text + 1, arguments);
        if (spec->precision < 0)
            spec->precision = -1;
    }
    return parse_modifier(spec, text);
}

/* Converts one argument.  False if the conversion is not known. */
static bool convert(struct output *output, const struct specification *spec, va_list *arguments)
{
    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(output, spec, signed_argument(spec, arguments));
        return true;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(output, spec, unsigned_argument(spec, arguments));
        return true;
    case 'p':
        put_number(output, spec, (uintptr_t)va_arg(*arguments, void *), "0x", 16);
        return true;
    case 's':
        put_string(output, spec, va_arg(*arguments, const char *));
        return true;
    case 'c':
        put_character(output, spec, (char)va_arg(*arguments, int));
        return true;
    case '%':
        put(output, '%');
        return true;
    default:
        return false;
    }
}

size_t format_list(char *out, size_t size, const char *text, va_list arguments)
{
    struct output output = { .buffer = out, .size = size };
    va_list rest; /* a copy: a parameter of this type is an array and has no usable address */

    va_copy(rest, arguments);
    while (*text != '\0') {
        struct specification spec = { 0 };
        const char *start = text;

        if (*text++ != '%') {
            put(&output, *start);
            continue;
        }
        text = parse(&spec, text, &rest);
        spec.conversion = *text;
        if (*text != '\0')
            text++;
        if (!convert(&output, &spec, &rest))
            put_block(&output, start, (size_t)(text - start));
    }
    va_end(rest);
    if (size > 0)
        out[min(output.length, size - 1)] = '\0';
    return output.length;
}

size_t format(char *out, size_t size, const char *text, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, text);
    length = format_list(out, size, text, arguments);
    va_end(arguments);
    return length;
}
