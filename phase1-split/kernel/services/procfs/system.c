/* The files of /proc that are about the system as a whole. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/stat.h>

#include <platform/clock.h>
#include <platform/cpu.h>
#include <platform/page.h>

#include <lib/bits.h>
#include <lib/string.h>

#include <fs/device.h>
#include <fs/page_cache.h>
#include <process/process.h>
#include <system.h>

/* ---- memory ---- */

static void add_amount(struct text *out, const char *name, uint64_t pages)
{
    text_add(out, "%-16s%8llu kB\n", name, (unsigned long long)pages * (PAGE_SIZE / 1024));
}

/* All file data lives in memory only, so none of the cache could be given up. */
static int show_meminfo(const struct proc_subject *subject, struct text *out)
{
    struct frame_statistics memory;
    uint64_t cached = page_cache_total();

    (void)subject;
    frame_statistics(&memory);
    add_amount(out, "MemTotal:", memory.total);
    add_amount(out, "MemFree:", memory.free);
    add_amount(out, "MemAvailable:", memory.free - min(memory.free, memory.reserve));
    add_amount(out, "Buffers:", 0);
    add_amount(out, "Cached:", cached);
    add_amount(out, "SwapCached:", 0);
    add_amount(out, "SwapTotal:", 0);
    add_amount(out, "SwapFree:", 0);
    add_amount(out, "Dirty:", 0);
    add_amount(out, "Writeback:", 0);
    add_amount(out, "Shmem:", cached);
    add_amount(out, "Slab:", memory.heap);
    add_amount(out, "SReclaimable:", 0);
    add_amount(out, "SUnreclaim:", memory.heap);
    return 0;
}

/* What the memory has been through: Linux's counters of the same names, as far as there is such a
 * thing here.  Nothing is ever paged in or out. */
static int show_vmstat(const struct proc_subject *subject, struct text *out)
{
    struct frame_statistics memory;

    (void)subject;
    frame_statistics(&memory);
    text_add(out, "nr_free_pages %llu\nnr_file_pages %llu\nnr_shmem %llu\n",
             (unsigned long long)memory.free, (unsigned long long)page_cache_total(),
             (unsigned long long)page_cache_total());
    text_add(out, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault %llu\npgmajfault 0\n",
             (unsigned long long)process_page_faults());
    return 0;
}

/* ---- identity ---- */

static int show_version(const struct proc_subject *subject, struct text *out)
{
    const struct new_utsname *name = system_name();

    (void)subject;
    text_add(out, "%s version %s (gcc %s) %s\n", name->sysname, name->release, __VERSION__,
             name->version);
    return 0;
}

static int show_command_line(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%s\n", system_command_line());
    return 0;
}

static int show_cpuinfo(const struct proc_subject *subject, struct text *out)
{
    const struct cpu_information *cpu = cpu_information();

    (void)subject;
    text_add(out, "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu->vendor,
             cpu->family, cpu->model);
    text_add(out, "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %llu.%03llu\n", cpu->brand,
             cpu->stepping, cpu->megahertz,
             (unsigned long long)(clock_frequency() % 1000000 / 1000));
    text_add(out, "physical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n");
    text_add(out, "flags\t\t: %s\n\n", cpu->flags);
    return 0;
}

static int show_filesystems(const struct proc_subject *subject, struct text *out)
{
    const struct file_system_type *type;

    (void)subject;
    for (size_t i = 0; (type = vfs_type(i)) != NULL; i++)
        text_add(out, "%s\t%s\n", type->flags & FS_NO_SOURCE ? "nodev" : "", type->name);
    return 0;
}

/* ---- devices ---- */

/* The driver behind a major number, by its name in Linux's Documentation/admin-guide/devices.txt;
 * for others, the first device does. */
static const char *driver_name(const struct device *device)
{
    switch (device_major(device->number)) {
    case 1:
        return "mem";
    case 4:
        return "tty";
    case 5:
        return "/dev/tty";
    case 136:
        return "pts";
    default:
        return device->name;
    }
}

static int show_devices(const struct proc_subject *subject, struct text *out)
{
    const struct device *device, *first;

    (void)subject;
    text_add(out, "Character devices:\n");
    for (uint32_t major = 0; major < 512; major++) {
        first = NULL;
        for (size_t i = 0; first == NULL && (device = device_at(i)) != NULL; i++)
            if (device_major(device->number) == major)
                first = device;
        if (first != NULL)
            text_add(out, "%3u %s\n", major, driver_name(first));
    }
    text_add(out, "\nBlock devices:\n");
    return 0;
}

static int show_partitions(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "major minor  #blocks  name\n\n");
    return 0;
}

static int show_swaps(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

static int read_mounts_link(const struct proc_subject *subject, char *target, size_t size,
                            size_t *length)
{
    (void)subject;
    *length = string_copy(target, "self/mounts", size);
    return 0;
}

/* No disk: no lines. */
static int show_disks(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    (void)out;
    return 0;
}

/* ---- the root ---- */

static const struct proc_item root_items[] = {
    { "cmdline", S_IFREG | 0444, .generate = show_command_line },
    { "cpuinfo", S_IFREG | 0444, .generate = show_cpuinfo },
    { "devices", S_IFREG | 0444, .generate = show_devices },
    { "diskstats", S_IFREG | 0444, .generate = show_disks },
    { "filesystems", S_IFREG | 0444, .generate = show_filesystems },
    { "interrupts", S_IFREG | 0444, .generate = proc_interrupts },
    { "loadavg", S_IFREG | 0444, .generate = proc_loadavg },
    { "locks", S_IFREG | 0444, .generate = proc_locks },
    { "meminfo", S_IFREG | 0444, .generate = show_meminfo },
    { "mounts", S_IFLNK | 0777, .read_link = read_mounts_link },
    { "net", S_IFLNK | 0777, .read_link = proc_net_link },
    { "partitions", S_IFREG | 0444, .generate = show_partitions },
    { "self", S_IFLNK | 0777, .read_link = proc_read_self },
    { "stat", S_IFREG | 0444, .generate = proc_system_stat },
    { "swaps", S_IFREG | 0444, .generate = show_swaps },
    { "sys", S_IFDIR | 0555, .directory = &proc_sys_directory },
    { "thread-self", S_IFLNK | 0777, .read_link = proc_read_thread_self },
    { "uptime", S_IFREG | 0444, .generate = proc_uptime },
    { "version", S_IFREG | 0444, .generate = show_version },
    { "vmstat", S_IFREG | 0444, .generate = show_vmstat },
};

static const struct proc_directory root_directory = { .id = PROC_ROOT,
                                                      .items = root_items,
                                                      .count = array_count(root_items),
                                                      .numbered = &proc_process_item,
                                                      .numbers = proc_process_numbers };

const struct proc_item proc_root_item = { NULL, S_IFDIR | 0555, .directory = &root_directory };
