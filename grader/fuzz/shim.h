/* What stands in for Core when the network stack runs on a host. */
#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must hold whatever the input is: the fuzzer keeps the input that breaks it. */
#define promise(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

/* Random numbers start over: every input meets the same. */
void shim_reset(void);

void shim_pass(uint64_t milliseconds);

/* Was it asked for since the last time?  (network_timer(), network_work()) */
bool shim_timer(size_t number);
bool shim_work(void);

/* Pieces of memory that were taken and not given back. */
size_t shim_allocated(void);

#endif
