/* COM1: a 16550 UART, interrupt-driven both ways. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stddef.h>

/* Sets line and FIFO up, without interrupts: output is polled.  Needs nothing. */
void uart_init_early(void);

/* Goes over to interrupts, and back for good. */
void uart_init(void);
void uart_use_polling(void);

/* As the functions of platform/console.h. */
size_t uart_write(const void *data, size_t size);
size_t uart_read(void *data, size_t size);
size_t uart_queued(void);
bool uart_drained(void);

/* Writes all of it, waiting for the device where the buffer is full. */
void uart_write_all(const void *data, size_t size);

/* Waits until the last bit has left.  Uses no interrupts; bounded if the device is stuck. */
void uart_flush(void);

#endif
