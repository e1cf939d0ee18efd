/* Interrupts: acknowledge, queue, post an event.  Nothing here calls Ring 1.
 *
 * A line without a handler in the platform belongs to a device that Ring 1 or 2 drives: it is
 * masked until interrupt_unmask(), because a level-triggered line would interrupt without end before
 * the driver had its turn. */
#include "interrupt.h"

#include <stddef.h>

#include <platform/event.h>
#include <platform/interrupts.h>

#include "apic.h"
#include "asm.h"
#include "clock.h"
#include "pic.h"
#include "segments.h"
#include "trap.h"

/* Intel SDM volume 3, 6.14.1. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t interrupt_stack;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e /* present, privilege 0, interrupts off on entry */
#define GATE_FROM_USER 0x60 /* user mode may raise it with an instruction */

static struct gate gates[VECTOR_COUNT] __attribute__((aligned(16)));
static void (*handlers[PIC_LINES])(void);
static struct interrupt_line lines[PIC_LINES];
static uint64_t timer_count;

static void set_gate(unsigned vector, uint8_t flags, uint8_t interrupt_stack)
{
    uint64_t stub = trap_stub_table[vector];
    gates[vector] = (struct gate){
        .offset_low = (uint16_t)stub,
        .selector = KERNEL_CODE,
        .interrupt_stack = interrupt_stack,
        .type = GATE_INTERRUPT | flags,
        .offset_middle = (uint16_t)(stub >> 16),
        .offset_high = (uint32_t)(stub >> 32),
    };
}

void interrupts_init(void)
{
    for (unsigned vector = 0; vector < VECTOR_COUNT; vector++)
        set_gate(vector, 0, 0);
    set_gate(EXCEPTION_BREAKPOINT, GATE_FROM_USER, 0);
    set_gate(EXCEPTION_OVERFLOW, GATE_FROM_USER, 0);
    set_gate(VECTOR_NMI, 0, STACK_NMI);
    set_gate(EXCEPTION_DOUBLE_FAULT, 0, STACK_DOUBLE_FAULT);
    set_gate(VECTOR_MACHINE_CHECK, 0, STACK_MACHINE_CHECK);

    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = { sizeof(gates) - 1, (uint64_t)gates };
    lidt(&table);
    pic_init(VECTOR_LINE);
    apic_init(VECTOR_TIMER, VECTOR_SPURIOUS);
}

void interrupt_register(unsigned line, const char *device, void (*handler)(void))
{
    uint64_t flags = interrupts_save();
    handlers[line] = handler;
    lines[line].device = device;
    pic_unmask(line);
    interrupts_restore(flags);
}

bool interrupt_claim(unsigned line, const char *device)
{
    if (line >= PIC_LINES || line == PIC_CASCADE || handlers[line])
        return false;
    if (!lines[line].device)
        lines[line].device = device;
    uint64_t flags = interrupts_save();
    pic_level_triggered(line);
    pic_unmask(line);
    interrupts_restore(flags);
    return true;
}

void interrupt_unmask(unsigned line)
{
    if (line >= PIC_LINES || !lines[line].device)
        return;
    uint64_t flags = interrupts_save();
    pic_unmask(line);
    interrupts_restore(flags);
}

static void dispatch_line(unsigned line)
{
    if (pic_spurious(line))
        return;
    lines[line].count++;
    if (handlers[line]) {
        handlers[line]();
    } else {
        pic_mask(line);
        events_post(EVENT_DEVICE(line));
    }
    pic_acknowledge(line);
}

void interrupt_dispatch(unsigned vector, struct kernel_registers *interrupted)
{
    if (vector < VECTOR_LINE + PIC_LINES) {
        dispatch_line(vector - VECTOR_LINE);
    } else if (vector == VECTOR_TIMER) {
        timer_count++;
        clock_interrupt(interrupted == NULL);
        apic_acknowledge();
    }
}

bool interrupt_line(unsigned line, struct interrupt_line *out)
{
    if (line >= PIC_LINES || (!lines[line].device && !lines[line].count))
        return false;
    *out = lines[line];
    return true;
}

uint64_t interrupt_timer_count(void)
{
    return timer_count;
}
