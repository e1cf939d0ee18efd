/* Device registers: base address registers of PCI functions (PCI Local Bus Specification 3.0,
 * 6.2.5.1), mapped once each and never unmapped. */
#include <platform/registers.h>

#include <stdbool.h>
#include <linux/errno.h>

#include <platform/panic.h>

#include "asm.h"
#include "paging.h"

#define HEADER_COMMAND 0x04
#define HEADER_TYPE    0x0c /* in bits 16 to 23 */
#define HEADER_BASE(n) (0x10 + 4 * (n))
#define TYPE_MASK      0x7f0000
#define BASE_COUNT     6 /* of a function that is no bridge */

#define COMMAND_MEMORY        (1u << 1)
#define COMMAND_MASTER        (1u << 2)
#define COMMAND_NO_INTERRUPTS (1u << 10)
#define COMMAND_MASK          0xffffu /* the upper half is status, whose bits are cleared by writing 1 */

#define BASE_PORTS 1u
#define BASE_WIDTH 6u
#define BASE_64    4u
#define BASE_FLAGS 15u

#define MOST_MAPPINGS 32

struct registers {
    struct pci_device device;
    unsigned bar;
    volatile uint8_t *base;
    size_t size; /* bytes */
};

static struct registers mappings[MOST_MAPPINGS];
static size_t mapping_count;

/* Where the register's memory lies, and how much there is of it. */
struct window {
    uint64_t address, size;
};

/* The address bits that the register remembers say how large the window is.  While they are tried
 * out the function does not answer. */
static struct window probe(const struct pci_device *device, unsigned bar, bool wide)
{
    unsigned low = HEADER_BASE(bar), high = HEADER_BASE(bar + 1);
    uint64_t flags = interrupts_save();
    uint32_t command = pci_read(device, HEADER_COMMAND) & COMMAND_MASK;
    pci_write(device, HEADER_COMMAND, command & ~COMMAND_MEMORY);

    uint64_t address = pci_read(device, low) & ~BASE_FLAGS, mask = UINT64_MAX << 32;
    uint32_t low_before = pci_read(device, low);
    pci_write(device, low, UINT32_MAX);
    mask |= pci_read(device, low) & ~BASE_FLAGS;
    pci_write(device, low, low_before);
    if (wide) {
        uint32_t high_before = pci_read(device, high);
        address |= (uint64_t)high_before << 32;
        pci_write(device, high, UINT32_MAX);
        mask &= (uint64_t)pci_read(device, high) << 32 | UINT32_MAX;
        pci_write(device, high, high_before);
    }

    pci_write(device, HEADER_COMMAND, command);
    interrupts_restore(flags);
    return (struct window){ address, ~mask + 1 };
}

static int find_window(const struct pci_device *device, unsigned bar, struct window *out)
{
    if (bar >= BASE_COUNT || (pci_read(device, HEADER_TYPE) & TYPE_MASK) != 0)
        return -ENODEV;
    uint32_t base = pci_read(device, HEADER_BASE(bar));
    bool wide = (base & BASE_WIDTH) == BASE_64;
    if ((base & BASE_PORTS) || (wide && bar + 1 >= BASE_COUNT))
        return -ENODEV;
    *out = probe(device, bar, wide);
    return out->address == 0 || out->size == 0 ? -ENODEV : 0;
}

static struct registers *find_mapping(const struct pci_device *device, unsigned bar)
{
    for (size_t i = 0; i < mapping_count; i++) {
        const struct pci_device *other = &mappings[i].device;
        if (other->bus == device->bus && other->slot == device->slot &&
            other->function == device->function && mappings[i].bar == bar)
            return &mappings[i];
    }
    return NULL;
}

static void enable(const struct pci_device *device)
{
    uint32_t command = pci_read(device, HEADER_COMMAND) & COMMAND_MASK & ~COMMAND_NO_INTERRUPTS;
    pci_write(device, HEADER_COMMAND, command | COMMAND_MEMORY | COMMAND_MASTER);
}

int registers_map(const struct pci_device *device, unsigned bar, struct registers **out)
{
    struct registers *mapping = find_mapping(device, bar);
    if (mapping == NULL) {
        struct window window;
        int error = find_window(device, bar, &window);
        if (error)
            return error;
        if (mapping_count == MOST_MAPPINGS)
            return -ENOMEM;
        volatile uint8_t *base = mmio_map(window.address, window.size);
        if (base == NULL)
            return -ENOMEM;
        mapping = &mappings[mapping_count++];
        *mapping = (struct registers){ *device, bar, base, window.size };
    }
    enable(device);
    *out = mapping;
    return 0;
}

size_t registers_size(const struct registers *registers)
{
    return registers->size;
}

/* The register of `size` bytes at `offset`. */
static volatile uint8_t *at(const struct registers *registers, size_t offset, size_t size)
{
    if (offset % size != 0 || registers->size < size || offset > registers->size - size)
        panic("%04x:%04x has no register of %zu bytes at %#zx", registers->device.vendor,
              registers->device.device, size, offset);
    return registers->base + offset;
}

uint8_t registers_read8(const struct registers *registers, size_t offset)
{
    return *at(registers, offset, 1);
}

uint16_t registers_read16(const struct registers *registers, size_t offset)
{
    return *(volatile uint16_t *)at(registers, offset, 2);
}

uint32_t registers_read32(const struct registers *registers, size_t offset)
{
    return *(volatile uint32_t *)at(registers, offset, 4);
}

void registers_write8(const struct registers *registers, size_t offset, uint8_t value)
{
    *at(registers, offset, 1) = value;
}

void registers_write16(const struct registers *registers, size_t offset, uint16_t value)
{
    *(volatile uint16_t *)at(registers, offset, 2) = value;
}

void registers_write32(const struct registers *registers, size_t offset, uint32_t value)
{
    *(volatile uint32_t *)at(registers, offset, 4) = value;
}
