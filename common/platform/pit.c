/* The 8254 (Intel 8254 data sheet), used for calibration only. */
#include "pit.h"

#include "asm.h"

#define CHANNEL_2                0x42
#define COMMAND                  0x43
#define COMMAND_CHANNEL_2_MODE_0 0xb0 /* low then high byte; count down once */
#define COMMAND_LATCH_CHANNEL_2  0x80

#define CONTROL         0x61
#define CONTROL_GATE    0x01
#define CONTROL_SPEAKER 0x02

void pit_start(void)
{
    port_write8(CONTROL, (port_read8(CONTROL) & ~CONTROL_SPEAKER) | CONTROL_GATE);
    port_write8(COMMAND, COMMAND_CHANNEL_2_MODE_0);
    port_write8(CHANNEL_2, 0xff);
    port_write8(CHANNEL_2, 0xff);
}

void pit_latch(void)
{
    port_write8(COMMAND, COMMAND_LATCH_CHANNEL_2);
}

uint16_t pit_latched(void)
{
    uint16_t low = port_read8(CHANNEL_2);
    return (uint16_t)(low | port_read8(CHANNEL_2) << 8);
}
