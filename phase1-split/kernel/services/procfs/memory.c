/* What the memory of a process holds: its arguments, environment and areas.
 *
 * The process is usually not the one that runs, and no page is brought in for a reader: what was
 * never touched, or is not in memory now, is not shown. */
#include "procfs.h"

#include <linux/errno.h>

#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/page.h>

#include <lib/bits.h>

#include <fs/device.h>
#include <fs/file.h>
#include <memory/vdso.h>
#include <memory/vm.h>
#include <process/process.h>
#include <process/snapshot.h>

#define NAME_COLUMN 73 /* where the names in maps begin */
#define SIZE_COLUMN 16 /* where the figures in smaps begin */

/* Appends [start, end), as far as it is in memory. */
static void add_memory(const struct proc_subject *subject, user_address start, user_address end,
                       struct text *out)
{
    while (start < end) {
        size_t piece = min((size_t)(end - start), PAGE_SIZE);
        void *room = text_room(out, piece);
        long length =
            room == NULL ? 0 : process_read_memory(proc_process_id(subject), start, room, piece);

        if (length <= 0)
            return;
        out->length += (size_t)length;
        start += (size_t)length;
    }
}

/* A program may have written a title over its arguments, and beyond them over the environment:
 * one that does not end where the arguments did goes on to its NUL.  proc(5). */
int proc_cmdline(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    const struct memory_layout *layout = &process.layout;
    size_t length;
    int error = process_snapshot(proc_process_id(subject), 0, &process);

    if (error != 0)
        return error;
    add_memory(subject, layout->arguments_start, layout->arguments_end, out);
    length = layout->arguments_end - layout->arguments_start;
    if (length == 0 || out->length != length || out->data[length - 1] == '\0' ||
        layout->environment_start != layout->arguments_end)
        return 0;
    add_memory(subject, layout->environment_start, layout->environment_end, out);
    for (length = 0; length < out->length && out->data[length] != '\0';)
        length++;
    out->length = min(length + 1, out->length);
    return 0;
}

int proc_environ(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    int error = process_snapshot(proc_process_id(subject), 0, &process);

    if (error == 0)
        add_memory(subject, process.layout.environment_start, process.layout.environment_end, out);
    return error;
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
    if (vdso_is(area->file))
        purpose = "[vdso]";
    else if (area->file != NULL)
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

/* ---- smaps ---- */

static void add_kilobytes(struct text *out, const char *name, uint64_t pages)
{
    size_t line = out->length;

    text_add(out, "%s:", name);
    text_pad(out, line, SIZE_COLUMN);
    text_add(out, "%8llu kB\n", (unsigned long long)pages * (PAGE_SIZE / 1024));
}

static void add_use(const struct area_use *use, struct text *out)
{
    size_t line;

    add_kilobytes(out, "Rss", use->resident);
    line = out->length;
    text_add(out, "Pss:");
    text_pad(out, line, SIZE_COLUMN);
    text_add(out, "%8llu kB\n", (unsigned long long)use->proportional / 1024);
    add_kilobytes(out, "Shared_Clean", use->shared_clean);
    add_kilobytes(out, "Shared_Dirty", use->shared_dirty);
    add_kilobytes(out, "Private_Clean", use->private_clean);
    add_kilobytes(out, "Private_Dirty", use->private_dirty);
    add_kilobytes(out, "Anonymous", use->anonymous);
    add_kilobytes(out, "Swap", 0);
    add_kilobytes(out, "Locked", 0);
}

int proc_smaps(const struct proc_subject *subject, struct text *out)
{
    const struct vm *vm = subject->process->vm;
    struct area_use use;

    for (unsigned i = 0; vm != NULL && i < vm->count; i++) {
        area_measure(vm->areas[i], &use);
        add_area(vm->areas[i], out);
        add_kilobytes(out, "Size", use.size);
        add_kilobytes(out, "KernelPageSize", 1);
        add_kilobytes(out, "MMUPageSize", 1);
        add_use(&use, out);
    }
    return 0;
}

/* The sums over all areas, under one line that spans them. */
int proc_smaps_rollup(const struct proc_subject *subject, struct text *out)
{
    const struct vm *vm = subject->process->vm;
    struct area_use sum = { 0 }, use;

    if (vm == NULL || vm->count == 0)
        return -ESRCH;
    for (unsigned i = 0; i < vm->count; i++) {
        area_measure(vm->areas[i], &use);
        sum.resident += use.resident;
        sum.proportional += use.proportional;
        sum.shared_clean += use.shared_clean;
        sum.shared_dirty += use.shared_dirty;
        sum.private_clean += use.private_clean;
        sum.private_dirty += use.private_dirty;
        sum.anonymous += use.anonymous;
    }
    text_add(out, "%08llx-%08llx ---p 00000000 00:00 0", (unsigned long long)vm->areas[0]->start,
             (unsigned long long)vm->areas[vm->count - 1]->end);
    text_pad(out, 0, NAME_COLUMN);
    text_add(out, "[rollup]\n");
    add_use(&sum, out);
    return 0;
}
