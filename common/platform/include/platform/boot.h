/* What the boot loader handed over, and the one function Ring 0 calls to start Ring 1. */
#ifndef PLATFORM_BOOT_H
#define PLATFORM_BOOT_H

#include <stddef.h>

struct boot_information {
    const char *command_line; /* the kernel's, NUL-terminated, never NULL */
    const void *initramfs;    /* the first module; NULL if there is none */
    size_t initramfs_size;    /* bytes */
    const char *loader;       /* the boot loader's name */
};

/* Gives the initramfs's memory to the frame allocator.  Once only. */
void boot_release_initramfs(void);

/* Provided by Ring 1.  Called on the boot thread with memory, traps, consoles and clocks ready and
 * interrupts on. */
_Noreturn void kernel_main(const struct boot_information *boot);

#endif
