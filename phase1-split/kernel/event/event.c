/* What the files of this directory have in common: none has a name, and their inodes no type. */
#include <event/event.h>

#include <linux/fcntl.h>

int event_file_create(const struct file_ops *ops, void *handle, unsigned flags, struct file **out)
{
    struct inode *inode;
    int error = inode_create_anonymous(0600, &inode);
    if (error)
        return error;
    error = file_create(inode, ops, (file_handle)handle, O_RDWR | (flags & O_NONBLOCK), out);
    if (error)
        inode_put(inode);
    return error;
}

const char *event_file_kind(const struct file *file)
{
    static const struct {
        const struct file_ops *ops;
        const char *kind;
    } kinds[] = { { &eventfd_ops, "anon_inode:[eventfd]" },
                  { &timerfd_ops, "anon_inode:[timerfd]" },
                  { &signalfd_ops, "anon_inode:[signalfd]" },
                  { &epoll_ops, "anon_inode:[eventpoll]" } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (file->ops == kinds[i].ops)
            return kinds[i].kind;
    return NULL;
}

void event_file_describe(const struct file *file, void (*tell)(void *context, const char *text),
                         void *context)
{
    if (file->ops == &eventfd_ops)
        eventfd_describe(file, tell, context);
    else if (file->ops == &timerfd_ops)
        timerfd_describe(file, tell, context);
    else if (file->ops == &signalfd_ops)
        signalfd_describe(file, tell, context);
    else if (file->ops == &epoll_ops)
        epoll_describe(file, tell, context);
}
