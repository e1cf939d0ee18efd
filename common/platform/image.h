/* Where the parts of the kernel image lie; kernel.ld says so.  All on page boundaries. */
#ifndef PLATFORM_IMAGE_H
#define PLATFORM_IMAGE_H

extern char kernel_text_start[], kernel_text_end[];
extern char kernel_rodata_start[], kernel_rodata_end[];
extern char kernel_data_start[], kernel_end[];
extern char boot_stack_guard[], boot_stack_top[];

#endif
