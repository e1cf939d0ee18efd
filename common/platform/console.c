/* Two consoles behind one interface: a slow one with a queue and a fast one without. */
#include "console.h"

#include "keyboard.h"
#include "screen.h"
#include "uart.h"

#define SCREEN_ROOM 4096 /* it takes any amount; this keeps one write short */

void console_init_early(void)
{
    uart_init_early();
}

void console_init(void)
{
    screen_init();
    keyboard_init();
    uart_init();
}

size_t console_write(enum console console, const void *data, size_t size)
{
    if (console == CONSOLE_SERIAL)
        return uart_write(data, size);
    size = size < SCREEN_ROOM ? size : SCREEN_ROOM;
    screen_write(data, size);
    return size;
}

size_t console_read(enum console console, void *data, size_t size)
{
    return console == CONSOLE_SERIAL ? uart_read(data, size) : keyboard_read(data, size);
}

size_t console_queued(enum console console)
{
    return console == CONSOLE_SERIAL ? uart_queued() : 0;
}

int console_drained(enum console console)
{
    return console == CONSOLE_SERIAL ? uart_drained() : 1;
}

void console_print(const char *text, size_t length)
{
    uart_write_all(text, length);
    screen_write(text, length);
}

void console_use_polling(void)
{
    uart_use_polling();
    uart_flush();
}

void console_flush(void)
{
    uart_flush();
}
