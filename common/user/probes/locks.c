/* probe-locks: record locks of fcntl(2) down to the byte, and flock(2).  Ranges that touch become
 * one, a change cuts what was there, whoever would wait for himself is told so. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>

#include "check.h"

#define NAME "f"

static int file;

static struct flock range(short type, off_t start, off_t length)
{
    return (
        struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static long set(int fd, int command, short type, off_t start, off_t length)
{
    struct flock what = range(type, start, length);
    return result(fcntl(fd, command, &what));
}

/* What stands in the way of an exclusive lock on everything from `start` on, found out by another
 * process: its start, its length, and whether it is exclusive, as one number; -1: nothing. */
static long seen_from(off_t start)
{
    int ends[2];
    long seen = -2;
    fflush(stdout);
    if (pipe(ends) != 0)
        return seen;
    pid_t child = fork();
    if (child == 0) {
        struct flock what = range(F_WRLCK, start, 0);
        long answer = fcntl(file, F_GETLK, &what) ? -3
                      : what.l_type == F_UNLCK    ? -1
                      : what.l_pid != getppid()   ? -4
                      : what.l_whence != SEEK_SET
                          ? -5
                          : what.l_start * 1000000 + what.l_len * 1000 + (what.l_type == F_WRLCK);
        _exit(write(ends[1], &answer, sizeof answer) != sizeof answer);
    }
    close(ends[1]);
    if (read(ends[0], &seen, sizeof seen) != sizeof seen)
        seen = -2;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return seen;
}

#define SEEN(start, length, exclusive) ((start)*1000000l + (length)*1000l + (exclusive))

static void clear(void)
{
    set(file, F_SETLK, F_UNLCK, 0, 0);
}

/* ---- ranges ---- */

static void ranges(void)
{
    check_value("nothing is locked", -1, seen_from(0));
    set(file, F_SETLK, F_WRLCK, 10, 10);
    check_value("one range", SEEN(10, 10, 1), seen_from(0));
    check_value("seen from its middle", SEEN(10, 10, 1), seen_from(15));
    check_value("not from behind", -1, seen_from(20));
    set(file, F_SETLK, F_WRLCK, 20, 5);
    check_value("what touches behind becomes one", SEEN(10, 15, 1), seen_from(0));
    set(file, F_SETLK, F_WRLCK, 5, 5);
    check_value("and before", SEEN(5, 20, 1), seen_from(0));
    set(file, F_SETLK, F_RDLCK, 25, 5);
    check_value("another kind does not", SEEN(5, 20, 1), seen_from(0));
    check_value("but lies behind", SEEN(25, 5, 0), seen_from(25));
    set(file, F_SETLK, F_RDLCK, 10, 2);
    check_value("a change in the middle: before", SEEN(5, 5, 1), seen_from(0));
    check_value("itself", SEEN(10, 2, 0), seen_from(10));
    check_value("behind", SEEN(12, 13, 1), seen_from(12));
    set(file, F_SETLK, F_UNLCK, 14, 2);
    check_value("a hole: before", SEEN(12, 2, 1), seen_from(12));
    check_value("a hole: behind", SEEN(16, 9, 1), seen_from(14));
    set(file, F_SETLK, F_WRLCK, 0, 100);
    check_value("one over all", SEEN(0, 100, 1), seen_from(0));
    check_value("and nothing else", -1, seen_from(100));
    set(file, F_SETLK, F_UNLCK, 0, 50);
    check_value("the first half goes", SEEN(50, 50, 1), seen_from(0));
    clear();
    set(file, F_SETLK, F_RDLCK, 40, 1);
    set(file, F_SETLK, F_RDLCK, 30, 1);
    check_value("the first by place, not by time", SEEN(30, 1, 0), seen_from(0));
    set(file, F_SETLK, F_RDLCK, 31, 9);
    check_value("the gap filled", SEEN(30, 11, 0), seen_from(0));
    set(file, F_SETLK, F_RDLCK, 35, 0);
    check_value("to the end", SEEN(30, 0, 0), seen_from(0));
    clear();
    check_value("all gone", -1, seen_from(0));
}

/* ---- what a request may say ---- */

