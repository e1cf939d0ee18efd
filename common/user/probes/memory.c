/* probe-memory: mappings, as mmap(2), mprotect(2), fork(2) and their like have them.  Run it as
 * root in a directory on a tmpfs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

#define PAGE    4096ul
#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf back;

static void caught(int signal, siginfo_t *information, void *context)
{
    (void)context;
    siglongjmp(back, signal * 100 + information->si_code);
}

/* What happens on a touch: 0, or 100 times the signal plus its si_code. */
static long touch(volatile char *address, int writing)
{
    int what = sigsetjmp(back, 1);
    if (what)
        return what;
    if (writing)
        *address = 1;
    else
        (void)*address;
    return 0;
}

#define UNMAPPED (SIGSEGV * 100 + SEGV_MAPERR)
#define REFUSED  (SIGSEGV * 100 + SEGV_ACCERR)
#define BEYOND   (SIGBUS * 100 + BUS_ADRERR)

static long execute(void *address)
{
    int what = sigsetjmp(back, 1);
    if (what)
        return what;
    ((void (*)(void))(uintptr_t)address)();
    return 0;
}

static char *map(size_t pages, int protection, int flags)
{
    return mmap(NULL, pages * PAGE, protection, flags, -1, 0);
}

/* A mapping's address would differ from kernel to kernel. */
static long mapped(void *address)
{
    if (address == MAP_FAILED)
        return -errno;
    return 0;
}

static void test_errors(void)
{
    int file = open("f", O_RDWR | O_CREAT, 0600), reader, writer;
    check("size", 0, ftruncate(file, 2 * PAGE));
    reader = open("f", O_RDONLY);
    writer = open("f", O_WRONLY);
    check_value("length 0", -EINVAL, mapped(map(0, RW, PRIVATE)));
    check_value("no type", -EINVAL, mapped(map(1, RW, MAP_ANONYMOUS)));
    check_value("both types", -EINVAL, mapped(map(1, RW, PRIVATE | MAP_SHARED)));
    check_value("too long", -ENOMEM, mapped(mmap(NULL, 1ul << 47, RW, PRIVATE, -1, 0)));
    check_value("overflowing length", -ENOMEM, mapped(mmap(NULL, ~0ul, RW, PRIVATE, -1, 0)));
    check_value("unaligned offset", -EINVAL, mapped(mmap(NULL, PAGE, RW, MAP_SHARED, file, 100)));
    check_value("no descriptor", -EBADF, mapped(mmap(NULL, PAGE, RW, MAP_SHARED, 99, 0)));
    check_value("fixed unaligned", -EINVAL,
                mapped(mmap((void *)0x10001000800, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0)));
    check_value("fixed in the kernel", -ENOMEM,
                mapped(mmap((void *)0xffff800000000000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0)));
    check_value("fixed across the end", -ENOMEM,
                mapped(mmap((void *)0x7fffffffe000, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0)));
    check_value("shared writable of a read-only file", -EACCES,
                mapped(mmap(NULL, PAGE, RW, MAP_SHARED, reader, 0)));
    check_value("private writable of a read-only file", 0,
                mapped(mmap(NULL, PAGE, RW, MAP_PRIVATE, reader, 0)));
    check_value("of a write-only file", -EACCES,
                mapped(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0)));
    char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
    check("and not made writable later", -EACCES, mprotect(shared, PAGE, RW));
    check("munmap length 0", -EINVAL, munmap(shared, 0));
    check("munmap unaligned", -EINVAL, munmap(shared + 1, PAGE));
    check("munmap kernel", -EINVAL, munmap((void *)0xffff800000000000, PAGE));
    check("munmap overflow", -EINVAL, munmap(shared, ~0ul - PAGE));
    check("munmap of nothing", 0, munmap((void *)0x10000000000, PAGE));
    check("mprotect unaligned", -EINVAL, syscall(SYS_mprotect, shared + 1, PAGE, PROT_READ));
    check("mprotect unmapped", -ENOMEM, mprotect((void *)0x10000000000, PAGE, PROT_READ));
    check("mprotect length 0", 0, mprotect(shared, 0, PROT_READ));
    check("mprotect unknown", -EINVAL, mprotect(shared, PAGE, 0x1000));
    check("msync unaligned", -EINVAL, msync(shared + 1, PAGE, MS_SYNC));
    check("msync both", -EINVAL, msync(shared, PAGE, MS_SYNC | MS_ASYNC));
    check("msync unmapped", -ENOMEM, msync((void *)0x10000000000, PAGE, MS_SYNC));
    check("msync", 0, msync(shared, PAGE, MS_SYNC));
    check("madvise unmapped", -ENOMEM, madvise((void *)0x10000000000, PAGE, MADV_DONTNEED));
    check("madvise unknown", -EINVAL, madvise(shared, PAGE, 12345));
    check("madvise unaligned", -EINVAL, madvise(shared + 1, PAGE, MADV_NORMAL));
    close(file);
    close(reader);
    close(writer);
    unlink("f");
}

