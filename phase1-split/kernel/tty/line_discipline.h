/* Private to tty/: what a terminal is made of, and what its files ask of each other.
 *
 * Input flows from the driver, a console (console.c) or a pseudo-terminal's master (pty.c), through
 * the line discipline (line_discipline.c), which edits, echoes and sends signals, into the input
 * queue (input.c), from which processes read.  Output flows through output processing (output.c)
 * to the driver.  session.c knows whose terminal it is, control.c changes settings, tty.c is what
 * the file layer sees. */
#ifndef TTY_LINE_DISCIPLINE_H
#define TTY_LINE_DISCIPLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/termios.h>

#include <fs/user_buffer.h>
#include <fs/vfs.h>
#include <lib/ring_buffer.h>
#include <process/scheduler.h>
#include <process/wait_queue.h>

struct process;
struct tty;

/* What the line discipline asks of the other end of the line, which shows and types. */
struct tty_driver {
    size_t input_size;   /* bytes kept for readers; a power of two */
    size_t backlog_size; /* bytes of processed output kept when write() takes no more; likewise */
    bool ends_with_session; /* the end of a session hangs up the line: whoever comes next shall find
                             * no stragglers of the last user on it */
    struct termios2 initial; /* settings at the beginning */
    tcflag_t fixed;          /* of c_cflag: bits that are as in `initial` for ever */
    bool resets;             /* hanging up the line brings the settings of the beginning back */

    /* Take up to `size` bytes to be shown, and give up to `size` that were typed: how many.  Never
     * sleep.  When there is room again, tty_output_push() is to be called; when something has been
     * typed, line_discipline_take(). */
    size_t (*write)(struct tty *tty, const void *data, size_t size);
    size_t (*read)(struct tty *tty, void *data, size_t size);

    /* The rest may be NULL.  A file of the terminal is opened (an errno: may not be); the last one
     * was closed. */
    int (*open)(struct tty *tty);
    void (*close)(struct tty *tty);

    /* How many bytes wait to be sent, and has the last one left?  NULL: for the driver they have
     * left when write() has taken them. */
    size_t (*queued)(struct tty *tty);
    bool (*drained)(struct tty *tty);

    /* For whoever is at the other end: the TIOCPKT_* events of ioctl_tty(2). */
    void (*tell)(struct tty *tty, unsigned events);

    /* ioctl(2) commands that only this kind of terminal has: -ENOTTY if it is none of them. */
    int (*control)(struct tty *tty, unsigned command, uint64_t value, struct user_buffer *argument);
};

/* Bytes waiting for a reader, in a ring.  The positions count bytes since boot: tail <= line <=
 * head <= tail + size.  A reader in canonical mode may have what lies before `line`; the rest is
 * the line being edited. */
struct tty_input {
    uint8_t *data;  /* `size` bytes; NULL until the terminal is first opened */
    uint64_t *ends; /* a bit for each byte of `data`: it ends a line */
    size_t size;    /* the driver's input_size */
    size_t tail, line, head;
    bool left_in_driver;  /* there was no room for what the driver has */
    bool literal;         /* VLNEXT came: the next byte means nothing special */
    bool erasing;         /* ECHOPRT: the opening backslash is out */
    unsigned line_column; /* where on the screen the line being edited begins */
    struct timer timer;   /* VTIME */
    bool expired;
};

struct tty_output {
    uint8_t *memory;            /* of the backlog; NULL until the terminal is first opened */
    struct ring_buffer backlog; /* processed bytes that the driver had no room for */
    unsigned column;
    bool stopped_by_key;  /* VSTOP, until VSTART */
    bool stopped_by_call; /* tcflow(TCOOFF), until TCOON */
};

struct tty {
    const struct tty_driver *driver;
    uint64_t number; /* device_number() */
    unsigned opens;  /* files of it that are open */
    bool exclusive;  /* TIOCEXCL: only root may open it again */
    bool lost;       /* nobody is at the other end any more, or ever will be */
    struct termios2 settings;
    struct winsize window;
    int32_t session;        /* whose controlling terminal it is; 0: nobody's */
    int32_t foreground;     /* process group; 0: none */
    unsigned hangups;       /* open files from before the last one are dead */
    struct wait_queue wait; /* readers, writers and pollers */
    struct tty_input input;
    struct tty_output output;
};

