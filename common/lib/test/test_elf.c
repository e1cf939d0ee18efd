/* lib/elf.h: good files, each single fault, and random damage judged by a second opinion. */
#include <lib/elf.h>

#include <linux/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define USER_START 0x10000ull
#define USER_END   0x7ffffffff000ull
#define FILE_SIZE  0x5000ull
#define SEGMENTS   6

enum { HEADERS, INTERPRETER, TEXT, DATA, STACK, EMPTY };

/* The start of a program file: header and program headers; the rest of the file is not needed. */
struct start {
    struct elf64_hdr header;
    struct elf64_phdr segments[SEGMENTS];
};

static struct elf64_phdr segment(unsigned type, unsigned flags, uint64_t offset, uint64_t address,
                                 uint64_t file, uint64_t memory)
{
    return (struct elf64_phdr){ .p_type = type,
                                .p_flags = flags,
                                .p_offset = offset,
                                .p_vaddr = address,
                                .p_paddr = address,
                                .p_filesz = file,
                                .p_memsz = memory,
                                .p_align = type == PT_LOAD ? 0x1000 : 8 };
}

static void good(struct start *file, unsigned type)
{
    uint64_t base = type == ET_EXEC ? 0x400000 : 0;
    size_t table = sizeof(file->segments);

    *file = (struct start){
        .header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                    .e_type = (Elf64_Half)type,
                    .e_machine = EM_X86_64,
                    .e_version = EV_CURRENT,
                    .e_entry = base + 0x400,
                    .e_phoff = sizeof(file->header),
                    .e_ehsize = sizeof(file->header),
                    .e_phentsize = sizeof(struct elf64_phdr),
                    .e_phnum = SEGMENTS },
    };
    file->segments[HEADERS] = segment(PT_PHDR, PF_R, 64, base + 64, table, table);
    file->segments[INTERPRETER] = segment(PT_INTERP, PF_R, 0x300, base + 0x300, 20, 20);
    file->segments[TEXT] = segment(PT_LOAD, PF_R | PF_X, 0, base, 0x2345, 0x2345);
    file->segments[DATA] = segment(PT_LOAD, PF_R | PF_W, 0x3e00, base + 0x4e00, 0x1200, 0x9000);
    file->segments[STACK] = segment(PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0);
    file->segments[EMPTY] = segment(PT_LOAD, PF_R, 0, 0, 0, 0);
}

static int check_file(const struct start *file, struct elf_image *image, struct elf_layout *layout)
{
    int error = elf_check_header(file, sizeof(*file), FILE_SIZE, image);

    if (error != 0)
        return error;
    if (image->table_offset > sizeof(*file) ||
        image->table_size > sizeof(*file) - image->table_offset)
        return -ENOEXEC; /* elsewhere in a file that this test does not have */
    void *table = exact_copy((const char *)file + image->table_offset, image->table_size);

    error = elf_check_segments(image, table, FILE_SIZE, USER_START, USER_END, layout);
    free(table);
    return error;
}

static void good_files(void)
{
    static const unsigned types[] = { ET_EXEC, ET_DYN };

    for (unsigned i = 0; i < 2; i++) {
        uint64_t base = types[i] == ET_EXEC ? 0x400000 : 0;
        struct start file;
        struct elf_image image;
        struct elf_layout layout;

        good(&file, types[i]);
        check(check_file(&file, &image, &layout) == 0, "type %u", types[i]);
        check(image.relocatable == (types[i] == ET_DYN), "type %u", types[i]);
        check(image.entry == base + 0x400 && image.table_count == SEGMENTS, "header");
        check(layout.start == base && layout.end == base + 0xe000, "range");
        check(layout.break_start == base + 0xde00, "break");
        check(layout.table_address == base + 64 && layout.alignment == 0x1000, "table");
        check(layout.interpreter_offset == 0x300 && layout.interpreter_size == 20, "interpreter");
        check(!layout.stack_executable, "stack");
        file.segments[STACK].p_flags |= PF_X;
        file.segments[INTERPRETER].p_type = PT_NULL;
        check(check_file(&file, &image, &layout) == 0 && layout.stack_executable &&
                  layout.interpreter_size == 0,
              "executable stack, no interpreter");
    }
}

