/* What probes of many checks share: one line for each check, and children to try things in. */
#ifndef CHECKS_OF_PROCESSES_H
#define CHECKS_OF_PROCESSES_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int checks_failed __attribute__((unused));

/* "ok NAME", or what was expected and what came. */
static __attribute__((unused)) void check(const char *name, long expected, long got)
{
    if (expected == got) {
        printf("ok %s\n", name);
    } else {
        printf("FAIL %s: expected %ld, got %ld\n", name, expected, got);
        checks_failed = 1;
    }
    fflush(stdout);
}

static __attribute__((unused)) void check_true(const char *name, int condition)
{
    check(name, 1, condition != 0);
}

/* Whether a call failed with that errno: give it the call's result. */
static __attribute__((unused)) void check_errno(const char *name, int expected, long result)
{
    check(name, expected, result == -1 ? errno : 0);
}

/* Runs `body` in a child; what wait(2) says of it. */
static __attribute__((unused)) int child_status(int (*body)(void))
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(body());
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return status;
}

/* The wait status of a process that ended with `status`, or of one that `signal` killed. */
#define EXITED(status) ((status) << 8)
#define KILLED(signal) (signal)

#endif
