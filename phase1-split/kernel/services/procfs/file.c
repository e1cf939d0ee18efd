/* Open files of procfs.
 *
 * A file's text is made when its beginning is read, and kept for that open file: who reads it in
 * pieces sees one moment, and who goes back to the beginning sees a new one. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include <platform/heap.h>

#include <fs/user_buffer.h>

/* The node may go before the file does, so what it says is copied. */
struct proc_file {
    const struct proc_item *item;
    int32_t pid, key;
    uint64_t born;
    struct text text;
    bool generated;
};

static struct proc_file *file_of(file_handle handle)
{
    return (struct proc_file *)handle;
}

static int procfs_open(node_handle handle, unsigned flags, file_handle *out)
{
    const struct proc_node *node = (const struct proc_node *)handle;
    struct proc_subject subject;
    struct proc_file *file;

    if (proc_subject_find(node->pid, node->born, node->key, &subject) != 0)
        return -ESRCH;
    if (node->item->guarded && !proc_may_inspect(&subject))
        return -EACCES;
    /* The permissions of a setting hold for root, too: sysctl(8) is to hear of it. */
    if (node->setting && (((flags & O_ACCMODE) != O_RDONLY && node->item->store == NULL) ||
                          ((flags & O_ACCMODE) != O_WRONLY && node->item->generate == NULL)))
        return -EACCES;
    file = kzalloc(sizeof(*file));
    if (file == NULL)
        return -ENOMEM;
    *file = (struct proc_file){
        .item = node->item, .pid = node->pid, .key = node->key, .born = node->born
    };
    *out = (file_handle)file;
    return 0;
}

static int procfs_close(file_handle handle)
{
    text_free(&file_of(handle)->text);
    kfree(file_of(handle));
    return 0;
}

static int generate(struct proc_file *file)
{
    struct proc_subject subject;
    struct text text = { .data = NULL };
    int error = proc_subject_find(file->pid, file->born, file->key, &subject);

    /* It may run another program since the file was opened, with more rights than the reader's. */
    if (error == 0 && file->item->guarded && !proc_may_inspect(&subject))
        error = -EACCES;
    if (error == 0)
        error = file->item->generate(&subject, &text);
    if (error == 0)
        error = text.error;
    if (error != 0) {
        text_free(&text);
        return error;
    }
    text_free(&file->text);
    file->text = text;
    file->generated = true;
    return 0;
}

static int procfs_read(file_handle handle, struct user_buffer *to, uint64_t position,
                       struct wait_queue **wait)
{
    struct proc_file *file = file_of(handle);
    int error;

    (void)wait;
    if (file->item->generate == NULL)
        return -EINVAL;
    if (position == 0 || !file->generated) {
        error = generate(file);
        if (error != 0)
            return error;
    }
    if (position < file->text.length)
        user_buffer_put(to, file->text.data + position, file->text.length - position);
    return 0;
}

static int procfs_write(file_handle handle, struct user_buffer *from, uint64_t position,
                        struct wait_queue **wait)
{
    struct proc_file *file = file_of(handle);
    struct proc_subject subject;
    char text[PROC_STORE];
    struct user_buffer before = *from;
    size_t length;
    int error = proc_subject_find(file->pid, file->born, file->key, &subject);

    (void)position;
    (void)wait;
    if (error != 0)
        return error;
    if (file->item->store == NULL)
        return file->pid != 0 ? -EINVAL : -EIO; /* as on Linux */
    if (user_buffer_left(from) >= sizeof(text))
        return -EINVAL;
    length = user_buffer_take(from, text, sizeof(text) - 1);
    if (length > 0 && text[length - 1] == '\n')
        length--;
    text[length] = '\0';
    error = file->item->store(&subject, text);
    if (error != 0)
        *from = before; /* nothing was taken */
    return error;
}

static int procfs_poll(file_handle file, uint32_t *ready, struct wait_queue **wait)
{
    (void)file;
    *ready = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
    *wait = NULL;
    return 0;
}

static int procfs_control(file_handle file, unsigned command, uint64_t value,
                          struct user_buffer *argument, int *result)
{
    (void)file;
    (void)command;
    (void)value;
    (void)argument;
    (void)result;
    return -ENOTTY;
}

const struct file_ops proc_file_ops = {
    .open = procfs_open,
    .release = procfs_close,
    .read = procfs_read,
    .write = procfs_write,
    .poll = procfs_poll,
    .control = procfs_control,
};
