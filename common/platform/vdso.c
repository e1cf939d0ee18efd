/* Hands out the vDSO's image, which is linked into the kernel as data. */
#include <platform/vdso.h>

#include <linux/elf.h>

extern const char vdso_image_start[]; /* vdso_image.S */

/* What the one loaded segment holds; behind it in the file lies what only a linker reads. */
const void *vdso_image(size_t *size)
{
    const struct elf64_hdr *header = (const void *)vdso_image_start;
    const struct elf64_phdr *segment = (const void *)(vdso_image_start + header->e_phoff);
    *size = segment->p_filesz;
    return vdso_image_start;
}
