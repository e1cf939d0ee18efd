/* The settings of a terminal: termios(3) in the three layouts that ioctl_tty(2) knows.
 *
 * Output is processed when it is written and keeps its order from there on, so a change of settings
 * cannot affect output written before it.  The variants that wait for that output (TCSETSW and its
 * like) do so for the sake of the device, which may be about to change its speed. */
#include "line_discipline.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

static int put(struct user_buffer *argument, const void *value, size_t size)
{
    return user_buffer_put(argument, value, size) == size ? 0 : -EFAULT;
}

static int take(struct user_buffer *argument, void *value, size_t size)
{
    return user_buffer_take(argument, value, size) == size ? 0 : -EFAULT;
}

/* ---- speeds ---- */

/* What B0 to B38400, and behind them B57600 to B4000000, stand for; in bits per second. */
static const speed_t speeds[] = {
    0,      50,      75,      110,     134,     150,     200,     300,     600,     1200,   1800,
    2400,   4800,    9600,    19200,   38400,   57600,   115200,  230400,  460800,  500000, 576000,
    921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
};

/* The speed that a code of c_cflag stands for; `free_speed` for the code of all others. */
static speed_t speed_of(tcflag_t code, speed_t free_speed)
{
    if (code == BOTHER)
        return free_speed;
    size_t place = code & CBAUDEX ? (code & ~(tcflag_t)CBAUDEX) + (B38400 & CBAUD) : code;

    return place < array_count(speeds) ? speeds[place] : 0;
}

/* The input's code is B0 where it is as fast as the output. */
static void find_speeds(struct termios2 *settings)
{
    tcflag_t input = settings->c_cflag >> IBSHIFT & CBAUD;

    settings->c_ospeed = speed_of(settings->c_cflag & CBAUD, settings->c_ospeed);
    settings->c_ispeed = input == B0 ? settings->c_ospeed : speed_of(input, settings->c_ispeed);
}

/* ---- changing them ---- */

/* Whether the other end may stop output by itself with the customary keys. */
static bool usual_flow_control(const struct tty *tty)
{
    return tty_input_flag(tty, IXON) && tty->settings.c_cc[VSTOP] == TTY_CONTROL('S') &&
           tty->settings.c_cc[VSTART] == TTY_CONTROL('Q');
}

static void adopt(struct tty *tty, const struct termios2 *settings)
{
    const struct tty_driver *driver = tty->driver;
    tcflag_t changed = tty->settings.c_lflag ^ settings->c_lflag;
    bool usual = usual_flow_control(tty);

    tty->settings = *settings;
    tty->settings.c_cflag =
        (settings->c_cflag & ~driver->fixed) | (driver->initial.c_cflag & driver->fixed);
    find_speeds(&tty->settings);
    if (usual_flow_control(tty) != usual)
        tty_tell(tty, usual ? TIOCPKT_NOSTOP : TIOCPKT_DOSTOP);
    if ((changed | settings->c_lflag) & EXTPROC)
        tty_tell(tty, TIOCPKT_IOCTL);
    if (changed & ICANON)
        tty_input_switch_mode(tty);
    if (!tty_input_flag(tty, IXON)) /* VSTART means nothing now: nobody could go on */
        tty_output_start(tty, false);
    tty_wake(tty);
}

void tty_settings_reset(struct tty *tty)
{
    adopt(tty, &tty->driver->initial);
}

/* ---- layouts ---- */

/* The structure of TCSETS is the beginning of that of TCSETS2, which adds the speeds. */
_Static_assert(sizeof(struct termios) == offsetof(struct termios2, c_ispeed),
               "struct termios is the beginning of struct termios2");

