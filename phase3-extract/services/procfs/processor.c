/* The files of /proc that tell what the processor does. */
#include "procfs.h"

#include <platform/clock.h>

#include <lib/bits.h>

#include <process/wall_time.h>
#include <snapshot/system.h>

#define CLOCK_TICK  (uint64_t)10000000 /* ns: user programs count in hundredths of a second */
#define LOAD_SHIFT  16                 /* the loads are fixed-point numbers */
#define LOAD_UNIT   (1u << LOAD_SHIFT)
#define NAME_COLUMN 34 /* where the devices in interrupts begin */

static void add_seconds(struct text *out, uint64_t nanoseconds)
{
    text_add(out, "%llu.%02llu", (unsigned long long)(nanoseconds / NANOSECONDS_PER_SECOND),
             (unsigned long long)(nanoseconds % NANOSECONDS_PER_SECOND / CLOCK_TICK));
}

int proc_uptime(const struct proc_subject *subject, struct text *out)
{
    struct system_figures figures;

    (void)subject;
    system_figures(&figures);
    add_seconds(out, clock_monotonic());
    text_add(out, " ");
    add_seconds(out, figures.idle);
    text_add(out, "\n");
    return 0;
}

int proc_loadavg(const struct proc_subject *subject, struct text *out)
{
    struct system_figures figures;

    (void)subject;
    system_figures(&figures);
    for (size_t i = 0; i < array_count(figures.load); i++) {
        uint32_t rounded = figures.load[i] + LOAD_UNIT / 200;

        text_add(out, "%u.%02u ", rounded >> LOAD_SHIFT,
                 ((rounded & (LOAD_UNIT - 1)) * 100) >> LOAD_SHIFT);
    }
    text_add(out, "%u/%u %d\n", figures.runnable, figures.processes, figures.last_process);
    return 0;
}

static void add_processor(const struct system_figures *figures, struct text *out, const char *name)
{
    text_add(out, "%s %llu %llu %llu %llu 0 0 0 0 0 0\n", name,
             (unsigned long long)(figures->user / CLOCK_TICK),
             (unsigned long long)(figures->nice / CLOCK_TICK),
             (unsigned long long)(figures->system / CLOCK_TICK),
             (unsigned long long)(figures->idle / CLOCK_TICK));
}

/* All interrupts, then those of each line. */
static void add_interrupts(const struct system_figures *figures, struct text *out)
{
    uint64_t counts[SNAPSHOT_INTERRUPTS], total = figures->timer_interrupts;
    struct interrupt_snapshot line;

    for (unsigned i = 0; i < SNAPSHOT_INTERRUPTS; i++) {
        counts[i] = interrupt_snapshot(i, &line) ? line.count : 0;
        total += counts[i];
    }
    text_add(out, "intr %llu", (unsigned long long)total);
    for (unsigned i = 0; i < SNAPSHOT_INTERRUPTS; i++)
        text_add(out, " %llu", (unsigned long long)counts[i]);
    text_add(out, "\n");
}

int proc_system_stat(const struct proc_subject *subject, struct text *out)
{
    uint64_t boot = (wall_clock() - clock_monotonic()) / NANOSECONDS_PER_SECOND;
    struct system_figures figures;

    (void)subject;
    system_figures(&figures);
    add_processor(&figures, out, "cpu ");
    add_processor(&figures, out, "cpu0");
    add_interrupts(&figures, out);
    text_add(out, "ctxt %llu\nbtime %llu\n", (unsigned long long)figures.switches,
             (unsigned long long)boot);
    /* Nobody waits for a disk. */
    text_add(out, "processes %llu\nprocs_running %u\nprocs_blocked 0\n",
             (unsigned long long)figures.forks, figures.runnable);
    return 0;
}

/* One processor.  The lines are those of the 8259 pair; they and the processor's own timer are all
 * that interrupts. */
int proc_interrupts(const struct proc_subject *subject, struct text *out)
{
    struct interrupt_snapshot line;
    struct system_figures figures;

    (void)subject;
    system_figures(&figures);
    text_add(out, "           CPU0       \n");
    for (unsigned i = 0; i < SNAPSHOT_INTERRUPTS; i++) {
        size_t start = out->length;

        if (!interrupt_snapshot(i, &line))
            continue;
        text_add(out, "%3u: %10llu  XT-PIC", i, (unsigned long long)line.count);
        if (line.device[0] != '\0') {
            text_pad(out, start, NAME_COLUMN);
            text_add(out, "%s", line.device);
        }
        text_add(out, "\n");
    }
    text_add(out, "LOC: %10llu   Local timer interrupts\n",
             (unsigned long long)figures.timer_interrupts);
    return 0;
}
