/* What others may know of the system as a whole, and change.  See snapshot/process.h. */
#ifndef SNAPSHOT_SYSTEM_H
#define SNAPSHOT_SYSTEM_H

#include <linux/utsname.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What uname(2) tells. */
void system_identity(struct new_utsname *out);

/* Up to `size` bytes of the kernel's command line, without a NUL; how long it is. */
size_t system_boot_line(char *out, size_t size);

/* The processor, by CPUID. */
struct processor_snapshot {
    char vendor[13], brand[49];
    unsigned family, model, stepping;
    uint64_t megahertz; /* TSC */
    char flags[512];    /* names as in Linux's /proc/cpuinfo, space-separated */
};
void processor_snapshot(struct processor_snapshot *out);

/* An interrupt line; false if nobody drives line `line` and it has never interrupted. */
#define SNAPSHOT_INTERRUPTS 16
struct interrupt_snapshot {
    uint64_t count;  /* since boot */
    char device[32]; /* "": nobody drives it */
};
bool interrupt_snapshot(unsigned line, struct interrupt_snapshot *out);

struct system_figures {
    uint32_t load[3];  /* over 1, 5 and 15 minutes, times 65536 */
    uint32_t runnable; /* tasks */
    uint32_t processes;
    int32_t last_process;              /* id of the one that was made last */
    uint64_t user, nice, system, idle; /* ns; `nice`: of processes that gave way */
    uint64_t switches, forks;          /* of tasks, of processes; since boot, as all that follows */
    uint64_t page_faults, timer_interrupts;
    uint64_t cached_pages; /* held by files now */
};
void system_figures(struct system_figures *out);

/* How much there may be. */
struct system_limits {
    uint64_t process_ids, open_files; /* as SETTING_* set them */
    uint64_t processes, descriptors, pipe_size, pipe_pages, areas;
    uint64_t lowest_address; /* that can be mapped */
};
void system_limits(struct system_limits *out);

/* What can be set.  Whether the running process may is the file's permissions' affair. */
enum setting { SETTING_PROCESS_IDS, SETTING_OPEN_FILES, SETTING_HOST_NAME, SETTING_DOMAIN_NAME };
int setting_change(enum setting setting, uint64_t value); /* -EINVAL: not such a value */
int setting_rename(enum setting setting, const char *name, size_t length); /* -EINVAL: too long */

/* Before the running task returns to user mode, all that is kept only for speed is freed. */
void system_drop_caches(void);

#endif