/* Sets one field to a value and expects refusal. */
#define refuse(field, value)                                                                       \
    do {                                                                                           \
        struct start file;                                                                         \
        struct elf_image image;                                                                    \
        struct elf_layout layout;                                                                  \
        good(&file, ET_EXEC);                                                                      \
        file.field = (value);                                                                      \
        check(check_file(&file, &image, &layout) == -ENOEXEC, #field " = " #value);                \
    } while (0)

static void bad_headers(void)
{
    struct start file;
    struct elf_image image;

    refuse(header.e_ident[0], 0);
    refuse(header.e_ident[3], 'G');
    refuse(header.e_ident[EI_CLASS], ELFCLASS32);
    refuse(header.e_ident[EI_DATA], ELFDATA2MSB);
    refuse(header.e_ident[EI_VERSION], 0);
    refuse(header.e_version, 2);
    refuse(header.e_machine, EM_386);
    refuse(header.e_type, ET_REL);
    refuse(header.e_type, ET_CORE);
    refuse(header.e_phentsize, 55);
    refuse(header.e_phentsize, 0);
    refuse(header.e_phnum, 0);
    refuse(header.e_phnum, ELF_MAX_SEGMENTS + 1);
    refuse(header.e_phnum, 0xffff);
    refuse(header.e_phoff, FILE_SIZE - 8);
    refuse(header.e_phoff, UINT64_MAX);
    refuse(header.e_phoff, UINT64_MAX - sizeof(file.segments) + 1);
    refuse(header.e_entry, 0);
    refuse(header.e_entry, 0x404e00); /* in the data */
    refuse(header.e_entry, 0x402345); /* just past the text */
    good(&file, ET_EXEC);
    for (size_t have = 0; have < sizeof(file.header); have++) {
        void *exact = exact_copy(&file, have);

        check(elf_check_header(exact, have, have, &image) == -ENOEXEC, "%zu bytes", have);
        check(elf_check_header(exact, have, FILE_SIZE, &image) == -ENOEXEC, "%zu bytes", have);
        free(exact);
    }
}

static void bad_segments(void)
{
    refuse(segments[TEXT].p_filesz, 0x2346); /* more than in memory */
    refuse(segments[DATA].p_offset, 0x4e00); /* past the end of the file */
    refuse(segments[DATA].p_offset, UINT64_MAX - 0x1ff);
    refuse(segments[DATA].p_offset, 0x3e10); /* not congruent with the address */
    refuse(segments[DATA].p_vaddr, 0x404e01);
    refuse(segments[TEXT].p_vaddr, 0); /* below user space */
    refuse(segments[TEXT].p_vaddr, 0xf000);
    refuse(segments[DATA].p_vaddr, USER_END - 0x8200); /* ends past user space */
    refuse(segments[DATA].p_vaddr, 0xffffffff80000e00);
    refuse(segments[DATA].p_vaddr, UINT64_MAX - 0x1ff);
    refuse(segments[DATA].p_memsz, UINT64_MAX);
    refuse(segments[DATA].p_memsz, USER_END);
    refuse(segments[DATA].p_vaddr, 0x401e00); /* inside the text */
    refuse(segments[DATA].p_vaddr, 0x3fe00);  /* before the text */
    refuse(segments[DATA].p_vaddr, 0x402e00); /* another page of the file on the text's */
    refuse(segments[TEXT].p_align, 0x1001);
    refuse(segments[TEXT].p_type, PT_NOTE); /* the entry is not loaded */
    refuse(segments[TEXT].p_flags, PF_R);   /* not executable */
    refuse(segments[EMPTY].p_filesz, 1);
    refuse(segments[INTERPRETER].p_filesz, 1);
    refuse(segments[INTERPRETER].p_filesz, 4097);
    refuse(segments[INTERPRETER].p_offset, FILE_SIZE - 19);
    refuse(segments[INTERPRETER].p_offset, UINT64_MAX);
    refuse(segments[EMPTY].p_type, PT_PHDR); /* behind what is loaded */
    refuse(segments[HEADERS].p_offset, 0);
    refuse(segments[HEADERS].p_filesz, 0);
    refuse(segments[HEADERS].p_type, PT_INTERP); /* two of them */
}

/* Adjacent segments in one page of the file may share the page in memory; others may not. */
static void shared_page(void)
{
    struct start file;
    struct elf_image image;
    struct elf_layout layout;

    good(&file, ET_EXEC);
    file.segments[DATA] = segment(PT_LOAD, PF_R | PF_W, 0x2400, 0x402400, 0x1000, 0x1000);
    check(check_file(&file, &image, &layout) == 0, "same page of the file");
    file.segments[TEXT].p_memsz += 0x10;
    check(check_file(&file, &image, &layout) == -ENOEXEC, "zeroed tail in the shared page");
    file.segments[TEXT].p_memsz -= 0x10;
    file.segments[DATA].p_offset -= 0x1000;
    check(check_file(&file, &image, &layout) == -ENOEXEC, "another page of the file");
}

/* An independent look at what was accepted, with wide arithmetic instead of careful. */
static bool plausible(const struct start *file, const struct elf_layout *layout)
{
    typedef unsigned __int128 wide;
    bool relocatable = file->header.e_type == ET_DYN, entry = false;
    const struct elf64_phdr *table = (const void *)((const char *)file + file->header.e_phoff);
    wide before = 0, limit = relocatable ? USER_END - USER_START : USER_END;

    for (unsigned i = 0; i < file->header.e_phnum; i++) {
        struct elf64_phdr one;

        memcpy(&one, (const char *)table + i * sizeof(one), sizeof(one));
        if (one.p_type != PT_LOAD || one.p_memsz == 0)
            continue;
        wide end = (wide)one.p_vaddr + one.p_memsz;

        if ((wide)one.p_offset + one.p_filesz > FILE_SIZE || end > limit || one.p_vaddr < before ||
            one.p_filesz > one.p_memsz || (!relocatable && one.p_vaddr < USER_START) ||
            one.p_vaddr < layout->start || end > layout->end || end > layout->break_start ||
            (one.p_vaddr - one.p_offset) % 4096 != 0)
            return false;
        if ((one.p_flags & PF_X) != 0)
            entry |= file->header.e_entry >= one.p_vaddr && file->header.e_entry < end;
        before = end;
    }
    if (layout->interpreter_size != 0 &&
        (wide)layout->interpreter_offset + layout->interpreter_size > FILE_SIZE)
        return false;
    return entry && layout->start % 4096 == 0 && layout->end % 4096 == 0 && layout->end <= limit;
}

static void random_damage(void)
{
    static const uint64_t values[] = { 0,
                                       1,
                                       8,
                                       0xfff,
                                       0x1000,
                                       0x2000,
                                       0x3000,
                                       FILE_SIZE,
                                       0x400000,
                                       0x401000,
                                       USER_END,
                                       USER_END - 0x1000,
                                       INT64_MAX,
                                       UINT64_MAX,
                                       UINT64_MAX - 0xfff,
                                       (uint64_t)1 << 63 };
    unsigned accepted = 0;

    for (unsigned round = 0; round < 300000; round++) {
        struct start file;
        struct elf_image image;
        struct elf_layout layout;
        unsigned damages = 1 + test_random() % 3;

        good(&file, test_random() % 2 ? ET_EXEC : ET_DYN);
        for (unsigned i = 0; i < damages; i++) {
            size_t at = test_random() % (sizeof(file) / 8) * 8;
            uint64_t value = values[test_random() % 16] + test_random() % 3 - 1;

            if (test_random() % 2)
                memcpy((char *)&file + at, &value, test_random() % 2 ? 8 : 4);
            else
                ((char *)&file)[test_random() % sizeof(file)] ^= (char)(1 << test_random() % 8);
        }
        int error = check_file(&file, &image, &layout);

        check(error == 0 || error == -ENOEXEC, "%d", error);
        if (error == 0) {
            accepted++;
            check(plausible(&file, &layout), "round %u", round);
        }
    }
    check(accepted > 1000, "only %u of the damaged files were accepted", accepted);
}

/* A real program: the one that runs here. */
static void own_program(void)
{
    FILE *stream = fopen("/proc/self/exe", "rb");
    static uint8_t bytes[8192];
    struct elf_image image;
    struct elf_layout layout;

    check(stream != NULL, "/proc/self/exe");
    if (stream == NULL)
        return;
    size_t have = fread(bytes, 1, sizeof(bytes), stream);

    fseek(stream, 0, SEEK_END);
    uint64_t size = (uint64_t)ftell(stream);

    fclose(stream);
    check(elf_check_header(bytes, have, size, &image) == 0, "header");
    check(elf_check_segments(&image, bytes + image.table_offset, size, USER_START, USER_END,
                             &layout) == 0,
          "segments");
    check(layout.interpreter_size > 0 && bytes[layout.interpreter_offset] == '/', "interpreter");
    check(layout.table_address == image.table_offset, "table");
}

const struct test elf_tests[] = {
    { "good files", good_files },
    { "bad headers", bad_headers },
    { "bad segments", bad_segments },
    { "shared page", shared_page },
    { "random damage", random_damage },
    { "own program", own_program },
    { NULL, NULL },
};
