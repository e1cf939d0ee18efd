/* The kernel's log: printk(), kept in a ring buffer for dmesg and shown on the consoles. */
#ifndef PLATFORM_LOG_H
#define PLATFORM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Levels as in syslog(2); those above the console level go to the buffer only. */
enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/* To be added to a level: who speaks, as syslog(2) has it, if not the kernel. */
#define LOG_FACILITY_MASK 0x3f8
#define LOG_LEVEL_MASK    7

/* One line of text without its newline, formatted as by format() (lib/format.h).  Safe anywhere,
 * interrupt handlers included. */
void printk(enum log_level level, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* Records above this level are not shown on the consoles (default LOG_NOTICE). */
void log_set_console_level(int level);
int log_console_level(void);

/* One record: `time` in ns since boot; `sequence` counts from 0; `level` has the facility. */
struct log_record {
    uint64_t sequence;
    uint64_t time;
    int level;
    size_t length;
    char text[240];
};

/* The oldest kept record whose sequence is at least `sequence`; false if there is none yet. */
bool log_read(uint64_t sequence, struct log_record *out);

#endif
