/* Signals: sending, blocking, and delivery on the way back to user mode.  signal(7). */
#ifndef PROCESS_SIGNAL_H
#define PROCESS_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/signal.h>

#include <lib/list.h>
#include <platform/trap.h>

struct task;
struct process;

#define SIGNAL_COUNT 64 /* 1 to 64; _NSIG of Linux on x86-64 */

/* Never seen by user programs: the call was cut short by a signal and is to be restarted if the
 * handler has SA_RESTART (Linux uses the same numbers inside). */
#define ERESTARTSYS           512 /* restart unless a handler without SA_RESTART runs: else EINTR */
#define ERESTARTNOINTR        513 /* always restart */
#define ERESTARTNOHAND        514 /* restart only if no handler runs: else EINTR */
#define ERESTART_RESTARTBLOCK 516 /* like NOHAND, going on through task->restart */

static inline uint64_t signal_bit(int signal)
{
    return 1ull << (signal - 1);
}

/* rt_sigaction(2)'s structure on x86-64, addresses as numbers. */
struct signal_action {
    uint64_t handler; /* SIG_DFL 0, SIG_IGN 1, or a user address */
    uint64_t flags;   /* SA_* */
    uint64_t restorer;
    uint64_t mask;
};

struct signal_actions {
    uint32_t references; /* CLONE_SIGHAND */
    struct signal_action action[SIGNAL_COUNT];
};

struct signal_stack {
    user_address base;
    uint64_t size;
    uint32_t flags; /* SS_* */
};

struct signal_pending {
    uint64_t set;      /* bit n - 1: signal n waits */
    struct list queue; /* of queued siginfo, oldest first; private to signal.c */
};

void signal_pending_init(struct signal_pending *pending);
void signal_pending_clear(struct signal_pending *pending);

/* Sends a signal to a process, a task, or every process of a group.  `information` NULL: from the
 * kernel (SI_KERNEL).  No permission is checked.  0, or -EAGAIN when a real-time signal cannot be
 * queued; for a group -ESRCH if it is empty. */
int signal_send_process(struct process *process, int signal, const siginfo_t *information);
int signal_send_task(struct task *task, int signal, const siginfo_t *information);
int signal_send_group(int32_t group, int signal, const siginfo_t *information);

/* The siginfo of something that the running process sends; the signal's number is filled in by
 * whoever sends it. */
siginfo_t signal_information(int code);

/* What a system call has to tell its caller beside an errno (SIGPIPE, SIGXFSZ): it looks as if the
 * process had sent it itself. */
void signal_send_self(int signal);

/* A signal that the running task caused by a fault: delivered at once, blocked or not. */
void signal_force(int signal, const siginfo_t *information);

/* The handler of struct trap_handlers: the signal that an exception in user mode is. */
void signal_exception(struct user_registers *registers, const struct exception *exception);

/* True if the running task has a signal to handle: sleeps end, long work stops. */
bool signal_waiting(const struct task *task);
bool signal_fatal_waiting(const struct task *task);

/* kill(2)'s permission rule for the running process. */
bool signal_permitted(const struct process *target, int signal);

/* Handles what is pending before the return to user mode: stops, kills, builds handler frames, and
 * decides whether the interrupted system call restarts. */
void signal_deliver(struct user_registers *registers);

/* The running task's mask has changed: what is no longer blocked is handled on the way out. */
void signal_recheck(void);

/* Takes `mask` as the running task's until a handler has run or the call returns (sigsuspend,
 * ppoll, pselect): signal_deliver() brings the old one back. */
void signal_block_until_delivery(uint64_t mask);

/* True if `process` ignores (or defaults to ignoring) the signal; or blocks it in `task`. */
bool signal_ignored(const struct process *process, int signal);

int signal_actions_create(struct signal_actions **out);
int signal_actions_clone(const struct signal_actions *from, struct signal_actions **out);
void signal_actions_put(struct signal_actions *actions);
void signal_actions_execute(struct signal_actions *actions); /* execve: handlers to default */

#endif
