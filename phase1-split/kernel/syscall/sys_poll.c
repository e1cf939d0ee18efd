/* Pipes and poll: system calls that make files to wait for, and wait for files. */
#include <syscall/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include <fs/pipe.h>
#include <param.h>
#include <platform/user.h>
#include <process/process.h>
#include <syscall/watch.h>

/* ---- pipe(2) ---- */

long sys_pipe2(user_address out, int flags)
{
    struct file *read_end, *write_end;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = pipe_create((unsigned)flags & O_NONBLOCK, &read_end, &write_end);

    return error ? error : fd_install_both(read_end, write_end, flags & O_CLOEXEC, out);
}

long sys_pipe(user_address out)
{
    return sys_pipe2(out, 0);
}

/* ---- poll(2) ---- */

static void watch_files(struct watch *watches, const struct pollfd *files, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        watches[i].fd = files[i].fd;
        watches[i].wanted = (uint16_t)files[i].events | POLLERR | POLLHUP;
    }
}

/* Waits with memory at hand: `files` and `watches` have `count` entries. */
static long poll_with(user_address address, struct pollfd *files, struct watch *watches,
                      unsigned count, uint64_t deadline)
{
    if (count > 0 && copy_from_user(files, address, count * sizeof(*files)) < 0)
        return -EFAULT;
    watch_files(watches, files, count);
    long result = watch_wait(watches, count, deadline);
    if (result < 0 && result != -ERESTARTSYS)
        return result;
    for (unsigned i = 0; i < count; i++)
        files[i].revents = (short)watches[i].ready;
    if (count > 0 && copy_to_user(address, files, count * sizeof(*files)) < 0)
        return -EFAULT;
    return result;
}

static long poll_until(user_address address, unsigned count, uint64_t deadline)
{
    struct watch few[POLL_ON_STACK];
    struct pollfd few_files[POLL_ON_STACK];

    if (count > current_process()->limits[RLIMIT_NOFILE].rlim_cur)
        return -EINVAL;
    struct watch *watches = memory_for(count * sizeof(*watches), few, sizeof(few));
    struct pollfd *files = memory_for(count * sizeof(*files), few_files, sizeof(few_files));
    long result = -ENOMEM;
    if (watches && files)
        result = poll_with(address, files, watches, count, deadline);
    memory_release(watches, few);
    memory_release(files, few_files);
    return result;
}

/* poll(2) cannot hand back the time that is left; it goes on by its deadline. */
static long poll_restart(struct task *task);

static long poll_restartable(user_address files, unsigned count, uint64_t deadline)
{
    long result = poll_until(files, count, deadline);

    if (result != -ERESTARTSYS)
        return result;
    current->restart = poll_restart;
    current->restart_argument[0] = files;
    current->restart_argument[1] = count;
    current->restart_argument[2] = deadline;
    return -ERESTART_RESTARTBLOCK;
}

static long poll_restart(struct task *task)
{
    return poll_restartable(task->restart_argument[0], (unsigned)task->restart_argument[1],
                            task->restart_argument[2]);
}

long sys_poll(user_address files, unsigned count, int timeout)
{
    uint64_t deadline = WAIT_FOREVER;

    if (timeout >= 0)
        deadline = deadline_after((uint64_t)timeout / 1000, (uint64_t)timeout % 1000 * 1000000);
    return poll_restartable(files, count, deadline);
}

long sys_ppoll(user_address files, unsigned count, user_address timeout, user_address mask,
               size_t mask_size)
{
    struct limit limit = { .address = timeout };
    int error = limit_read(&limit);

    if (!error)
        error = mask_set(mask, mask_size);
    if (error)
        return error;
    long result = poll_until(files, count, limit.deadline);
    mask_restore(mask, result);
    return limit_write_back(&limit, result);
}
