/* Packets: frames on their way between a device and the stack. */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include <lib/list.h>

/* Who has a packet on a list or in a ring owns it.  While a device's ring has it, nobody else
 * touches its bytes. */
struct packet {
    struct list node;
    uint8_t *data;    /* FRAME_BUFFER_SIZE bytes (net/driver.h), aligned to as much */
    uint64_t address; /* bus address of data[0] */
    size_t length;    /* bytes of the frame */
};

/* NULL: no memory, or there are PACKETS_MOST. */
struct packet *packet_create(void);
void packet_free(struct packet *packet);

/* Frees all packets of a list. */
void packets_free(struct list *packets);

#endif
