/* Changing from one kernel stack to another.
 *
 * void switch_stacks(uint64_t *save, uint64_t load);
 *
 * Pushes what the System V ABI (x86-64, 3.2.1) lets a callee keep, so to the compiler this is a
 * call like any other; it returns when somebody switches back.  thread_create() builds the same
 * picture on a new stack. */
.text
.globl switch_stacks
.type switch_stacks, @function
switch_stacks:
    push    %rbp
    push    %rbx
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    mov     %rsp, (%rdi)
    mov     %rsi, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbx
    pop     %rbp
    ret
.size switch_stacks, . - switch_stacks

.section .note.GNU-stack, "", @progbits
