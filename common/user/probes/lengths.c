/* probe-lengths: every system call that is given a length, a count or a size answers as Linux does
 * when it is nothing, negative, or so large that a sum with it wraps.  All other arguments are good.
 *
 *   probe-lengths         runs the checks; as root, in a directory of a tmpfs
 *   probe-lengths print   prints what the table's last column would be on this kernel */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "check.h"

#define PAGE    4096l
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define PLACE   ((void *)0x30000000000) /* far from everything else */

/* In the place of an argument: the length under test, or the page at the end of which no more is
 * mapped. */
#define HERE   0x48455245l
#define BUFFER 0x42554646l

/* Instead of a result: depends on the size of the machine, or would harm it. */
#define ANY 0x414e59l

/* The end of a row: a length with which the sum of page and length wraps to the page before. */
static const struct {
    const char *name;
    uint64_t value;
} lengths[] = {
    { "0", 0 },
    { "-1", UINT64_MAX },
    { "INT_MAX", INT_MAX },
    { "INT_MAX + 1", INT_MAX + 1ul },
    { "UINT_MAX", UINT_MAX },
    { "2^47", 1ul << 47 },
    { "LONG_MAX", LONG_MAX },
    { "the last page", UINT64_MAX - 4095 },
};

#define LENGTHS (sizeof lengths / sizeof *lengths)

struct call {
    const char *name;
    long number;
    long arguments[6];
    long expected[LENGTHS];
};

static char *page; /* one of memory, then nothing */
static struct timespec soon = { 0, 1000 };
static struct timeval soon_too = { 0, 1000 };
static struct iovec segment; /* of the length under test */
static struct flock lock;
static struct msghdr header; /* with a count of segments, or of other bytes, under test */
static struct msghdr header_too;
static int length_too;
static uint64_t signals = 1 << 9;

#define FD       3 /* "f" with ten bytes, open for reading and writing */
#define DIR      4
#define PIPE     5 /* its reading end; nothing is in it */
#define EPOLL    7
#define STREAM   8  /* a socket with ten bytes to read */
#define DATAGRAM 10 /* the same as one */
#define TARGET   20 /* for dup2(2) */

/* clang-format off: a table */
static const struct call calls[] = {
#include "lengths_table.h"
};
/* clang-format on */

static long call_with(const struct call *call, uint64_t length)
{
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = call->arguments[i] == HERE     ? (long)length
               : call->arguments[i] == BUFFER ? (long)page
                                              : call->arguments[i];
    segment = (struct iovec){ page, length };
    header = (struct msghdr){ .msg_iov = &segment };
    memcpy((char *)&header + 24, &length, 8); /* msg_iovlen, which the C library cuts */
    header_too = (struct msghdr){ .msg_control = page };
    memcpy((char *)&header_too + 40, &length, 8); /* msg_controllen */
    length_too = (int)length;
    lock = (struct flock){ .l_type = F_RDLCK, .l_start = 1, .l_len = (off_t)length };
    if (ftruncate(FD, 0) || pwrite(FD, "0123456789", 10, 0) != 10)
        return -1000;
    lseek(FD, 0, SEEK_SET);
    lseek(DIR, 0, SEEK_SET);
    long got = result(syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]));
    int is_address = call->number == SYS_mmap || call->number == SYS_mremap;
    return is_address && got > 0 ? 1 : got;
}

static int is_pair_set_up(int type, int first)
{
    int ends[2];
    return socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0 && ends[0] == first &&
           write(ends[1], "0123456789", 10) == 10;
}

/* As it was before, whatever a call has left behind: descriptors, mappings, another content of the page. */
static int is_set_up(void)
{
    int ends[2];
    syscall(SYS_close_range, 3, ~0u, 0);
    if (page)
        munmap(page, PAGE);
    page = mmap(PLACE, 2 * PAGE, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED, -1, 0);
    if (page == MAP_FAILED || munmap(page + PAGE, PAGE))
        return 0;
    memset(page, 0, PAGE);
    return open("f", O_RDWR | O_CREAT | O_TRUNC, 0600) == FD && open(".", O_RDONLY) == DIR &&
           pipe(ends) == 0 && ends[0] == PIPE && epoll_create1(0) == EPOLL &&
           is_pair_set_up(SOCK_STREAM, STREAM) && is_pair_set_up(SOCK_DGRAM, DATAGRAM);
}

static void try(const struct call *call, size_t i)
{
    char name[100];
    if (call->expected[i] == ANY)
        return;
    fflush(stdout);
    if (!is_set_up())
        exit(2);
    long got = call_with(call, lengths[i].value);
    snprintf(name, sizeof name, "%s: %s", call->name, lengths[i].name);
    if (got != call->expected[i])
        check_value(name, call->expected[i], got);
}

static void print(const struct call *call)
{
    printf("%s: {", call->name);
    for (size_t i = 0; i < LENGTHS; i++) {
        fflush(stdout);
        if (call->expected[i] == ANY)
            printf(" ANY,");
        else if (is_set_up())
            printf(" %ld,", call_with(call, lengths[i].value));
    }
    printf(" }\n");
}

int main(int argc, char **argv)
{
    int prints = argc > 1 && strcmp(argv[1], "print") == 0;
    enter_scratch("lengths.d");
    symlink("somewhere", "link");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int before = failures;
        if (prints) {
            print(&calls[i]);
            continue;
        }
        for (size_t j = 0; j < LENGTHS; j++)
            try(&calls[i], j);
        if (failures == before)
            printf("ok %s\n", calls[i].name);
    }
    unlink("f");
    unlink("link");
    return finish("lengths.d");
}
