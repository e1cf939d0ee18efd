/* Capabilities of the PCI function say in which of its memory regions what lies (4.1.4).  A device
 * that says nonsense is not used.
 *
 * Numbers in parentheses: Virtual I/O Device (VIRTIO) Version 1.1, OASIS. */
#include "pci.h"

#include <linux/errno.h>

#include <platform/clock.h>

/* PCI configuration space (PCI Local Bus Specification 3.0, 6.7). */
#define HEADER_STATUS       0x04 /* in bits 16 to 31 */
#define STATUS_CAPABILITIES (1u << 20)
#define HEADER_CAPABILITIES 0x34
#define CAPABILITY_FIRST    0x40
#define CAPABILITY_VENDOR   0x09
#define CAPABILITIES_MOST   48

/* A capability (4.1.4): id, next, length, type; bar and padding; offset; length; and, of the
 * notification region, the multiplier. */
#define CAPABILITY_BAR        4
#define CAPABILITY_OFFSET     8
#define CAPABILITY_LENGTH     12
#define CAPABILITY_MULTIPLIER 16

enum { REGION_COMMON = 1, REGION_NOTIFY = 2, REGION_INTERRUPT = 3, REGION_SPECIFIC = 4 };

/* The common region (4.1.4.3). */
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE        0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE        0x0c
#define DEVICE_STATUS         0x14
#define QUEUE_SELECT          0x16
#define QUEUE_SIZE            0x18
#define QUEUE_ENABLE          0x1c
#define QUEUE_NOTIFY_OFFSET   0x1e
#define QUEUE_DESCRIPTORS     0x20
#define QUEUE_AVAILABLE       0x28
#define QUEUE_USED            0x30
#define COMMON_SIZE           0x38

/* Device status (2.1). */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u

#define INTERRUPT_QUEUE         1u
#define INTERRUPT_CONFIGURATION 2u

#define RESET_PATIENCE 100000000u /* ns */

/* ---- finding the regions ---- */

/* Notes the region that the capability describes, unless there is one of its type already or it is
 * not in memory: a device may offer several, best first. */
static void note_region(const struct pci_device *pci, unsigned capability,
                        struct virtio_region *region)
{
    unsigned bar = pci_read(pci, capability + CAPABILITY_BAR) & 0xff;
    size_t offset = pci_read(pci, capability + CAPABILITY_OFFSET);
    size_t length = pci_read(pci, capability + CAPABILITY_LENGTH);
    struct registers *registers;

    if (region->registers || registers_map(pci, bar, &registers))
        return;
    if (offset % 4 == 0 && offset + length <= registers_size(registers))
        *region = (struct virtio_region){ registers, offset, length };
}

static void note_capability(const struct pci_device *pci, unsigned capability, unsigned type,
                            struct virtio_device *out)
{
    switch (type) {
    case REGION_COMMON:
        note_region(pci, capability, &out->common);
        break;
    case REGION_NOTIFY:
        if (!out->notify.registers)
            out->notify_multiplier = pci_read(pci, capability + CAPABILITY_MULTIPLIER);
        note_region(pci, capability, &out->notify);
        break;
    case REGION_INTERRUPT:
        note_region(pci, capability, &out->interrupt);
        break;
    case REGION_SPECIFIC:
        note_region(pci, capability, &out->specific);
        break;
    }
}

static bool has(const struct virtio_region *region, size_t length)
{
    return region->registers && region->length >= length;
}

int virtio_find(const struct pci_device *pci, size_t specific_size, struct virtio_device *out)
{
    unsigned at = 0;

    *out = (struct virtio_device){ 0 };
    if (pci_read(pci, HEADER_STATUS) & STATUS_CAPABILITIES)
        at = pci_read(pci, HEADER_CAPABILITIES) & 0xfc;
    for (unsigned i = 0; at >= CAPABILITY_FIRST && i < CAPABILITIES_MOST; i++) {
        uint32_t head = pci_read(pci, at);
        if ((head & 0xff) == CAPABILITY_VENDOR)
            note_capability(pci, at, head >> 24, out);
        at = head >> 8 & 0xfc;
    }
    bool complete = has(&out->common, COMMON_SIZE) && has(&out->notify, sizeof(uint16_t)) &&
                    has(&out->interrupt, 1) && has(&out->specific, specific_size);
    return complete ? 0 : -ENODEV;
}

/* ---- registers ---- */

static uint32_t common_read32(const struct virtio_device *device, size_t offset)
{
    return registers_read32(device->common.registers, device->common.offset + offset);
}

