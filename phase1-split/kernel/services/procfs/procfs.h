/* procfs inside: how its files are described, and who describes them.
 *
 * Every name is an entry of a table of struct proc_item.  procfs.c turns the tables into a file
 * system; the other files fill them, and are the only ones that look at Core's structures. */
#ifndef PROCFS_PROCFS_H
#define PROCFS_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fs/path.h>
#include <fs/place.h>
#include <lib/list.h>
#include <net/files.h>
#include <text/text.h>

struct process;
struct task;

/* What a node is about. */
struct proc_subject {
    struct process *process; /* NULL: the system */
    int32_t key;             /* of a numbered node and those below it: fd or task id; else 0 */
};

/* One name and its meaning.  By the type in `mode`, one of the groups is used. */
struct proc_item {
    const char *name; /* NULL: a number */
    uint32_t mode;    /* type and permissions, as Linux has them */
    bool guarded;     /* content only for those who may inspect the process: else -EACCES */

    const struct proc_directory *directory;

    int (*generate)(const struct proc_subject *subject, struct text *out);
    int (*store)(const struct proc_subject *subject, const char *text); /* NULL: not writable */

    int (*read_link)(const struct proc_subject *subject, char *target, size_t size, size_t *length);
    enum place_kind place; /* where the link leads; PLACE_NONE: by the text of read_link() */
    uint32_t (*permissions)(const struct proc_subject *subject); /* NULL: those in `mode` */

    enum network_file network_file; /* the file is the network stack's; else NETWORK_FILE_NONE */
};

struct proc_directory {
    unsigned id; /* PROC_*: gives inode numbers */
    size_t count;
    const struct proc_item *items;

    /* Entries whose names are numbers: of processes, tasks, descriptors.  NULL: none. */
    const struct proc_item *numbered;
    bool (*has)(const struct proc_subject *subject, int32_t number); /* but for processes */
    /* Up to `capacity` (at most PROC_KEYS) of the numbers from `first` on, ascending. */
    size_t (*numbers)(const struct proc_subject *subject, int32_t first, int32_t *out,
                      size_t capacity);
};

enum {
    PROC_ROOT = 1,
    PROC_SYS,
    PROC_SYS_KERNEL,
    PROC_SYS_KERNEL_RANDOM,
    PROC_SYS_FS,
    PROC_SYS_VM,
    PROC_PROCESS,
    PROC_TASKS,
    PROC_TASK,
    PROC_FD,
    PROC_FDINFO,
    PROC_NET,
    PROC_SYS_NET,
    PROC_SYS_NET_CORE,
    PROC_SYS_NET_IPV4,
    PROC_SYS_NET_UNIX
};

/* What Core holds for a name that it has looked up. */
struct proc_node {
    const struct proc_item *item;
    struct proc_fs *fs;
    struct list same_hash; /* in fs->table */
    uint64_t identity;     /* of directory, name, process id and key: procfs.c */
    uint64_t number;       /* of the inode */
    bool setting;          /* below /proc/sys */
    int32_t pid, key;      /* 0: none */
    uint64_t born;         /* when the process began: its id may be another's by now */
    struct timestamp made;
};

#define PROC_ITEMS 63 /* a directory has fewer named entries */
#define PROC_KEYS  32
#define PROC_STORE 256 /* bytes that one write may have */

/* file.c */
extern const struct file_ops proc_file_ops;

/* system.c */
extern const struct proc_item proc_root_item;

/* sysctl.c: /proc/sys */
extern const struct proc_directory proc_sys_directory;

/* processor.c: stat, uptime, loadavg, interrupts */
int proc_system_stat(const struct proc_subject *subject, struct text *out);
int proc_uptime(const struct proc_subject *subject, struct text *out);
int proc_loadavg(const struct proc_subject *subject, struct text *out);
int proc_interrupts(const struct proc_subject *subject, struct text *out);

/* process.c: the directory of a process, and what the root asks about processes. */
extern const struct proc_item proc_process_item;
size_t proc_process_numbers(const struct proc_subject *subject, int32_t first, int32_t *out,
                            size_t capacity);
int proc_read_self(const struct proc_subject *subject, char *target, size_t size, size_t *length);
int proc_read_thread_self(const struct proc_subject *subject, char *target, size_t size,
                          size_t *length);

/* The subject for these numbers: -ESRCH if the process that began at `born` is gone. */
int proc_subject_find(int32_t pid, uint64_t born, int32_t key, struct proc_subject *out);
int32_t proc_process_id(const struct proc_subject *subject); /* 0: the system */
uint64_t proc_subject_born(const struct proc_subject *subject);

/* May the running process look into it?  ptrace(2), PTRACE_MODE_READ_FSCREDS. */
bool proc_may_inspect(const struct proc_subject *subject);

bool proc_is_self(const struct proc_subject *subject); /* the running process */

/* Owner of the files of a process; `visible` for those that show nothing secret. */
void proc_owner(const struct proc_subject *subject, bool visible, uint32_t *uid, uint32_t *gid);

/* Directories in the root beside the fixed ones. */
unsigned proc_process_count(void);

/* Tasks of a process; 0 if it is gone. */
unsigned proc_task_count(const struct proc_subject *subject);

/* status.c */
int proc_stat(const struct proc_subject *subject, struct text *out);
int proc_status(const struct proc_subject *subject, struct text *out);
int proc_statm(const struct proc_subject *subject, struct text *out);
int proc_limits(const struct proc_subject *subject, struct text *out);
int proc_io(const struct proc_subject *subject, struct text *out);

/* timers.c */
int proc_timers(const struct proc_subject *subject, struct text *out);
int proc_oom_score(const struct proc_subject *subject, struct text *out);
int proc_show_oom_adjustment(const struct proc_subject *subject, struct text *out);
int proc_store_oom_adjustment(const struct proc_subject *subject, const char *text);

/* memory.c */
int proc_cmdline(const struct proc_subject *subject, struct text *out);
int proc_environ(const struct proc_subject *subject, struct text *out);
int proc_auxv(const struct proc_subject *subject, struct text *out);
int proc_maps(const struct proc_subject *subject, struct text *out);
int proc_smaps(const struct proc_subject *subject, struct text *out);
int proc_smaps_rollup(const struct proc_subject *subject, struct text *out);

/* files.c: fd/ and fdinfo/ */
extern const struct proc_directory proc_fd_directory, proc_fdinfo_directory;

/* network.c: net/, and what of /proc/sys is about it */
extern const struct proc_directory proc_net_directory, proc_sys_net_directory;
int proc_net_link(const struct proc_subject *subject, char *target, size_t size, size_t *length);

/* locks.c */
int proc_locks(const struct proc_subject *subject, struct text *out);

/* mounts.c */
int proc_mounts(const struct proc_subject *subject, struct text *out);
int proc_mountinfo(const struct proc_subject *subject, struct text *out);
int proc_mountstats(const struct proc_subject *subject, struct text *out);

#endif
