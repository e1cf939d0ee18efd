/* The files of /proc that are about the system as a whole. */
#include <services/procfs.h>

#include <linux/errno.h>
#include <linux/stat.h>

#include <platform/clock.h>
#include <platform/cpu.h>
#include <platform/log.h>
#include <platform/page.h>

#include <lib/bits.h>
#include <lib/string.h>

#include <fs/device.h>
#include <fs/page_cache.h>
#include <param.h>
#include <process/process.h>
#include <process/wall_clock.h>
#include <system.h>

#define CLOCK_TICK (uint64_t)10000000 /* ns: user programs count in hundredths of a second */
#define LOAD_SHIFT 16                 /* scheduler_load() gives fixed-point numbers */
#define LOAD_UNIT  (1u << LOAD_SHIFT)

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

/* ---- time and load ---- */

static void add_seconds(struct text *out, uint64_t nanoseconds)
{
    text_add(out, "%llu.%02llu", (unsigned long long)(nanoseconds / NANOSECONDS_PER_SECOND),
             (unsigned long long)(nanoseconds % NANOSECONDS_PER_SECOND / CLOCK_TICK));
}

static int show_uptime(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    add_seconds(out, clock_monotonic());
    text_add(out, " ");
    add_seconds(out, scheduler_idle_time());
    text_add(out, "\n");
    return 0;
}

static int show_loadavg(const struct proc_subject *subject, struct text *out)
{
    uint32_t load[3];

    (void)subject;
    scheduler_load(load);
    for (size_t i = 0; i < array_count(load); i++) {
        uint32_t rounded = load[i] + LOAD_UNIT / 200;

        text_add(out, "%u.%02u ", rounded >> LOAD_SHIFT,
                 ((rounded & (LOAD_UNIT - 1)) * 100) >> LOAD_SHIFT);
    }
    text_add(out, "%u/%u %d\n", scheduler_runnable(), process_count(), process_last_id());
    return 0;
}

/* Processor time of everything that runs or was waited for, ns.  Processes that nobody waited for
 * drop out, and their samples divide time anew again and again; but who reads twice takes the
 * difference, so no figure may go back. */
static void total_times(uint64_t *user, uint64_t *system)
{
    static uint64_t user_shown, system_shown;
    struct process *process;
    uint64_t own_user, own_system;

    *user = *system = 0;
    for (process = process_next(NULL); process != NULL; process = process_next(process)) {
        process_times(process, &own_user, &own_system);
        *user += own_user + process->children_user_time;
        *system += own_system + process->children_system_time;
    }
    user_shown = *user = max(*user, user_shown);
    system_shown = *system = max(*system, system_shown);
}

static void add_cpu(struct text *out, const char *name, uint64_t user, uint64_t system)
{
    text_add(out, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name,
             (unsigned long long)(user / CLOCK_TICK), (unsigned long long)(system / CLOCK_TICK),
             (unsigned long long)(scheduler_idle_time() / CLOCK_TICK));
}

