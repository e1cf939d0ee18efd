/* A thread is a kernel stack, with the user registers at its top, and what else of the processor
 * belongs to its program: FPU state and the FS and GS bases.
 *
 * The latter is not saved when a thread stops running but when another program's has to take its
 * place, so going idle and coming back costs nothing. */
#include "thread.h"

#include <linux/errno.h>

#include <platform/address_space.h>
#include <platform/heap.h>
#include <platform/log.h>
#include <platform/memory.h>

#include "asm.h"
#include "fpu.h"
#include "image.h"
#include "kernel_stack.h"
#include "layout.h"
#include "segments.h"
#include "trap.h"

#define MSR_FS_BASE   0xc0000100
#define MSR_GS_BASE   0xc0000101
#define FPU_ALIGNMENT 64

struct thread {
    uint64_t stack_pointer; /* while it does not run: what switch_stacks() left */
    void *stack_top;
    void *fpu;        /* state area, stale while the thread is `loaded`; boot thread: NULL */
    void *fpu_memory; /* the block that `fpu` is an aligned part of */
    user_address fs_base, gs_base;
};

/* What switch_stacks() expects at stack_pointer (switch.S). */
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, return_address;
};

void switch_stacks(uint64_t *save, uint64_t load);

static struct thread boot_thread;
static struct thread *running = &boot_thread;
static struct thread *loaded; /* whose FPU state and bases the registers hold; NULL: nobody's */

void thread_init(void)
{
    boot_thread.stack_top = boot_stack_top;
}

struct thread *thread_boot(void)
{
    return &boot_thread;
}

struct user_registers *thread_registers(struct thread *thread)
{
    return (struct user_registers *)thread->stack_top - 1;
}

bool thread_on_stack(uint64_t address)
{
    uint64_t top = (uint64_t)running->stack_top;
    return address >= top - KERNEL_STACK_SIZE && address <= top - sizeof(uint64_t);
}

/* A stack as if the thread had called switch_stacks() at the start of thread_start() (trap.S),
 * which finds its entry in r12 and the argument in r13.  The word of padding below the user
 * registers is the one that trap.S keeps there. */
static void prepare_stack(struct thread *thread, void (*entry)(void *), void *argument)
{
    struct user_registers *registers = thread_registers(thread);
    user_registers_reset(registers, 0, 0);

    uint64_t *padding = (uint64_t *)registers - 1;
    struct switch_frame *frame = (struct switch_frame *)padding - 1;
    *padding = 0;
    *frame = (struct switch_frame){
        .r12 = (uint64_t)entry,
        .r13 = (uint64_t)argument,
        .return_address = (uint64_t)thread_start,
    };
    thread->stack_pointer = (uint64_t)frame;
}

int thread_create(struct thread **out, void (*entry)(void *argument), void *argument)
{
    struct thread *thread = kzalloc(sizeof(*thread));
    if (!thread)
        return -ENOMEM;
    thread->fpu_memory = kmalloc(fpu_area_size() + FPU_ALIGNMENT - 1);
    if (!thread->fpu_memory)
        goto free_thread;
    if (kernel_stack_allocate(&thread->stack_top) < 0)
        goto free_fpu;

    uint64_t aligned = ((uint64_t)thread->fpu_memory + FPU_ALIGNMENT - 1) & -FPU_ALIGNMENT;
    thread->fpu = (void *)aligned;
    fpu_area_reset(thread->fpu);
    prepare_stack(thread, entry, argument);
    *out = thread;
    return 0;

free_fpu:
    kfree(thread->fpu_memory);
free_thread:
    kfree(thread);
    return -ENOMEM;
}

void thread_destroy(struct thread *thread)
{
    if (loaded == thread)
        loaded = NULL;
    kernel_stack_free(thread->stack_top);
    kfree(thread->fpu_memory);
    kfree(thread);
}

void threads_trim(void)
{
    kernel_stacks_trim();
}

static void load_fpu(struct thread *thread)
{
    if (fpu_restore(thread->fpu))
        return;
    printk(LOG_ERROR, "FPU state refused by the processor; reset");
    fpu_area_reset(thread->fpu);
    fpu_restore(thread->fpu);
}

/* Puts the user state of `thread` into the registers, in place of what `loaded` has there.  A
 * program can clear a base behind the kernel's back by loading a null selector, so a base may be
 * left as it is only where it is 0. */
static void load_user_state(struct thread *thread)
{
    struct thread *before = loaded;

    loaded = thread;
    if (before)
        fpu_save(before->fpu);
    load_fpu(thread);
    if (!before || before->fs_base | thread->fs_base)
        msr_write(MSR_FS_BASE, thread->fs_base);
    if (!before || before->gs_base | thread->gs_base)
        msr_write(MSR_GS_BASE, thread->gs_base);
}

void thread_switch(struct thread *from, struct thread *to)
{
    if (from == to)
        return;
    if (to->fpu && to != loaded)
        load_user_state(to);
    segments_set_kernel_stack((uint64_t)to->stack_top);
    running = to;
    switch_stacks(&from->stack_pointer, to->stack_pointer);
}

static int set_base(struct thread *thread, user_address *field, uint32_t msr, user_address base)
{
    if (base >= USER_END)
        return -EPERM;
    *field = base;
    if (thread == loaded)
        msr_write(msr, base);
    return 0;
}

int thread_set_fs_base(struct thread *thread, user_address base)
{
    return set_base(thread, &thread->fs_base, MSR_FS_BASE, base);
}

int thread_set_gs_base(struct thread *thread, user_address base)
{
    return set_base(thread, &thread->gs_base, MSR_GS_BASE, base);
}

user_address thread_fs_base(struct thread *thread)
{
    return thread->fs_base;
}

user_address thread_gs_base(struct thread *thread)
{
    return thread->gs_base;
}

/* Makes thread->fpu current. */
static void collect_fpu(struct thread *thread)
{
    if (thread == loaded)
        fpu_save(thread->fpu);
}

/* Makes the registers follow a change of thread->fpu. */
static void distribute_fpu(struct thread *thread)
{
    if (thread == loaded)
        load_fpu(thread);
}

size_t thread_fpu_size(void)
{
    return fpu_image_size();
}

void thread_fpu_save(struct thread *thread, void *image)
{
    collect_fpu(thread);
    fpu_image_make(image, thread->fpu);
}

int thread_fpu_load(struct thread *thread, const void *image, size_t size)
{
    int result = fpu_image_load(thread->fpu, image, size);
    if (result == 0)
        distribute_fpu(thread);
    return result;
}

void thread_fpu_reset(struct thread *thread)
{
    fpu_area_reset(thread->fpu);
    distribute_fpu(thread);
}

void thread_fpu_copy(struct thread *to, struct thread *from)
{
    collect_fpu(from);
    memcpy(to->fpu, from->fpu, fpu_area_size());
    distribute_fpu(to);
}
