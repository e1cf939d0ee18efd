/* /dev/kmsg: the kernel's log, one record a read; a write adds a record.  The format is that of
 * Linux: Documentation/ABI/testing/dev-kmsg. */
#include "memory_devices.h"

#include <linux/errno.h>
#include <linux/poll.h>

#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/log.h>
#include <platform/memory.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <lib/string.h>

#include <fs/device.h>
#include <fs/user_buffer.h>

#define KMSG_NUMBER    device_number(1, 11)
#define FACILITY_USER  (1 << 3)           /* syslog(3): a line that does not name another */
#define LINE_MOST      1024               /* bytes of a line */
#define LOOK_AGAIN     (100 * 1000000ull) /* ns */
#define HEAD_LENGTH    64                 /* "level,sequence,microseconds,-;" */
#define ESCAPED_LENGTH 4                  /* "\x1b" */

/* An open /dev/kmsg: where its reader is. */
struct kmsg_file {
    uint64_t next; /* sequence number */
};

/* printk() works anywhere, interrupt handlers included, and so cannot wake anybody: whoever waits
 * for a record looks now and then whether there is one. */
static void wake_readers_soon(void)
{
    /* Without memory for it the reader stays until the next one's turn. */
    (void)device_wake(KMSG_NUMBER, clock_monotonic() + LOOK_AGAIN);
}

static struct kmsg_file *kmsg_of(file_handle file)
{
    return (struct kmsg_file *)file;
}

static int kmsg_open(node_handle node, unsigned flags, file_handle *out)
{
    struct kmsg_file *file = kzalloc(sizeof(*file));

    (void)node;
    (void)flags;
    if (file == NULL)
        return -ENOMEM;
    *out = (file_handle)file;
    return 0;
}

static int kmsg_release(file_handle file)
{
    kfree(kmsg_of(file));
    return 0;
}

/* The record as a line; bytes that could upset a terminal or a parser are escaped. */
static size_t format_record(const struct log_record *record, char *out, size_t size)
{
    size_t length =
        format(out, size, "%d,%llu,%llu,-;", record->level, (unsigned long long)record->sequence,
               (unsigned long long)record->time / 1000);

    for (size_t i = 0; i < record->length; i++) {
        unsigned char byte = (unsigned char)record->text[i];

        if (byte < ' ' || byte >= 0x7f || byte == '\\')
            length += format(out + length, size - length, "\\x%02x", byte);
        else
            out[length++] = (char)byte;
    }
    out[length++] = '\n';
    return length;
}

static int kmsg_read(file_handle handle, struct user_buffer *to, uint64_t position,
                     struct wait_queue **wait)
{
    char line[HEAD_LENGTH + ESCAPED_LENGTH * sizeof(((struct log_record *)0)->text) + 2];
    struct kmsg_file *file = kmsg_of(handle);
    struct log_record record;
    size_t length;

    (void)position;
    (void)wait;
    if (!log_read(file->next, &record)) {
        wake_readers_soon();
        return -EAGAIN;
    }
    if (record.sequence != file->next && file->next != 0) {
        file->next = record.sequence;
        return -EPIPE; /* records were overwritten before they could be read */
    }
    length = format_record(&record, line, sizeof(line));
    if (length > user_buffer_left(to))
        return -EINVAL;
    if (user_buffer_put(to, line, length) != length)
        return -EFAULT;
    file->next = record.sequence + 1;
    return 0;
}

/* Takes "<priority>" off the front of a line; what it is, or the default.  Nobody speaks for the
 * kernel, whose facility is 0. */
static int take_priority(const char **line)
{
    const char *end = **line == '<' ? strchr(*line, '>') : NULL;
    char digits[8];
    uint64_t priority;

    if (end == NULL || (size_t)(end - *line) > sizeof(digits))
        return FACILITY_USER | LOG_WARNING;
    string_copy(digits, *line + 1, (size_t)(end - *line));
    if (string_to_u64(digits, 10, &priority) != 0)
        return FACILITY_USER | LOG_WARNING;
    *line = end + 1;
    if ((priority & LOG_FACILITY_MASK) == 0)
        priority |= FACILITY_USER;
    return (int)(priority & (LOG_FACILITY_MASK | LOG_LEVEL_MASK));
}

static int kmsg_write(file_handle file, struct user_buffer *from, uint64_t position,
                      struct wait_queue **wait)
{
    char line[sizeof(((struct log_record *)0)->text)];
    const char *text = line;
    size_t length;
    int priority;

    (void)file;
    (void)position;
    (void)wait;
    if (user_buffer_left(from) > LINE_MOST)
        return -EINVAL;
    length = user_buffer_take(from, line, sizeof(line) - 1);
    while (length > 0 && line[length - 1] == '\n')
        length--;
    line[length] = '\0';
    priority = take_priority(&text);
    printk((enum log_level)priority, "%s", text);
    from->done = from->length; /* a record holds so much; the rest is cut off */
    return 0;
}

static int kmsg_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    struct log_record record;

    (void)wait;
    *ready = POLLOUT | POLLWRNORM;
    if (log_read(kmsg_of(handle)->next, &record))
        *ready |= POLLIN | POLLRDNORM;
    else
        wake_readers_soon();
    return 0;
}

static int kmsg_control(file_handle file, unsigned command, uint64_t value,
                        struct user_buffer *argument, int *result)
{
    (void)file;
    (void)command;
    (void)value;
    (void)argument;
    (void)result;
    return -ENOTTY;
}

static const struct file_ops kmsg_ops = { kmsg_open,  kmsg_release, kmsg_read,
                                          kmsg_write, kmsg_poll,    kmsg_control };

int kmsg_register(void)
{
    return device_register_service(KMSG_NUMBER, "kmsg", 0644, &kmsg_ops, NULL);
}
