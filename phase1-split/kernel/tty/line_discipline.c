/* The line discipline: what each typed byte means.
 *
 * termios(3); POSIX.1-2017 volume 1, chapter 11.  A byte is, in this order: flow control, a
 * signal, a newline in disguise, an editing key, or just input.  Each stage below says whether it
 * has dealt with the byte.  Terminals here have neither parity nor breaks, so INPCK, BRKINT and
 * their like have nothing to act on; what the driver's own buffer holds makes IXOFF needless. */
#include "line_discipline.h"

#include <asm/signal.h>

#include <lib/bits.h>
#include <param.h>
#include <process/signal.h>

#define CONTROL_BIT 0x40 /* between a control character and the letter that stands for it */
#define ECHO_ROOM   (TTY_PIECE * 8) /* what a piece of input may need in the backlog */

static bool is_key(const struct tty *tty, unsigned key, uint8_t byte)
{
    return byte != 0 && tty->settings.c_cc[key] == byte; /* 0 is _POSIX_VDISABLE */
}

static bool is_extended_key(const struct tty *tty, unsigned key, uint8_t byte)
{
    return tty_local_flag(tty, IEXTEN) && is_key(tty, key, byte);
}

static bool line_empty(const struct tty *tty)
{
    return tty->input.head == tty->input.line;
}

/* ---- echo ---- */

static bool shown_as_two(const struct tty *tty, uint8_t byte)
{
    return tty_local_flag(tty, ECHOCTL) && tty_is_control(byte) && byte != '\t';
}

/* A control character appears as ^ and a letter. */
static void echo(struct tty *tty, uint8_t byte)
{
    if (shown_as_two(tty, byte)) {
        tty_output_byte(tty, '^');
        byte ^= CONTROL_BIT;
    }
    tty_output_byte(tty, byte);
}

static void echo_text(struct tty *tty, const char *text)
{
    for (; *text; text++)
        tty_output_byte(tty, (uint8_t)*text);
}

/* ECHOPRT shows erased characters between \ and /, for terminals that print on paper. */
static void finish_erasing(struct tty *tty)
{
    if (!tty->input.erasing)
        return;
    tty->input.erasing = false;
    tty_output_byte(tty, '/');
}

/* A newline that comes here was quoted, or it is one among other bytes of raw mode: ^J.  Only the
 * key for it, which sends a return, begins a line in raw mode too. */
static void echo_input(struct tty *tty, uint8_t byte, bool is_return)
{
    if (!tty_local_flag(tty, ECHO))
        return;
    finish_erasing(tty);
    if (line_empty(tty))
        tty->input.line_column = tty->output.column;
    if (byte == '\n' && is_return)
        tty_output_byte(tty, byte);
    else
        echo(tty, byte);
}

/* ---- flow control and signals ---- */

static bool flow_control(struct tty *tty, uint8_t byte)
{
    if (!tty_input_flag(tty, IXON))
        return false;
    if (is_key(tty, VSTART, byte)) {
        tty_output_start(tty, false);
        return true;
    }
    if (is_key(tty, VSTOP, byte)) {
        tty_output_stop(tty, false);
        return true;
    }
    return false;
}

static int signal_of(const struct tty *tty, uint8_t byte)
{
    if (is_key(tty, VINTR, byte))
        return SIGINT;
    if (is_key(tty, VQUIT, byte))
        return SIGQUIT;
    return is_key(tty, VSUSP, byte) ? SIGTSTP : 0;
}

static bool signal_key(struct tty *tty, uint8_t byte)
{
    int signal = tty_local_flag(tty, ISIG) ? signal_of(tty, byte) : 0;

    if (signal == 0)
        return false;
    if (!tty_local_flag(tty, NOFLSH)) {
        tty_input_flush(tty);
        tty_output_flush(tty);
        tty_wake(tty);
    }
    if (tty->foreground != 0)
        signal_send_group(tty->foreground, signal, NULL);
    if (tty_input_flag(tty, IXON))
        tty_output_start(tty, false);
    if (tty_local_flag(tty, ECHO))
        echo(tty, byte);
    return true;
}

/* ---- editing ---- */

static unsigned width_on_screen(const struct tty *tty, unsigned column, uint8_t byte)
{
    if (shown_as_two(tty, byte))
        return 2;
    return tty_column_after(tty, column, byte) - column;
}

