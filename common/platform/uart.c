/* The serial console: two rings between the kernel and a 16550.
 *
 * Reference: National Semiconductor PC16550D data sheet, section 8.  Everything that is printed,
 * by programs and by the kernel, goes through the one output ring, so it keeps its order.  When
 * the input ring is full the device is left alone, and an emulator then stops sending: pasted text
 * is never dropped here. */
#include "uart.h"

#include <lib/ring_buffer.h>

#include <platform/clock.h>
#include <platform/event.h>
#include <platform/log.h>

#include "asm.h"
#include "interrupt.h"

#define BASE 0x3f8
#define LINE 4 /* interrupt line */

/* Registers, offsets from BASE. */
#define DATA               0
#define INTERRUPT_ENABLE   1
#define FIFO_CONTROL       2
#define INTERRUPT_IDENTITY 2
#define LINE_CONTROL       3
#define MODEM_CONTROL      4
#define LINE_STATUS        5
#define SCRATCH            7

#define ENABLE_RECEIVE     0x01
#define ENABLE_TRANSMIT    0x02
#define ENABLE_LINE_STATUS 0x04

#define TRIGGER             8
#define FIFO_ON_TRIGGER_8   0x87 /* both FIFOs on and emptied; interrupt at 8 bytes received */
#define LINE_8N1            0x03
#define LINE_DIVISOR_ACCESS 0x80
#define MODEM_READY         0x0b /* DTR, RTS, and OUT2, which lets the interrupt through */

#define IDENTITY_NONE     0x01
#define IDENTITY_CAUSE    0x0e
#define IDENTITY_TRANSMIT 0x02
#define IDENTITY_LEVEL    0x04 /* as many bytes as the trigger says; the rest has a time-out */

#define STATUS_RECEIVED   0x01
#define STATUS_OVERRUN    0x02
#define STATUS_FIFO_EMPTY 0x20
#define STATUS_ALL_SENT   0x40
#define STATUS_ABSENT     0xff

#define DIVISOR     1 /* 115200 baud, the most there is */
#define FIFO_SIZE   16
#define INPUT_SIZE  (128 * 1024)
#define OUTPUT_SIZE (4 * 1024) /* what still comes after a key that stops or interrupts output */

/* No byte waits longer for its interrupt, ns: the time-out is four characters long. */
#define TIME_OUT_MOST 50000000u

/* Polls of a device that may be stuck; the slowest FIFO takes about 2 ms to empty. */
#define PATIENCE 1000000u

static uint8_t input_data[INPUT_SIZE], output_data[OUTPUT_SIZE];
static struct ring_buffer input = { .data = input_data, .size = INPUT_SIZE };
static struct ring_buffer output = { .data = output_data, .size = OUTPUT_SIZE };

static bool present;
static bool interrupt_driven;
static uint8_t enabled;     /* what INTERRUPT_ENABLE holds */
static uint64_t seen_since; /* ns: a received byte is known of since then; 0: none is */
static bool writer_waits;   /* somebody found little room: tell when there is more */
static unsigned overruns;   /* bytes the device lost because nobody took them in time */
static unsigned overruns_logged;

static uint8_t read_register(unsigned number)
{
    return port_read8((uint16_t)(BASE + number));
}

static void write_register(unsigned number, uint8_t value)
{
    port_write8((uint16_t)(BASE + number), value);
}

static void enable(uint8_t wanted)
{
    if (wanted == enabled)
        return;
    enabled = wanted;
    write_register(INTERRUPT_ENABLE, wanted);
}

/* The word length is 5 bits after reset, so the line is set before anything is sent. */
void uart_init_early(void)
{
    write_register(SCRATCH, 0x5a);
    present = read_register(SCRATCH) == 0x5a && read_register(LINE_STATUS) != STATUS_ABSENT;
    if (!present)
        return;
    write_register(INTERRUPT_ENABLE, 0);
    write_register(LINE_CONTROL, LINE_DIVISOR_ACCESS);
    write_register(DATA, DIVISOR);
    write_register(INTERRUPT_ENABLE, 0); /* the divisor's high byte */
    write_register(LINE_CONTROL, LINE_8N1);
    write_register(FIFO_CONTROL, FIFO_ON_TRIGGER_8);
    write_register(MODEM_CONTROL, MODEM_READY);
}

/* Moves up to `most` received bytes to the ring.  For the trigger's interrupt that is the trigger's
 * number and no more: what came behind has started the time-out, and Bochs, when that finds the
 * FIFO empty, shows a byte that never was.  Without room it stops asking, and uart_read() asks again. */
static void receive(unsigned most)
{
    uint8_t status = read_register(LINE_STATUS);
    bool received = false;

    seen_since = 0;
    while (most-- > 0 && status & STATUS_RECEIVED && ring_buffer_room(&input)) {
        overruns += (status & STATUS_OVERRUN) != 0;
        ring_buffer_put_byte(&input, read_register(DATA));
        received = true;
        status = read_register(LINE_STATUS);
    }
    if (status & STATUS_RECEIVED && !ring_buffer_room(&input))
        enable(enabled & (uint8_t) ~(ENABLE_RECEIVE | ENABLE_LINE_STATUS));
    if (received)
        events_post(EVENT_CONSOLE_INPUT);
}

