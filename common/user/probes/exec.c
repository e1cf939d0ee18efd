/* probe-exec FILE [ARGUMENT...]: run FILE in a child and say exactly what became of it.
 *
 * A shell hides the errors of execve(): it runs what the kernel refuses as a script.  Prints one of
 * "errno N", "exit N", "signal N". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    int channel[2], status, error = 0;
    pid_t child;

    /* The error comes back through a pipe that a successful execve() closes. */
    if (argc < 2 || pipe2(channel, O_CLOEXEC) != 0)
        return 2;
    child = fork();
    if (child < 0)
        return 2;
    if (child == 0) {
        close(channel[0]);
        execve(argv[1], argv + 1, environ);
        error = errno;
        _exit(write(channel[1], &error, sizeof error) == sizeof error ? 0 : 2);
    }
    close(channel[1]);
    if (read(channel[0], &error, sizeof error) == sizeof error)
        printf("errno %d\n", error);
    if (waitpid(child, &status, 0) != child)
        return 2;
    if (error == 0 && WIFEXITED(status))
        printf("exit %d\n", WEXITSTATUS(status));
    else if (error == 0)
        printf("signal %d\n", WTERMSIG(status));
    return 0;
}
