/* Queueing bytes to be sent.  lwIP's own tcp_write() copies out of kernel memory; here the program's
 * bytes go straight into the segments that lwIP will send, and that loopback.c lends to the receiver:
 * one copy in, one copy out.
 *
 * What lwIP has to find afterwards: the segments in pcb->unsent, in order, each with its TCP header
 * in front; snd_lbb, the number of the byte behind the last; snd_buf, the room that is left;
 * snd_queuelen, the packet buffers in use; unsent_oversize, the room behind the last byte. */
#include "tcp.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/memory.h>

#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>

#include "buffer.h"

#define SEGMENT_MOST 32768u /* of data: one block of buffer.c, however much the MTU would carry */

static struct tcp_seg *last_unsent(struct tcp_pcb *pcb)
{
    struct tcp_seg *segment = pcb->unsent;

    while (segment && segment->next)
        segment = segment->next;
    return segment;
}

/* Bytes of data in a segment: no more than half of the largest window seen, or a peer with a small
 * one would have to wait for it to open wholly (RFC 9293, 3.8.6.2.1). */
static size_t segment_size(const struct tcp_pcb *pcb)
{
    size_t size = min((size_t)pcb->mss, (size_t)SEGMENT_MOST);
    size_t half = pcb->snd_wnd_max / 2;

    return half ? min(size, half) : size;
}

/* Room to leave behind the data: for small writes that Nagle's algorithm or a full window holds
 * back, so that they do not take a buffer each. */
static uint16_t spare_for(const struct tcp_pcb *pcb, size_t length, size_t most, bool more)
{
    bool waits = more || pcb->unsent || (pcb->unacked && !(pcb->flags & TF_NODELAY));

    return waits ? (uint16_t)min(most - length, (size_t)TCP_OVERSIZE) : 0;
}

static void count(struct tcp_pcb *pcb, size_t length, u16_t buffers)
{
    pcb->snd_lbb += (u32_t)length;
    pcb->snd_buf -= (tcpwnd_size_t)length;
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen + buffers);
}

/* ---- at the end of the last segment ---- */

static long fill_spare(struct tcp_pcb *pcb, struct tcp_seg *segment, struct user_buffer *from,
                       size_t size)
{
    struct pbuf *piece = segment->p;
    size_t taken;

    while (piece->next)
        piece = piece->next;
    taken = user_buffer_take(from, (uint8_t *)piece->payload + piece->len, size);
    if (taken == 0)
        return -EFAULT;
    piece->len = (u16_t)(piece->len + taken);
    for (piece = segment->p; piece; piece = piece->next)
        piece->tot_len = (u16_t)(piece->tot_len + taken);
    segment->len = (u16_t)(segment->len + taken);
    pcb->unsent_oversize = (u16_t)(pcb->unsent_oversize - taken);
    count(pcb, taken, 0);
    return (long)taken;
}

static long add_piece(struct tcp_pcb *pcb, struct tcp_seg *segment, struct user_buffer *from,
                      size_t size, size_t most, bool more)
{
    uint16_t spare = spare_for(pcb, size, most, more);
    struct pbuf *piece;
    int error = buffer_take(from, size, PBUF_RAW, &spare, &piece);

    if (error)
        return error;
    count(pcb, size, pbuf_clen(piece));
    pbuf_cat(segment->p, piece);
    segment->len = (u16_t)(segment->len + size);
    pcb->unsent_oversize = spare;
    return (long)size;
}

static bool can_grow(const struct tcp_seg *segment)
{
    return segment && segment->len > 0 &&
           !(TCPH_FLAGS(segment->tcphdr) & (TCP_SYN | TCP_FIN | TCP_RST));
}

static long extend(struct tcp_pcb *pcb, struct tcp_seg *segment, struct user_buffer *from,
                   size_t size, size_t most, bool more)
{
    size_t room = most > segment->len ? most - segment->len : 0;

    size = min(size, room);
    if (size == 0)
        return 0;
    if (pcb->unsent_oversize > 0)
        return fill_spare(pcb, segment, from, min(size, (size_t)pcb->unsent_oversize));
    return add_piece(pcb, segment, from, size, room, more);
}

/* ---- new segments ---- */

/* Makes `segment` one of `data`, in front of which there is room for its header. */
static void segment_init(struct tcp_seg *segment, const struct tcp_pcb *pcb, struct pbuf *data)
{
    memset(segment, 0, sizeof(*segment));
    segment->p = data;
    segment->len = data->tot_len;
    pbuf_add_header(data, TCP_HLEN);
    segment->tcphdr = data->payload;
    memset(segment->tcphdr, 0, TCP_HLEN);
    segment->tcphdr->src = lwip_htons(pcb->local_port);
    segment->tcphdr->dest = lwip_htons(pcb->remote_port);
    segment->tcphdr->seqno = lwip_htonl(pcb->snd_lbb);
    TCPH_HDRLEN_FLAGS_SET(segment->tcphdr, TCP_HLEN / 4, 0);
}

static long add_segment(struct tcp_pcb *pcb, struct tcp_seg **last, struct user_buffer *from,
                        size_t size, size_t most, bool more)
{
    size_t length = min(size, most);
    uint16_t spare = spare_for(pcb, length, most, more);
    struct tcp_seg *segment = memp_malloc(MEMP_TCP_SEG);
    struct pbuf *data;
    int error;

    if (!segment)
        return -ENOBUFS;
    error = buffer_take(from, length, PBUF_TRANSPORT, &spare, &data);
    if (error) {
        memp_free(MEMP_TCP_SEG, segment);
        return error;
    }
    segment_init(segment, pcb, data);
    if (*last)
        (*last)->next = segment;
    else
        pcb->unsent = segment;
    *last = segment;
    pcb->unsent_oversize = spare;
    count(pcb, length, pbuf_clen(data));
    return (long)length;
}

long tcp_append(struct tcp_pcb *pcb, struct user_buffer *from, size_t size, bool more)
{
    struct tcp_seg *last = last_unsent(pcb);
    size_t most = segment_size(pcb), done = 0;
    long added = 0;

    while (done < size && pcb->snd_queuelen < TCP_SND_QUEUELEN) {
        added = can_grow(last) ? extend(pcb, last, from, size - done, most, more) : 0;
        if (added == 0)
            added = add_segment(pcb, &last, from, size - done, most, more);
        if (added < 0)
            break;
        done += (size_t)added;
    }
    if (last && done > 0 && !more)
        TCPH_SET_FLAG(last->tcphdr, TCP_PSH);
    return done > 0 ? (long)done : added;
}
