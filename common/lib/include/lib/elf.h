/* Checks of ELF program files before they are loaded (System V ABI, chapters 4 and 5, and its
 * AMD64 supplement).
 *
 * Pure functions on bytes that the caller has read from the file: nothing is allocated or mapped.
 * What passes can be loaded without further doubts about ranges and overflow.  All errors are
 * -ENOEXEC. */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <linux/elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 64

/* What the file header says. */
struct elf_image {
    bool relocatable;      /* ET_DYN: addresses are relative to a base that the caller chooses */
    uint64_t entry;        /* address */
    uint64_t table_offset; /* of the program headers in the file */
    unsigned table_count;  /* 1 to ELF_MAX_SEGMENTS */
    size_t table_size;     /* bytes: at most 3584 */
};

/* What the program headers say together.  Addresses are as in the file, before a base is added. */
struct elf_layout {
    uint64_t start, end;         /* from the first to past the last page that is loaded */
    uint64_t break_start;        /* past the last loaded byte: where brk(2) begins */
    uint64_t table_address;      /* of the program headers in memory (AT_PHDR); 0: not loaded */
    uint64_t alignment;          /* the largest p_align of a loaded segment, at least a page */
    uint64_t interpreter_offset; /* in the file: the interpreter's path, with its NUL */
    size_t interpreter_size;     /* bytes with the NUL; 0: no interpreter is asked for */
    bool stack_executable;       /* PT_GNU_STACK says so; without one: false, as in Linux */
};

/* Checks the file header, given the first `have` bytes of a file of `file_size` bytes. */
int elf_check_header(const void *file, size_t have, uint64_t file_size, struct elf_image *out);

/* Checks the program headers: `table` holds the image->table_size bytes at image->table_offset.
 * Loaded segments must ascend without overlap, lie inside the file and inside
 * [user_start, user_end) (a relocatable image: fit into a range of that size), and have offset and
 * address congruent modulo the page.  Two may share a page only where it is the same page of the
 * file.  The entry point must be executable. */
int elf_check_segments(const struct elf_image *image, const void *table, uint64_t file_size,
                       uint64_t user_start, uint64_t user_end, struct elf_layout *out);

/* Program header number `index` of a checked table, which need not be aligned. */
void elf_program_header(const void *table, unsigned index, struct elf64_phdr *out);

#endif
