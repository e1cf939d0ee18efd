/* The vDSO is a read-only file without a name, in memory only, that every program has mapped.  The
 * figures in its last page are written through the page cache, so all see them at once. */
#include <memory/vdso.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include <fs/file.h>
#include <fs/page_cache.h>
#include <memory/shared_memory.h>
#include <platform/vdso.h>

static struct file *file;
static size_t size; /* bytes */
static struct vdso_data figures;

/* Where the figures lie in the file. */
static uint64_t figures_start(void)
{
    return size - PAGE_SIZE;
}

static int write_file(const void *from, size_t length, uint64_t position)
{
    struct user_buffer buffer;
    user_buffer_init_kernel(&buffer, (void *)from, length);
    return page_cache_write(file->inode, &buffer, position);
}

int vdso_init(void)
{
    const void *image = vdso_image(&size);
    int error = shared_memory_create(size, &file);
    if (!error)
        error = write_file(image, size, 0);
    vdso_describe_clock(&figures);
    if (!error)
        error = write_file(&figures, sizeof figures, figures_start());
    file->flags = O_RDONLY; /* so no mapping can be made writable */
    return error;
}

int vdso_map(struct vm *vm, user_address *out)
{
    return vm_map(vm, 0, size, PAGE_READ | PAGE_EXECUTE, MAP_SHARED, file, 0, out);
}

void vdso_set_wall_offset(int64_t offset)
{
    figures.wall_offset = offset;
    if (file) /* the page is there: this cannot fail */
        write_file(&figures.wall_offset, sizeof figures.wall_offset,
                   figures_start() + offsetof(struct vdso_data, wall_offset));
}

bool vdso_is(const struct file *candidate)
{
    return candidate && candidate == file;
}
