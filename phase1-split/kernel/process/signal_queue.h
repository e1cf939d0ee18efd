/* What the files that handle signals share: the queue's other end, and default actions. */
#ifndef PROCESS_SIGNAL_QUEUE_H
#define PROCESS_SIGNAL_QUEUE_H

#include <process/signal.h>

/* struct signal_action.handler: SIG_DFL and SIG_IGN as numbers (asm-generic/signal-defs.h). */
#define SIGNAL_DEFAULT 0u
#define SIGNAL_IGNORE  1u

/* signal(7), "Standard signals". */
enum default_action { DEFAULT_KILL, DEFAULT_IGNORE, DEFAULT_STOP };
enum default_action signal_default(int signal);

/* Takes the next signal of `allowed` (a mask) off the task's and its process's queues. */
bool signal_take(struct task *task, uint64_t allowed, siginfo_t *out);

/* A signal that waits, with what it tells. */
struct queued_signal {
    struct list node;
    struct signal_pending *pending; /* where it waits */
    uint32_t uid;                   /* real, of who is to get it: RLIMIT_SIGPENDING counts by it */
    siginfo_t information;
    /* Of one that its owner keeps, so that sending it needs no memory: called when it is taken, may
     * complete what it tells.  NULL: it is freed then. */
    void (*taken)(struct queued_signal *signal, siginfo_t *out);
};

/* Records of signals that wait for processes of this real user id, and of those that their timers
 * keep. */
unsigned signal_queued(uint32_t uid);

/* May the target's user have one more?  RLIMIT_SIGPENDING. */
bool signal_within_limit(const struct process *target);

/* So many more kept records are there. */
void signal_count_kept(int change);

/* Sends a kept signal, which is not queued, to the process, or to a task of it. */
void signal_send_kept(struct process *process, struct task *task, struct queued_signal *kept);
bool signal_is_queued(const struct queued_signal *entry);

/* Takes back a kept signal, queued or not. */
void signal_withdraw(struct queued_signal *entry);

/* Signals that wait for the task, blocked ones included. */
uint64_t signal_pending_set(const struct task *task);

/* A new action makes `signal` ignored: it is no longer pending. */
void signal_flush_ignored(struct process *process, int signal);

/* At boot.  0 or -ENOMEM. */
int signal_frame_init(void);

/* Builds the frame of a handler on the user's stack and points the registers at it.  0 or -EFAULT
 * when the stack cannot be written. */
int signal_push_frame(struct user_registers *registers, const siginfo_t *information,
                      const struct signal_action *action, uint64_t restore_mask);

/* The running task's FPU and SSE registers. */
struct _fpstate_64;
void signal_read_fpu(struct _fpstate_64 *out);

/* Is this stack pointer on the running task's alternate stack? */
bool signal_on_alternate_stack(user_address rsp);

/* sigaltstack(2): sets it.  0, -EINVAL or -ENOMEM. */
int signal_set_stack(const struct signal_stack *wanted);

/* The most bytes that a handler's frame takes (AT_MINSIGSTKSZ). */
size_t signal_frame_size(void);

/* rt_sigreturn(2): takes such a frame back.  0 or -EFAULT. */
int signal_pop_frame(struct user_registers *registers);

#endif
