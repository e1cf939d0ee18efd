/* System calls on processes, groups, sessions, limits and times. */
#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/times.h>
#include <linux/wait.h>

#include <lib/string.h>
#include <param.h>
#include <platform/clock.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/group.h>
#include <process/process.h>
#include <syscall/syscall.h>
#include <tty/tty.h>

/* ---- new processes and programs ---- */

long sys_fork(void)
{
    return process_clone(&(struct clone_arguments){ .exit_signal = SIGCHLD });
}

long sys_vfork(void)
{
    return process_clone(
        &(struct clone_arguments){ .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD });
}

long sys_clone(uint64_t flags, user_address stack, user_address parent_tid, user_address child_tid,
               user_address tls)
{
    return process_clone(&(struct clone_arguments){
        .flags = flags,
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .tls = tls,
        .exit_signal = flags & CSIGNAL,
    });
}

/* clone3(2): newer, smaller structures are as if the rest were 0; a larger one must have nothing
 * but zeros where this kernel knows no field. */
static int read_clone_args(user_address from, size_t size, struct clone_args *out)
{
    uint8_t more;
    memset(out, 0, sizeof *out);
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    for (size_t at = sizeof *out; at < size; at++) {
        if (copy_from_user(&more, from + at, 1))
            return -EFAULT;
        if (more)
            return -E2BIG;
    }
    return copy_from_user(out, from, size < sizeof *out ? size : sizeof *out);
}

long sys_clone3(user_address from, size_t size)
{
    struct clone_args given;
    int error = read_clone_args(from, size, &given);
    if (error)
        return error;
    if ((given.flags & (CSIGNAL | CLONE_DETACHED)) || given.exit_signal > SIGNAL_COUNT ||
        !given.stack != !given.stack_size || given.stack + given.stack_size < given.stack ||
        given.set_tid || given.set_tid_size || given.cgroup)
        return -EINVAL;
    if ((given.flags & (CLONE_THREAD | CLONE_PARENT)) && given.exit_signal)
        return -EINVAL;
    return process_clone(&(struct clone_arguments){
        .flags = given.flags,
        .stack = given.stack + given.stack_size,
        .parent_tid = given.parent_tid,
        .child_tid = given.child_tid,
        .tls = given.tls,
        .exit_signal = given.exit_signal,
    });
}

long sys_execve(user_address path, user_address argv, user_address envp)
{
    return sys_execveat(AT_FDCWD, path, argv, envp, 0);
}

static int open_descriptor(int fd, struct file **out)
{
    struct file *file = fd_file(fd);
    if (!file)
        return -EBADF;
    if (!file->path.dentry)
        return -EACCES;
    return execute_open_path(&file->path, out);
}

/* RLIMIT_NPROC, set-user-ID and execve(2): see there, EAGAIN. */
static bool still_exceeds_limit(void)
{
    struct process *self = current_process();
    if (self->exceeds_limit)
        self->exceeds_limit =
            process_count_of_user(self->credentials->uid) > self->limits[RLIMIT_NPROC].rlim_cur;
    return self->exceeds_limit;
}

long sys_execveat(int directory, user_address path, user_address argv, user_address envp, int flags)
{
    char *name;
    struct file *file;
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    int error = path_name_copy(path, &name);
    if (error)
        return error;
    if (still_exceeds_limit()) {
        path_name_free(name);
        return -EAGAIN;
    }
    if (!*name && (flags & AT_EMPTY_PATH))
        error = open_descriptor(directory, &file);
    else
        error =
            execute_open(directory, name, (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW, &file);
    if (!error) {
        error = process_execute(name, file, argv, envp);
        file_put(file);
    }
    path_name_free(name);
    /* On success the registers are the new program's: the result must not touch them. */
    return error ? error : (long)thread_registers(current->thread)->rax;
}

long sys_exit(int status)
{
    task_exit((status & 0xff) << 8);
}

long sys_exit_group(int status)
{
    process_exit((status & 0xff) << 8);
}

/* ---- waiting ---- */

long sys_wait4(int which, user_address status, int options, user_address usage)
{
    struct wait_result result;
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE))
        return -EINVAL;
    if (which == INT32_MIN)
        return -ESRCH;
    long id = process_wait(which == -1 ? WAIT_ANY : which, options | WEXITED, &result);
    if (id <= 0)
        return id;
    if (status && copy_to_user(status, &result.status, sizeof result.status))
        return -EFAULT;
    if (usage && copy_to_user(usage, &result.usage, sizeof result.usage))
        return -EFAULT;
    return id;
}

