/* The state of a process in figures: stat, status, statm, limits and io, each in the format of
 * proc(5), field by field. */
#include "procfs.h"

#include <asm/resource.h>
#include <linux/errno.h>

#include <platform/page.h>

#include <lib/bits.h>

#include <snapshot/memory.h>

#define CLOCK_TICK        10000000ull /* ns: user programs count in hundredths of a second */
#define FLAG_FORK_NO_EXEC 0x40        /* PF_FORKNOEXEC of stat's `flags` */
#define PRIORITY_BASE     20
#define GROUPS_AT_ONCE    32
#define KILOBYTES(pages)  ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

static const char *state_name(char letter)
{
    switch (letter) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'D':
        return "disk sleep";
    case 'T':
        return "stopped";
    default:
        return "zombie";
    }
}

static int take_snapshot(const struct proc_subject *subject, struct process_snapshot *out)
{
    return process_snapshot(proc_process_id(subject), subject->key, out);
}

int proc_statm(const struct proc_subject *subject, struct text *out)
{
    struct memory_use use;
    int error = process_memory_use(proc_process_id(subject), &use);

    if (error != 0)
        return error;
    text_add(out, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)use.size,
             (unsigned long long)use.resident,
             (unsigned long long)(use.resident_file + use.resident_shared),
             (unsigned long long)use.text, (unsigned long long)(use.data + use.stack));
    return 0;
}

/* ---- stat ---- */

/* Fields 1 to 13: who it is, and its page faults. */
static void add_identity(const struct process_snapshot *process, struct text *out)
{
    text_add(out, "%d (%s) %c %d %d %d %llu %d %u", process->task, process->command, process->state,
             process->parent, process->group, process->session,
             (unsigned long long)process->terminal, process->foreground,
             process->has_executed ? 0 : FLAG_FORK_NO_EXEC);
    text_add(out, " %llu %llu %llu %llu", (unsigned long long)process->minor_faults,
             (unsigned long long)process->children_minor_faults,
             (unsigned long long)process->major_faults,
             (unsigned long long)process->children_major_faults);
}

/* Fields 14 to 22: its time. */
static void add_times(const struct process_snapshot *process, struct text *out)
{
    int priority = process->real_time_priority ? -1 - process->real_time_priority
                                               : PRIORITY_BASE + process->nice;

    text_add(out, " %llu %llu %llu %llu %d %d %u 0 %llu",
             (unsigned long long)(process->user_time / CLOCK_TICK),
             (unsigned long long)(process->system_time / CLOCK_TICK),
             (unsigned long long)(process->children_user_time / CLOCK_TICK),
             (unsigned long long)(process->children_system_time / CLOCK_TICK), priority,
             process->nice, max(process->task_count, (uint32_t)1),
             (unsigned long long)(process->start_time / CLOCK_TICK));
}

/* Fields 23 to 30: its memory.  Where things lie is told only to those who may know. */
static void add_memory(const struct process_snapshot *process, bool open, struct text *out)
{
    bool shown = open && process->has_memory;

    text_add(out, " %llu %llu %llu %llu %llu %llu 0 0",
             (unsigned long long)process->size << PAGE_SHIFT, (unsigned long long)process->resident,
             (unsigned long long)process->limits[RLIMIT_RSS].rlim_cur,
             (unsigned long long)(shown ? process->layout.code_start : process->has_memory),
             (unsigned long long)(shown ? process->layout.code_end : process->has_memory),
             (unsigned long long)(shown ? process->layout.stack_top : 0));
}

/* Fields 31 to 44: signals and scheduling. */
static void add_signals(const struct process_snapshot *process, struct text *out)
{
    /* Only the first 31 signals: the fields are older than the others. */
    text_add(out, " %llu %llu %llu %llu %d 0 0 %d 0 %d %d 0 0 0",
             (unsigned long long)(process->pending & 0x7fffffff),
             (unsigned long long)(process->blocked & 0x7fffffff),
             (unsigned long long)(process->ignored & 0x7fffffff),
             (unsigned long long)(process->caught & 0x7fffffff), process->asleep,
             process->exit_signal, process->real_time_priority, process->policy);
}

/* Fields 45 to 52: more addresses, and the exit status. */
static void add_addresses(const struct process_snapshot *process, bool open, struct text *out)
{
    static const struct memory_layout nothing;
    const struct memory_layout *layout = open ? &process->layout : &nothing;

    text_add(out, " %llu %llu %llu %llu %llu %llu %llu %d\n",
             (unsigned long long)layout->data_start, (unsigned long long)layout->data_end,
             (unsigned long long)layout->brk_start, (unsigned long long)layout->arguments_start,
             (unsigned long long)layout->arguments_end,
             (unsigned long long)layout->environment_start,
             (unsigned long long)layout->environment_end, open ? process->exit_status : 0);
}

int proc_stat(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    bool open = proc_may_inspect(subject);
    int error = take_snapshot(subject, &process);

    if (error != 0)
        return error;
    add_identity(&process, out);
    add_times(&process, out);
    add_memory(&process, open, out);
    add_signals(&process, out);
    add_addresses(&process, open, out);
    return 0;
}

/* ---- status ---- */

static void add_groups(const struct process_snapshot *process, struct text *out)
{
    uint32_t groups[GROUPS_AT_ONCE];
    size_t count, done = 0;

    while ((count = process_groups(process->id, done, groups, array_count(groups))) > 0) {
        for (size_t i = 0; i < count; i++)
            text_add(out, done + i == 0 ? "%u" : " %u", groups[i]);
        done += count;
    }
}

