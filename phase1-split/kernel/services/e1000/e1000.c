/* Intel's 82540EM gigabit controller, the e1000 of QEMU and Bochs.
 *
 * Two rings of descriptors in memory: the driver fills slots and moves a tail register up, the device
 * works on what lies between its head and the tail, and sets a bit in each descriptor that it is done
 * with.  So nothing but the tails and the causes of interrupts is asked of registers, which in an
 * emulator cost more than all the rest.
 *
 * Numbers in parentheses: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
 * Manual, Intel 317453. */
#include "service.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <net/driver.h>
#include <platform/clock.h>
#include <platform/dma.h>
#include <platform/heap.h>
#include <platform/registers.h>

#define VENDOR_INTEL   0x8086
#define DEVICE_82540EM 0x100e

/* Registers (13.4).  Only accesses of 32 bits work everywhere. */
#define CONTROL             0x0000
#define STATUS              0x0008
#define EEPROM_READ         0x0014
#define CAUSES              0x00c0 /* of interrupts; reading acknowledges */
#define CAUSES_ENABLE       0x00d0
#define CAUSES_DISABLE      0x00d8
#define RECEIVE_CONTROL     0x0100
#define TRANSMIT_CONTROL    0x0400
#define TRANSMIT_GAP        0x0410
#define RECEIVE_RING        0x2800
#define RECEIVE_DELAY       0x2820
#define TRANSMIT_RING       0x3800
#define MULTICAST_TABLE     0x5200
#define MULTICAST_TABLE_END 0x5400
#define ADDRESS_LOW         0x5400
#define ADDRESS_HIGH        0x5404

/* Of a ring, from its first register on. */
#define RING_BASE_LOW  0x00
#define RING_BASE_HIGH 0x04
#define RING_LENGTH    0x08
#define RING_HEAD      0x10
#define RING_TAIL      0x18

#define CONTROL_LINK_UP (1u << 6)
#define CONTROL_RESET   (1u << 26)
#define STATUS_LINK_UP  (1u << 1)

#define EEPROM_START         (1u << 0)
#define EEPROM_DONE          (1u << 4)
#define EEPROM_ADDRESS_SHIFT 8
#define EEPROM_DATA_SHIFT    16

#define CAUSE_SENT     (1u << 0)
#define CAUSE_LINK     (1u << 2)
#define CAUSE_OVERRUN  (1u << 6)
#define CAUSE_RECEIVED (1u << 7)
#define CAUSES_USUAL   (CAUSE_LINK | CAUSE_OVERRUN | CAUSE_RECEIVED)
#define ALL            UINT32_MAX

#define RECEIVE_ENABLE         (1u << 1)
#define RECEIVE_ALL_UNICASTS   (1u << 3)
#define RECEIVE_ALL_MULTICASTS (1u << 4)
#define RECEIVE_BROADCASTS     (1u << 15)
#define RECEIVE_STRIP_CHECKSUM (1u << 26) /* and buffers of 2048 bytes: the size bits are 0 */
#define RECEIVE_USUAL                                                                              \
    (RECEIVE_ENABLE | RECEIVE_ALL_MULTICASTS | RECEIVE_BROADCASTS | RECEIVE_STRIP_CHECKSUM)

#define TRANSMIT_ENABLE    (1u << 1)
#define TRANSMIT_PAD_SHORT (1u << 3)
#define TRANSMIT_USUAL     (0x0fu << 4 | 0x40u << 12)  /* collisions, for full duplex (13.4.33) */
#define TRANSMIT_GAP_USUAL (10u | 8u << 10 | 6u << 20) /* (13.4.34) */

#define ADDRESS_VALID (1u << 31)

#define RESET_PATIENCE  10000000u /* ns */
#define EEPROM_PATIENCE 10000000u

/* Descriptors in their oldest form (3.2.3, 3.3.3). */
struct receive_descriptor {
    uint64_t address;
    uint16_t length;
    uint16_t checksum;
    uint8_t status;
    uint8_t errors;
    uint16_t special;
};
struct transmit_descriptor {
    uint64_t address;
    uint16_t length;
    uint8_t checksum_offset;
    uint8_t command;
    uint8_t status;
    uint8_t checksum_start;
    uint16_t special;
};

