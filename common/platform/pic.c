/* The 8259 pair: old, simple, and the same in every PC emulator.
 *
 * With one processor and few devices the I/O APIC would add nothing but tables to parse; the local
 * APIC passes the 8259's interrupts through (apic.c). */
#include "pic.h"

#include "asm.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA    0x21
#define SLAVE_COMMAND  0xa0
#define SLAVE_DATA     0xa1

#define MASTER_TRIGGER 0x4d0 /* ELCR of the south bridge (Intel 82371AB data sheet, 4.2.4) */
#define SLAVE_TRIGGER  0x4d1

#define COMMAND_INIT        0x11 /* ICW1: edge triggered unless ELCR says otherwise, ICW4 follows */
#define COMMAND_8086        0x01 /* ICW4 */
#define COMMAND_END         0x20 /* OCW2: non-specific end of interrupt */
#define COMMAND_READ_SERVED 0x0b /* OCW3: the next read gives the in-service register */

static uint16_t masked = 0xffff & ~(1u << PIC_CASCADE);

/* Tells the controller of `line` its masks. */
static void write_mask(unsigned line)
{
    if (line < 8)
        port_write8(MASTER_DATA, (uint8_t)masked);
    else
        port_write8(SLAVE_DATA, (uint8_t)(masked >> 8));
}

void pic_init(unsigned vector)
{
    port_write8(MASTER_COMMAND, COMMAND_INIT);
    port_write8(SLAVE_COMMAND, COMMAND_INIT);
    port_write8(MASTER_DATA, (uint8_t)vector);
    port_write8(SLAVE_DATA, (uint8_t)(vector + 8));
    port_write8(MASTER_DATA, 1u << PIC_CASCADE); /* ICW3: where the slave is connected */
    port_write8(SLAVE_DATA, PIC_CASCADE);        /* ICW3: the slave's identity */
    port_write8(MASTER_DATA, COMMAND_8086);
    port_write8(SLAVE_DATA, COMMAND_8086);
    write_mask(0);
    write_mask(8);
}

void pic_mask(unsigned line)
{
    masked |= (uint16_t)(1u << line);
    write_mask(line);
}

void pic_unmask(unsigned line)
{
    masked &= (uint16_t) ~(1u << line);
    write_mask(line);
}

/* The firmware has done so for the lines that it gave to PCI functions; this makes sure. */
void pic_level_triggered(unsigned line)
{
    uint16_t port = line < 8 ? MASTER_TRIGGER : SLAVE_TRIGGER;
    uint8_t lines = port_read8(port), bit = (uint8_t)(1u << line % 8);
    if (!(lines & bit))
        port_write8(port, lines | bit);
}

static bool in_service(uint16_t command_port)
{
    port_write8(command_port, COMMAND_READ_SERVED);
    return port_read8(command_port) & 0x80;
}

/* A line that drops before it is served shows up as the lowest priority of its controller, without
 * the in-service bit.  The master did serve its cascade line, though. */
bool pic_spurious(unsigned line)
{
    if (line == 7)
        return !in_service(MASTER_COMMAND);
    if (line != 15 || in_service(SLAVE_COMMAND))
        return false;
    port_write8(MASTER_COMMAND, COMMAND_END);
    return true;
}

void pic_acknowledge(unsigned line)
{
    if (line >= 8)
        port_write8(SLAVE_COMMAND, COMMAND_END);
    port_write8(MASTER_COMMAND, COMMAND_END);
}
