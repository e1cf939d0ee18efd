/* What others may know of a process: a copy of its state at one moment.
 *
 * procfs shows processes and is no part of Core.  What it tells comes from here and the headers
 * beside this one, by process id, and no pointer into Core's structures goes with it.  No call of
 * these sleeps.  All answer -ESRCH if there is no such process or task, or, where they tell how many
 * there are, 0. */
#ifndef SNAPSHOT_PROCESS_H
#define SNAPSHOT_PROCESS_H

#include <asm/resource.h>
#include <linux/resource.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <platform/page.h>

#define SNAPSHOT_NAME 16 /* bytes of a task's name, NUL included: TASK_COMM_LEN */

/* ---- who there is ---- */

/* Ids from `first` on, ascending, of processes, zombies included, or of the tasks of one: the
 * `capacity` lowest; how many. */
size_t process_ids(int32_t first, int32_t *out, size_t capacity);
size_t task_ids(int32_t id, int32_t first, int32_t *out, size_t capacity);

/* Who asks: the running process, and its task. */
void process_running(int32_t *id, int32_t *task);

/* What a process is to those who show it, and to the running one. */
struct process_identity {
    int32_t id;
    uint32_t task_count;
    uint64_t start_time; /* ns since boot; another process may bear the id later */
    uint32_t uid, gid;   /* the effective ones */
    bool concealed;      /* its files are root's: it has exited, or may not be dumped */
    bool is_running;     /* it is the one that asks */
};
int process_identify(int32_t id, struct process_identity *out);

/* May the running process look into it?  ptrace(2), PTRACE_MODE_READ_FSCREDS. */
bool process_is_open(int32_t id);

/* ---- its state ---- */

/* Where things lie in a program's memory. */
struct memory_layout {
    user_address code_start, code_end, data_start, data_end, brk_start, stack_top;
    user_address arguments_start, arguments_end, environment_start, environment_end;
};

struct process_snapshot {
    int32_t id, task, parent, group, session; /* `parent` is 0 for init */
    char command[SNAPSHOT_NAME];              /* its task's name */
    char state;                               /* as ps(1) shows it: R, S, D, T or Z */
    bool asleep;                              /* its task waits for something */
    bool has_executed;                        /* since fork */
    uint64_t terminal;                        /* device number; 0: none */
    int32_t foreground;                       /* process group of the terminal; -1: none */
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
    int oom_adjustment; /* oom_score_adj of proc(5) */
};

/* Process `id`, its task `task` (0: the first; zombies have none). */
int process_snapshot(int32_t id, int32_t task, struct process_snapshot *out);

/* Up to `capacity` supplementary groups from the `first`-th on; how many. */
size_t process_groups(int32_t id, size_t first, uint32_t *out, size_t capacity);

/* A timer of timer_create(2). */
struct timer_snapshot {
    int32_t id;
    int signal;
    uint64_t value;   /* that goes with the signal */
    int notify;       /* SIGEV_* */
    int32_t receiver; /* process or, with SIGEV_THREAD_ID, task */
    int clock;
};

/* Up to `capacity` of them from the `first`-th on, oldest first; how many. */
size_t process_timers(int32_t id, size_t first, struct timer_snapshot *out, size_t capacity);

/* How likely it is to be ended when memory runs out, 0 to 2000 (oom_score of proc(5)). */
int process_memory_score(int32_t id);

/* ---- what may be changed ---- */

/* The name of a task of the running process's own; -EINVAL for another's.  Cut if it is too long. */
int task_rename(int32_t id, int32_t task, const char *name);

/* oom_score_adj, -1000 to 1000, or -EINVAL; -EACCES: only root may go so low. */
int process_set_oom_adjustment(int32_t id, int64_t adjustment);

#endif
