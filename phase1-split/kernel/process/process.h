/* Processes and tasks.
 *
 * A process is what has a pid: memory, files, signal actions, a parent.  A task is what the
 * scheduler runs; every process that is alive has at least one.  Core only; no locks (wait_queue.h
 * says why). */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <asm/resource.h>
#include <linux/resource.h>

#include <fs/file.h>
#include <memory/vm.h>
#include <platform/thread.h>
#include <process/cpu_timer.h>
#include <process/run_queue.h>
#include <process/scheduler.h>
#include <process/signal.h>
#include <process/wait_queue.h>

struct tty;

#define COMMAND_LENGTH 16 /* TASK_COMM_LEN: name of a task, NUL included */

/* Who a process is to permission checks.  Immutable once shared: change a copy. */
struct credentials {
    uint32_t references;
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    uint32_t groups[]; /* supplementary */
};

enum task_state { TASK_RUNNABLE, TASK_SLEEPING, TASK_STOPPED, TASK_DEAD };

struct task {
    int32_t id;
    enum task_state state;
    bool killable_only; /* asleep, and only a fatal signal wakes it */
    struct process *process;
    struct thread *thread;  /* platform; owned */
    struct list of_process; /* process->tasks */
    struct list hash;       /* by id */
    struct list run;        /* run queue */
    struct schedule schedule;
    struct timer sleep_timer;
    bool timed_out;
    uint64_t blocked;       /* signal mask: bit n - 1 for signal n */
    uint64_t saved_blocked; /* to be restored after sigsuspend(2) and the like */
    bool restore_blocked;
    uint64_t awaited; /* signals that sigtimedwait(2) is waiting for, blocked as they are */
    struct signal_pending pending; /* sent to this task alone */
    struct signal_stack stack;     /* sigaltstack(2) */
    int fault_error;               /* why the last page fault could not be served */
    struct exception exception;    /* the last one that became a signal, for signal frames */
    user_address set_child_tid;    /* where its first step stores its id: CLONE_CHILD_SETTID */
    user_address clear_child_tid;  /* set_tid_address(2) */
    user_address robust_list;
    char command[COMMAND_LENGTH];
    uint64_t timer_slack; /* ns, PR_SET_TIMERSLACK; timers here are as exact as they can be */
    uint64_t run_time, started_running; /* ns on the processor; when it was last switched to */
    uint64_t charged_until; /* clock_monotonic() up to which its schedule has been charged */
    uint64_t user_ticks, system_ticks; /* samples, by which run_time is divided */
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t minor_faults, major_faults;
    /* How an interrupted sleep with a relative time-out goes on (restart_syscall(2)). */
    long (*restart)(struct task *task);
    uint64_t restart_argument[4];
};

/* What read(2) and write(2) and their kind have moved, for /proc/PID/io. */
struct transfers {
    uint64_t read_bytes, written_bytes, reads, writes;
};

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE };

struct process {
    int32_t id;
    enum process_state state;
    struct process *parent; /* init's is NULL */
    struct list children;   /* of struct process.sibling */
    struct list sibling;
    struct list all;   /* every process, in the order of creation */
    struct list hash;  /* by id */
    struct list tasks; /* the first one first, as long as it lives */
    uint32_t task_count;
    struct task *survivor;        /* calls execve(2), and waits for the other tasks to leave */
    struct wait_queue task_ended; /* one of several tasks has ended */
    int32_t group, session;       /* process group and session ids */
    struct tty *terminal;         /* controlling terminal or NULL */
    int32_t lost_foreground; /* of a leader: foreground group of a terminal that hung up; or 0 */
    struct vm *vm;           /* NULL once exited */
    struct fd_table *files;  /* NULL once exited */
    struct fs_context *fs;   /* NULL once exited */
    struct credentials *credentials;
    struct path executable; /* of /proc/self/exe; dentry NULL: none */
    struct signal_actions *actions;
    struct signal_pending pending;    /* sent to the process as a whole */
    struct wait_queue signal_arrival; /* woken by every signal, blocked or not: signalfd(2) */
    struct rlimit limits[RLIM_NLIMITS];
    struct wait_queue child_events; /* a child exited, stopped or continued */
    struct wait_queue vfork_done;   /* this process has left its parent's memory */
    bool borrows_memory;            /* vfork child that has not called execve yet */
    bool has_executed;              /* has called execve since fork (setpgid) */
    bool exceeds_limit;             /* setuid(2) gave it to a user with too many (RLIMIT_NPROC) */
    bool subreaper;                 /* orphans below it become its children (prctl(2)) */
    bool keeps_capabilities;        /* PR_SET_KEEPCAPS; told, and of no effect */
    bool has_barriers;              /* membarrier(2): has registered */
    bool no_new_privileges;         /* PR_SET_NO_NEW_PRIVS */
    int parent_death_signal;        /* PR_SET_PDEATHSIG, or 0 */
    bool stopped, stop_reported, continued_unreported;
    int stop_signal;
    char last_command[COMMAND_LENGTH]; /* of the last task, once it has ended: a zombie's name */
    int exit_status;                   /* as wait(2) reports it */
    int exit_signal;                   /* to the parent; SIGCHLD or 0 */
    bool exiting;                      /* a fatal signal or exit_group is ending it */
    bool dumpable;
    int nice;
    int oom_adjustment, oom_adjustment_least; /* oom_score_adj of proc(5), and what root allows */
    int storage_priority;                     /* ioprio_set(2); 0: none of its own */
    unsigned personality;                     /* personality(2) */
    uint64_t start_time;                      /* clock_monotonic() */
    uint64_t exited_run_time, exited_user_ticks, exited_system_ticks; /* of tasks that have ended */
    uint64_t told_user_time, told_system_time; /* ns, by process_times(): they never go back */
    uint64_t children_user_time, children_system_time; /* ns, waited-for children */
    uint64_t minor_faults, major_faults, children_minor_faults, children_major_faults;
    uint64_t voluntary_switches, involuntary_switches; /* of tasks that have ended */
    uint64_t children_voluntary_switches, children_involuntary_switches;
    uint64_t peak_resident, children_peak_resident; /* pages, of memory that it has left */
    struct transfers transfers;
    struct list posix_timers; /* of struct posix_timer.of_process */
    unsigned posix_timer_count;
    int32_t next_timer_id;
    struct timer alarm;                     /* ITIMER_REAL */
    uint64_t alarm_interval;                /* ns */
    struct cpu_timer user_timer, cpu_timer; /* ITIMER_VIRTUAL, ITIMER_PROF */
};

