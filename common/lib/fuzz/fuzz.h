/* What the fuzz targets share: the entry that libFuzzer calls, and how a broken promise is told. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One execution: `data` holds `size` bytes that nobody has checked.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run with a report if what a header promises does not hold. */
#define promise(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

#endif