/* What a file_handle of a terminal is: one open(2). */
struct tty_file {
    struct tty *tty;
    bool immune; /* no job control on reads and writes, survives hang-ups: /dev/console */
    bool readable;
    unsigned hangups; /* tty->hangups at the time */
};

/* A device node: which terminal opening it gives. */
struct tty_node {
    struct tty *tty; /* NULL: the caller's controlling terminal */
    bool is_console;
    bool never_controls; /* opening it gives nobody a controlling terminal */
};

/* stty sane: what Linux starts a terminal with. */
#define TTY_CONTROL(letter) ((letter)&0x1f)
#define TTY_SETTINGS(control_flags, speed)                                                         \
    {                                                                                              \
        .c_iflag = ICRNL | IXON, .c_oflag = OPOST | ONLCR, .c_cflag = (control_flags),             \
        .c_ispeed = (speed), .c_ospeed = (speed),                                                  \
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,               \
        .c_cc = {                                                                                  \
            [VINTR] = TTY_CONTROL('C'),                                                            \
            [VQUIT] = TTY_CONTROL('\\'),                                                           \
            [VERASE] = 0x7f,                                                                       \
            [VKILL] = TTY_CONTROL('U'),                                                            \
            [VEOF] = TTY_CONTROL('D'),                                                             \
            [VMIN] = 1,                                                                            \
            [VSTART] = TTY_CONTROL('Q'),                                                           \
            [VSTOP] = TTY_CONTROL('S'),                                                            \
            [VSUSP] = TTY_CONTROL('Z'),                                                            \
            [VREPRINT] = TTY_CONTROL('R'),                                                         \
            [VDISCARD] = TTY_CONTROL('O'),                                                         \
            [VWERASE] = TTY_CONTROL('W'),                                                          \
            [VLNEXT] = TTY_CONTROL('V'),                                                           \
        },                                                                                         \
    }

static inline bool tty_input_flag(const struct tty *tty, tcflag_t flag)
{
    return tty->settings.c_iflag & flag;
}
static inline bool tty_output_flag(const struct tty *tty, tcflag_t flag)
{
    return tty->settings.c_oflag & flag;
}
static inline bool tty_local_flag(const struct tty *tty, tcflag_t flag)
{
    return tty->settings.c_lflag & flag;
}

/* A byte of a UTF-8 character after its first: it takes no column of its own. */
static inline bool tty_continues_character(const struct tty *tty, uint8_t byte)
{
    return tty_input_flag(tty, IUTF8) && (byte & 0xc0) == 0x80;
}

static inline bool tty_is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

/* ---- tty.c ---- */

/* The operations behind device nodes; their node_handle is a struct tty_node. */
extern const struct file_ops tty_ops;

/* A terminal with nothing in it, its driver in place.  Before anything else. */
void tty_prepare(struct tty *tty, uint64_t number);

/* Memory for its queues: 0 or -ENOMEM; nothing if it has it. */
int tty_allocate(struct tty *tty);
void tty_free_memory(struct tty *tty);

/* True once it has been opened: before that, input stays with the driver. */
bool tty_in_use(const struct tty *tty);

/* Wakes whoever waits for the terminal. */
void tty_wake(struct tty *tty);

/* Hands events to the driver's tell(), if it wants to know. */
void tty_tell(struct tty *tty, unsigned events);

/* ---- input.c: the queue of bytes for readers ---- */

int tty_input_allocate(struct tty *tty); /* 0 or -ENOMEM; nothing if it has been done */
void tty_input_free(struct tty *tty);
size_t tty_input_room(const struct tty *tty);
uint8_t tty_input_at(const struct tty *tty, size_t position);

/* One more byte; there is room.  The second makes it the last of a line, which readers may have
 * then; for the end of file the byte is TTY_END_OF_FILE. */
void tty_input_append(struct tty *tty, uint8_t byte);
void tty_input_append_end(struct tty *tty, uint8_t byte);
#define TTY_END_OF_FILE 0 /* marked as the end of a line, and never given to a reader */

