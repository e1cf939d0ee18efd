/* What the boot loader says: Multiboot2 Specification version 2.0. */
#ifndef PLATFORM_MULTIBOOT_H
#define PLATFORM_MULTIBOOT_H

#include <stdint.h>

#include <platform/boot.h>

/* Reads the loader's information at `physical`: fills the memory map and what
 * boot_information() gives.  Everything wanted is copied; its memory is free afterwards. */
void multiboot_parse(uint64_t physical);

/* As handed to kernel_main(). */
const struct boot_information *boot_information(void);

/* The value of `name=value` on the kernel command line, NUL-terminated and valid for good; "" if
 * only `name` stands there; NULL if it does not. */
const char *boot_option(const char *name);

#endif
