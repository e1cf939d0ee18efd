/* The ELF checks: what they let through can be loaded without another thought about ranges.  So
 * each promise of lib/elf.h that process/program.c builds upon is held against the headers here. */
#include "fuzz.h"

#include <lib/elf.h>

#include <string.h>

#define USER_FROM 0x10000ull
#define USER_TO   0x7ffffffff000ull
#define PAGE      4096ull

static void check_segment(const struct elf64_phdr *segment, uint64_t file_size, uint64_t lowest,
                          uint64_t limit, uint64_t *loaded_to)
{
    promise(segment->p_filesz <= segment->p_memsz);
    promise(segment->p_offset <= file_size && segment->p_filesz <= file_size - segment->p_offset);
    promise(segment->p_vaddr >= lowest && segment->p_vaddr >= *loaded_to);
    promise(segment->p_vaddr <= limit && segment->p_memsz <= limit - segment->p_vaddr);
    promise(segment->p_vaddr % PAGE == segment->p_offset % PAGE);
    *loaded_to = segment->p_vaddr + segment->p_memsz;
}

static void check_layout(const struct elf_image *image, const uint8_t *table, uint64_t file_size,
                         const struct elf_layout *layout)
{
    uint64_t lowest = image->relocatable ? 0 : USER_FROM, loaded_to = 0;
    uint64_t limit = image->relocatable ? USER_TO - USER_FROM : USER_TO;
    for (unsigned i = 0; i < image->table_count; i++) {
        struct elf64_phdr segment;
        elf_program_header(table, i, &segment);
        if (segment.p_type == PT_LOAD && segment.p_memsz > 0)
            check_segment(&segment, file_size, lowest, limit, &loaded_to);
    }
    promise(layout->start < layout->end && layout->end <= limit);
    promise(layout->start % PAGE == 0 && layout->end % PAGE == 0);
    promise(layout->break_start == loaded_to && layout->break_start <= layout->end);
    promise(image->entry >= layout->start && image->entry < layout->end);
    promise(layout->interpreter_size <= 4096 && layout->interpreter_offset <= file_size);
    promise(layout->interpreter_size <= file_size - layout->interpreter_offset);
    promise(!layout->table_address ||
            (layout->table_address >= layout->start && layout->table_address < layout->end));
}

/* The last two bytes tell how much larger than the input the file is said to be: the kernel has no
 * more than a page of it at hand either. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_image image;
    struct elf_layout layout;
    uint16_t more;
    if (size < sizeof more)
        return 0;
    size -= sizeof more;
    memcpy(&more, data + size, sizeof more);
    uint64_t file_size = size + (uint64_t)more * PAGE;
    if (elf_check_header(data, size, file_size, &image))
        return 0;
    promise(image.table_count > 0 && image.table_count <= ELF_MAX_SEGMENTS);
    promise(image.table_size == image.table_count * sizeof(struct elf64_phdr));
    promise(image.table_offset <= file_size && image.table_size <= file_size - image.table_offset);
    if (image.table_offset > size || image.table_size > size - image.table_offset)
        return 0;
    const uint8_t *table = data + image.table_offset;
    if (!elf_check_segments(&image, table, file_size, USER_FROM, USER_TO, &layout))
        check_layout(&image, table, file_size, &layout);
    return 0;
}
