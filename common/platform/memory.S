/* Block operations on kernel memory (ISO C17 7.24.2).
 *
 * Short blocks are moved with as few instructions as possible: two moves that overlap in the
 * middle do for every length between one and two times their width.  Long blocks are moved by
 * the string instructions on 64-bit words.  Those on bytes are as fast on recent hardware, but an
 * emulator executes them byte by byte; so whatever is left over at the end is one more word that
 * overlaps the last.  All keep to the System V ABI: rdi, rsi, rdx in, rax out. */

.text

.globl memcpy
.type memcpy, @function
memcpy:
    mov     %rdi, %rax
    cmp     $16, %rdx
    jb      .Lcopy_below_16
    cmp     $32, %rdx
    ja      .Lcopy_above_32
    mov     (%rsi), %rcx                /* 16 to 32 bytes */
    mov     8(%rsi), %r8
    mov     -16(%rsi,%rdx), %r9
    mov     -8(%rsi,%rdx), %r10
    mov     %rcx, (%rdi)
    mov     %r8, 8(%rdi)
    mov     %r9, -16(%rdi,%rdx)
    mov     %r10, -8(%rdi,%rdx)
    ret
.Lcopy_above_32:
    /* The last word is read first: memmove() comes here with blocks that overlap. */
    mov     -8(%rsi,%rdx), %r8
    lea     -8(%rdi,%rdx), %r9
    mov     %rdx, %rcx
    shr     $3, %rcx
    rep movsq
    mov     %r8, (%r9)
    ret
.Lcopy_below_16:
    cmp     $8, %edx
    jb      .Lcopy_below_8
    mov     (%rsi), %rcx
    mov     -8(%rsi,%rdx), %r8
    mov     %rcx, (%rdi)
    mov     %r8, -8(%rdi,%rdx)
    ret
.Lcopy_below_8:
    cmp     $4, %edx
    jb      .Lcopy_below_4
    mov     (%rsi), %ecx
    mov     -4(%rsi,%rdx), %r8d
    mov     %ecx, (%rdi)
    mov     %r8d, -4(%rdi,%rdx)
    ret
.Lcopy_below_4:
    test    %edx, %edx
    jz      1f
    movzbl  (%rsi), %ecx                /* 1 to 3 bytes: first, middle, last */
    movzbl  -1(%rsi,%rdx), %r8d
    shr     $1, %edx
    jz      2f
    movzbl  (%rsi,%rdx), %r9d
    mov     %r9b, (%rdi,%rdx)
    adc     $0, %edx                    /* 2 bytes: last is at 1; 3 bytes: at 1 + carry */
    mov     %r8b, (%rdi,%rdx)
2:  mov     %cl, (%rdi)
1:  ret
.size memcpy, . - memcpy

/* Every path of memcpy() but the string instruction reads all before it writes, and that one is
 * right when the destination lies below the source.  What is left is copied backwards. */
.globl memmove
.type memmove, @function
memmove:
    cmp     $32, %rdx
    jbe     memcpy
    mov     %rdi, %rax
    sub     %rsi, %rax
    cmp     %rdx, %rax                  /* unsigned: below the source is a large difference */
    jae     memcpy
    mov     %rdi, %rax
    mov     (%rsi), %r8                 /* the first word, for the leftover at the beginning */
    mov     %rdx, %rcx
    shr     $3, %rcx
    lea     -8(%rsi,%rdx), %rsi
    lea     -8(%rdi,%rdx), %rdi
    std
    rep movsq
    cld
    mov     %r8, (%rax)
    ret
.size memmove, . - memmove

.globl memset
.type memset, @function
memset:
    movzbl  %sil, %esi
    movabs  $0x0101010101010101, %rcx
    imul    %rcx, %rsi
    cmp     $8, %rdx
    jb      .Lset_below_8
    cmp     $32, %rdx
    ja      .Lset_above_32
    mov     %rdi, %rax
    mov     %rsi, (%rdi)                /* 8 to 32 bytes */
    mov     %rsi, -8(%rdi,%rdx)
    cmp     $16, %edx
    jbe     3f
    mov     %rsi, 8(%rdi)
    mov     %rsi, -16(%rdi,%rdx)
3:  ret
.Lset_above_32:
    mov     %rsi, %rax
    mov     %rdi, %rsi
    mov     %rax, -8(%rdi,%rdx)
    mov     %rdx, %rcx
    shr     $3, %rcx
    rep stosq
    mov     %rsi, %rax
    ret
.Lset_below_8:
    mov     %rdi, %rax
    cmp     $4, %edx
    jb      .Lset_below_4
    mov     %esi, (%rdi)
    mov     %esi, -4(%rdi,%rdx)
    ret
.Lset_below_4:
    test    %edx, %edx
    jz      4f
    mov     %sil, (%rdi)
    mov     %sil, -1(%rdi,%rdx)
    shr     $1, %edx
    mov     %sil, (%rdi,%rdx)
4:  ret
.size memset, . - memset

.globl memcmp
.type memcmp, @function
memcmp:
    sub     $8, %rdx
    jb      .Lcompare_tail
5:  mov     (%rdi), %rax
    mov     (%rsi), %rcx
    cmp     %rcx, %rax
    jne     .Lcompare_words
    add     $8, %rdi
    add     $8, %rsi
    sub     $8, %rdx
    jae     5b
.Lcompare_tail:
    add     $8, %rdx
    jz      7f
6:  movzbl  (%rdi), %eax
    movzbl  (%rsi), %ecx
    sub     %ecx, %eax
    jnz     8f
    inc     %rdi
    inc     %rsi
    dec     %rdx
    jnz     6b
7:  xor     %eax, %eax
8:  ret
.Lcompare_words:
    bswap   %rax                        /* the first byte in memory decides */
    bswap   %rcx
    cmp     %rcx, %rax
    sbb     %eax, %eax                  /* -1 if below, else 0 ... */
    or      $1, %eax                    /* ... else 1 */
    ret
.size memcmp, . - memcmp

.section .note.GNU-stack, "", @progbits
