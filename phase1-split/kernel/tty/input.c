/* The input queue: what has been typed and not yet read.
 *
 * In canonical mode readers get lines, in raw mode bytes; the queue is the same, so that switching
 * between the two loses nothing.  Which bytes end a line is kept in a bit map, because a newline
 * typed after VLNEXT does not, and an end of file that does is no byte to be read. */
#include "line_discipline.h"

#include <asm/ioctls.h>
#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>

#define TENTH_OF_SECOND (NANOSECONDS_PER_SECOND / 10) /* the unit of VTIME */

/* ---- the ring ---- */

static void read_timer_expired(struct timer *timer)
{
    struct tty *tty = container_of(timer, struct tty, input.timer);

    /* Nobody waits any more: the reader went away with a signal. */
    if (list_empty(&tty->wait.waiters))
        return;
    tty->input.expired = true;
    tty_wake(tty);
}

int tty_input_allocate(struct tty *tty)
{
    struct tty_input *input = &tty->input;

    if (input->data)
        return 0;
    size_t size = tty->driver->input_size;
    uint64_t *ends = kzalloc(size / 8);
    uint8_t *data = kmalloc(size);
    if (!ends || !data) {
        kfree(ends);
        kfree(data);
        return -ENOMEM;
    }
    input->ends = ends;
    input->data = data;
    input->size = size;
    input->timer.expired = read_timer_expired;
    return 0;
}

void tty_input_free(struct tty *tty)
{
    timer_cancel(&tty->input.timer);
    kfree(tty->input.ends);
    kfree(tty->input.data);
}

/* Where in the ring a position lies. */
static size_t place(const struct tty_input *input, size_t position)
{
    return position & (input->size - 1);
}

static size_t waiting(const struct tty_input *input)
{
    return input->head - input->tail;
}

size_t tty_input_room(const struct tty *tty)
{
    return tty->input.size - waiting(&tty->input);
}

uint8_t tty_input_at(const struct tty *tty, size_t position)
{
    return tty->input.data[place(&tty->input, position)];
}

static uint64_t *end_word(const struct tty_input *input, size_t position)
{
    return &input->ends[place(input, position) / 64];
}

static bool is_end(const struct tty_input *input, size_t position)
{
    return *end_word(input, position) >> (position % 64) & 1;
}

static void mark_end(struct tty_input *input, size_t position)
{
    *end_word(input, position) |= 1ull << (position % 64);
}

static void clear_end(struct tty_input *input, size_t position)
{
    *end_word(input, position) &= ~(1ull << (position % 64));
}

static bool is_end_of_file(const struct tty *tty, size_t position)
{
    return is_end(&tty->input, position) && tty_input_at(tty, position) == TTY_END_OF_FILE;
}

void tty_input_append(struct tty *tty, uint8_t byte)
{
    struct tty_input *input = &tty->input;

    input->data[place(input, input->head++)] = byte;
}

void tty_input_append_end(struct tty *tty, uint8_t byte)
{
    mark_end(&tty->input, tty->input.head);
    tty_input_append(tty, byte);
    tty->input.line = tty->input.head;
}

void tty_input_flush(struct tty *tty)
{
    struct tty_input *input = &tty->input;

    if (input->ends)
        memset(input->ends, 0, input->size / 8);
    input->tail = input->line = input->head;
    input->literal = input->erasing = false;
    tty_tell(tty, TIOCPKT_FLUSHREAD);
}

/* To canonical: what is there is one line, whatever it ends in, so it need not wait for a newline.
 * To raw: marks mean nothing any more, and an end of file is read as the NUL it is stored as. */
void tty_input_switch_mode(struct tty *tty)
{
    struct tty_input *input = &tty->input;

    if (input->ends)
        memset(input->ends, 0, input->size / 8);
    input->line = input->tail;
    if (tty_local_flag(tty, ICANON) && waiting(input) > 0) {
        mark_end(input, input->head - 1);
        input->line = input->head;
    }
    input->literal = input->erasing = false;
}

