/* From GRUB's 32-bit protected mode to C in 64-bit mode at the kernel's own addresses.
 *
 * The processor arrives as Multiboot2 3.3 says: flat segments, paging off, interrupts off,
 * eax = magic, ebx = physical address of the boot information.  The code below runs at its
 * physical address until the jump to boot_high, so until then every symbol has its offset
 * subtracted. */
#include "layout.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_OFFSET)

#define MULTIBOOT_MAGIC 0xe85250d6
#define MULTIBOOT_LOADED 0x36d76289
#define ARCHITECTURE_I386 0

#define TABLE_PAGE 4096
#define ENTRY_TABLE 0x03        /* present, writable */
#define ENTRY_LARGE_PAGE 0x83   /* present, writable, 2 MiB */
#define TOP_DIRECT 256          /* top-level entry of DIRECT_MAP_START */
#define TOP_IMAGE 511           /* ... and of KERNEL_OFFSET, */
#define IMAGE_GIBIBYTE 510      /* which is in this GiB of it */

#define CR0_PAGING 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LONG_MODE 0x100
#define CPUID_EXTENDED 0x80000000
#define CPUID_FEATURES 0x80000001
#define CPUID_LONG_MODE (1 << 29)

#define BOOT_CODE_SELECTOR 8

#define COM1 0x3f8
#define COM1_LINE_CONTROL (COM1 + 3)
#define COM1_LINE_STATUS (COM1 + 5)
#define EIGHT_BITS 3
#define TRANSMITTER_EMPTY 0x20

/* The header that the loader looks for in the first 32 KiB (Multiboot2 3.1). */
.section .multiboot, "a"
.balign 8
header:
    .long   MULTIBOOT_MAGIC
    .long   ARCHITECTURE_I386
    .long   header_end - header
    .long   -(MULTIBOOT_MAGIC + ARCHITECTURE_I386 + (header_end - header))
    /* Tag 6: modules on page boundaries, so that their memory can be given back by pages. */
    .short  6, 0
    .long   8
    .short  0, 0                /* end of tags */
    .long   8
header_end:

.text
.code32
.globl boot_entry
.type boot_entry, @function
boot_entry:
    cld
    mov     $PHYSICAL(boot_stack_top), %esp
    mov     %ebx, %ebp                      /* CPUID overwrites ebx */
    mov     $PHYSICAL(.Lnot_multiboot), %esi
    cmp     $MULTIBOOT_LOADED, %eax
    jne     boot_refuse

    /* 64-bit mode?  (Intel SDM volume 2, CPUID.) */
    mov     $PHYSICAL(.Lnot_64_bit), %esi
    mov     $CPUID_EXTENDED, %eax
    cpuid
    cmp     $CPUID_FEATURES, %eax
    jb      boot_refuse
    mov     $CPUID_FEATURES, %eax
    cpuid
    test    $CPUID_LONG_MODE, %edx
    jz      boot_refuse

    /* The first 4 GiB, in pages of 2 MiB, at 0 and in the direct map; the first of them at the
     * kernel's addresses too.  Everything is writable and executable: paging_init() mends that.
     * The tables lie in .bss, which the loader has cleared. */
    mov     $PHYSICAL(boot_directories), %edi
    mov     $ENTRY_LARGE_PAGE, %eax
    mov     $(4 * 512), %ecx
1:  mov     %eax, (%edi)
    add     $0x200000, %eax
    add     $8, %edi
    dec     %ecx
    jnz     1b

    mov     $PHYSICAL(boot_gibibytes), %edi
    mov     $(PHYSICAL(boot_directories) + ENTRY_TABLE), %eax
    mov     $4, %ecx
2:  mov     %eax, (%edi)
    add     $TABLE_PAGE, %eax
    add     $8, %edi
    dec     %ecx
    jnz     2b

    mov     $(PHYSICAL(boot_directories) + ENTRY_TABLE), %eax
    mov     %eax, PHYSICAL(boot_image_gibibytes) + 8 * IMAGE_GIBIBYTE
    mov     $(PHYSICAL(boot_gibibytes) + ENTRY_TABLE), %eax
    mov     %eax, PHYSICAL(boot_top)
    mov     %eax, PHYSICAL(boot_top) + 8 * TOP_DIRECT
    mov     $(PHYSICAL(boot_image_gibibytes) + ENTRY_TABLE), %eax
    mov     %eax, PHYSICAL(boot_top) + 8 * TOP_IMAGE

    /* Into IA-32e mode (Intel SDM volume 3, 9.8.5). */
    mov     %cr4, %eax
    or      $CR4_PAE, %eax
    mov     %eax, %cr4
    mov     $PHYSICAL(boot_top), %eax
    mov     %eax, %cr3
    mov     $MSR_EFER, %ecx
    rdmsr
    or      $EFER_LONG_MODE, %eax
    wrmsr
    mov     %cr0, %eax
    or      $CR0_PAGING, %eax
    mov     %eax, %cr0
    lgdt    PHYSICAL(boot_gdt_descriptor)
    ljmp    $BOOT_CODE_SELECTOR, $PHYSICAL(boot_long)

/* Says on the serial line what is missing (text in esi), and stops. */
boot_refuse:
    mov     $COM1_LINE_CONTROL, %edx
    mov     $EIGHT_BITS, %al
    out     %al, %dx
3:  mov     $COM1_LINE_STATUS, %edx
4:  in      %dx, %al
    test    $TRANSMITTER_EMPTY, %al
    jz      4b
    lodsb
    test    %al, %al
    jz      5f
    mov     $COM1, %edx
    out     %al, %dx
    jmp     3b
5:  hlt
    jmp     5b

.code64
boot_long:
    movabs  $boot_high, %rax
    jmp     *%rax
boot_high:
    xor     %eax, %eax                      /* 64-bit mode wants no data segments */
    mov     %eax, %ds
    mov     %eax, %es
    mov     %eax, %fs
    mov     %eax, %gs
    mov     %eax, %ss
    lea     boot_stack_top(%rip), %rsp
    mov     %ebp, %edi                      /* physical address of the boot information */
    xor     %ebp, %ebp                      /* backtraces end here */
    call    boot_main
    ud2
.size boot_entry, . - boot_entry

.section .rodata
.Lnot_multiboot:
    .asciz  "This kernel wants to be loaded by a Multiboot2 loader.\r\n"
.Lnot_64_bit:
    .asciz  "This kernel wants a 64-bit processor.\r\n"
.balign 8
boot_gdt:
    .quad   0
    .quad   0x00af9a000000ffff              /* 64-bit code, ring 0 (Intel SDM volume 3, 5.2.1) */
boot_gdt_descriptor:
    .short  boot_gdt_descriptor - boot_gdt - 1
    .long   PHYSICAL(boot_gdt)

.bss
.balign 4096
boot_top:
    .skip   TABLE_PAGE
boot_gibibytes:
    .skip   TABLE_PAGE
boot_image_gibibytes:
    .skip   TABLE_PAGE
boot_directories:
    .skip   4 * TABLE_PAGE

/* The stack of the boot thread.  paging_init() leaves the guard unmapped. */
.section .boot_stack, "aw", @nobits
.balign 4096
.globl boot_stack_guard
boot_stack_guard:
    .skip   4096
    .skip   KERNEL_STACK_SIZE
.globl boot_stack_top
boot_stack_top:

.section .note.GNU-stack, "", @progbits
