/* ioctl(2) on terminals: window size, job control, flow control, flushing; what is about settings
 * goes to settings.c.  ioctl_tty(2). */
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

void tty_flush_typed(struct tty *tty)
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
        tty_flush_typed(tty);
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
        if (tty->output.stopped_by_call)
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

/* ---- window size, line discipline ---- */

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

/* On another's terminal this is root's alone: it is a way to put words into their shells. */
static int simulate_input(struct tty *tty, struct user_buffer *argument)
{
    uint8_t byte;

    if (current_process()->terminal != tty && !process_privileged())
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

static int hang_up(struct tty *tty)
{
    if (!process_privileged())
        return -EPERM;
    tty_hang_up(tty);
    return 0;
}

static int32_t unsent(struct tty *tty)
{
    size_t queued = tty->driver->queued ? tty->driver->queued(tty) : 0;

    return (int32_t)(queued + ring_buffer_used(&tty->output.backlog));
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
    case TCFLSH:
        return flush(tty, value);
    case TCXONC:
        return flow(tty, value);
    case TIOCSETD:
        return set_discipline(argument);
    }
    /* TCSBRK, TCSBRKP: there is no break to send, but output to wait for. */
    return tty_output_drain(tty) ? -EINTR : 0;
}

int tty_control(struct tty_file *file, unsigned command, uint64_t value,
                struct user_buffer *argument, int *result)
{
    struct tty *tty = file->tty;

    (void)result;
    if (tty_hung_up(file))
        return command == TIOCSPGRP ? -ENOTTY : -EIO;
    switch (command) {
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
        return put_number(argument, unsent(tty));
    case TIOCSTI:
        return simulate_input(tty, argument);
    case TIOCEXCL:
        return set_exclusive(tty, true);
    case TIOCNXCL:
        return set_exclusive(tty, false);
    case TIOCGEXCL:
        return put_number(argument, tty->exclusive);
    case TIOCVHANGUP:
        return hang_up(tty);
    case TIOCGDEV:
        return put_number(argument, (int32_t)tty->number);
    }
    int error = tty_settings_control(tty, command, argument);

    return error == -ENOTTY ? driver_control(tty, command, value, argument) : error;
}