static int show_stat(const struct proc_subject *subject, struct text *out)
{
    uint64_t user, system;

    (void)subject;
    total_times(&user, &system);
    add_cpu(out, "cpu ", user, system);
    add_cpu(out, "cpu0", user, system);
    text_add(out, "intr 0\nctxt %llu\nbtime %llu\n", (unsigned long long)scheduler_switches(),
             (unsigned long long)((wall_clock() - clock_monotonic()) / NANOSECONDS_PER_SECOND));
    text_add(out, "processes %d\nprocs_running %u\nprocs_blocked 0\n", process_last_id(),
             scheduler_runnable());
    text_add(out, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
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

/* ---- /proc/sys ---- */

static int show_host_name(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%s\n", system_name()->nodename);
    return 0;
}

static int store_host_name(const struct proc_subject *subject, const char *text)
{
    (void)subject;
    return system_set_host_name(text, strlen(text));
}

static int show_domain_name(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%s\n", system_name()->domainname);
    return 0;
}

static int store_domain_name(const struct proc_subject *subject, const char *text)
{
    (void)subject;
    return system_set_domain_name(text, strlen(text));
}

static int show_system_type(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%s\n", system_name()->sysname);
    return 0;
}

static int show_release(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%s\n", system_name()->release);
    return 0;
}

static int show_build(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%s\n", system_name()->version);
    return 0;
}

static int show_pid_max(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%d\n", PID_LIMIT);
    return 0;
}

/* Linux counts the first level that is not shown; then come the default and the least level, and
 * the level at boot. */
static int show_log_level(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%d\t%d\t1\t%d\n", log_console_level() + 1, LOG_WARNING, LOG_NOTICE + 1);
    return 0;
}

/* The first number counts; the others cannot be changed. */
static int store_log_level(const struct proc_subject *subject, const char *text)
{
    char first[PROC_STORE];
    uint64_t level;
    size_t length = 0;

    (void)subject;
    while (text[length] != '\0' && text[length] != ' ' && text[length] != '\t')
        length++;
    string_copy(first, text, length + 1);
    if (string_to_u64(first, 10, &level) != 0 || level > LOG_DEBUG + 1)
        return -EINVAL;
    log_set_console_level((int)level - 1);
    return 0;
}

/* Memory is promised without counting and found when it is touched: what Linux calls 1. */
static int show_overcommit(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "1\n");
    return 0;
}

static const struct proc_item kernel_items[] = {
    { "domainname", S_IFREG | 0644, .generate = show_domain_name, .store = store_domain_name },
    { "hostname", S_IFREG | 0644, .generate = show_host_name, .store = store_host_name },
    { "osrelease", S_IFREG | 0444, .generate = show_release },
    { "ostype", S_IFREG | 0444, .generate = show_system_type },
    { "pid_max", S_IFREG | 0444, .generate = show_pid_max },
    { "printk", S_IFREG | 0644, .generate = show_log_level, .store = store_log_level },
    { "version", S_IFREG | 0444, .generate = show_build },
};

static const struct proc_item vm_items[] = {
    { "overcommit_memory", S_IFREG | 0444, .generate = show_overcommit },
};

static const struct proc_directory kernel_directory = { .id = PROC_SYS_KERNEL,
                                                        .items = kernel_items,
                                                        .count = array_count(kernel_items) };

static const struct proc_directory vm_directory = { .id = PROC_SYS_VM,
                                                    .items = vm_items,
                                                    .count = array_count(vm_items) };

static const struct proc_item sys_items[] = {
    { "kernel", S_IFDIR | 0555, .directory = &kernel_directory },
    { "vm", S_IFDIR | 0555, .directory = &vm_directory },
};

static const struct proc_directory sys_directory = { .id = PROC_SYS,
                                                     .items = sys_items,
                                                     .count = array_count(sys_items) };

/* ---- the root ---- */

static const struct proc_item root_items[] = {
    { "cmdline", S_IFREG | 0444, .generate = show_command_line },
    { "cpuinfo", S_IFREG | 0444, .generate = show_cpuinfo },
    { "devices", S_IFREG | 0444, .generate = show_devices },
    { "filesystems", S_IFREG | 0444, .generate = show_filesystems },
    { "loadavg", S_IFREG | 0444, .generate = show_loadavg },
    { "meminfo", S_IFREG | 0444, .generate = show_meminfo },
    { "mounts", S_IFLNK | 0777, .read_link = read_mounts_link },
    { "partitions", S_IFREG | 0444, .generate = show_partitions },
    { "self", S_IFLNK | 0777, .read_link = proc_read_self },
    { "stat", S_IFREG | 0444, .generate = show_stat },
    { "swaps", S_IFREG | 0444, .generate = show_swaps },
    { "sys", S_IFDIR | 0555, .directory = &sys_directory },
    { "thread-self", S_IFLNK | 0777, .read_link = proc_read_thread_self },
    { "uptime", S_IFREG | 0444, .generate = show_uptime },
    { "version", S_IFREG | 0444, .generate = show_version },
};

static const struct proc_directory root_directory = { .id = PROC_ROOT,
                                                      .items = root_items,
                                                      .count = array_count(root_items),
                                                      .numbered = &proc_process_item,
                                                      .has = proc_has_process,
                                                      .numbers = proc_process_numbers };

const struct proc_item proc_root_item = { NULL, S_IFDIR | 0555, .directory = &root_directory };
