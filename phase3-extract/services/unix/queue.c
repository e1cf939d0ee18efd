/* Queues of pieces, and who pays for them. */
#include "unix.h"

#include <lib/bits.h>
#include <net/in_flight.h>
#include <platform/heap.h>

/* Bytes of memory that a piece takes, what describes it included: for a few bytes of data, or one
 * page. */
#define PIECE_SMALL 256u
#define PIECE_LARGE 4096u

struct unix_piece *unix_piece_create(size_t wanted)
{
    size_t size = wanted <= PIECE_SMALL - sizeof(struct unix_piece) ? PIECE_SMALL : PIECE_LARGE;
    struct unix_piece *piece = kmalloc(size);

    if (!piece)
        return NULL;
    piece->sender = NULL;
    piece->files = NO_FILES;
    piece->from = NULL;
    piece->is_last = piece->goes_on = piece->is_closed = false;
    piece->time = 0;
    piece->whole = 0;
    piece->start = piece->end = 0;
    piece->capacity = (uint32_t)(size - sizeof(*piece));
    list_init(&piece->node);
    list_init(&piece->of_sender);
    return piece;
}

static size_t cost(const struct unix_piece *piece)
{
    return sizeof(*piece) + piece->capacity;
}

void unix_piece_queue(struct unix_piece *piece, struct unix_socket *receiver,
                      struct unix_socket *sender)
{
    list_add_tail(&receiver->queue, &piece->node);
    list_add_tail(&sender->sent, &piece->of_sender);
    piece->sender = sender;
    sender->charged += cost(piece);
    receiver->unread += piece->end - piece->start;
    if (piece->files)
        files_in_flight_moved(piece->files, receiver->number);
}

/* Who has been told to wait is woken when there is room for much, so that it is worth while. */
static void discharge(struct unix_piece *piece)
{
    struct unix_socket *sender = piece->sender;

    if (!sender)
        return;
    list_remove(&piece->of_sender);
    sender->charged -= cost(piece);
    if (sender->wants_room && unix_has_much_room(sender)) {
        sender->wants_room = false;
        unix_wake(sender);
    }
}

void unix_piece_free(struct unix_socket *receiver, struct unix_piece *piece)
{
    if (!list_empty(&piece->node)) {
        receiver->unread -= piece->end - piece->start;
        list_remove(&piece->node);
        discharge(piece);
    }
    if (piece->files)
        files_in_flight_drop(piece->files);
    unix_address_put(piece->from);
    kfree(piece);
}

void unix_queue_clear(struct unix_socket *socket)
{
    struct unix_piece *piece;

    while ((piece = unix_queue_first(socket)))
        unix_piece_free(socket, piece);
    socket->messages = 0;
}

void unix_tell_files(struct unix_socket *socket)
{
    const struct unix_piece *piece;

    list_for_each_entry(piece, &socket->queue, node)
        if (piece->files)
            files_in_flight_moved(piece->files, socket->number);
}
