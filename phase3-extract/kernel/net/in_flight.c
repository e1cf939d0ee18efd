/* Files in flight: counting them, letting go of them, and finding those that nobody can reach.
 *
 * Every file knows how many of its references lie in queues, if it is a Unix socket itself: only
 * such a file can keep others.  When all of them do, it can be reached through queues only, and
 * perhaps not at all.  Then everything is visited that starts from sockets with other users, and
 * what was not visited is let go of. */
#include <net/files_in_flight.h>

#include <linux/errno.h>

#include <handle.h>
#include <net/socket.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

static struct list in_queues = LIST_INITIAL(in_queues); /* of struct files_in_flight.all */
static struct list unsettled = LIST_INITIAL(unsettled); /* of struct files_in_flight.settle */
static struct handle_table handles = { .what = "row of files" };
static bool may_have_circles;

static struct socket *unix_socket_of(const struct file *file)
{
    struct socket *socket = file_socket(file);

    return socket && socket->family == AF_UNIX ? socket : NULL;
}

/* ---- where they are ---- */

static void count_files(const struct files_in_flight *files, int change)
{
    for (unsigned i = 0; i < files->count; i++)
        if (unix_socket_of(files->files[i]))
            files->files[i]->in_flight += (uint32_t)change;
}

static void set_holder(struct files_in_flight *files, struct socket *holder)
{
    if (!files->holder && holder) {
        count_files(files, 1);
        list_add_tail(&in_queues, &files->all);
    }
    if (files->holder && !holder) {
        count_files(files, -1);
        list_remove(&files->all);
    }
    files->holder = holder;
    list_remove(&files->held);
    if (holder)
        list_add(&holder->held, &files->held);
}

struct files_in_flight *files_in_flight_find(files_handle handle)
{
    void *files;

    if (handle_find(&handles, handle, &files))
        return files;
    handle_refuse(&handles);
    return NULL;
}

void files_in_flight_moved(files_handle handle, uint64_t socket)
{
    struct files_in_flight *files = files_in_flight_find(handle);

    if (files)
        set_holder(files, socket_find(socket));
}

files_handle files_in_flight_take(files_handle handle, const struct socket *socket)
{
    struct files_in_flight *files = files_in_flight_find(handle);

    if (!files)
        return NO_FILES;
    if (files->holder != socket && files->peeker != socket) {
        handle_refuse(&handles);
        return NO_FILES;
    }
    set_holder(files, NULL);
    files->peeker = NULL;
    files->handle = handle_renew(&handles, handle);
    return files->handle;
}

void files_in_flight_leave(struct socket *socket)
{
    while (!list_empty(&socket->held))
        set_holder(container_of(socket->held.next, struct files_in_flight, held), NULL);
}

/* ---- life ---- */

int files_in_flight_create(unsigned count, struct files_in_flight **out)
{
    struct files_in_flight *files = kmalloc(sizeof(*files) + count * sizeof(files->files[0]));

    if (!files)
        return -ENOMEM;
    files_handle handle;
    int error = handle_create(&handles, files, &handle);

    if (error) {
        kfree(files);
        return error;
    }
    *files =
        (struct files_in_flight){ .handle = handle, .user = current_process()->credentials->uid };
    list_init(&files->settle);
    list_init(&files->all);
    list_init(&files->held);
    *out = files;
    return 0;
}

int files_in_flight_copy(files_handle handle, files_handle *out)
{
    const struct files_in_flight *files = files_in_flight_find(handle);
    struct files_in_flight *copy;
    int error = files ? files_in_flight_create(files->count, &copy) : -EBADF;

    if (error)
        return error;
    for (unsigned i = 0; i < files->count; i++) {
        file_get(files->files[i]);
        copy->files[i] = files->files[i];
    }
    copy->count = files->count;
    copy->peeker = files->holder;
    *out = copy->handle;
    return 0;
}

int files_in_flight_check(unsigned count)
{
    const struct files_in_flight *files;
    uint32_t user = current_process()->credentials->uid;
    uint64_t sum = count;

    if (process_privileged())
        return 0;
    list_for_each_entry(files, &in_queues, all)
        sum += files->user == user ? files->count : 0;
    return sum > current_process()->limits[RLIMIT_NOFILE].rlim_cur ? -ETOOMANYREFS : 0;
}

/* ---- letting go ---- */

static void settle_later(struct files_in_flight *files)
{
    set_holder(files, NULL);
    if (list_empty(&files->settle))
        list_add_tail(&unsettled, &files->settle);
}

void files_in_flight_drop(files_handle handle)
{
    struct files_in_flight *files = files_in_flight_find(handle);

    if (!files)
        return;
    handle_close(&handles, handle);
    files->handle = NO_FILES;
    settle_later(files);
}

static void visit(struct socket *socket, struct list *to_visit)
{
    if (socket->reached)
        return;
    socket->reached = true;
    list_add_tail(to_visit, &socket->to_visit);
}

/* The sockets that have something in their queues, or are in one, begin as not reached. */
static void forget_visits(void)
{
    const struct files_in_flight *files;

    list_for_each_entry(files, &in_queues, all) {
        files->holder->reached = false;
        for (unsigned i = 0; i < files->count; i++) {
            struct socket *socket = unix_socket_of(files->files[i]);

            if (socket)
                socket->reached = false;
        }
    }
}

static void visit_queue(const struct socket *socket, struct list *to_visit)
{
    const struct files_in_flight *files;

    list_for_each_entry(files, &socket->held, held)
        for (unsigned i = 0; i < files->count; i++) {
            struct socket *next = unix_socket_of(files->files[i]);

            if (next)
                visit(next, to_visit);
        }
}

/* What lies in queues that nobody can reach is to be let go of. */
static void find_circles(void)
{
    struct list to_visit = LIST_INITIAL(to_visit);
    struct files_in_flight *files, *next;

    forget_visits();
    list_for_each_entry(files, &in_queues, all)
        if (files->holder->file->references > files->holder->file->in_flight)
            visit(files->holder, &to_visit);
    while (!list_empty(&to_visit)) {
        struct socket *socket = container_of(to_visit.next, struct socket, to_visit);

        list_remove(&socket->to_visit);
        visit_queue(socket, &to_visit);
    }
    list_for_each_entry_safe(files, next, &in_queues, all)
        if (!files->holder->reached)
            settle_later(files);
}

/* One file of what is first in the list, or what is left when all have gone.  A file's end may bring
 * more into the list, this one included. */
static void settle_one(void)
{
    struct files_in_flight *files = container_of(unsettled.next, struct files_in_flight, settle);

    if (files->count > 0) {
        file_put(files->files[--files->count]);
        return;
    }
    list_remove(&files->settle);
    if (files->handle == NO_FILES)
        kfree(files); /* else the service still has it, and will find it empty */
}

void in_flight_settle(void)
{
    static bool settling;

    if (settling)
        return;
    settling = true;
    while (may_have_circles || !list_empty(&unsettled)) {
        if (!list_empty(&unsettled)) {
            settle_one();
        } else {
            may_have_circles = false;
            find_circles();
        }
    }
    settling = false;
}

void in_flight_collect(void)
{
    may_have_circles = true;
    in_flight_settle();
}
