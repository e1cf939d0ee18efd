/* A VT100 in 80 by 25 characters of VGA text memory.
 *
 * The picture is kept in ordinary memory and copied to the device, which is slow to write and far
 * slower to read.  Sequences are those of the Linux console (console_codes(4)) that shells,
 * editors and pagers use; what is not known is swallowed whole.  Reference for the device: IBM VGA
 * technical reference, CRT controller registers. */
#include "screen.h"

#include <stdbool.h>
#include <stdint.h>

#include <platform/memory.h>

#include <lib/bits.h>
#include <lib/format.h>

#include "asm.h"
#include "keyboard.h"
#include "paging.h"

#define COLUMNS     80
#define ROWS        25
#define TEXT_MEMORY 0xb8000

#define CRT_INDEX         0x3d4
#define CRT_DATA          0x3d5
#define CRT_CURSOR_START  0x0a
#define CRT_CURSOR_HIDDEN 0x20
#define CRT_CURSOR_HIGH   0x0e
#define CRT_CURSOR_LOW    0x0f

#define COLOUR_DEFAULT 0x07 /* light grey on black */
#define COLOUR_BOLD    0x08
#define TAB_WIDTH      8
#define PARAMETERS     8

enum state { STATE_TEXT, STATE_ESCAPE, STATE_SEQUENCE, STATE_CHARSET, STATE_TITLE };

struct position {
    unsigned row, column;
};

static uint16_t picture[ROWS][COLUMNS];         /* what the device shows, or will after refresh() */
static uint16_t *device;                        /* NULL: there is none */
static unsigned dirty_first = ROWS, dirty_last; /* rows that differ from the device's */

static struct position cursor, saved_cursor;
static unsigned scroll_first, scroll_last = ROWS - 1;
static bool wrap_pending; /* a character went into the last column; the next begins a line */
static bool cursor_hidden, shown_hidden;
static uint8_t colour = COLOUR_DEFAULT;
static bool bold, reverse;

static enum state state;
static unsigned parameters[PARAMETERS], parameter_count;
static bool private_sequence; /* it began with '?' */

/* ---- the picture ---------------------------------------------------------------------------- */

static void touch(unsigned first, unsigned last)
{
    dirty_first = min(dirty_first, first);
    dirty_last = max(dirty_last, last);
}

static uint16_t cell(uint8_t character)
{
    uint8_t shown = bold ? colour | COLOUR_BOLD : colour;
    if (reverse)
        shown = (uint8_t)((shown & 0x88) | (shown & 7) << 4 | (shown >> 4 & 7));
    return (uint16_t)(shown << 8 | character);
}

static void erase(unsigned row, unsigned first, unsigned end)
{
    for (unsigned column = first; column < end; column++)
        picture[row][column] = (uint16_t)(colour << 8 | ' ');
    touch(row, row);
}

static void erase_rows(unsigned first, unsigned end)
{
    for (unsigned row = first; row < end; row++)
        erase(row, 0, COLUMNS);
}

/* Moves the rows from `first` to the end of the scrolling region up or down, as far as `count`
 * says, and clears what is new. */
static void scroll_up(unsigned first, unsigned count)
{
    count = min(count, scroll_last - first + 1);
    unsigned kept = scroll_last - first + 1 - count;
    memmove(picture[first], picture[first + count], kept * sizeof(picture[0]));
    erase_rows(first + kept, scroll_last + 1);
    touch(first, scroll_last);
}

static void scroll_down(unsigned first, unsigned count)
{
    count = min(count, scroll_last - first + 1);
    unsigned kept = scroll_last - first + 1 - count;
    memmove(picture[first + count], picture[first], kept * sizeof(picture[0]));
    erase_rows(first, first + count);
    touch(first, scroll_last);
}