/* The column behind the line as it is now, by the widths of its bytes. */
static unsigned column_of_end(const struct tty *tty)
{
    unsigned column = tty->input.line_column;

    for (size_t at = tty->input.line; at != tty->input.head; at++) {
        uint8_t byte = tty_input_at(tty, at);
        if (byte != '\b' && byte != '\r') /* without ECHOCTL these move by no known width */
            column += width_on_screen(tty, column, byte);
    }
    return column;
}

/* Wipes the character `byte` off the screen; it has left the line already.  A tab is as wide as its
 * place makes it, and needs no wiping: blanks are what it shows. */
static void echo_erased(struct tty *tty, uint8_t byte)
{
    if (byte == '\t') {
        unsigned before = column_of_end(tty);
        unsigned width = tty_column_after(tty, before, '\t') - before;
        while (width-- > 0)
            tty_output_byte(tty, '\b');
        return;
    }
    if (shown_as_two(tty, byte))
        echo_text(tty, "\b \b");
    if (shown_as_two(tty, byte) || !tty_is_control(byte))
        echo_text(tty, "\b \b");
}

static void echo_erased_on_paper(struct tty *tty, size_t start, size_t end)
{
    if (!tty->input.erasing) {
        tty->input.erasing = true;
        tty_output_byte(tty, '\\');
    }
    echo(tty, tty_input_at(tty, start));
    for (size_t at = start + 1; at != end; at++)
        tty_output_byte(tty, tty_input_at(tty, at));
}

/* Where the last character of the line starts.  The line is not empty. */
static size_t last_character(const struct tty *tty)
{
    size_t start = tty->input.head - 1;

    while (start != tty->input.line && tty_continues_character(tty, tty_input_at(tty, start)))
        start--;
    return start;
}

/* False: there is only the rest of one, whose beginning belongs to a line that is complete. */
static bool erase_character(struct tty *tty, bool visibly)
{
    size_t end = tty->input.head;
    size_t start = last_character(tty);
    uint8_t byte = tty_input_at(tty, start);

    if (tty_continues_character(tty, byte))
        return false;
    tty->input.head = start;
    if (!tty_local_flag(tty, ECHO))
        return true;
    if (tty_local_flag(tty, ECHOPRT))
        echo_erased_on_paper(tty, start, end);
    else if (visibly)
        echo_erased(tty, byte);
    else
        echo(tty, tty->settings.c_cc[VERASE]);
    return true;
}

/* Letters are those of Latin-1, among which are all first bytes of UTF-8 that occur much. */
static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

static void erase_word(struct tty *tty)
{
    bool in_word = false;

    while (!line_empty(tty)) {
        bool word = is_word(tty_input_at(tty, last_character(tty)));
        if (in_word && !word)
            break;
        in_word = word;
        if (!erase_character(tty, true))
            break;
    }
}

/* The whole line goes; without the means to wipe it, the key is shown, and a new line begun. */
static void erase_line(struct tty *tty)
{
    bool wipe =
        tty_local_flag(tty, ECHOK) && tty_local_flag(tty, ECHOKE) && tty_local_flag(tty, ECHOE);

    if (wipe && tty_local_flag(tty, ECHO)) {
        while (!line_empty(tty) && erase_character(tty, true))
            ;
        return;
    }
    tty->input.head = tty->input.line;
    if (!tty_local_flag(tty, ECHO))
        return;
    finish_erasing(tty);
    echo(tty, tty->settings.c_cc[VKILL]);
    if (tty_local_flag(tty, ECHOK))
        tty_output_byte(tty, '\n');
}

static bool erasing_key(struct tty *tty, uint8_t byte)
{
    bool character = is_key(tty, VERASE, byte);
    bool line = is_key(tty, VKILL, byte);

    if (!character && !line && !is_extended_key(tty, VWERASE, byte))
        return false;
    if (line_empty(tty))
        return true;
    if (character)
        erase_character(tty, tty_local_flag(tty, ECHOE));
    else if (line)
        erase_line(tty);
    else
        erase_word(tty);
    if (line_empty(tty))
        finish_erasing(tty);
    return true;
}

static void reprint(struct tty *tty, uint8_t key)
{
    finish_erasing(tty);
    echo(tty, key);
    tty_output_byte(tty, '\n');
    tty->input.line_column = tty->output.column;
    for (size_t at = tty->input.line; at != tty->input.head; at++)
        echo(tty, tty_input_at(tty, at));
}

static void take_next_literally(struct tty *tty)
{
    tty->input.literal = true;
    if (!tty_local_flag(tty, ECHO))
        return;
    finish_erasing(tty);
    if (tty_local_flag(tty, ECHOCTL)) /* a sign that the next key is quoted; it will cover it */
        echo_text(tty, "^\b");
}

