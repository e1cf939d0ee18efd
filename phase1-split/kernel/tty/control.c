/* ioctl(2) on terminals: settings, window size, job control, flushing.  ioctl_tty(2).
 *
 * Output is processed when it is written and keeps its order from there on.  So a change of
 * settings cannot affect output written before it, and the variants that wait for the output first
 * (TCSETSW, TCSBRK) need not wait for that. */
#include "line_discipline.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/tty.h>

#include <param.h>
#include <platform/memory.h>
#include <process/process.h>

static int put(struct user_buffer *argument, const void *value, size_t size)
{
    return user_buffer_put(argument, value, size) == size ? 0 : -EFAULT;
}

static int take(struct user_buffer *argument, void *value, size_t size)
{
    return user_buffer_take(argument, value, size) == size ? 0 : -EFAULT;
}

static int put_number(struct user_buffer *argument, int32_t number)
{
    return put(argument, &number, sizeof(number));
}

/* ---- flushing and flow control ---- */

/* What has been typed but not read, also where the line discipline has not seen it yet. */
static void flush_input(struct tty *tty)
{
    uint8_t piece[TTY_PIECE];

    tty_input_flush(tty);
    while (tty->driver->read(tty, piece, sizeof(piece)) > 0)
        ;
    tty->input.left_in_driver = false;
}

static int flush(struct tty *tty, uint64_t which)
{
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH)
        flush_input(tty);
    if (which != TCIFLUSH)
        tty_output_flush(tty);
    tty_wake(tty);
    return 0;
}

static int flow(struct tty *tty, uint64_t action)
{
    const cc_t *characters = tty->settings.c_cc;

    switch (action) {
    case TCOOFF:
        tty_output_stop(tty, true);
        return 0;
    case TCOON:
        tty_output_start(tty, true);
        return 0;
    case TCIOFF:
    case TCION: {
        cc_t byte = characters[action == TCIOFF ? VSTOP : VSTART];
        if (byte != 0)
            tty_output_urgent(tty, byte);
        return 0;
    }
    }
    return -EINVAL;
}

/* ---- settings ---- */

/* Whether the other end may stop output by itself with the customary keys. */
static bool usual_flow_control(const struct tty *tty)
{
    return tty_input_flag(tty, IXON) && tty->settings.c_cc[VSTOP] == TTY_CONTROL('S') &&
           tty->settings.c_cc[VSTART] == TTY_CONTROL('Q');
}

