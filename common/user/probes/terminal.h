/* What probes of terminals share: pairs of a pseudo-terminal's two sides, reading with patience,
 * sessions on a terminal. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

#define PATIENCE 3000 /* milliseconds to wait for what must come */

static inline void print_text(const char *text)
{
    for (; *text; text++)
        printf(*text < ' ' || *text > '~' ? "\\%03o" : "%c", (unsigned char)*text);
}

static inline void check_text(const char *name, const char *wanted, const char *got)
{
    if (strcmp(wanted, got) == 0) {
        printf("ok %s\n", name);
        fflush(stdout);
        return;
    }
    printf("FAIL %s: expected ", name);
    print_text(wanted);
    printf(", got ");
    print_text(got);
    printf("\n");
    fflush(stdout);
    failures++;
}

/* ---- tools ---- */

struct pair {
    int master, slave;
    char name[64];
};

static inline void open_master(struct pair *pair)
{
    pair->slave = -1;
    pair->master = posix_openpt(O_RDWR | O_NOCTTY);
    if (pair->master < 0 || grantpt(pair->master) != 0 || unlockpt(pair->master) != 0 ||
        ptsname_r(pair->master, pair->name, sizeof pair->name) != 0) {
        printf("FAIL open_master: %s\n", strerror(errno));
        exit(1);
    }
}

static inline void open_pair(struct pair *pair)
{
    open_master(pair);
    pair->slave = open(pair->name, O_RDWR | O_NOCTTY);
}

static inline void close_pair(struct pair *pair)
{
    close(pair->master);
    if (pair->slave >= 0)
        close(pair->slave);
}

static inline short poll_now(int fd, short events, int patience)
{
    struct pollfd file = { .fd = fd, .events = events };

    return poll(&file, 1, patience) < 0 ? -1 : file.revents;
}

/* Reads until there are `size` bytes or nothing more comes; as a string. */
static inline const char *read_text(int fd, size_t size)
{
    static char text[4096];
    size_t length = 0;

    while (length < size && (poll_now(fd, POLLIN, PATIENCE) & POLLIN)) {
        ssize_t got = read(fd, text + length, size - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    return text;
}

static inline void type(const struct pair *pair, const char *text)
{
    if (write(pair->master, text, strlen(text)) != (ssize_t)strlen(text))
        printf("FAIL type\n");
}

static inline void set_raw(int fd)
{
    struct termios settings;

    tcgetattr(fd, &settings);
    cfmakeraw(&settings);
    tcsetattr(fd, TCSANOW, &settings);
}

static inline void set_echo(int fd, bool on)
{
    struct termios settings;

    tcgetattr(fd, &settings);
    settings.c_lflag = on ? settings.c_lflag | ECHO : settings.c_lflag & ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSANOW, &settings);
}

/* The child becomes leader of a session on the terminal, and says so through the terminal. */
static inline pid_t start_session(struct pair *pair, int (*run)(struct pair *))
{
    fflush(stdout);
    pid_t child = fork();

    if (child != 0)
        return child;
    close(pair->master);
    if (pair->slave >= 0)
        close(pair->slave);
    setsid();
    failures = 0;
    pair->slave = open(pair->name, O_RDWR);
    _exit(pair->slave < 0 ? 99 : run(pair));
}

static inline void tell(const struct pair *pair, const char *text)
{
    if (write(pair->slave, text, strlen(text)) < 0)
        _exit(98);
}

/* A status of wait(2) as one number: the exit status, or 1000 + the signal (2000: stopped). */
static inline long reported(pid_t child, int options)
{
    int status;

    if (waitpid(child, &status, options) != child)
        return -errno;
    if (WIFSTOPPED(status))
        return 2000 + WSTOPSIG(status);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
