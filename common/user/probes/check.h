/* What probes share: checks that print a line each, a scratch directory, children.
 *
 * A check compares what Linux answers with what came.  Calls that fail with -1 are told by their
 * errno: -ENOENT and so on. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int failures;

/* What a call returned, or the negative errno if it failed. */
static inline long result(long value)
{
    return value == -1 ? -errno : value;
}

static void check_value(const char *name, long expected, long got)
{
    if (got == expected) {
        printf("ok %s\n", name);
    } else {
        printf("FAIL %s: expected %ld, got %ld\n", name, expected, got);
        failures++;
    }
    fflush(stdout);
}

/* Checks what a call returned: a value, or an errno as a negative number. */
#define check(name, expected, call) check_value(name, expected, result((long)(call)))

/* Goes into a new directory, where the probe makes its files. */
static inline void enter_scratch(const char *name)
{
    umask(022);
    if (mkdir(name, 0755) != 0 || chdir(name) != 0) {
        perror(name);
        exit(2);
    }
}

/* Leaves it, which must be empty again.  The probe's exit status. */
static inline int finish(const char *name)
{
    check("scratch directory removed", 0, chdir("..") == 0 ? rmdir(name) : -1);
    return failures != 0;
}

/* Runs `body` in a child: its exit status, 99 if a check in it failed, or 1000 + the signal that
 * killed it. */
static inline long in_child(void (*body)(void))
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body();
        fflush(stdout);
        _exit(failures ? 99 : 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
