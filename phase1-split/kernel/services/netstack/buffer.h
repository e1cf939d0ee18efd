/* Packet buffers that hold what programs send and receive. */
#ifndef NETSTACK_BUFFER_H
#define NETSTACK_BUFFER_H

#include <fs/user_buffer.h>

#include <lwip/pbuf.h>

/* `size` bytes out of `from`, behind room for the headers of a layer (PBUF_TRANSPORT, PBUF_IP, or
 * PBUF_RAW: none), and `spare` bytes of room after them, of which `*spare` is what there is.
 * -ENOBUFS: no memory; -EFAULT; nothing was taken then that counts. */
int buffer_take(struct user_buffer *from, size_t size, pbuf_layer layer, uint16_t *spare,
                struct pbuf **out);

/* Moves up to `size` bytes from `offset` of the packet on; how many. */
size_t buffer_put(struct user_buffer *to, const struct pbuf *packet, size_t offset, size_t size);

#endif
