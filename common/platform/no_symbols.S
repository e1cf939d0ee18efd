/* The symbol table of a kernel that has none yet: what the first link takes, before the build has
 * made the real one (symbols.c).  In assembly, because a C compiler would believe these values. */
.section .rodata
.balign 8
.weak symbol_table, symbol_count, symbol_names
.type symbol_table, @object
.type symbol_count, @object
.type symbol_names, @object
symbol_table:
symbol_count:
    .quad   0
symbol_names:
    .byte   0

.section .note.GNU-stack, "", @progbits