static int waitid_target(int kind, int id, int32_t *which)
{
    switch (kind) {
    case P_ALL:
        *which = WAIT_ANY;
        return 0;
    case P_PID:
        *which = id;
        return id > 0 ? 0 : -EINVAL;
    case P_PGID:
        *which = -id;
        return id >= 0 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

long sys_waitid(int kind, int id, user_address information, int options, user_address usage)
{
    struct wait_result result;
    int32_t which;
    if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WALL |
                     __WCLONE)) ||
        !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    int error = waitid_target(kind, id, &which);
    if (error)
        return error;
    long found = process_wait(which, options, &result);
    if (found < 0)
        return found;
    siginfo_t out;
    memset(&out, 0, sizeof out);
    if (found) {
        out.si_signo = SIGCHLD;
        out.si_code = result.code;
        out.si_pid = result.id;
        out.si_uid = result.uid;
        out.si_status = result.code == CLD_EXITED      ? (result.status >> 8) & 0xff
                        : result.code == CLD_STOPPED   ? (result.status >> 8) & 0xff
                        : result.code == CLD_CONTINUED ? SIGCONT
                                                       : result.status & 0x7f;
    }
    if (information && copy_to_user(information, &out, sizeof out))
        return -EFAULT;
    if (found && usage && copy_to_user(usage, &result.usage, sizeof result.usage))
        return -EFAULT;
    return 0;
}

/* ---- ids ---- */

long sys_getpid(void)
{
    return current->process->id;
}

long sys_gettid(void)
{
    return current->id;
}

long sys_getppid(void)
{
    struct process *parent = current->process->parent;
    return parent ? parent->id : 0;
}

static struct process *find_or_self(int pid)
{
    return pid ? process_of(pid) : current_process();
}

long sys_getpgid(int pid)
{
    struct process *process = find_or_self(pid);
    return process ? process->group : -ESRCH;
}

long sys_getpgrp(void)
{
    return current_process()->group;
}

long sys_getsid(int pid)
{
    struct process *process = find_or_self(pid);
    return process ? process->session : -ESRCH;
}

long sys_setpgid(int pid, int group)
{
    struct process *self = current_process(), *target = find_or_self(pid);
    if (group < 0)
        return -EINVAL;
    if (!target || (target != self && target->parent != self))
        return -ESRCH;
    if (!group)
        group = target->id;
    if (target != self) {
        if (target->session != self->session)
            return -EPERM;
        if (target->has_executed)
            return -EACCES;
    }
    if (target->session == target->id)
        return -EPERM;
    if (group != target->id && !group_in_session(group, self->session))
        return -EPERM;
    target->group = group;
    return 0;
}

long sys_setsid(void)
{
    struct process *self = current_process();
    if (self->group == self->id || group_exists(self->id))
        return -EPERM;
    self->session = self->group = self->id;
    self->terminal = NULL;
    return self->id;
}

long sys_vhangup(void)
{
    if (!process_privileged())
        return -EPERM;
    tty_hang_up_own();
    return 0;
}

/* ---- the task ---- */

long sys_set_tid_address(user_address address)
{
    current->clear_child_tid = address;
    return current->id;
}

/* struct robust_list_head of linux/futex.h */
#define ROBUST_LIST_HEAD_SIZE 24u

long sys_set_robust_list(user_address head, size_t size)
{
    if (size != ROBUST_LIST_HEAD_SIZE)
        return -EINVAL;
    current->robust_list = head;
    return 0;
}

