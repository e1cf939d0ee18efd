/* Where boot.S enters C. */
#ifndef PLATFORM_START_H
#define PLATFORM_START_H

#include <stdint.h>

/* On the boot stack, in the boot page tables, interrupts off; the physical address of the loader's
 * information. */
_Noreturn void boot_main(uint64_t multiboot_information);

#endif
