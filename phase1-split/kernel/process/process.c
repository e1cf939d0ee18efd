/* The process table: who exists, under which id, and the making and freeing of the records.  What
 * a process does in its life is in fork.c, execute.c and exit.c. */
#include <process/process.h>

#include <linux/errno.h>

#include <lib/string.h>
#include <memory/reclaim.h>
#include <param.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/panic.h>
#include <syscall/syscall.h>

#include "group.h"
#include "signal_queue.h"
#include "task.h"

#define HASH_SIZE 256

static struct list all = { &all, &all };
static struct list by_id[HASH_SIZE];
static unsigned count;
static uint64_t forks, page_faults;
static int32_t last_id, id_limit = PID_LIMIT;

static struct list *bucket(int32_t id)
{
    return &by_id[(uint32_t)id % HASH_SIZE];
}

struct process *process_find(int32_t id)
{
    struct process *process;
    list_for_each_entry(process, bucket(id), hash)
        if (process->id == id)
            return process;
    return NULL;
}

struct process *process_of(int32_t id)
{
    struct process *process = process_find(id);
    struct task *task = process ? NULL : task_find(id);
    return task ? task->process : process;
}

struct process *process_next(const struct process *previous)
{
    struct list *next = previous ? previous->all.next : all.next;
    return next == &all ? NULL : container_of(next, struct process, all);
}

unsigned process_count(void)
{
    return count;
}

uint64_t process_page_faults(void)
{
    return page_faults;
}

uint64_t process_forks(void)
{
    return forks;
}

unsigned process_count_of_user(uint32_t uid)
{
    unsigned own = 0;
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->credentials && each->credentials->uid == uid)
            own += each->task_count ? each->task_count : 1; /* a zombie takes a place too */
    return own;
}

int32_t process_last_id(void)
{
    return last_id;
}

/* Tasks and processes share the ids; one stays taken as long as a group or session bears it. */
static bool id_taken(int32_t id)
{
    return process_find(id) || task_find(id) || group_exists(id) || session_exists(id);
}

int32_t process_id_limit(void)
{
    return id_limit;
}

void process_set_id_limit(int32_t limit)
{
    id_limit = limit;
}

int32_t process_new_id(void)
{
    for (int tries = 0; tries < id_limit; tries++) {
        last_id = last_id + 1 < id_limit ? last_id + 1 : 2;
        if (!id_taken(last_id))
            return last_id;
    }
    return -EAGAIN;
}

static const struct rlimit default_limits[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_STACK] = { USER_STACK_LIMIT, RLIM_INFINITY },
    [RLIMIT_CORE] = { 0, RLIM_INFINITY },
    [RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_NPROC] = { PROCESS_LIMIT, PROCESS_LIMIT },
    [RLIMIT_NOFILE] = { OPEN_FILES_SOFT, OPEN_FILES_HARD },
    [RLIMIT_MEMLOCK] = { 8 << 20, 8 << 20 },
    [RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_SIGPENDING] = { SIGNALS_QUEUED, SIGNALS_QUEUED },
    [RLIMIT_MSGQUEUE] = { 819200, 819200 },
    [RLIMIT_NICE] = { 0, 0 },
    [RLIMIT_RTPRIO] = { 0, 0 },
    [RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

/* One user's processes, if each is small, are not to fill the memory: as many as Linux allows. */
static void limit_processes(struct rlimit *limit)
{
    struct frame_statistics frames;
    frame_statistics(&frames);
    uint64_t most = frames.total / PAGES_PER_PROCESS;
    if (most < limit->rlim_max)
        limit->rlim_cur = limit->rlim_max = most;
}

/* Nobody may write to a file while it runs as a program (ETXTBSY): inode->writers below 0. */
void process_set_executable(struct process *process, const struct path *program)
{
    struct path old = process->executable;
    process->executable = *program;
    if (program->dentry) {
        path_get(program);
        path_inode(program)->writers--;
    }
    if (old.dentry) {
        path_inode(&old)->writers++;
        path_put(&old);
    }
}

static void inherit(struct process *process, const struct process *parent)
{
    process->group = parent->group;
    process->session = parent->session;
    process->terminal = parent->terminal;
    process->nice = parent->nice;
    process->oom_adjustment = parent->oom_adjustment;
    process->oom_adjustment_least = parent->oom_adjustment_least;
    process->storage_priority = parent->storage_priority;
    process->personality = parent->personality;
    process->dumpable = parent->dumpable;
    process->no_new_privileges = parent->no_new_privileges;
    process->keeps_capabilities = parent->keeps_capabilities;
    process->has_barriers = parent->has_barriers;
    memcpy(process->limits, parent->limits, sizeof process->limits);
    process_set_executable(process, &parent->executable);
}

int process_create(struct process *parent, struct process **out)
{
    struct process *process = kzalloc(sizeof *process);
    if (!process)
        return -ENOMEM;
    process->id = process_new_id();
    if (process->id < 0) {
        kfree(process);
        return -EAGAIN;
    }
    process->parent = parent;
    process->exit_signal = SIGCHLD;
    process->start_time = clock_monotonic();
    process->dumpable = true;
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->tasks);
    list_init(&process->posix_timers);
    wait_queue_init(&process->child_events);
    wait_queue_init(&process->vfork_done);
    wait_queue_init(&process->task_ended);
    wait_queue_init(&process->signal_arrival);
    signal_pending_init(&process->pending);
    if (parent) {
        inherit(process, parent);
        list_add_tail(&parent->children, &process->sibling);
    } else {
        memcpy(process->limits, default_limits, sizeof process->limits);
        limit_processes(&process->limits[RLIMIT_NPROC]);
        process->group = process->session = process->id;
    }
    list_add_tail(&all, &process->all);
    list_add_tail(bucket(process->id), &process->hash);
    count++;
    forks++;
    *out = process;
    return 0;
}

