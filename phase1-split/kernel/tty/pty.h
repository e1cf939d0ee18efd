/* Pseudo-terminals: pty(7).  A program that opens /dev/ptmx is at the other end of a line whose
 * terminal others use as they would a console.  devpts shows the terminals' names. */
#ifndef TTY_PTY_H
#define TTY_PTY_H

#include <tty/pty_information.h>

/* Registers /dev/ptmx.  0, -EEXIST, -ENOSPC. */
int pty_init(void);

#endif