static long with(short whence, off_t start, off_t length)
{
    struct flock what = {
        .l_type = F_WRLCK, .l_whence = whence, .l_start = start, .l_len = length
    };
    return result(fcntl(file, F_SETLK, &what));
}

static void requests(void)
{
    struct flock what = range(F_WRLCK, 0, 0);
    check("from the end", 0, (ftruncate(file, 100), with(SEEK_END, -10, 5)));
    check_value("it is at 90", SEEN(90, 5, 1), seen_from(0));
    clear();
    lseek(file, 50, SEEK_SET);
    check("from the position", 0, with(SEEK_CUR, 1, 5));
    check_value("it is at 51", SEEN(51, 5, 1), seen_from(0));
    clear();
    check("a negative length is what lies before", 0, with(SEEK_SET, 20, -5));
    check_value("it is at 15", SEEN(15, 5, 1), seen_from(0));
    clear();
    check("whence nonsense", -EINVAL, with(7, 0, 1));
    check("before the file", -EINVAL, with(SEEK_SET, 3, -4));
    check("before the file, from the end", -EINVAL, with(SEEK_END, -101, 1));
    check("beyond all numbers", -EOVERFLOW, with(SEEK_SET, LONG_MAX, 2));
    check("the last byte", 0, with(SEEK_SET, LONG_MAX, 1));
    clear();
    check("beyond all numbers, from the end", -EOVERFLOW, with(SEEK_END, LONG_MAX, 0));
    what.l_type = F_UNLCK;
    check("F_GETLK of nothing", -EINVAL, fcntl(file, F_GETLK, &what));
    what.l_type = 9;
    check("F_GETLK of nonsense", -EINVAL, fcntl(file, F_GETLK, &what));
    what = range(F_WRLCK, 3, 4);
    what.l_pid = 77;
    check("F_GETLK of what is free", 0, fcntl(file, F_GETLK, &what));
    check("says so", F_UNLCK, what.l_type);
    check("and nothing else", 77 + 3 + 4, what.l_pid + what.l_start + what.l_len);
    check("bad descriptor before bad address", -EBADF, fcntl(99, F_SETLK, 8));
    int path = open(NAME, O_PATH), writer = open(NAME, O_WRONLY);
    check("O_PATH", -EBADF, set(path, F_SETLK, F_RDLCK, 0, 1));
    check("O_PATH flock", -EBADF, flock(path, LOCK_SH));
    check("shared needs reading", -EBADF, set(writer, F_SETLK, F_RDLCK, 0, 1));
    check("unlock needs nothing", 0, set(writer, F_SETLK, F_UNLCK, 0, 1));
    check("asking needs nothing", 0, set(writer, F_GETLK, F_RDLCK, 0, 1));
    check("flock needs nothing", 0, flock(writer, LOCK_SH));
    close(path);
    close(writer);
}

/* ---- the life of a lock ---- */

static void child_owns_nothing(void)
{
    check("a child's request meets its parent's lock", -EAGAIN, set(file, F_SETLK, F_WRLCK, 0, 1));
    close(open(NAME, O_RDONLY)); /* the child's closing is none of the parent's business */
}

static void life(void)
{
    set(file, F_SETLK, F_WRLCK, 0, 1);
    check_value("fork does not inherit", 0, in_child(child_owns_nothing));
    check_value("still there", SEEN(0, 1, 1), seen_from(0));
    int twin = dup(file);
    close(twin);
    check_value("closing a duplicate drops it", -1, seen_from(0));
    set(file, F_SETLK, F_WRLCK, 0, 1);
    dup2(open("/dev/null", O_RDONLY), twin = open(NAME, O_RDONLY));
    check_value("so does dup2 over one", -1, seen_from(0));
    close(twin);
    close(twin + 1);
    twin = dup(file);
    check("flock belongs to the open file", 0, flock(file, LOCK_EX));
    close(twin);
    int other = open(NAME, O_RDWR);
    check("closing a duplicate leaves it", -EAGAIN, flock(other, LOCK_EX | LOCK_NB));
    check("a record lock does not mind it", 0, set(other, F_SETLK, F_WRLCK, 0, 0));
    check("down to shared", 0, flock(file, LOCK_SH));
    check("two share", 0, flock(other, LOCK_SH));
    check("up again is refused", -EAGAIN, flock(file, LOCK_EX | LOCK_NB));
    check("and has cost the shared one", 0, flock(other, LOCK_EX | LOCK_NB));
    check("flock without what", -EINVAL, flock(file, LOCK_NB));
    check("flock of both", -EINVAL, flock(file, LOCK_SH | LOCK_EX));
    close(other);
    clear();
}

