/* Descriptors on their way from one process to another in a socket's queue (SCM_RIGHTS, unix(7)).
 *
 * A service keeps a number with the message that they belong to, and knows nothing of what it stands
 * for.  Core keeps the files, and knows in which socket's queue they lie.  That matters because a
 * socket may be on its way in its own queue, or two in each other's: no program can reach them any
 * more, and yet each keeps the other.  Core finds such circles when the last descriptor outside is
 * closed. */
#ifndef NET_IN_FLIGHT_H
#define NET_IN_FLIGHT_H

#include <stdint.h>

typedef uint64_t files_handle;
#define NO_FILES ((files_handle)0)

/* None of these sleeps or calls a service.  A handle that stands for no files, or for none any more,
 * changes nothing; a message that is received with one brings none. */

/* They lie in the queue of the socket with this number now. */
void files_in_flight_moved(files_handle files, uint64_t socket);

/* Another handle for the same files, for MSG_PEEK.  -ENOMEM, -EBADF (they are none). */
int files_in_flight_copy(files_handle files, files_handle *out);

/* Nobody will receive them. */
void files_in_flight_drop(files_handle files);

#endif
