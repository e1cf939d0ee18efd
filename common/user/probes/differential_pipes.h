/* Area "pipes": pipes and FIFOs that never block: how much goes in and comes out, who is ready,
 * and what happens when a side has gone. */
#ifndef DIFFERENTIAL_PIPES_H
#define DIFFERENTIAL_PIPES_H

#include "differential.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

#define PIPE_FIRST 10
#define PIPE_SLOTS 8

static volatile sig_atomic_t broken_pipes;
static char pipe_data[140000];

static void count_broken_pipe(int number)
{
    (void)number;
    broken_pipes++;
}

static int pipe_slot(void)
{
    int fd = PIPE_FIRST + (int)pick(PIPE_SLOTS);

    say(" %d", fd);
    return fd;
}

static void say_ready(int fd)
{
    struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM };
    int ready = poll(&entry, 1, 0), left = -1;

    say(" ready %d %#x", ready, (unsigned)entry.revents);
    if (ioctl(fd, FIONREAD, &left) == 0)
        say(" holds %d", left);
}

/* All of them: what one call does shows at the other end. */
static void say_all_ready(void)
{
    for (int fd = PIPE_FIRST; fd < PIPE_FIRST + PIPE_SLOTS; fd++) {
        struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };

        poll(&entry, 1, 0);
        say(" %x", (unsigned)entry.revents);
    }
}

static void pipe_make(void)
{
    static const int flags_of[] = { O_NONBLOCK, O_NONBLOCK | O_CLOEXEC, O_NONBLOCK, O_APPEND,
                                    O_NONBLOCK | 1 };
    int flags = CHOOSE(flags_of), ends[2], first = PIPE_FIRST + (int)pick(PIPE_SLOTS - 1);

    say("pipe2 %d %#x", first, flags);
    if (answer(syscall(SYS_pipe2, ends, flags)) != 0)
        return;
    say(" flags %x %x", fcntl(ends[0], F_GETFL), fcntl(ends[1], F_GETFL));
    dup2(ends[0], first);
    dup2(ends[1], first + 1);
    close(ends[0]);
    close(ends[1]);
    say_all_ready();
}

static void pipe_open_fifo(void)
{
    static const char *const names[] = { "fifo", "other" };
    const char *name = CHOOSE(names);
    int access = (int)pick(3), slot = PIPE_FIRST + (int)pick(PIPE_SLOTS);

    say("open %s %d %d", name, access, slot);
    close(slot);
    int fd = open(name, access | O_NONBLOCK);
    if (fd < 0) {
        say_error(errno);
        return;
    }
    dup2(fd, slot);
    close(fd);
    say(" flags %x", fcntl(slot, F_GETFL));
    say_all_ready();
}

/* Whole pages, or so little that it does not matter how the kernel packs them: how much room there
 * is between the pieces is no program's business. */
static long pipe_write_size(size_t held)
{
    static const long large[] = { 4096, 8192, 65536, 65536 + 4096, 131072 };
    static const long small[] = { 0, 1, 2, 100, 511 };

    if (held == 0 && chance(40))
        return CHOOSE(((const long[]){ 4095, 4097, 65535, 65537, 70001 }));
    if ((held == 0 || held == 65536) && chance(60))
        return CHOOSE(large);
    return held < 16384 ? CHOOSE(small) : 0;
}

static void pipe_write(void)
{
    int held = 0;

    say("write");
    int fd = pipe_slot();
    ioctl(fd, FIONREAD, &held);
    long size = pipe_write_size((size_t)held);
    for (long i = 0; i < size; i++)
        pipe_data[i] = (char)(i * 7 + size);
    say(" %ld", size);
    answer(syscall(SYS_write, fd, pipe_data, size));
    say_ready(fd);
    say_all_ready();
}

static void pipe_read(void)
{
    static const long sizes[] = { 0, 1, 4096, 4096, 65536, 131072, 131072 };
    long size = CHOOSE(sizes);

    say("read");
    int fd = pipe_slot();
    say(" %ld", size);
    long got = answer(syscall(SYS_read, fd, pipe_data, size));
    if (got > 0)
        say(" %08x", (unsigned)hash_bytes(1, pipe_data, (size_t)got));
    say_ready(fd);
    say_all_ready();
}

static void pipe_readv(void)
{
    struct iovec pieces[3] = { { pipe_data, 10 },
                               { pipe_data + 10, 0 },
                               { pipe_data + 10, 70000 } };

    say("readv");
    int fd = pipe_slot();
    long got = answer(syscall(SYS_readv, fd, pieces, 1 + pick(3)));
    if (got > 0)
        say(" %08x", (unsigned)hash_bytes(1, pipe_data, (size_t)got));
}

