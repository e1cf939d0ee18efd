/* Loss and reordering by dice. */
#include "impairment.h"

#include <stdint.h>

#include <platform/log.h>
#include <random.h>
#include <system.h>

#define PERCENT_MOST 100u

static unsigned drop, reorder; /* per cent of the frames */

/* The number that `text` is, if it is one from 0 to 100. */
static bool parse_percent(const char *text, unsigned *out)
{
    unsigned value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = 10 * value + (unsigned)(*text - '0');
        if (value > PERCENT_MOST)
            return false;
    }
    *out = value;
    return true;
}

static void read_option(const char *name, unsigned *percent)
{
    char text[16];

    if (!system_option(name, text, sizeof(text)))
        return;
    if (parse_percent(text, percent))
        printk(LOG_NOTICE, "%s=%u: per cent of all frames", name, *percent);
    else
        printk(LOG_ERROR, "%s=%s ignored: it is not a whole number from 0 to 100", name, text);
}

void impairment_init(void)
{
    read_option("net.drop", &drop);
    read_option("net.reorder", &reorder);
}

static bool happens(unsigned percent)
{
    uint32_t dice;

    if (percent == 0)
        return false;
    random_bytes(&dice, sizeof(dice));
    return (uint64_t)dice * PERCENT_MOST >> 32 < percent;
}

void cable_pass(struct cable *cable, struct packet *packet, struct list *out, struct list *lost)
{
    if (happens(drop)) {
        list_add_tail(lost, &packet->node);
    } else if (!cable->held && happens(reorder)) {
        cable->held = packet;
    } else {
        list_add_tail(out, &packet->node);
        cable_flush(cable, out);
    }
}

void cable_flush(struct cable *cable, struct list *out)
{
    if (!cable->held)
        return;
    list_add_tail(out, &cable->held->node);
    cable->held = NULL;
}