void process_free(struct process *process)
{
    list_remove(&process->sibling);
    list_remove(&process->all);
    list_remove(&process->hash);
    count--;
    wait_queue_release(&process->vfork_done); /* the parent may not have run since */
    wait_queue_release(&process->signal_arrival);
    signal_pending_clear(&process->pending);
    process_set_executable(process, &(struct path){ NULL, NULL });
    if (process->actions)
        signal_actions_put(process->actions);
    if (process->credentials)
        credentials_put(process->credentials);
    kfree(process);
}

/* ---- its time ---- */

/* The time is measured, the samples divide it.  A later sample may move the border back: then the
 * one that would shrink stays as it was told before, and the other gets the rest. */
void process_times(struct process *process, uint64_t *user, uint64_t *system)
{
    scheduler_collect_samples();
    uint64_t run = process->exited_run_time;
    uint64_t user_ticks = process->exited_user_ticks, ticks = process->exited_system_ticks;
    const struct task *task;
    list_for_each_entry(task, &process->tasks, of_process) {
        run += task_run_time(task);
        user_ticks += task->user_ticks;
        ticks += task->system_ticks;
    }
    ticks += user_ticks;
    uint64_t share = ticks ? run / ticks * user_ticks : run;
    if (share < process->told_user_time)
        share = process->told_user_time;
    if (run - share < process->told_system_time)
        share = run - process->told_system_time;
    *user = process->told_user_time = share;
    *system = process->told_system_time = run - share;
}

void task_times(const struct task *task, uint64_t *user, uint64_t *system)
{
    uint64_t run = task_run_time(task), ticks = task->user_ticks + task->system_ticks;
    *user = ticks ? run / ticks * task->user_ticks : run;
    *system = run - *user;
}

/* ---- the kernel's entries ---- */

/* No memory for a page.  The largest process is being ended; the fault of any other is served from
 * the reserve, and its turn ends so that the largest one gets to give back what it has. */
static int fault_without_memory(struct vm *vm, user_address address, unsigned access)
{
    if ((memory_is_short() && !memory_run_out()) || signal_fatal_waiting(current))
        return -ENOMEM;
    memory_open_reserve(true);
    int error = vm_fault(vm, address, access);
    memory_open_reserve(false);
    scheduler_end_turn();
    return error;
}

static int serve_page_fault(user_address address, unsigned access)
{
    struct vm *vm = current->process->vm;
    current->minor_faults++;
    page_faults++;
    int error = vm ? vm_fault(vm, address, access) : -EFAULT;
    if (error == -ENOMEM)
        error = fault_without_memory(vm, address, access);
    current->fault_error = error;
    return error;
}

static void before_user(struct user_registers *registers)
{
    scheduler_handle_events();
    if (scheduler_should_yield())
        scheduler_next_turn();
    if (signal_waiting(current) || registers->orig_rax != (uint64_t)-1)
        signal_deliver(registers);
}

static const struct trap_handlers handlers = {
    .system_call = system_call,
    .page_fault = serve_page_fault,
    .exception = signal_exception,
    .before_user = before_user,
};

void process_init(void)
{
    for (int i = 0; i < HASH_SIZE; i++)
        list_init(&by_id[i]);
    task_init();
    if (signal_frame_init())
        panic("no memory for the frames of signal handlers");
    trap_set_handlers(&handlers);
}

static int init_create(struct process *process, void (*entry)(void *), struct task **task)
{
    int error = vm_create(&process->vm);
    if (!error)
        error = fd_table_create(&process->files);
    if (!error)
        error = signal_actions_create(&process->actions);
    if (!error)
        error = credentials_copy(NULL, 0, &process->credentials);
    if (!error)
        error = task_create(process, process->id, entry, task);
    return error;
}

static void (*init_entry)(void);

static void init_start(void *task)
{
    (void)task;
    scheduler_enter_task();
    init_entry();
}

int process_start_init(void (*entry)(void))
{
    struct process *process;
    struct task *task;
    init_entry = entry;
    int error = process_create(NULL, &process);
    if (!error)
        error = init_create(process, init_start, &task);
    if (error)
        return error; /* at boot: the caller panics */
    string_copy(task->command, "init", sizeof task->command);
    scheduler_add(task);
    return 0;
}
