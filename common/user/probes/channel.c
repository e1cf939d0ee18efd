/* probe-channel: pipes, FIFOs, poll, select, locks: what connects processes through descriptors.
 * Run it as root in a directory on a tmpfs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

#define PIPE_SIZE 65536
#define ATOMIC 4096 /* PIPE_BUF */

static char data[2 * PIPE_SIZE];
static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
    (void)signal;
    signals++;
}

static long poll_one(int fd, short events, int timeout)
{
    struct pollfd one = { .fd = fd, .events = events };
    int ready = poll(&one, 1, timeout);
    return ready < 0 ? -errno : ready == 0 ? 0 : one.revents;
}

/* Milliseconds that a poll of nothing takes. */
static long poll_time(int timeout)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    poll(NULL, 0, timeout);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

static void die_of_pipe(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        exit(2);
    close(ends[0]);
    exit(write(ends[1], "x", 1) == 1 ? 0 : 3);
}

static void test_pipes(void)
{
    int ends[2], count = -1;
    check("pipe", 0, pipe2(ends, O_NONBLOCK));
    check("bad flags", -EINVAL, pipe2((int[2]){ 0 }, O_APPEND));
    check("read empty", -EAGAIN, read(ends[0], data, 1));
    check("poll empty read end", 0, poll_one(ends[0], POLLIN, 0));
    check("poll write end", POLLOUT, poll_one(ends[1], POLLOUT, 0));
    check("write of nothing", 0, write(ends[1], data, 0));
    check("fill", PIPE_SIZE, write(ends[1], data, sizeof data));
    check("full", -EAGAIN, write(ends[1], data, 1));
    check("poll full", 0, poll_one(ends[1], POLLOUT, 0));
    check("poll readable", POLLIN, poll_one(ends[0], POLLIN, 0));
    check("FIONREAD", 0, ioctl(ends[0], FIONREAD, &count));
    check("all of it", PIPE_SIZE, count);
    check("take a page", ATOMIC, read(ends[0], data, ATOMIC));
    check("then a page fits", ATOMIC, write(ends[1], data, ATOMIC));
    check("take less", ATOMIC - 1, read(ends[0], data, ATOMIC - 1));
    check("then a page does not", -EAGAIN, write(ends[1], data, ATOMIC));
    check("read the rest", PIPE_SIZE - ATOMIC + 1, read(ends[0], data, sizeof data));
    check("lseek", -ESPIPE, lseek(ends[0], 0, SEEK_SET));
    check("pread", -ESPIPE, pread(ends[0], data, 1, 0));
    check("read from the write end", -EBADF, read(ends[1], data, 1));
    check("write to the read end", -EBADF, write(ends[0], data, 1));
    check("ftruncate", -EINVAL, ftruncate(ends[1], 0));
    check("fsync", -EINVAL, fsync(ends[1]));
    check("size", PIPE_SIZE, fcntl(ends[0], F_GETPIPE_SZ));
    check("write before close", 3, write(ends[1], "abc", 3));
    close(ends[1]);
    check("poll after close", POLLIN | POLLHUP, poll_one(ends[0], POLLIN, 0));
    check("what was written is still there", 3, read(ends[0], data, 10));
    check("then the end", 0, read(ends[0], data, 10));
    check("poll at the end", POLLHUP, poll_one(ends[0], POLLIN, 0));
    close(ends[0]);
    check("pipe", 0, pipe(ends));
    close(ends[0]);
    signal(SIGPIPE, count_signal);
    check("write without reader", -EPIPE, write(ends[1], "x", 1));
    check("SIGPIPE", 1, signals);
    check("poll without reader", POLLOUT | POLLERR, poll_one(ends[1], POLLOUT, 0));
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
    check_value("dies of SIGPIPE", 1000 + SIGPIPE, in_child(die_of_pipe));
}

