/* The network device of virtio 1.x on PCI, which QEMU has.  Queue 0 receives, queue 1 sends; no
 * checksums or segments are left to the device, so the headers before the frames say nothing.
 *
 * Numbers in parentheses: Virtual I/O Device (VIRTIO) Version 1.1, OASIS. */
#include "service.h"

#include <linux/errno.h>

#include <net/driver.h>
#include <platform/heap.h>
#include <random.h>

#include "queue.h"

#define DEVICE_NETWORK      0x1041
#define DEVICE_TRANSITIONAL 0x1000 /* speaks the older version, too */

#define QUEUE_RECEIVE  0
#define QUEUE_TRANSMIT 1
#define HEADER_SIZE    12u /* (5.1.6) */

/* Features (5.1.3), configuration (5.1.4). */
#define FEATURE_ADDRESS      ((uint64_t)1 << 5)
#define FEATURE_STATUS       ((uint64_t)1 << 16)
#define CONFIGURATION_STATUS 6
#define CONFIGURATION_SIZE   8
#define STATUS_LINK_UP       1u

struct virtio_net {
    struct virtio_device device;
    struct virtqueue receive, transmit;
    bool on;          /* the device may interrupt */
    bool sent_wanted; /* it has been told to do so when it has sent something */
    bool link_known, link_up;
};

static struct virtio_net *of(ethernet_handle handle)
{
    return (struct virtio_net *)handle;
}

/* ---- to start and to stop ---- */

static int create_queues(struct virtio_net *net)
{
    int error = virtqueue_create(&net->receive, &net->device, QUEUE_RECEIVE, true, HEADER_SIZE);

    if (error)
        return error;
    error = virtqueue_create(&net->transmit, &net->device, QUEUE_TRANSMIT, false, HEADER_SIZE);
    if (error && virtio_reset(&net->device) == 0)
        virtqueue_free(&net->receive);
    return error;
}

/* A device without an address gets one that is nobody's (5.1.5). */
static void read_address(const struct virtio_net *net, uint8_t address[6])
{
    if (net->device.features & FEATURE_ADDRESS) {
        for (unsigned i = 0; i < 6; i++)
            address[i] = virtio_specific8(&net->device, i);
        return;
    }
    random_bytes(address, 6);
    address[0] = (address[0] & ~1u) | 2u; /* no group's, locally administered */
}

static int set_up(struct virtio_net *net, const struct pci_device *pci)
{
    int error = virtio_find(pci, CONFIGURATION_SIZE, &net->device);

    if (!error)
        error = virtio_reset(&net->device);
    if (!error)
        error =
            virtio_negotiate(&net->device, FEATURE_ADDRESS | FEATURE_STATUS | VIRTIO_EVENT_INDEX);
    if (!error)
        error = create_queues(net);
    return error;
}

static int virtio_net_open(const struct pci_device *pci, ethernet_handle *out,
                           struct ethernet_answer *answer)
{
    struct virtio_net *net;
    int error;

    if (pci->vendor != VIRTIO_VENDOR ||
        (pci->device != DEVICE_NETWORK && pci->device != DEVICE_TRANSITIONAL))
        return -ENODEV;
    net = kzalloc(sizeof(*net));
    error = net ? set_up(net, pci) : -ENOMEM;
    if (error) {
        kfree(net);
        return error;
    }
    read_address(net, answer->address);
    answer->receive_slots = net->receive.slots;
    answer->transmit_slots = net->transmit.slots;
    virtio_start(&net->device);
    *out = (ethernet_handle)net;
    return 0;
}

static int virtio_net_close(ethernet_handle handle)
{
    struct virtio_net *net = of(handle);
    int error = virtio_reset(&net->device);

    if (error)
        return error; /* it may still use its queues */
    virtqueue_free(&net->receive);
    virtqueue_free(&net->transmit);
    kfree(net);
    return 0;
}

/* ---- interrupts ---- */

/* Sent frames are told of only when all slots have been taken, and then when half are free. */
static void set_sent_interrupt(struct virtio_net *net)
{
    uint16_t half = (uint16_t)(net->transmit.slots / 2);

    virtqueue_interrupt_after(&net->transmit, net->on && net->sent_wanted ? half : 0);
}