static void test_protection(void)
{
    char *area = map(8, RW, PRIVATE);
    for (int i = 0; i < 8; i++)
        area[i * PAGE] = (char)('a' + i);
    check("none in the middle", 0, mprotect(area + 2 * PAGE, PAGE, PROT_NONE));
    check_value("read there", REFUSED, touch(area + 2 * PAGE, 0));
    check_value("write before", 0, touch(area + 2 * PAGE - 1, 1));
    check_value("write after", 0, touch(area + 3 * PAGE, 1));
    check("read only", 0, mprotect(area + 4 * PAGE, 2 * PAGE, PROT_READ));
    check_value("read", 0, touch(area + 5 * PAGE, 0));
    check_value("write", REFUSED, touch(area + 5 * PAGE, 1));
    check("data kept", 'f', area[5 * PAGE]);
    check("all back", 0, mprotect(area, 8 * PAGE, RW));
    check("hidden data kept", 'c', area[2 * PAGE]);
    check_value("write", 0, touch(area + 5 * PAGE, 1));
    memcpy(area, "\xc3", 1); /* ret */
    check_value("execute data", REFUSED, execute(area));
    check("executable", 0, mprotect(area, PAGE, PROT_READ | PROT_EXEC));
    check_value("execute", 0, execute(area));
    check_value("write to it", REFUSED, touch(area, 1));
    check("hole", 0, munmap(area + 3 * PAGE, 2 * PAGE));
    check_value("in the hole", UNMAPPED, touch(area + 4 * PAGE, 0));
    check_value("before the hole", 0, touch(area + 3 * PAGE - 1, 0));
    check_value("behind the hole", 0, touch(area + 5 * PAGE, 0));
    check("mprotect across the hole", -ENOMEM, mprotect(area, 8 * PAGE, PROT_READ));
    check_value("has done the part before it", REFUSED, touch(area + PAGE, 1));
    check_value("and not the one behind", 0, touch(area + 5 * PAGE, 1));
    check_value("null pointer", UNMAPPED, touch((char *)0, 0));
    check_value("kernel address", UNMAPPED,
                touch((char *)0xffffffff80000000, 0) == UNMAPPED
                    ? UNMAPPED
                    : touch((char *)0xffffffff80000000, 0));
    check("unmapped", 0, munmap(area, 8 * PAGE));
    check("twice", 0, munmap(area, 8 * PAGE));
}

/* On x86-64 what can be written can be read: by the program, and by the kernel for it. */
static void test_write_only(void)
{
    int file = open("copy", O_RDWR | O_CREAT, 0600);
    volatile char *area = map(2, PROT_WRITE, PRIVATE);
    check("read a new page that may be written only", 0, area[0]);
    check("the kernel reads another", 1, write(file, (char *)area + PAGE, 1));
    area[0] = 7;
    mprotect((char *)area, PAGE, RW);
    mprotect((char *)area, PAGE, PROT_WRITE);
    check("read an old page", 7, area[0]);
    check("the kernel reads it", 1, write(file, (char *)area, 1));
    munmap((char *)area, 2 * PAGE);
    close(file);
    unlink("copy");
}