/* System V's smaller structure: 16 bits of each set of flags, and the first characters. */
static int get_termio(const struct tty *tty, struct user_buffer *argument)
{
    struct termio small = {
        .c_iflag = (unsigned short)tty->settings.c_iflag,
        .c_oflag = (unsigned short)tty->settings.c_oflag,
        .c_cflag = (unsigned short)tty->settings.c_cflag,
        .c_lflag = (unsigned short)tty->settings.c_lflag,
        .c_line = tty->settings.c_line,
    };

    memcpy(small.c_cc, tty->settings.c_cc, NCC);
    return put(argument, &small, sizeof(small));
}

static void replace_low(tcflag_t *flags, unsigned short low)
{
    *flags = (*flags & 0xffff0000u) | low;
}

static int take_termio(struct user_buffer *argument, struct termios2 *settings)
{
    struct termio small;

    if (take(argument, &small, sizeof(small)) < 0)
        return -EFAULT;
    replace_low(&settings->c_iflag, small.c_iflag);
    replace_low(&settings->c_oflag, small.c_oflag);
    replace_low(&settings->c_cflag, small.c_cflag);
    replace_low(&settings->c_lflag, small.c_lflag);
    settings->c_line = small.c_line;
    memcpy(settings->c_cc, small.c_cc, NCC);
    return 0;
}

/* ---- commands ---- */

enum layout { TERMIOS, TERMIOS2, TERMIO };

static int take_settings(enum layout layout, struct user_buffer *argument,
                         struct termios2 *settings)
{
    if (layout == TERMIO)
        return take_termio(argument, settings);
    return take(argument, settings,
                layout == TERMIOS2 ? sizeof(struct termios2) : sizeof(struct termios));
}

/* What the argument does not hold stays as it is. */
static int change(struct tty *tty, enum layout layout, struct user_buffer *argument, bool drain,
                  bool flush)
{
    struct termios2 settings = tty->settings;
    int error = tty_check_foreground(tty, SIGTTOU);

    if (!error)
        error = take_settings(layout, argument, &settings);
    if (!error && flush)
        tty_flush_typed(tty);
    if (!error && drain)
        error = tty_output_drain(tty);
    if (!error)
        adopt(tty, &settings);
    return error;
}

/* The "software carrier" of SunOS: CLOCAL by another name. */
static int get_carrier(const struct tty *tty, struct user_buffer *argument)
{
    int ignored = (tty->settings.c_cflag & CLOCAL) != 0;

    return put(argument, &ignored, sizeof(ignored));
}

static int set_carrier(struct tty *tty, struct user_buffer *argument)
{
    struct termios2 settings = tty->settings;
    int ignored;

    if (take(argument, &ignored, sizeof(ignored)) < 0)
        return -EFAULT;
    settings.c_cflag = (settings.c_cflag & ~(tcflag_t)CLOCAL) | (ignored ? CLOCAL : 0);
    adopt(tty, &settings);
    return 0;
}

int tty_settings_control(struct tty *tty, unsigned command, struct user_buffer *argument)
{
    switch (command) {
    case TCGETS:
        return put(argument, &tty->settings, sizeof(struct termios));
    case TCGETS2:
        return put(argument, &tty->settings, sizeof(struct termios2));
    case TCGETA:
        return get_termio(tty, argument);
    case TCSETS:
        return change(tty, TERMIOS, argument, false, false);
    case TCSETSW:
        return change(tty, TERMIOS, argument, true, false);
    case TCSETSF:
        return change(tty, TERMIOS, argument, true, true);
    case TCSETS2:
        return change(tty, TERMIOS2, argument, false, false);
    case TCSETSW2:
        return change(tty, TERMIOS2, argument, true, false);
    case TCSETSF2:
        return change(tty, TERMIOS2, argument, true, true);
    case TCSETA:
        return change(tty, TERMIO, argument, false, false);
    case TCSETAW:
        return change(tty, TERMIO, argument, true, false);
    case TCSETAF:
        return change(tty, TERMIO, argument, true, true);
    case TIOCGSOFTCAR:
        return get_carrier(tty, argument);
    case TIOCSSOFTCAR:
        return set_carrier(tty, argument);
    }
    return -ENOTTY;
}