static int virtio_net_interrupts(ethernet_handle handle, bool on)
{
    struct virtio_net *net = of(handle);
    bool changed = false;
    int error = virtio_acknowledge(&net->device, &changed);

    if (error)
        return error;
    if (changed)
        net->link_known = false;
    net->on = on;
    virtqueue_interrupt_after(&net->receive, on ? 1 : 0);
    set_sent_interrupt(net);
    return 0;
}

static int virtio_net_link(ethernet_handle handle, bool *up)
{
    struct virtio_net *net = of(handle);

    if (!net->link_known) {
        net->link_up = !(net->device.features & FEATURE_STATUS) ||
                       virtio_specific16(&net->device, CONFIGURATION_STATUS) & STATUS_LINK_UP;
        net->link_known = true;
    }
    *up = net->link_up;
    return 0;
}

/* ---- frames ---- */

static int virtio_net_offer(ethernet_handle handle, uint64_t address, uint32_t tag)
{
    struct virtqueue *queue = &of(handle)->receive;

    if (virtqueue_full(queue))
        return -EAGAIN;
    virtqueue_add(queue, address, FRAME_BUFFER_SIZE, tag);
    return 0;
}

static int virtio_net_transmit(ethernet_handle handle, uint64_t address, size_t length,
                               uint32_t tag)
{
    struct virtio_net *net = of(handle);

    if (length > FRAME_LENGTH_MOST)
        return -EMSGSIZE;
    if (virtqueue_full(&net->transmit))
        return -EAGAIN;
    virtqueue_add(&net->transmit, address, (uint32_t)length, tag);
    if (virtqueue_full(&net->transmit)) {
        net->sent_wanted = true;
        set_sent_interrupt(net);
    }
    return 0;
}

static int virtio_net_kick(ethernet_handle handle)
{
    struct virtio_net *net = of(handle);

    virtqueue_kick(&net->receive);
    virtqueue_kick(&net->transmit);
    return 0;
}

static int collect_received(struct virtio_net *net, struct ethernet_completion *out)
{
    uint32_t tag, length;
    int error = virtqueue_take(&net->receive, &tag, &length);

    if (error)
        return error;
    bool fits = length >= HEADER_SIZE && length - HEADER_SIZE <= FRAME_BUFFER_SIZE;
    *out = (struct ethernet_completion){
        .tag = tag,
        .received = true,
        .failed = !fits,
        .length = fits ? (uint16_t)(length - HEADER_SIZE) : 0,
    };
    return 0;
}

static int collect_sent(struct virtio_net *net, struct ethernet_completion *out)
{
    uint32_t tag, length;
    int error = virtqueue_take(&net->transmit, &tag, &length);

    if (error)
        return error;
    *out = (struct ethernet_completion){ .tag = tag };
    net->sent_wanted = false;
    return 0;
}

static int virtio_net_collect(ethernet_handle handle, struct ethernet_completion *out,
                              size_t capacity, size_t *count)
{
    struct virtio_net *net = of(handle);
    size_t collected = 0;
    int error = 0;

    while (collected < capacity && (error = collect_received(net, &out[collected])) == 0)
        collected++;
    if (error && error != -EAGAIN)
        return error;
    while (collected < capacity && (error = collect_sent(net, &out[collected])) == 0)
        collected++;
    if (error && error != -EAGAIN)
        return error;
    *count = collected;
    return 0;
}

/* Without a control queue, which is not asked for, the device takes in everything (virtio 1.1,
 * 5.1.6.5.1). */
static int virtio_net_filter(ethernet_handle handle, const uint8_t address[6], bool promiscuous)
{
    (void)handle;
    (void)address;
    (void)promiscuous;
    return 0;
}

const struct ethernet_ops virtio_net_ops = {
    .name = "virtio-net",
    .open = virtio_net_open,
    .close = virtio_net_close,
    .offer = virtio_net_offer,
    .transmit = virtio_net_transmit,
    .kick = virtio_net_kick,
    .collect = virtio_net_collect,
    .interrupts = virtio_net_interrupts,
    .link = virtio_net_link,
    .filter = virtio_net_filter,
};