/* Opens or closes a gap in the cursor's row. */
static void insert_characters(unsigned count)
{
    uint16_t *row = picture[cursor.row];
    count = min(count, COLUMNS - cursor.column);
    memmove(row + cursor.column + count, row + cursor.column,
            (COLUMNS - cursor.column - count) * sizeof(*row));
    erase(cursor.row, cursor.column, cursor.column + count);
}

static void delete_characters(unsigned count)
{
    uint16_t *row = picture[cursor.row];
    count = min(count, COLUMNS - cursor.column);
    memmove(row + cursor.column, row + cursor.column + count,
            (COLUMNS - cursor.column - count) * sizeof(*row));
    erase(cursor.row, COLUMNS - count, COLUMNS);
}

/* ---- the device ----------------------------------------------------------------------------- */

static void crt_write(uint8_t number, uint8_t value)
{
    port_write8(CRT_INDEX, number);
    port_write8(CRT_DATA, value);
}

static void refresh(void)
{
    if (dirty_first <= dirty_last)
        memcpy(device + dirty_first * COLUMNS, picture[dirty_first],
               (dirty_last - dirty_first + 1) * sizeof(picture[0]));
    dirty_first = ROWS;
    dirty_last = 0;

    unsigned place = cursor.row * COLUMNS + cursor.column;
    crt_write(CRT_CURSOR_HIGH, (uint8_t)(place >> 8));
    crt_write(CRT_CURSOR_LOW, (uint8_t)place);
    if (cursor_hidden != shown_hidden) {
        port_write8(CRT_INDEX, CRT_CURSOR_START);
        uint8_t shape = port_read8(CRT_DATA) & (uint8_t)~CRT_CURSOR_HIDDEN;
        port_write8(CRT_DATA, cursor_hidden ? shape | CRT_CURSOR_HIDDEN : shape);
        shown_hidden = cursor_hidden;
    }
}

/* A cursor register that keeps what is written to it is as good as a screen. */
static bool detect(void)
{
    crt_write(CRT_CURSOR_LOW, 0x5a);
    if (port_read8(CRT_DATA) != 0x5a)
        return false;
    crt_write(CRT_CURSOR_LOW, 0xa5);
    return port_read8(CRT_DATA) == 0xa5;
}

void screen_init(void)
{
    if (!detect())
        return;
    device = mmio_map(TEXT_MEMORY, sizeof(picture));
    erase_rows(0, ROWS);
    if (device)
        refresh();
}

/* ---- text ----------------------------------------------------------------------------------- */

static void move_to(unsigned row, unsigned column)
{
    cursor.row = min(row, ROWS - 1u);
    cursor.column = min(column, COLUMNS - 1u);
    wrap_pending = false;
}

static void line_feed(void)
{
    wrap_pending = false;
    if (cursor.row == scroll_last)
        scroll_up(scroll_first, 1);
    else if (cursor.row < ROWS - 1)
        cursor.row++;
}

static void reverse_line_feed(void)
{
    wrap_pending = false;
    if (cursor.row == scroll_first)
        scroll_down(scroll_first, 1);
    else if (cursor.row > 0)
        cursor.row--;
}

static void put(uint8_t character)
{
    if (wrap_pending) {
        cursor.column = 0;
        line_feed();
    }
    picture[cursor.row][cursor.column] = cell(character);
    touch(cursor.row, cursor.row);
    wrap_pending = cursor.column == COLUMNS - 1;
    cursor.column += !wrap_pending;
}

static void text_byte(uint8_t byte)
{
    switch (byte) {
    case '\a':
        break;
    case '\b':
        move_to(cursor.row, cursor.column ? cursor.column - 1 : 0);
        break;
    case '\t':
        move_to(cursor.row, (cursor.column / TAB_WIDTH + 1) * TAB_WIDTH);
        break;
    case '\n':
    case '\v':
    case '\f':
        line_feed();
        break;
    case '\r':
        move_to(cursor.row, 0);
        break;
    case '\033':
        state = STATE_ESCAPE;
        break;
    default:
        /* The font has no UTF-8: one mark for each character, whatever its length. */
        if (byte >= 0xc0)
            put('?');
        else if (byte >= ' ' && byte < 0x7f)
            put(byte);
    }
}