static void pipe_odd_calls(void)
{
    unsigned kind = pick(8);

    say("odd %u", kind);
    int fd = pipe_slot();
    switch (kind) {
    case 0:
        answer(syscall(SYS_lseek, fd, 0, SEEK_CUR));
        break;
    case 1:
        answer(syscall(SYS_pread64, fd, pipe_data, 10, 0));
        break;
    case 2:
        answer(syscall(SYS_ftruncate, fd, 0));
        break;
    case 3:
        answer(syscall(SYS_fsync, fd));
        break;
    case 4:
        answer(syscall(SYS_fcntl, fd, F_GETPIPE_SZ));
        break;
    case 5:
        answer(syscall(SYS_fallocate, fd, 0, 0, 10));
        break;
    case 6:
        answer(syscall(SYS_write, fd, (void *)1, 100));
        break;
    default: {
        struct stat stat;

        if (answer(fstat(fd, &stat)) == 0)
            say(" %o n%u s%lld k%ld", stat.st_mode, (unsigned)stat.st_nlink,
                (long long)stat.st_size, (long)stat.st_blksize);
    }
    }
}

static void pipe_close(void)
{
    say("close");
    answer(close(pipe_slot()));
    say_all_ready();
}

static void pipe_dup(void)
{
    say("dup2");
    int from = pipe_slot(), to = pipe_slot();

    answer(dup2(from, to));
    say_all_ready();
}

static void pipe_select(void)
{
    fd_set read_set, write_set, except_set;
    struct timeval none = { 0 };
    int top = PIPE_FIRST + (int)pick(PIPE_SLOTS + 1);

    FD_ZERO(&read_set);
    FD_ZERO(&write_set);
    FD_ZERO(&except_set);
    say("select");
    for (int fd = PIPE_FIRST; fd < PIPE_FIRST + PIPE_SLOTS; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && !chance(5))
            continue;
        say(" %d", fd);
        if (chance(70))
            FD_SET(fd, &read_set);
        if (chance(70))
            FD_SET(fd, &write_set);
        if (chance(30))
            FD_SET(fd, &except_set);
    }
    say(" below %d", top);
    answer(select(top, &read_set, &write_set, &except_set, &none));
    for (int fd = PIPE_FIRST; fd < PIPE_FIRST + PIPE_SLOTS; fd++)
        say(" %d%d%d", FD_ISSET(fd, &read_set) != 0, FD_ISSET(fd, &write_set) != 0,
            FD_ISSET(fd, &except_set) != 0);
}

static void pipe_poll(void)
{
    static const short events[] = {
        POLLIN, POLLOUT, POLLIN | POLLOUT, 0, POLLPRI, POLLRDNORM | POLLWRNORM, POLLRDHUP | POLLIN
    };
    struct pollfd entries[PIPE_SLOTS];
    unsigned count = 1 + pick(PIPE_SLOTS);

    say("poll");
    for (unsigned i = 0; i < count; i++) {
        entries[i].fd = chance(10) ? -1 : PIPE_FIRST + (int)pick(PIPE_SLOTS);
        entries[i].events = CHOOSE(events);
        entries[i].revents = 0x55;
        say(" %d:%x", entries[i].fd, (unsigned)entries[i].events);
    }
    answer(poll(entries, count, 0));
    for (unsigned i = 0; i < count; i++)
        say(" %x", (unsigned)entries[i].revents);
}

static const struct operation pipe_operations[] = {
    { 6, pipe_make },   { 6, pipe_open_fifo }, { 20, pipe_write }, { 18, pipe_read },
    { 2, pipe_readv },  { 6, pipe_odd_calls }, { 5, pipe_close },  { 3, pipe_dup },
    { 4, pipe_select }, { 4, pipe_poll },
};

static void run_pipes(unsigned calls)
{
    signal(SIGPIPE, count_broken_pipe);
    close_all_from(3);
    mkfifo("fifo", 0600);
    mkfifo("other", 0600);
    for (unsigned i = 0; i < calls; i++) {
        say("%u ", i);
        run_one_of(pipe_operations, COUNT(pipe_operations));
        if (broken_pipes > 0)
            say(" SIGPIPE*%d", (int)broken_pipes);
        broken_pipes = 0;
        end_line();
    }
}

#endif
