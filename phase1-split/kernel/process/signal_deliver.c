/* On the way back to user mode a task handles its signals, one after the other: it is killed or
 * stopped, or a frame for a handler is pushed.  An interrupted system call is wound back here. */
#include <linux/errno.h>
#include <linux/wait.h>

#include <platform/memory.h>
#include <process/process.h>
#include <asm/unistd.h>

#include "group.h"
#include "signal_queue.h"
#include "task.h"

#define SYSCALL_INSTRUCTION_SIZE 2 /* 0f 05 */

static bool in_system_call(const struct user_registers *registers)
{
    return registers->orig_rax != (uint64_t)-1;
}

static void restart(struct user_registers *registers, uint64_t number)
{
    registers->rax = number;
    registers->rip -= SYSCALL_INSTRUCTION_SIZE;
}

/* A handler with these flags is to run: does the call it interrupted end or start again? */
static void settle_call_for_handler(struct user_registers *registers, uint64_t flags)
{
    if (!in_system_call(registers))
        return;
    switch (-(int64_t)registers->rax) {
    case ERESTARTSYS:
        if (!(flags & SA_RESTART)) {
            registers->rax = -EINTR;
            break;
        }
        restart(registers, registers->orig_rax);
        break;
    case ERESTARTNOINTR:
        restart(registers, registers->orig_rax);
        break;
    case ERESTARTNOHAND:
    case ERESTART_RESTARTBLOCK:
        registers->rax = -EINTR;
        break;
    }
    registers->orig_rax = -1;
}

/* No handler ran: the interrupted call goes on as if nothing had happened. */
static void settle_call(struct user_registers *registers)
{
    if (!in_system_call(registers))
        return;
    switch (-(int64_t)registers->rax) {
    case ERESTARTSYS:
    case ERESTARTNOINTR:
    case ERESTARTNOHAND:
        restart(registers, registers->orig_rax);
        break;
    case ERESTART_RESTARTBLOCK:
        restart(registers, __NR_restart_syscall);
        break;
    }
    registers->orig_rax = -1;
}

static void stop(int signal)
{
    struct process *self = current_process();
    self->stopped = true;
    self->stop_reported = false;
    self->continued_unreported = false;
    self->stop_signal = signal;
    thread_wake_others(); /* to stop too */
    process_report_stop(self, CLD_STOPPED);
}

static void stay_stopped(void)
{
    while (current_process()->stopped) /* SIGKILL continues, too; all others wait until then */
        scheduler_block(TASK_STOPPED);
}

static void act_by_default(int signal)
{
    switch (signal_default(signal)) {
    case DEFAULT_IGNORE:
        return;
    case DEFAULT_STOP:
        /* Nobody could continue an orphaned group: only SIGSTOP stops it. */
        if (signal == SIGSTOP || !process_group_is_orphaned(current_process()->group))
            stop(signal);
        return;
    case DEFAULT_KILL:
        process_exit(signal);
    }
}

/* Runs the handler: from here on user mode continues in it. */
static void run_handler(struct user_registers *registers, struct signal_action *action,
                        const siginfo_t *information)
{
    int signal = information->si_signo;
    settle_call_for_handler(registers, action->flags);
    uint64_t mask = current->restore_blocked ? current->saved_blocked : current->blocked;
    if (signal_push_frame(registers, information, action, mask)) {
        if (signal == SIGSEGV)
            action->handler = SIGNAL_DEFAULT; /* its own handler cannot be told either */
        signal_force(SIGSEGV, NULL);
        return;
    }
    current->restore_blocked = false;
    current->blocked |= action->mask;
    if (!(action->flags & SA_NODEFER))
        current->blocked |= signal_bit(signal);
    current->blocked &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    if (action->flags & SA_RESETHAND)
        action->handler = SIGNAL_DEFAULT;
}

static void handle(struct user_registers *registers, const siginfo_t *information)
{
    struct signal_action *action = &current_process()->actions->action[information->si_signo - 1];
    if (action->handler == SIGNAL_IGNORE)
        return;
    if (action->handler == SIGNAL_DEFAULT && !current_process()->parent &&
        information->si_code <= 0)
        return; /* somebody sent it to init, which had it blocked: init lives */
    if (action->handler == SIGNAL_DEFAULT)
        act_by_default(information->si_signo);
    else
        run_handler(registers, action, information);
}

void signal_deliver(struct user_registers *registers)
{
    siginfo_t information;
    for (;;) {
        if (task_must_leave(current))
            task_exit(0);
        stay_stopped();
        if (!signal_take(current, ~current->blocked, &information))
            break;
        handle(registers, &information);
    }
    settle_call(registers);
    if (current->restore_blocked) {
        current->restore_blocked = false;
        current->blocked = current->saved_blocked;
        signal_recheck();
    }
}
