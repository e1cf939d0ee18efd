/* Pseudo-terminals: a terminal whose other end is a program.
 *
 * Opening /dev/ptmx makes one and gives the master's side.  What is written there has been typed as
 * far as the terminal is concerned; what the terminal shows can be read there.  The terminal is a
 * struct tty like the consoles, and this its driver: a queue each way.  It lasts until the master
 * and every file of the terminal are closed.  pty(7), ioctl_tty(2). */
#include <tty/pty.h>

#include "line_discipline.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/major.h>
#include <linux/poll.h>

#include <fs/device_table.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/bits.h>
#include <lib/format.h>
#include <param.h>
#include <platform/heap.h>
#include <process/process.h>
#include <process/wall_clock.h>

#define MULTIPLEXER_MINOR 2 /* of TTYAUX_MAJOR */
#define PEER_NAME_SIZE    20

struct pty {
    struct tty tty;       /* what the others use */
    struct tty_node node; /* behind its device number */
    struct pty_information about;
    bool master_open;
    bool locked;            /* until TIOCSPTLCK: the terminal cannot be opened */
    bool left;              /* the terminal's last file was closed, none opened since */
    struct tty_file master; /* by which the master gives a terminal's commands */
    struct wait_queue wait; /* of the master */
    struct ring_buffer typed, displayed;
    uint8_t *queues; /* memory of both, PTY_QUEUE_SIZE each */
    bool packet;     /* TIOCPKT: reads tell of events */
    uint8_t events;  /* TIOCPKT_*, not read yet */
};

static struct pty *ptys[PTY_LIMIT];

static struct pty *pty_of(struct tty *tty)
{
    return container_of(tty, struct pty, tty);
}

/* ---- memory ---- */

static int allocate(struct pty *pty)
{
    pty->queues = kmalloc(2 * PTY_QUEUE_SIZE);
    if (!pty->queues)
        return -ENOMEM;
    ring_buffer_init(&pty->typed, pty->queues, PTY_QUEUE_SIZE);
    ring_buffer_init(&pty->displayed, pty->queues + PTY_QUEUE_SIZE, PTY_QUEUE_SIZE);
    return tty_allocate(&pty->tty);
}

static void pty_free(struct pty *pty)
{
    tty_free_memory(&pty->tty);
    kfree(pty->queues);
    kfree(pty);
}

/* ---- the terminal's driver ---- */

static size_t show(struct tty *tty, const void *data, size_t size)
{
    struct pty *pty = pty_of(tty);
    size_t taken = ring_buffer_put(&pty->displayed, data, size);

    wait_queue_wake(&pty->wait);
    return taken;
}

static size_t take_typed(struct tty *tty, void *data, size_t size)
{
    struct pty *pty = pty_of(tty);
    size_t given = ring_buffer_get(&pty->typed, data, size);

    if (given > 0)
        wait_queue_wake(&pty->wait);
    return given;
}

static int open_terminal(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    if (pty->locked || !pty->master_open)
        return -EIO;
    pty->left = false;
    return 0;
}

static void free_if_unused(struct pty *pty)
{
    if (pty->master_open || pty->tty.opens > 0)
        return;
    ptys[pty->about.index] = NULL;
    pty_free(pty);
}

static void close_terminal(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    pty->left = true;
    wait_queue_wake(&pty->wait);
    free_if_unused(pty);
}

/* What is over by the time the master reads is not told. */
static void tell(struct tty *tty, unsigned events)
{
    struct pty *pty = pty_of(tty);

    if (!pty->packet)
        return;
    if (events & (TIOCPKT_STOP | TIOCPKT_START))
        pty->events &= (uint8_t) ~(TIOCPKT_STOP | TIOCPKT_START);
    if (events & (TIOCPKT_DOSTOP | TIOCPKT_NOSTOP))
        pty->events &= (uint8_t) ~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
    pty->events |= (uint8_t)events;
    wait_queue_wake(&pty->wait);
}

static int terminal_control(struct tty *tty, unsigned command, uint64_t value,
                            struct user_buffer *argument)
{
    (void)tty, (void)value, (void)argument;
    return command == TIOCGPTPEER ? -EIO : -ENOTTY; /* that is the master's */
}

static const struct tty_driver pty_driver = {
    .input_size = PTY_QUEUE_SIZE,
    .backlog_size = PTY_QUEUE_SIZE,
    .initial = TTY_SETTINGS(B38400 | CS8 | CREAD, 38400),
    .fixed = CSIZE | CREAD | PARENB,
    .resets = true,
    .write = show,
    .read = take_typed,
    .open = open_terminal,
    .close = close_terminal,
    .tell = tell,
    .control = terminal_control,
};

/* ---- making one ---- */

