/* Files that exist to be waited for: eventfd(2), timerfd_create(2), signalfd(2), epoll(7).
 *
 * All of them are part of Core and of no file system.  Those that make one give a file with one
 * reference, opened with O_NONBLOCK if `flags` has it, or -ENOMEM. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <linux/eventpoll.h>

#include <fs/file.h>

/* A counter: write adds, read takes all of it (`semaphore`: one). */
int eventfd_create(uint64_t count, bool semaphore, unsigned flags, struct file **out);

/* A timer: read tells how often it has expired since, or -ECANCELED (TFD_TIMER_CANCEL_ON_SET).  Times
 * in ns; the deadline is one of clock_monotonic(), 0 stops it; `flags` are TFD_TIMER_*. */
int timerfd_create(int clock, unsigned flags, struct file **out);
bool is_timerfd(const struct file *file);
int timerfd_clock(const struct file *file);
int timerfd_set(struct file *file, uint64_t deadline, uint64_t interval, unsigned flags);
void timerfd_get(struct file *file, uint64_t *left, uint64_t *interval);

/* The reader's pending signals of `mask`, which it should have blocked. */
int signalfd_create(uint64_t mask, unsigned flags, struct file **out);
bool is_signalfd(const struct file *file);
void signalfd_set(struct file *file, uint64_t mask);

/* Many files at once. */
int epoll_create(struct file **out);
bool is_epoll(const struct file *file);

/* epoll_ctl(2) on `file`, which is descriptor `fd`: 0, -EEXIST, -ENOENT, -EPERM, -EINVAL (too many
 * ways from it through sets of sets, too), -ELOOP, -ENOSPC, -ENOMEM. */
int epoll_control(struct file *epoll, int operation, int fd, struct file *file,
                  const struct epoll_event *event);

/* Writes at most `limit` events to the caller's memory; sleeps until there is one.  How many; 0 at
 * the deadline (NOW of syscall/watch.h: at once); -EINTR, -EFAULT. */
long epoll_wait(struct file *epoll, user_address events, int limit, uint64_t deadline);

/* The file is being closed: nobody watches it any more. */
void epoll_forget(struct file *file);

/* "anon_inode:[…]", as /proc/PID/fd shows such a file; NULL for others. */
const char *event_file_kind(const struct file *file);

/* Tells what /proc/PID/fdinfo shows of such a file beside its position, piece by piece (proc(5)). */
void event_file_describe(const struct file *file, void (*tell)(void *context, const char *text),
                         void *context);

/* For the files of this directory: a file of the given operations around `handle`; and how each
 * describes itself. */
int event_file_create(const struct file_ops *ops, void *handle, unsigned flags, struct file **out);

void eventfd_describe(const struct file *file, void (*tell)(void *, const char *), void *context);
void timerfd_describe(const struct file *file, void (*tell)(void *, const char *), void *context);
void signalfd_describe(const struct file *file, void (*tell)(void *, const char *), void *context);
void epoll_describe(const struct file *file, void (*tell)(void *, const char *), void *context);

extern const struct file_ops eventfd_ops, timerfd_ops, signalfd_ops, epoll_ops;

#endif