#define DESCRIPTOR_DONE    (1u << 0)
#define RECEIVED_WHOLE     (1u << 1)
#define TRANSMIT_WHOLE     (1u << 0)
#define TRANSMIT_CHECKSUM  (1u << 1)
#define TRANSMIT_TELL_DONE (1u << 3)

#define SLOTS            256u
#define RECEIVE_TAIL_LAG 32u /* the tail moves when so many buffers have come together */

/* Positions count for ever; a slot is a position modulo SLOTS.  One slot stays empty, because head
 * and tail at the same slot mean an empty ring. */
struct ring {
    uint32_t filled; /* by the driver */
    uint32_t told;   /* of them to the device */
    uint32_t done;   /* taken back */
    uint32_t tags[SLOTS];
};

struct e1000 {
    struct registers *registers;
    struct dma_memory receive_memory, transmit_memory;
    struct receive_descriptor *receive_slots;
    struct transmit_descriptor *transmit_slots;
    struct ring receive, transmit;
    uint32_t causes; /* that are enabled */
    bool link_known, link_up;
};

static struct e1000 *of(ethernet_handle handle)
{
    return (struct e1000 *)handle;
}

static uint32_t get(const struct e1000 *device, size_t offset)
{
    return registers_read32(device->registers, offset);
}

static void set(const struct e1000 *device, size_t offset, uint32_t value)
{
    registers_write32(device->registers, offset, value);
}

/* ---- to start and to stop ---- */

/* Bochs resets nothing, so everything that matters is set as well. */
static void quiet(struct e1000 *device)
{
    set(device, CAUSES_DISABLE, ALL);
    set(device, RECEIVE_CONTROL, 0);
    set(device, TRANSMIT_CONTROL, 0);
    device->causes = 0;
}

static int reset(struct e1000 *device)
{
    uint64_t deadline = clock_monotonic() + RESET_PATIENCE;

    quiet(device);
    set(device, CONTROL, get(device, CONTROL) | CONTROL_RESET);
    while (get(device, CONTROL) & CONTROL_RESET)
        if (clock_monotonic() > deadline)
            return -EIO;
    quiet(device);
    get(device, CAUSES);
    set(device, CONTROL, get(device, CONTROL) | CONTROL_LINK_UP);
    return 0;
}

static int read_eeprom(const struct e1000 *device, unsigned word, uint16_t *out)
{
    uint64_t deadline = clock_monotonic() + EEPROM_PATIENCE;
    uint32_t answer;

    set(device, EEPROM_READ, EEPROM_START | word << EEPROM_ADDRESS_SHIFT);
    while (!((answer = get(device, EEPROM_READ)) & EEPROM_DONE))
        if (clock_monotonic() > deadline)
            return -EIO;
    *out = (uint16_t)(answer >> EEPROM_DATA_SHIFT);
    return 0;
}

/* The address is in the first three words of the EEPROM (5.6.1). */
static int read_address(const struct e1000 *device, uint8_t address[6])
{
    for (unsigned i = 0; i < 3; i++) {
        uint16_t word;
        int error = read_eeprom(device, i, &word);
        if (error)
            return error;
        address[2 * i] = (uint8_t)word;
        address[2 * i + 1] = (uint8_t)(word >> 8);
    }
    return address[0] & 1 ? -EIO : 0; /* a group's address */
}

static void set_ring(const struct e1000 *device, size_t ring, uint64_t address, size_t size)
{
    set(device, ring + RING_BASE_LOW, (uint32_t)address);
    set(device, ring + RING_BASE_HIGH, (uint32_t)(address >> 32));
    set(device, ring + RING_LENGTH, (uint32_t)size);
    set(device, ring + RING_HEAD, 0);
    set(device, ring + RING_TAIL, 0);
}

/* The filters: frames for `address`, broadcasts, and all multicasts. */
static void set_filters(const struct e1000 *device, const uint8_t address[6])
{
    for (size_t entry = MULTICAST_TABLE; entry < MULTICAST_TABLE_END; entry += 4)
        set(device, entry, 0);
    set(device, ADDRESS_LOW,
        address[0] | (uint32_t)address[1] << 8 | (uint32_t)address[2] << 16 |
            (uint32_t)address[3] << 24);
    set(device, ADDRESS_HIGH, address[4] | (uint32_t)address[5] << 8 | ADDRESS_VALID);
}