static void set_settings(struct tty *tty, const struct termios *settings)
{
    tcflag_t changed = tty->settings.c_lflag ^ settings->c_lflag;
    bool usual = usual_flow_control(tty);

    tty->settings = *settings;
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

static int set_termios(struct tty *tty, struct user_buffer *argument, bool flush)
{
    struct termios settings;

    if (take(argument, &settings, sizeof(settings)) < 0)
        return -EFAULT;
    if (flush)
        flush_input(tty);
    set_settings(tty, &settings);
    return 0;
}

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

static int set_termio(struct tty *tty, struct user_buffer *argument, bool flush)
{
    struct termios settings = tty->settings;
    struct termio small;

    if (take(argument, &small, sizeof(small)) < 0)
        return -EFAULT;
    replace_low(&settings.c_iflag, small.c_iflag);
    replace_low(&settings.c_oflag, small.c_oflag);
    replace_low(&settings.c_cflag, small.c_cflag);
    replace_low(&settings.c_lflag, small.c_lflag);
    settings.c_line = small.c_line;
    memcpy(settings.c_cc, small.c_cc, NCC);
    if (flush)
        flush_input(tty);
    set_settings(tty, &settings);
    return 0;
}

static int set_window(struct tty *tty, struct user_buffer *argument)
{
    struct winsize window;

    if (take(argument, &window, sizeof(window)) < 0)
        return -EFAULT;
    if (memcmp(&window, &tty->window, sizeof(window)) == 0)
        return 0;
    tty->window = window;
    if (tty->foreground != 0)
        signal_send_group(tty->foreground, SIGWINCH, NULL);
    return 0;
}

/* The line discipline is always this one. */
static int set_discipline(struct user_buffer *argument)
{
    int32_t number;

    if (take(argument, &number, sizeof(number)) < 0)
        return -EFAULT;
    return number == N_TTY ? 0 : -EINVAL;
}

/* ---- job control ---- */

static int get_session(const struct tty *tty, struct user_buffer *argument)
{
    int32_t session;
    int error = tty_get_session(tty, &session);

    return error ? error : put_number(argument, session);
}

static int get_foreground(const struct tty *tty, struct user_buffer *argument)
{
    int32_t group;
    int error = tty_get_foreground(tty, &group);

    return error ? error : put_number(argument, group);
}

static int set_foreground(struct tty *tty, struct user_buffer *argument)
{
    int error = tty_check_foreground(tty, SIGTTOU);
    int32_t group;

    if (error)
        return error == -EIO ? -ENOTTY : error;
    if (take(argument, &group, sizeof(group)) < 0)
        return -EFAULT;
    return tty_set_foreground(tty, group);
}

/* Only root may type for others: it is a way to put words into their shells. */
static int simulate_input(struct tty *tty, struct user_buffer *argument)
{
    uint8_t byte;

    if (!process_privileged())
        return -EPERM;
    if (take(argument, &byte, sizeof(byte)) < 0)
        return -EFAULT;
    if (tty_input_room(tty) < 2)
        return 0;
    line_discipline_receive(tty, byte);
    tty_wake(tty);
    return 0;
}

/* ---- dispatch ---- */

static int set_exclusive(struct tty *tty, bool on)
{
    tty->exclusive = on;
    return 0;
}

static int driver_control(struct tty *tty, unsigned command, uint64_t value,
                          struct user_buffer *argument)
{
    return tty->driver->control ? tty->driver->control(tty, command, value, argument) : -ENOTTY;
}

/* Commands that the foreground group alone may give. */
static int change(struct tty *tty, unsigned command, uint64_t value, struct user_buffer *argument)
{
    int error = tty_check_foreground(tty, SIGTTOU);

    if (error)
        return error;
    switch (command) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(tty, argument, command == TCSETSF);
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
        return set_termio(tty, argument, command == TCSETAF);
    case TCFLSH:
        return flush(tty, value);
    case TCXONC:
        return flow(tty, value);
    case TIOCSETD:
        return set_discipline(argument);
    }
    return 0; /* TCSBRK, TCSBRKP: there is no break to send, and nothing to wait for */
}

int tty_control(struct tty_file *file, unsigned command, uint64_t value,
                struct user_buffer *argument, int *result)
{
    struct tty *tty = file->tty;

    (void)result;
    if (tty_hung_up(file))
        return command == TIOCSPGRP ? -ENOTTY : -EIO;
    switch (command) {
    case TCGETS:
        return put(argument, &tty->settings, sizeof(tty->settings));
    case TCGETA:
        return get_termio(tty, argument);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
    case TCFLSH:
    case TCXONC:
    case TCSBRK:
    case TCSBRKP:
    case TIOCSETD:
        return change(tty, command, value, argument);
    case TIOCGETD:
        return put_number(argument, N_TTY);
    case TIOCGWINSZ:
        return put(argument, &tty->window, sizeof(tty->window));
    case TIOCSWINSZ:
        return set_window(tty, argument);
    case TIOCGPGRP:
        return get_foreground(tty, argument);
    case TIOCSPGRP:
        return set_foreground(tty, argument);
    case TIOCGSID:
        return get_session(tty, argument);
    case TIOCSCTTY:
        return tty_acquire(file, value);
    case TIOCNOTTY:
        return tty_give_up(tty);
    case FIONREAD:
        return put_number(argument, (int32_t)tty_input_count(tty));
    case TIOCOUTQ:
        return put_number(argument, (int32_t)ring_buffer_used(&tty->output.backlog));
    case TIOCSTI:
        return simulate_input(tty, argument);
    case TIOCEXCL:
        return set_exclusive(tty, true);
    case TIOCNXCL:
        return set_exclusive(tty, false);
    case TIOCGEXCL:
        return put_number(argument, tty->exclusive);
    }
    return driver_control(tty, command, value, argument);
}
