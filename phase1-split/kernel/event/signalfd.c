/* Pending signals, read from a file.  signalfd(2).
 *
 * The file has a mask only: whose signals it tells depends on who reads. */
#include <event/event.h>

#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/signalfd.h>

#include <lib/format.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>
#include <process/signal_queue.h>

struct signalfd {
    uint64_t mask;
};

static struct signalfd *of(file_handle handle)
{
    return (struct signalfd *)handle;
}

static int signalfd_release(file_handle handle)
{
    kfree(of(handle));
    return 0;
}

/* The fields that go with the kind of signal (sigaction(2)). */
static void describe(const siginfo_t *signal, struct signalfd_siginfo *out)
{
    memset(out, 0, sizeof *out);
    out->ssi_signo = (uint32_t)signal->si_signo;
    out->ssi_errno = signal->si_errno;
    out->ssi_code = signal->si_code;
    switch (signal->si_code) {
    case SI_TIMER:
        out->ssi_tid = (uint32_t)signal->si_tid;
        out->ssi_overrun = (uint32_t)signal->si_overrun;
        memcpy(&out->ssi_ptr, &signal->si_ptr, sizeof out->ssi_ptr);
        out->ssi_int = signal->si_int;
        return;
    case SI_QUEUE:
    case SI_MESGQ:
        memcpy(&out->ssi_ptr, &signal->si_ptr, sizeof out->ssi_ptr);
        out->ssi_int = signal->si_int;
    }
    bool fault = signal->si_code > 0 && signal->si_code != SI_KERNEL &&
                 (signal->si_signo == SIGSEGV || signal->si_signo == SIGBUS ||
                  signal->si_signo == SIGILL || signal->si_signo == SIGFPE);
    if (fault) {
        memcpy(&out->ssi_addr, &signal->si_addr, sizeof out->ssi_addr);
        return;
    }
    out->ssi_pid = (uint32_t)signal->si_pid;
    out->ssi_uid = signal->si_uid;
    if (signal->si_signo == SIGCHLD && signal->si_code > 0) {
        out->ssi_status = signal->si_status;
        out->ssi_utime = (uint64_t)signal->si_utime;
        out->ssi_stime = (uint64_t)signal->si_stime;
    }
}

static int signalfd_read(file_handle handle, struct user_buffer *to, uint64_t position,
                         struct wait_queue **wait)
{
    struct signalfd_siginfo out;
    siginfo_t signal;
    bool some = false;
    (void)position;
    if (user_buffer_left(to) < sizeof out)
        return to->done ? 0 : -EINVAL;
    while (user_buffer_left(to) >= sizeof out && signal_take(current, of(handle)->mask, &signal)) {
        describe(&signal, &out);
        if (user_buffer_put(to, &out, sizeof out) < sizeof out)
            return some ? 0 : -EFAULT;
        some = true;
    }
    if (some)
        return 0;
    *wait = &current_process()->signal_arrival;
    return -EAGAIN;
}

static int signalfd_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    *ready = signal_pending_set(current) & of(handle)->mask ? POLLIN : 0;
    *wait = &current_process()->signal_arrival;
    return 0;
}

const struct file_ops signalfd_ops = {
    .release = signalfd_release,
    .read = signalfd_read,
    .poll = signalfd_poll,
};

int signalfd_create(uint64_t mask, unsigned flags, struct file **out)
{
    struct signalfd *signals = kzalloc(sizeof *signals);
    if (!signals)
        return -ENOMEM;
    signals->mask = mask;
    int error = event_file_create(&signalfd_ops, signals, flags, out);
    if (error)
        kfree(signals);
    return error;
}

bool is_signalfd(const struct file *file)
{
    return file->ops == &signalfd_ops;
}

void signalfd_set(struct file *file, uint64_t mask)
{
    of(file->handle)->mask = mask;
    wait_queue_wake(&current_process()->signal_arrival);
}

void signalfd_describe(const struct file *file, void (*tell)(void *, const char *), void *context)
{
    char text[40];
    format(text, sizeof text, "sigmask:\t%016llx\n", (unsigned long long)of(file->handle)->mask);
    tell(context, text);
}
