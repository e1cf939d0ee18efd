/* The offset between the two clocks comes from the RTC at boot, or from whoever set the time. */
#include <process/wall_clock.h>

#include <memory/vdso.h>
#include <platform/clock.h>

static int64_t adjustment; /* ns, by clock_settime(2) */
static struct list watches = LIST_INITIAL(watches);

int64_t wall_clock(void)
{
    return (int64_t)(clock_boot_time() + clock_monotonic()) + adjustment;
}

void wall_clock_publish(void)
{
    vdso_set_wall_offset((int64_t)clock_boot_time() + adjustment);
}

void wall_clock_set(int64_t now)
{
    struct wall_watch *watch, *next;
    int64_t before = adjustment;
    adjustment = now - (int64_t)(clock_boot_time() + clock_monotonic());
    wall_clock_publish();
    list_for_each_entry_safe(watch, next, &watches, node)
        watch->changed(watch, adjustment - before);
}

void wall_clock_watch(struct wall_watch *watch)
{
    list_move_tail(&watches, &watch->node);
}

void wall_clock_unwatch(struct wall_watch *watch)
{
    list_remove(&watch->node);
}

struct timestamp wall_clock_timestamp(void)
{
    int64_t now = wall_clock(), second = NANOSECONDS_PER_SECOND;
    int64_t seconds = now / second, rest = now % second;
    if (rest < 0) {
        seconds--;
        rest += second;
    }
    return (struct timestamp){ seconds, rest };
}
