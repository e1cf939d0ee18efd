/* Which Ethernet devices there are, and what the stack asks of them: to send a frame. */
#include "ethernet_device.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <platform/event.h>
#include <platform/heap.h>
#include <platform/interrupts.h>
#include <platform/log.h>
#include <platform/memory.h>

#define MTU 1500

struct ethernet_device *ethernet_devices[ETHERNET_DEVICES];
unsigned ethernet_count;
const struct network_stack_ops *ethernet_stack;

/* ---- rings ---- */

void packet_ring_init(struct packet_ring *ring, unsigned slots)
{
    *ring = (struct packet_ring){ .slots = min(slots, (unsigned)RING_PACKETS) };
    for (unsigned i = 0; i < ring->slots; i++)
        ring->free_tags[i] = (uint16_t)i;
}

uint32_t packet_ring_put(struct packet_ring *ring, struct packet *packet)
{
    uint32_t tag = ring->free_tags[ring->used++];

    ring->packets[tag] = packet;
    return tag;
}

struct packet *packet_ring_take(struct packet_ring *ring, uint32_t tag)
{
    struct packet *packet = tag < ring->slots ? ring->packets[tag] : NULL;

    if (!packet)
        return NULL;
    ring->packets[tag] = NULL;
    ring->free_tags[--ring->used] = (uint16_t)tag;
    return packet;
}

static void packet_ring_clear(struct packet_ring *ring)
{
    for (unsigned tag = 0; tag < ring->slots; tag++) {
        struct packet *packet = packet_ring_take(ring, tag);
        if (packet)
            packet_free(packet);
    }
}

int ethernet_refill(struct ethernet_device *device)
{
    int error = 0;

    while (!error && !list_empty(&device->empty) && !packet_ring_full(&device->receive)) {
        struct packet *packet = list_first_entry(&device->empty, struct packet, node);
        uint32_t tag = packet_ring_put(&device->receive, packet);
        error = device->driver->offer(device->handle, packet->address, tag);
        if (error)
            packet_ring_take(&device->receive, tag);
        else
            list_remove(&packet->node);
    }
    return error == -EAGAIN ? 0 : error;
}

/* ---- the end ---- */

void ethernet_unmask(struct ethernet_device *device)
{
    device->interrupted = false;
    for (unsigned i = 0; i < ethernet_count; i++)
        if (ethernet_devices[i]->line == device->line && ethernet_devices[i]->interrupted)
            return;
    interrupt_unmask(device->line);
}

/* A device that cannot even be stopped may still write to its buffers: they are lost. */
void ethernet_stop(struct ethernet_device *device, int error)
{
    struct list left = LIST_INITIAL(left);

    printk(LOG_ERROR, "%s: %s does not work (error %d) and is stopped", device->name,
           device->driver->name, -error);
    if (device->index)
        ethernet_stack->link(device->index, false);
    device->index = 0;
    if (device->driver->close(device->handle) == 0) {
        packet_ring_clear(&device->receive);
        packet_ring_clear(&device->transmit);
    }
    cable_flush(&device->cable_in, &left);
    cable_flush(&device->cable_out, &left);
    packets_free(&left);
    packets_free(&device->empty);
    packets_free(&device->queue);
    device->queued = 0;
    device->due = false;
    if (device->interrupted)
        ethernet_unmask(device); /* others may wait for the line */
}

/* ---- the beginning ---- */

/* Buffers for the receive ring; fewer where memory is short, but some. */
static int create_buffers(struct ethernet_device *device)
{
    for (unsigned i = 0; i < device->receive.slots; i++) {
        struct packet *packet = packet_create();
        if (!packet)
            break;
        list_add_tail(&device->empty, &packet->node);
    }
    return list_empty(&device->empty) ? -ENOMEM : 0;
}

static int start(struct ethernet_device *device, const struct ethernet_answer *answer)
{
    int error = create_buffers(device);

    if (!error)
        error = ethernet_refill(device);
    if (!error)
        error = device->driver->kick(device->handle);
    if (!error)
        error = device->driver->link(device->handle, &device->link_up);
    if (!error && !interrupt_claim(device->line, device->name))
        error = -ENODEV;
    if (!error)
        error = device->driver->interrupts(device->handle, true);
    if (!error)
        error = ethernet_stack->attach(device->index, device->name, answer->address, MTU);
    if (!error)
        error = ethernet_stack->link(device->index, device->link_up);
    return error;
}

