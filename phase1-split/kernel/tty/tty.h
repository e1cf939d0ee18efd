/* Terminals: the line discipline between a console and the processes on it.  termios(3),
 * POSIX.1-2017 chapter 11. */
#ifndef TTY_TTY_H
#define TTY_TTY_H

struct process;
struct tty;

/* Makes the terminals of the consoles and registers /dev/console, /dev/tty, /dev/ttyS0, /dev/tty0,
 * /dev/tty1.  `console` names what /dev/console is: "ttyS0", "tty0" or "tty1"; what follows a
 * comma (a speed) means nothing.  0, -EINVAL for another name, -EEXIST, -ENOSPC. */
int tty_init(const char *console);

/* Deferred work: takes what the consoles have brought, edits lines, sends signals, wakes. */
void tty_handle_input(void);

/* Deferred work: a console has room for output again. */
void tty_handle_output(void);

/* A session leader exits: its terminal is nobody's any more; the foreground group gets SIGHUP. */
void tty_leave_session(struct process *leader);

/* vhangup(2): hangs up the running process's controlling terminal, if it has one. */
void tty_hang_up_own(void);

/* For /proc/self/stat: the device number, and the foreground process group or -1. */
unsigned long tty_number(const struct tty *tty);
int tty_foreground(const struct tty *tty);

#endif
