/* The keyboard: scan codes of set 1 in, bytes as a Linux console sends them out.
 *
 * The 8042 controller translates to set 1, whatever the keyboard speaks.  The layout is US.
 * Reference: IBM PC AT technical reference, "keyboard controller"; for the sequences
 * console_codes(4) and the Linux console's default key map. */
#include "keyboard.h"

#include <stdbool.h>
#include <stdint.h>

#include <lib/ring_buffer.h>
#include <lib/string.h>

#include <platform/event.h>

#include "asm.h"
#include "interrupt.h"

#define DATA    0x60
#define STATUS  0x64
#define COMMAND 0x64
#define LINE    1

#define STATUS_OUTPUT_FULL 0x01 /* a byte for us */
#define STATUS_INPUT_FULL  0x02 /* ours has not been taken yet */
#define STATUS_ABSENT      0xff

#define COMMAND_READ_CONFIGURATION    0x20
#define COMMAND_WRITE_CONFIGURATION   0x60
#define COMMAND_DISABLE_MOUSE         0xa7
#define COMMAND_DISABLE_KEYBOARD      0xad
#define COMMAND_ENABLE_KEYBOARD       0xae
#define CONFIGURATION_INTERRUPT       0x01
#define CONFIGURATION_MOUSE_INTERRUPT 0x02
#define CONFIGURATION_KEYBOARD_OFF    0x10
#define CONFIGURATION_TRANSLATE       0x40

#define POLLS      100000
#define INPUT_SIZE 1024

#define RELEASED        0x80
#define PREFIX_EXTENDED 0xe0
#define PREFIX_PAUSE    0xe1
#define PAUSE_REST      2 /* codes after PREFIX_PAUSE, when pressed and again when released */

#define KEY_CONTROL      0x1d
#define KEY_LEFT_SHIFT   0x2a
#define KEY_RIGHT_SHIFT  0x36
#define KEY_ALT          0x38
#define KEY_CAPS_LOCK    0x3a
#define KEY_KEYPAD_SLASH 0x35
#define KEY_ENTER        0x1c

/* Bytes by scan code, unshifted and shifted; 0: none. */
static const char plain[0x54] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./"
                                "\0*\0 \0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.";
static const char shifted[0x54] = "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM"
                                  "<>?\0*\0 \0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.";

/* Keys that send sequences. */
struct special_key {
    uint8_t code;
    const char *sequence;
};
static const struct special_key extended_keys[] = {
    { 0x47, "\033[1~" }, { 0x48, "\033[A" },  { 0x49, "\033[5~" }, { 0x4b, "\033[D" },
    { 0x4d, "\033[C" },  { 0x4f, "\033[4~" }, { 0x50, "\033[B" },  { 0x51, "\033[6~" },
    { 0x52, "\033[2~" }, { 0x53, "\033[3~" },
};
static const struct special_key function_keys[] = {
    { 0x3b, "\033[[A" },  { 0x3c, "\033[[B" },  { 0x3d, "\033[[C" },  { 0x3e, "\033[[D" },
    { 0x3f, "\033[[E" },  { 0x40, "\033[17~" }, { 0x41, "\033[18~" }, { 0x42, "\033[19~" },
    { 0x43, "\033[20~" }, { 0x44, "\033[21~" }, { 0x57, "\033[23~" }, { 0x58, "\033[24~" },
};

static uint8_t input_data[INPUT_SIZE];
static struct ring_buffer input = { .data = input_data, .size = INPUT_SIZE };

static bool shift, control, alt, caps_lock;
static bool extended;    /* the code before was PREFIX_EXTENDED */
static unsigned to_skip; /* codes of the Pause key still to come */

/* All or nothing, so that no half of a sequence is ever read. */
static void send(const char *text, size_t length)
{
    uint64_t flags = interrupts_save();
    if (ring_buffer_room(&input) >= length) {
        ring_buffer_put(&input, text, length);
        events_post(EVENT_CONSOLE_INPUT);
    }
    interrupts_restore(flags);
}

void keyboard_answer(const char *text, size_t length)
{
    send(text, length);
}

static void send_byte(char byte)
{
    char text[2] = { '\033', byte };
    send(alt ? text : text + 1, alt ? 2 : 1);
}

static bool send_special(const struct special_key *keys, size_t count, uint8_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].code == code) {
            send(keys[i].sequence, strlen(keys[i].sequence));
            return true;
        }
    }
    return false;
}

