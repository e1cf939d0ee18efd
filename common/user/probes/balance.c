/* probe-balance COMMAND [ARGUMENT]...: runs a command and tells whether the kernel has every page
 * back when it has ended, with everything that it started.
 *
 * What the kernel keeps for speed is dropped before both looks (/proc/sys/vm/drop_caches), and this
 * program touches no new memory in between, so the numbers of free pages are equal or somebody has
 * lost one.  A first run, not counted, brings what stays for good: pages of init's, names of
 * commands.  "-1" leaves it out.  Ends with the command's status, or 99 after a loss. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 100 /* tenths of a second for what the command has left running to end */

static char text[4096];

/* What the file says, in `text`. */
static void read_file(const char *name)
{
    int fd = open(name, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length < 0) {
        perror(name);
        exit(98);
    }
    text[length] = '\0';
    close(fd);
}

/* KiB that are free when nothing is kept for speed. */
static long free_memory(void)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (fd < 0 || write(fd, "3", 1) != 1) {
        perror("/proc/sys/vm/drop_caches");
        exit(98);
    }
    close(fd);
    read_file("/proc/meminfo");
    return atol(strstr(text, "MemFree:") + 8);
}

/* Processes in the system. */
static long processes(void)
{
    read_file("/proc/loadavg");
    return atol(strchr(text, '/') + 1);
}

/* Open files in the system. */
static long files(void)
{
    read_file("/proc/sys/fs/file-nr");
    return atol(text);
}

static int run(char **command)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 98;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void wait_for_quiet(long before)
{
    for (int i = 0; i < PATIENCE && processes() > before; i++)
        usleep(100000);
}

int main(int argc, char **argv)
{
    int warm = argc > 1 && strcmp(argv[1], "-1") == 0;
    char **command = argv + 1 + warm;
    long alive = processes();
    if (!*command)
        return 98;
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (!warm) {
        run(command);
        wait_for_quiet(alive);
    }
    usleep(300000); /* for who reads our output to come to rest */
    free_memory();
    files(); /* so that the stack and `text` are there */
    long open_files = files(), before = free_memory();
    int status = run(command);
    wait_for_quiet(alive);
    long after = free_memory(), lost_files = files() - open_files;
    if (processes() == alive && after == before && lost_files == 0)
        return status;
    printf("FAIL balance: %ld KiB lost, %ld files, %ld processes left\n", before - after,
           lost_files, processes() - alive);
    return 99;
}
