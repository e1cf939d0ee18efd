/* Time is the TSC, times a factor measured once; the timer is the local APIC's, one shot at a time.
 *
 * Neither has a frequency that can be asked for reliably, so both are measured against the PIT.
 * The timer's TSC-deadline mode would save the second factor, but few machines here have it, and
 * in Bochs it compares with a TSC that a warm reset has left behind. */
#include "clock.h"

#include <stdbool.h>

#include <platform/event.h>
#include <platform/log.h>
#include <platform/panic.h>
#include <platform/vdso.h>

#include "apic.h"
#include "asm.h"
#include "pit.h"
#include "rtc.h"

#define RUNS       3
#define RUN_TICKS  (PIT_FREQUENCY / 125) /* 8 ms */
#define MOST_POLLS 10000000u
#define NEVER      UINT64_MAX
#define FARTHEST   (1000 * NANOSECONDS_PER_SECOND) /* a deadline beyond is served early */

/* Emulators run the TSC at a round frequency.  A measurement this close to a multiple of 10 MHz,
 * in parts per million, is taken to be that multiple. */
#define ROUND_FREQUENCY 10000000ull
#define ROUND_TOLERANCE 200ull

static uint64_t tsc_frequency, apic_frequency;
static uint64_t tsc_start;
static uint64_t nanoseconds_per_tick; /* of the TSC, 32 fraction bits */
static uint64_t apic_per_nanosecond;  /* likewise */
static uint64_t boot_time;
static uint64_t armed = NEVER; /* the deadline that the hardware will interrupt for */

/* The three counters at one moment, as near as it gets. */
struct sample {
    uint64_t tsc;
    uint32_t apic;
    uint16_t pit;
};

static struct sample sample_now(void)
{
    struct sample sample;
    pit_latch();
    sample.tsc = rdtsc();
    sample.apic = apic_timer_count();
    sample.pit = pit_latched();
    return sample;
}

/* PIT ticks from one sample to a later one.  The count runs down, and from 0 to 65535. */
static uint16_t pit_ticks(const struct sample *from, const struct sample *to)
{
    return (uint16_t)(from->pit - to->pit);
}

/* The moment `ticks` of the PIT after `start`, sampled just after the change, so that the error is
 * the time of one poll and not a whole tick. */
static struct sample sample_after(const struct sample *start, uint16_t ticks)
{
    for (unsigned i = 0; i < MOST_POLLS; i++) {
        struct sample sample = sample_now();
        if (pit_ticks(start, &sample) >= ticks)
            return sample;
    }
    panic("the interval timer does not count");
}

static uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)value * factor >> 32);
}

static uint64_t ratio(uint64_t numerator, uint64_t denominator)
{
    return (numerator / denominator << 32) + ((numerator % denominator) << 32) / denominator;
}

static void measure(uint64_t *tsc, uint64_t *apic)
{
    pit_start();
    struct sample start = sample_now();
    struct sample first = sample_after(&start, 2);
    struct sample last = sample_after(&first, RUN_TICKS);
    uint64_t ticks = pit_ticks(&first, &last);
    *tsc = (last.tsc - first.tsc) * PIT_FREQUENCY / ticks;
    *apic = (uint64_t)(first.apic - last.apic) * PIT_FREQUENCY / ticks;
}

static uint64_t median(const uint64_t *values)
{
    uint64_t a = values[0], b = values[1], c = values[2];
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

static uint64_t snap(uint64_t frequency)
{
    uint64_t round = (frequency + ROUND_FREQUENCY / 2) / ROUND_FREQUENCY * ROUND_FREQUENCY;
    uint64_t difference = frequency > round ? frequency - round : round - frequency;
    return difference * 1000000 <= frequency * ROUND_TOLERANCE ? round : frequency;
}

static void calibrate(void)
{
    uint64_t tsc[RUNS], apic[RUNS];

    apic_timer_run();
    for (unsigned i = 0; i < RUNS; i++)
        measure(&tsc[i], &apic[i]);
    tsc_frequency = snap(median(tsc));
    apic_frequency = snap(median(apic));
    apic_per_nanosecond = ratio(apic_frequency, NANOSECONDS_PER_SECOND);
    nanoseconds_per_tick = ratio(NANOSECONDS_PER_SECOND, tsc_frequency);
}

void clock_init(void)
{
    tsc_start = rdtsc(); /* what the measurement takes counts as time since boot */
    calibrate();
    boot_time = rtc_read() * NANOSECONDS_PER_SECOND - clock_monotonic();
    apic_timer_start(0);
    printk(LOG_INFO, "clock: TSC %llu kHz, APIC timer %llu kHz", tsc_frequency / 1000ull,
           apic_frequency / 1000ull);
}

uint64_t clock_frequency(void)
{
    return tsc_frequency;
}

/* 0 before clock_init(): the factor is. */
uint64_t clock_monotonic(void)
{
    return scale(rdtsc() - tsc_start, nanoseconds_per_tick);
}

void vdso_describe_clock(struct vdso_data *out)
{
    out->tsc_start = tsc_start;
    out->nanoseconds_per_tick = nanoseconds_per_tick;
}

uint64_t clock_boot_time(void)
{
    return boot_time;
}

/* An interrupt that is under way while this runs comes to nothing worse than an early event. */
void timer_set(uint64_t deadline)
{
    if (deadline == armed)
        return;
    armed = deadline;
    if (deadline == NEVER) {
        apic_timer_start(0);
        return;
    }
    uint64_t now = clock_monotonic();
    if (deadline <= now) {
        armed = NEVER;
        events_post(EVENT_TIMER);
        return;
    }
    uint64_t wait = deadline - now < FARTHEST ? deadline - now : FARTHEST;
    uint64_t ticks = scale(wait, apic_per_nanosecond) + 1;
    apic_timer_start(ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX);
}

/* Only interrupts write these; whoever reads them sees whole words. */
static volatile uint64_t user_samples, system_samples;

void clock_samples(uint64_t *user, uint64_t *system)
{
    *user = user_samples;
    *system = system_samples;
}

void clock_interrupt(bool in_user_mode)
{
    armed = NEVER;
    if (in_user_mode)
        user_samples++;
    else
        system_samples++;
    events_post(EVENT_TIMER);
}
