/* What others may know of a process: a copy of its state at one moment.
 *
 * procfs shows processes and is no part of Core.  What it tells in figures comes from here, by
 * process id, and no pointer into Core's structures goes with it. */
#ifndef PROCESS_SNAPSHOT_H
#define PROCESS_SNAPSHOT_H

#include <asm/resource.h>

#include <process/process.h>

/* Where things lie in a program's memory. */
struct memory_layout {
    user_address code_start, code_end, data_start, data_end, brk_start, stack_top;
    user_address arguments_start, arguments_end, environment_start, environment_end;
};

struct process_snapshot {
    int32_t id, task, parent, group, session; /* `parent` is 0 for init */
    char command[COMMAND_LENGTH];
    char state;         /* as ps(1) shows it: R, S, D, T or Z */
    bool asleep;        /* its task waits for something */
    bool has_executed;  /* since fork */
    uint64_t terminal;  /* device number; 0: none */
    int32_t foreground; /* process group of the terminal; -1: none */
    uint64_t minor_faults, major_faults, children_minor_faults, children_major_faults;
    uint64_t user_time, system_time, children_user_time, children_system_time; /* ns */
    uint64_t start_time;                                                       /* ns since boot */
    int nice, policy, real_time_priority;
    uint32_t task_count;
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t read_bytes, written_bytes, reads, writes; /* of read(2), write(2) and their kind */
    /* Memory; all zeros once the process has exited. */
    bool has_memory;
    uint64_t size, peak_size, resident, peak_resident; /* pages */
    struct memory_layout layout;
    /* Signals: bit n - 1 for signal n. */
    uint64_t pending, shared_pending, blocked, ignored, caught;
    unsigned queued; /* siginfo records of its user; RLIMIT_SIGPENDING is their limit */
    int exit_signal, exit_status;
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid, group_count;
    bool has_directories; /* not once it has exited */
    uint32_t umask;
    int descriptors; /* that its table has room for */
    struct rlimit limits[RLIM_NLIMITS];
};

/* Process `id`, its task `task` (0: the first; zombies have none).  -ESRCH. */
int process_snapshot(int32_t id, int32_t task, struct process_snapshot *out);

/* Up to `capacity` supplementary groups from the `first`-th on; how many. */
size_t process_groups(int32_t id, size_t first, uint32_t *out, size_t capacity);

/* What the pages of a process are, in pages.  Looks at every page of its files. */
struct memory_use {
    uint64_t size, resident;                 /* in all areas; of these, now in memory */
    uint64_t resident_file, resident_shared; /* of files with and without a name */
    uint64_t text, data, stack;
};
int process_memory_use(int32_t id, struct memory_use *out);

/* One area of memory, in pages.  A page is shared when another process maps it, too.  A file's page
 * is clean, for there is no slower copy that it could differ from; all others are dirty. */
struct area_use {
    uint64_t size, resident, anonymous;
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t proportional; /* bytes: each page divided by those who map it */
};
struct vm_area;
void area_measure(const struct vm_area *area, struct area_use *out);

/* Copies memory of the process, as far as it can be had without a page fault: what was never
 * touched, or is not in memory, ends it.  Bytes copied, or -ESRCH. */
long process_read_memory(int32_t id, user_address from, void *to, size_t size);

#endif
