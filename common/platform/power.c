/* Power-off and reset: a list of doors, tried in turn, because no two emulators share one.
 *
 * Writing to a port that a machine does not have does nothing. */
#include "power.h"

#include <stddef.h>

#include <platform/pci.h>

#include "asm.h"
#include "console.h"

/* ACPI (ACPI Specification 6.3, 4.8.3.2): PM1a control register, at 4 from the base of the power
 * management ports; SLP_EN with the sleep type 0 that QEMU and Bochs use for S5. */
#define PM1_CONTROL       4
#define SLEEP_ENABLE      0x2000
#define QEMU_POWER_PORTS  0x600
#define BOCHS_POWER_PORTS 0xb000

/* The chipset functions that tell their base at configuration offset 0x40: PIIX4's power
 * management and ICH9's LPC bridge. */
#define INTEL             0x8086
#define PIIX4_POWER       0x7113
#define ICH9_LPC          0x2918
#define POWER_BASE_OFFSET 0x40
#define POWER_BASE_MASK   0xff80

#define BOCHS_SHUTDOWN     0x8900
#define DEBUG_EXIT         0xf4
#define DEBUG_EXIT_FAILURE 16 /* QEMU's exit status is 2n + 1 */

#define RESET_CONTROL        0xcf9
#define RESET_CPU_AND_SYSTEM 0x06
#define KEYBOARD_COMMAND     0x64
#define KEYBOARD_PULSE_RESET 0xfe

static void acpi_off(uint16_t base)
{
    port_write16(base + PM1_CONTROL, SLEEP_ENABLE);
}

static void chipset_off(void)
{
    const struct pci_device *device;
    for (size_t i = 0; (device = pci_device(i)) != NULL; i++)
        if (device->vendor == INTEL &&
            (device->device == PIIX4_POWER || device->device == ICH9_LPC))
            acpi_off((uint16_t)(pci_read(device, POWER_BASE_OFFSET) & POWER_BASE_MASK));
}

static void bochs_shutdown(void)
{
    for (const char *letter = "Shutdown"; *letter; letter++)
        port_write8(BOCHS_SHUTDOWN, (uint8_t)*letter);
}

void power_halt(void)
{
    console_flush();
    for (;;) {
        cli();
        hlt();
    }
}

void power_off(void)
{
    console_flush();
    cli();
    chipset_off();
    acpi_off(QEMU_POWER_PORTS);
    acpi_off(BOCHS_POWER_PORTS);
    bochs_shutdown();
    power_halt();
}

void power_reset(void)
{
    console_flush();
    cli();
    port_write8(RESET_CONTROL, RESET_CPU_AND_SYSTEM);
    port_write8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    power_halt();
}

void power_fail(void)
{
    port_write32(DEBUG_EXIT, DEBUG_EXIT_FAILURE);
    bochs_shutdown();
    power_halt();
}
