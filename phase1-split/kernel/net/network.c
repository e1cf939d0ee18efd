/* What the network does when nobody waits for it: deferred work. */
#include <net/network.h>

#include <net/ethernet.h>

void network_handle_events(uint32_t events)
{
    ethernet_handle_events(events);
}

bool network_catch_up(void)
{
    return ethernet_catch_up();
}