static uint16_t common_read16(const struct virtio_device *device, size_t offset)
{
    return registers_read16(device->common.registers, device->common.offset + offset);
}

static uint8_t read_status(const struct virtio_device *device)
{
    return registers_read8(device->common.registers, device->common.offset + DEVICE_STATUS);
}

static void common_write32(const struct virtio_device *device, size_t offset, uint32_t value)
{
    registers_write32(device->common.registers, device->common.offset + offset, value);
}

/* The halves are registers of their own (4.1.3.1). */
static void common_write64(const struct virtio_device *device, size_t offset, uint64_t value)
{
    common_write32(device, offset, (uint32_t)value);
    common_write32(device, offset + 4, (uint32_t)(value >> 32));
}

static void common_write16(const struct virtio_device *device, size_t offset, uint16_t value)
{
    registers_write16(device->common.registers, device->common.offset + offset, value);
}

static void write_status(const struct virtio_device *device, uint8_t value)
{
    registers_write8(device->common.registers, device->common.offset + DEVICE_STATUS, value);
}

uint8_t virtio_specific8(const struct virtio_device *device, size_t offset)
{
    return registers_read8(device->specific.registers, device->specific.offset + offset);
}

uint16_t virtio_specific16(const struct virtio_device *device, size_t offset)
{
    return registers_read16(device->specific.registers, device->specific.offset + offset);
}

/* ---- beginning and end (3.1) ---- */

int virtio_reset(const struct virtio_device *device)
{
    uint64_t deadline = clock_monotonic() + RESET_PATIENCE;

    write_status(device, 0);
    while (read_status(device))
        if (clock_monotonic() > deadline)
            return -EIO;
    return 0;
}

static uint64_t offered_features(const struct virtio_device *device)
{
    uint64_t features;

    common_write32(device, DEVICE_FEATURE_SELECT, 0);
    features = common_read32(device, DEVICE_FEATURE);
    common_write32(device, DEVICE_FEATURE_SELECT, 1);
    return features | (uint64_t)common_read32(device, DEVICE_FEATURE) << 32;
}

int virtio_negotiate(struct virtio_device *device, uint64_t features)
{
    uint8_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

    write_status(device, STATUS_ACKNOWLEDGE);
    write_status(device, status);
    device->features = offered_features(device) & (features | VIRTIO_VERSION_1);
    if (!(device->features & VIRTIO_VERSION_1))
        return -ENODEV;
    common_write32(device, DRIVER_FEATURE_SELECT, 0);
    common_write32(device, DRIVER_FEATURE, (uint32_t)device->features);
    common_write32(device, DRIVER_FEATURE_SELECT, 1);
    common_write32(device, DRIVER_FEATURE, (uint32_t)(device->features >> 32));
    write_status(device, status | STATUS_FEATURES_OK);
    return read_status(device) & STATUS_FEATURES_OK ? 0 : -ENODEV;
}

void virtio_start(const struct virtio_device *device)
{
    write_status(device,
                 STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

int virtio_acknowledge(const struct virtio_device *device, bool *changed)
{
    uint8_t why = registers_read8(device->interrupt.registers, device->interrupt.offset);

    if (why & ~(INTERRUPT_QUEUE | INTERRUPT_CONFIGURATION))
        return -EIO;
    *changed = why & INTERRUPT_CONFIGURATION;
    return *changed && read_status(device) & STATUS_NEEDS_RESET ? -EIO : 0;
}

/* ---- queues ---- */

uint16_t virtio_queue_size(const struct virtio_device *device, uint16_t number)
{
    common_write16(device, QUEUE_SELECT, number);
    return common_read16(device, QUEUE_SIZE);
}

int virtio_queue_enable(const struct virtio_device *device, uint16_t number, uint16_t size,
                        const struct virtio_queue_layout *layout, size_t *notify)
{
    common_write16(device, QUEUE_SELECT, number);
    uint64_t offset =
        (uint64_t)common_read16(device, QUEUE_NOTIFY_OFFSET) * device->notify_multiplier;

    if (offset % sizeof(uint16_t) || offset + sizeof(uint16_t) > device->notify.length)
        return -EIO;
    common_write16(device, QUEUE_SIZE, size);
    common_write64(device, QUEUE_DESCRIPTORS, layout->descriptors);
    common_write64(device, QUEUE_AVAILABLE, layout->available);
    common_write64(device, QUEUE_USED, layout->used);
    common_write16(device, QUEUE_ENABLE, 1);
    *notify = device->notify.offset + offset;
    return 0;
}

void virtio_notify(const struct virtio_device *device, size_t notify, uint16_t number)
{
    registers_write16(device->notify.registers, notify, number);
}