/* Initialization (14.4, 14.5). */
static void start(const struct e1000 *device)
{
    set_ring(device, RECEIVE_RING, device->receive_memory.address, device->receive_memory.size);
    set_ring(device, TRANSMIT_RING, device->transmit_memory.address, device->transmit_memory.size);
    set(device, RECEIVE_DELAY, 0);
    set(device, TRANSMIT_GAP, TRANSMIT_GAP_USUAL);
    set(device, TRANSMIT_CONTROL, TRANSMIT_ENABLE | TRANSMIT_PAD_SHORT | TRANSMIT_USUAL);
    set(device, RECEIVE_CONTROL, RECEIVE_USUAL);
}

static int allocate_rings(struct e1000 *device)
{
    int error = dma_allocate(SLOTS * sizeof(struct receive_descriptor), &device->receive_memory);

    if (error)
        return error;
    error = dma_allocate(SLOTS * sizeof(struct transmit_descriptor), &device->transmit_memory);
    if (error) {
        dma_free(&device->receive_memory);
        return error;
    }
    device->receive_slots = device->receive_memory.data;
    device->transmit_slots = device->transmit_memory.data;
    return 0;
}

static int set_up(struct e1000 *device, const struct pci_device *pci, uint8_t address[6])
{
    int error = registers_map(pci, 0, &device->registers);

    if (!error && registers_size(device->registers) < ADDRESS_HIGH + 4)
        error = -ENODEV;
    if (!error)
        error = reset(device);
    if (!error)
        error = read_address(device, address);
    if (!error)
        error = allocate_rings(device);
    if (error)
        return error;
    set_filters(device, address);
    start(device);
    return 0;
}

static int e1000_open(const struct pci_device *pci, ethernet_handle *out,
                      struct ethernet_answer *answer)
{
    struct e1000 *device;
    int error;

    if (pci->vendor != VENDOR_INTEL || pci->device != DEVICE_82540EM)
        return -ENODEV;
    device = kzalloc(sizeof(*device));
    error = device ? set_up(device, pci, answer->address) : -ENOMEM;
    if (error) {
        kfree(device);
        return error;
    }
    answer->receive_slots = answer->transmit_slots = SLOTS - 1;
    *out = (ethernet_handle)device;
    return 0;
}

static int e1000_close(ethernet_handle handle)
{
    struct e1000 *device = of(handle);
    int error = reset(device);

    if (error)
        return error; /* it may still write to its rings */
    dma_free(&device->receive_memory);
    dma_free(&device->transmit_memory);
    kfree(device);
    return 0;
}

/* ---- interrupts ---- */

static void enable(struct e1000 *device, uint32_t causes)
{
    if (causes & ~device->causes)
        set(device, CAUSES_ENABLE, causes & ~device->causes);
    if (device->causes & ~causes)
        set(device, CAUSES_DISABLE, device->causes & ~causes);
    device->causes = causes;
}

static int e1000_interrupts(ethernet_handle handle, bool on)
{
    struct e1000 *device = of(handle);
    uint32_t causes = get(device, CAUSES);

    if (causes == ALL)
        return -EIO; /* nobody answers */
    if (causes & CAUSE_LINK)
        device->link_known = false;
    enable(device, on ? CAUSES_USUAL | (device->causes & CAUSE_SENT) : 0);
    return 0;
}

static int e1000_link(ethernet_handle handle, bool *up)
{
    struct e1000 *device = of(handle);

    if (!device->link_known) {
        uint32_t status = get(device, STATUS);
        if (status == ALL)
            return -EIO;
        device->link_up = status & STATUS_LINK_UP;
        device->link_known = true;
    }
    *up = device->link_up;
    return 0;
}

/* ---- frames ---- */

static bool is_full(const struct ring *ring)
{
    return ring->filled - ring->done == SLOTS - 1;
}

/* The slot that is filled next, which `tag` is noted for. */
static uint32_t fill_slot(struct ring *ring, uint32_t tag)
{
    uint32_t slot = ring->filled++ % SLOTS;

    ring->tags[slot] = tag;
    return slot;
}

static int e1000_offer(ethernet_handle handle, uint64_t address, uint32_t tag)
{
    struct e1000 *device = of(handle);

    if (is_full(&device->receive))
        return -EAGAIN;
    device->receive_slots[fill_slot(&device->receive, tag)] =
        (struct receive_descriptor){ .address = address };
    return 0;
}

