/* Terminals as files.  The files hold no state of their own beyond which open they came from: the
 * terminal does. */
#include <tty/tty.h>

#include "line_discipline.h"

#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include <platform/heap.h>
#include <process/process.h>

/* ---- memory ---- */

void tty_prepare(struct tty *tty, uint64_t number)
{
    tty->number = number;
    tty->settings = tty->driver->initial;
    wait_queue_init(&tty->wait);
}

int tty_allocate(struct tty *tty)
{
    int error = tty_input_allocate(tty);

    return error ? error : tty_output_allocate(tty);
}

void tty_free_memory(struct tty *tty)
{
    tty_input_free(tty);
    tty_output_free(tty);
}

bool tty_in_use(const struct tty *tty)
{
    return tty->input.data && tty->output.memory;
}

/* ---- the trait ---- */

static struct tty_file *of(file_handle handle)
{
    return (struct tty_file *)handle;
}

/* May it be opened, and is everything there for it? */
static int prepare_open(struct tty *tty)
{
    if (tty->exclusive && !process_privileged())
        return -EBUSY;
    int error = tty_allocate(tty);

    return error == 0 && tty->driver->open ? tty->driver->open(tty) : error;
}

static int tty_open(node_handle handle, unsigned flags, file_handle *out)
{
    const struct tty_node *node = (const struct tty_node *)handle;
    struct tty *tty = node->tty ? node->tty : current_process()->terminal;

    if (!tty)
        return -ENXIO;
    struct tty_file *file = kmalloc(sizeof(*file));
    int error = file ? prepare_open(tty) : -ENOMEM;
    if (error) {
        kfree(file);
        return error;
    }
    *file = (struct tty_file){
        .tty = tty,
        .immune = node->is_console,
        .readable = (flags & O_ACCMODE) != O_WRONLY,
        .hangups = tty->hangups,
    };
    tty->opens++;
    if (!node->never_controls && !(flags & O_NOCTTY) && file->readable)
        tty_acquire_on_open(tty);
    line_discipline_take(tty); /* what came before anybody listened */
    *out = (file_handle)file;
    return 0;
}

static int tty_release(file_handle handle)
{
    struct tty *tty = of(handle)->tty;

    kfree(of(handle));
    if (--tty->opens > 0)
        return 0;
    tty->exclusive = false;
    if (tty->driver->close)
        tty->driver->close(tty);
    return 0;
}

static int tty_read(file_handle handle, struct user_buffer *to, uint64_t position,
                    struct wait_queue **wait)
{
    struct tty_file *file = of(handle);
    struct tty *tty = file->tty;

    (void)position;
    if (tty_hung_up(file))
        return tty->lost && to->waited ? -EIO : 0; /* whoever was waiting hears why */
    int error = file->immune ? 0 : tty_check_foreground(tty, SIGTTIN);
    if (error)
        return error;
    error = tty_input_read(tty, to);
    if (error == -EAGAIN)
        *wait = &tty->wait;
    else if (tty->input.left_in_driver)
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
    if (!file->immune && tty_local_flag(tty, TOSTOP))
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

const struct file_ops tty_ops = {
    .open = tty_open,
    .release = tty_release,
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .control = control,
};

/* ---- for the other files ---- */

void tty_wake(struct tty *tty)
{
    wait_queue_wake(&tty->wait);
}

void tty_tell(struct tty *tty, unsigned events)
{
    if (tty->driver->tell)
        tty->driver->tell(tty, events);
}

unsigned long tty_number(const struct tty *tty)
{
    return tty ? tty->number : 0;
}

int tty_foreground(const struct tty *tty)
{
    return tty && tty->foreground != 0 ? tty->foreground : -1;
}