/* Fills the transmit FIFO if it is empty.  Interrupts off. */
static void send_some(void)
{
    uint8_t chunk[FIFO_SIZE];
    if (!(read_register(LINE_STATUS) & STATUS_FIFO_EMPTY))
        return;
    size_t count = ring_buffer_get(&output, chunk, sizeof(chunk));
    for (size_t i = 0; i < count; i++)
        write_register(DATA, chunk[i]);
}

/* Takes what no interrupt has told of: a Ctrl-C in Bochs was seen to lie in the FIFO without its
 * time-out, and would have stayed there until other keys came.  Interrupts off. */
static void take_forgotten(void)
{
    uint64_t now;

    if (!(read_register(LINE_STATUS) & STATUS_RECEIVED) || !(enabled & ENABLE_RECEIVE)) {
        seen_since = 0;
        return;
    }
    now = clock_monotonic();
    if (seen_since == 0)
        seen_since = now;
    else if (now - seen_since > TIME_OUT_MOST)
        receive(FIFO_SIZE);
}

/* Keeps the transmit interrupt on exactly while there is something to send. */
static void pump(void)
{
    take_forgotten();
    send_some();
    uint8_t transmit = ring_buffer_used(&output) ? ENABLE_TRANSMIT : 0;
    enable((uint8_t)((enabled & ~ENABLE_TRANSMIT) | transmit));
}

static void transmit_interrupt(void)
{
    bool busy = ring_buffer_used(&output);
    pump();
    bool emptied = busy && ring_buffer_used(&output) == 0;
    if (emptied || (writer_waits && ring_buffer_room(&output) >= OUTPUT_SIZE / 2)) {
        writer_waits = false;
        events_post(EVENT_CONSOLE_OUTPUT);
    }
}

/* The line is edge-triggered: every cause must be gone before the handler returns, or none is
 * ever reported again. */
static void uart_interrupt(void)
{
    uint8_t identity;
    while (!((identity = read_register(INTERRUPT_IDENTITY)) & IDENTITY_NONE)) {
        if ((identity & IDENTITY_CAUSE) == IDENTITY_LEVEL)
            receive(TRIGGER);
        else if ((identity & IDENTITY_CAUSE) != IDENTITY_TRANSMIT)
            receive(FIFO_SIZE);
        transmit_interrupt();
    }
}

void uart_init(void)
{
    if (!present)
        return;
    interrupt_register(LINE, "ttyS0", uart_interrupt);
    uint64_t flags = interrupts_save();
    interrupt_driven = true;
    enable(ENABLE_RECEIVE | ENABLE_LINE_STATUS);
    interrupts_restore(flags);
}

/* Whatever took the interrupts away will not let them come back: a device that is stuck now is
 * given up at the first time-out. */
void uart_use_polling(void)
{
    if (!present)
        return;
    interrupt_driven = false;
    enable(0);
}

size_t uart_write(const void *data, size_t size)
{
    if (!present)
        return size;
    uint64_t flags = interrupts_save();
    size_t taken = ring_buffer_put(&output, data, size);
    writer_waits |= taken < size;
    if (interrupt_driven && !(enabled & ENABLE_TRANSMIT))
        pump();
    interrupts_restore(flags);
    return taken;
}

size_t uart_queued(void)
{
    return ring_buffer_used(&output);
}

bool uart_drained(void)
{
    return ring_buffer_used(&output) == 0 &&
           (!present || (read_register(LINE_STATUS) & STATUS_ALL_SENT));
}

/* Sends up to one FIFO by polling; false if the device does not answer. */
static bool poll_some(void)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (read_register(LINE_STATUS) & STATUS_FIFO_EMPTY) {
            uint64_t flags = interrupts_save();
            send_some();
            interrupts_restore(flags);
            return true;
        }
        pause();
    }
    present = interrupt_driven;
    return false;
}

void uart_write_all(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (;;) {
        size_t taken = uart_write(bytes, size);
        bytes += taken;
        size -= taken;
        if (interrupt_driven && size == 0)
            return;
        if (!present || ring_buffer_used(&output) == 0 || !poll_some())
            return;
    }
}

void uart_flush(void)
{
    if (!present)
        return;
    while (ring_buffer_used(&output) && poll_some())
        ;
    for (unsigned i = 0; i < PATIENCE; i++)
        if (read_register(LINE_STATUS) & STATUS_ALL_SENT)
            return;
}

/* Reports overruns here, not in the interrupt handler: a line of text takes far longer to print
 * than the next bytes to arrive. */
static void report_overruns(void)
{
    if (overruns == overruns_logged)
        return;
    overruns_logged = overruns;
    printk(LOG_WARNING, "uart: input overrun, %u times so far", overruns_logged);
}

size_t uart_read(void *data, size_t size)
{
    size_t count = ring_buffer_get(&input, data, size);
    if (count && !(enabled & ENABLE_RECEIVE) && interrupt_driven) {
        uint64_t flags = interrupts_save();
        enable(enabled | ENABLE_RECEIVE | ENABLE_LINE_STATUS);
        interrupts_restore(flags);
    }
    report_overruns();
    return count;
}
