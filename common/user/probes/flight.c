/* probe-flight SEED STEPS: random traffic of sockets through sockets.
 *
 * Two processes share a few pairs and listeners and do to them, at random, what programs do: send
 * sockets through each other, themselves included, receive some, look, connect, accept, shut down,
 * close.  What each call answers is nobody's business; under probe-balance it shows that whatever
 * circles there were in the end, nothing is lost.  Prints how many descriptors were passed. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/wait.h>

#include "sockets.h"

#define FDS 24 /* descriptors that are played with, from 3 on */

static uint64_t state;
static unsigned passed;
static char data[30000];

static unsigned draw(unsigned limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * 0x2545f4914f6cdd1dull >> 33) % limit);
}

static int any(void)
{
    return 3 + (int)draw(FDS);
}

/* Keeps a new descriptor in a random place, so that there are never too many. */
static void keep(int fd)
{
    int place = any();
    if (fd < 0 || fd == place)
        return;
    dup2(fd, place);
    if (fd >= 3 + FDS)
        close(fd);
}

static void make(void)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    int fds[2];
    if (socketpair(AF_UNIX, types[draw(3)] | SOCK_NONBLOCK, 0, fds) != 0)
        return;
    keep(fds[0]);
    keep(fds[1]);
}

static void pass(void)
{
    int files[8], count = 1 + (int)draw(8);
    for (int i = 0; i < count; i++)
        files[i] = any();
    if (send_files(any(), data, draw(3) ? draw(20) : draw(sizeof data), files, count) >= 0)
        passed += (unsigned)count;
}

static void receive(void)
{
    int files[8], count, flags;
    receive_files(any(), data, draw(3) ? draw(20) : sizeof data, files, (int)draw(9), &count,
                  draw(4) ? 0 : MSG_PEEK, &flags);
    for (int i = 0; i < count; i++)
        keep(files[i]);
}

static void name_and_connect(void)
{
    static const char *const names[] = { "@flight1", "@flight2", "@flight3" };
    const char *name = names[draw(3)];
    int fd = any();
    switch (draw(4)) {
    case 0:
        keep(socket(AF_UNIX, (draw(2) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0));
        break;
    case 1:
        bind_to(fd, name);
        listen(fd, (int)draw(3));
        break;
    case 2:
        connect_to(fd, name);
        break;
    case 3:
        keep(accept4(fd, NULL, NULL, SOCK_NONBLOCK));
    }
}

static void step(void)
{
    switch (draw(12)) {
    case 0:
    case 1:
        make();
        break;
    case 2:
    case 3:
    case 4:
        pass();
        break;
    case 5:
    case 6:
        receive();
        break;
    case 7:
    case 8:
        name_and_connect();
        break;
    case 9:
        close(any());
        break;
    case 10:
        if (draw(3) == 0)
            shutdown(any(), (int)draw(3));
        break;
    case 11:
        poll_now(any());
        if (read(any(), data, draw(100)) < 0 && draw(2))
            send(any(), data, draw(100), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 10) * 2 + 1;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 100 });
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    for (int i = 0; i < 8; i++)
        make();
    pid_t child = fork();
    if (child == 0)
        state += 1000;
    for (long i = 0; i < atol(argv[2]); i++)
        step();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    printf("%u passed\n", passed);
    return passed == 0;
}
