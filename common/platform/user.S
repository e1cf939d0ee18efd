/* The instructions that touch user memory.
 *
 * Each has an entry in the fault table: its address, and where to go on when the page-fault
 * handler could not help.  No other kernel instruction may fault on a user address.  Between
 * STAC and CLAC the processor lets the kernel reach user pages (SMAP; Intel SDM volume 3, 4.6.1);
 * user_copy_init() overwrites both on a processor that does not know them.
 *
 * Words first, as in memory.S.  After a fault among words the rest goes byte by byte, up to the
 * very byte that cannot be reached; that way the result is exact, and the common path stays free
 * of tests. */
#include <linux/errno.h>

/* An instruction that may fault, and where it goes on if it does. */
.macro may_fault continuation, instruction:vararg
.Lfaulting\@:
    \instruction
    .pushsection .fault_table, "a"
    .quad   .Lfaulting\@, \continuation
    .popsection
.endm

/* STAC or CLAC, and a note of where it stands. */
.macro access instruction
.Laccess\@:
    \instruction
    .pushsection .access_sites, "a"
    .quad   .Laccess\@
    .popsection
.endm

.text

/* size_t user_copy(void *to, const void *from, size_t size): one of the two is a user address.
 * Returns how many bytes were copied. */
.globl user_copy
.type user_copy, @function
user_copy:
    mov     %rdx, %rax
    access  stac
    mov     %rdx, %rcx
    shr     $3, %rcx
    jz      .Lcopy_short
    may_fault .Lcopy_bytes, rep movsq
    and     $7, %edx
    jz      .Lcopy_done
    may_fault .Lcopy_bytes, mov -8(%rsi,%rdx), %r8  /* overlaps the last word */
    may_fault .Lcopy_bytes, mov %r8, -8(%rdi,%rdx)
.Lcopy_done:
    access  clac
    ret

.Lcopy_short:                           /* below 8 bytes, rcx = 0 */
    cmp     $4, %edx
    jb      .Lcopy_below_4
    may_fault .Lcopy_bytes, mov (%rsi), %r8d
    may_fault .Lcopy_bytes, mov %r8d, (%rdi)
    add     $4, %rsi
    add     $4, %rdi
    sub     $4, %edx
.Lcopy_below_4:
    test    %edx, %edx
    jz      .Lcopy_done

.Lcopy_bytes:                           /* rcx words and the odd bytes of rdx are left */
    and     $7, %edx
    lea     (%rdx,%rcx,8), %rcx
1:  may_fault .Lcopy_stop, mov (%rsi), %r8b
    may_fault .Lcopy_stop, mov %r8b, (%rdi)
    inc     %rsi
    inc     %rdi
    dec     %rcx
    jnz     1b
    jmp     .Lcopy_done
.Lcopy_stop:
    sub     %rcx, %rax
    jmp     .Lcopy_done
.size user_copy, . - user_copy

/* size_t user_set(void *to, int byte, size_t size): returns how many bytes were set. */
.globl user_set
.type user_set, @function
user_set:
    movzbl  %sil, %eax
    movabs  $0x0101010101010101, %rcx
    imul    %rcx, %rax
    mov     %rdx, %r8
    access  stac
    mov     %rdx, %rcx
    shr     $3, %rcx
    may_fault .Lset_bytes, rep stosq
    test    $7, %edx
    jz      .Lset_done
.Lset_bytes:
    and     $7, %edx
    lea     (%rdx,%rcx,8), %rcx
2:  may_fault .Lset_stop, mov %al, (%rdi)
    inc     %rdi
    dec     %rcx
    jnz     2b
.Lset_done:
    access  clac
    mov     %r8, %rax
    ret
.Lset_stop:
    sub     %rcx, %r8
    jmp     .Lset_done
.size user_set, . - user_set

/* long user_copy_string(char *to, const char *from, size_t size): copies up to the NUL.  Returns
 * the length without it, `size` if there is none within `size` bytes, -EFAULT on a fault.
 *
 * Eight bytes at a time, but never across the end of a page: what follows the string there may be
 * unmapped, and is none of our business.  (w - 0x01..01) & ~w & 0x80..80 has its lowest bit in the
 * first byte of w that is zero (Knuth, volume 4A, 7.1.3). */
.globl user_copy_string
.type user_copy_string, @function
user_copy_string:
    mov     %rdi, %r11
    movabs  $0x0101010101010101, %r8
    movabs  $0x8080808080808080, %r9
    access  stac
.Lstring_page:
    mov     %esi, %ecx
    or      $-4096, %ecx
    neg     %ecx                        /* bytes to the end of the page */
    cmp     %rdx, %rcx
    cmova   %rdx, %rcx
    sub     %rcx, %rdx                  /* rcx: of this page, rdx: after it */
    sub     $8, %rcx
    jb      .Lstring_tail
.Lstring_word:
    may_fault .Lstring_fault, mov (%rsi), %rax
    mov     %rax, (%rdi)
    mov     %rax, %r10
    sub     %r8, %r10
    not     %rax
    and     %r9, %r10
    and     %rax, %r10
    jnz     .Lstring_found
    add     $8, %rsi
    add     $8, %rdi
    sub     $8, %rcx
    jae     .Lstring_word
.Lstring_tail:
    add     $8, %rcx
    jz      .Lstring_next
.Lstring_byte:
    may_fault .Lstring_fault, mov (%rsi), %al
    mov     %al, (%rdi)
    test    %al, %al
    jz      .Lstring_end
    inc     %rsi
    inc     %rdi
    dec     %rcx
    jnz     .Lstring_byte
.Lstring_next:
    test    %rdx, %rdx
    jnz     .Lstring_page
.Lstring_end:
    access  clac
    mov     %rdi, %rax
    sub     %r11, %rax
    ret
.Lstring_found:
    access  clac
    bsf     %r10, %rax
    shr     $3, %eax
    add     %rdi, %rax
    sub     %r11, %rax
    ret
.Lstring_fault:
    access  clac
    mov     $-EFAULT, %rax
    ret
.size user_copy_string, . - user_copy_string

.section .note.GNU-stack, "", @progbits