static int free_index(unsigned *out)
{
    for (unsigned i = 0; i < PTY_LIMIT; i++) {
        if (!ptys[i]) {
            *out = i;
            return 0;
        }
    }
    return -ENOSPC;
}

static void describe(struct pty *pty, unsigned index)
{
    static uint64_t last_serial;
    const struct credentials *owner = current_process()->credentials;

    pty->about = (struct pty_information){
        .index = index,
        .serial = ++last_serial,
        .device = device_number(UNIX98_PTY_SLAVE_MAJOR + index / 256, index % 256),
        .uid = owner->fsuid,
        .gid = owner->fsgid,
        .made = wall_clock_timestamp(),
    };
}

static void set_up(struct pty *pty)
{
    pty->tty.driver = &pty_driver;
    tty_prepare(&pty->tty, pty->about.device);
    pty->node.tty = &pty->tty;
    pty->master_open = pty->locked = true;
    pty->master = (struct tty_file){ .tty = &pty->tty, .immune = true, .readable = true };
    wait_queue_init(&pty->wait);
}

static int pty_create(unsigned index, struct pty **out)
{
    struct pty *pty = kzalloc(sizeof(*pty));

    if (!pty)
        return -ENOMEM;
    describe(pty, index);
    set_up(pty);
    int error = allocate(pty);
    if (!error)
        error = device_register(pty->about.device, NULL, 0, &tty_ops, (node_handle)&pty->node);
    if (error) {
        pty_free(pty);
        return error;
    }
    ptys[index] = pty;
    *out = pty;
    return 0;
}

/* ---- the master's file ---- */

static struct pty *of(file_handle handle)
{
    return (struct pty *)handle;
}

static int master_open(node_handle node, unsigned flags, file_handle *out)
{
    struct pty *pty;
    unsigned index;
    int error = free_index(&index);

    (void)node;
    (void)flags;
    if (!error)
        error = pty_create(index, &pty);
    if (!error)
        *out = (file_handle)pty;
    return error;
}

/* To the terminal's users it is as if a modem had lost the line. */
static int master_release(file_handle handle)
{
    struct pty *pty = of(handle);

    pty->master_open = pty->packet = false;
    pty->tty.lost = true;
    device_unregister(pty->about.device);
    tty_hang_up(&pty->tty);
    free_if_unused(pty);
    return 0;
}

/* TIOCPKT: a read brings either one byte of events or a zero and text. */
static int read_packet(struct pty *pty, struct user_buffer *to)
{
    uint8_t head = pty->events;

    if (user_buffer_put(to, &head, 1) == 0)
        return -EFAULT;
    pty->events = 0;
    return 0;
}

/* Moves what the terminal shows to the reader, a piece at a time. */
static int read_displayed(struct pty *pty, struct user_buffer *to)
{
    uint8_t piece[TTY_PIECE];
    size_t size, given;

    do {
        size = ring_buffer_peek(&pty->displayed, piece, min(user_buffer_left(to), sizeof(piece)));
        given = user_buffer_put(to, piece, size);
        ring_buffer_skip(&pty->displayed, given);
    } while (size > 0 && given == size);
    return given < size && to->done == 0 ? -EFAULT : 0;
}

static int master_read(file_handle handle, struct user_buffer *to, uint64_t position,
                       struct wait_queue **wait)
{
    struct pty *pty = of(handle);
    bool text = ring_buffer_used(&pty->displayed) > 0;
    int error = 0;

    (void)position;
    *wait = &pty->wait;
    if (pty->packet && (pty->events || text)) {
        bool events_only = pty->events;

        error = read_packet(pty, to);
        if (error || events_only)
            return error;
    } else if (!text) {
        return pty->left ? -EIO : -EAGAIN;
    }
    error = read_displayed(pty, to);
    tty_output_push(&pty->tty);
    if (pty->tty.input.left_in_driver) /* for want of room for its echo */
        line_discipline_take(&pty->tty);
    return error;
}

static int master_write(file_handle handle, struct user_buffer *from, uint64_t position,
                        struct wait_queue **wait)
{
    struct pty *pty = of(handle);
    uint8_t piece[TTY_PIECE];
    size_t start = from->done, room;

    (void)position;
    while (user_buffer_left(from) > 0 && (room = ring_buffer_room(&pty->typed)) > 0) {
        size_t wanted = min(min(user_buffer_left(from), room), sizeof(piece));
        size_t taken = user_buffer_take(from, piece, wanted);

        ring_buffer_put(&pty->typed, piece, taken);
        line_discipline_take(&pty->tty);
        if (taken < wanted)
            return from->done > start ? 0 : -EFAULT;
    }
    if (from->done > start)
        return 0;
    *wait = &pty->wait;
    return -EAGAIN;
}

