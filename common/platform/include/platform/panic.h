/* The end of the machine, with a report. */
#ifndef PLATFORM_PANIC_H
#define PLATFORM_PANIC_H

#include <stdint.h>

/* Prints "KERNEL PANIC: ", the text and a symbolised backtrace on the consoles, polled, and ends
 * the machine: the emulator with a failure status where it lets itself be told (the kernel
 * command line `panic=halt` stops the processor instead).  May be called anywhere. */
_Noreturn void panic(const char *text, ...) __attribute__((format(printf, 1, 2)));

#define panic_unless(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            panic("%s:%d: not true: %s", __FILE__, __LINE__, #condition);                          \
    } while (0)

/* The name of the kernel function that holds `address`, and the offset in it; "?" if none. */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
