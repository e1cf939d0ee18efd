/* The frame of a signal handler on the user's stack, as Linux lays it out on x86-64
 * (asm/sigcontext.h, asm/ucontext.h): debuggers, unwinders and C libraries look into it. */
#include <linux/signal.h>

#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/errno.h>

#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

#include "signal_queue.h"

#define RED_ZONE                                                                                   \
    128 /* bytes below the stack pointer that belong to the program (AMD64 ABI, 3.2.2) */
#define FPU_ALIGNMENT 64
#define MINIMUM_STACK 2048u /* MINSIGSTKSZ */

/* struct ucontext with its pointers as numbers. */
struct user_context {
    uint64_t flags, link;
    struct {
        uint64_t base;
        uint32_t flags, padding;
        uint64_t size;
    } stack;
    struct {
        uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
        uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
        uint16_t cs, gs, fs, ss;
        uint64_t error_code, vector, old_mask, fault_address;
        uint64_t fpu; /* address of the FPU image */
        uint64_t reserved[8];
    } registers;
    uint64_t mask;
};
_Static_assert(sizeof(struct user_context) == sizeof(struct ucontext), "as in asm/ucontext.h");

struct frame_on_stack {
    uint64_t return_address; /* SA_RESTORER: calls rt_sigreturn */
    struct user_context context;
    siginfo_t information;
};

bool signal_on_alternate_stack(user_address rsp)
{
    const struct signal_stack *stack = &current->stack;
    return !(stack->flags & (SS_DISABLE | SS_AUTODISARM)) && rsp > stack->base &&
           rsp - stack->base <= stack->size;
}

static user_address choose_stack(const struct user_registers *registers,
                                 const struct signal_action *action)
{
    const struct signal_stack *stack = &current->stack;
    if ((action->flags & SA_ONSTACK) && !(stack->flags & SS_DISABLE) &&
        !signal_on_alternate_stack(registers->rsp))
        return stack->base + stack->size;
    return registers->rsp - RED_ZONE;
}

static void save_registers(struct user_context *context, const struct user_registers *from)
{
    context->registers = (__typeof__(context->registers)){
        .r8 = from->r8,
        .r9 = from->r9,
        .r10 = from->r10,
        .r11 = from->r11,
        .r12 = from->r12,
        .r13 = from->r13,
        .r14 = from->r14,
        .r15 = from->r15,
        .rdi = from->rdi,
        .rsi = from->rsi,
        .rbp = from->rbp,
        .rbx = from->rbx,
        .rdx = from->rdx,
        .rax = from->rax,
        .rcx = from->rcx,
        .rsp = from->rsp,
        .rip = from->rip,
        .rflags = from->rflags,
        .cs = from->cs,
        .ss = from->ss,
        .error_code = current->exception.error_code,
        .vector = current->exception.vector,
        .fault_address = current->exception.address,
    };
}

static void load_registers(struct user_registers *to, const struct user_context *context)
{
    to->r8 = context->registers.r8;
    to->r9 = context->registers.r9;
    to->r10 = context->registers.r10;
    to->r11 = context->registers.r11;
    to->r12 = context->registers.r12;
    to->r13 = context->registers.r13;
    to->r14 = context->registers.r14;
    to->r15 = context->registers.r15;
    to->rdi = context->registers.rdi;
    to->rsi = context->registers.rsi;
    to->rbp = context->registers.rbp;
    to->rbx = context->registers.rbx;
    to->rdx = context->registers.rdx;
    to->rax = context->registers.rax;
    to->rcx = context->registers.rcx;
    to->rsp = context->registers.rsp;
    to->rip = context->registers.rip;
    to->rflags = context->registers.rflags;
}

/* One for all, on its way between a thread and its stack: nothing sleeps while it is in use, and no
 * signal is lost for want of memory. */
static char *image;

int signal_frame_init(void)
{
    image = kmalloc(thread_fpu_size());
    return image ? 0 : -ENOMEM;
}

