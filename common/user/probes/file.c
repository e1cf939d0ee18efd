/* probe-file: data of files and descriptors: open's flags, positions, partial transfers, holes,
 * truncation, duplication.  Run it as root in a directory on a tmpfs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "check.h"

#define PAGE 4096

static char bytes[4 * PAGE];

static int new_file(const char *name, size_t size)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    for (size_t i = 0; i < size; i++)
        bytes[i % sizeof bytes] = (char)('a' + i % 26);
    for (size_t done = 0; done < size;) {
        size_t piece = size - done < sizeof bytes ? size - done : sizeof bytes;
        done += (size_t)write(fd, bytes, piece);
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Two pages, the second of which cannot be reached; returns the border. */
static char *border(void)
{
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + PAGE, PAGE);
    return pages + PAGE;
}

static long open_and_close(const char *name, int flags)
{
    long fd = result(open(name, flags, 0644));
    if (fd >= 0)
        close((int)fd);
    return fd < 0 ? fd : 0;
}

static void test_open(void)
{
    close(new_file("f", 10));
    mkdir("d", 0755);
    check("symlink", 0, symlink("f", "l"));
    check("symlink to nothing", 0, symlink("nothing", "dangling"));
    check("symlink to itself", 0, symlink("loop", "loop"));
    check("symlink to directory", 0, symlink("d", "ld"));
    check_value("open missing", -ENOENT, open_and_close("m", O_RDONLY));
    check_value("open empty name", -ENOENT, open_and_close("", O_RDONLY));
    check_value("open loop", -ELOOP, open_and_close("loop", O_RDONLY));
    check_value("open below file", -ENOTDIR, open_and_close("f/x", O_RDONLY));
    check_value("open file with slash", -ENOTDIR, open_and_close("f/", O_RDONLY));
    check_value("create with slash", -EISDIR, open_and_close("m/", O_CREAT | O_WRONLY));
    check_value("create exclusive with slash", -EISDIR, open_and_close("f/", O_CREAT | O_EXCL));
    check_value("create directory that exists", -EISDIR, open_and_close("d", O_CREAT));
    check_value("create with O_DIRECTORY", -EINVAL, open_and_close("q", O_CREAT | O_DIRECTORY));
    check_value("exclusive over file", -EEXIST, open_and_close("f", O_CREAT | O_EXCL));
    check_value("exclusive over directory", -EEXIST, open_and_close("d", O_CREAT | O_EXCL));
    check_value("exclusive over link", -EEXIST, open_and_close("l", O_CREAT | O_EXCL));
    check_value("exclusive over dangling link", -EEXIST,
                open_and_close("dangling", O_CREAT | O_EXCL));
    check_value("exclusive over loop", -EEXIST, open_and_close("loop", O_CREAT | O_EXCL));
    check_value("exclusive dot", -EEXIST, open_and_close(".", O_CREAT | O_EXCL));
    check_value("create dot", -EISDIR, open_and_close(".", O_CREAT));
    check_value("create through dangling link", 0, open_and_close("dangling", O_CREAT | O_RDWR));
    check("made what it names", 0, unlink("nothing"));
    check_value("directory for writing", -EISDIR, open_and_close("d", O_WRONLY));
    check_value("directory for both", -EISDIR, open_and_close("d", O_RDWR));
    check_value("directory truncated", -EISDIR, open_and_close("d", O_TRUNC));
    check_value("O_DIRECTORY on file", -ENOTDIR, open_and_close("f", O_DIRECTORY));
    check_value("O_DIRECTORY on link to directory", 0, open_and_close("ld", O_DIRECTORY));
    check_value("O_NOFOLLOW on link", -ELOOP, open_and_close("l", O_NOFOLLOW));
    check_value("O_NOFOLLOW on file", 0, open_and_close("f", O_NOFOLLOW));
    check_value("O_NOFOLLOW and O_DIRECTORY on link", -ENOTDIR,
                open_and_close("ld", O_NOFOLLOW | O_DIRECTORY));
    check_value("O_NOFOLLOW link with slash", 0, open_and_close("ld/", O_NOFOLLOW));
    check_value("O_NOFOLLOW and O_CREAT on link", -ELOOP,
                open_and_close("l", O_NOFOLLOW | O_CREAT | O_WRONLY));
    check_value("relative to a file", -ENOTDIR,
                result(openat(open("f", O_RDONLY), "x", O_RDONLY)));
    check_value("relative to nothing", -EBADF, result(openat(99, "x", O_RDONLY)));
    check_value("absolute, relative to nothing", 1, openat(99, "/", O_RDONLY) >= 0);
    check("bad address", -EFAULT, syscall(SYS_open, 1, O_RDONLY, 0));
    for (int fd = 3; fd < 10; fd++)
        close(fd);
    unlink("l");
    unlink("ld");
    unlink("dangling");
    unlink("loop");
    rmdir("d");
    unlink("f");
}

