/* System calls on signals. */
#include <linux/errno.h>

#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>
#include <process/signal_queue.h>
#include <process/task.h>
#include <syscall/syscall.h>
#include <syscall/time.h>

#define MASK_SIZE   sizeof(uint64_t)
#define UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

/* What sigaction(2) knows of; other bits are not kept, so that a program can find out. */
#define KNOWN_FLAGS                                                                                \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS | SA_RESTORER | SA_ONSTACK |     \
     SA_RESTART | SA_NODEFER | SA_RESETHAND)

static bool is_signal(int signal)
{
    return signal >= 1 && signal <= SIGNAL_COUNT;
}

long sys_rt_sigaction(int signal, user_address action, user_address old, size_t size)
{
    struct process *self = current_process();
    struct signal_action wanted;
    if (size != MASK_SIZE)
        return -EINVAL;
    if (action && copy_from_user(&wanted, action, sizeof wanted))
        return -EFAULT;
    if (!is_signal(signal) || (action && (signal_bit(signal) & UNBLOCKABLE)))
        return -EINVAL;
    struct signal_action before = self->actions->action[signal - 1];
    if (action) {
        wanted.mask &= ~UNBLOCKABLE;
        wanted.flags &= KNOWN_FLAGS;
        self->actions->action[signal - 1] = wanted;
        signal_flush_ignored(self, signal);
    }
    return old ? copy_to_user(old, &before, sizeof before) : 0;
}

long sys_rt_sigprocmask(int how, user_address set, user_address old, size_t size)
{
    uint64_t before = current->blocked, mask;
    if (size != MASK_SIZE)
        return -EINVAL;
    if (set) {
        if (copy_from_user(&mask, set, sizeof mask))
            return -EFAULT;
        mask &= ~UNBLOCKABLE;
        switch (how) {
        case SIG_BLOCK:
            current->blocked |= mask;
            break;
        case SIG_UNBLOCK:
            current->blocked &= ~mask;
            break;
        case SIG_SETMASK:
            current->blocked = mask;
            break;
        default:
            return -EINVAL;
        }
        signal_recheck();
        thread_wake_others(); /* what this task no longer takes may be for another */
    }
    return old ? copy_to_user(old, &before, sizeof before) : 0;
}

long sys_rt_sigpending(user_address out, size_t size)
{
    uint64_t set = signal_pending_set(current) & current->blocked;
    if (size > MASK_SIZE)
        return -EINVAL;
    return copy_to_user(out, &set, size);
}

long sys_rt_sigsuspend(user_address mask, size_t size)
{
    uint64_t wanted;
    if (size != MASK_SIZE)
        return -EINVAL;
    if (copy_from_user(&wanted, mask, sizeof wanted))
        return -EFAULT;
    signal_block_until_delivery(wanted);
    while (!task_sleep(WAIT_FOREVER))
        ;
    return -ERESTARTNOHAND;
}

/* Takes a signal of `set`, or waits for one until `deadline`: -EAGAIN then. */
static long await_signal(uint64_t set, uint64_t deadline, siginfo_t *out)
{
    for (;;) {
        if (signal_take(current, set, out))
            return out->si_signo;
        current->awaited = set;
        int result = task_sleep(deadline);
        current->awaited = 0;
        if (signal_pending_set(current) & set)
            continue;
        if (result)
            return result == -ETIMEDOUT ? -EAGAIN : -EINTR;
    }
}

long sys_rt_sigtimedwait(user_address set, user_address information, user_address timeout,
                         size_t size)
{
    uint64_t wanted, wait = 0, deadline = WAIT_FOREVER;
    siginfo_t found;
    if (size != MASK_SIZE)
        return -EINVAL;
    if (copy_from_user(&wanted, set, sizeof wanted))
        return -EFAULT;
    int error = timeout ? time_read_timespec(timeout, &wait) : 0;
    if (error)
        return error;
    if (timeout)
        deadline = time_deadline_after(wait);
    long signal = await_signal(wanted & ~UNBLOCKABLE, deadline, &found);
    if (signal > 0 && information && copy_to_user(information, &found, sizeof found))
        return -EFAULT;
    return signal;
}

long sys_pause(void)
{
    while (!task_sleep(WAIT_FOREVER))
        ;
    return -ERESTARTNOHAND;
}

