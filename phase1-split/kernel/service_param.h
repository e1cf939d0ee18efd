/* The tunables that services go by. */
#ifndef SERVICE_PARAM_H
#define SERVICE_PARAM_H

#define SERVICE_PIECE 65536u /* bytes made present for one call to a service */

#define PTY_LIMIT 256 /* pseudo-terminals */

#define UNIX_BUFFER       212992u /* bytes that a Unix socket's unread messages take, at first */
#define UNIX_BUFFER_LIMIT 212992u /* half of what all but root may set it to (net.core.wmem_max) */
#define UNIX_QUEUE_LIMIT  10      /* datagrams in a queue (net.unix.max_dgram_qlen) */

#endif
