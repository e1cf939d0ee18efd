/* The network stack's registration, and what the network does when nobody waits for it: timers and
 * deferred work.
 *
 * Everything here runs at the scheduler's safe points, where no service is being called.  The stack
 * asks for work while it is called itself, and gets it later: an event reminds Core. */
#include <net/network.h>

#include <linux/errno.h>

#include <lib/bits.h>
#include <net/ethernet.h>
#include <net/stack.h>
#include <platform/clock.h>
#include <platform/log.h>
#include <process/scheduler.h>
#include <services.h>

#define NANOSECONDS_PER_MILLISECOND 1000000ull

/* One of the stack's timers.  `wanted` and not set: there was no memory to set it. */
struct stack_clock {
    struct timer timer;
    bool wanted;
};

static const struct network_stack_ops *stack;
static struct stack_clock clocks[STACK_TIMERS];
static bool work_wanted, clock_waits;

/* ---- timers ---- */

static void clock_start(size_t number)
{
    struct stack_clock *clock = &clocks[number];
    uint64_t interval = stack->timers[number].milliseconds * NANOSECONDS_PER_MILLISECOND;

    clock->wanted = true;
    if (timer_start(&clock->timer, clock_monotonic() + interval))
        clock_waits = true;
}

/* Those that could not be set for want of memory. */
static void start_waiting_clocks(void)
{
    if (!clock_waits)
        return;
    clock_waits = false;
    for (size_t i = 0; i < stack->timer_count; i++)
        if (clocks[i].wanted && !clocks[i].timer.place)
            clock_start(i);
}

static void clock_expired(struct timer *timer)
{
    struct stack_clock *clock = container_of(timer, struct stack_clock, timer);
    size_t number = (size_t)(clock - clocks);
    bool again = true;

    clock->wanted = false;
    if (stack->timers[number].expired(&again) == 0 && again && !clock->wanted)
        clock_start(number);
}

void network_timer(size_t number)
{
    if (number < stack->timer_count && !clocks[number].wanted)
        clock_start(number);
}

int network_control(unsigned command, struct user_buffer *argument, int *result)
{
    return stack ? stack->control(command, argument, result) : -ENODEV;
}

/* ---- deferred work ---- */

void network_work(void)
{
    work_wanted = true;
    events_post(EVENT_NETWORK);
}

static void do_work(void)
{
    bool more = false;

    work_wanted = false;
    if (stack->work(&more))
        printk(LOG_WARNING, "network: deferred work failed");
    if (more)
        network_work();
}

void network_handle_events(uint32_t events)
{
    if (work_wanted)
        do_work();
    start_waiting_clocks();
    ethernet_handle_events(events);
}

bool network_catch_up(void)
{
    start_waiting_clocks();
    return ethernet_catch_up();
}

void network_trim(void)
{
    ethernet_settle();
}

/* ---- start ---- */

int network_init(void)
{
    const struct ethernet_ops *const *drivers;
    size_t driver_count;
    int error;

    stack = service_network_stack();
    if (!stack) {
        printk(LOG_WARNING, "network: no stack is registered");
        return 0;
    }
    for (size_t i = 0; i < stack->timer_count; i++)
        clocks[i].timer.expired = clock_expired;
    error = stack->start();
    drivers = service_drivers(&driver_count);
    if (!error)
        ethernet_init(stack, drivers, driver_count);
    return error;
}
