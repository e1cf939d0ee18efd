/* probe-remap: mremap(2), mlock(2), mincore(2) and madvise(2)'s advice about fork.  Run it as root. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

#define PAGE    4096ul
#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* Raw: C libraries check some arguments themselves. */
static char *remap(void *from, size_t old, size_t new, int flags, void *to)
{
    return (char *)syscall(SYS_mremap, from, old, new, flags, to);
}

#define remap_error(from, old, new, flags, to) result((long)remap(from, old, new, flags, to))

static char *map(size_t pages)
{
    char *at = mmap(NULL, pages * PAGE, RW, PRIVATE, -1, 0);
    if (at == MAP_FAILED)
        exit(2);
    return at;
}

/* Numbers the pages, and counts those that have not their number. */
static void number(char *at, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        at[i * PAGE] = (char)(i + 1);
}

static long wrong(const char *at, size_t pages)
{
    long count = 0;
    for (size_t i = 0; i < pages; i++)
        count += at[i * PAGE] != (char)(i + 1);
    return count;
}

static void test_errors(void)
{
    char *at = map(4);
    check("odd address", -EINVAL, remap_error(at + 1, PAGE, PAGE, 0, NULL));
    check("no new size", -EINVAL, remap_error(at, PAGE, 0, 0, NULL));
    check("unknown flag", -EINVAL, remap_error(at, PAGE, PAGE, 64, NULL));
    check("fixed, but may not move", -EINVAL, remap_error(at, PAGE, PAGE, MREMAP_FIXED, at));
    check("onto itself", -EINVAL,
          remap_error(at, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, at + PAGE));
    check("nothing there", -EFAULT, remap_error((char *)0x10000, PAGE, 2 * PAGE, 1, NULL));
    check("beyond the end of the mapping", -EFAULT, remap_error(at, 64 * PAGE, 65 * PAGE, 1, NULL));
    check("a second one of private memory", -EINVAL, remap_error(at, 0, PAGE, 1, NULL));
    munmap(at, 4 * PAGE);
}

static void test_sizes(void)
{
    char *room = map(16), *at = room;
    munmap(room + 4 * PAGE, 12 * PAGE);
    number(at, 4);
    check("same size", 0, remap(at, 4 * PAGE, 4 * PAGE, 0, NULL) - at);
    check("shrink", 0, remap(at, 4 * PAGE, 2 * PAGE, 0, NULL) - at);
    check("the end is gone", -ENOMEM, result(msync(at + 2 * PAGE, PAGE, MS_ASYNC)));
    check("grow in place", 0, remap(at, 2 * PAGE, 8 * PAGE, 0, NULL) - at);
    check("pages kept", 0, wrong(at, 2));
    check("new pages are empty", 0, at[7 * PAGE]);
    char *wall = mmap(at + 8 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0);
    mprotect(wall, PAGE, PROT_READ);
    number(at, 8);
    check("no room, may not move", -ENOMEM, remap_error(at, 8 * PAGE, 9 * PAGE, 0, NULL));
    char *moved = remap(at, 8 * PAGE, 100 * PAGE, MREMAP_MAYMOVE, NULL);
    check("moved", 1, moved != at && (long)moved > 0);
    check("pages came along", 0, wrong(moved, 8));
    check("nothing left behind", -ENOMEM, result(msync(at, PAGE, MS_ASYNC)));
    char *fixed = map(8);
    number(fixed, 8);
    check("to a given place", 0,
          remap(moved, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, fixed) - fixed);
    check("pages came along", 0, wrong(fixed, 8));
    check("the rest stayed", 0, result(msync(moved + 8 * PAGE, 92 * PAGE, MS_ASYNC)));
    munmap(moved + 8 * PAGE, 92 * PAGE);
    char *part = remap(fixed + 2 * PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, NULL);
    check("out of the middle", 3, part[0]);
    check("a hole there", -ENOMEM, result(msync(fixed + 2 * PAGE, PAGE, MS_ASYNC)));
    check("what is behind it stayed", 5, fixed[4 * PAGE]);
    munmap(part, 3 * PAGE);
    munmap(fixed, 8 * PAGE);
    munmap(wall, PAGE);
}