long sys_rt_sigreturn(struct user_registers *registers)
{
    if (signal_pop_frame(registers)) {
        signal_force(SIGSEGV, NULL);
        return 0;
    }
    signal_recheck();
    return registers->rax; /* the interrupted code's, not a result */
}

long sys_sigaltstack(user_address stack, user_address old)
{
    struct {
        uint64_t base;
        uint32_t flags, padding;
        uint64_t size;
    } wanted, before = { current->stack.base, current->stack.flags, 0, current->stack.size };
    user_address rsp = thread_registers(current->thread)->rsp;
    bool active = signal_on_alternate_stack(rsp);
    if (active)
        before.flags |= SS_ONSTACK;
    if (stack) {
        if (copy_from_user(&wanted, stack, sizeof wanted))
            return -EFAULT;
        if (active)
            return -EPERM;
        int error =
            signal_set_stack(&(struct signal_stack){ wanted.base, wanted.size, wanted.flags });
        if (error)
            return error;
    }
    return old ? copy_to_user(old, &before, sizeof before) : 0;
}

/* ---- sending ---- */

/* May the running process send this to `process`? */
static int check_sending(const struct process *process, int signal)
{
    if (signal && !is_signal(signal))
        return -EINVAL;
    return signal_permitted(process, signal) ? 0 : -EPERM;
}

/* kill(2) of several: success if one could be sent. */
static long kill_matching(int32_t group, int signal, const siginfo_t *information)
{
    long result = -ESRCH;
    bool everybody = group == 0;
    struct process *self = current_process();
    for (struct process *each = process_next(NULL); each; each = process_next(each)) {
        if (group > 0 ? each->group != group : (each->id == 1 || each == self))
            continue;
        int error = check_sending(each, signal);
        if (!error)
            error = signal_send_process(each, signal, information);
        if (everybody && error == -EPERM)
            error = 0; /* of kill(-1) one hears only that there is nobody at all */
        if (result != 0)
            result = error;
    }
    return result;
}

long sys_kill(int pid, int signal)
{
    siginfo_t information = signal_information(SI_USER);
    if (pid == -1)
        return kill_matching(0, signal, &information);
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid <= 0)
        return kill_matching(pid ? -pid : current_process()->group, signal, &information);
    struct process *process = process_of(pid);
    if (!process)
        return -ESRCH;
    int error = check_sending(process, signal);
    return error ? error : signal_send_process(process, signal, &information);
}

/* What sigqueue(3) sends: a program may only say that the signal comes from a program, unless it
 * speaks to itself. */
static int read_information(int pid, user_address from, siginfo_t *out)
{
    if (copy_from_user(out, from, sizeof *out))
        return -EFAULT;
    bool pretends = out->si_code >= 0 || out->si_code == SI_TKILL;
    return pretends && pid != current->id ? -EPERM : 0;
}

long sys_rt_sigqueueinfo(int pid, int signal, user_address information)
{
    siginfo_t sent;
    int error = read_information(pid, information, &sent);
    if (error)
        return error;
    struct process *process = process_of(pid);
    if (!process)
        return -ESRCH;
    error = check_sending(process, signal);
    return error ? error : signal_send_process(process, signal, &sent);
}

/* To one task; `process` is the one it has to belong to, or 0 for any. */
static long send_to_task(int process, int id, int signal, const siginfo_t *information)
{
    struct task *task = task_find(id);
    if (!task || (process && task->process->id != process))
        return -ESRCH;
    int error = check_sending(task->process, signal);
    return error ? error : signal_send_task(task, signal, information);
}

long sys_rt_tgsigqueueinfo(int process, int id, int signal, user_address information)
{
    siginfo_t sent;
    int error = read_information(id, information, &sent);
    if (!error && (process <= 0 || id <= 0))
        error = -EINVAL;
    return error ? error : send_to_task(process, id, signal, &sent);
}

long sys_tgkill(int process, int id, int signal)
{
    siginfo_t information = signal_information(SI_TKILL);
    return process > 0 && id > 0 ? send_to_task(process, id, signal, &information) : -EINVAL;
}

long sys_tkill(int id, int signal)
{
    siginfo_t information = signal_information(SI_TKILL);
    return id > 0 ? send_to_task(0, id, signal, &information) : -EINVAL;
}

long sys_restart_syscall(void)
{
    long (*restart)(struct task *) = current->restart;
    current->restart = NULL;
    return restart ? restart(current) : -EINTR;
}
