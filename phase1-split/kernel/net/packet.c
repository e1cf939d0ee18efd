/* A packet is a buffer that a device can reach, and its head, which no device can. */
#include "packet.h"

#include <net/driver.h>
#include <param.h>
#include <platform/dma.h>
#include <platform/heap.h>

static size_t count;

struct packet *packet_create(void)
{
    struct packet *packet = count < PACKETS_MOST ? kmalloc(sizeof(*packet)) : NULL;

    if (!packet)
        return NULL;
    packet->data = kmalloc(FRAME_BUFFER_SIZE);
    if (!packet->data) {
        kfree(packet);
        return NULL;
    }
    packet->address = dma_address(packet->data, FRAME_BUFFER_SIZE);
    packet->length = 0;
    list_init(&packet->node);
    count++;
    return packet;
}

void packet_free(struct packet *packet)
{
    list_remove(&packet->node);
    kfree(packet->data);
    kfree(packet);
    count--;
}

void packets_free(struct list *packets)
{
    while (!list_empty(packets))
        packet_free(list_first_entry(packets, struct packet, node));
}