static void test_access_modes(void)
{
    char byte = 'x';
    int fd = new_file("f", 10);
    close(fd);
    fd = open("f", O_RDONLY);
    check("write to read-only", -EBADF, write(fd, &byte, 1));
    check("ftruncate read-only", -EINVAL, ftruncate(fd, 1));
    check("fallocate read-only", -EBADF, fallocate(fd, 0, 0, 1));
    close(fd);
    fd = open("f", O_WRONLY);
    check("read from write-only", -EBADF, read(fd, &byte, 1));
    close(fd);
    fd = open("f", O_RDWR | O_ACCMODE);
    check("open with access mode 3", 1, fd >= 0);
    check("read with access mode 3", -EBADF, read(fd, &byte, 1));
    check("write with access mode 3", -EBADF, write(fd, &byte, 1));
    close(fd);
    fd = open("f", O_PATH);
    check("O_PATH read", -EBADF, read(fd, &byte, 1));
    check("O_PATH lseek", -EBADF, lseek(fd, 0, SEEK_SET));
    check("O_PATH fchmod", -EBADF, syscall(SYS_fchmod, fd, 0600));
    check("O_PATH fchown", -EBADF, syscall(SYS_fchown, fd, 0, 0));
    check("O_PATH ftruncate", -EBADF, ftruncate(fd, 0));
    check("O_PATH mmap", -EBADF, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
    check("O_PATH ioctl", -EBADF, syscall(SYS_ioctl, fd, 0x541b, &byte));
    check("O_PATH fsync", -EBADF, fsync(fd));
    struct stat status;
    check("O_PATH fstat", 0, fstat(fd, &status));
    check("O_PATH F_GETFL", O_PATH, fcntl(fd, F_GETFL));
    check("O_PATH F_SETFL", -EBADF, fcntl(fd, F_SETFL, O_APPEND));
    check("O_PATH F_GETFD", 0, fcntl(fd, F_GETFD));
    int copy = dup(fd);
    check("O_PATH dup", 1, copy >= 0);
    close(copy);
    close(fd);
    fd = open(".", O_RDONLY);
    check("read directory", -EISDIR, read(fd, &byte, 1));
    check("pread directory", -EISDIR, pread(fd, &byte, 1, 0));
    check("write directory", -EBADF, write(fd, &byte, 1));
    check("ftruncate directory", -EINVAL, ftruncate(fd, 0));
    check("mmap directory", -ENODEV, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
    check("fsync directory", 0, fsync(fd));
    close(fd);
    unlink("f");
}

static void test_positions(void)
{
    char byte;
    int fd = new_file("f", 100);
    check("lseek end", 100, lseek(fd, 0, SEEK_END));
    check("lseek beyond", 5000, lseek(fd, 5000, SEEK_SET));
    check("read beyond", 0, read(fd, &byte, 1));
    check("lseek before start", -EINVAL, lseek(fd, -1, SEEK_SET));
    check("lseek back too far", -EINVAL, lseek(fd, -6000, SEEK_CUR));
    check("position kept", 5000, lseek(fd, 0, SEEK_CUR));
    check("lseek bad whence", -EINVAL, lseek(fd, 0, 77));
    check("lseek overflow", -EINVAL, lseek(fd, INT64_MAX, SEEK_CUR));
    check("lseek bad descriptor", -EBADF, lseek(99, 0, SEEK_SET));
    check("pread negative", -EINVAL, pread(fd, &byte, 1, -1));
    check("pwrite negative", -EINVAL, pwrite(fd, &byte, 1, -1));
    check("pread leaves the position", 1, pread(fd, &byte, 1, 3));
    check("pread brought", 'd', byte);
    check("position untouched", 5000, lseek(fd, 0, SEEK_CUR));
    check("pwrite", 1, pwrite(fd, "X", 1, 4));
    check("pread it", 1, pread(fd, &byte, 1, 4));
    check("read back", 'X', byte);
    close(fd);
    fd = open("f", O_RDWR | O_APPEND);
    check("append starts at 0", 0, lseek(fd, 0, SEEK_CUR));
    check("append", 1, write(fd, "!", 1));
    check("append moves to the end", 101, lseek(fd, 0, SEEK_CUR));
    check("pwrite with O_APPEND appends", 1, pwrite(fd, "?", 1, 0));
    check("its size", 102, lseek(fd, 0, SEEK_END));
    check("appended both", 2, pread(fd, bytes, 2, 100));
    check("in order", 0, memcmp(bytes, "!?", 2));
    check("F_SETFL clears O_APPEND", 0, fcntl(fd, F_SETFL, 0));
    check("pwrite", 1, pwrite(fd, "0", 1, 0));
    check("its size", 102, lseek(fd, 0, SEEK_END));
    close(fd);
    unlink("f");
}

static void test_holes(void)
{
    struct stat status;
    int fd = new_file("f", 0);
    check("write at 1 MiB", 3, pwrite(fd, "end", 3, 1 << 20));
    fstat(fd, &status);
    check("size", (1 << 20) + 3, status.st_size);
    check("blocks of one page", 8, status.st_blocks);
    check("hole reads", PAGE, pread(fd, bytes, PAGE, 12345));
    check("as zeros", 0, bytes[0] | bytes[1000] | bytes[PAGE - 1]);
    check("SEEK_DATA from 0", 1 << 20, lseek(fd, 0, SEEK_DATA));
    check("SEEK_HOLE from 0", 0, lseek(fd, 0, SEEK_HOLE));
    check("SEEK_HOLE from the data", (1 << 20) + 3, lseek(fd, 1 << 20, SEEK_HOLE));
    check("SEEK_DATA in the data", (1 << 20) + 2, lseek(fd, (1 << 20) + 2, SEEK_DATA));
    check("SEEK_DATA at the end", -ENXIO, lseek(fd, (1 << 20) + 3, SEEK_DATA));
    check("SEEK_HOLE at the end", -ENXIO, lseek(fd, (1 << 20) + 3, SEEK_HOLE));
    check("SEEK_DATA negative", -ENXIO, lseek(fd, -1, SEEK_DATA));
    check("ftruncate adds a hole", 0, ftruncate(fd, 2 << 20));
    check("SEEK_DATA in it", -ENXIO, lseek(fd, (1 << 20) + PAGE, SEEK_DATA));
    check("SEEK_HOLE finds it", (1 << 20) + PAGE, lseek(fd, 1 << 20, SEEK_HOLE));
    check("fallocate", 0, fallocate(fd, 0, 8 * PAGE, 2 * PAGE));
    fstat(fd, &status);
    check("blocks of three pages", 24, status.st_blocks);
    check("fallocate keep size", 0, fallocate(fd, FALLOC_FL_KEEP_SIZE, 2 << 20, PAGE));
    fstat(fd, &status);
    check("size kept", 2 << 20, status.st_size);
    check("fallocate nothing", -EINVAL, fallocate(fd, 0, 0, 0));
    check("fallocate negative", -EINVAL, fallocate(fd, 0, -1, 1));
    check("fallocate beyond everything", -EFBIG, fallocate(fd, 0, INT64_MAX, 1));
    check("ftruncate to nothing", 0, ftruncate(fd, 0));
    fstat(fd, &status);
    check("no blocks", 0, status.st_blocks);
    close(fd);
    unlink("f");
}

static void test_truncation(void)
{
    int fd = new_file("f", 3 * PAGE);
    char *map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    private[10] = '#';
    check("truncate into a page", 0, ftruncate(fd, 100));
    check("mapping keeps what is left", 'v', map[99]);
    check("mapping reads zeros behind it", 0, map[100] | map[PAGE - 1]);
    check("grow again", 0, ftruncate(fd, 3 * PAGE));
    check("zeros where it was cut", 0, map[200] | map[PAGE] | map[2 * PAGE]);
    check("private page survives where the file does", '#', private[10]);
    check("private sees the hole", 0, private[2 * PAGE]);
    check("truncate negative", -EINVAL, ftruncate(fd, -1));
    check("truncate by name", 0, truncate("f", 7));
    check("size by lseek", 7, lseek(fd, 0, SEEK_END));
    check("truncate directory", -EISDIR, truncate(".", 0));
    check("truncate missing", -ENOENT, truncate("m", 0));
    check("truncate negative missing", -EINVAL, truncate("m", -1));
    check("O_TRUNC keeps the inode", 1, open("f", O_TRUNC | O_WRONLY) >= 0);
    check("and empties it", 0, lseek(fd, 0, SEEK_END));
    check("position beyond the end", 4, lseek(fd, 4, SEEK_SET));
    check("write there", 2, write(fd, "ab", 2));
    check("read all", 6, pread(fd, bytes, 100, 0));
    check("zeros before", 0, memcmp(bytes, "\0\0\0\0ab", 6));
    munmap(map, 3 * PAGE);
    munmap(private, 3 * PAGE);
    for (fd = 3; fd < 6; fd++)
        close(fd);
    unlink("f");
}

static void test_bad_memory(void)
{
    char *end = border();
    int fd = new_file("f", 3 * PAGE), ends[2];
    check("read into nothing", -EFAULT, read(fd, end, 10));
    check("position after it", 0, lseek(fd, 0, SEEK_CUR));
    check("read up to the border", 100, read(fd, end - 100, 200));
    check("position after that", 100, lseek(fd, 0, SEEK_CUR));
    check("zero bytes into nothing", 0, read(fd, end, 0));
    check("write from nothing", -EFAULT, write(fd, end, 10));
    check("write up to the border", 50, pwrite(fd, end - 50, 200, 0));
    check("write of a page that ends early", 96, pwrite(fd, end - 96, PAGE, 8 * PAGE));
    check("size after it", 8 * PAGE + 96, lseek(fd, 0, SEEK_END));
    check("kernel address", -EFAULT, read(fd, (void *)0xffff888000000000, 10));
    check("huge length", 1, read(fd, (void *)0x7fffffffe000, SIZE_MAX) <= 0);
    check("pipe", 0, pipe(ends));
    check("pipe from nothing", -EFAULT, write(ends[1], end, 10));
    check("pipe up to the border", 64, write(ends[1], end - 64, 64));
    check("pipe into nothing", -EFAULT, read(ends[0], end, 10));
    check("the data are still there", 64, read(ends[0], bytes, 100));
    close(ends[0]);
    close(ends[1]);
    struct iovec parts[3] = { { end - 10, 10 }, { end, 10 }, { bytes, 10 } };
    lseek(fd, 0, SEEK_SET);
    check("readv stops at the bad part", 10, readv(fd, parts, 3));
    check("writev stops there too", 10, pwritev(fd, parts, 3, 0));
    close(fd);
    unlink("f");
}

static void test_vectors(void)
{
    static struct iovec many[1025];
    char a[4], b[4];
    int fd = new_file("f", 26);
    struct iovec parts[3] = { { a, 3 }, { NULL, 0 }, { b, 2 } };
    check("readv", 5, readv(fd, parts, 3));
    check("in order", 0, memcmp(a, "abc", 3) | memcmp(b, "de", 2));
    check("position", 5, lseek(fd, 0, SEEK_CUR));
    check("preadv", 5, preadv(fd, parts, 3, 20));
    check("in order", 0, memcmp(a, "uvw", 3) | memcmp(b, "xy", 2));
    check("no parts", 0, readv(fd, parts, 0));
    check("negative count", -EINVAL, readv(fd, parts, -1));
    check("1024 parts", 0, writev(fd, many, 1024));
    check("1025 parts", -EINVAL, writev(fd, many, 1025));
    check("bad vector", -EFAULT, readv(fd, (void *)8, 1));
    parts[0].iov_len = SIZE_MAX;
    check("negative length", -EINVAL, readv(fd, parts, 2));
    check("preadv negative position", -EINVAL, preadv(fd, parts, 1, -1));
    check("readv bad descriptor", -EBADF, readv(99, parts, 1));
    close(fd);
    unlink("f");
}

static void test_descriptors(void)
{
    int fd = new_file("f", 10);
    check("lowest free", 3, fd);
    check("dup", 4, dup(fd));
    check("dup2 far away", 100, dup2(fd, 100));
    check("dup2 to itself", 3, dup2(fd, 3));
    check("dup2 of nothing to itself", -EBADF, dup2(50, 50));
    check("dup2 negative", -EBADF, dup2(fd, -1));
    check("dup2 too far", -EBADF, dup2(fd, 1 << 20));
    check("dup3 to itself", -EINVAL, dup3(fd, fd, 0));
    check("dup3 flags", -EINVAL, syscall(SYS_dup3, fd, 7, O_APPEND));
    check("dup3 close on exec", 7, dup3(fd, 7, O_CLOEXEC));
    check("F_GETFD", FD_CLOEXEC, fcntl(7, F_GETFD));
    check("F_GETFD of the original", 0, fcntl(fd, F_GETFD));
    check("dup2 clears it", 7, dup2(fd, 7));
    check("F_GETFD", 0, fcntl(7, F_GETFD));
    check("position is shared", 5, lseek(7, 5, SEEK_SET));
    check("by all", 5, lseek(100, 0, SEEK_CUR));
    check("F_DUPFD", 20, fcntl(fd, F_DUPFD, 20));
    check("F_DUPFD_CLOEXEC", 21, fcntl(fd, F_DUPFD_CLOEXEC, 20));
    check("F_GETFD", FD_CLOEXEC, fcntl(21, F_GETFD));
    check("F_DUPFD too far", -EINVAL, fcntl(fd, F_DUPFD, 1 << 20));
    check("F_DUPFD negative", -EINVAL, fcntl(fd, F_DUPFD, -1));
    check("fcntl unknown", -EINVAL, fcntl(fd, 9999, 0));
    check("close_range backwards", -EINVAL, syscall(SYS_close_range, 30, 20, 0));
    check("close_range flags", -EINVAL, syscall(SYS_close_range, 20, 30, 64));
    check("close_range marks", 0, syscall(SYS_close_range, 20, 30, 4));
    check("F_GETFD", FD_CLOEXEC, fcntl(20, F_GETFD));
    check("close_range", 0, syscall(SYS_close_range, 4, ~0u, 0));
    check("all closed", -EBADF, fcntl(100, F_GETFD));
    check("close twice", -EBADF, close(100));
    struct rlimit limit = { 10, 4096 }, old;
    getrlimit(RLIMIT_NOFILE, &old);
    limit.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (dup(fd) >= 0)
        continue;
    check("limit reached", -EMFILE, dup(fd));
    check("open at the limit", -EMFILE, open("f", O_RDONLY));
    check("creating at the limit", -EMFILE, open("g", O_RDWR | O_CREAT, 0600));
    check("leaves no file", -ENOENT, unlink("g"));
    check("pipe at the limit", -EMFILE, pipe((int[2]){ 0, 0 }));
    close(9);
    check("pipe with one left", -EMFILE, pipe((int[2]){ 0, 0 }));
    check("the one is still free", 9, dup(fd));
    setrlimit(RLIMIT_NOFILE, &old);
    for (fd = 3; fd < 10; fd++)
        close(fd);
    unlink("f");
}

static void over_the_size_limit(void)
{
    struct rlimit limit = { 100, 100 };
    int fd = new_file("f", 0);
    setrlimit(RLIMIT_FSIZE, &limit);
    check("write across the limit", 100, write(fd, bytes, 150));
    signal(SIGXFSZ, SIG_IGN);
    check("write at the limit", -EFBIG, write(fd, bytes, 1));
    check("truncate beyond", -EFBIG, ftruncate(fd, 101));
    signal(SIGXFSZ, SIG_DFL);
    fflush(stdout);
    check("not reached", 0, write(fd, bytes, 1));
}

static void test_limits(void)
{
    check_value("SIGXFSZ", 1000 + SIGXFSZ, in_child(over_the_size_limit));
    check("what was written stays", 0, unlink("f"));
}

static void test_sendfile(void)
{
    int from = new_file("from", 3 * PAGE), to = new_file("to", 0), ends[2];
    off_t at = 100;
    check("sendfile", 50, sendfile(to, from, &at, 50));
    check("position told", 150, at);
    check("position of the file", 0, lseek(from, 0, SEEK_CUR));
    check("sendfile at the position", 10, sendfile(to, from, NULL, 10));
    check("which moves", 10, lseek(from, 0, SEEK_CUR));
    check("sendfile the rest", 3 * PAGE - 10, sendfile(to, from, NULL, 1 << 30));
    check("sendfile at the end", 0, sendfile(to, from, NULL, 10));
    check("size", 3 * PAGE + 50, lseek(to, 0, SEEK_END));
    at = -1;
    check("sendfile negative", -EINVAL, sendfile(to, from, &at, 10));
    check("sendfile bad address", -EFAULT, syscall(SYS_sendfile, to, from, 8, 10));
    check("sendfile bad descriptor", -EBADF, sendfile(99, from, NULL, 10));
    check("pipe", 0, pipe(ends));
    check("sendfile from a pipe", -EINVAL, sendfile(to, ends[0], NULL, 10));
    at = 0;
    check("sendfile to a pipe", 100, sendfile(ends[1], from, &at, 100));
    check("arrived", 100, read(ends[0], bytes, 200));
    int reader = open("from", O_RDONLY), writer = open("to", O_WRONLY);
    check("sendfile from write-only", -EBADF, sendfile(to, writer, NULL, 1));
    check("sendfile to read-only", -EBADF, sendfile(reader, from, NULL, 1));
    for (int fd = 3; fd < 12; fd++)
        close(fd);
    unlink("from");
    unlink("to");
}

static void test_unlinked(void)
{
    struct stat status;
    int fd = new_file("f", 10);
    check("unlink open file", 0, unlink("f"));
    fstat(fd, &status);
    check("no links", 0, status.st_nlink);
    check("still writable", 3, pwrite(fd, "abc", 3, 5000));
    check("still readable", 3, pread(fd, bytes, 100, 5000));
    close(fd);
}

static void test_statfs(void)
{
    struct statfs information;
    check("statfs", 0, statfs(".", &information));
    check("a tmpfs", 0x01021994, information.f_type);
    check("pages", PAGE, information.f_bsize);
    check("names", 255, information.f_namelen);
    check("statfs missing", -ENOENT, statfs("m", &information));
    check("fstatfs bad descriptor", -EBADF, fstatfs(99, &information));
    check("statfs bad address", -EFAULT, syscall(SYS_statfs, ".", 8));
}

int main(void)
{
    enter_scratch("file.d");
    test_open();
    test_access_modes();
    test_positions();
    test_holes();
    test_truncation();
    test_bad_memory();
    test_vectors();
    test_descriptors();
    test_limits();
    test_sendfile();
    test_unlinked();
    test_statfs();
    return finish("file.d");
}
