/* The consoles: byte streams without line discipline (that is the tty's, in Ring 1).
 *
 * CONSOLE_SERIAL is COM1, a 16550 with interrupts both ways and 128 KiB of input buffer.
 * CONSOLE_SCREEN is VGA text, 80 by 25, with the escape sequences of a plain VT100 that shells
 * and editors use, and the PS/2 keyboard as its input. */
#ifndef PLATFORM_CONSOLE_H
#define PLATFORM_CONSOLE_H

#include <stddef.h>

enum console { CONSOLE_SERIAL, CONSOLE_SCREEN, CONSOLE_COUNT };

/* Queues up to `size` bytes for output; returns how many were taken, 0 when the buffer is full
 * (EVENT_CONSOLE_OUTPUT tells when there is room).  Never sleeps. */
size_t console_write(enum console console, const void *data, size_t size);

/* Takes up to `size` bytes of input; 0 when there is none.  Never sleeps. */
size_t console_read(enum console console, void *data, size_t size);

/* Bytes written that wait for the device. */
size_t console_queued(enum console console);

/* True when every byte written has left, to its last bit. */
int console_drained(enum console console);

#endif