size_t tty_input_count(const struct tty *tty)
{
    const struct tty_input *input = &tty->input;

    if (!tty_local_flag(tty, ICANON))
        return waiting(input);
    size_t count = 0;
    for (size_t position = input->tail; position != input->line; position++)
        count += !is_end_of_file(tty, position);
    return count;
}

/* ---- reading ---- */

/* Moves `size` bytes from the tail on to the reader; fewer if its memory cannot be reached. */
static size_t give(struct tty *tty, struct user_buffer *to, size_t size)
{
    struct tty_input *input = &tty->input;
    size_t start = place(input, input->tail);
    size_t first = min(size, input->size - start);
    size_t given = user_buffer_put(to, input->data + start, first);

    if (given == first && size > first)
        given += user_buffer_put(to, input->data, size - first);
    input->tail += given;
    return given;
}

/* One line, or as much of it as the reader has asked for.  An end of file directly behind what
 * fills the reader's buffer belongs to that line: it must not look like an empty line later. */
static int read_line(struct tty *tty, struct user_buffer *to)
{
    struct tty_input *input = &tty->input;
    size_t limit = min(user_buffer_left(to), input->line - input->tail);
    size_t length = 0;

    if (limit == 0)
        return -EAGAIN;
    while (length < limit && !is_end(input, input->tail + length))
        length++;
    size_t end = input->tail + length;
    bool ended = end != input->line && is_end(input, end);
    bool end_of_file = ended && is_end_of_file(tty, end);
    size_t wanted = length + (length < limit && !end_of_file);
    size_t given = give(tty, to, wanted);
    if (given < wanted)
        return given > 0 ? 0 : -EFAULT;
    if (end_of_file)
        input->tail++;
    if (input->tail > end)
        clear_end(input, end);
    return 0;
}

/* A wait limited by VTIME: from its beginning, or, with VMIN, from each byte on. */
static int start_timer(struct tty *tty, bool again)
{
    struct tty_input *input = &tty->input;

    if (input->timer.place != 0 && !again)
        return 0;
    return timer_start(&input->timer,
                       clock_monotonic() + tty->settings.c_cc[VTIME] * TENTH_OF_SECOND);
}

static void stop_timer(struct tty_input *input)
{
    timer_cancel(&input->timer);
    input->expired = false;
}

/* The four cases of POSIX.1-2017 volume 1, 11.1.7.  The reader gets what there is at once, so that
 * it has that much when a signal, or O_NONBLOCK, ends its wait for the rest. */
static int read_raw(struct tty *tty, struct user_buffer *to)
{
    struct tty_input *input = &tty->input;
    size_t minimum = tty->settings.c_cc[VMIN];
    bool timed = tty->settings.c_cc[VTIME] != 0;
    size_t available = min(waiting(input), user_buffer_left(to));
    size_t given = give(tty, to, available);
    size_t enough = minimum > 0 ? min(minimum, to->length) : timed;

    if (given < available) {
        stop_timer(input);
        return to->done > 0 ? 0 : -EFAULT;
    }
    if (to->done < enough && !input->expired) {
        int error = timed && (minimum == 0 || to->done > 0) ? start_timer(tty, given > 0) : 0;
        return error ? error : -EAGAIN;
    }
    stop_timer(input);
    return 0;
}

int tty_input_read(struct tty *tty, struct user_buffer *to)
{
    if (!to->waited)
        stop_timer(&tty->input);
    return tty_local_flag(tty, ICANON) ? read_line(tty, to) : read_raw(tty, to);
}

bool tty_input_ready(const struct tty *tty)
{
    const struct tty_input *input = &tty->input;
    const cc_t *characters = tty->settings.c_cc;

    if (tty_local_flag(tty, ICANON))
        return input->line != input->tail;
    size_t minimum = characters[VTIME] == 0 ? characters[VMIN] : 0;
    return waiting(input) >= max(minimum, (size_t)1);
}
