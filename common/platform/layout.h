/* The memory map: what every kernel address means.
 *
 *   0x0000000000000000  user space, 128 TiB less a page            platform/address_space.h
 *   0xffff800000000000  direct map: all RAM, up to 512 GiB         paging.c
 *   0xffffc00000000000  kernel stacks, each above its guard        kernel_stack.c
 *   0xffffd00000000000  memory-mapped devices                      paging.c
 *   0xffffffff80000000  + 2 MiB: the kernel image                  kernel.ld
 *
 * Each kernel region begins at an entry of the top-level page table (512 GiB) of its own and fits
 * in it.  These entries are filled at boot and never change, so every address space holds a copy
 * of them and nobody has to keep the copies in step.
 *
 * Nothing here is executable but the image's text; nothing is both writable and executable.
 * The regions are far apart on purpose: an index that runs away meets unmapped memory. */
#ifndef PLATFORM_LAYOUT_H
#define PLATFORM_LAYOUT_H

#define DIRECT_MAP_START 0xffff800000000000
#define DIRECT_MAP_SIZE  0x8000000000 /* RAM above it is not used */

#define KERNEL_STACKS_START 0xffffc00000000000
#define KERNEL_STACK_SIZE   0x4000 /* 16 KiB usable ... */
#define KERNEL_STACK_SLOT   0x8000 /* ... in the upper half of a slot; the lower is the guard */
#define KERNEL_STACK_SLOTS  32768

#define DEVICE_MAP_START 0xffffd00000000000
#define DEVICE_MAP_SIZE  0x40000000

#define KERNEL_OFFSET         0xffffffff80000000 /* image address minus physical address */
#define KERNEL_PHYSICAL_START 0x200000

/* The first MiB holds the BIOS's data, video memory and ROMs: left alone. */
#define LOW_MEMORY_END 0x100000

/* How much boot.S maps before paging.c takes over. */
#define BOOT_MAP_SIZE 0x100000000

#endif
