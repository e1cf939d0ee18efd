/* The linked vDSO, as bytes in the kernel's read-only data. */
        .section .rodata, "a"
        .balign 4096
        .globl vdso_image_start
vdso_image_start:
        .incbin "vdso.so"

        .section .note.GNU-stack, "", @progbits
