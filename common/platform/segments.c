/* GDT and task state segment: in long mode, a list of privilege levels and a list of stacks.
 *
 * Double fault, NMI and machine check may come when the current stack is unusable (overflowed, or
 * still the user's just after SYSCALL), so they have stacks of their own. */
#include "segments.h"

#include <stddef.h>

#include "asm.h"

#define INTERRUPT_STACK_SIZE 8192

/* Intel SDM volume 3, 8.7. */
struct task_state {
    uint32_t reserved0;
    uint64_t stack[3]; /* by privilege level entered */
    uint64_t reserved1;
    uint64_t interrupt_stack[7]; /* slot 1 is element 0 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map; /* offset of the port permission map */
} __attribute__((packed));

/* Intel SDM volume 3, 3.4.5: present, type and privilege; the 64-bit flag.  The accessed bit is set
 * beforehand, or the processor would write to the table. */
#define KERNEL_CODE_DESCRIPTOR 0x00209b0000000000ull
#define DATA_DESCRIPTOR        0x0000930000000000ull
#define USER_CODE_DESCRIPTOR   0x0020fb0000000000ull
#define USER_DATA_DESCRIPTOR   0x0000f30000000000ull
#define TASK_STATE_DESCRIPTOR  0x0000890000000000ull

uint64_t kernel_stack_top;

static struct task_state task_state __attribute__((aligned(16)));
static uint8_t interrupt_stacks[3][INTERRUPT_STACK_SIZE] __attribute__((aligned(16)));

/* There is no 32-bit user code; its place stays empty. */
static uint64_t descriptors[TASK_STATE / 8 + 2] = {
    [KERNEL_CODE / 8] = KERNEL_CODE_DESCRIPTOR,
    [KERNEL_STACK / 8] = DATA_DESCRIPTOR,
    [USER_STACK / 8] = USER_DATA_DESCRIPTOR,
    [USER_CODE / 8] = USER_CODE_DESCRIPTOR,
};

static void set_interrupt_stack(unsigned slot)
{
    task_state.interrupt_stack[slot - 1] =
        (uint64_t)interrupt_stacks[slot - 1] + INTERRUPT_STACK_SIZE;
}

/* The processor keeps using the segments it has loaded until each register is loaded anew; the
 * code segment only changes with a far return.  FS and GS are the user's: null. */
static void load_segments(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = { sizeof(descriptors) - 1, (uint64_t)descriptors };

    lgdt(&table);
    __asm__ volatile("pushq %0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %1, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs"
                     :
                     : "i"(KERNEL_CODE), "r"(KERNEL_STACK)
                     : "rax", "memory");
}

void segments_init(void)
{
    uint64_t base = (uint64_t)&task_state, limit = sizeof(task_state) - 1;

    set_interrupt_stack(STACK_DOUBLE_FAULT);
    set_interrupt_stack(STACK_NMI);
    set_interrupt_stack(STACK_MACHINE_CHECK);
    task_state.io_map = sizeof(task_state); /* beyond the limit: no port for user mode */

    descriptors[TASK_STATE / 8] =
        TASK_STATE_DESCRIPTOR | limit | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    descriptors[TASK_STATE / 8 + 1] = base >> 32;
    load_segments();
    lldt(0); /* none: after a reset its limit is 64 KiB */
    ltr(TASK_STATE);
}

void segments_set_kernel_stack(uint64_t top)
{
    task_state.stack[0] = top;
    kernel_stack_top = top;
}

bool segments_on_interrupt_stack(uint64_t address)
{
    uint64_t start = (uint64_t)interrupt_stacks;
    return address >= start && address < start + sizeof(interrupt_stacks);
}
