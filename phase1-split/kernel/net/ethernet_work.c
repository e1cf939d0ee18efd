/* Moving frames, in rounds: collect what the device is done with, give the stack what was received,
 * give the device what is to be sent.
 *
 * A round has a budget.  While programs want to run, rounds get half of the processor: after each,
 * the next comes no sooner than programs have had as much time as it took.  So no storm of packets
 * keeps a program from running; frames that nobody collects are lost in the device. */
#include "ethernet_device.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <platform/clock.h>
#include <platform/event.h>
#include <platform/interrupts.h>
#include <process/scheduler.h>

#define COLLECTED_AT_ONCE 16
#define SETTLE_PATIENCE   20000000u /* ns */
#define HEADER_SIZE       14        /* of a frame: two addresses and a type */

static uint64_t next_round; /* clock_monotonic(), while programs want to run */
static struct timer round_timer;
static struct timer chores_timer;

/* ---- what the device is done with ---- */

static void give_to_stack(struct ethernet_device *device, struct packet *packet)
{
    struct interface_statistics *statistics = &device->statistics;

    statistics->received_frames++;
    statistics->received_bytes += packet->length;
    if (ethernet_stack->input(device->index, packet->data, packet->length))
        statistics->received_dropped++;
}

/* Empties a list of received packets, which end up among the empty ones. */
static void give_all(struct ethernet_device *device, struct list *received)
{
    while (!list_empty(received)) {
        struct packet *packet = list_first_entry(received, struct packet, node);
        give_to_stack(device, packet);
        list_move_tail(&device->empty, &packet->node);
    }
}

static int complete_received(struct ethernet_device *device, const struct ethernet_completion *done)
{
    struct list received = LIST_INITIAL(received);
    struct packet *packet = packet_ring_take(&device->receive, done->tag);

    if (!packet)
        return -EIO;
    if (done->failed || done->length < HEADER_SIZE || done->length > FRAME_BUFFER_SIZE) {
        device->statistics.received_errors++;
        list_add_tail(&device->empty, &packet->node);
        return 0;
    }
    packet->length = done->length;
    cable_pass(&device->cable_in, packet, &received, &device->empty);
    give_all(device, &received);
    return 0;
}

static int complete_sent(struct ethernet_device *device, const struct ethernet_completion *done)
{
    struct packet *packet = packet_ring_take(&device->transmit, done->tag);

    if (!packet)
        return -EIO;
    if (done->failed)
        device->statistics.sent_errors++;
    packet_free(packet);
    return 0;
}

/* Takes completions until there are none or `*budget` is used up. */
static int collect(struct ethernet_device *device, unsigned *budget)
{
    struct ethernet_completion done[COLLECTED_AT_ONCE];
    size_t wanted, count;
    int error = 0;

    do {
        wanted = min((size_t)*budget, array_count(done));
        count = 0;
        if (wanted > 0)
            error = device->driver->collect(device->handle, done, wanted, &count);
        if (!error && count > wanted)
            error = -EIO;
        for (size_t i = 0; i < count && !error; i++)
            error = done[i].received ? complete_received(device, &done[i])
                                     : complete_sent(device, &done[i]);
        if (!error)
            error = ethernet_refill(device);
        *budget -= count;
    } while (!error && count > 0 && count == wanted);
    return error;
}

/* ---- what is to be sent ---- */

/* Moves queued frames to the device's ring, as far as there is room, and tells the device. */
static int send_queued(struct ethernet_device *device)
{
    int error = 0;

    while (!error && !list_empty(&device->queue) && !packet_ring_full(&device->transmit)) {
        struct packet *packet = list_first_entry(&device->queue, struct packet, node);
        uint32_t tag = packet_ring_put(&device->transmit, packet);
        error = device->driver->transmit(device->handle, packet->address, packet->length, tag);
        if (error) {
            packet_ring_take(&device->transmit, tag);
            break;
        }
        list_remove(&packet->node);
        device->queued--;
        device->statistics.sent_frames++;
        device->statistics.sent_bytes += packet->length;
    }
    if (error && error != -EAGAIN)
        return error;
    return device->driver->kick(device->handle);
}

/* ---- interrupts ---- */

static int look_at_link(struct ethernet_device *device)
{
    bool up = device->link_up;
    int error = device->driver->link(device->handle, &up);

    if (error || up == device->link_up)
        return error;
    device->link_up = up;
    ethernet_stack->link(device->index, up);
    return 0;
}

/* Acknowledges.  A frame that came before that, but after the last look, would lie in the ring until
 * the next one comes: so there is one more look. */
static int acknowledge(struct ethernet_device *device, unsigned *budget)
{
    int error = device->driver->interrupts(device->handle, true);

    if (!error)
        error = look_at_link(device);
    if (!error)
        error = collect(device, budget);
    if (!error && *budget > 0)
        ethernet_unmask(device);
    return error;
}

/* ---- rounds ---- */