static void test_fixed(void)
{
    char *area = map(4, RW, PRIVATE);
    memset(area, 'x', 4 * PAGE);
    char *middle = area + PAGE;
    check("fixed replaces", 1, mmap(middle, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == middle);
    check("by zeros", 0, middle[0] | middle[2 * PAGE - 1]);
    check("and nothing else", 'x', area[PAGE - 1] & area[3 * PAGE]);
    check_value("fixed without replacing", -EEXIST,
                mapped(mmap(middle, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0)));
    munmap(middle, PAGE);
    check("where it is free", 1,
          mmap(middle, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) == middle);
    check("hint taken", 1,
          mmap((void *)0x20000000000, PAGE, RW, PRIVATE, -1, 0) == (void *)0x20000000000);
    check("hint in use", 1,
          mmap((void *)0x20000000000, PAGE, RW, PRIVATE, -1, 0) != (void *)0x20000000000);
    munmap((void *)0x20000000000, PAGE);
    munmap(area, 4 * PAGE);
}

static char *common;

static void child_checks_copies(void)
{
    exit(common[0] == 'p' && common[PAGE] == 0 ? (common[0] = 'c', 7) : 8);
}

static void child_writes_shared(void)
{
    common[0] = 's';
    common[5 * PAGE] = 't';
    exit(0);
}

static void test_fork(void)
{
    common = map(2, RW, PRIVATE);
    common[0] = 'p';
    check("not touched before", 0, common[PAGE]);
    check_value("child sees a copy", 7, in_child(child_checks_copies));
    check("its change is its own", 'p', common[0]);
    pid_t child;
    int ends[2], status;
    char byte = 0;
    check("pipe", 0, pipe(ends));
    child = fork();
    if (child == 0) {
        if (read(ends[0], &byte, 1) != 1)
            _exit(1);
        _exit(common[0] == 'p' ? 0 : 2);
    }
    common[0] = 'n'; /* after fork, before the child looks */
    if (write(ends[1], &byte, 1) != 1)
        exit(2);
    waitpid(child, &status, 0);
    check("parent's change is its own", 0, WEXITSTATUS(status));
    check("and there", 'n', common[0]);
    munmap(common, 2 * PAGE);
    common = map(6, RW, MAP_SHARED | MAP_ANONYMOUS);
    check("read before the child writes", 0, common[0] | common[5 * PAGE]);
    check_value("child writes shared memory", 0, in_child(child_writes_shared));
    check("parent sees it", 's', common[0]);
    check("on every page", 't', common[5 * PAGE]);
    check("half unmapped", 0, munmap(common, PAGE));
    check("the other half stays", 't', common[5 * PAGE]);
    munmap(common, 6 * PAGE);
    close(ends[0]);
    close(ends[1]);
}

static void test_files(void)
{
    char bytes[16] = "";
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
    check("size", 0, ftruncate(fd, 2 * PAGE + 100));
    char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    char *again = mmap(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);
    char *private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, PAGE);
    check("hole reads zeros", 0, shared[0] | again[0] | private[0] | private[PAGE]);
    check("write to the file", 5, pwrite(fd, "hello", 5, PAGE));
    check("shared mapping sees it", 0, memcmp(shared + PAGE, "hello", 5));
    check("so does the other", 0, memcmp(again, "hello", 5));
    check("and the private one", 0, memcmp(private, "hello", 5));
    shared[PAGE] = 'J';
    check("read sees a write to memory", 5, pread(fd, bytes, 5, PAGE));
    check("it", 0, memcmp(bytes, "Jello", 5));
    private[0] = 'P';
    check("private change stays private", 'J', again[0]);
    check("write to the file again", 1, pwrite(fd, "C", 1, PAGE));
    check("private copy stays", 'P', private[0]);
    check("and its second page follows the file", 1, pwrite(fd, "2", 1, 2 * PAGE));
    check("as long as it is not copied", '2', private[PAGE]);
    check("behind the end, in the last page", 0, touch(shared + 2 * PAGE + 200, 1));
    check_value("behind the last page", BEYOND, touch(shared + 3 * PAGE, 0));
    check_value("writing there", BEYOND, touch(shared + 3 * PAGE, 1));
    check("read into a mapping from the same file", 100, pread(fd, shared + PAGE, 100, 0));
    check("write from a mapping into its own hole", PAGE, pwrite(fd, shared, PAGE, 0));
    check("file cut", 0, ftruncate(fd, PAGE));
    check_value("mapping cut", BEYOND, touch(again, 0));
    check_value("private copy cut", BEYOND, touch(private, 0));
    check("file read into what was cut", -EFAULT, pread(fd, again, 10, 0));
    check("unlinked", 0, unlink("f"));
    shared[1] = 'u';
    close(fd);
    check("mapping outlives name and descriptor", 'u', shared[1]);
    munmap(shared, 4 * PAGE);
    munmap(again, PAGE);
    munmap(private, 2 * PAGE);
}