/* Children write pieces of up to PIPE_BUF bytes of one letter: they must not be mixed. */
static void test_atomicity(void)
{
    enum { CHILDREN = 4, PIECES = 40, PIECE = ATOMIC - 96 };
    static char piece[PIECE];
    int ends[2], mixed = 0, total = 0;
    check("pipe", 0, pipe(ends));
    for (int i = 0; i < CHILDREN; i++) {
        fflush(stdout);
        if (fork() == 0) {
            memset(piece, 'a' + i, sizeof piece);
            for (int j = 0; j < PIECES; j++)
                if (write(ends[1], piece, sizeof piece) != sizeof piece)
                    _exit(1);
            _exit(0);
        }
    }
    close(ends[1]);
    for (;;) {
        size_t have = 0;
        ssize_t got = 1;
        while (have < sizeof piece && (got = read(ends[0], piece + have, sizeof piece - have)) > 0)
            have += (size_t)got;
        if (have == 0)
            break;
        total++;
        for (size_t i = 1; i < have; i++)
            mixed += piece[i] != piece[0];
    }
    check("all pieces arrive", CHILDREN * PIECES, total);
    check("none is mixed", 0, mixed);
    while (wait(NULL) > 0)
        continue;
    close(ends[0]);
}

static void write_later(int fd, const char *text, int milliseconds)
{
    fflush(stdout);
    if (fork() != 0)
        return;
    poll(NULL, 0, milliseconds);
    _exit(write(fd, text, strlen(text)) < 0);
}

static void test_blocking(void)
{
    int ends[2];
    struct sigaction action = { .sa_handler = count_signal };
    struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
    check("pipe", 0, pipe(ends));
    write_later(ends[1], "late", 20);
    check("read waits", 4, read(ends[0], data, 10));
    write_later(ends[1], "late", 20);
    check("poll waits", POLLIN, poll_one(ends[0], POLLIN, 5000));
    check("and it is there", 4, read(ends[0], data, 10));
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    check("read interrupted", -EINTR, read(ends[0], data, 10));
    setitimer(ITIMER_REAL, &soon, NULL);
    check("poll interrupted", -EINTR, poll_one(ends[0], POLLIN, 5000));
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    write_later(ends[1], "late", 60);
    check("read restarted", 4, read(ends[0], data, 10));
    setitimer(ITIMER_REAL, &soon, NULL);
    check("poll is not", -EINTR, poll_one(ends[0], POLLIN, 5000));
    write_later(ends[1], "x", 0);
    close(ends[1]);
    check("reads what comes", 1, read(ends[0], data, 10));
    check("then the end", 0, read(ends[0], data, 10));
    while (wait(NULL) > 0)
        continue;
    close(ends[0]);
}

static void open_fifo_late(void)
{
    if (fork() != 0)
        return;
    poll(NULL, 0, 20);
    int fd = open("fifo", O_WRONLY);
    _exit(write(fd, "hello", 5) != 5);
}

static void test_fifos(void)
{
    check("mkfifo", 0, mkfifo("fifo", 0600));
    check("mkfifo over it", -EEXIST, mkfifo("fifo", 0600));
    check("open for writing without reader", -ENXIO, open("fifo", O_WRONLY | O_NONBLOCK));
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    check("open for reading does not wait", 1, reader >= 0);
    check("no writer: the end", 0, read(reader, data, 10));
    check("poll without writer ever", 0, poll_one(reader, POLLIN, 0));
    int writer = open("fifo", O_WRONLY | O_NONBLOCK);
    check("writer", 1, writer >= 0);
    check("now empty", -EAGAIN, read(reader, data, 10));
    check("write", 3, write(writer, "abc", 3));
    close(writer);
    check("poll after the last writer", POLLIN | POLLHUP, poll_one(reader, POLLIN, 0));
    check("read", 3, read(reader, data, 10));
    writer = open("fifo", O_RDWR);
    check("open for both", 1, writer >= 0);
    check("a new writer takes the end back", -EAGAIN, read(reader, data, 10));
    close(writer);
    close(reader);
    fflush(stdout);
    open_fifo_late();
    reader = open("fifo", O_RDONLY);
    check("open waits for the writer", 1, reader >= 0);
    check("what it wrote", 5, read(reader, data, 10));
    check("its end", 0, read(reader, data, 10));
    wait(NULL);
    close(reader);
    unlink("fifo");
}

