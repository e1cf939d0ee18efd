/* Terminals as files: one for each console, under the names that Linux gives them.
 *
 * /dev/ttyS0 is the serial console, /dev/tty1 and /dev/tty0 the screen; /dev/console is whichever
 * of the two the kernel was told to use, and /dev/tty whatever controls the caller.  The files hold
 * no state of their own beyond which open they came from: the terminal does. */
#include <tty/tty.h>

#include "line_discipline.h"

#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/major.h>
#include <linux/poll.h>

#include <fs/device.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <platform/heap.h>
#include <process/process.h>

#define SERIAL_MINOR 64 /* ttyS0 among the terminals (Linux devices.txt, major 4) */
#define CONTROL(letter) ((letter) & 0x1f)

/* stty sane: what Linux starts a terminal with. */
#define SETTINGS(control_flags)                                                                    \
    {                                                                                              \
        .c_iflag = ICRNL | IXON, .c_oflag = OPOST | ONLCR, .c_cflag = (control_flags),             \
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,               \
        .c_cc = {                                                                                  \
            [VINTR] = CONTROL('C'), [VQUIT] = CONTROL('\\'), [VERASE] = 0x7f,                      \
            [VKILL] = CONTROL('U'), [VEOF] = CONTROL('D'), [VMIN] = 1,                             \
            [VSTART] = CONTROL('Q'), [VSTOP] = CONTROL('S'), [VSUSP] = CONTROL('Z'),               \
            [VREPRINT] = CONTROL('R'), [VDISCARD] = CONTROL('O'), [VWERASE] = CONTROL('W'),        \
            [VLNEXT] = CONTROL('V'),                                                               \
        },                                                                                         \
    }

static struct tty terminals[CONSOLE_COUNT] = {
    [CONSOLE_SERIAL] = {
        .name = "ttyS0",
        .console = CONSOLE_SERIAL,
        .settings = SETTINGS(B115200 | CS8 | CREAD | HUPCL | CLOCAL),
    },
    [CONSOLE_SCREEN] = {
        .name = "tty1",
        .console = CONSOLE_SCREEN,
        .settings = SETTINGS(B38400 | CS8 | CREAD | HUPCL),
        .window = { .ws_row = 25, .ws_col = 80 },
    },
};

/* A device node: which terminal opening it gives. */
struct tty_node {
    struct tty *tty;      /* NULL: the caller's controlling terminal */
    bool is_console;
    bool never_controls;  /* opening it gives nobody a controlling terminal */
};

static struct tty_node serial_node = { .tty = &terminals[CONSOLE_SERIAL] };
static struct tty_node screen_node = { .tty = &terminals[CONSOLE_SCREEN] };
static struct tty_node active_screen_node = {
    .tty = &terminals[CONSOLE_SCREEN],
    .never_controls = true,
};
static struct tty_node own_node = { .never_controls = true };
static struct tty_node console_node = { .is_console = true, .never_controls = true };

/* ---- the trait ---- */

static struct tty_file *of(file_handle handle)
{
    return (struct tty_file *)handle;
}

static int prepare(struct tty *tty)
{
    int error = tty_input_allocate(tty);

    return error ? error : tty_output_allocate(tty);
}

static int tty_open(node_handle handle, unsigned flags, file_handle *out)
{
    const struct tty_node *node = (const struct tty_node *)handle;
    struct tty *tty = node->tty ? node->tty : current_process()->terminal;

    if (!tty)
        return -ENXIO;
    struct tty_file *file = kmalloc(sizeof(*file));
    if (!file || prepare(tty) < 0) {
        kfree(file);
        return -ENOMEM;
    }
    *file = (struct tty_file){
        .tty = tty,
        .is_console = node->is_console,
        .readable = (flags & O_ACCMODE) != O_WRONLY,
        .hangups = tty->hangups,
    };
    if (!node->never_controls && !(flags & O_NOCTTY) && file->readable)
        tty_acquire_on_open(tty);
    line_discipline_take(tty); /* what came before anybody listened */
    *out = (file_handle)file;
    return 0;
}

static int tty_release(file_handle handle)
{
    kfree(of(handle));
    return 0;
}

static int tty_read(file_handle handle, struct user_buffer *to, uint64_t position,
                    struct wait_queue **wait)
{
    struct tty_file *file = of(handle);
    struct tty *tty = file->tty;

    (void)position;
    if (tty_hung_up(file))
        return 0;
    int error = file->is_console ? 0 : tty_check_foreground(tty, SIGTTIN);
    if (error)
        return error;
    error = tty_input_read(tty, to);
    if (error == -EAGAIN)
        *wait = &tty->wait;
    else if (tty->input.left_in_console)
        line_discipline_take(tty);
    return error;
}

static int tty_write(file_handle handle, struct user_buffer *from, uint64_t position,
                     struct wait_queue **wait)
{
    struct tty_file *file = of(handle);
    struct tty *tty = file->tty;

    (void)position;
    if (tty_hung_up(file))
        return -EIO;
    int error = 0;
    if (!file->is_console && tty_local_flag(tty, TOSTOP))
        error = tty_check_foreground(tty, SIGTTOU);
    if (!error)
        error = tty_output_write(tty, from);
    if (error == -EAGAIN)
        *wait = &tty->wait;
    return error;
}

static int tty_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    struct tty_file *file = of(handle);
    uint32_t now = 0;

    if (tty_hung_up(file))
        now = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    if (tty_input_ready(file->tty))
        now |= POLLIN | POLLRDNORM;
    if (tty_output_ready(file->tty))
        now |= POLLOUT | POLLWRNORM;
    *ready = now;
    *wait = &file->tty->wait;
    return 0;
}

static int control(file_handle handle, unsigned command, uint64_t value,
                   struct user_buffer *argument, int *result)
{
    return tty_control(of(handle), command, value, argument, result);
}

static const struct file_ops tty_ops = {
    .open = tty_open,
    .release = tty_release,
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .control = control,
};

/* ---- start-up ---- */

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
    for (size_t i = 0; i < CONSOLE_COUNT; i++)
        wait_queue_init(&terminals[i].wait);
    terminals[CONSOLE_SERIAL].number = device_number(TTY_MAJOR, SERIAL_MINOR);
    terminals[CONSOLE_SCREEN].number = device_number(TTY_MAJOR, 1);
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

void tty_wake(struct tty *tty)
{
    if (list_empty(&tty->wait.waiters))
        return;
    tty->input.woken = true;
    wait_queue_wake(&tty->wait);
}

static bool opened(const struct tty *tty)
{
    return tty->input.data && tty->output.memory;
}

/* Before the first open, what is typed waits in the console. */
void tty_handle_input(void)
{
    for (size_t i = 0; i < CONSOLE_COUNT; i++)
        if (opened(&terminals[i]))
            line_discipline_take(&terminals[i]);
}

/* Room for output is room for echo, which input may have been waiting for. */
void tty_handle_output(void)
{
    for (size_t i = 0; i < CONSOLE_COUNT; i++) {
        if (!opened(&terminals[i]))
            continue;
        tty_output_push(&terminals[i]);
        if (terminals[i].input.left_in_console)
            line_discipline_take(&terminals[i]);
    }
}

/* ---- for /proc ---- */

unsigned long tty_number(const struct tty *tty)
{
    return tty ? tty->number : 0;
}

int tty_foreground(const struct tty *tty)
{
    return tty && tty->foreground != 0 ? tty->foreground : -1;
}