static int push_fpu(user_address to)
{
    thread_fpu_save(current->thread, image);
    return copy_to_user(to, image, thread_fpu_size());
}

static int pop_fpu(user_address from)
{
    if (!from) {
        thread_fpu_reset(current->thread);
        return 0;
    }
    size_t got = user_read(image, from, thread_fpu_size());
    return got < 512 ? -EFAULT : thread_fpu_load(current->thread, image, got);
}

void signal_read_fpu(struct _fpstate_64 *out)
{
    thread_fpu_save(current->thread, image);
    memcpy(out, image, sizeof *out);
}

/* A frame that would reach below the alternate stack is not pushed: who knows what lies there. */
static bool fits(user_address top, user_address at)
{
    const struct signal_stack *stack = &current->stack;
    if ((stack->flags & SS_DISABLE) || top <= stack->base || top - stack->base > stack->size)
        return true;
    return at > stack->base;
}

int signal_push_frame(struct user_registers *registers, const siginfo_t *information,
                      const struct signal_action *action, uint64_t restore_mask)
{
    struct frame_on_stack frame;
    user_address top = choose_stack(registers, action);
    user_address fpu = (top - thread_fpu_size()) & ~(user_address)(FPU_ALIGNMENT - 1);
    user_address at = ((fpu - sizeof frame) & ~15ull) - 8; /* as after a call instruction */
    memset(&frame, 0, sizeof frame);
    frame.return_address = action->restorer;
    frame.information = *information;
    save_registers(&frame.context, registers);
    frame.context.flags = 0x1 | 0x2 | 0x4; /* FP_XSTATE, SIGCONTEXT_SS, STRICT_RESTORE_SS */
    frame.context.stack.base = current->stack.base;
    frame.context.stack.flags = current->stack.flags;
    frame.context.stack.size = current->stack.size;
    frame.context.registers.fpu = fpu;
    frame.context.mask = frame.context.registers.old_mask = restore_mask;
    if (!(action->flags & SA_RESTORER) || !fits(top, at) || push_fpu(fpu) ||
        copy_to_user(at, &frame, sizeof frame))
        return -EFAULT;
    thread_fpu_reset(current->thread); /* the handler starts with default rounding and masks */
    if (current->stack.flags & SS_AUTODISARM)
        current->stack = (struct signal_stack){ .flags = SS_DISABLE };
    user_registers_reset(registers, action->handler, at);
    registers->rdi = information->si_signo;
    registers->rsi = at + offsetof(struct frame_on_stack, information);
    registers->rdx = at + offsetof(struct frame_on_stack, context);
    return 0;
}

int signal_set_stack(const struct signal_stack *wanted)
{
    uint32_t mode = wanted->flags & ~SS_AUTODISARM;
    if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        current->stack = (struct signal_stack){ .flags = wanted->flags };
        return 0;
    }
    if (wanted->size < MINIMUM_STACK)
        return -ENOMEM;
    current->stack =
        (struct signal_stack){ wanted->base, wanted->size, wanted->flags & SS_AUTODISARM };
    return 0;
}

size_t signal_frame_size(void)
{
    return sizeof(struct frame_on_stack) + thread_fpu_size() + FPU_ALIGNMENT + 16;
}

int signal_pop_frame(struct user_registers *registers)
{
    struct frame_on_stack frame;
    user_address at = registers->rsp - 8; /* the handler's return took the first word */
    if (copy_from_user(&frame, at, sizeof frame))
        return -EFAULT;
    load_registers(registers, &frame.context);
    registers->orig_rax = -1; /* no system call to restart */
    if (user_registers_sanitize(registers) || pop_fpu(frame.context.registers.fpu))
        return -EFAULT;
    current->blocked = frame.context.mask & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    struct signal_stack stack = { frame.context.stack.base, frame.context.stack.size,
                                  frame.context.stack.flags };
    if (!signal_on_alternate_stack(registers->rsp))
        signal_set_stack(&stack); /* a program may have changed it to nonsense: no harm then */
    return 0;
}
