/* The kernel log: the last few hundred lines, each a record of fixed size.
 *
 * Fixed slots waste some memory and need no bookkeeping, so a line can be logged from anywhere, an
 * interrupt handler or a half-broken kernel included. */
#include "log.h"

#include <stdarg.h>

#include <platform/clock.h>
#include <platform/memory.h>

#include <lib/format.h>
#include <lib/string.h>

#include "asm.h"
#include "console.h"
#include "multiboot.h"

#define RECORDS 512

static struct log_record records[RECORDS];
static uint64_t next_sequence;
static int console_level = LOG_NOTICE;

void log_init(void)
{
    const char *option = boot_option("loglevel");
    uint64_t level;
    if (option && string_to_u64(option, 10, &level) == 0 && level <= LOG_DEBUG + 1)
        console_level = (int)level - 1;
}

void log_set_console_level(int level)
{
    console_level = level;
}

int log_console_level(void)
{
    return console_level;
}

static void show(const struct log_record *record)
{
    char line[sizeof(record->text) + 32];
    uint64_t microseconds = record->time / 1000;
    size_t length = format(line, sizeof(line), "[%5llu.%06llu] %s\r\n",
                           (unsigned long long)(microseconds / 1000000),
                           (unsigned long long)(microseconds % 1000000), record->text);
    console_print(line, length);
}

void printk(enum log_level level, const char *text, ...)
{
    struct log_record record = { .time = clock_monotonic(), .level = (int)level };
    va_list arguments;

    va_start(arguments, text);
    size_t length = format_list(record.text, sizeof(record.text), text, arguments);
    va_end(arguments);
    record.length = length < sizeof(record.text) ? length : sizeof(record.text) - 1;

    uint64_t flags = interrupts_save();
    record.sequence = next_sequence++;
    records[record.sequence % RECORDS] = record;
    interrupts_restore(flags);

    if ((int)(level & LOG_LEVEL_MASK) <= console_level)
        show(&record);
}

bool log_read(uint64_t sequence, struct log_record *out)
{
    uint64_t flags = interrupts_save();
    uint64_t oldest = next_sequence > RECORDS ? next_sequence - RECORDS : 0;
    uint64_t wanted = sequence > oldest ? sequence : oldest;
    bool found = wanted < next_sequence;
    if (found)
        *out = records[wanted % RECORDS];
    interrupts_restore(flags);
    return found;
}
