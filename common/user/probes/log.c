/* probe-log: the kernel's log, by /dev/kmsg (Linux: Documentation/ABI/testing/dev-kmsg) and by
 * syslog(2).  Runs as root.  The console is kept silent meanwhile. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "check.h"

enum { READ = 2, READ_ALL, READ_CLEAR, CLEAR, CONSOLE_OFF, CONSOLE_ON, LEVEL, UNREAD, SIZE };

#define RECORD 8192
#define ALL    (1 << 20)

static char text[ALL + 1];
static void *volatile bad_address = (void *)8;

static long log_call(int type, void *data, long size)
{
    return result(syscall(SYS_syslog, type, data, size));
}

static void check_end(const char *name, const char *wanted, long length)
{
    text[length > 0 ? length : 0] = '\0';
    const char *got = strlen(text) < strlen(wanted) ? text : text + strlen(text) - strlen(wanted);
    check(name, 0, strcmp(wanted, got));
}

static void say(const char *name, const char *words)
{
    int fd = open("/dev/kmsg", O_WRONLY);
    check(name, (long)strlen(words), write(fd, words, strlen(words)));
    close(fd);
}

static long next(int fd)
{
    return result(read(fd, text, RECORD));
}

/* Reads until there is nothing more; a record that was lost meanwhile is none. */
static void go_to_end(int fd)
{
    long got;
    do
        got = next(fd);
    while (got > 0 || got == -EPIPE);
}

/* The fields before the text: "priority,sequence,microseconds,-;". */
static long field(int number)
{
    const char *at = text;
    while (number-- > 0)
        at = strchr(at, ',') + 1;
    return atol(at);
}

static void records(int fd)
{
    go_to_end(fd);
    check("nothing to read", -EAGAIN, next(fd));
    say("a record", "<7>one\n");
    check_end("it is there", ";one\n", next(fd));
    check("its priority", 8 + 7, field(0)); /* LOG_USER, LOG_DEBUG */
    long sequence = field(1), time = field(2);
    say("without a priority", "two\n");
    check_end("what was said", ",-;two\n", next(fd));
    check("the default priority", 8 + 4, field(0));
    check("the next number", sequence + 1, field(1));
    check("time goes on", 1, field(2) >= time);
    say("with a facility", "<30>three\n");
    check_end("it is the text", ";three\n", next(fd));
    check("daemon, info", 30, field(0));
    say("no number", "<x>four\n");
    check_end("it is text", ";<x>four\n", next(fd));
    say("control characters", "<15>a\tb\033c\\d\n");
    check_end("they are escaped", ";a\\x09b\\x1bc\\x5cd\n", next(fd));
    check("nothing more", -EAGAIN, next(fd));
}

/* A file that is opened begins with the oldest record that there is, cleared or not. */
static void oldest(void)
{
    check("clear", 0, log_call(CLEAR, NULL, 0));
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    check("small buffer", -EINVAL, read(fd, text, 5));
    check("bad address", -EFAULT, read(fd, bad_address, RECORD));
    check("and still there", 1, next(fd) > 0);
    check("control", -ENOTTY, ioctl(fd, TIOCGWINSZ, text));
    close(fd);
}

static void limits(void)
{
    static char long_text[2048];
    int fd = open("/dev/kmsg", O_WRONLY);
    memset(long_text, 'x', sizeof long_text);
    check("too long", -EINVAL, write(fd, long_text, sizeof long_text));
    check("from a bad address", -EFAULT, write(fd, bad_address, 10));
    check("not readable", -EBADF, next(fd));
    close(fd);
}

static void say_later(const char *words)
{
    fflush(stdout);
    if (fork() == 0) {
        usleep(150000);
        int fd = open("/dev/kmsg", O_WRONLY);
        _exit(write(fd, words, strlen(words)) != (ssize_t)strlen(words));
    }
}

static void join(void)
{
    int status = -1;
    wait(&status);
    check("who said it", 0, status);
}

static void waiting(int fd)
{
    struct pollfd file = { fd, POLLIN, 0 };
    go_to_end(fd);
    check("poll at the end", 0, poll(&file, 1, 0));
    say_later("<7>five\n");
    check("poll waits", 1, poll(&file, 1, 3000));
    check("for a record", POLLIN, file.revents);
    check_end("this one", ";five\n", next(fd));
    join();
    fcntl(fd, F_SETFL, 0);
    say_later("<7>six\n");
    check_end("read waits", ";six\n", next(fd));
    join();
}

static void unread(void)
{
    while (log_call(UNREAD, NULL, 0) > 0)
        log_call(READ, text, ALL);
    check("all is read", 0, log_call(UNREAD, NULL, 0));
    say("another", "<7>seven\n");
    check("it is not read", 1, log_call(UNREAD, NULL, 0) > 10);
    long length = log_call(READ, text, ALL);
    check("its level", 0, strncmp(text, "<15>[", 5));
    check_end("its end", "] seven\n", length);
    say_later("<7>eight\n");
    check_end("syslog waits", "] eight\n", log_call(READ, text, ALL));
    join();
    check("read into nothing", -EINVAL, log_call(READ, NULL, 10));
    check("read less than nothing", -EINVAL, log_call(READ, text, -1));
    check("read no bytes", 0, log_call(READ, text, 0));
    check("all, into nothing", -EINVAL, log_call(READ_ALL, NULL, 10));
    check("all, no bytes", 0, log_call(READ_ALL, text, 0));
    check_end("all", "] eight\n", log_call(READ_ALL, text, ALL));
    check("all, and clear", 1, log_call(READ_CLEAR, text, ALL) > 0);
    check("it is cleared", 0, log_call(READ_ALL, text, ALL));
    say("once more", "<7>nine\n");
    check("clear alone", 0, log_call(CLEAR, NULL, 0));
    check("it has gone", 0, log_call(READ_ALL, text, ALL));
    check("size of the buffer", 1, log_call(SIZE, NULL, 0) > 4096);
    check("level 0", -EINVAL, log_call(LEVEL, NULL, 0));
    check("level 9", -EINVAL, log_call(LEVEL, NULL, 9));
    check("no such action", -EINVAL, log_call(11, NULL, 0));
}

int main(void)
{
    check("silence", 0, log_call(CONSOLE_OFF, NULL, 0));
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    records(fd);
    oldest();
    limits();
    waiting(fd);
    close(fd);
    unread();
    check("no more silence", 0, log_call(CONSOLE_ON, NULL, 0));
    return failures != 0;
}
