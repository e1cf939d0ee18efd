/* Timers are kept in a binary heap: the next to expire is at its top.  `place` is a timer's index
 * in the heap, so that it can be taken out of the middle. */
#include "timer.h"

#include <linux/errno.h>

#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/memory.h>

#define CAPACITY_LEAST 64

static struct timer **heap; /* heap[1] to heap[count]; heap[0] is not used */
static size_t count, capacity;

static void put(struct timer *timer, size_t place)
{
    heap[place] = timer;
    timer->place = place;
}

/* Moves a timer up or down until its parent is not later and its children are not earlier. */
static void settle(struct timer *timer, size_t place)
{
    while (place > 1 && heap[place / 2]->deadline > timer->deadline) {
        put(heap[place / 2], place);
        place /= 2;
    }
    for (;;) {
        size_t child = 2 * place;
        if (child > count)
            break;
        if (child < count && heap[child + 1]->deadline < heap[child]->deadline)
            child++;
        if (heap[child]->deadline >= timer->deadline)
            break;
        put(heap[child], place);
        place = child;
    }
    put(timer, place);
}

static int resize(size_t size)
{
    struct timer **timers = kmalloc(size * sizeof *timers);
    if (!timers)
        return -ENOMEM;
    if (heap)
        memcpy(timers, heap, (count + 1) * sizeof *timers);
    kfree(heap);
    heap = timers;
    capacity = size;
    return 0;
}

static int make_room(void)
{
    if (count + 1 < capacity)
        return 0;
    return resize(capacity ? 2 * capacity : CAPACITY_LEAST);
}

void timers_trim(void)
{
    size_t size = capacity;
    while (size > CAPACITY_LEAST && count + 1 < size / 2)
        size /= 2;
    if (size < capacity)
        resize(size); /* without memory for the smaller one, the larger one stays */
}

int timer_start(struct timer *timer, uint64_t deadline)
{
    if (!timer->place) {
        int error = make_room();
        if (error)
            return error;
        timer->place = ++count;
    }
    timer->deadline = deadline;
    settle(timer, timer->place);
    scheduler_arm(deadline);
    return 0;
}

void timer_cancel(struct timer *timer)
{
    size_t place = timer->place;
    if (!place)
        return;
    timer->place = 0;
    struct timer *last = heap[count--];
    if (last != timer)
        settle(last, place);
}

uint64_t timer_first(void)
{
    return count ? heap[1]->deadline : UINT64_MAX;
}

void timer_run_expired(void)
{
    uint64_t now = clock_monotonic();
    while (count && heap[1]->deadline <= now) {
        struct timer *timer = heap[1];
        timer_cancel(timer);
        timer->expired(timer);
    }
}
