/* Events: one word of bits, between interrupt handlers and Ring 1.
 *
 * There is one processor, so a single instruction is atomic enough, and processor_wait() needs no
 * more than STI's promise: the instruction after it runs before any interrupt (Intel SDM volume 2,
 * STI), so an event posted after the check still ends the HLT. */
#include <platform/event.h>

#include "asm.h"

/* Read by the return path in trap.S as well. */
uint32_t pending_events;

uint32_t events_take(void)
{
    return __atomic_exchange_n(&pending_events, 0, __ATOMIC_SEQ_CST);
}

bool events_pending(void)
{
    return __atomic_load_n(&pending_events, __ATOMIC_RELAXED) != 0;
}

void events_post(uint32_t posted)
{
    __atomic_fetch_or(&pending_events, posted, __ATOMIC_SEQ_CST);
}

void processor_wait(void)
{
    cli();
    while (!events_pending()) {
        __asm__ volatile("sti; hlt" : : : "memory");
        cli();
    }
    sti();
}
