/* What the memory of a process holds: its arguments, environment and areas.
 *
 * The process is usually not the one that runs, so its pages are found through its page tables; a
 * page that is not there is brought in as the process itself would. */
#include <services/procfs.h>

#include <linux/errno.h>

#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/page.h>

#include <lib/bits.h>

#include <fs/device.h>
#include <fs/file.h>
#include <memory/vm.h>
#include <process/process.h>

#define NAME_COLUMN 73 /* where the names in maps begin */

/* The page at `address`, made present; NULL if there is none to read. */
static const char *find_page(struct vm *vm, user_address address)
{
    struct frame *frame;

    if (vm_make_present(vm, address, 1, PAGE_READ) != 1)
        return NULL;
    frame = address_space_lookup(vm->space, PAGE_ROUND_DOWN(address), NULL);
    return frame == NULL ? NULL : frame_data(frame);
}

/* Appends [start, end), as far as it can be read. */
static void add_memory(struct vm *vm, user_address start, user_address end, struct text *out)
{
    const char *page;
    size_t offset, piece;

    for (; start < end; start += piece) {
        page = find_page(vm, start);
        if (page == NULL)
            return;
        offset = start & PAGE_MASK;
        piece = min(PAGE_SIZE - offset, (size_t)(end - start));
        text_add_bytes(out, page + offset, piece);
    }
}

int proc_cmdline(const struct proc_subject *subject, struct text *out)
{
    struct vm *vm = subject->process->vm;

    if (vm != NULL)
        add_memory(vm, vm->arguments_start, vm->arguments_end, out);
    return 0;
}

int proc_environ(const struct proc_subject *subject, struct text *out)
{
    struct vm *vm = subject->process->vm;

    if (vm != NULL)
        add_memory(vm, vm->environment_start, vm->environment_end, out);
    return 0;
}

int proc_auxv(const struct proc_subject *subject, struct text *out)
{
    const struct vm *vm = subject->process->vm;

    if (vm != NULL)
        text_add_bytes(out, vm->auxiliary, vm->auxiliary_count * sizeof(vm->auxiliary[0]));
    return 0;
}

/* ---- maps ---- */

static void add_file_name(const struct path *path, struct text *out)
{
    char *buffer = kmalloc(PAGE_SIZE), *name;

    if (buffer == NULL) {
        out->error = -ENOMEM;
        return;
    }
    name = path_to_string(path, buffer, PAGE_SIZE, NULL);
    if (name != NULL)
        text_add_escaped(out, name, "\n");
    kfree(buffer);
}

/* The last column: the file, or what an anonymous area is for. */
static void add_area_name(const struct vm_area *area, size_t line, struct text *out)
{
    const struct vm *vm = area->vm;
    const char *purpose = NULL;

    if (area->file != NULL && area->file->path.dentry != NULL) {
        text_pad(out, line, NAME_COLUMN);
        add_file_name(&area->file->path, out);
        return;
    }
    if (area->file != NULL)
        purpose = "/dev/zero (deleted)"; /* shared, without a file: Linux names it so */
    else if (vm->brk_end > vm->brk_start && area->start <= vm->brk_end &&
             area->end >= vm->brk_start)
        purpose = "[heap]";
    else if (area->start <= vm->stack_top && area->end >= vm->stack_top)
        purpose = "[stack]";
    if (purpose == NULL)
        return;
    text_pad(out, line, NAME_COLUMN);
    text_add(out, "%s", purpose);
}

static void add_area(const struct vm_area *area, struct text *out)
{
    const struct inode *inode = area->file == NULL ? NULL : area->file->inode;
    uint64_t device = inode == NULL || inode->fs == NULL ? 0 : inode->fs->device;
    uint64_t offset = area->file == NULL ? 0 : area->offset << PAGE_SHIFT;
    size_t line = out->length;

    text_add(out, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)area->start,
             (unsigned long long)area->end, area->protection & PAGE_READ ? 'r' : '-',
             area->protection & PAGE_WRITE ? 'w' : '-', area->protection & PAGE_EXECUTE ? 'x' : '-',
             area->flags & AREA_SHARED ? 's' : 'p', (unsigned long long)offset,
             device_major(device), device_minor(device),
             (unsigned long long)(inode == NULL ? 0 : inode->attributes.number));
    add_area_name(area, line, out);
    text_add_bytes(out, "\n", 1);
}

int proc_maps(const struct proc_subject *subject, struct text *out)
{
    const struct vm *vm = subject->process->vm;

    for (unsigned i = 0; vm != NULL && i < vm->count; i++)
        add_area(vm->areas[i], out);
    return 0;
}
