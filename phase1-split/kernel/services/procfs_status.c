/* The state of a process in figures: stat, status, statm and limits, each in the format of
 * proc(5), field by field. */
#include <services/procfs.h>

#include <asm/resource.h>
#include <linux/errno.h>

#include <platform/page.h>

#include <lib/bits.h>

#include <fs/page_cache.h>
#include <memory/vm.h>
#include <process/process.h>
#include <tty/tty.h>

#define CLOCK_TICK        10000000ull /* ns: user programs count in hundredths of a second */
#define FLAG_FORK_NO_EXEC 0x40        /* PF_FORKNOEXEC of stat's `flags` */
#define PRIORITY_BASE     20
#define HANDLER_DEFAULT   0 /* SIG_DFL and SIG_IGN as numbers */
#define HANDLER_IGNORE    1
#define KILOBYTES(pages)  ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

static char state_letter(const struct process *process, const struct task *task)
{
    if (process->state == PROCESS_ZOMBIE || task == NULL || task->state == TASK_DEAD)
        return 'Z';
    switch (task->state) {
    case TASK_RUNNABLE:
        return 'R';
    case TASK_STOPPED:
        return 'T';
    default:
        return task->killable_only ? 'D' : 'S';
    }
}

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

/* ---- memory ---- */

/* All in pages. */
struct memory_use {
    uint64_t size, resident, resident_file; /* in all areas; of these, now in memory */
    uint64_t text, data, stack;
};

/* Pages that an area shows of its file's page cache now. */
static uint64_t resident_of_file(const struct vm_area *area)
{
    uint64_t count = 0;

    for (user_address at = area->start; at < area->end; at += PAGE_SIZE) {
        const struct frame *frame = address_space_lookup(area->vm->space, at, NULL);
        uint64_t index = area->offset + ((at - area->start) >> PAGE_SHIFT);

        if (frame != NULL && frame == page_cache_find(area->file->inode, index))
            count++;
    }
    return count;
}

static struct memory_use measure(const struct vm *vm)
{
    struct memory_use use = { 0 };

    if (vm == NULL)
        return use;
    use.size = vm->pages;
    use.resident = address_space_resident(vm->space);
    for (unsigned i = 0; i < vm->count; i++) {
        const struct vm_area *area = vm->areas[i];
        uint64_t pages = (area->end - area->start) >> PAGE_SHIFT;

        if (area->flags & AREA_GROWS_DOWN)
            use.stack += pages;
        else if (area->protection & PAGE_EXECUTE)
            use.text += pages;
        else if ((area->protection & PAGE_WRITE) && !(area->flags & AREA_SHARED))
            use.data += pages;
        if (area->file != NULL)
            use.resident_file += resident_of_file(area);
    }
    use.resident_file = min(use.resident_file, use.resident);
    return use;
}

int proc_statm(const struct proc_subject *subject, struct text *out)
{
    struct memory_use use = measure(subject->process->vm);

    text_add(out, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)use.size,
             (unsigned long long)use.resident, (unsigned long long)use.resident_file,
             (unsigned long long)use.text, (unsigned long long)(use.data + use.stack));
    return 0;
}

/* ---- signals ---- */

struct signal_sets {
    uint64_t ignored, caught;
};

static struct signal_sets sort_actions(const struct process *process)
{
    struct signal_sets sets = { 0, 0 };

    for (int signal = 1; process->actions != NULL && signal <= SIGNAL_COUNT; signal++) {
        uint64_t handler = process->actions->action[signal - 1].handler;

        if (handler == HANDLER_IGNORE)
            sets.ignored |= signal_bit(signal);
        else if (handler != HANDLER_DEFAULT)
            sets.caught |= signal_bit(signal);
    }
    return sets;
}

/* ---- stat ---- */

static int32_t task_id(const struct process *process, const struct task *task)
{
    return task == NULL ? process->id : task->id;
}

static int32_t parent_id(const struct process *process)
{
    return process->parent == NULL ? 0 : process->parent->id;
}