/* With the last free slot gone, the device is to tell when it has sent something. */
static int e1000_transmit(ethernet_handle handle, uint64_t address, size_t length, uint32_t tag)
{
    struct e1000 *device = of(handle);

    if (length > FRAME_LENGTH_MOST)
        return -EMSGSIZE;
    if (is_full(&device->transmit))
        return -EAGAIN;
    device->transmit_slots[fill_slot(&device->transmit, tag)] = (struct transmit_descriptor){
        .address = address,
        .length = (uint16_t)length,
        .command = TRANSMIT_WHOLE | TRANSMIT_CHECKSUM | TRANSMIT_TELL_DONE,
    };
    if (is_full(&device->transmit) && device->causes)
        enable(device, device->causes | CAUSE_SENT);
    return 0;
}

static void move_tail(const struct e1000 *device, size_t registers, struct ring *ring)
{
    __atomic_thread_fence(__ATOMIC_RELEASE); /* descriptors before the tail */
    set(device, registers + RING_TAIL, ring->filled % SLOTS);
    ring->told = ring->filled;
}

/* As long as the device knows of many buffers, it need not hear of each that is added. */
static int e1000_kick(ethernet_handle handle)
{
    struct e1000 *device = of(handle);
    struct ring *receive = &device->receive, *transmit = &device->transmit;
    uint32_t untold = receive->filled - receive->told, known = receive->told - receive->done;

    if (untold >= RECEIVE_TAIL_LAG || (untold > 0 && known < SLOTS / 2))
        move_tail(device, RECEIVE_RING, receive);
    if (transmit->told != transmit->filled)
        move_tail(device, TRANSMIT_RING, transmit);
    return 0;
}

/* Has the device set the bit?  What it has written before that is read afterwards. */
static bool is_done(const uint8_t *status)
{
    return __atomic_load_n(status, __ATOMIC_ACQUIRE) & DESCRIPTOR_DONE;
}

static bool collect_received(struct e1000 *device, struct ethernet_completion *out)
{
    struct ring *ring = &device->receive;
    uint32_t slot = ring->done % SLOTS;
    const struct receive_descriptor *descriptor = &device->receive_slots[slot];

    if (ring->done == ring->told || !is_done(&descriptor->status))
        return false;
    *out = (struct ethernet_completion){
        .tag = ring->tags[slot],
        .received = true,
        .failed = descriptor->errors || !(descriptor->status & RECEIVED_WHOLE) ||
                  descriptor->length > FRAME_BUFFER_SIZE,
        .length = descriptor->length,
    };
    ring->done++;
    return true;
}

static bool collect_sent(struct e1000 *device, struct ethernet_completion *out)
{
    struct ring *ring = &device->transmit;
    uint32_t slot = ring->done % SLOTS;

    if (ring->done == ring->told || !is_done(&device->transmit_slots[slot].status))
        return false;
    *out = (struct ethernet_completion){ .tag = ring->tags[slot] };
    ring->done++;
    return true;
}

static int e1000_collect(ethernet_handle handle, struct ethernet_completion *out, size_t capacity,
                         size_t *count)
{
    struct e1000 *device = of(handle);
    size_t received = 0, all;

    while (received < capacity && collect_received(device, &out[received]))
        received++;
    all = received;
    while (all < capacity && collect_sent(device, &out[all]))
        all++;
    if (all > received && device->causes & CAUSE_SENT)
        enable(device, device->causes & ~CAUSE_SENT);
    *count = all;
    return 0;
}

/* A device that takes in what is for others passes all unicast frames. */
static int e1000_filter(ethernet_handle handle, const uint8_t address[6], bool promiscuous)
{
    struct e1000 *device = of(handle);
    uint32_t wanted = RECEIVE_USUAL | (promiscuous ? RECEIVE_ALL_UNICASTS : 0);

    set_filters(device, address);
    if (get(device, RECEIVE_CONTROL) != wanted) /* QEMU receives nothing for a second after this */
        set(device, RECEIVE_CONTROL, wanted);
    return 0;
}

const struct ethernet_ops e1000_ops = {
    .name = "e1000",
    .open = e1000_open,
    .close = e1000_close,
    .offer = e1000_offer,
    .transmit = e1000_transmit,
    .kick = e1000_kick,
    .collect = e1000_collect,
    .interrupts = e1000_interrupts,
    .link = e1000_link,
    .filter = e1000_filter,
};