/* ---- waiting ---- */

static int told[2], asked[2];

static void say(int ends[2])
{
    if (write(ends[1], "x", 1) != 1)
        _exit(90);
}

static void hear(int ends[2])
{
    char byte;
    if (read(ends[0], &byte, 1) != 1)
        _exit(91);
}

/* Holds byte 1, then waits for byte 0. */
static void crossing(void)
{
    if (set(file, F_SETLK, F_WRLCK, 1, 1) != 0)
        _exit(92);
    say(told);
    hear(asked);
    _exit(set(file, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : 93);
}

static void nothing(int signal)
{
    (void)signal;
}

static void alarm_soon(int flags)
{
    struct sigaction action = { .sa_handler = nothing, .sa_flags = flags };
    struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void interrupted(void)
{
    int other = open(NAME, O_RDWR);
    alarm_soon(0);
    check("waiting for a record is interrupted", -EINTR, set(file, F_SETLKW, F_WRLCK, 0, 1));
    alarm_soon(0);
    check("so is flock", -EINTR, flock(other, LOCK_EX));
}

static void waits(void)
{
    int status;
    if (pipe(told) != 0 || pipe(asked) != 0)
        exit(2);
    set(file, F_SETLK, F_WRLCK, 0, 1);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        crossing();
    hear(told);
    say(asked);
    usleep(50000);
    check("two that would wait for each other", -EDEADLK, set(file, F_SETLKW, F_WRLCK, 1, 1));
    check("without waiting it is only taken", -EAGAIN, set(file, F_SETLK, F_WRLCK, 1, 1));
    check("the other still waits", 0, waitpid(child, &status, WNOHANG));
    clear();
    check("until it may", child, waitpid(child, &status, 0));
    check("and has it", 0, status);
    check("its end has freed all", 0, set(file, F_SETLKW, F_WRLCK, 0, 0));
    flock(file, LOCK_EX);
    check_value("interrupted", 0, in_child(interrupted));
    flock(file, LOCK_UN);
    clear();
}

/* ---- locks of the open file: F_OFD_SETLK ---- */

static void of_open_files(void)
{
    int other = open(NAME, O_RDWR), twin = dup(file);
    check("lock of the open file", 0, set(file, F_OFD_SETLK, F_WRLCK, 0, 10));
    check("another open file is another owner", -EAGAIN, set(other, F_OFD_SETLK, F_RDLCK, 5, 1));
    check("a duplicate is not", 0, set(twin, F_OFD_SETLK, F_RDLCK, 5, 1));
    check("a process's lock minds it", -EAGAIN, set(file, F_SETLK, F_WRLCK, 0, 1));
    struct flock what = range(F_WRLCK, 0, 0);
    check("F_OFD_GETLK", 0, fcntl(other, F_OFD_GETLK, &what));
    check_value("has no process to name", -1, what.l_pid);
    check("but a range", 5, what.l_len);
    what = range(F_WRLCK, 0, 0);
    what.l_pid = 5;
    check("l_pid must be 0", -EINVAL, fcntl(file, F_OFD_SETLK, &what));
    close(twin);
    check("closing a duplicate leaves it", -EAGAIN, set(other, F_OFD_SETLK, F_WRLCK, 0, 1));
    check("unlocked", 0, set(file, F_OFD_SETLK, F_UNLCK, 0, 0));
    check("then it is free", 0, set(other, F_OFD_SETLK, F_WRLCK, 0, 1));
    close(other);
    check("the last close frees it", 0, set(file, F_OFD_SETLK, F_WRLCK, 0, 0));
    set(file, F_OFD_SETLK, F_UNLCK, 0, 0);
}

int main(void)
{
    enter_scratch("locks.d");
    file = open(NAME, O_RDWR | O_CREAT, 0600);
    ranges();
    requests();
    life();
    waits();
    of_open_files();
    close(file);
    unlink(NAME);
    return finish("locks.d");
}