static int master_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    struct pty *pty = of(handle);
    bool events = pty->packet && pty->events;
    uint32_t now = 0;

    if (events)
        now |= POLLPRI;
    if (events || ring_buffer_used(&pty->displayed) > 0)
        now |= POLLIN | POLLRDNORM;
    if (ring_buffer_room(&pty->typed) > 0)
        now |= POLLOUT | POLLWRNORM;
    if (pty->left)
        now |= POLLHUP;
    *ready = now;
    *wait = &pty->wait;
    return 0;
}

/* ---- the master's commands ---- */

static int put_number(struct user_buffer *argument, int number)
{
    return user_buffer_put(argument, &number, sizeof(number)) == sizeof(number) ? 0 : -EFAULT;
}

static int take_flag(struct user_buffer *argument, bool *flag)
{
    int number;

    if (user_buffer_take(argument, &number, sizeof(number)) != sizeof(number))
        return -EFAULT;
    *flag = number != 0;
    return 0;
}

static int set_packet_mode(struct pty *pty, struct user_buffer *argument)
{
    bool before = pty->packet;
    int error = take_flag(argument, &pty->packet);

    if (!error && !before)
        pty->events = 0;
    return error;
}

static int send_signal(struct pty *pty, uint64_t signal)
{
    if (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP)
        return -EINVAL;
    if (pty->tty.foreground != 0)
        signal_send_group(pty->tty.foreground, (int)signal, NULL);
    return 0;
}

/* Seen from the master, input is what the terminal shows, and output what is typed there. */
static int flush(struct pty *pty, uint64_t which)
{
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH)
        ring_buffer_skip(&pty->displayed, PTY_QUEUE_SIZE);
    if (which != TCIFLUSH)
        ring_buffer_skip(&pty->typed, PTY_QUEUE_SIZE);
    tty_output_push(&pty->tty);
    wait_queue_wake(&pty->wait);
    return 0;
}

/* TIOCGPTPEER: a file of the terminal, whoever may have changed its permissions. */
static int open_peer(const struct pty *pty, unsigned flags, int *result)
{
    char name[PEER_NAME_SIZE];
    struct path path;
    struct file *file;

    format(name, sizeof(name), "/dev/pts/%u", pty->about.index);
    int error = path_lookup(AT_FDCWD, name, 0, &path);

    if (error)
        return error;
    if (path_inode(&path)->attributes.device == pty->about.device)
        error = file_open(&path, flags | O_LARGEFILE, &file);
    else
        error = -ENODEV;
    path_put(&path);
    if (error)
        return error;
    *result = fd_install(file, 0, (flags & O_CLOEXEC) != 0);
    if (*result < 0)
        file_put(file);
    return min(*result, 0);
}

/* What is not the master's own is done to the terminal, which is not the caller's: its session
 * and foreground group may be asked by anybody who has the master. */
static int master_control(file_handle handle, unsigned command, uint64_t value,
                          struct user_buffer *argument, int *result)
{
    struct pty *pty = of(handle);

    switch (command) {
    case TIOCGPTN:
        return put_number(argument, (int)pty->about.index);
    case TIOCSPTLCK:
        return take_flag(argument, &pty->locked);
    case TIOCGPTLCK:
        return put_number(argument, pty->locked);
    case TIOCPKT:
        return set_packet_mode(pty, argument);
    case TIOCGPKT:
        return put_number(argument, pty->packet);
    case TIOCGPTPEER:
        return open_peer(pty, (unsigned)value, result);
    case TIOCSIG:
        return send_signal(pty, value);
    case FIONREAD:
        return put_number(argument, (int)ring_buffer_used(&pty->displayed));
    case TIOCOUTQ:
        return put_number(argument, 0);
    case TCFLSH:
        return flush(pty, value);
    case TIOCGPGRP:
        return put_number(argument, pty->tty.foreground);
    case TIOCGSID:
        return pty->tty.session == 0 ? -ENOTTY : put_number(argument, pty->tty.session);
    case TIOCEXCL: /* every master is its opener's alone */
    case TIOCNXCL:
        return 0;
    case TIOCSTI:
    case TCXONC:
        return -ENOTTY;
    }
    return tty_control(&pty->master, command, value, argument, result);
}

static const struct file_ops master_ops = {
    .open = master_open,
    .release = master_release,
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .control = master_control,
};

/* ---- for devpts ---- */

bool pty_next(unsigned index, struct pty_information *out)
{
    for (; index < PTY_LIMIT; index++) {
        if (ptys[index] && ptys[index]->master_open) {
            *out = ptys[index]->about;
            return true;
        }
    }
    return false;
}

uint64_t pty_multiplexer(void)
{
    return device_number(TTYAUX_MAJOR, MULTIPLEXER_MINOR);
}

int pty_init(void)
{
    return device_register(pty_multiplexer(), "ptmx", 0666, &master_ops, NULL);
}
