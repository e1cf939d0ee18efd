/* A service that names what it has no right to name, for test_handles.py, which puts this in front of
 * sources of services/unix and calls these instead of what they stand for. */
#include <net/in_flight.h>
#include <process/wait_handle.h>

#include "unix.h"

/* What lies in which socket's queue: the last that was put into one. */
extern files_handle planted_files;
extern uint64_t planted_holder;

#define TAKEN_ONCE (1ull << 32) /* added to a handle: of whoever has the place next */

static inline void planted_wake(wait_handle handle)
{
    wait_handle_wake(0);
    wait_handle_wake(UINT64_MAX);
    wait_handle_wake(handle + TAKEN_ONCE);
    wait_handle_wake(handle - TAKEN_ONCE);
    wait_handle_wake(handle ^ 1u << 31);
    wait_handle_wake(handle);
}

static inline void planted_moved(files_handle files, uint64_t socket)
{
    files_in_flight_moved(files + TAKEN_ONCE, socket);
    files_in_flight_moved(0, socket);
    files_in_flight_moved(files, socket);
    planted_files = files;
    planted_holder = socket;
}

static inline void planted_drop(files_handle files)
{
    files_in_flight_drop(files + TAKEN_ONCE);
    files_in_flight_drop(files);
    files_in_flight_drop(files); /* which are none any more */
}

/* A message that brings no files gets some that were received before, some that are on their way to
 * another socket, a copy of these, or some that there never were. */
static inline int planted_receive(const struct unix_socket *socket, struct socket_message *message,
                                  int error)
{
    static files_handle received, copied;
    static unsigned turn;

    if (copied)
        files_in_flight_drop(copied);
    copied = 0;
    if (error)
        return error;
    if (message->extras.files) {
        received = message->extras.files;
        return 0;
    }
    switch (turn++ % 4) {
    case 0:
        message->extras.files = received;
        break;
    case 1:
        message->extras.files = planted_holder == socket->number ? 0 : planted_files;
        break;
    case 2:
        message->extras.files = UINT64_MAX - turn;
        break;
    case 3:
        if (planted_holder != socket->number && files_in_flight_copy(planted_files, &copied) == 0)
            message->extras.files = copied;
        break;
    }
    return 0;
}
