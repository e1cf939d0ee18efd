/* Local APIC: a one-shot timer, with the 8259 pair connected through as a "virtual wire" (Intel
 * MultiProcessor Specification 1.4, 3.6.2.2). */
#include "apic.h"

#include <platform/panic.h>

#include "asm.h"
#include "paging.h"

/* Register offsets in bytes, Intel SDM volume 3, table 11-1. */
#define TASK_PRIORITY    0x080
#define END_OF_INTERRUPT 0x0b0
#define SPURIOUS_VECTOR  0x0f0
#define LOCAL_TIMER      0x320
#define LOCAL_LINE0      0x350
#define LOCAL_LINE1      0x360
#define LOCAL_ERROR      0x370
#define TIMER_INITIAL    0x380
#define TIMER_CURRENT    0x390
#define TIMER_DIVIDE     0x3e0

#define SOFTWARE_ENABLE  (1u << 8)
#define MASKED           (1u << 16)
#define DELIVER_NMI      (4u << 8)
#define DELIVER_EXTERNAL (7u << 8)
#define DIVIDE_BY_1      0xb

#define MSR_APIC_BASE     0x1b
#define APIC_BASE_ENABLE  (1ull << 11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define CPUID_APIC        (1u << 9)

static volatile uint32_t *registers;
static uint32_t timer_vector;

static void write(unsigned offset, uint32_t value)
{
    registers[offset / 4] = value;
}

void apic_init(unsigned vector, unsigned spurious_vector)
{
    if (!(cpuid(1, 0).edx & CPUID_APIC))
        panic("this processor has no local APIC");
    uint64_t base = msr_read(MSR_APIC_BASE);
    msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
    registers = mmio_map(base & APIC_BASE_ADDRESS, 4096);
    timer_vector = vector;

    write(SPURIOUS_VECTOR, SOFTWARE_ENABLE | spurious_vector);
    write(TASK_PRIORITY, 0);
    write(LOCAL_ERROR, MASKED);
    write(LOCAL_LINE0, DELIVER_EXTERNAL);
    write(LOCAL_LINE1, DELIVER_NMI);
    write(LOCAL_TIMER, MASKED | timer_vector);
    write(TIMER_DIVIDE, DIVIDE_BY_1);
}

void apic_acknowledge(void)
{
    write(END_OF_INTERRUPT, 0);
}

void apic_timer_run(void)
{
    write(LOCAL_TIMER, MASKED | timer_vector);
    write(TIMER_INITIAL, UINT32_MAX);
}

uint32_t apic_timer_count(void)
{
    return registers[TIMER_CURRENT / 4];
}

void apic_timer_start(uint32_t ticks)
{
    write(LOCAL_TIMER, timer_vector);
    write(TIMER_INITIAL, ticks);
}
