/* Options of level SOL_TCP: tcp(7). */
#include "tcp.h"

#include <linux/errno.h>
#include <linux/tcp.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>

#include "netstack.h"
#include "options.h"

#define MILLISECONDS      1000
#define KEEP_SECONDS_MOST 32767
#define KEEP_COUNT_MOST   127

/* ---- states ---- */

/* The number that Linux gives a state (TCP_INFO). */
static uint8_t linux_pcb_state(const struct tcp_pcb *pcb)
{
    static const uint8_t states[] = {
        [CLOSED] = TCP_STATE_CLOSE,
        [LISTEN] = TCP_STATE_LISTEN,
        [SYN_SENT] = TCP_STATE_SYN_SENT,
        [SYN_RCVD] = TCP_STATE_SYN_RECV,
        [ESTABLISHED] = TCP_STATE_ESTABLISHED,
        [FIN_WAIT_1] = TCP_STATE_FIN_WAIT1,
        [FIN_WAIT_2] = TCP_STATE_FIN_WAIT2,
        [CLOSE_WAIT] = TCP_STATE_CLOSE_WAIT,
        [CLOSING] = TCP_STATE_CLOSING,
        [LAST_ACK] = TCP_STATE_LAST_ACK,
        [TIME_WAIT] = TCP_STATE_TIME_WAIT,
    };

    return states[pcb->state];
}

static uint8_t linux_state(const struct service_socket *socket)
{
    if (socket->tcp.listener)
        return TCP_STATE_LISTEN;
    return socket->tcp.pcb ? linux_pcb_state(socket->tcp.pcb) : TCP_STATE_CLOSE;
}

#define MICROSECONDS     1000000u
#define TICK             (TCP_SLOW_INTERVAL * 1000u) /* lwIP's unit of times, in microseconds */
#define MSS_LEAST        536u
#define SEGMENTS_AT_ONCE 10u /* what Linux tells before there is a connection, */
#define REORDERED_MOST   3u  /* and of all */

static void describe_connection(const struct tcp_pcb *pcb, struct tcp_info *info)
{
    const struct netif *netif = ip_route(&pcb->local_ip, &pcb->remote_ip);
    uint32_t mss = max(pcb->mss, (u16_t)1);

    if (netif)
        info->tcpi_pmtu = IP_IS_V6_VAL(pcb->remote_ip) ? netif->mtu6 : netif->mtu;
    if (pcb->flags & TF_WND_SCALE) {
        info->tcpi_options |= TCPI_OPT_WSCALE;
        info->tcpi_snd_wscale = pcb->snd_scale & 15;
        info->tcpi_rcv_wscale = pcb->rcv_scale & 15;
    }
    if (pcb->flags & TF_SACK)
        info->tcpi_options |= TCPI_OPT_SACK;
    info->tcpi_retransmits = pcb->nrtx;
    info->tcpi_probes = pcb->persist_probe;
    info->tcpi_backoff = pcb->persist_backoff;
    info->tcpi_rto = (uint32_t)pcb->rto * TICK;
    info->tcpi_ato = TCP_FAST_INTERVAL * 1000;
    info->tcpi_rtt = (uint32_t)(pcb->sa >> 3) * TICK;
    info->tcpi_rttvar = (uint32_t)(pcb->sv >> 2) * TICK;
    info->tcpi_snd_mss = info->tcpi_rcv_mss = info->tcpi_advmss = pcb->mss;
    info->tcpi_snd_cwnd = pcb->cwnd / mss;
    info->tcpi_snd_ssthresh = pcb->ssthresh / mss;
    info->tcpi_rcv_space = info->tcpi_rcv_ssthresh = pcb->rcv_wnd;
    info->tcpi_snd_wnd = pcb->snd_wnd;
    info->tcpi_unacked = (pcb->snd_nxt - pcb->lastack) / mss;
    info->tcpi_notsent_bytes = pcb->snd_lbb - pcb->snd_nxt;
}

static void describe(const struct service_socket *socket, struct tcp_info *info)
{
    const struct tcp_pcb *pcb = socket->tcp.pcb;

    memset(info, 0, sizeof(*info));
    info->tcpi_state = linux_state(socket);
    info->tcpi_reordering = REORDERED_MOST;
    info->tcpi_snd_cwnd = SEGMENTS_AT_ONCE;
    if (socket->tcp.listener) {
        info->tcpi_unacked = socket->tcp.waiting;
        info->tcpi_sacked = socket->tcp.backlog;
    } else if (pcb && pcb->state != CLOSED) {
        describe_connection(pcb, info);
    } else {
        info->tcpi_rto = 3 * MICROSECONDS; /* of a first SYN: lwIP's tcp_alloc() */
        info->tcpi_rttvar = MICROSECONDS / 4;
        info->tcpi_snd_mss = MSS_LEAST;
        info->tcpi_snd_ssthresh = INT32_MAX;
        info->tcpi_min_rtt = UINT32_MAX;
    }
}

