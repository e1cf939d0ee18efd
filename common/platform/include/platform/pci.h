/* PCI functions, configuration space and interrupts (PCI Local Bus Specification 3.0).
 * The platform scans the buses at boot. */
#ifndef PLATFORM_PCI_H
#define PLATFORM_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pci_device {
    uint8_t bus, slot, function;
    uint16_t vendor, device;
    uint8_t class_code, subclass, interface, revision;
    uint8_t interrupt_line; /* 0xff: none */
};

/* The `index`-th function found at boot, or NULL past the last. */
const struct pci_device *pci_device(size_t index);

uint32_t pci_read(const struct pci_device *device, unsigned offset); /* aligned to 4 */
void pci_write(const struct pci_device *device, unsigned offset, uint32_t value);

#endif
