/* probe-eater HOW: takes memory until there is no more.
 *
 *   touch    touches new pages until it is killed
 *   map      the same with one file mapping that grows
 *   fork     children that each touch a little and wait, until fork() fails; then ends them
 *   pipes    fills pipes until something fails, then closes them
 *   sockets  the same with sockets
 *   files    opens files until something fails
 *   keep N   touches N MiB, says so, and waits to be killed
 *
 * Ends with status 0 where the kernel said no in an orderly way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define PIECE (1 << 20)

static char *take(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    for (size_t i = 0; i < size; i += PAGE)
        memory[i] = 1;
    return memory;
}

static int touch(void)
{
    while (take(PIECE))
        continue;
    return 1;
}

static int map(void)
{
    int fd = open("eaten", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || unlink("eaten") != 0 || ftruncate(fd, 1l << 40) != 0)
        return 2;
    char *memory = mmap(NULL, 1l << 40, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (size_t i = 0;; i += PAGE)
        memory[i] = 1;
}

/* Each takes a quarter of a MiB and waits.  Those that the kernel ends have done no wrong. */
static int forks(void)
{
    static pid_t children[8192];
    int count = 0, status, ended = 0;
    while (count < 8192) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            take(PIECE / 4);
            for (;;)
                pause();
        }
        children[count++] = child;
        sched_yield();
        if (waitpid(-1, &status, WNOHANG) > 0 && ++ended > 20)
            break;
    }
    for (int i = 0; i < count; i++)
        kill(children[i], SIGKILL);
    while (waitpid(-1, &status, 0) > 0)
        ended += WIFSIGNALED(status);
    return count > 10 && ended == count ? 0 : 1;
}

static int pipes(void)
{
    static char data[65536];
    struct rlimit limit = { 4096, 4096 };
    int ends[2], made = 0;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (pipe2(ends, O_NONBLOCK) == 0) {
        made++;
        if (write(ends[1], data, sizeof data) < 0 && errno != EAGAIN)
            break;
    }
    return made > 10 ? 0 : 1;
}

static int sockets(void)
{
    static char data[65536];
    struct rlimit limit = { 4096, 4096 };
    int ends[2], made = 0;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (socketpair(AF_UNIX, (made % 2 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0, ends) ==
           0) {
        made++;
        while (write(ends[0], data, sizeof data) > 0)
            continue;
        if (errno != EAGAIN)
            break;
    }
    return made > 10 ? 0 : 1;
}

static int files(void)
{
    struct rlimit limit = { 4096, 4096 };
    pid_t children[64];
    int opened = 0;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < 64; i++) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            while (open("/dev/null", O_RDONLY) >= 0)
                continue;
            pause();
        }
        children[opened++] = child;
    }
    usleep(500000);
    for (int i = 0; i < opened; i++)
        kill(children[i], SIGKILL);
    while (wait(NULL) > 0)
        continue;
    return opened > 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    if (strcmp(how, "touch") == 0)
        return touch();
    if (strcmp(how, "map") == 0)
        return map();
    if (strcmp(how, "fork") == 0)
        return forks();
    if (strcmp(how, "pipes") == 0)
        return pipes();
    if (strcmp(how, "sockets") == 0)
        return sockets();
    if (strcmp(how, "files") == 0)
        return files();
    if (argc == 3 && strcmp(how, "keep") == 0) {
        if (!take((size_t)atoi(argv[2]) << 20))
            return 1;
        puts("taken");
        fflush(stdout);
        for (;;)
            pause();
    }
    return 2;
}
