/* probe-data: what can be done to a file's bytes beside reading and writing them: memory files and
 * seals, ranges made, unmade and copied, hints, files without a name.  Run it as root in a
 * directory on a tmpfs. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "check.h"

#define PAGE 4096

/* preadv2(2); the C library has them only in part. */
#define RWF_HIPRI  1
#define RWF_DSYNC  2
#define RWF_APPEND 16

static char bytes[8 * PAGE], other[8 * PAGE];

static int new_file(const char *name, size_t size)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    memset(bytes, 'x', sizeof bytes);
    if (write(fd, bytes, size) != (ssize_t)size)
        perror(name);
    return fd;
}

static long size_of(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) ? -errno : (long)stat.st_size;
}

static long blocks_of(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) ? -errno : (long)stat.st_blocks;
}

/* ---- memory files ---- */

static long memory_file(const char *name, unsigned flags)
{
    return result(syscall(SYS_memfd_create, name, flags));
}

static void test_memory_file(void)
{
    char name[300], link[64];
    struct stat stat;
    int fd = (int)memory_file("hello", MFD_CLOEXEC);
    check("close-on-exec", FD_CLOEXEC, fcntl(fd, F_GETFD));
    check("opened as", O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
    check("write", 5, write(fd, "12345", 5));
    check("position", 5, lseek(fd, 0, SEEK_CUR));
    fstat(fd, &stat);
    check_value("mode", S_IFREG | 0777, (long)stat.st_mode);
    check_value("links", 0, (long)stat.st_nlink);
    sprintf(name, "/proc/self/fd/%d", fd);
    check_value("link's length", 22, result(readlink(name, link, sizeof link)));
    check_value("link", 0, memcmp(link, "/memfd:hello (deleted)", 22));
    int again = open(name, O_RDONLY);
    check("opened again", 5, read(again, other, 100));
    close(again);
    check("seals without leave", F_SEAL_SEAL, fcntl(fd, F_GET_SEALS));
    check("add one", -EPERM, fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    close(fd);
    memset(name, 'n', sizeof name);
    name[249] = '\0';
    fd = (int)memory_file(name, 0);
    check_value("longest name", 1, fd >= 0);
    close(fd);
    name[249] = 'n';
    name[250] = '\0';
    check_value("too long a name", -EINVAL, memory_file(name, 0));
    check_value("bad flags", -EINVAL, memory_file("x", 0x4000000));
    check_value("bad name", -EFAULT, result(syscall(SYS_memfd_create, 1L, 0)));
}

static void test_size_seals(void)
{
    int fd = (int)memory_file("s", MFD_ALLOW_SEALING);
    check("no seals", 0, fcntl(fd, F_GET_SEALS));
    check("no such seal", -EINVAL, fcntl(fd, F_ADD_SEALS, 0x1000));
    check("two pages", 2 * PAGE, write(fd, bytes, 2 * PAGE));
    check("seal against shrinking", 0, fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    check("shrink", -EPERM, ftruncate(fd, PAGE));
    check("grow", 0, ftruncate(fd, 3 * PAGE));
    check("same size", 0, ftruncate(fd, 3 * PAGE));
    check("seal against growing", 0, fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    check("grow", -EPERM, ftruncate(fd, 4 * PAGE));
    check("write inside", PAGE, pwrite(fd, bytes, PAGE, 2 * PAGE));
    check("write over the end", PAGE, pwrite(fd, bytes, 2 * PAGE, 2 * PAGE));
    check("write beyond", -EPERM, pwrite(fd, bytes, 1, 3 * PAGE));
    check("allocate inside", 0, fallocate(fd, 0, 0, PAGE));
    check("allocate beyond", -EPERM, fallocate(fd, 0, 3 * PAGE, PAGE));
    check("allocate beyond, same size", -EPERM, fallocate(fd, FALLOC_FL_KEEP_SIZE, 3 * PAGE, PAGE));
    check_value("size", 3 * PAGE, size_of(fd));
    check("seal the seals", 0, fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    check("another", -EPERM, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    check("seals", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, fcntl(fd, F_GET_SEALS));
    close(fd);
}

static void *map_file(int fd, int protection, int flags)
{
    return mmap(NULL, PAGE, protection, flags, fd, 0);
}

static void test_write_seal(void)
{
    char name[64];
    int fd = (int)memory_file("w", MFD_ALLOW_SEALING);
    ftruncate(fd, 2 * PAGE);
    char *shared = map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    check("seal while mapped", -EBUSY, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    shared[0] = 's';
    munmap(shared, PAGE);
    sprintf(name, "/proc/self/fd/%d", fd);
    int reader = open(name, O_RDONLY);
    check("seal by a reader", -EPERM, fcntl(reader, F_ADD_SEALS, F_SEAL_WRITE));
    check("seal", 0, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    check("write", -EPERM, pwrite(fd, "x", 1, 0));
    check("punch", -EPERM, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    check("truncate", 0, ftruncate(fd, PAGE));
    check("map shared", -EPERM,
          map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED ? -1 : 0);
    char *own = map_file(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    check_value("map private", 's', own[0]);
    own[0] = 'p';
    munmap(own, PAGE);
    check("file unchanged", 1, pread(fd, other, 1, 0));
    check_value("byte", 's', other[0]);
    own = map_file(reader, PROT_READ, MAP_SHARED);
    check_value("map for reading", 's', own[0]);
    check("make it writable", -EACCES, mprotect(own, PAGE, PROT_READ | PROT_WRITE));
    munmap(own, PAGE);
    close(reader);
    close(fd);
}

static void test_future_write_seal(void)
{
    int fd = (int)memory_file("f", MFD_ALLOW_SEALING);
    ftruncate(fd, PAGE);
    char *before = map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    check("seal future writes", 0, fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    before[0] = 'b';
    check("write", -EPERM, pwrite(fd, "x", 1, 0));
    check("map for writing", -EPERM,
          map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED ? -1 : 0);
    char *now = map_file(fd, PROT_READ, MAP_SHARED);
    check_value("seen", 'b', now[0]);
    check("make it writable", -EACCES, mprotect(now, PAGE, PROT_READ | PROT_WRITE));
    munmap(now, PAGE);
    munmap(before, PAGE);
    close(fd);
}

/* ---- ranges ---- */

static void test_punch(void)
{
    int fd = new_file("f", 4 * PAGE);
    const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *own = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    shared[PAGE] = 'y';
    own[PAGE] = 'o';
    check("punch", 0, fallocate(fd, punch, 100, 2 * PAGE));
    check_value("size", 4 * PAGE, size_of(fd));
    check_value("blocks", 24, blocks_of(fd));
    check_value("hole", PAGE, result(lseek(fd, 0, SEEK_HOLE)));
    pread(fd, other, 4 * PAGE, 0);
    check_value("before", 'x', other[99]);
    check_value("begin", 0, other[100]);
    check_value("middle", 0, other[PAGE]);
    check_value("end", 0, other[2 * PAGE + 99]);
    check_value("behind", 'x', other[2 * PAGE + 100]);
    check_value("mapping", 0, shared[PAGE]);
    check_value("private copy", 'o', own[PAGE]);
    shared[PAGE] = 'z';
    check_value("hole filled", 4 * PAGE, result(lseek(fd, 0, SEEK_HOLE)));
    check("inside a page", 0, fallocate(fd, punch, PAGE + 10, 20));
    check_value("one byte", 0, shared[PAGE + 10]);
    check_value("first byte", 'z', shared[PAGE]);
    check("beyond the end", 0, fallocate(fd, punch, 8 * PAGE, PAGE));
    check_value("size", 4 * PAGE, size_of(fd));
    check("everything", 0, fallocate(fd, punch, 0, 100 * PAGE));
    check_value("blocks", 0, blocks_of(fd));
    munmap(shared, 4 * PAGE);
    munmap(own, 4 * PAGE);
    check("without the size", -EOPNOTSUPP, fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE));
    check("zero range", -EOPNOTSUPP, fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE));
    check("collapse", -EOPNOTSUPP, fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
    check("unknown", -EOPNOTSUPP, fallocate(fd, 0x1000, 0, PAGE));
    close(fd);
    unlink("f");
}

static long copy_range(int from, off_t *from_at, int to, off_t *to_at, size_t count, unsigned flags)
{
    return result(syscall(SYS_copy_file_range, from, from_at, to, to_at, count, flags));
}

static void test_copy_range(void)
{
    int from = new_file("a", 3 * PAGE), to = new_file("b", 10);
    off_t at = 100, there = 5;
    lseek(from, 0, SEEK_SET);
    check_value("copy", PAGE, copy_range(from, NULL, to, NULL, PAGE, 0));
    check_value("positions", PAGE, lseek(from, 0, SEEK_CUR));
    check_value("of the other", PAGE + 10, lseek(to, 0, SEEK_CUR));
    check_value("size", PAGE + 10, size_of(to));
    check_value("to the end", 2 * PAGE, copy_range(from, NULL, to, &there, 100 * PAGE, 0));
    check_value("at the end", 0, copy_range(from, NULL, to, NULL, 100, 0));
    check_value("position told", 5 + 2 * PAGE, (long)there);
    check_value("own position kept", PAGE + 10, lseek(to, 0, SEEK_CUR));
    check_value("from a position", 50, copy_range(from, &at, to, NULL, 50, 0));
    check_value("it moves", 150, (long)at);
    check_value("flags", -EINVAL, copy_range(from, &at, to, NULL, 50, 1));
    at = 0, there = 50;
    check_value("overlap", -EINVAL, copy_range(from, &at, from, &there, 100, 0));
    check_value("no overlap", 50, copy_range(from, &at, from, &there, 50, 0));
    at = -1;
    check_value("around zero", -EOVERFLOW, copy_range(from, &at, to, NULL, 50, 0));
    at = -100;
    check_value("negative", -EINVAL, copy_range(from, &at, to, NULL, 50, 0));
    int reader = open("a", O_RDONLY), append = open("b", O_WRONLY | O_APPEND);
    int directory = open(".", O_RDONLY), pipes[2];
    at = 0;
    check_value("to a reader", -EBADF, copy_range(from, &at, reader, NULL, 50, 0));
    check_value("from a writer", -EBADF, copy_range(append, &at, to, NULL, 50, 0));
    check_value("append", -EBADF, copy_range(from, &at, append, NULL, 50, 0));
    check_value("directory", -EISDIR, copy_range(directory, NULL, to, NULL, 50, 0));
    pipe(pipes);
    check_value("pipe", -EINVAL, copy_range(pipes[0], NULL, to, NULL, 50, 0));
    check_value("no file", -EBADF, copy_range(99, NULL, to, NULL, 50, 0));
    close(pipes[0]), close(pipes[1]);
    close(reader), close(append), close(directory), close(from), close(to);
    unlink("a");
    unlink("b");
}

static long write_vector(int fd, const char *text, long position, int flags)
{
    struct iovec one = { (void *)text, strlen(text) };
    return result(syscall(SYS_pwritev2, fd, &one, 1L, position, 0L, flags));
}

static long read_vector(int fd, size_t size, long position, int flags)
{
    struct iovec one = { other, size };
    return result(syscall(SYS_preadv2, fd, &one, 1L, position, 0L, flags));
}

static void test_vector_flags(void)
{
    int fd = new_file("f", 10), pipes[2];
    check_value("append", 3, write_vector(fd, "abc", 0, RWF_APPEND));
    check_value("size", 13, size_of(fd));
    check_value("position stays", 10, lseek(fd, 0, SEEK_CUR));
    check_value("append by the file's position", 3, write_vector(fd, "def", -1, RWF_APPEND));
    check_value("position moves", 16, lseek(fd, 0, SEEK_CUR));
    check_value("at a position", 2, write_vector(fd, "gh", 1, RWF_DSYNC));
    check_value("read there", 3, read_vector(fd, 3, 0, RWF_HIPRI));
    check_value("read", 0, memcmp(other, "xgh", 3));
    lseek(fd, 10, SEEK_SET);
    check_value("read on", 6, read_vector(fd, 100, -1, 0));
    check_value("unknown flag", -EOPNOTSUPP, read_vector(fd, 3, 0, 0x8000));
    check_value("position", -EINVAL, read_vector(fd, 3, -2, 0));
    close(fd);
    check_value("no file", -EBADF, read_vector(fd, 3, 0, 0));
    pipe(pipes);
    check_value("pipe", 2, write_vector(pipes[1], "ab", -1, 0));
    check_value("pipe at a position", -ESPIPE, read_vector(pipes[0], 2, 0, 0));
    check_value("read pipe", 2, read_vector(pipes[0], 2, -1, 0));
    close(pipes[0]), close(pipes[1]);
    unlink("f");
}

static void test_hints(void)
{
    int fd = new_file("f", 10), writer = open("f", O_WRONLY), path = open("f", O_PATH), pipes[2];
    pipe(pipes);
    check_value("fadvise", 0, posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
    check_value("fadvise, unknown", EINVAL, posix_fadvise(fd, 0, 0, 77));
    check_value("fadvise, length", EINVAL, posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
    check_value("fadvise, pipe", ESPIPE, posix_fadvise(pipes[0], 0, 0, POSIX_FADV_NORMAL));
    check_value("fadvise, no file", EBADF, posix_fadvise(99, 0, 0, 77));
    check("readahead", 0, readahead(fd, 0, 10));
    check("readahead, writer", -EBADF, readahead(writer, 0, 10));
    check("readahead, pipe", -EINVAL, readahead(pipes[0], 0, 10));
    check("sync range", 0, sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE));
    check("sync range, flags", -EINVAL, sync_file_range(fd, 0, 10, 8));
    check("sync range, offset", -EINVAL, sync_file_range(fd, -1, 10, 0));
    check("sync range, pipe", -ESPIPE, sync_file_range(pipes[0], 0, 10, 0));
    check("sync range, path", -EBADF, sync_file_range(path, 0, 10, 0));
    close(fd), close(writer), close(path), close(pipes[0]), close(pipes[1]);
    unlink("f");
}

/* ---- files without a name ---- */

static long nameless(const char *directory, int flags)
{
    return result(open(directory, O_TMPFILE | flags, 0640));
}

static void test_nameless(void)
{
    char name[64];
    struct stat stat;
    int fd = (int)nameless(".", O_RDWR);
    fstat(fd, &stat);
    check_value("links", 0, (long)stat.st_nlink);
    check_value("mode", S_IFREG | 0640, (long)stat.st_mode);
    check("write", 5, write(fd, "12345", 5));
    sprintf(name, "/proc/self/fd/%d", fd);
    check("give it a name", 0, linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    fstat(fd, &stat);
    check_value("one link", 1, (long)stat.st_nlink);
    check("another name", 0, linkat(fd, "", AT_FDCWD, "second", AT_EMPTY_PATH));
    close(fd);
    fd = open("named", O_RDONLY);
    check("read it", 5, read(fd, other, 100));
    check("unlink", 0, unlink("named"));
    check("unlink the second", 0, unlink("second"));
    check("no name any more", -ENOENT, linkat(fd, "", AT_FDCWD, "third", AT_EMPTY_PATH));
    close(fd);
    fd = (int)nameless(".", O_WRONLY | O_EXCL);
    check("never a name", -ENOENT, linkat(fd, "", AT_FDCWD, "never", AT_EMPTY_PATH));
    close(fd);
    check_value("for reading", -EINVAL, nameless(".", O_RDONLY));
    check_value("with O_CREAT", -EINVAL, nameless(".", O_RDWR | O_CREAT));
    check_value("no directory", -ENOENT, nameless("missing", O_RDWR));
    close(new_file("f", 1));
    check_value("a file", -ENOTDIR, nameless("f", O_RDWR));
    unlink("f");
    check_value("in /proc", -EOPNOTSUPP, nameless("/proc", O_RDWR));
    mkdir("d", 0555);
    if (fork() == 0) {
        setuid(1000);
        check_value("forbidden", -EACCES, nameless("d", O_RDWR));
        _exit(0);
    }
    wait(NULL);
    rmdir("d");
}

/* ---- names ---- */

struct old_entry {
    unsigned long number, next;
    unsigned short length;
    char name[];
};

static void test_old_listing(void)
{
    char name[300];
    mkdir("d", 0755);
    mkdir("d/sub", 0755);
    int fd = open("d", O_RDONLY), types = 0, count = 0;
    long got = result(syscall(SYS_getdents, fd, bytes, sizeof bytes));
    for (long at = 0; at < got;) {
        struct old_entry *entry = (void *)(bytes + at);
        types += bytes[at + entry->length - 1] == DT_DIR;
        count +=
            !strcmp(entry->name, ".") || !strcmp(entry->name, "..") || !strcmp(entry->name, "sub");
        at += entry->length;
    }
    check_value("entries", 3, count);
    check_value("types", 3, types);
    check_value("end", 0, result(syscall(SYS_getdents, fd, bytes, sizeof bytes)));
    lseek(fd, 0, SEEK_SET);
    check_value("too small", -EINVAL, result(syscall(SYS_getdents, fd, bytes, 8)));
    close(fd);
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    check("longest name", 0, mkdir(name, 0755));
    fd = open(".", O_RDONLY);
    check_value("listed", 1, result(syscall(SYS_getdents, fd, bytes, sizeof bytes)) > 280);
    close(fd);
    check("removed", 0, rmdir(name));
    name[255] = 'n';
    name[256] = '\0';
    check("longer name", -ENAMETOOLONG, mkdir(name, 0755));
    rmdir("d/sub");
    rmdir("d");
}

int main(void)
{
    enter_scratch("probe-data.d");
    test_memory_file();
    test_size_seals();
    test_write_seal();
    test_future_write_seal();
    test_punch();
    test_copy_range();
    test_vector_flags();
    test_hints();
    test_nameless();
    test_old_listing();
    return finish("probe-data.d");
}