/* Fields 1 to 13: who it is, and its page faults. */
static void add_identity(const struct proc_subject *subject, struct text *out)
{
    struct process *process = subject->process;
    const struct task *task = proc_task(subject);
    const struct tty *terminal = process->terminal;

    text_add(out, "%d (%s) %c %d %d %d %lu %d %u", task_id(process, task), proc_command(subject),
             state_letter(process, task), parent_id(process), process->group, process->session,
             terminal == NULL ? 0 : tty_number(terminal),
             terminal == NULL ? -1 : tty_foreground(terminal),
             process->has_executed ? 0 : FLAG_FORK_NO_EXEC);
    text_add(out, " %llu %llu %llu %llu",
             (unsigned long long)(process->minor_faults + (task ? task->minor_faults : 0)),
             (unsigned long long)process->children_minor_faults,
             (unsigned long long)(process->major_faults + (task ? task->major_faults : 0)),
             (unsigned long long)process->children_major_faults);
}

/* Fields 14 to 22: its time. */
static void add_times(struct process *process, struct text *out)
{
    uint64_t user, system;

    process_times(process, &user, &system);
    text_add(out, " %llu %llu %llu %llu %d %d %u 0 %llu", (unsigned long long)(user / CLOCK_TICK),
             (unsigned long long)(system / CLOCK_TICK),
             (unsigned long long)(process->children_user_time / CLOCK_TICK),
             (unsigned long long)(process->children_system_time / CLOCK_TICK),
             PRIORITY_BASE + process->nice, process->nice, max(process->task_count, (uint32_t)1),
             (unsigned long long)(process->start_time / CLOCK_TICK));
}

/* Fields 23 to 30: its memory.  Where things lie is told only to those who may know. */
static void add_memory(const struct process *process, bool open, struct text *out)
{
    const struct vm *vm = process->vm;
    bool shown = open && vm != NULL;

    text_add(out, " %llu %llu %llu %llu %llu %llu 0 0",
             (unsigned long long)(vm == NULL ? 0 : vm->pages << PAGE_SHIFT),
             (unsigned long long)(vm == NULL ? 0 : address_space_resident(vm->space)),
             (unsigned long long)process->limits[RLIMIT_RSS].rlim_cur,
             (unsigned long long)(shown ? vm->code_start : vm != NULL),
             (unsigned long long)(shown ? vm->code_end : vm != NULL),
             (unsigned long long)(shown ? vm->stack_top : 0));
}

/* Fields 31 to 44: signals and scheduling. */
static void add_signals(const struct process *process, const struct task *task, struct text *out)
{
    struct signal_sets sets = sort_actions(process);
    uint64_t pending = task == NULL ? 0 : task->pending.set, blocked = task ? task->blocked : 0;
    bool waits = task != NULL && task->state == TASK_SLEEPING;

    /* Only the first 31 signals: the fields are older than the others. */
    text_add(out, " %llu %llu %llu %llu %d 0 0 %d 0 0 0 0 0 0",
             (unsigned long long)(pending & 0x7fffffff), (unsigned long long)(blocked & 0x7fffffff),
             (unsigned long long)(sets.ignored & 0x7fffffff),
             (unsigned long long)(sets.caught & 0x7fffffff), waits, process->exit_signal);
}

/* Fields 45 to 52: more addresses, and the exit status. */
static void add_addresses(const struct process *process, bool open, struct text *out)
{
    static const struct vm nothing;
    const struct vm *vm = open && process->vm != NULL ? process->vm : &nothing;

    text_add(out, " %llu %llu %llu %llu %llu %llu %llu %d\n", (unsigned long long)vm->data_start,
             (unsigned long long)vm->data_end, (unsigned long long)vm->brk_start,
             (unsigned long long)vm->arguments_start, (unsigned long long)vm->arguments_end,
             (unsigned long long)vm->environment_start, (unsigned long long)vm->environment_end,
             open ? process->exit_status : 0);
}

int proc_stat(const struct proc_subject *subject, struct text *out)
{
    struct process *process = subject->process;
    const struct task *task = proc_task(subject);
    bool open = proc_may_inspect(subject);

    if (task == NULL && subject->key != 0)
        return -ESRCH;
    add_identity(subject, out);
    add_times(process, out);
    add_memory(process, open, out);
    add_signals(process, task, out);
    add_addresses(process, open, out);
    return 0;
}

