/* /proc/sys: what sysctl(8) shows and changes. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include <platform/allocation_failure.h>
#include <platform/log.h>
#include <platform/page.h>

#include <lib/bits.h>
#include <lib/string.h>

#include <random.h>
#include <snapshot/files.h>
#include <snapshot/system.h>

#define UUID_SIZE 16

/* ---- kernel ---- */

static int show_host_name(const struct proc_subject *subject, struct text *out)
{
    struct new_utsname name;

    (void)subject;
    system_identity(&name);
    text_add(out, "%s\n", name.nodename);
    return 0;
}

static int store_host_name(const struct proc_subject *subject, const char *text)
{
    (void)subject;
    return setting_rename(SETTING_HOST_NAME, text, strlen(text));
}

static int show_domain_name(const struct proc_subject *subject, struct text *out)
{
    struct new_utsname name;

    (void)subject;
    system_identity(&name);
    text_add(out, "%s\n", name.domainname);
    return 0;
}

static int store_domain_name(const struct proc_subject *subject, const char *text)
{
    (void)subject;
    return setting_rename(SETTING_DOMAIN_NAME, text, strlen(text));
}

static int show_system_type(const struct proc_subject *subject, struct text *out)
{
    struct new_utsname name;

    (void)subject;
    system_identity(&name);
    text_add(out, "%s\n", name.sysname);
    return 0;
}

static int show_release(const struct proc_subject *subject, struct text *out)
{
    struct new_utsname name;

    (void)subject;
    system_identity(&name);
    text_add(out, "%s\n", name.release);
    return 0;
}

static int show_build(const struct proc_subject *subject, struct text *out)
{
    struct new_utsname name;

    (void)subject;
    system_identity(&name);
    text_add(out, "%s\n", name.version);
    return 0;
}

static int show_pid_max(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.process_ids);
    return 0;
}

static int store_pid_max(const struct proc_subject *subject, const char *text)
{
    uint64_t limit;

    (void)subject;
    if (string_to_u64(text, 10, &limit) != 0)
        return -EINVAL;
    return setting_change(SETTING_PROCESS_IDS, limit);
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

static int show_groups_limit(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%d\n", NGROUPS_MAX);
    return 0;
}

static int show_process_limit(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.processes);
    return 0;
}

/* ---- kernel/random ---- */

/* 16 random bytes as a version 4 UUID (RFC 4122, section 4.4). */
static void add_uuid(const uint8_t *random, struct text *out)
{
    for (size_t i = 0; i < UUID_SIZE; i++) {
        uint8_t byte = random[i];

        if (i == 6)
            byte = (byte & 0x0f) | 0x40;
        if (i == 8)
            byte = (byte & 0x3f) | 0x80;
        text_add(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", byte);
    }
    text_add(out, "\n");
}

static int show_uuid(const struct proc_subject *subject, struct text *out)
{
    uint8_t random[UUID_SIZE];

    (void)subject;
    random_bytes(random, sizeof(random));
    add_uuid(random, out);
    return 0;
}

/* Drawn when it is first asked for, and the same until the next boot. */
static int show_boot_id(const struct proc_subject *subject, struct text *out)
{
    static uint8_t boot[UUID_SIZE];
    static bool drawn;

    (void)subject;
    if (!drawn)
        random_bytes(boot, sizeof(boot));
    drawn = true;
    add_uuid(boot, out);
    return 0;
}

/* ---- fs ---- */

/* Open files; those allocated and not used, of which there are none; and the system's limit. */
static int show_file_numbers(const struct proc_subject *subject, struct text *out)
{
    struct file_counts counts;
    struct system_limits limits;

    (void)subject;
    file_counts(&counts);
    system_limits(&limits);
    text_add(out, "%llu\t0\t%llu\n", (unsigned long long)counts.open,
             (unsigned long long)limits.open_files);
    return 0;
}

static int show_file_limit(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.open_files);
    return 0;
}

static int store_file_limit(const struct proc_subject *subject, const char *text)
{
    uint64_t limit;

    (void)subject;
    if (string_to_u64(text, 10, &limit) != 0)
        return -EINVAL;
    return setting_change(SETTING_OPEN_FILES, limit);
}

/* Inodes in memory, and those nobody uses: Core keeps none of these but through a dentry. */
static int show_inode_numbers(const struct proc_subject *subject, struct text *out)
{
    struct file_counts counts;

    (void)subject;
    file_counts(&counts);
    text_add(out, "%llu\t0\n", (unsigned long long)counts.inodes);
    return 0;
}

/* Dentries in memory; those nobody uses; an age limit and wanted pages, which Linux never changes;
 * those of the unused that say that there is no such name; a zero: Linux,
 * Documentation/admin-guide/sysctl/fs.rst. */
static int show_dentry_numbers(const struct proc_subject *subject, struct text *out)
{
    struct file_counts counts;

    (void)subject;
    file_counts(&counts);
    text_add(out, "%llu\t%llu\t45\t0\t%llu\t0\n", (unsigned long long)counts.names,
             (unsigned long long)counts.unused_names, (unsigned long long)counts.missing_names);
    return 0;
}

static int show_open_limit(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.descriptors);
    return 0;
}

static int show_pipe_size_limit(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.pipe_size);
    return 0;
}

static int show_pipe_pages_limit(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.pipe_pages);
    return 0;
}

/* ---- vm ---- */

