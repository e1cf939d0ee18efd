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
#include <snapshot/memory.h>

#define WORDS_AT_ONCE 16
#define NAME_COLUMN   73 /* where the names in maps begin */
#define SIZE_COLUMN   16 /* where the figures in smaps begin */

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
    uint64_t words[WORDS_AT_ONCE];
    size_t done = 0, count;

    while ((count = process_auxiliary(subject->process.id, done, words, WORDS_AT_ONCE)) > 0) {
        text_add_bytes(out, words, count * sizeof(words[0]));
        done += count;
    }
    return 0;
}

/* ---- maps ---- */

static void add_file_name(const struct proc_subject *subject, const struct area_snapshot *area,
                          struct text *out)
{
    char *name = kmalloc(PAGE_SIZE);

    if (name == NULL) {
        out->error = -ENOMEM;
        return;
    }
    if (area_name(subject->process.id, area->start, name, PAGE_SIZE) == 0)
        text_add_escaped(out, name, "\n");
    kfree(name);
}

/* The last column: the file, or what an anonymous area is for. */
static void add_area_name(const struct proc_subject *subject, const struct area_snapshot *area,
                          size_t line, struct text *out)
{
    static const char *const purposes[] = {
        [AREA_NAMELESS_FILE] = "/dev/zero (deleted)", /* Linux names it so */
        [AREA_VDSO] = "[vdso]",
        [AREA_HEAP] = "[heap]",
        [AREA_STACK] = "[stack]",
    };

    if (area->kind == AREA_PLAIN)
        return;
    text_pad(out, line, NAME_COLUMN);
    if (area->kind == AREA_FILE)
        add_file_name(subject, area, out);
    else
        text_add(out, "%s", purposes[area->kind]);
}

static void add_area(const struct proc_subject *subject, const struct area_snapshot *area,
                     struct text *out)
{
    size_t line = out->length;

    text_add(out, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)area->start,
             (unsigned long long)area->end, area->readable ? 'r' : '-', area->writable ? 'w' : '-',
             area->executable ? 'x' : '-', area->shared ? 's' : 'p',
             (unsigned long long)area->offset, device_major(area->device),
             device_minor(area->device), (unsigned long long)area->inode);
    add_area_name(subject, area, line, out);
    text_add_bytes(out, "\n", 1);
}

int proc_maps(const struct proc_subject *subject, struct text *out)
{
    struct area_snapshot area = { .end = 0 };

    while (area_snapshot(subject->process.id, area.end, &area) == 0)
        add_area(subject, &area, out);
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
    struct area_snapshot area = { .end = 0 };
    struct area_use use;

    while (area_snapshot(subject->process.id, area.end, &area) == 0 &&
           area_measure(subject->process.id, area.start, &use) == 0) {
        add_area(subject, &area, out);
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
    struct area_snapshot first, area = { .end = 0 };
    struct area_use sum = { 0 }, use;

    if (area_snapshot(subject->process.id, 0, &first) != 0)
        return -ESRCH;
    while (area_snapshot(subject->process.id, area.end, &area) == 0 &&
           area_measure(subject->process.id, area.start, &use) == 0) {
        sum.resident += use.resident;
        sum.proportional += use.proportional;
        sum.shared_clean += use.shared_clean;
        sum.shared_dirty += use.shared_dirty;
        sum.private_clean += use.private_clean;
        sum.private_dirty += use.private_dirty;
        sum.anonymous += use.anonymous;
    }
    text_add(out, "%08llx-%08llx ---p 00000000 00:00 0", (unsigned long long)first.start,
             (unsigned long long)area.end);
    text_pad(out, 0, NAME_COLUMN);
    text_add(out, "[rollup]\n");
    add_use(&sum, out);
    return 0;
}