/* What is moved is pages, not addresses: the second is many, the first few. */
static void test_huge(void)
{
    size_t size = 1ul << 44;
    char *at = mmap(NULL, size, RW, PRIVATE | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        exit(2);
    at[0] = 1;
    at[size - 1] = 2;
    char *moved = remap(at, size, size + PAGE, MREMAP_MAYMOVE, NULL);
    check("16 TiB moved", 1, (long)moved > 0);
    check("the first page", 1, moved[0]);
    check("the last page", 2, moved[size - 1]);
    munmap(moved, size + PAGE);
}

static void test_kinds(void)
{
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (ftruncate(file, 8 * PAGE))
        exit(2);
    char *shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, file, 0);
    shared[0] = 7;
    char *again = remap(shared, 0, 2 * PAGE, MREMAP_MAYMOVE, NULL);
    check("a second mapping of shared pages", 7, again[0]);
    again[PAGE] = 8;
    check("really the same", 8, shared[PAGE]);
    char *lost = mmap(NULL, PAGE, RW, MAP_SHARED, file, 0);
    check("a second mapping in the place of the first", -EFAULT,
          remap_error(lost, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, lost));
    again = remap(again, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, NULL);
    again[7 * PAGE] = 9;
    char byte = 0;
    check("grown over the file", 1, pread(file, &byte, 1, 7 * PAGE));
    check("its last page", 9, byte);
    munmap(again, 8 * PAGE);
    munmap(shared, 2 * PAGE);
    close(file);
    unlink("file");
    char *at = map(4);
    number(at, 4);
    char *moved = remap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    check("moved, the old place kept", 0, wrong(moved, 4));
    check("but empty", 0, at[0]);
    munmap(at, 4 * PAGE);
    munmap(moved, 4 * PAGE);
}

/* Copy on write holds for pages that have moved. */
static void write_to_moved(void)
{
    char *at = map(2);
    number(at, 2);
    int status;
    pid_t child = fork();
    if (child == 0) {
        at = remap(at, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, NULL);
        at[0] = 99;
        _exit(at[PAGE]);
    }
    waitpid(child, &status, 0);
    check("the child's other page", 2, WEXITSTATUS(status));
    check("the parent's page", 1, at[0]);
}

static void limited(void)
{
    char *at = map(2);
    struct rlimit limit = { 64 << 20, 64 << 20 };
    setrlimit(RLIMIT_AS, &limit);
    check("over the limit of memory", -ENOMEM,
          remap_error(at, 2 * PAGE, 1 << 30, MREMAP_MAYMOVE, NULL));
}

static void lock_as_user(void)
{
    struct rlimit limit = { 4 * PAGE, 4 * PAGE }, none = { 0, 0 };
    char *at = map(8);
    setrlimit(RLIMIT_MEMLOCK, &limit);
    if (setuid(4711))
        exit(2);
    check("lock", 0, mlock(at, 2 * PAGE));
    check("lock the same again", 0, mlock(at, 2 * PAGE));
    check("lock more", 0, mlock(at + 2 * PAGE, 2 * PAGE));
    check("lock too much", -ENOMEM, result(mlock(at, 5 * PAGE)));
    check("map locked", -EAGAIN, result((long)mmap(NULL, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0)));
    check("unlock", 0, munlock(at, 4 * PAGE));
    check("lock others", 0, mlock(at + 4 * PAGE, 4 * PAGE));
    check("lock everything", -ENOMEM, result(mlockall(MCL_CURRENT)));
    munlockall();
    setrlimit(RLIMIT_MEMLOCK, &none);
    check("not allowed at all", -EPERM, result(mlock(at, 1)));
}

static long count_present(char *at, size_t pages)
{
    unsigned char present[64];
    long count = 0;
    if (mincore(at, pages * PAGE, present))
        return -errno;
    for (size_t i = 0; i < pages; i++)
        count += present[i] & 1;
    return count;
}