/* Linux's 1 and 2 drop pages, or names and inodes; every page here is the only copy. */
static int store_drop_caches(const struct proc_subject *subject, const char *text)
{
    uint64_t what;

    (void)subject;
    if (string_to_u64(text, 10, &what) != 0 || what < 1 || what > 4)
        return -EINVAL;
    if (what & 2)
        system_drop_caches();
    return 0;
}

static int show_map_count(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.areas);
    return 0;
}

static int show_fail_allocation(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "%llu\n", (unsigned long long)allocation_failures());
    return 0;
}

/* "FIRST" or "FIRST PERIOD": platform/allocation_failure.h.  Takes no memory itself. */
static int store_fail_allocation(const struct proc_subject *subject, const char *text)
{
    char first[PROC_STORE];
    uint64_t numbers[2] = { 0, 0 };
    size_t length = 0;

    (void)subject;
    while (text[length] != '\0' && text[length] != ' ')
        length++;
    string_copy(first, text, length + 1);
    if (string_to_u64(first, 10, &numbers[0]) != 0 ||
        (text[length] != '\0' && string_to_u64(text + length + 1, 10, &numbers[1]) != 0))
        return -EINVAL;
    allocation_failure_set(numbers[0], numbers[1]);
    return 0;
}

/* Memory is promised without counting and found when it is touched: what Linux calls 1. */
static int show_overcommit(const struct proc_subject *subject, struct text *out)
{
    (void)subject;
    text_add(out, "1\n");
    return 0;
}

static int show_lowest_address(const struct proc_subject *subject, struct text *out)
{
    struct system_limits limits;

    (void)subject;
    system_limits(&limits);
    text_add(out, "%llu\n", (unsigned long long)limits.lowest_address);
    return 0;
}

static int show_reserve(const struct proc_subject *subject, struct text *out)
{
    struct frame_statistics memory;

    (void)subject;
    frame_statistics(&memory);
    text_add(out, "%llu\n", (unsigned long long)memory.reserve * (PAGE_SIZE / 1024));
    return 0;
}

static const struct proc_item random_items[] = {
    { "boot_id", S_IFREG | 0444, .generate = show_boot_id },
    { "uuid", S_IFREG | 0444, .generate = show_uuid },
};

static const struct proc_directory random_directory = { .id = PROC_SYS_KERNEL_RANDOM,
                                                        .items = random_items,
                                                        .count = array_count(random_items) };

static const struct proc_item kernel_items[] = {
    { "domainname", S_IFREG | 0644, .generate = show_domain_name, .store = store_domain_name },
    { "hostname", S_IFREG | 0644, .generate = show_host_name, .store = store_host_name },
    { "ngroups_max", S_IFREG | 0444, .generate = show_groups_limit },
    { "osrelease", S_IFREG | 0444, .generate = show_release },
    { "ostype", S_IFREG | 0444, .generate = show_system_type },
    { "pid_max", S_IFREG | 0644, .generate = show_pid_max, .store = store_pid_max },
    { "printk", S_IFREG | 0644, .generate = show_log_level, .store = store_log_level },
    { "random", S_IFDIR | 0555, .directory = &random_directory },
    { "threads-max", S_IFREG | 0444, .generate = show_process_limit },
    { "version", S_IFREG | 0444, .generate = show_build },
};

static const struct proc_directory kernel_directory = { .id = PROC_SYS_KERNEL,
                                                        .items = kernel_items,
                                                        .count = array_count(kernel_items) };

static const struct proc_item fs_items[] = {
    { "dentry-state", S_IFREG | 0444, .generate = show_dentry_numbers },
    { "file-max", S_IFREG | 0644, .generate = show_file_limit, .store = store_file_limit },
    { "file-nr", S_IFREG | 0444, .generate = show_file_numbers },
    { "inode-nr", S_IFREG | 0444, .generate = show_inode_numbers },
    { "nr_open", S_IFREG | 0444, .generate = show_open_limit },
    { "pipe-max-size", S_IFREG | 0444, .generate = show_pipe_size_limit },
    { "pipe-user-pages-soft", S_IFREG | 0444, .generate = show_pipe_pages_limit },
};

static const struct proc_directory fs_directory = { .id = PROC_SYS_FS,
                                                    .items = fs_items,
                                                    .count = array_count(fs_items) };

static const struct proc_item vm_items[] = {
    { "drop_caches", S_IFREG | 0200, .store = store_drop_caches },
    { "fail_allocation", S_IFREG | 0600, .generate = show_fail_allocation,
      .store = store_fail_allocation },
    { "max_map_count", S_IFREG | 0444, .generate = show_map_count },
    { "min_free_kbytes", S_IFREG | 0444, .generate = show_reserve },
    { "mmap_min_addr", S_IFREG | 0444, .generate = show_lowest_address },
    { "overcommit_memory", S_IFREG | 0444, .generate = show_overcommit },
};

static const struct proc_directory vm_directory = { .id = PROC_SYS_VM,
                                                    .items = vm_items,
                                                    .count = array_count(vm_items) };

static const struct proc_item sys_items[] = {
    { "fs", S_IFDIR | 0555, .directory = &fs_directory },
    { "kernel", S_IFDIR | 0555, .directory = &kernel_directory },
    { "net", S_IFDIR | 0555, .directory = &proc_sys_net_directory },
    { "vm", S_IFDIR | 0555, .directory = &vm_directory },
};

const struct proc_directory proc_sys_directory = { .id = PROC_SYS,
                                                   .items = sys_items,
                                                   .count = array_count(sys_items) };