static void test_break(void)
{
    char *old = sbrk(0);
    char *start = (char *)syscall(SYS_brk, 0);
    check("break", 1, old == start || old != NULL);
    char *more = (char *)syscall(SYS_brk, start + 10 * PAGE);
    check("break up", 10 * PAGE, more - start);
    start[9 * PAGE] = 'b';
    check("break down", 1, (char *)syscall(SYS_brk, start + PAGE) == start + PAGE);
    check_value("gone", UNMAPPED, touch(start + 9 * PAGE, 0));
    check("up again", 1, (char *)syscall(SYS_brk, start + 10 * PAGE) == start + 10 * PAGE);
    check("zeros", 0, start[9 * PAGE]);
    check("too far", 1, (char *)syscall(SYS_brk, 0x7ffffffff000) == start + 10 * PAGE);
    check("below the start", 1, (char *)syscall(SYS_brk, 4096) == start + 10 * PAGE);
    syscall(SYS_brk, start);
}

static void test_advice(void)
{
    char *area = map(4, RW, PRIVATE);
    memset(area, 'x', 4 * PAGE);
    check("don't need", 0, madvise(area + PAGE, 2 * PAGE, MADV_DONTNEED));
    check("zeros", 0, area[PAGE] | area[3 * PAGE - 1]);
    check("the rest stays", 'x', area[0] & area[3 * PAGE]);
    munmap(area + PAGE, PAGE);
    check("don't need with a hole", -ENOMEM, madvise(area, 4 * PAGE, MADV_DONTNEED));
    munmap(area, 4 * PAGE);
}

static __attribute__((noinline)) unsigned deep(unsigned levels)
{
    volatile char room[4000];
    room[0] = (char)levels;
    return levels ? deep(levels - 1) + (unsigned char)room[0] : 0;
}

static void overflow_stack(void)
{
    struct rlimit limit = { 1 << 20, 1 << 20 };
    setrlimit(RLIMIT_STACK, &limit);
    for (int i = SIGSEGV; i == SIGSEGV; i++)
        signal(i, SIG_DFL);
    exit(deep(1000) ? 1 : 0);
}

static void use_stack(void)
{
    exit(deep(1000) ? 7 : 8);
}

static void big_local(void)
{
    volatile char *below = (volatile char *)__builtin_frame_address(0) - (4 << 20);
    *below = 1;
    exit(*below + 6);
}

static void test_stack(void)
{
    check_value("4 MB of stack", 7, in_child(use_stack));
    check_value("stack limit", 1000 + SIGSEGV, in_child(overflow_stack));
    check_value("far below the stack pointer", 7, in_child(big_local));
}

static unsigned lines_in_maps(void)
{
    char buffer[8192];
    unsigned lines = 0;
    ssize_t size;
    int fd = open("/proc/self/maps", O_RDONLY);
    while ((size = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < size; i++)
            lines += buffer[i] == '\n';
    close(fd);
    return lines;
}

static void test_maps(void)
{
    char *area = mmap((void *)0x30000000000, 8 * PAGE, RW, PRIVATE, -1, 0);
    unsigned before = lines_in_maps();
    mprotect(area + 2 * PAGE, PAGE, PROT_READ);
    check("split in three", 2, lines_in_maps() - before);
    mprotect(area + 3 * PAGE, PAGE, PROT_READ);
    check("neighbours joined", 2, lines_in_maps() - before);
    mprotect(area, 8 * PAGE, RW);
    check("joined again", 0, lines_in_maps() - before);
    munmap(area + PAGE, PAGE);
    check("hole", 1, lines_in_maps() - before);
    if (mmap(area + PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) != area + PAGE)
        exit(2);
    check("filled", 0, lines_in_maps() - before);
    munmap(area, 8 * PAGE);
    check_value("gone", -1, (int)(lines_in_maps() - before));
}

static void over_the_limit(void)
{
    struct rlimit limit = { 64 << 20, 64 << 20 };
    setrlimit(RLIMIT_AS, &limit);
    check_value("within RLIMIT_AS", 0, mapped(map(1000, RW, PRIVATE)));
    check_value("beyond RLIMIT_AS", -ENOMEM, mapped(map(64 << 8, RW, PRIVATE)));
}

int main(void)
{
    static char handler_stack[65536];
    stack_t alternate = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
    struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaltstack(&alternate, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    enter_scratch("memory.d");
    test_errors();
    test_protection();
    test_write_only();
    test_fixed();
    test_fork();
    test_files();
    test_break();
    test_advice();
    test_stack();
    test_maps();
    check_value("address space limit", 0, in_child(over_the_limit));
    return finish("memory.d");
}
