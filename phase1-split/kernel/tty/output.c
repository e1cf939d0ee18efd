/* Output processing: from what programs write to what the driver shows.
 *
 * Processing can make one byte into eight (a tab), so what is processed must be kept somewhere when
 * the driver takes only a part: the backlog.  Programs may write while the backlog is empty; echo
 * is added behind it at any time, so that what was typed appears even if the driver was full. */
#include "line_discipline.h"

#include <asm/ioctls.h>
#include <linux/errno.h>

#include <lib/bits.h>
#include <param.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>

#define TAB_WIDTH       8
#define EXPANSION_LIMIT TAB_WIDTH /* bytes that one byte may become */

int tty_output_allocate(struct tty *tty)
{
    struct tty_output *output = &tty->output;

    if (output->memory)
        return 0;
    output->memory = kmalloc(tty->driver->backlog_size);
    if (!output->memory)
        return -ENOMEM;
    ring_buffer_init(&output->backlog, output->memory, tty->driver->backlog_size);
    return 0;
}

void tty_output_free(struct tty *tty)
{
    kfree(tty->output.memory);
}

bool tty_output_stopped(const struct tty *tty)
{
    return tty->output.stopped_by_key || tty->output.stopped_by_call;
}

bool tty_output_ready(const struct tty *tty)
{
    return !tty_output_stopped(tty) && ring_buffer_used(&tty->output.backlog) == 0;
}

void tty_output_flush(struct tty *tty)
{
    ring_buffer_skip(&tty->output.backlog, tty->output.backlog.size);
    tty_tell(tty, TIOCPKT_FLUSHWRITE);
}

/* ---- processing ---- */

unsigned tty_column_after(const struct tty *tty, unsigned column, uint8_t byte)
{
    if (byte == '\r')
        return 0;
    if (byte == '\b')
        return column > 0 ? column - 1 : 0;
    if (byte == '\t')
        return (column / TAB_WIDTH + 1) * TAB_WIDTH;
    return column + !(tty_is_control(byte) || tty_continues_character(tty, byte));
}

static size_t process_newline(struct tty *tty, char *out)
{
    size_t length = 0;

    if (tty_output_flag(tty, ONLCR))
        out[length++] = '\r';
    if (tty_output_flag(tty, ONLCR | ONLRET))
        tty->output.column = 0;
    out[length++] = '\n';
    return length;
}

static size_t process_return(struct tty *tty, char *out)
{
    if (tty_output_flag(tty, ONOCR) && tty->output.column == 0)
        return 0;
    out[0] = tty_output_flag(tty, OCRNL) ? '\n' : '\r';
    if (out[0] == '\r' || tty_output_flag(tty, ONLRET))
        tty->output.column = 0;
    return 1;
}

static size_t process_tab(struct tty *tty, char *out)
{
    unsigned before = tty->output.column;

    tty->output.column = tty_column_after(tty, before, '\t');
    if ((tty->settings.c_oflag & TABDLY) != XTABS) {
        out[0] = '\t';
        return 1;
    }
    memset(out, ' ', TAB_WIDTH);
    return tty->output.column - before;
}

/* One byte into at most EXPANSION_LIMIT at `out`; their number.  The cursor is followed, so that
 * tabs can be expanded and erased. */
static size_t process(struct tty *tty, uint8_t byte, char *out)
{
    if (byte == '\n')
        return process_newline(tty, out);
    if (byte == '\r')
        return process_return(tty, out);
    if (byte == '\t')
        return process_tab(tty, out);
    if (tty_output_flag(tty, OLCUC) && byte >= 'a' && byte <= 'z')
        byte -= 'a' - 'A';
    tty->output.column = tty_column_after(tty, tty->output.column, byte);
    out[0] = (char)byte;
    return 1;
}

/* ---- to the driver ---- */

/* What neither the driver nor the backlog has room for is lost: that takes a screenful of echo
 * while nothing is being shown. */
static void emit(struct tty *tty, const char *data, size_t size)
{
    size_t taken = 0;

    if (tty_output_ready(tty))
        taken = tty->driver->write(tty, data, size);
    if (taken < size)
        ring_buffer_put(&tty->output.backlog, data + taken, size - taken);
}

void tty_output_byte(struct tty *tty, uint8_t byte)
{
    char out[EXPANSION_LIMIT] = { (char)byte };
    size_t length = tty_output_flag(tty, OPOST) ? process(tty, byte, out) : 1;

    emit(tty, out, length);
}

void tty_output_urgent(struct tty *tty, uint8_t byte)
{
    if (tty->driver->write(tty, &byte, 1) == 0)
        ring_buffer_put(&tty->output.backlog, &byte, 1);
}

/* Takes one piece of a write(2).  0: no byte of the writer's memory could be reached. */
static size_t write_piece(struct tty *tty, struct user_buffer *from)
{
    uint8_t in[TTY_PIECE];
    char out[TTY_PIECE * EXPANSION_LIMIT];
    size_t taken = user_buffer_take(from, in, min(user_buffer_left(from), sizeof(in)));

    if (!tty_output_flag(tty, OPOST)) {
        emit(tty, (const char *)in, taken);
        return taken;
    }
    size_t length = 0;
    for (size_t i = 0; i < taken; i++)
        length += process(tty, in[i], out + length);
    emit(tty, out, length);
    return taken;
}

int tty_output_write(struct tty *tty, struct user_buffer *from)
{
    size_t before = from->done;

    if (!tty_output_ready(tty))
        return -EAGAIN;
    while (user_buffer_left(from) > 0 && tty_output_ready(tty))
        if (write_piece(tty, from) == 0)
            return from->done > before ? 0 : -EFAULT;
    return 0;
}

void tty_output_push(struct tty *tty)
{
    struct ring_buffer *backlog = &tty->output.backlog;
    char piece[TTY_PIECE];
    size_t size, taken = 0;

    if (tty_output_stopped(tty) || ring_buffer_used(backlog) == 0)
        return;
    do {
        size = ring_buffer_peek(backlog, piece, sizeof(piece));
        if (size > 0)
            taken = tty->driver->write(tty, piece, size);
        ring_buffer_skip(backlog, min(size, taken));
    } while (size > 0 && taken == size);
    if (size == 0)
        tty_wake(tty);
}

/* The console's line has no interrupt for its last bit, so that is waited for by the clock. */
int tty_output_drain(struct tty *tty)
{
    while (tty->driver->drained &&
           (ring_buffer_used(&tty->output.backlog) > 0 || !tty->driver->drained(tty))) {
        uint64_t deadline =
            tty_output_stopped(tty) ? WAIT_FOREVER : clock_monotonic() + TTY_DRAIN_INTERVAL;
        int error = wait_queue_sleep(&tty->wait, deadline);

        if (error && error != -ETIMEDOUT)
            return error;
    }
    return 0;
}

void tty_output_stop(struct tty *tty, bool by_call)
{
    bool stopped = tty_output_stopped(tty);

    *(by_call ? &tty->output.stopped_by_call : &tty->output.stopped_by_key) = true;
    if (!stopped)
        tty_tell(tty, TIOCPKT_STOP);
}

void tty_output_start(struct tty *tty, bool by_call)
{
    bool stopped = tty_output_stopped(tty);

    tty->output.stopped_by_key = false;
    if (by_call)
        tty->output.stopped_by_call = false;
    tty_output_push(tty);
    if (!stopped || tty_output_stopped(tty))
        return;
    tty_tell(tty, TIOCPKT_START);
    tty_wake(tty);
}
