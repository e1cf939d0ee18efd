/* The RTC (Motorola MC146818A data sheet): six numbers, in one of four encodings. */
#include "rtc.h"

#include <stdbool.h>

#include "asm.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define STATUS_A           0x0a
#define STATUS_B           0x0b
#define UPDATE_IN_PROGRESS 0x80
#define BINARY             0x04
#define HOURS_24           0x02
#define AFTERNOON          0x80 /* of the hour, in 12-hour mode */

/* The longest update takes 2 ms; nobody waits for a clock that is not there. */
#define UPDATE_POLLS 10000

struct moment {
    uint8_t second, minute, hour, day, month, year;
};

static uint8_t cmos_read(uint8_t number)
{
    port_write8(CMOS_INDEX, number);
    return port_read8(CMOS_DATA);
}

static struct moment read_fields(void)
{
    for (unsigned i = 0; i < UPDATE_POLLS && cmos_read(STATUS_A) & UPDATE_IN_PROGRESS; i++)
        ;
    return (struct moment){ cmos_read(0), cmos_read(2), cmos_read(4),
                            cmos_read(7), cmos_read(8), cmos_read(9) };
}

static bool equal(const struct moment *a, const struct moment *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
           a->day == b->day && a->month == b->month && a->year == b->year;
}

static unsigned decode(uint8_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10u + (value & 15);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar.  The year is counted from March, so
 * that the leap day is its last. */
static uint64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
    unsigned years = month > 2 ? year : year - 1;
    unsigned months = month > 2 ? month - 3 : month + 9;
    uint64_t days = 365ull * years + years / 4 - years / 100 + years / 400;
    return days + (153 * months + 2) / 5 + day - 1 - 719468;
}

uint64_t rtc_read(void)
{
    /* An update between two reads would mix two moments: read until two agree. */
    struct moment now = read_fields(), again = read_fields();
    for (unsigned i = 0; i < 10 && !equal(&now, &again); i++) {
        now = again;
        again = read_fields();
    }
    uint8_t status = cmos_read(STATUS_B);
    bool binary = status & BINARY;
    unsigned hour = decode(now.hour, binary);
    if (!(status & HOURS_24)) {
        hour = decode(now.hour & ~AFTERNOON, binary) % 12;
        hour += now.hour & AFTERNOON ? 12 : 0;
    }
    unsigned year = decode(now.year, binary);
    year += year < 70 ? 2000 : 1900;
    uint64_t days = days_since_1970(year, decode(now.month, binary), decode(now.day, binary));
    return ((days * 24 + hour) * 60 + decode(now.minute, binary)) * 60 + decode(now.second, binary);
}
