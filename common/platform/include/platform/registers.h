/* A device's memory-mapped registers, behind functions that check the offset: a driver cannot reach
 * past its own device. */
#ifndef PLATFORM_REGISTERS_H
#define PLATFORM_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include <platform/pci.h>

struct registers; /* defined in the platform */

/* Maps base address register `bar` (0 to 5) of the function, which must be of memory, for good:
 * mapping it again gives the same registers.  Lets the function answer memory accesses, reach memory
 * by itself and interrupt.
 * 0, -ENODEV (no such register, or one of ports), -ENOMEM. */
int registers_map(const struct pci_device *device, unsigned bar, struct registers **out);

/* Bytes of registers that there are. */
size_t registers_size(const struct registers *registers);

/* `offset` in bytes, a multiple of the access's size.  Past the end: panics. */
uint8_t registers_read8(const struct registers *registers, size_t offset);
uint16_t registers_read16(const struct registers *registers, size_t offset);
uint32_t registers_read32(const struct registers *registers, size_t offset);
void registers_write8(const struct registers *registers, size_t offset, uint8_t value);
void registers_write16(const struct registers *registers, size_t offset, uint16_t value);
void registers_write32(const struct registers *registers, size_t offset, uint32_t value);

#endif
