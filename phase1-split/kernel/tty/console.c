/* The consoles as terminals, under the names that Linux gives them.
 *
 * /dev/ttyS0 is the serial console, /dev/tty1 and /dev/tty0 the screen; /dev/console is whichever
 * of the two the kernel was told to use, and /dev/tty whatever controls the caller. */
#include <tty/tty.h>

#include "line_discipline.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/kd.h>
#include <linux/major.h>
#include <linux/vt.h>

#include <fs/device_table.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <param.h>
#include <platform/console.h>

#define SERIAL_MINOR 64 /* ttyS0 among the terminals (Linux devices.txt, major 4) */

static struct tty terminals[CONSOLE_COUNT];

/* ---- drivers ---- */

static enum console console_of(const struct tty *tty)
{
    return (enum console)(tty - terminals);
}

static size_t show(struct tty *tty, const void *data, size_t size)
{
    return console_write(console_of(tty), data, size);
}

static size_t typed(struct tty *tty, void *data, size_t size)
{
    return console_read(console_of(tty), data, size);
}

static size_t queued(struct tty *tty)
{
    return console_queued(console_of(tty));
}

static bool drained(struct tty *tty)
{
    return console_drained(console_of(tty));
}

static int answer(struct user_buffer *argument, const void *value, size_t size)
{
    return user_buffer_put(argument, value, size) == size ? 0 : -EFAULT;
}

static int answer_number(struct user_buffer *argument, int number)
{
    return answer(argument, &number, sizeof(number));
}

/* ioctl_console(2): one screen, which is always the one that is shown, in text mode.  Changing it
 * to what it is succeeds. */
static int screen_control(struct tty *tty, unsigned command, uint64_t value,
                          struct user_buffer *argument)
{
    static const struct vt_stat state = { .v_active = 1, .v_state = 1 << 0 | 1 << 1 };
    static const struct vt_mode mode = { .mode = VT_AUTO };
    static const char keyboard_type = KB_101;

    (void)tty;
    switch (command) {
    case KDGKBTYPE:
        return answer(argument, &keyboard_type, sizeof(keyboard_type));
    case KDGKBMODE:
        return answer_number(argument, K_XLATE);
    case KDSKBMODE:
        return value == K_XLATE ? 0 : -EINVAL;
    case KDGETMODE:
        return answer_number(argument, KD_TEXT);
    case KDSETMODE:
        return value == KD_TEXT ? 0 : -EINVAL;
    case VT_GETSTATE:
        return answer(argument, &state, sizeof(state));
    case VT_GETMODE:
        return answer(argument, &mode, sizeof(mode));
    case VT_OPENQRY:
        return answer_number(argument, -1); /* no other is free */
    case VT_ACTIVATE:
    case VT_WAITACTIVE:
        return value == 1 ? 0 : -ENXIO;
    case VT_DISALLOCATE:
        return value == 0 ? 0 : value == 1 ? -EBUSY : -ENXIO; /* 0: all that are unused */
    }
    return -ENOTTY;
}

static const struct tty_driver serial_driver = {
    .input_size = TTY_INPUT_SIZE,
    .backlog_size = TTY_BACKLOG_SIZE,
    .ends_with_session = true,
    .initial = TTY_SETTINGS(B115200 | CS8 | CREAD | HUPCL | CLOCAL, 115200),
    .write = show,
    .read = typed,
    .queued = queued,
    .drained = drained,
};

static const struct tty_driver screen_driver = {
    .input_size = TTY_INPUT_SIZE,
    .backlog_size = TTY_BACKLOG_SIZE,
    .ends_with_session = true,
    .initial = TTY_SETTINGS(B38400 | CS8 | CREAD | HUPCL, 38400),
    .fixed = ~(tcflag_t)(HUPCL | CREAD | CLOCAL),
    .resets = true,
    .write = show,
    .read = typed,
    .close = tty_settings_reset,
    .control = screen_control,
};

static struct tty terminals[CONSOLE_COUNT] = {
    [CONSOLE_SERIAL] = {
        .driver = &serial_driver,
    },
    [CONSOLE_SCREEN] = {
        .driver = &screen_driver,
        .window = { .ws_row = 25, .ws_col = 80 },
    },
};

/* ---- device nodes ---- */

static struct tty_node serial_node = { .tty = &terminals[CONSOLE_SERIAL] };
static struct tty_node screen_node = { .tty = &terminals[CONSOLE_SCREEN] };
static struct tty_node active_screen_node = {
    .tty = &terminals[CONSOLE_SCREEN],
    .never_controls = true,
};
static struct tty_node own_node = { .never_controls = true };
static struct tty_node console_node = { .is_console = true, .never_controls = true };

static const struct {
    const char *name;
    uint32_t major, minor, permissions;
    struct tty_node *node;
} devices[] = {
    { "ttyS0", TTY_MAJOR, SERIAL_MINOR, 0600, &serial_node },
    { "tty0", TTY_MAJOR, 0, 0600, &active_screen_node },
    { "tty1", TTY_MAJOR, 1, 0600, &screen_node },
    { "tty", TTYAUX_MAJOR, 0, 0666, &own_node },
    { "console", TTYAUX_MAJOR, 1, 0600, &console_node },
};

/* The terminal of a kernel parameter like "ttyS0,115200n8"; NULL: there is none of that name. */
static struct tty *find_console(const char *parameter)
{
    for (size_t i = 0; i < array_count(devices); i++) {
        size_t length = strlen(devices[i].name);
        if (strncmp(parameter, devices[i].name, length) == 0 &&
            (parameter[length] == '\0' || parameter[length] == ','))
            return devices[i].node->tty;
    }
    return NULL;
}

int tty_init(const char *console)
{
    console_node.tty = find_console(console);
    if (!console_node.tty)
        return -EINVAL;
    tty_prepare(&terminals[CONSOLE_SERIAL], device_number(TTY_MAJOR, SERIAL_MINOR));
    tty_prepare(&terminals[CONSOLE_SCREEN], device_number(TTY_MAJOR, 1));
    for (size_t i = 0; i < array_count(devices); i++) {
        uint64_t number = device_number(devices[i].major, devices[i].minor);
        int error = device_register(number, devices[i].name, devices[i].permissions, &tty_ops,
                                    (node_handle)devices[i].node);
        if (error)
            return error;
    }
    return 0;
}

/* ---- deferred work ---- */

/* Before the first open, what is typed waits in the console. */
void tty_handle_input(void)
{
    for (size_t i = 0; i < CONSOLE_COUNT; i++)
        if (tty_in_use(&terminals[i]))
            line_discipline_take(&terminals[i]);
}

/* Room for output is room for echo, which input may have been waiting for. */
void tty_handle_output(void)
{
    for (size_t i = 0; i < CONSOLE_COUNT; i++) {
        if (!tty_in_use(&terminals[i]))
            continue;
        tty_output_push(&terminals[i]);
        if (terminals[i].input.left_in_driver)
            line_discipline_take(&terminals[i]);
    }
}
