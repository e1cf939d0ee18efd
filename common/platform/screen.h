/* The VGA text screen. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stddef.h>

/* Finds and clears it; without one, screen_write() does nothing. */
void screen_init(void);

/* Shows text with the escape sequences of a VT100; never waits. */
void screen_write(const void *data, size_t size);

#endif
