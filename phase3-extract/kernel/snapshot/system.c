/* Copies of what the system as a whole is and does, for those who are no part of Core. */
#include <snapshot/system.h>

#include <linux/errno.h>

#include <fs/file.h>
#include <fs/page_cache.h>
#include <lib/string.h>
#include <memory/reclaim.h>
#include <param.h>
#include <platform/address_space.h>
#include <platform/cpu.h>
#include <platform/interrupts.h>
#include <platform/memory.h>
#include <process/process.h>
#include <system.h>

void system_identity(struct new_utsname *out)
{
    *out = *system_name();
}

size_t system_boot_line(char *out, size_t size)
{
    size_t length = strlen(system_command_line());
    memcpy(out, system_command_line(), length < size ? length : size);
    return length;
}

void processor_snapshot(struct processor_snapshot *out)
{
    const struct cpu_information *cpu = cpu_information();
    out->family = cpu->family;
    out->model = cpu->model;
    out->stepping = cpu->stepping;
    out->megahertz = cpu->megahertz;
    string_copy(out->vendor, cpu->vendor, sizeof out->vendor);
    string_copy(out->brand, cpu->brand, sizeof out->brand);
    string_copy(out->flags, cpu->flags, sizeof out->flags);
}

_Static_assert(SNAPSHOT_INTERRUPTS == INTERRUPT_LINES, "every line is shown");

bool interrupt_snapshot(unsigned line, struct interrupt_snapshot *out)
{
    struct interrupt_line now;
    if (!interrupt_line(line, &now))
        return false;
    out->count = now.count;
    string_copy(out->device, now.device ? now.device : "", sizeof out->device);
    return true;
}

void system_figures(struct system_figures *out)
{
    struct processor_times times;
    scheduler_times(&times);
    *out = (struct system_figures){
        .runnable = scheduler_runnable(),
        .processes = process_count(),
        .last_process = process_last_id(),
        .user = times.user,
        .nice = times.nice,
        .system = times.system,
        .idle = scheduler_idle_time(),
        .switches = scheduler_switches(),
        .forks = process_forks(),
        .page_faults = process_page_faults(),
        .timer_interrupts = interrupt_timer_count(),
        .cached_pages = page_cache_total(),
    };
    scheduler_load(out->load);
}

/* ---- limits and settings ---- */

void system_limits(struct system_limits *out)
{
    *out = (struct system_limits){
        .process_ids = (uint64_t)process_id_limit(),
        .open_files = file_limit(),
        .processes = PROCESS_LIMIT,
        .descriptors = OPEN_FILES_HARD,
        .pipe_size = PIPE_SIZE_MAX,
        .pipe_pages = PIPE_PAGES_USER,
        .areas = AREAS_LIMIT,
        .lowest_address = USER_START,
    };
}

int setting_change(enum setting setting, uint64_t value)
{
    switch (setting) {
    case SETTING_PROCESS_IDS:
        if (value < PID_LIMIT_LEAST || value > PID_LIMIT_MOST)
            return -EINVAL;
        process_set_id_limit((int32_t)value);
        return 0;
    case SETTING_OPEN_FILES:
        file_set_limit(value);
        return 0;
    default:
        return -EINVAL;
    }
}

int setting_rename(enum setting setting, const char *name, size_t length)
{
    switch (setting) {
    case SETTING_HOST_NAME:
        return system_set_host_name(name, length);
    case SETTING_DOMAIN_NAME:
        return system_set_domain_name(name, length);
    default:
        return -EINVAL;
    }
}

void system_drop_caches(void)
{
    memory_drop_caches();
}