extern struct task *current; /* the running task; NULL on the boot thread */

static inline struct process *current_process(void)
{
    return current->process;
}

/* The process with this id, zombies included, or NULL. */
struct process *process_find(int32_t id);

/* The process with this id, or that has a task with it; or NULL. */
struct process *process_of(int32_t id);

/* The task with this id, or NULL; and how many there are. */
struct task *task_find(int32_t id);
unsigned task_count(void);

/* Every process in the order of creation: the one after `previous` (NULL: the first). */
struct process *process_next(const struct process *previous);

/* Prepares the process table and takes the kernel's traps (struct trap_handlers).  At boot. */
void process_init(void);

/* Creates process 1, which starts by calling `entry` as its kernel side: it mounts, opens and at
 * last calls process_execute_kernel(); when it returns, the program starts.  0 or -ENOMEM. */
int process_start_init(void (*entry)(void));

/* execve(2) with a path, arguments and environment in kernel memory; the vectors end with NULL. */
int process_execute_kernel(const char *path, const char *const argv[], const char *const envp[]);

/* fork, vfork and clone(2), for the running task.  The new process's or task's id, or an errno. */
struct clone_arguments {
    uint64_t flags; /* CLONE_* of linux/sched.h */
    user_address stack, parent_tid, child_tid, tls;
    int exit_signal;
};
long process_clone(const struct clone_arguments *arguments);

/* execve(2) for the running task: `file` is what `path` was opened as, by execute_open().  0: the
 * user registers are the new program's.  An errno: the old program goes on. */
int process_execute(const char *path, struct file *file, user_address argv, user_address envp);

/* Opens a program for execve(2), LOOKUP_* flags as given: a regular file, executable for the
 * running process, on a file system that allows it; -EACCES, -ELOOP, … */
int execute_open(int directory, const char *path, unsigned flags, struct file **out);
int execute_open_path(const struct path *path, struct file **out);

/* Ends the running process, all its tasks; `status` as wait(2) reports it. */
_Noreturn void process_exit(int status);

/* Ends the running task; `status` becomes the process's if it is the last one. */
_Noreturn void task_exit(int status);

/* The core of wait4(2) and waitid(2), for child `which`, a group's children (`which` negative), the
 * own group's (0) or any: the id of a child that matches and has something to report of
 * what `options` ask for (WEXITED, WSTOPPED, WCONTINUED), 0 with WNOHANG, or an errno.  May
 * sleep. */
struct wait_result {
    int32_t id;
    uint32_t uid;
    int status; /* as wait(2) reports it */
    int code;   /* CLD_* */
    struct rusage usage;
};
#define WAIT_ANY INT32_MIN
long process_wait(int32_t which, unsigned options, struct wait_result *out);

/* User and system time of live and ended tasks, ns.  Neither ever decreases. */
void process_times(struct process *process, uint64_t *user, uint64_t *system);

/* The same of one task, by its own samples. */
void task_times(const struct task *task, uint64_t *user, uint64_t *system);
unsigned process_count(void);
uint64_t process_page_faults(void); /* of all, since boot */
uint64_t process_forks(void);       /* processes made since boot */
unsigned process_count_of_user(uint32_t uid);
int32_t process_last_id(void);

/* Ids of processes made from now on lie below this. */
int32_t process_id_limit(void);
void process_set_id_limit(int32_t limit);

/* Credentials: a private copy to change, then to install; the old is let go. */
int credentials_copy(const struct credentials *from, uint32_t groups, struct credentials **out);
void credentials_put(struct credentials *credentials);
bool credentials_in_group(const struct credentials *credentials,
                          uint32_t gid); /* fsgid or suppl. */
bool process_privileged(void);           /* the running process has effective uid 0 */

/* May the running process look into the other?  ptrace(2), PTRACE_MODE_READ_FSCREDS. */
bool process_may_inspect(const struct process *process);

#endif