static void end_line(struct tty *tty, uint8_t byte)
{
    tty_input_append_end(tty, byte);
    tty_wake(tty);
}

/* What makes a line complete: a newline, an end of file, or the extra ends of line. */
static bool ending_key(struct tty *tty, uint8_t byte)
{
    if (byte == '\n') {
        if (tty_local_flag(tty, ECHO | ECHONL))
            tty_output_byte(tty, '\n');
        end_line(tty, byte);
    } else if (is_key(tty, VEOF, byte)) {
        end_line(tty, TTY_END_OF_FILE);
    } else if (is_key(tty, VEOL, byte) || is_extended_key(tty, VEOL2, byte)) {
        echo_input(tty, byte, false);
        end_line(tty, byte);
    } else {
        return false;
    }
    return true;
}

static bool editing_key(struct tty *tty, uint8_t byte)
{
    if (erasing_key(tty, byte))
        return true;
    if (is_extended_key(tty, VLNEXT, byte)) {
        take_next_literally(tty);
        return true;
    }
    if (tty_local_flag(tty, ECHO) && is_extended_key(tty, VREPRINT, byte)) {
        reprint(tty, byte);
        return true;
    }
    return ending_key(tty, byte);
}

/* ---- input ---- */

/* A line has its limit, so that one without an end cannot fill the queue: what is too much is
 * shown and dropped, and only the end is still accepted (termios(3), "Canonical and noncanonical
 * mode"). */
static void add(struct tty *tty, uint8_t byte, bool is_return)
{
    bool canonical = tty_local_flag(tty, ICANON);

    echo_input(tty, byte, is_return);
    if (canonical && tty->input.head - tty->input.line >= TTY_LINE_LIMIT - 1)
        return;
    if (byte == 0xff && tty_input_flag(tty, PARMRK) && !tty_input_flag(tty, ISTRIP))
        tty_input_append(tty, byte); /* doubled, since 0xff alone would announce a mark */
    tty_input_append(tty, byte);
}

/* ICRNL, IGNCR, INLCR.  False: the byte is to be ignored. */
static bool map_newline(const struct tty *tty, uint8_t *byte)
{
    if (*byte == '\r' && tty_input_flag(tty, IGNCR))
        return false;
    if (*byte == '\r' && tty_input_flag(tty, ICRNL))
        *byte = '\n';
    else if (*byte == '\n' && tty_input_flag(tty, INLCR))
        *byte = '\r';
    return true;
}

void line_discipline_receive(struct tty *tty, uint8_t byte)
{
    if (tty_input_flag(tty, ISTRIP))
        byte &= 0x7f;
    if (tty_input_flag(tty, IUCLC) && tty_local_flag(tty, IEXTEN) && byte >= 'A' && byte <= 'Z')
        byte += 'a' - 'A';
    if (tty->input.literal) {
        tty->input.literal = false;
        add(tty, byte, false);
        return;
    }
    if (flow_control(tty, byte) || signal_key(tty, byte))
        return;
    if (tty_input_flag(tty, IXON) && tty_input_flag(tty, IXANY) && tty->output.stopped_by_key)
        tty_output_start(tty, false);
    bool is_return = byte == '\r';
    if (!map_newline(tty, &byte))
        return;
    if (!tty_local_flag(tty, ICANON) || !editing_key(tty, byte))
        add(tty, byte, is_return);
}

/* Room for `size` bytes, each of which PARMRK may double, and for their echo.  While output is
 * stopped echo may be lost instead, or the key that starts it again would never be seen. */
static bool has_room(const struct tty *tty, size_t size)
{
    return tty_input_room(tty) >= 2 * size &&
           (tty_output_stopped(tty) || ring_buffer_room(&tty->output.backlog) >= ECHO_ROOM);
}

void line_discipline_take(struct tty *tty)
{
    uint8_t piece[TTY_PIECE];
    size_t before = tty->input.head;

    while (has_room(tty, sizeof(piece))) {
        size_t count = tty->driver->read(tty, piece, sizeof(piece));
        for (size_t i = 0; i < count; i++)
            line_discipline_receive(tty, piece[i]);
        if (count == 0)
            break;
    }
    tty->input.left_in_driver = !has_room(tty, sizeof(piece));
    if (!tty_local_flag(tty, ICANON) && tty->input.head != before)
        tty_wake(tty);
}
