/* select(2): three sets of descriptors, as bits, become watches, and are thinned out to what is
 * ready. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/poll.h>

#include <lib/bits.h>
#include <param.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/watch.h>

#define SETS      3 /* to read, to write, exceptional */
#define WORD_BITS 64

/* What puts a file into each set (select(2), "Correspondence between select() and poll()
 * notifications"). */
static const uint32_t meaning[SETS] = {
    POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
    POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
    POLLPRI,
};

struct selection {
    user_address address[SETS]; /* 0: no such set */
    unsigned words;             /* in one set */
    uint64_t *bits;             /* SETS times `words` */
};

static uint64_t *set_of(const struct selection *selection, unsigned set)
{
    return selection->bits + set * selection->words;
}

static bool is_member(const struct selection *selection, unsigned set, unsigned fd)
{
    return set_of(selection, set)[fd / WORD_BITS] >> (fd % WORD_BITS) & 1;
}

/* Reads the sets; bits from `count` on are cleared. */
static int selection_read(struct selection *selection, unsigned count)
{
    size_t size = selection->words * sizeof(uint64_t);

    for (unsigned set = 0; set < SETS; set++) {
        uint64_t *bits = set_of(selection, set);
        for (unsigned word = 0; word < selection->words; word++)
            bits[word] = 0;
        if (selection->address[set] && copy_from_user(bits, selection->address[set], size) < 0)
            return -EFAULT;
        if (count % WORD_BITS != 0)
            bits[selection->words - 1] &= (1ull << count % WORD_BITS) - 1;
    }
    return 0;
}

static int selection_write(const struct selection *selection)
{
    size_t size = selection->words * sizeof(uint64_t);

    for (unsigned set = 0; set < SETS; set++)
        if (selection->address[set] &&
            copy_to_user(selection->address[set], set_of(selection, set), size) < 0)
            return -EFAULT;
    return 0;
}

/* Makes a watch for each descriptor in any set, or only counts them (`watches` NULL). */
static unsigned selection_watch(const struct selection *selection, struct watch *watches)
{
    unsigned count = 0;

    for (unsigned word = 0; word < selection->words; word++) {
        uint64_t any = 0;
        for (unsigned set = 0; set < SETS; set++)
            any |= set_of(selection, set)[word];
        for (; any != 0; any &= any - 1, count++) {
            unsigned fd = word * WORD_BITS + (unsigned)__builtin_ctzll(any);
            if (!watches)
                continue;
            watches[count].fd = (int)fd;
            watches[count].wanted = 0;
            for (unsigned set = 0; set < SETS; set++)
                if (is_member(selection, set, fd))
                    watches[count].wanted |= meaning[set];
        }
    }
    return count;
}

/* Takes out of the sets what is not ready; how many members are left in all. */
static long selection_keep_ready(struct selection *selection, const struct watch *watches,
                                 unsigned count)
{
    long members = 0;

    for (const struct watch *watch = watches; watch < watches + count; watch++) {
        unsigned fd = (unsigned)watch->fd;
        for (unsigned set = 0; set < SETS; set++) {
            if (!is_member(selection, set, fd))
                continue;
            if (watch->ready & (meaning[set] | POLLNVAL))
                members++;
            else
                set_of(selection, set)[fd / WORD_BITS] &= ~(1ull << fd % WORD_BITS);
        }
    }
    return members;
}

static bool all_open(const struct watch *watches, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!fd_file(watches[i].fd))
            return false;
    return true;
}

/* Waits with the sets read. */
static long select_watching(struct selection *selection, uint64_t deadline)
{
    struct watch few[POLL_ON_STACK];
    unsigned count = selection_watch(selection, NULL);
    struct watch *watches = memory_for(count * sizeof(*watches), few, sizeof(few));

    if (!watches)
        return -ENOMEM;
    selection_watch(selection, watches);
    long result = -EBADF;
    if (all_open(watches, count))
        result = watch_wait(watches, count, deadline);
    if (result >= 0)
        result = selection_keep_ready(selection, watches, count);
    memory_release(watches, few);
    return result;
}

static long select_until(int limit, const user_address sets[SETS], uint64_t deadline)
{
    uint64_t few[SETS * OPEN_FILES_SOFT / WORD_BITS];

    if (limit < 0)
        return -EINVAL;
    unsigned count = (unsigned)min(limit, current_process()->files->size);
    struct selection selection = {
        .address = { sets[0], sets[1], sets[2] },
        .words = (count + WORD_BITS - 1) / WORD_BITS,
    };
    size_t size = SETS * selection.words * sizeof(uint64_t);
    selection.bits = memory_for(size, few, sizeof(few));
    if (!selection.bits)
        return -ENOMEM;
    long result = selection_read(&selection, count);
    if (result == 0)
        result = select_watching(&selection, deadline);
    if (result >= 0 && selection_write(&selection) < 0)
        result = -EFAULT;
    memory_release(selection.bits, few);
    return result;
}

long sys_select(int count, user_address read, user_address write, user_address except,
                user_address timeout)
{
    const user_address sets[SETS] = { read, write, except };
    struct limit limit = { .address = timeout, .microseconds = true };
    int error = limit_read(&limit);

    if (error)
        return error;
    return limit_write_back(&limit, select_until(count, sets, limit.deadline));
}

long sys_pselect6(int count, user_address read, user_address write, user_address except,
                  user_address timeout, user_address mask)
{
    const user_address sets[SETS] = { read, write, except };
    struct limit limit = { .address = timeout };
    struct {
        user_address address;
        uint64_t size;
    } masked = { 0, 0 };

    if (mask && copy_from_user(&masked, mask, sizeof(masked)) < 0)
        return -EFAULT;
    int error = limit_read(&limit);
    if (!error)
        error = mask_set(masked.address, masked.size);
    if (error)
        return error;
    long result = select_until(count, sets, limit.deadline);
    mask_restore(masked.address, result);
    return limit_write_back(&limit, result);
}
