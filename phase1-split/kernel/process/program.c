/* Loading an ELF program is mapping its segments; lib/elf.c has judged them.  Nothing is read but
 * headers: page faults bring the rest. */
#include "program.h"

#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mman.h>

#include <fs/file.h>
#include <fs/page_cache.h>
#include <lib/elf.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

/* Where programs without fixed addresses go, as Linux does without randomization. */
#define PROGRAM_BASE 0x555555554000ull

struct image {
    struct elf_image header;
    struct elf_layout layout;
    char *table; /* program headers; owned */
};

static int read_exactly(struct file *file, void *to, size_t size, uint64_t position)
{
    long got = file_read_kernel(file, to, size, position);
    if (got < 0)
        return got;
    return (size_t)got == size ? 0 : -ENOEXEC;
}

static int read_image(struct file *file, struct image *out)
{
    char head[sizeof(struct elf64_hdr)];
    uint64_t size = file->inode->attributes.size;
    long have = file_read_kernel(file, head, sizeof head, 0);
    if (have < 0)
        return have;
    int error = elf_check_header(head, have, size, &out->header);
    if (error)
        return error;
    out->table = kmalloc(out->header.table_size);
    if (!out->table)
        return -ENOMEM;
    error = read_exactly(file, out->table, out->header.table_size, out->header.table_offset);
    if (!error)
        error =
            elf_check_segments(&out->header, out->table, size, USER_START, USER_END, &out->layout);
    if (error)
        kfree(out->table);
    return error;
}

static unsigned segment_protection(const struct elf64_phdr *segment)
{
    return ((segment->p_flags & PF_R) ? PAGE_READ : 0) |
           ((segment->p_flags & PF_W) ? PAGE_WRITE : 0) |
           ((segment->p_flags & PF_X) ? PAGE_EXECUTE : 0);
}

/* The part of a segment's last file page that lies behind its file bytes must read as zeros.  The
 * page is made the program's own and cleared through the kernel's view: `vm` is not active yet. */
static int clear_tail(struct vm *vm, user_address from)
{
    size_t offset = from & PAGE_MASK;
    if (!offset)
        return 0;
    if (vm_make_present(vm, from, 1, PAGE_WRITE) != 1)
        return -ENOMEM;
    struct frame *frame = address_space_lookup(vm->space, PAGE_ROUND_DOWN(from), NULL);
    memset((char *)frame_data(frame) + offset, 0, PAGE_SIZE - offset);
    return 0;
}

static int map_segment(struct vm *vm, struct file *file, const struct elf64_phdr *segment,
                       user_address base)
{
    user_address start = base + PAGE_ROUND_DOWN(segment->p_vaddr), got;
    user_address file_end = base + segment->p_vaddr + segment->p_filesz;
    user_address end = base + segment->p_vaddr + segment->p_memsz;
    user_address mapped = PAGE_ROUND_UP(file_end);
    unsigned protection = segment_protection(segment);
    unsigned flags = MAP_PRIVATE | MAP_FIXED;
    int error = 0;
    if (segment->p_filesz)
        error = vm_map(vm, start, mapped - start, protection, flags, file,
                       PAGE_ROUND_DOWN(segment->p_offset), &got);
    else
        mapped = start;
    if (!error && end > file_end && (protection & PAGE_WRITE) && segment->p_filesz)
        error = clear_tail(vm, file_end);
    if (!error && PAGE_ROUND_UP(end) > mapped)
        error = vm_map(vm, mapped, PAGE_ROUND_UP(end) - mapped, protection, flags | MAP_ANONYMOUS,
                       NULL, 0, &got);
    return error;
}

static int map_image(struct vm *vm, struct file *file, const struct image *image, user_address base)
{
    for (unsigned i = 0; i < image->header.table_count; i++) {
        struct elf64_phdr segment;
        elf_program_header(image->table, i, &segment);
        if (segment.p_type != PT_LOAD || !segment.p_memsz)
            continue;
        int error = map_segment(vm, file, &segment, base);
        if (error)
            return error;
    }
    return 0;
}

/* A free range for a relocatable image: reserved by a mapping that the segments then replace. */
static int choose_base(struct vm *vm, const struct image *image, user_address hint,
                       user_address *out)
{
    *out = 0;
    if (!image->header.relocatable)
        return 0;
    user_address got;
    uint64_t length = image->layout.end - image->layout.start;
    int error = vm_map(vm, hint, length, 0, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0, &got);
    if (!error)
        error = vm_unmap(vm, got, length);
    *out = got - image->layout.start;
    return error;
}

static int load_interpreter(struct vm *vm, struct file *program, const struct image *image,
                            struct program *out)
{
    char path[256];
    struct file *file;
    struct image interpreter;
    if (image->layout.interpreter_size > sizeof path)
        return -ENOEXEC;
    int error = read_exactly(program, path, image->layout.interpreter_size,
                             image->layout.interpreter_offset);
    if (!error && path[image->layout.interpreter_size - 1] != '\0')
        error = -ENOEXEC;
    if (!error)
        error = execute_open(AT_FDCWD, path, LOOKUP_FOLLOW, &file);
    if (error)
        return error;
    error = read_image(file, &interpreter);
    if (error) {
        file_put(file);
        return error == -ENOEXEC ? -ELIBBAD : error;
    }
    error = choose_base(vm, &interpreter, 0, &out->base);
    if (!error)
        error = map_image(vm, file, &interpreter, out->base);
    out->start = out->base + interpreter.header.entry;
    kfree(interpreter.table);
    file_put(file);
    return error;
}

static void describe(struct vm *vm, const struct image *image, user_address base,
                     struct program *out)
{
    out->entry = out->start = base + image->header.entry;
    out->base = 0;
    out->table = image->layout.table_address ? base + image->layout.table_address : 0;
    out->table_count = image->header.table_count;
    out->brk = PAGE_ROUND_UP(base + image->layout.break_start);
    for (unsigned i = 0; i < image->header.table_count; i++) {
        struct elf64_phdr segment;
        elf_program_header(image->table, i, &segment);
        if (segment.p_type != PT_LOAD)
            continue;
        user_address start = base + segment.p_vaddr, end = start + segment.p_filesz;
        if (segment.p_flags & PF_X) {
            vm->code_start = start;
            vm->code_end = end;
        } else if (segment.p_flags & PF_W) {
            vm->data_start = start;
            vm->data_end = end;
        }
    }
}

int program_load(struct vm *vm, struct file *file, struct program *out)
{
    struct image image;
    user_address base;
    int error = read_image(file, &image);
    if (error)
        return error;
    error = choose_base(vm, &image, PROGRAM_BASE, &base);
    if (!error)
        error = map_image(vm, file, &image, base);
    if (!error) {
        describe(vm, &image, base, out);
        if (image.layout.interpreter_size)
            error = load_interpreter(vm, file, &image, out);
    }
    kfree(image.table);
    return error;
}
