/* The vDSO: functions that the kernel lends to every program, so that asking for the time is no
 * system call.  vdso(7).
 *
 * This is user code: a small shared library that the C library finds through the auxiliary vector.
 * It ends with one page of figures (struct vdso_data) that the kernel fills in; the code is the
 * same in every process, and so is that page, which nobody but the kernel can write. */
#include <platform/vdso.h>

#include <stddef.h>

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/time.h>
#include <linux/time_types.h>

#define EXPORT __attribute__((visibility("default")))

#define SECOND 1000000000ull

/* Volatile: the kernel may move the wall clock between two looks. */
__attribute__((section(".figures"), aligned(4096), visibility("hidden")))
volatile const struct vdso_data vdso_figures = { 0 };

struct __kernel_old_timeval;
struct timezone;

int __vdso_clock_gettime(int clock, struct __kernel_timespec *out);
int __vdso_clock_getres(int clock, struct __kernel_timespec *out);
int __vdso_gettimeofday(struct timeval *time, struct timezone *zone);
__kernel_old_time_t __vdso_time(__kernel_old_time_t *out);
int __vdso_getcpu(unsigned *processor, unsigned *node, void *unused);

static long system_call(long number, long first, long second)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second)
                     : "rcx", "r11", "memory");
    return result;
}

/* As clock_monotonic() of the kernel. */
static uint64_t monotonic(void)
{
    uint64_t ticks = __builtin_ia32_rdtsc() - vdso_figures.tsc_start;
    return (uint64_t)((unsigned __int128)ticks * vdso_figures.nanoseconds_per_tick >> 32);
}

static uint64_t wall(void)
{
    return monotonic() + (uint64_t)vdso_figures.wall_offset;
}

/* Before 1970 is not served here: the division is of unsigned numbers. */
EXPORT int __vdso_clock_gettime(int clock, struct __kernel_timespec *out)
{
    uint64_t now;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        now = wall();
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        now = monotonic();
        break;
    default:
        return (int)system_call(__NR_clock_gettime, clock, (long)out);
    }
    if ((int64_t)now < 0)
        return (int)system_call(__NR_clock_gettime, clock, (long)out);
    out->tv_sec = now / SECOND;
    out->tv_nsec = now % SECOND;
    return 0;
}

EXPORT int __vdso_clock_getres(int clock, struct __kernel_timespec *out)
{
    return (int)system_call(__NR_clock_getres, clock, (long)out);
}

EXPORT int __vdso_gettimeofday(struct timeval *time, struct timezone *zone)
{
    uint64_t now = wall();
    if (zone || (int64_t)now < 0)
        return (int)system_call(__NR_gettimeofday, (long)time, (long)zone);
    if (time) {
        time->tv_sec = now / SECOND;
        time->tv_usec = now % SECOND / 1000;
    }
    return 0;
}

EXPORT __kernel_old_time_t __vdso_time(__kernel_old_time_t *out)
{
    __kernel_old_time_t now = (int64_t)wall() / (int64_t)SECOND;
    if (out)
        *out = now;
    return now;
}

/* There is one processor. */
EXPORT int __vdso_getcpu(unsigned *processor, unsigned *node, void *unused)
{
    (void)unused;
    if (processor)
        *processor = 0;
    if (node)
        *node = 0;
    return 0;
}
