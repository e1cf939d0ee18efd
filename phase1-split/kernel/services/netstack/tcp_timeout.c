/* What time does to connections, besides what lwIP does: how often it tries, why it gave up, and
 * how many may linger in TIME_WAIT. */
#include "tcp.h"

#include <linux/errno.h>

#include <lwip/priv/tcp_priv.h>

#include "netstack.h"

/* lwIP's pools would bound these; its pools are gone.  A connection in TIME_WAIT takes 256 bytes. */
unsigned time_wait_most = 1024;

/* lwIP repeats a SYN every three seconds: two minutes, as Linux with tcp_syn_retries 6.  Data is
 * repeated at growing distances, 38 seconds in the end. */
const uint8_t netstack_tcp_syn_attempts = 42, netstack_tcp_attempts = 15;

static bool ticking; /* lwIP's clock runs: who is given up now has had no answer */

int tcp_failure_reason(void)
{
    return ticking ? ETIMEDOUT : ECONNABORTED;
}

/* The list begins with the latest. */
static void bound_time_wait(void)
{
    struct tcp_pcb *pcb = tcp_tw_pcbs;

    while (time_wait_most == 0 && tcp_tw_pcbs)
        tcp_abort(tcp_tw_pcbs);
    for (unsigned i = 1; pcb && i < time_wait_most; i++)
        pcb = pcb->next;
    while (time_wait_most > 0 && pcb && pcb->next)
        tcp_abort(pcb->next); /* in this state: frees it and sends nothing */
}

/* TCP_USER_TIMEOUT: the peer has been silent for so long while something is on its way. */
static bool is_overdue(const struct tcp_pcb *pcb)
{
    const struct service_socket *socket = pcb->callback_arg;
    u32_t silent = (tcp_ticks - pcb->tmr) * TCP_SLOW_INTERVAL; /* ms */

    return socket->tcp.user_timeout && (pcb->unacked || pcb->unsent) &&
           silent > socket->tcp.user_timeout;
}

/* Connections with a socket; of those under way to be accepted the argument is the listener's. */
static int why_give_up(const struct tcp_pcb *pcb)
{
    if (!pcb->callback_arg || pcb->state == SYN_RCVD)
        return 0;
    return is_overdue(pcb) ? ETIMEDOUT : 0;
}

static void give_up(void)
{
    struct tcp_pcb *pcb, *next;

    for (pcb = tcp_active_pcbs; pcb; pcb = next) {
        int error = why_give_up(pcb);

        next = pcb->next;
        if (error)
            tcp_fail(pcb->callback_arg, error);
    }
}

void tcp_tick(void)
{
    ticking = true;
    tcp_tmr();
    ticking = false;
    give_up();
    bound_time_wait();
}

int starved_expired(bool *again)
{
    socket_handle socket;

    list_for_each_entry(socket, &inet_sockets, all) {
        if (socket->type != SOCK_STREAM || !socket->tcp.starved)
            continue;
        socket->tcp.starved = false;
        inet_wake(socket);
    }
    *again = false;
    return 0;
}
