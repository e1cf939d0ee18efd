/* PCI by configuration mechanism 1 (PCI Local Bus Specification 3.0, 3.2.2.3.2).
 *
 * The firmware has numbered the buses and assigned addresses and interrupts; this finds what there
 * is, following bridges instead of trying all 256 buses. */
#include "pci.h"

#include <platform/log.h>

#include "asm.h"

#define ADDRESS        0xcf8
#define DATA           0xcfc
#define ADDRESS_ENABLE 0x80000000u

#define SLOTS        32
#define FUNCTIONS    8
#define BUSES        256
#define MOST_DEVICES 64

/* Configuration header (section 6.1, and PCI-to-PCI Bridge Architecture Specification, 3.2). */
#define HEADER_IDENTITY    0x00
#define HEADER_CLASS       0x08
#define HEADER_TYPE        0x0c /* in bits 16 to 23 */
#define HEADER_BUSES       0x18
#define HEADER_INTERRUPT   0x3c
#define NO_VENDOR          0xffff
#define TYPE_MASK          0x7f
#define TYPE_BRIDGE        1
#define TYPE_MULTIFUNCTION 0x80

static struct pci_device devices[MOST_DEVICES];
static size_t device_count;

static void select(const struct pci_device *device, unsigned offset)
{
    port_write32(ADDRESS, ADDRESS_ENABLE | (uint32_t)device->bus << 16 |
                              (uint32_t)device->slot << 11 | (uint32_t)device->function << 8 |
                              (offset & 0xfc));
}

uint32_t pci_read(const struct pci_device *device, unsigned offset)
{
    uint64_t flags = interrupts_save(); /* address and data are one transaction */
    select(device, offset);
    uint32_t value = port_read32(DATA);
    interrupts_restore(flags);
    return value;
}

void pci_write(const struct pci_device *device, unsigned offset, uint32_t value)
{
    uint64_t flags = interrupts_save();
    select(device, offset);
    port_write32(DATA, value);
    interrupts_restore(flags);
}

const struct pci_device *pci_device(size_t index)
{
    return index < device_count ? &devices[index] : NULL;
}

static void add(struct pci_device *device)
{
    uint32_t identity = pci_read(device, HEADER_IDENTITY);
    uint32_t class = pci_read(device, HEADER_CLASS);

    device->vendor = (uint16_t)identity;
    device->device = (uint16_t)(identity >> 16);
    device->class_code = (uint8_t)(class >> 24);
    device->subclass = (uint8_t)(class >> 16);
    device->interface = (uint8_t)(class >> 8);
    device->revision = (uint8_t) class;
    device->interrupt_line = (uint8_t)pci_read(device, HEADER_INTERRUPT);
    printk(LOG_INFO, "pci: %02x:%02x.%x %04x:%04x class %02x%02x interrupt %u", device->bus,
           device->slot, device->function, device->vendor, device->device, device->class_code,
           device->subclass, device->interrupt_line);
    if (device_count < MOST_DEVICES)
        devices[device_count++] = *device;
}

/* Scans one bus and marks in `behind` those that its bridges lead to. */
static void scan_bus(unsigned bus, bool *behind)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        for (unsigned function = 0; function < FUNCTIONS; function++) {
            struct pci_device device = { .bus = (uint8_t)bus,
                                         .slot = (uint8_t)slot,
                                         .function = (uint8_t)function };
            if ((uint16_t)pci_read(&device, HEADER_IDENTITY) == NO_VENDOR) {
                if (function == 0)
                    break;
                continue;
            }
            add(&device);
            unsigned type = pci_read(&device, HEADER_TYPE) >> 16 & 0xff;
            if ((type & TYPE_MASK) == TYPE_BRIDGE)
                behind[pci_read(&device, HEADER_BUSES) >> 8 & 0xff] = true;
            if (function == 0 && !(type & TYPE_MULTIFUNCTION))
                break;
        }
    }
}

/* The bus behind a bridge has a higher number than the bus that the bridge is on. */
void pci_init(void)
{
    bool present[BUSES] = { true };
    for (unsigned bus = 0; bus < BUSES; bus++)
        if (present[bus])
            scan_bus(bus, present);
}
