/* probe-stress [bomb]: many processes at once, in a row, in a chain; many signals.  With "bomb" as
 * many as may be, until somebody kills them. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/resource.h>

#include "checks_of_processes.h"

#define ALIVE    300
#define IN_A_ROW 5000

/* All of them exist at the same time, then each answers. */
static void alive(void)
{
    static pid_t children[ALIVE];
    int start[2], answers[2], made = 0, answered = 0, ended = 0, status;
    char byte;
    if (pipe(start) || pipe(answers))
        exit(2);
    for (; made < ALIVE; made++) {
        children[made] = fork();
        if (children[made] < 0)
            break;
        if (children[made] == 0) {
            close(start[1]);
            status = read(start[0], &byte, 1); /* until the parent closes its end */
            _exit(write(answers[1], "x", 1) == 1 ? made & 0x7f : 0x80);
        }
    }
    check("processes made", ALIVE, made);
    close(start[1]);
    while (answered < made && read(answers[0], &byte, 1) == 1)
        answered++;
    check("answers", made, answered);
    for (int i = 0; i < made; i++)
        ended += waitpid(children[i], &status, 0) == children[i] && status == EXITED(i & 0x7f);
    check("right exit statuses", made, ended);
}

static pid_t leave_at_once(int number)
{
    pid_t child = number % 2 ? fork() : vfork();
    if (child == 0)
        _exit(number & 0xff);
    return child;
}

static void in_a_row(void)
{
    int right = 0, status;
    for (int i = 0; i < IN_A_ROW; i++) {
        pid_t child = leave_at_once(i);
        right += child > 0 && waitpid(child, &status, 0) == child && status == EXITED(i & 0xff);
    }
    check("forks in a row", IN_A_ROW, right);
}

/* Every process forks one more, which does the same; each waits for its own. */
static void chain(void)
{
    int status = 0, level = 0;
    pid_t child;
    fflush(stdout);
    while (level < 200 && (child = fork()) == 0)
        level++;
    if (level < 200)
        waitpid(child, &status, 0);
    if (level > 0)
        _exit(status == 0 ? 0 : 1);
    check("a chain of 200", 0, status);
}

/* Signals from many to one, and to many at once. */
static void storm(void)
{
    pid_t children[100], parent = getpid();
    int ended = 0, status;
    signal(SIGUSR1, SIG_IGN);
    for (int i = 0; i < 100; i++) {
        children[i] = fork();
        if (children[i] == 0)
            for (;;)
                kill(parent, SIGUSR1);
    }
    usleep(300000);
    for (int i = 0; i < 100; i++)
        kill(children[i], SIGKILL);
    for (int i = 0; i < 100; i++)
        ended += waitpid(children[i], &status, 0) == children[i] && status == KILLED(SIGKILL);
    check("a hundred senders", 100, ended);
}

/* Until it is killed. */
static void bomb(void)
{
    for (;;)
        fork();
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "bomb"))
        bomb();
    alive();
    in_a_row();
    chain();
    storm();
    return checks_failed;
}