/* Would a read return at once? */
bool tty_input_ready(const struct tty *tty);

/* Bytes for FIONREAD. */
size_t tty_input_count(const struct tty *tty);

/* read(2) in the mode that is set.  0, -EAGAIN, -EFAULT, -ENOMEM. */
int tty_input_read(struct tty *tty, struct user_buffer *to);

/* Drops everything that waits, the line being edited included. */
void tty_input_flush(struct tty *tty);

/* ICANON was switched: what waits stays readable. */
void tty_input_switch_mode(struct tty *tty);

/* ---- line_discipline.c ---- */

/* Takes what the driver has, as far as there is room for it and for its echo. */
void line_discipline_take(struct tty *tty);

/* One byte, as if it had been typed. */
void line_discipline_receive(struct tty *tty, uint8_t byte);

/* ---- output.c ---- */

int tty_output_allocate(struct tty *tty); /* 0 or -ENOMEM; nothing if it has been done */
void tty_output_free(struct tty *tty);

/* write(2): takes at least one byte, or answers -EAGAIN or -EFAULT. */
int tty_output_write(struct tty *tty, struct user_buffer *from);

/* One byte through output processing, without waiting: into the backlog if it must be. */
void tty_output_byte(struct tty *tty, uint8_t byte);

/* One byte past output processing and past everything that waits (tcflow(TCIOFF)). */
void tty_output_urgent(struct tty *tty, uint8_t byte);

/* Where the cursor stands after `byte` was shown in `column`. */
unsigned tty_column_after(const struct tty *tty, unsigned column, uint8_t byte);

/* Stops for VSTOP, or (`by_call`) for tcflow(). */
void tty_output_stop(struct tty *tty, bool by_call);
bool tty_output_stopped(const struct tty *tty);
bool tty_output_ready(const struct tty *tty); /* a write would take something */
void tty_output_flush(struct tty *tty);       /* drops the backlog */

/* Hands the backlog to the driver, as far as it has room, and wakes writers when it is gone. */
void tty_output_push(struct tty *tty);

/* Sleeps until everything written has left: 0 or -ERESTARTSYS. */
int tty_output_drain(struct tty *tty);

/* Goes on after VSTOP; after tcflow() only `by_call`. */
void tty_output_start(struct tty *tty, bool by_call);

/* ---- session.c ---- */

/* May the running process read (SIGTTIN), or write or change settings (SIGTTOU)?  0; else the group
 * has been sent the signal (-ERESTARTSYS), or cannot be stopped (-EIO). */
int tty_check_foreground(struct tty *tty, int signal);

/* open(2) without O_NOCTTY: the terminal becomes the caller's if it is to have one. */
void tty_acquire_on_open(struct tty *tty);

/* The ioctls of that name, and setting the foreground group. */
int tty_acquire(struct tty_file *file, uint64_t steal);      /* TIOCSCTTY */
int tty_give_up(struct tty *tty);                            /* TIOCNOTTY */
int tty_get_session(const struct tty *tty, int32_t *out);    /* TIOCGSID */
int tty_get_foreground(const struct tty *tty, int32_t *out); /* TIOCGPGRP */
int tty_set_foreground(struct tty *tty, int32_t group);      /* TIOCSPGRP */

/* The line is gone: the session loses its terminal (SIGHUP and SIGCONT to its leader), and every
 * file opened until now is dead. */
void tty_hang_up(struct tty *tty);
bool tty_hung_up(const struct tty_file *file);

/* ---- settings.c ---- */

/* The commands that ask for settings or change them; -ENOTTY if it is none of them.  May sleep. */
int tty_settings_control(struct tty *tty, unsigned command, struct user_buffer *argument);

void tty_settings_reset(struct tty *tty); /* to those of the beginning */

/* ---- control.c ---- */

/* Drops what has been typed but not read, also where the line discipline has not seen it yet. */
void tty_flush_typed(struct tty *tty);

/* ioctl(2) on a terminal, as control() of struct file_ops. */
int tty_control(struct tty_file *file, unsigned command, uint64_t value,
                struct user_buffer *argument, int *result);

#endif
