/* The devices that are nothing but a rule: null, zero, full, random, urandom.  null(4), full(4),
 * random(4). */
#include "memory_devices.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/random.h>

#include <lib/bits.h>

#include <fs/device.h>
#include <fs/user_buffer.h>
#include <random.h>

#define MEMORY_MAJOR 1
#define RANDOM_PIECE 512 /* bytes made at a time, on the stack */
#define ENTROPY_BITS 256 /* what RNDGETENTCNT answers: the pool is always full */

/* ---- what all have in common: no state, always ready ---- */

static int memory_open(node_handle node, unsigned flags, file_handle *out)
{
    (void)node;
    (void)flags;
    *out = NULL;
    return 0;
}

static int memory_release(file_handle file)
{
    (void)file;
    return 0;
}

static int memory_poll(file_handle file, uint32_t *ready, struct wait_queue **wait)
{
    (void)file;
    *ready = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
    *wait = NULL;
    return 0;
}

static int no_control(file_handle file, unsigned command, uint64_t value,
                      struct user_buffer *argument, int *result)
{
    (void)file;
    (void)command;
    (void)value;
    (void)argument;
    (void)result;
    return -ENOTTY;
}

static int read_end(file_handle file, struct user_buffer *to, uint64_t position,
                    struct wait_queue **wait)
{
    (void)file;
    (void)to;
    (void)position;
    (void)wait;
    return 0;
}

static int read_zeros(file_handle file, struct user_buffer *to, uint64_t position,
                      struct wait_queue **wait)
{
    (void)file;
    (void)position;
    (void)wait;
    user_buffer_clear(to, user_buffer_left(to));
    return 0;
}

static int read_random(file_handle file, struct user_buffer *to, uint64_t position,
                       struct wait_queue **wait)
{
    uint8_t bytes[RANDOM_PIECE];
    size_t piece;

    (void)file;
    (void)position;
    (void)wait;
    do {
        piece = min(user_buffer_left(to), sizeof(bytes));
        random_bytes(bytes, piece);
    } while (piece > 0 && user_buffer_put(to, bytes, piece) == piece);
    return 0;
}

/* Takes everything and keeps nothing: the bytes are not even looked at. */
static int write_nowhere(file_handle file, struct user_buffer *from, uint64_t position,
                         struct wait_queue **wait)
{
    (void)file;
    (void)position;
    (void)wait;
    from->done = from->length;
    return 0;
}

static int write_full(file_handle file, struct user_buffer *from, uint64_t position,
                      struct wait_queue **wait)
{
    (void)file;
    (void)from;
    (void)position;
    (void)wait;
    return -ENOSPC;
}

static int write_random(file_handle file, struct user_buffer *from, uint64_t position,
                        struct wait_queue **wait)
{
    uint8_t bytes[RANDOM_PIECE];
    size_t taken;

    (void)file;
    (void)position;
    (void)wait;
    while ((taken = user_buffer_take(from, bytes, sizeof(bytes))) > 0)
        random_add(bytes, taken);
    return 0;
}

static int control_random(file_handle file, unsigned command, uint64_t value,
                          struct user_buffer *argument, int *result)
{
    static const int bits = ENTROPY_BITS;

    (void)file;
    (void)value;
    (void)result;
    switch (command) {
    case RNDGETENTCNT:
        return user_buffer_put(argument, &bits, sizeof(bits)) == sizeof(bits) ? 0 : -EFAULT;
    case RNDRESEEDCRNG:
        random_reseed();
        return 0;
    default: /* not -ENOTTY: random(4) */
        return -EINVAL;
    }
}

static const struct file_ops null_ops = { memory_open,   memory_release, read_end,
                                          write_nowhere, memory_poll,    no_control };
static const struct file_ops zero_ops = { memory_open,   memory_release, read_zeros,
                                          write_nowhere, memory_poll,    no_control };
static const struct file_ops full_ops = { memory_open, memory_release, read_zeros,
                                          write_full,  memory_poll,    no_control };
static const struct file_ops random_ops = { memory_open,  memory_release, read_random,
                                            write_random, memory_poll,    control_random };

int memory_devices_register(void)
{
    static const struct {
        uint32_t minor;
        const char *name;
        const struct file_ops *ops;
    } devices[] = {
        { 3, "null", &null_ops },     { 5, "zero", &zero_ops },      { 7, "full", &full_ops },
        { 8, "random", &random_ops }, { 9, "urandom", &random_ops },
    };
    int error = 0;

    for (size_t i = 0; error == 0 && i < array_count(devices); i++)
        error = device_register_service(device_number(MEMORY_MAJOR, devices[i].minor),
                                        devices[i].name, 0666, devices[i].ops, NULL);
    return error;
}