/* ---- get ---- */

int tcp_get_option(socket_handle socket, int name, void *value, size_t *length)
{
    const struct tcp_part *tcp = &socket->tcp;

    if (socket->type != SOCK_STREAM)
        return -ENOPROTOOPT;
    switch (name) {
    case TCP_NODELAY:
        return option_number(value, length, tcp->no_delay);
    case TCP_CORK:
        return option_number(value, length, tcp->cork);
    case TCP_MAXSEG:
        return option_number(value, length, tcp->pcb ? tcp->pcb->mss : tcp->mss ? tcp->mss : 536);
    case TCP_KEEPIDLE:
        return option_number(
            value, length,
            (int)((tcp->keep_idle ? tcp->keep_idle : TCP_KEEPIDLE_DEFAULT) / MILLISECONDS));
    case TCP_KEEPINTVL:
        return option_number(
            value, length,
            (int)((tcp->keep_interval ? tcp->keep_interval : TCP_KEEPINTVL_DEFAULT) /
                  MILLISECONDS));
    case TCP_KEEPCNT:
        return option_number(value, length,
                             (int)(tcp->keep_count ? tcp->keep_count : TCP_KEEPCNT_DEFAULT));
    case TCP_USER_TIMEOUT:
        return option_number(value, length, (int)tcp->user_timeout);
    case TCP_CONGESTION:
        return option_bytes(value, length, "reno", sizeof("reno"));
    case TCP_INFO: {
        struct tcp_info info;

        describe(socket, &info);
        return option_bytes(value, length, &info, sizeof(info));
    }
    default:
        return -ENOPROTOOPT;
    }
}

/* ---- set ----
 *
 * What lwIP would not act upon (TCP_DEFER_ACCEPT, TCP_LINGER2, TCP_QUICKACK, TCP_SYNCNT,
 * TCP_WINDOW_CLAMP) is refused: a program that asks for it shall not believe that it has it. */

static void flush(socket_handle socket)
{
    struct tcp_pcb *pcb = socket->tcp.pcb;

    if (!pcb)
        return;
    tcp_apply(socket, pcb);
    if (pcb->state != CLOSED && pcb->unsent)
        tcp_output(pcb);
    timers_wanted();
}

static int set_time(uint32_t *out, int seconds)
{
    if (seconds < 1 || seconds > KEEP_SECONDS_MOST)
        return -EINVAL;
    *out = (uint32_t)seconds * MILLISECONDS;
    return 0;
}

static int set_number(socket_handle socket, int name, int number)
{
    struct tcp_part *tcp = &socket->tcp;

    switch (name) {
    case TCP_NODELAY:
        tcp->no_delay = number != 0;
        return 0;
    case TCP_CORK:
        tcp->cork = number != 0;
        return 0;
    case TCP_MAXSEG:
        if (number != 0 && (number < 88 || number > 32767))
            return -EINVAL;
        tcp->mss = (uint16_t)number;
        return 0;
    case TCP_KEEPIDLE:
        return set_time(&tcp->keep_idle, number);
    case TCP_KEEPINTVL:
        return set_time(&tcp->keep_interval, number);
    case TCP_KEEPCNT:
        if (number < 1 || number > KEEP_COUNT_MOST)
            return -EINVAL;
        tcp->keep_count = (uint32_t)number;
        return 0;
    case TCP_USER_TIMEOUT:
        if (number < 0)
            return -EINVAL;
        tcp->user_timeout = (uint32_t)number;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int tcp_set_option(socket_handle socket, int name, const void *value, size_t length)
{
    int number, error;

    if (socket->type != SOCK_STREAM)
        return -ENOPROTOOPT;
    if (name == TCP_CONGESTION) /* there is one */
        return length >= 4 && memcmp(value, "reno", 4) == 0 ? 0 : -ENOENT;
    error = option_take_number(value, length, &number);
    if (!error)
        error = set_number(socket, name, number);
    if (!error)
        flush(socket);
    return error;
}