static void announce(const struct ethernet_device *device, const uint8_t address[6])
{
    printk(LOG_INFO, "%s: %s, %02x:%02x:%02x:%02x:%02x:%02x, interrupt %u, link %s", device->name,
           device->driver->name, address[0], address[1], address[2], address[3], address[4],
           address[5], device->line, device->link_up ? "up" : "down");
}

/* True if `driver` has taken the device. */
static bool open_device(const struct ethernet_ops *driver, const struct pci_device *pci)
{
    struct ethernet_answer answer = { 0 };
    struct ethernet_device *device = kzalloc(sizeof(*device));
    int error = device ? driver->open(pci, &device->handle, &answer) : -ENOMEM;

    if (error) {
        kfree(device);
        if (error != -ENODEV)
            printk(LOG_ERROR, "%s: %02x:%02x.%x does not start: error %d", driver->name, pci->bus,
                   pci->slot, pci->function, -error);
        return false;
    }
    device->driver = driver;
    device->line = pci->interrupt_line;
    device->index = ETHERNET_FIRST + ethernet_count;
    format(device->name, sizeof(device->name), "eth%u", ethernet_count);
    list_init(&device->empty);
    list_init(&device->queue);
    packet_ring_init(&device->receive, answer.receive_slots);
    packet_ring_init(&device->transmit, answer.transmit_slots);
    ethernet_devices[ethernet_count++] = device;
    error = start(device, &answer);
    if (error)
        ethernet_stop(device, error);
    else
        announce(device, answer.address);
    return true;
}

void ethernet_init(const struct network_stack_ops *stack, const struct ethernet_ops *const *drivers,
                   size_t driver_count)
{
    const struct pci_device *pci;

    ethernet_stack = stack;
    impairment_init();
    for (size_t i = 0; (pci = pci_device(i)) && ethernet_count < ETHERNET_DEVICES; i++)
        for (size_t driver = 0; driver < driver_count; driver++)
            if (open_device(drivers[driver], pci))
                break;
    if (ethernet_count == 0)
        printk(LOG_INFO, "network: no Ethernet device that a driver knows");
}

/* ---- what the stack may ask ---- */

static struct ethernet_device *find(unsigned index)
{
    unsigned number = index - ETHERNET_FIRST;

    return number < ethernet_count && ethernet_devices[number]->index ? ethernet_devices[number]
                                                                      : NULL;
}

static size_t length_of(const struct network_piece *pieces, size_t count)
{
    size_t length = 0;

    for (size_t i = 0; i < count && length <= FRAME_LENGTH_MOST; i++)
        length += min(pieces[i].size, (size_t)FRAME_LENGTH_MOST + 1);
    return length;
}

static void gather(struct packet *packet, const struct network_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(packet->data + packet->length, pieces[i].data, pieces[i].size);
        packet->length += pieces[i].size;
    }
}

/* The packet, or what comes out of the cable in its place, waits to be sent. */
static void enqueue(struct ethernet_device *device, struct packet *packet)
{
    struct list passed = LIST_INITIAL(passed), lost = LIST_INITIAL(lost);
    struct packet *next;

    cable_pass(&device->cable_out, packet, &passed, &lost);
    list_for_each_entry(next, &passed, node)
        device->queued++;
    list_splice_tail(&device->queue, &passed);
    packets_free(&lost);
    events_post(EVENT_NETWORK);
}

int network_send(unsigned index, const struct network_piece *pieces, size_t count)
{
    struct ethernet_device *device = find(index);
    size_t length = length_of(pieces, count);
    struct packet *packet;

    if (!device)
        return -ENODEV;
    if (length > FRAME_LENGTH_MOST)
        return -EMSGSIZE;
    packet = device->queued < SEND_QUEUE ? packet_create() : NULL;
    if (!packet) {
        device->statistics.sent_dropped++;
        return -ENOBUFS;
    }
    gather(packet, pieces, count);
    enqueue(device, packet);
    return 0;
}

/* The driver hears of it when the stack's call has returned. */
int network_filter(unsigned index, const uint8_t address[6], bool promiscuous)
{
    struct ethernet_device *device = find(index);

    if (!device)
        return -ENODEV;
    memcpy(device->address, address, sizeof(device->address));
    device->promiscuous = promiscuous;
    device->filter_due = true;
    events_post(EVENT_NETWORK);
    return 0;
}

int network_device_statistics(unsigned index, struct interface_statistics *out)
{
    const struct ethernet_device *device = find(index);

    if (!device)
        return -ENODEV;
    *out = device->statistics;
    return 0;
}
