/* probe-script: runs a command on a terminal of its own, as script(1) does.
 *
 * probe-script FILE COMMAND ...: what is typed goes to the new terminal, what is shown there is
 * shown here and kept in FILE.  Ends as the command does. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Passes on what has come.  False: that was all. */
static bool copy(int from, int to, int log)
{
    char text[1024];
    ssize_t length = read(from, text, sizeof text);

    if (length <= 0)
        return false;
    if (write(to, text, (size_t)length) != length)
        fail("write");
    if (log >= 0 && write(log, text, (size_t)length) != length)
        fail("log");
    return true;
}

/* Until the last user of the terminal has gone. */
static void copy_both_ways(int master, int log)
{
    struct pollfd files[] = { { .fd = master, .events = POLLIN },
                              { .fd = STDIN_FILENO, .events = POLLIN } };

    for (;;) {
        if (poll(files, 2, -1) < 0)
            fail("poll");
        if (files[0].revents && !copy(master, STDOUT_FILENO, log))
            return;
        if (files[1].revents && !copy(STDIN_FILENO, master, -1))
            files[1].fd = -1;
    }
}

int main(int count, char **arguments)
{
    struct termios settings, raw;
    struct winsize window;
    int master, status;

    if (count < 3 || tcgetattr(STDIN_FILENO, &settings) != 0)
        return 2;
    ioctl(STDIN_FILENO, TIOCGWINSZ, &window);
    int log = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (log < 0)
        fail(arguments[1]);
    pid_t child = forkpty(&master, NULL, &settings, &window);
    if (child < 0)
        fail("forkpty");
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        fail(arguments[2]);
    }
    raw = settings;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    copy_both_ways(master, log);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