/* True if `code` is a modifier; then it is dealt with. */
static bool modifier(uint8_t code, bool pressed)
{
    switch (code) {
    case KEY_LEFT_SHIFT:
    case KEY_RIGHT_SHIFT:
        if (!extended) /* with the prefix it is a shift that the keyboard itself makes up */
            shift = pressed;
        return true;
    case KEY_CONTROL:
        control = pressed;
        return true;
    case KEY_ALT:
        alt = pressed;
        return true;
    case KEY_CAPS_LOCK:
        caps_lock ^= pressed;
        return true;
    }
    return false;
}

static void character_key(uint8_t code)
{
    if (code >= sizeof(plain) || !plain[code])
        return;
    bool letter = plain[code] >= 'a' && plain[code] <= 'z';
    char byte = (shift ^ (letter && caps_lock)) ? shifted[code] : plain[code];
    if (control) {
        /* The C0 control codes: the key's code without its upper bits; Ctrl-Space is NUL. */
        if ((byte >= '@' && byte <= '_') || (byte >= 'a' && byte <= 'z'))
            byte &= 0x1f;
        else if (byte == ' ')
            byte = 0;
        else if (byte == '/' || byte == '-')
            byte = 0x1f;
    }
    send_byte(byte);
}

static void press(uint8_t code)
{
    if (extended) {
        if (code == KEY_ENTER || code == KEY_KEYPAD_SLASH)
            send_byte(plain[code]);
        else
            send_special(extended_keys, sizeof(extended_keys) / sizeof(extended_keys[0]), code);
    } else if (!send_special(function_keys, sizeof(function_keys) / sizeof(function_keys[0]),
                             code)) {
        character_key(code);
    }
}

static void scan_code(uint8_t byte)
{
    if (to_skip) {
        to_skip--;
    } else if (byte == PREFIX_PAUSE) {
        to_skip = PAUSE_REST;
    } else if (byte == PREFIX_EXTENDED) {
        extended = true;
    } else {
        uint8_t code = byte & (uint8_t)~RELEASED;
        bool pressed = !(byte & RELEASED);
        if (!modifier(code, pressed) && pressed)
            press(code);
        extended = false;
    }
}

static void keyboard_interrupt(void)
{
    while (port_read8(STATUS) & STATUS_OUTPUT_FULL)
        scan_code(port_read8(DATA));
}

static bool wait_to_write(void)
{
    for (unsigned i = 0; i < POLLS; i++)
        if (!(port_read8(STATUS) & STATUS_INPUT_FULL))
            return true;
    return false;
}

static bool write_to(uint16_t port, uint8_t value)
{
    if (!wait_to_write())
        return false;
    port_write8(port, value);
    return true;
}

static bool read_answer(uint8_t *value)
{
    for (unsigned i = 0; i < POLLS; i++) {
        if (port_read8(STATUS) & STATUS_OUTPUT_FULL) {
            *value = port_read8(DATA);
            return true;
        }
    }
    return false;
}

static void drop_pending(void)
{
    for (unsigned i = 0; i < POLLS && port_read8(STATUS) & STATUS_OUTPUT_FULL; i++)
        port_read8(DATA);
}

void keyboard_init(void)
{
    uint8_t configuration;
    if (port_read8(STATUS) == STATUS_ABSENT)
        return;
    if (!write_to(COMMAND, COMMAND_DISABLE_KEYBOARD) || !write_to(COMMAND, COMMAND_DISABLE_MOUSE))
        return;
    drop_pending();
    if (!write_to(COMMAND, COMMAND_READ_CONFIGURATION) || !read_answer(&configuration))
        return;
    configuration &= (uint8_t) ~(CONFIGURATION_MOUSE_INTERRUPT | CONFIGURATION_KEYBOARD_OFF);
    configuration |= CONFIGURATION_INTERRUPT | CONFIGURATION_TRANSLATE;
    if (!write_to(COMMAND, COMMAND_WRITE_CONFIGURATION) || !write_to(DATA, configuration) ||
        !write_to(COMMAND, COMMAND_ENABLE_KEYBOARD))
        return;
    interrupt_register(LINE, "keyboard", keyboard_interrupt);
}

size_t keyboard_read(void *data, size_t size)
{
    return ring_buffer_get(&input, data, size);
}