static void test_locks(void)
{
    char *at = map(8);
    check("nothing present", 0, count_present(at, 8));
    at[PAGE] = 1;
    check("one page present", 1, count_present(at, 8));
    check("lock three", 0, mlock(at + 2 * PAGE + 5, 2 * PAGE));
    check("present now", 4, count_present(at, 8));
    check("unlock", 0, munlock(at, 8 * PAGE));
    check("still present", 4, count_present(at, 8));
    check("lock what is not mapped", -ENOMEM, result(mlock((char *)0x10000, PAGE)));
    check("mincore of what is not mapped", -ENOMEM, count_present((char *)0x10000, 1));
    check("mincore, odd address", -EINVAL, count_present(at + 1, 1));
    check("mlockall, no flags", -EINVAL, result(mlockall(0)));
    check("mlockall, later", 0, mlockall(MCL_FUTURE));
    char *more = map(4);
    check("locked from the start", 4, count_present(more, 4));
    check("munlockall", 0, munlockall());
    munmap(more, 4 * PAGE);
    munmap(at, 8 * PAGE);
    check_value("as another user", 0, in_child(lock_as_user));
}

static char *advised;

static void not_there(void)
{
    check("not in the child", -ENOMEM, result(msync(advised, PAGE, MS_ASYNC)));
}

static void empty_there(void)
{
    check("empty in the child", 0, advised[0]);
}

static void there(void)
{
    check("as it is in the child", 5, advised[0]);
}

static long raw_advise(long at, size_t size, int advice)
{
    return result(syscall(SYS_madvise, at, size, advice));
}

static void test_advice(void)
{
    advised = map(2);
    advised[0] = 5;
    check("MADV_DONTFORK", 0, madvise(advised, PAGE, MADV_DONTFORK));
    check_value("child without it", 0, in_child(not_there));
    check("MADV_DOFORK", 0, madvise(advised, PAGE, MADV_DOFORK));
    check_value("child with it", 0, in_child(there));
    check("MADV_WIPEONFORK", 0, madvise(advised, 2 * PAGE, 18));
    check_value("child with it empty", 0, in_child(empty_there));
    check("MADV_KEEPONFORK", 0, madvise(advised, 2 * PAGE, 19));
    check_value("child with it again", 0, in_child(there));
    check("MADV_POPULATE_WRITE", 0, madvise(advised, 2 * PAGE, 23));
    check("present", 2, count_present(advised, 2));
    check("MADV_DONTNEED", 0, madvise(advised, 2 * PAGE, MADV_DONTNEED));
    check("gone", 0, advised[0]);
    check("MADV_FREE", 0, madvise(advised, 2 * PAGE, MADV_FREE));
    check("no such advice", -EINVAL, result(madvise(advised, PAGE, 9999)));
    long end = 0x7ffffffff000, beyond = (long)0xffff800000000000; /* of user space */
    check("advice about the kernel", -ENOMEM, raw_advise(beyond, PAGE, MADV_DONTNEED));
    check("about the end of user space", -ENOMEM, raw_advise(end, 2 * PAGE, MADV_DONTNEED));
    check("across it", -ENOMEM, raw_advise(end - (long)PAGE, 8 * PAGE, MADV_DONTNEED));
    check("MADV_POPULATE_READ there", -ENOMEM, raw_advise(end, 2 * PAGE, 22));
    check("a length that wraps", -EINVAL, raw_advise((long)advised, -1ul, MADV_DONTNEED));
    check("no such advice there", -EINVAL, raw_advise(beyond, PAGE, 9999));
    char *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check("MADV_FREE of shared memory", -EINVAL, result(madvise(shared, PAGE, MADV_FREE)));
    check("MADV_WIPEONFORK of shared memory", -EINVAL, result(madvise(shared, PAGE, 18)));
    munmap(shared, PAGE);
    munmap(advised, 2 * PAGE);
}

int main(void)
{
    enter_scratch("remap.d");
    test_errors();
    test_sizes();
    test_huge();
    test_kinds();
    check_value("copy on write", 0, in_child(write_to_moved));
    check_value("address space limit", 0, in_child(limited));
    test_locks();
    test_advice();
    return finish("remap.d");
}
