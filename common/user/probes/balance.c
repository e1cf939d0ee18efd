/* probe-balance COMMAND [ARGUMENT]...: runs a command and tells whether the kernel has everything
 * back when it has ended, with all that it started: pages, inodes, dentries, open files, processes.
 *
 * What the kernel keeps for speed is dropped before both looks (/proc/sys/vm/drop_caches), and this
 * program touches no new memory in between, so the numbers are equal or somebody has lost one.  A
 * first run, not counted, brings what stays for good: pages of init's, names of commands.  "-1"
 * leaves it out.  "-w SECONDS" waits so long for what comes back by a timer, as a closed connection
 * does.  Ends with the command's status, or 99 after a loss. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 100 /* tenths of a second for what the command has left running to end */

/* What the kernel counts. */
struct account {
    long pages; /* KiB in use */
    long inodes, dentries, files, processes;
};

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

static void drop_caches(void)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (fd < 0 || write(fd, "3", 1) != 1) {
        perror("/proc/sys/vm/drop_caches");
        exit(98);
    }
    close(fd);
}

/* The file's first number. */
static long first_number(const char *name)
{
    read_file(name);
    return atol(text);
}

/* Processes in the system. */
static long processes(void)
{
    read_file("/proc/loadavg");
    return atol(strchr(text, '/') + 1);
}

/* Every field is the file's own number of things, those included that reading it takes: these are
 * the same each time. */
static void take_account(struct account *account)
{
    drop_caches();
    account->dentries = first_number("/proc/sys/fs/dentry-state");
    account->inodes = first_number("/proc/sys/fs/inode-nr");
    account->files = first_number("/proc/sys/fs/file-nr");
    account->processes = processes();
    drop_caches();
    read_file("/proc/meminfo");
    account->pages = atol(strstr(text, "MemTotal:") + 9) - atol(strstr(text, "MemFree:") + 8);
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

/* Takes an account that is the same a second later, if one comes within so many seconds. */
static void take_settled(struct account *account, int seconds)
{
    static struct account earlier;
    take_account(account);
    do {
        earlier = *account;
        if (seconds > 0)
            sleep(1);
        take_account(account);
    } while (seconds-- > 0 && memcmp(&earlier, account, sizeof earlier) != 0);
}

/* Looks again each second, so many times at most, until all is as before. */
static void wait_for_timers(const struct account *before, struct account *after, int seconds)
{
    take_account(after);
    while (seconds-- > 0 && memcmp(before, after, sizeof *before) != 0) {
        sleep(1);
        take_account(after);
    }
}

int main(int argc, char **argv)
{
    static struct account before, after;
    int warm = argc > 1 && strcmp(argv[1], "-1") == 0, seconds = 0;
    char **command = argv + 1 + warm;
    if (argc > 3 + warm && strcmp(*command, "-w") == 0) {
        seconds = atoi(command[1]);
        command += 2;
    }
    long alive = processes();
    if (!*command)
        return 98;
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (!warm) {
        run(command);
        wait_for_quiet(alive);
    }
    usleep(300000);       /* for who reads our output to come to rest */
    take_account(&after); /* so that the stack, `text` and `after` are there */
    take_settled(&before, seconds);
    int status = run(command);
    wait_for_quiet(alive);
    wait_for_timers(&before, &after, seconds);
    if (memcmp(&before, &after, sizeof before) == 0)
        return status;
    printf("FAIL balance: lost %ld KiB, %ld inodes, %ld dentries, %ld files, %ld processes\n",
           after.pages - before.pages, after.inodes - before.inodes,
           after.dentries - before.dentries, after.files - before.files,
           after.processes - before.processes);
    return 99;
}
