/* Every way into the kernel and the one way back to user mode.
 *
 * There is one processor, so what other kernels keep behind GS lies at fixed addresses here: GS
 * belongs to the user always, and no entry has to find out whether it must be swapped.
 *
 * Stack of a thread that came from user mode, top down: struct user_registers, one word that
 * keeps the stack aligned to 16 at calls (System V ABI for x86-64, 3.2.2), then C. */
#include "selectors.h"
#include <linux/errno.h>

/* Offsets in struct user_registers; trap.c asserts them. */
#define REGISTER_RAX 80
#define REGISTER_RCX 88
#define REGISTER_R11 48
#define REGISTER_ORIGINAL_RAX 120
#define REGISTER_RIP 128
#define REGISTER_RFLAGS 144
#define PAD 8

#define FLAGS_TRAP_OR_RESUME 0x10100
#define USER_ADDRESS_BITS 47

.text

/* SYSCALL (Intel SDM volume 2, SYSCALL): rcx holds rip, r11 holds rflags, interrupts are masked by
 * IA32_FMASK, and the stack is still the user's. */
.globl system_call_entry
.type system_call_entry, @function
system_call_entry:
    mov     %rsp, user_stack_pointer(%rip)
    mov     kernel_stack_top(%rip), %rsp
    pushq   $USER_STACK
    pushq   user_stack_pointer(%rip)
    push    %r11
    pushq   $USER_CODE
    push    %rcx
    push    %rax                    /* orig_rax: the number */
    push    %rdi
    push    %rsi
    push    %rdx
    push    %rcx
    pushq   $-ENOSYS
    push    %r8
    push    %r9
    push    %r10
    push    %r11
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    mov     %rsp, %rdi
    sub     $PAD, %rsp
    sti
    call    *trap_handlers(%rip)    /* .system_call, the first member */

/* The way back.  The test for events and the departure are one piece that no interrupt can divide,
 * so no event waits until the next entry. */
.globl return_to_user
return_to_user:
    cli
    cmpl    $0, pending_events(%rip)
    jne     .Levents
    mov     REGISTER_RIP+PAD(%rsp), %rcx
    mov     REGISTER_RFLAGS+PAD(%rsp), %r11
    mov     %rcx, %rax
    shr     $USER_ADDRESS_BITS, %rax
    jnz     .Lrefuse                /* IRETQ would fault here, in the kernel */

    /* SYSRET takes rip and rflags from rcx and r11.  It is half the price of IRETQ, and right when
     * the program expects those registers to hold just that: after a plain system call. */
    cmp     %rcx, REGISTER_RCX+PAD(%rsp)
    jne     .Linterrupt_return
    cmp     %r11, REGISTER_R11+PAD(%rsp)
    jne     .Linterrupt_return
    test    $FLAGS_TRAP_OR_RESUME, %r11d
    jnz     .Linterrupt_return      /* SYSRET loses RF, and traps too late for TF */
    add     $PAD, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    pop     %r11
    pop     %r10
    pop     %r9
    pop     %r8
    pop     %rax
    pop     %rcx
    pop     %rdx
    pop     %rsi
    pop     %rdi
    mov     32(%rsp), %rsp          /* past orig_rax, rip, cs, rflags */
    sysretq

.Linterrupt_return:
    add     $PAD, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    pop     %r11
    pop     %r10
    pop     %r9
    pop     %r8
    pop     %rax
    pop     %rcx
    pop     %rdx
    pop     %rsi
    pop     %rdi
    add     $8, %rsp                /* orig_rax */
    iretq

.Levents:
    sti
    lea     PAD(%rsp), %rdi
    call    *trap_handlers+24(%rip) /* .before_user */
    jmp     return_to_user

.Lrefuse:
    sti
    lea     PAD(%rsp), %rdi
    call    trap_refuse_return
    jmp     return_to_user
.size system_call_entry, . - system_call_entry

/* The first code of a thread; thread_create() left its entry in r12 and the argument in r13. */
.globl thread_start
.type thread_start, @function
thread_start:
    sti
    mov     %r13, %rdi
    call    *%r12
    jmp     return_to_user
.size thread_start, . - thread_start

/* A program may run with EFLAGS.AC set, and a user copy always does; both would leave user memory
 * open to the kernel (Intel SDM volume 3, 4.6.1).  CLAC exists only where SMAP does. */
.macro close_user_memory
    cmpb    $0, trap_clear_access(%rip)
    je      .Lclosed\@
    clac
.Lclosed\@:
.endm

/* Exceptions and interrupts.  The stub has pushed an error code and the vector. */
.type trap_entry, @function
trap_entry:
    testb   $3, 24(%rsp)            /* cs */
    jz      trap_from_kernel_entry
    xchg    %rdi, (%rsp)            /* the vector's place is rdi's in struct user_registers */
    push    %rsi
    push    %rdx
    push    %rcx
    push    %rax
    push    %r8
    push    %r9
    push    %r10
    push    %r11
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    close_user_memory
    mov     %edi, %esi
    mov     %rsp, %rdi
    mov     REGISTER_ORIGINAL_RAX(%rsp), %rdx
    movq    $-1, REGISTER_ORIGINAL_RAX(%rsp)
    sub     $PAD, %rsp
    call    trap_from_user
    jmp     return_to_user

/* Also the entry of what has a stack of its own and may come from anywhere: always answered on
 * that stack, with struct kernel_registers. */
trap_from_kernel_entry:
    push    %rdi
    push    %rsi
    push    %rdx
    push    %rcx
    push    %rax
    push    %r8
    push    %r9
    push    %r10
    push    %r11
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    close_user_memory
    mov     %rsp, %rdi
    mov     %rsp, %rbx              /* aligned to 16: 22 words below an aligned address */
    call    trap_from_kernel
    mov     %rbx, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    pop     %r11
    pop     %r10
    pop     %r9
    pop     %r8
    pop     %rax
    pop     %rcx
    pop     %rdx
    pop     %rsi
    pop     %rdi
    add     $16, %rsp               /* vector and error code */
    iretq
.size trap_entry, . - trap_entry

/* The stubs, one for each vector, and the table of their addresses for the IDT. */
.macro stub vector
.Lstub\vector:
    .if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21)
    .else
    pushq   $0                      /* the processor pushes no error code for this one */
    .endif
    pushq   $\vector
    .if (\vector == 2) || (\vector == 8) || (\vector == 18)
    jmp     trap_from_kernel_entry
    .else
    jmp     trap_entry
    .endif
.endm

.macro stub_address vector
    .quad   .Lstub\vector
.endm

.altmacro
.macro each_vector what
    .set    number, 0
    .rept   64
    \what   %number
    .set    number, number + 1
    .endr
.endm

.type trap_stubs, @function
trap_stubs:
    each_vector stub
.size trap_stubs, . - trap_stubs

.section .rodata
.balign 8
.globl trap_stub_table
trap_stub_table:
    each_vector stub_address

.section .note.GNU-stack, "", @progbits
