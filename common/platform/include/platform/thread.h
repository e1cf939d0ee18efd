/* Kernel threads of control: a guarded kernel stack, user registers, FPU state, segment bases.
 *
 * Threads are switched explicitly, never by an interrupt.  Kernel code of a thread runs with
 * interrupts on. */
#ifndef PLATFORM_THREAD_H
#define PLATFORM_THREAD_H

#include <platform/trap.h>

struct thread;

/* A thread that, when first switched to, calls `entry(argument)` on its own kernel stack
 * (16 KiB above an unmapped guard page).  When `entry` returns, the thread enters user mode with
 * its user registers.  0 or -ENOMEM. */
int thread_create(struct thread **out, void (*entry)(void *argument), void *argument);

/* Frees a thread that is not running and never will. */
void thread_destroy(struct thread *thread);

/* Gives back the kernel stacks that are kept for the next threads. */
void threads_trim(void);

/* The thread that the boot code runs as; it is the one to idle on. */
struct thread *thread_boot(void);

/* Saves the running thread `from` (FPU and segment bases of its user side included) and resumes
 * `to`.  Returns when somebody switches back.  The address space is switched separately. */
void thread_switch(struct thread *from, struct thread *to);

/* The user registers, at the top of the kernel stack. */
struct user_registers *thread_registers(struct thread *thread);

/* FS and GS base of the user side (arch_prctl(2)).  Setters take user addresses only: -EPERM
 * otherwise, as Linux.  They work on the running thread and on others. */
int thread_set_fs_base(struct thread *thread, user_address base);
int thread_set_gs_base(struct thread *thread, user_address base);
user_address thread_fs_base(struct thread *thread);
user_address thread_gs_base(struct thread *thread);

/* FPU, SSE and AVX state of the user side, in the layout of FXSAVE or XSAVE (Intel SDM volume 1,
 * 13.4).  thread_fpu_size() is the size of a whole image in bytes, a multiple of 64.
 * The bytes 464 to 511 of a saved image hold Linux's struct _fpx_sw_bytes (asm/sigcontext.h),
 * and 4 bytes of FP_XSTATE_MAGIC2 follow an XSAVE image, counted in the size.
 * thread_fpu_load() takes such an image (or, if the software bytes do not claim more, its first
 * 512 bytes); -EINVAL if the processor would refuse it. */
size_t thread_fpu_size(void);
void thread_fpu_save(struct thread *thread, void *image);
int thread_fpu_load(struct thread *thread, const void *image, size_t size);
void thread_fpu_reset(struct thread *thread);                 /* as after execve */
void thread_fpu_copy(struct thread *to, struct thread *from); /* as after fork */

#endif