static void test_poll(void)
{
    struct pollfd many[3] = { { .fd = -1, .events = POLLIN }, { .fd = 99, .events = POLLIN },
                              { .fd = 0 } };
    struct timeval none = { 0, 0 };
    int ends[2], file = open("f", O_RDWR | O_CREAT, 0600);
    fd_set set, out;
    check("negative and bad descriptors", 1, poll(many, 2, 0));
    check("negative is left alone", 0, many[0].revents);
    check("bad is told", POLLNVAL, many[1].revents);
    check("file", POLLIN | POLLOUT, poll_one(file, POLLIN | POLLOUT, 0));
    check("poll bad address", -EFAULT, poll((void *)8, 1, 0));
    check("poll too many", -EINVAL, poll(many, 1u << 30, 0));
    check("poll waits", 1, poll_time(30) >= 29);
    check("pipe", 0, pipe(ends));
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    FD_ZERO(&out);
    FD_SET(ends[1], &out);
    check("select", 1, select(10, &set, &out, NULL, &none));
    check("not readable", 0, FD_ISSET(ends[0], &set));
    check("writable", 1, FD_ISSET(ends[1], &out) != 0);
    close(ends[1]);
    FD_SET(ends[0], &set);
    check("end is readable", 1, select(10, &set, NULL, NULL, &none));
    close(ends[0]);
    check("closed descriptor", -EBADF, select(10, &set, NULL, NULL, &none));
    check("select negative", -EINVAL, select(-1, NULL, NULL, NULL, &none));
    none.tv_sec = -1;
    check("select negative time", -EINVAL, select(0, NULL, NULL, NULL, &none));
    none = (struct timeval){ 0, 30000 };
    check("select times out", 0, select(0, NULL, NULL, NULL, &none));
    close(file);
    unlink("f");
}

static long lock(int fd, int command, short type, off_t start, off_t length)
{
    struct flock what = { .l_type = type, .l_whence = SEEK_SET, .l_start = start,
                          .l_len = length };
    if (fcntl(fd, command, &what) != 0)
        return -errno;
    return command == F_GETLK ? what.l_type : 0;
}

static void other_process(void)
{
    int fd = open("f", O_RDWR);
    check("other sees the lock", F_WRLCK, lock(fd, F_GETLK, F_RDLCK, 0, 10));
    check("other cannot lock", -EAGAIN, lock(fd, F_SETLK, F_RDLCK, 5, 1));
    check("other may beside it", 0, lock(fd, F_SETLK, F_WRLCK, 10, 10));
    check("shared locks agree", 0, lock(fd, F_SETLK, F_RDLCK, 100, 1));
    check("but not with exclusive", -EAGAIN, lock(fd, F_SETLK, F_WRLCK, 100, 1));
    check("flock from outside", -EAGAIN, flock(fd, LOCK_EX | LOCK_NB));
}

static void after_close(void)
{
    int fd = open("f", O_RDWR);
    check("all locks are gone", 0, lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

static void wait_for_lock(void)
{
    int fd = open("f", O_RDWR);
    exit(lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : 1);
}

static void test_locks(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0600), status;
    check("exclusive lock", 0, lock(fd, F_SETLK, F_WRLCK, 0, 10));
    check("shared lock", 0, lock(fd, F_SETLK, F_RDLCK, 100, 1));
    check("own locks are no obstacle", F_UNLCK, lock(fd, F_GETLK, F_WRLCK, 0, 10));
    check("bad type", -EINVAL, lock(fd, F_SETLK, 77, 0, 1));
    check("before the start", -EINVAL, lock(fd, F_SETLK, F_WRLCK, -1, 1));
    check("bad address", -EFAULT, fcntl(fd, F_SETLK, 8));
    int reader = open("f", O_RDONLY);
    check("exclusive needs writing", -EBADF, lock(reader, F_SETLK, F_WRLCK, 50, 1));
    check("flock", 0, flock(fd, LOCK_EX));
    check_value("another process", 0, in_child(other_process));
    check("flock from another file", -EAGAIN, flock(reader, LOCK_SH | LOCK_NB));
    check("unlocked", 0, flock(fd, LOCK_UN));
    check("now", 0, flock(reader, LOCK_SH | LOCK_NB));
    check("flock nonsense", -EINVAL, flock(fd, 77));
    close(reader);
    check_value("closing any descriptor drops record locks", 0, in_child(after_close));
    check("lock", 0, lock(fd, F_SETLK, F_WRLCK, 0, 0));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        wait_for_lock();
    poll(NULL, 0, 20);
    check("still waiting", 0, waitpid(child, &status, WNOHANG));
    check("unlock", 0, lock(fd, F_SETLK, F_UNLCK, 0, 0));
    check("then it goes on", 1, waitpid(child, &status, 0) == child);
    check("with the lock", 0, status);
    close(fd);
    unlink("f");
}

int main(void)
{
    enter_scratch("channel.d");
    test_pipes();
    test_atomicity();
    test_blocking();
    test_fifos();
    test_poll();
    test_locks();
    return finish("channel.d");
}