/* ---- status ---- */

static void add_ids(const struct process *process, const struct task *task, struct text *out)
{
    const struct credentials *who = process->credentials;

    text_add(out, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", process->id,
             task_id(process, task), parent_id(process));
    text_add(out, "Uid:\t%u\t%u\t%u\t%u\n", who->uid, who->euid, who->suid, who->fsuid);
    text_add(out, "Gid:\t%u\t%u\t%u\t%u\n", who->gid, who->egid, who->sgid, who->fsgid);
    text_add(out, "FDSize:\t%d\nGroups:\t", process->files == NULL ? 0 : process->files->size);
    for (uint32_t i = 0; i < who->group_count; i++)
        text_add(out, i == 0 ? "%u" : " %u", who->groups[i]);
    text_add(out, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", process->id,
             task_id(process, task), process->group, process->session);
}

static void add_memory_lines(const struct process *process, struct text *out)
{
    const struct vm *vm = process->vm;
    struct memory_use use = measure(vm);
    uint64_t program = min(PAGES_FOR(vm->code_end - vm->code_start), use.text);

    text_add(out, "VmSize:\t%8llu kB\nVmLck:\t%8u kB\nVmPin:\t%8u kB\n", KILOBYTES(use.size), 0, 0);
    text_add(out, "VmRSS:\t%8llu kB\nRssAnon:\t%8llu kB\nRssFile:\t%8llu kB\n",
             KILOBYTES(use.resident), KILOBYTES(use.resident - use.resident_file),
             KILOBYTES(use.resident_file));
    text_add(out, "VmData:\t%8llu kB\nVmStk:\t%8llu kB\n", KILOBYTES(use.data),
             KILOBYTES(use.stack));
    text_add(out, "VmExe:\t%8llu kB\nVmLib:\t%8llu kB\nVmSwap:\t%8u kB\n", KILOBYTES(program),
             KILOBYTES(use.text - program), 0);
}

static void add_signal_lines(const struct process *process, const struct task *task,
                             struct text *out)
{
    struct signal_sets sets = sort_actions(process);

    text_add(out, "SigPnd:\t%016llx\n", (unsigned long long)(task == NULL ? 0 : task->pending.set));
    text_add(out, "ShdPnd:\t%016llx\n", (unsigned long long)process->pending.set);
    text_add(out, "SigBlk:\t%016llx\n", (unsigned long long)(task == NULL ? 0 : task->blocked));
    text_add(out, "SigIgn:\t%016llx\n", (unsigned long long)sets.ignored);
    text_add(out, "SigCgt:\t%016llx\n", (unsigned long long)sets.caught);
}

int proc_status(const struct proc_subject *subject, struct text *out)
{
    const struct process *process = subject->process;
    const struct task *task = proc_task(subject);
    char state = state_letter(process, task);

    if (task == NULL && subject->key != 0)
        return -ESRCH;
    text_add(out, "Name:\t");
    text_add_escaped(out, proc_command(subject), "\n\\");
    text_add(out, "\n");
    if (process->fs != NULL)
        text_add(out, "Umask:\t%04o\n", process->fs->umask);
    text_add(out, "State:\t%c (%s)\n", state, state_name(state));
    add_ids(process, task, out);
    if (process->vm != NULL)
        add_memory_lines(process, out);
    text_add(out, "Threads:\t%u\n", process->task_count);
    add_signal_lines(process, task, out);
    text_add(out, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
    text_add(out, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
             (unsigned long long)(task == NULL ? 0 : task->voluntary_switches),
             (unsigned long long)(task == NULL ? 0 : task->involuntary_switches));
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
        [RLIMIT_NICE] = { "Max nice priority", "" },
        [RLIMIT_RTPRIO] = { "Max realtime priority", "" },
        [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
    };

    text_add(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < RLIM_NLIMITS; i++) {
        text_add(out, "%-25s ", names[i].name);
        add_limit(out, subject->process->limits[i].rlim_cur);
        add_limit(out, subject->process->limits[i].rlim_max);
        text_add(out, "%-10s\n", names[i].unit);
    }
    return 0;
}
