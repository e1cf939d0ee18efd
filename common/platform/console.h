/* The consoles, for the rest of the platform. */
#ifndef PLATFORM_CONSOLE_PRIVATE_H
#define PLATFORM_CONSOLE_PRIVATE_H

#include <platform/console.h>

/* Serial output, polled.  The very first call of all. */
void console_init_early(void);

/* Everything, by interrupts.  After interrupts_init() and heap_init(). */
void console_init(void);

/* For what the kernel itself has to say: all of it, to all consoles, waiting for room. */
void console_print(const char *text, size_t length);

/* From now on without interrupts; what was queued is sent first. */
void console_use_polling(void);

/* Waits until everything has left for the terminals. */
void console_flush(void);

#endif