static void add_ids(const struct process_snapshot *process, struct text *out)
{
    text_add(out, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", process->id,
             process->task, process->parent);
    text_add(out, "Uid:\t%u\t%u\t%u\t%u\n", process->uid, process->euid, process->suid,
             process->fsuid);
    text_add(out, "Gid:\t%u\t%u\t%u\t%u\n", process->gid, process->egid, process->sgid,
             process->fsgid);
    text_add(out, "FDSize:\t%d\nGroups:\t", process->descriptors);
    add_groups(process, out);
    text_add(out, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", process->id,
             process->task, process->group, process->session);
}

static void add_kilobytes(struct text *out, const char *name, uint64_t pages)
{
    text_add(out, "%s:\t%8llu kB\n", name, KILOBYTES(pages));
}

static void add_memory_lines(const struct process_snapshot *process, const struct memory_use *use,
                             struct text *out)
{
    const struct memory_layout *layout = &process->layout;
    uint64_t program = min(PAGES_FOR(layout->code_end - layout->code_start), use->text);
    uint64_t of_files = min(use->resident_file + use->resident_shared, use->resident);

    add_kilobytes(out, "VmPeak", process->peak_size);
    add_kilobytes(out, "VmSize", use->size);
    add_kilobytes(out, "VmLck", use->locked);
    add_kilobytes(out, "VmPin", 0);
    add_kilobytes(out, "VmHWM", process->peak_resident);
    add_kilobytes(out, "VmRSS", use->resident);
    add_kilobytes(out, "RssAnon", use->resident - of_files);
    add_kilobytes(out, "RssFile", use->resident_file);
    add_kilobytes(out, "RssShmem", use->resident_shared);
    add_kilobytes(out, "VmData", use->data);
    add_kilobytes(out, "VmStk", use->stack);
    add_kilobytes(out, "VmExe", program);
    add_kilobytes(out, "VmLib", use->text - program);
    add_kilobytes(out, "VmSwap", 0);
}

static void add_signal_lines(const struct process_snapshot *process, struct text *out)
{
    text_add(out, "SigQ:\t%u/%lu\n", process->queued,
             (unsigned long)process->limits[RLIMIT_SIGPENDING].rlim_cur);
    text_add(out, "SigPnd:\t%016llx\n", (unsigned long long)process->pending);
    text_add(out, "ShdPnd:\t%016llx\n", (unsigned long long)process->shared_pending);
    text_add(out, "SigBlk:\t%016llx\n", (unsigned long long)process->blocked);
    text_add(out, "SigIgn:\t%016llx\n", (unsigned long long)process->ignored);
    text_add(out, "SigCgt:\t%016llx\n", (unsigned long long)process->caught);
}

int proc_status(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    struct memory_use use;
    int error = take_snapshot(subject, &process);

    if (error == 0)
        error = process_memory_use(process.id, &use);
    if (error != 0)
        return error;
    text_add(out, "Name:\t");
    text_add_escaped(out, process.command, "\n\\");
    text_add(out, "\n");
    if (process.has_directories)
        text_add(out, "Umask:\t%04o\n", process.umask);
    text_add(out, "State:\t%c (%s)\n", process.state, state_name(process.state));
    add_ids(&process, out);
    if (process.has_memory)
        add_memory_lines(&process, &use, out);
    text_add(out, "Threads:\t%u\n", process.task_count);
    add_signal_lines(&process, out);
    text_add(out, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
    text_add(out, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
             (unsigned long long)process.voluntary_switches,
             (unsigned long long)process.involuntary_switches);
    return 0;
}

/* ---- io ---- */

/* There is no storage device: what is read and written is in memory. */
int proc_io(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    int error = take_snapshot(subject, &process);

    if (error != 0)
        return error;
    text_add(out, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n",
             (unsigned long long)process.read_bytes, (unsigned long long)process.written_bytes,
             (unsigned long long)process.reads, (unsigned long long)process.writes);
    text_add(out, "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
    return 0;
}

/* ---- limits ---- */

static void add_limit(struct text *out, unsigned long value)
{
    if (value == RLIM_INFINITY)
        text_add(out, "%-20s ", "unlimited");
    else
        text_add(out, "%-20lu ", value);
}

int proc_limits(const struct proc_subject *subject, struct text *out)
{
    static const struct {
        const char *name, *unit;
    } names[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = { "Max cpu time", "seconds" },
        [RLIMIT_FSIZE] = { "Max file size", "bytes" },
        [RLIMIT_DATA] = { "Max data size", "bytes" },
        [RLIMIT_STACK] = { "Max stack size", "bytes" },
        [RLIMIT_CORE] = { "Max core file size", "bytes" },
        [RLIMIT_RSS] = { "Max resident set", "bytes" },
        [RLIMIT_NPROC] = { "Max processes", "processes" },
        [RLIMIT_NOFILE] = { "Max open files", "files" },
        [RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
        [RLIMIT_AS] = { "Max address space", "bytes" },
        [RLIMIT_LOCKS] = { "Max file locks", "locks" },
        [RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
        [RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
        [RLIMIT_NICE] = { "Max nice priority", NULL },
        [RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
        [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
    };

    struct process_snapshot process;
    int error = take_snapshot(subject, &process);

    if (error != 0)
        return error;
    text_add(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < RLIM_NLIMITS; i++) {
        text_add(out, "%-25s ", names[i].name);
        add_limit(out, process.limits[i].rlim_cur);
        add_limit(out, process.limits[i].rlim_max);
        if (names[i].unit != NULL)
            text_add(out, "%-10s", names[i].unit);
        text_add(out, "\n");
    }
    return 0;
}