/* ---- escape sequences ----------------------------------------------------------------------- */

/* The parameter, where 0 or none means 1. */
static unsigned count_parameter(unsigned index)
{
    return parameters[index] ? parameters[index] : 1;
}

static void set_colour(unsigned code)
{
    static const uint8_t vga[8] = { 0, 4, 2, 6, 1, 5, 3, 7 }; /* from ANSI's order */

    if (code == 0) {
        colour = COLOUR_DEFAULT;
        bold = reverse = false;
    } else if (code == 1) {
        bold = true;
    } else if (code == 22) {
        bold = false;
    } else if (code == 7 || code == 27) {
        reverse = code == 7;
    } else if (code >= 30 && code <= 37) {
        colour = (uint8_t)((colour & 0xf0) | vga[code - 30]);
    } else if (code == 39) {
        colour = (colour & 0xf0) | COLOUR_DEFAULT;
    } else if (code >= 40 && code <= 47) {
        colour = (uint8_t)((colour & 0x0f) | vga[code - 40] << 4);
    } else if (code == 49) {
        colour &= 0x0f;
    } else if (code >= 90 && code <= 97) {
        colour = (uint8_t)((colour & 0xf0) | vga[code - 90] | COLOUR_BOLD);
    } else if (code >= 100 && code <= 107) {
        colour = (uint8_t)((colour & 0x0f) | vga[code - 100] << 4);
    }
}

static void erase_display(unsigned what)
{
    if (what == 0) {
        erase(cursor.row, cursor.column, COLUMNS);
        erase_rows(cursor.row + 1, ROWS);
    } else if (what == 1) {
        erase_rows(0, cursor.row);
        erase(cursor.row, 0, cursor.column + 1);
    } else {
        erase_rows(0, ROWS);
    }
}

static void erase_line(unsigned what)
{
    erase(cursor.row, what == 0 ? cursor.column : 0, what == 1 ? cursor.column + 1 : COLUMNS);
}

static void set_scroll_region(void)
{
    unsigned first = count_parameter(0) - 1;
    unsigned last = parameters[1] ? parameters[1] - 1 : ROWS - 1;
    if (first >= last || last >= ROWS)
        return;
    scroll_first = first;
    scroll_last = last;
    move_to(0, 0);
}

static void report_status(unsigned what)
{
    char answer[24];
    if (what != 5 && what != 6)
        return;
    size_t length = what == 5 ? format(answer, sizeof(answer), "\033[0n")
                              : format(answer, sizeof(answer), "\033[%u;%uR", cursor.row + 1,
                                       cursor.column + 1);
    keyboard_answer(answer, length);
}

static void insert_or_delete_lines(uint8_t final)
{
    if (cursor.row < scroll_first || cursor.row > scroll_last)
        return;
    (final == 'L' ? scroll_down : scroll_up)(cursor.row, count_parameter(0));
}

static void move_by(uint8_t final)
{
    unsigned count = min(count_parameter(0), (unsigned)COLUMNS);
    switch (final) {
    case 'A':
        move_to(cursor.row - min(count, cursor.row), cursor.column);
        break;
    case 'B':
        move_to(cursor.row + count, cursor.column);
        break;
    case 'C':
        move_to(cursor.row, cursor.column + count);
        break;
    default:
        move_to(cursor.row, cursor.column - min(count, cursor.column));
    }
}

static void set_mode(bool on)
{
    if (private_sequence && parameters[0] == 25)
        cursor_hidden = !on;
}

