/* ELF checks: first the file header, then the program headers one by one, then the whole.
 *
 * Ranges are compared as "size <= limit - start" after "start <= limit", so that no sum of
 * numbers from the file can wrap. */
#include <lib/elf.h>

#include <linux/errno.h>
#include <linux/limits.h>

#include <platform/memory.h>
#include <platform/page.h>

#include <lib/bits.h>

/* True if [start, start + size) lies within [0, limit). */
static bool within(uint64_t start, uint64_t size, uint64_t limit)
{
    return start <= limit && size <= limit - start;
}

static bool identification_valid(const struct elf64_hdr *header)
{
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
           header->e_ident[EI_VERSION] == EV_CURRENT && header->e_version == EV_CURRENT &&
           header->e_machine == EM_X86_64;
}

int elf_check_header(const void *file, size_t have, uint64_t file_size, struct elf_image *out)
{
    struct elf64_hdr header;

    if (have < sizeof(header) || file_size < sizeof(header))
        return -ENOEXEC;
    memcpy(&header, file, sizeof(header));
    if (!identification_valid(&header))
        return -ENOEXEC;
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return -ENOEXEC;
    if (header.e_phentsize != sizeof(struct elf64_phdr) || header.e_phnum == 0 ||
        header.e_phnum > ELF_MAX_SEGMENTS)
        return -ENOEXEC;
    *out = (struct elf_image){
        .relocatable = header.e_type == ET_DYN,
        .entry = header.e_entry,
        .table_offset = header.e_phoff,
        .table_count = header.e_phnum,
        .table_size = header.e_phnum * sizeof(struct elf64_phdr),
    };
    return within(out->table_offset, out->table_size, file_size) ? 0 : -ENOEXEC;
}

void elf_program_header(const void *table, unsigned index, struct elf64_phdr *out)
{
    memcpy(out, (const char *)table + index * sizeof(*out), sizeof(*out));
}

/* The walk over the program headers. */
struct walk {
    const struct elf_image *image;
    uint64_t file_size;
    uint64_t lowest, limit; /* addresses must lie in [lowest, limit) */
    bool entry_found;
    bool phdr_seen;
    bool loaded; /* a segment was loaded: `previous` holds the last one */
    struct elf64_phdr previous;
    struct elf_layout *layout;
};

/* A segment on its own: PT_LOAD with p_memsz > 0. */
static bool load_valid(const struct walk *walk, const struct elf64_phdr *segment)
{
    return segment->p_filesz <= segment->p_memsz &&
           within(segment->p_offset, segment->p_filesz, walk->file_size) &&
           segment->p_vaddr >= walk->lowest &&
           within(segment->p_vaddr, segment->p_memsz, walk->limit) &&
           (segment->p_align == 0 || is_power_of_two(segment->p_align)) &&
           segment->p_align <= walk->limit &&
           segment->p_offset % PAGE_SIZE == segment->p_vaddr % PAGE_SIZE;
}

/* A segment behind the previous one.  Sharing a page is harmless when both map it from the same
 * page of the file and the earlier one has no zeroed tail in it. */
static bool follows(const struct elf64_phdr *previous, const struct elf64_phdr *segment)
{
    uint64_t end = previous->p_vaddr + previous->p_memsz;

    if (segment->p_vaddr < end)
        return false;
    if (PAGE_ROUND_DOWN(segment->p_vaddr) >= PAGE_ROUND_UP(end))
        return true;
    return previous->p_memsz == previous->p_filesz &&
           previous->p_vaddr - previous->p_offset == segment->p_vaddr - segment->p_offset;
}

/* If the program headers lie in the part of the file that `segment` loads: where in memory. */
static void find_table(struct walk *walk, const struct elf64_phdr *segment)
{
    const struct elf_image *image = walk->image;

    if (walk->layout->table_address == 0 && image->table_offset >= segment->p_offset &&
        within(image->table_offset - segment->p_offset, image->table_size, segment->p_filesz))
        walk->layout->table_address = segment->p_vaddr + (image->table_offset - segment->p_offset);
}

static int check_load(struct walk *walk, const struct elf64_phdr *segment)
{
    struct elf_layout *layout = walk->layout;

    if (segment->p_memsz == 0)
        return segment->p_filesz == 0 ? 0 : -ENOEXEC;
    if (!load_valid(walk, segment) || (walk->loaded && !follows(&walk->previous, segment)))
        return -ENOEXEC;
    if (!walk->loaded)
        layout->start = PAGE_ROUND_DOWN(segment->p_vaddr);
    layout->break_start = segment->p_vaddr + segment->p_memsz;
    layout->end = PAGE_ROUND_UP(layout->break_start);
    layout->alignment = max(layout->alignment, (uint64_t)segment->p_align);
    if ((segment->p_flags & PF_X) != 0 && walk->image->entry >= segment->p_vaddr &&
        walk->image->entry - segment->p_vaddr < segment->p_memsz)
        walk->entry_found = true;
    find_table(walk, segment);
    walk->previous = *segment;
    walk->loaded = true;
    return 0;
}

/* The interpreter's path: at least one character and a NUL, at most PATH_MAX. */
static int check_interpreter(struct walk *walk, const struct elf64_phdr *segment)
{
    if (walk->layout->interpreter_size != 0 || segment->p_filesz < 2 ||
        segment->p_filesz > PATH_MAX ||
        !within(segment->p_offset, segment->p_filesz, walk->file_size))
        return -ENOEXEC;
    walk->layout->interpreter_offset = segment->p_offset;
    walk->layout->interpreter_size = segment->p_filesz;
    return 0;
}

/* PT_PHDR repeats where the table is in the file; at most one, and before what is loaded. */
static int check_table(struct walk *walk, const struct elf64_phdr *segment)
{
    if (walk->phdr_seen || walk->loaded || segment->p_offset != walk->image->table_offset ||
        segment->p_filesz != walk->image->table_size)
        return -ENOEXEC;
    walk->phdr_seen = true;
    return 0;
}

static int check_one(struct walk *walk, const struct elf64_phdr *segment)
{
    switch (segment->p_type) {
    case PT_LOAD:
        return check_load(walk, segment);
    case PT_INTERP:
        return check_interpreter(walk, segment);
    case PT_PHDR:
        return check_table(walk, segment);
    case PT_GNU_STACK:
        walk->layout->stack_executable = (segment->p_flags & PF_X) != 0;
        return 0;
    default:
        return 0;
    }
}

int elf_check_segments(const struct elf_image *image, const void *table, uint64_t file_size,
                       uint64_t user_start, uint64_t user_end, struct elf_layout *out)
{
    struct walk walk = {
        .image = image,
        .file_size = file_size,
        .lowest = image->relocatable ? 0 : user_start,
        .limit = image->relocatable ? user_end - user_start : user_end,
        .layout = out,
    };

    *out = (struct elf_layout){ .alignment = PAGE_SIZE };
    for (unsigned i = 0; i < image->table_count; i++) {
        struct elf64_phdr segment;

        elf_program_header(table, i, &segment);
        int error = check_one(&walk, &segment);

        if (error != 0)
            return error;
    }
    return walk.loaded && walk.entry_found && out->end <= walk.limit ? 0 : -ENOEXEC;
}
