/* ioctl(2): what every file understands, and how much memory a command's argument points to, so
 * that the rest can be handed on as a counted buffer. */
#include <fs/private.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/kd.h>
#include <linux/vt.h>

#include <lib/bits.h>
#include <net/socket.h>
#include <platform/address_space.h>
#include <platform/user.h>
#include <process/process.h>

/* Commands older than the encoding of sizes in their numbers (asm-generic/ioctls.h). */
static const struct {
    unsigned command;
    size_t size; /* bytes of the argument */
} old_commands[] = {
    { TCGETS, sizeof(struct termios) },
    { TCSETS, sizeof(struct termios) },
    { TCSETSW, sizeof(struct termios) },
    { TCSETSF, sizeof(struct termios) },
    { TCGETA, sizeof(struct termio) },
    { TCSETA, sizeof(struct termio) },
    { TCSETAW, sizeof(struct termio) },
    { TCSETAF, sizeof(struct termio) },
    { TIOCGWINSZ, sizeof(struct winsize) },
    { TIOCSWINSZ, sizeof(struct winsize) },
    { TIOCGPGRP, sizeof(int) },
    { TIOCSPGRP, sizeof(int) },
    { TIOCGSID, sizeof(int) },
    { TIOCOUTQ, sizeof(int) },
    { FIONREAD, sizeof(int) },
    { TIOCGETD, sizeof(int) },
    { TIOCSETD, sizeof(int) },
    { TIOCMGET, sizeof(int) },
    { TIOCMSET, sizeof(int) },
    { TIOCMBIS, sizeof(int) },
    { TIOCMBIC, sizeof(int) },
    { TIOCGSOFTCAR, sizeof(int) },
    { TIOCSSOFTCAR, sizeof(int) },
    { TIOCSTI, 1 },
    { TIOCPKT, sizeof(int) },
    { KDGKBTYPE, 1 },
    { KDGKBMODE, sizeof(int) },
    { KDGETMODE, sizeof(int) },
    { VT_OPENQRY, sizeof(int) },
    { VT_GETMODE, sizeof(struct vt_mode) },
    { VT_GETSTATE, sizeof(struct vt_stat) },
};

static size_t argument_size(unsigned command)
{
    for (size_t i = 0; i < array_count(old_commands); i++)
        if (old_commands[i].command == command)
            return old_commands[i].size;
    return _IOC_SIZE(command);
}

static long set_flag(struct file *file, unsigned flag, user_address from)
{
    int on;

    if (copy_from_user(&on, from, sizeof(on)) < 0)
        return -EFAULT;
    file->flags = on ? file->flags | flag : file->flags & ~flag;
    return 0;
}

static long bytes_to_read(const struct file *file, user_address to)
{
    /* Negative behind the end, cut to an int: Linux answers whatever the difference is. */
    int left = (int)(file->inode->attributes.size - file->position);

    return copy_to_user(to, &left, sizeof(left));
}

static long call_control(struct file *file, unsigned command, uint64_t value)
{
    struct user_buffer argument;
    size_t size = argument_size(command);
    int result = 0;

    user_buffer_init(&argument, value, size);
    if (file->in_service && size > 0) {
        size_t present = size;

        if (user_buffer_make_present(&argument, PAGE_READ, &present) < 0 || present < size)
            return -EFAULT;
    }
    int error = file->ops->control(file->handle, command, value, &argument, &result);

    return error ? error : result;
}

/* Stopping a file system for a copy of what it is on: none here is on anything. */
static long freeze(bool on)
{
    if (!process_privileged())
        return -EPERM;
    return on ? -EOPNOTSUPP : -EINVAL;
}

long file_ioctl(struct file *file, unsigned command, uint64_t value)
{
    if (file->flags & O_PATH)
        return -EBADF;
    if (command == FIONBIO)
        return set_flag(file, O_NONBLOCK, value);
    if (command == FIONREAD && inode_is_regular(file->inode))
        return bytes_to_read(file, value);
    if (command == FIFREEZE || command == FITHAW)
        return freeze(command == FIFREEZE);
    if (file_socket(file))
        return socket_control(file_socket(file), command, value);
    if (!file->ops || !file->ops->control)
        return -ENOTTY;
    return call_control(file, command, value);
}