long sys_get_robust_list(int pid, user_address head, user_address size)
{
    const struct task *task = pid ? task_find(pid) : current;
    if (!task)
        return -ESRCH;
    if (!process_privileged() && task->process != current_process())
        return -EPERM;
    uint64_t bytes = ROBUST_LIST_HEAD_SIZE;
    if (copy_to_user(size, &bytes, sizeof bytes))
        return -EFAULT;
    return copy_to_user(head, &task->robust_list, sizeof task->robust_list);
}

long sys_arch_prctl(int code, user_address address)
{
    user_address value;
    switch (code) {
    case ARCH_SET_FS:
        return thread_set_fs_base(current->thread, address);
    case ARCH_SET_GS:
        return thread_set_gs_base(current->thread, address);
    case ARCH_GET_FS:
        value = thread_fs_base(current->thread);
        break;
    case ARCH_GET_GS:
        value = thread_gs_base(current->thread);
        break;
    default:
        return -EINVAL;
    }
    return copy_to_user(address, &value, sizeof value);
}

long sys_prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    char name[COMMAND_LENGTH];
    int flag;
    long length;
    switch (option) {
    case PR_SET_NAME:
        length = copy_string_from_user(name, a, sizeof name);
        if (length == -EFAULT)
            return -EFAULT;
        name[sizeof name - 1] = '\0'; /* a longer name is cut */
        string_copy(current->command, name, sizeof current->command);
        return 0;
    case PR_GET_NAME:
        memset(name, 0, sizeof name);
        string_copy(name, current->command, sizeof name);
        return copy_to_user(a, name, sizeof name);
    case PR_GET_DUMPABLE:
        return current_process()->dumpable;
    case PR_SET_PDEATHSIG:
        if (a > SIGNAL_COUNT)
            return -EINVAL;
        current_process()->parent_death_signal = (int)a;
        return 0;
    case PR_GET_PDEATHSIG:
        return copy_to_user(a, &current_process()->parent_death_signal, sizeof(int));
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d)
            return -EINVAL;
        current_process()->no_new_privileges = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a || b || c || d ? -EINVAL : current_process()->no_new_privileges;
    case PR_SET_CHILD_SUBREAPER:
        current_process()->subreaper = a != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        flag = current_process()->subreaper;
        return copy_to_user(a, &flag, sizeof flag);
    case PR_SET_KEEPCAPS:
        if (a > 1)
            return -EINVAL;
        current_process()->keeps_capabilities = a;
        return 0;
    case PR_GET_KEEPCAPS:
        return current_process()->keeps_capabilities;
    case PR_SET_TIMERSLACK:
        current->timer_slack = a ? a : TIMER_SLACK;
        return 0;
    case PR_GET_TIMERSLACK:
        return (long)current->timer_slack;
    case PR_CAPBSET_READ:
        return a <= CAP_LAST_CAP ? 1 : -EINVAL;
    case PR_SET_DUMPABLE:
        if (a > 1)
            return -EINVAL;
        current_process()->dumpable = a;
        return 0;
    default:
        return -EINVAL;
    }
}

/* ---- times and limits ---- */

static struct __kernel_old_timeval to_timeval(uint64_t nanoseconds)
{
    return (struct __kernel_old_timeval){ nanoseconds / NANOSECONDS_PER_SECOND,
                                          nanoseconds % NANOSECONDS_PER_SECOND / 1000 };
}

/* Ended tasks have left their counts with the process. */
static void add_live_tasks(const struct process *process, struct rusage *usage)
{
    const struct task *task;
    list_for_each_entry(task, &process->tasks, of_process) {
        usage->ru_minflt += task->minor_faults;
        usage->ru_majflt += task->major_faults;
        usage->ru_nvcsw += task->voluntary_switches;
        usage->ru_nivcsw += task->involuntary_switches;
    }
}

/* Pages in memory at most, in this program and those that the process ran before. */
static uint64_t peak_of(const struct process *process)
{
    uint64_t peak = vm_peak_resident(process->vm);
    return process->peak_resident > peak ? process->peak_resident : peak;
}