static void finish_sequence(uint8_t final)
{
    switch (final) {
    case 'A':
    case 'B':
    case 'C':
    case 'D':
        move_by(final);
        break;
    case 'G':
        move_to(cursor.row, count_parameter(0) - 1);
        break;
    case 'd':
        move_to(count_parameter(0) - 1, cursor.column);
        break;
    case 'H':
    case 'f':
        move_to(count_parameter(0) - 1, count_parameter(1) - 1);
        break;
    case 'J':
        erase_display(parameters[0]);
        break;
    case 'K':
        erase_line(parameters[0]);
        break;
    case 'L':
    case 'M':
        insert_or_delete_lines(final);
        break;
    case '@':
        insert_characters(count_parameter(0));
        break;
    case 'P':
        delete_characters(count_parameter(0));
        break;
    case 'X':
        erase(cursor.row, cursor.column,
              cursor.column + min(count_parameter(0), COLUMNS - cursor.column));
        break;
    case 'm':
        for (unsigned i = 0; i < parameter_count; i++)
            set_colour(parameters[i]);
        break;
    case 'r':
        set_scroll_region();
        break;
    case 'n':
        report_status(parameters[0]);
        break;
    case 'c':
        keyboard_answer("\033[?6c", 5);
        break;
    case 's':
        saved_cursor = cursor;
        break;
    case 'u':
        move_to(saved_cursor.row, saved_cursor.column);
        break;
    case 'h':
    case 'l':
        set_mode(final == 'h');
        break;
    }
}

static void reset(void)
{
    scroll_first = 0;
    scroll_last = ROWS - 1;
    cursor_hidden = false;
    set_colour(0);
    move_to(0, 0);
    erase_rows(0, ROWS);
}

static void begin_sequence(void)
{
    memset(parameters, 0, sizeof(parameters));
    parameter_count = 1;
    private_sequence = false;
    state = STATE_SEQUENCE;
}

static void escape_byte(uint8_t byte)
{
    state = STATE_TEXT;
    switch (byte) {
    case '[':
        begin_sequence();
        break;
    case ']':
        state = STATE_TITLE;
        break;
    case '(':
    case ')':
    case '#':
    case '%':
        state = STATE_CHARSET;
        break;
    case '7':
        saved_cursor = cursor;
        break;
    case '8':
        move_to(saved_cursor.row, saved_cursor.column);
        break;
    case 'D':
        line_feed();
        break;
    case 'E':
        cursor.column = 0;
        line_feed();
        break;
    case 'M':
        reverse_line_feed();
        break;
    case 'c':
        reset();
        break;
    }
}

static void sequence_byte(uint8_t byte)
{
    unsigned *parameter = &parameters[parameter_count - 1];
    if (byte >= '0' && byte <= '9') {
        *parameter = min(*parameter * 10 + byte - '0', 9999u);
    } else if (byte == ';') {
        parameter_count = min(parameter_count + 1, (unsigned)PARAMETERS);
    } else if (byte == '?') {
        private_sequence = true;
    } else if (byte == '\033') {
        state = STATE_ESCAPE;
    } else if (byte >= '@' && byte <= '~') {
        state = STATE_TEXT;
        finish_sequence(byte);
    }
}

static void take_byte(uint8_t byte)
{
    switch (state) {
    case STATE_TEXT:
        text_byte(byte);
        break;
    case STATE_ESCAPE:
        escape_byte(byte);
        break;
    case STATE_SEQUENCE:
        sequence_byte(byte);
        break;
    case STATE_CHARSET: /* one byte follows; the font has one character set */
        state = STATE_TEXT;
        break;
    case STATE_TITLE: /* up to BEL or ESC \ */
        if (byte == '\a')
            state = STATE_TEXT;
        else if (byte == '\033')
            state = STATE_CHARSET;
        break;
    }
}

void screen_write(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    if (!device)
        return;
    uint64_t flags = interrupts_save();
    for (size_t i = 0; i < size; i++)
        take_byte(bytes[i]);
    refresh();
    interrupts_restore(flags);
}
