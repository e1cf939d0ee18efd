/* The PS/2 keyboard. */
#ifndef KEYBOARD_H
#define KEYBOARD_H

#include <stddef.h>

/* Sets the 8042 up, if there is one.  After interrupts_init(). */
void keyboard_init(void);

size_t keyboard_read(void *data, size_t size);

/* Puts a terminal's answer among the keys, as if typed. */
void keyboard_answer(const char *text, size_t length);

#endif