static int run_round(struct ethernet_device *device)
{
    unsigned budget = ROUND_PACKETS;
    int error = collect(device, &budget);

    if (!error && device->interrupted && budget > 0)
        error = acknowledge(device, &budget);
    device->due = budget == 0;
    return error ? error : send_queued(device);
}

/* Is it the network's turn? */
static bool round_is_allowed(void)
{
    return scheduler_runnable() == 0 || clock_monotonic() >= next_round;
}

/* A round from `start` to now is paid for with as much time again.  What was not used is saved up,
 * but not for long. */
static void charge(uint64_t start)
{
    uint64_t took = clock_monotonic() - start;

    next_round = max(next_round, start - min(start, (uint64_t)ROUND_CREDIT)) + 2 * took;
}

static void run_charged_round(struct ethernet_device *device)
{
    bool idle = scheduler_runnable() == 0;
    uint64_t start = clock_monotonic();
    int error = run_round(device);

    if (error)
        ethernet_stop(device, error);
    if (!idle)
        charge(start);
}

/* Tells the driver what to take in; sends what is queued; runs a round where there may be something
 * to collect: packets that fill the transmit ring among it. */
static void serve(struct ethernet_device *device)
{
    if (device->filter_due) {
        int error = device->driver->filter(device->handle, device->address, device->promiscuous);
        device->filter_due = false;
        if (error) {
            ethernet_stop(device, error);
            return;
        }
    }
    if (!list_empty(&device->queue)) {
        int error = send_queued(device);
        if (error) {
            ethernet_stop(device, error);
            return;
        }
        if (!list_empty(&device->queue) || device->transmit.used >= SENT_PACKETS_KEPT)
            device->due = true;
    }
    if (device->due && round_is_allowed())
        run_charged_round(device);
}

/* ---- when ---- */

static void post(struct timer *timer)
{
    (void)timer;
    events_post(EVENT_NETWORK);
}

/* What a cable has held back for so long is not overtaken any more. */
static void flush_cables(struct ethernet_device *device)
{
    struct list received = LIST_INITIAL(received), sent = LIST_INITIAL(sent);

    cable_flush(&device->cable_in, &received);
    give_all(device, &received);
    cable_flush(&device->cable_out, &sent);
    device->queued += !list_empty(&sent);
    list_splice_tail(&device->queue, &sent);
}

/* Something is left that no interrupt will tell of: sent packets to be freed, held ones. */
static bool has_chores(const struct ethernet_device *device)
{
    return device->transmit.used > 0 || device->cable_in.held || device->cable_out.held;
}

static void do_chores(struct timer *timer)
{
    for (unsigned i = 0; i < ethernet_count; i++) {
        struct ethernet_device *device = ethernet_devices[i];
        if (!device->index || !has_chores(device))
            continue;
        flush_cables(device);
        device->due = true;
    }
    post(timer);
}

/* Sees to it that what is left is not forgotten.  A timer that cannot be set for want of memory is
 * tried again when anything else happens. */
static void set_timers(void)
{
    bool due = false, chores = false;

    for (unsigned i = 0; i < ethernet_count; i++) {
        if (!ethernet_devices[i]->index)
            continue;
        due |= ethernet_devices[i]->due;
        chores |= has_chores(ethernet_devices[i]);
    }
    round_timer.expired = post;
    chores_timer.expired = do_chores;
    if (due && scheduler_runnable() == 0)
        events_post(EVENT_NETWORK);
    else if (due)
        timer_start(&round_timer, next_round);
    if (chores && !chores_timer.place)
        timer_start(&chores_timer, clock_monotonic() + CHORES_INTERVAL);
}

static void serve_all(void)
{
    for (unsigned i = 0; i < ethernet_count; i++)
        if (ethernet_devices[i]->index)
            serve(ethernet_devices[i]);
    set_timers();
}

void ethernet_handle_events(uint32_t events)
{
    bool any = events & EVENT_NETWORK;

    for (unsigned i = 0; i < ethernet_count; i++) {
        struct ethernet_device *device = ethernet_devices[i];
        if (!device->index || !(events & EVENT_DEVICE(device->line)))
            continue;
        device->interrupted = device->due = any = true;
    }
    if (any)
        serve_all();
}

bool ethernet_catch_up(void)
{
    bool any = false;

    for (unsigned i = 0; i < ethernet_count; i++)
        any |= ethernet_devices[i]->index && ethernet_devices[i]->due;
    if (any)
        serve_all();
    return any;
}

void ethernet_settle(void)
{
    uint64_t deadline = clock_monotonic() + SETTLE_PATIENCE;

    for (unsigned i = 0; i < ethernet_count; i++)
        while (ethernet_devices[i]->index && ethernet_devices[i]->transmit.used > 0 &&
               clock_monotonic() < deadline)
            run_charged_round(ethernet_devices[i]);
    events_post(EVENT_NETWORK); /* something else may have been left */
}