long sys_getrusage(int who, user_address out)
{
    struct process *self = current_process();
    struct rusage usage;
    uint64_t user, system, peak;
    memset(&usage, 0, sizeof usage);
    switch (who) {
    case RUSAGE_SELF:
        process_times(self, &user, &system);
        usage.ru_minflt = self->minor_faults;
        usage.ru_majflt = self->major_faults;
        usage.ru_nvcsw = self->voluntary_switches;
        usage.ru_nivcsw = self->involuntary_switches;
        add_live_tasks(self, &usage);
        peak = peak_of(self);
        break;
    case RUSAGE_THREAD:
        task_times(current, &user, &system);
        usage.ru_minflt = current->minor_faults;
        usage.ru_majflt = current->major_faults;
        usage.ru_nvcsw = current->voluntary_switches;
        usage.ru_nivcsw = current->involuntary_switches;
        peak = peak_of(self);
        break;
    case RUSAGE_CHILDREN:
        user = self->children_user_time;
        system = self->children_system_time;
        usage.ru_minflt = self->children_minor_faults;
        usage.ru_majflt = self->children_major_faults;
        usage.ru_nvcsw = self->children_voluntary_switches;
        usage.ru_nivcsw = self->children_involuntary_switches;
        peak = self->children_peak_resident;
        break;
    default:
        return -EINVAL;
    }
    usage.ru_maxrss = peak * (PAGE_SIZE / 1024);
    usage.ru_utime =
        (__typeof__(usage.ru_utime)){ to_timeval(user).tv_sec, to_timeval(user).tv_usec };
    usage.ru_stime =
        (__typeof__(usage.ru_stime)){ to_timeval(system).tv_sec, to_timeval(system).tv_usec };
    return copy_to_user(out, &usage, sizeof usage);
}

#define NANOSECONDS_PER_CLOCK_TICK 10000000ull /* USER_HZ is 100 */

long sys_times(user_address out)
{
    struct process *self = current_process();
    uint64_t user, system;
    process_times(self, &user, &system);
    struct tms tms = {
        .tms_utime = user / NANOSECONDS_PER_CLOCK_TICK,
        .tms_stime = system / NANOSECONDS_PER_CLOCK_TICK,
        .tms_cutime = self->children_user_time / NANOSECONDS_PER_CLOCK_TICK,
        .tms_cstime = self->children_system_time / NANOSECONDS_PER_CLOCK_TICK,
    };
    if (out && copy_to_user(out, &tms, sizeof tms))
        return -EFAULT;
    return clock_monotonic() / NANOSECONDS_PER_CLOCK_TICK;
}

static int set_limit(struct process *process, unsigned resource, const struct rlimit *wanted)
{
    struct rlimit *limit = &process->limits[resource];
    if (wanted->rlim_cur > wanted->rlim_max)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && wanted->rlim_max > OPEN_FILES_HARD)
        return -EPERM;
    if (wanted->rlim_max > limit->rlim_max && !process_privileged())
        return -EPERM;
    *limit = *wanted;
    return 0;
}

static bool may_limit(const struct process *process)
{
    const struct credentials *self = current_process()->credentials, *other = process->credentials;
    return process == current_process() || process_privileged() ||
           (self->uid == other->uid && self->uid == other->euid && self->uid == other->suid &&
            self->gid == other->gid && self->gid == other->egid && self->gid == other->sgid);
}

long sys_prlimit64(int pid, unsigned resource, user_address limit, user_address old)
{
    struct rlimit wanted, before;
    if (limit && copy_from_user(&wanted, limit, sizeof wanted))
        return -EFAULT;
    struct process *process = find_or_self(pid);
    if (!process)
        return -ESRCH;
    if (!may_limit(process))
        return -EPERM;
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    before = process->limits[resource];
    int error = limit ? set_limit(process, resource, &wanted) : 0;
    if (!error && old)
        error = copy_to_user(old, &before, sizeof before);
    return error;
}

long sys_getrlimit(unsigned resource, user_address out)
{
    long error = sys_prlimit64(0, resource, 0, out);
    return error || out ? error : -EFAULT;
}

long sys_setrlimit(unsigned resource, user_address limit)
{
    return limit ? sys_prlimit64(0, resource, limit, 0) : -EFAULT;
}
