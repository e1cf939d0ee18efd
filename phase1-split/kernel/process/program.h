/* Program files: what execve(2) makes of one before it touches the running process. */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include <memory/vm.h>

struct file;

/* Where a program was put, for its first registers and its auxiliary vector. */
struct program {
    user_address entry;   /* where the program itself starts (AT_ENTRY) */
    user_address start;   /* where user mode starts: the interpreter's entry, if any */
    user_address base;    /* of the interpreter (AT_BASE); 0: none */
    user_address table;   /* program headers (AT_PHDR) */
    unsigned table_count; /* AT_PHNUM */
    user_address brk;     /* where the heap begins */
};

/* Maps the ELF program `file`, and the interpreter it asks for, into the empty `vm`, which need
 * not be active.  0, -ENOEXEC, -ENOMEM, -EIO, an errno of opening the interpreter, … */
int program_load(struct vm *vm, struct file *file, struct program *out);

#endif
