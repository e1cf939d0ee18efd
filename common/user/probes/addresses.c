/* probe-addresses: every system call that is given an address answers EFAULT for a bad one, wherever
 * it points, and harms nobody.  The other arguments are good, so that the address is looked at. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "check.h"

#define PAGE 4096l

/* In the place of an argument: the address under test. */
#define HERE 0x48455245l

/* What a call does there. */
#define READS   0
#define WRITES  1 /* what cannot be written is bad, too */
#define OR_NULL 2 /* NULL means that there is nothing */
#define BYTES   4 /* it does as much as it can */

struct call {
    const char *name;
    long number;
    int kind;
    long arguments[6];
};

static char *pages; /* writable, read-only, none */
static struct timespec soon = { 0, 1000 };
static struct timeval soon_too = { 0, 1000 };
static long word[64]; /* zeros, or what calls leave there */
static uint64_t signals = 1 << 9;
static int sixteen = 16;

#define PATH  ((long)"f")
#define LINK  ((long)"link")
#define ZEROS ((long)word)
#define FD    3 /* "f", open for reading and writing */
#define DIR   4
#define PIPE  5 /* its reading end; nothing is in it */
#define SOCKET 7   /* a stream with ten bytes to read */
#define DATAGRAM 9 /* the same as one */

/* clang-format off: a table */
static const struct call calls[] = {
    { "read", SYS_read, WRITES | BYTES, { FD, HERE, 10 } },
    { "write", SYS_write, READS | BYTES, { FD, HERE, 10 } },
    { "pread64", SYS_pread64, WRITES | BYTES, { FD, HERE, 10, 0 } },
    { "pwrite64", SYS_pwrite64, READS | BYTES, { FD, HERE, 10, 0 } },
    { "readv", SYS_readv, READS, { FD, HERE, 1 } },
    { "writev", SYS_writev, READS, { FD, HERE, 1 } },
    { "preadv", SYS_preadv, READS, { FD, HERE, 1, 0, 0 } },
    { "pwritev", SYS_pwritev, READS, { FD, HERE, 1, 0, 0 } },
    { "getdents64", SYS_getdents64, WRITES, { DIR, HERE, 1000 } },
    { "sendfile", SYS_sendfile, WRITES | OR_NULL, { FD, FD, HERE, 0 } },
    { "fcntl F_SETLK", SYS_fcntl, READS, { FD, F_SETLK, HERE } },
    { "fcntl F_GETLK", SYS_fcntl, READS, { FD, F_GETLK, HERE } },
    { "open", SYS_open, READS, { HERE, O_RDONLY } },
    { "openat", SYS_openat, READS, { DIR, HERE, O_RDONLY } },
    { "creat", SYS_creat, READS, { HERE, 0600 } },
    { "truncate", SYS_truncate, READS, { HERE, 10 } },
    { "stat, path", SYS_stat, READS, { HERE, ZEROS } },
    { "stat", SYS_stat, WRITES, { PATH, HERE } },
    { "lstat", SYS_lstat, WRITES, { PATH, HERE } },
    { "fstat", SYS_fstat, WRITES, { FD, HERE } },
    { "newfstatat, path", SYS_newfstatat, READS, { DIR, HERE, ZEROS, 0 } },
    { "newfstatat", SYS_newfstatat, WRITES, { AT_FDCWD, PATH, HERE, 0 } },
    { "statx, path", SYS_statx, READS, { AT_FDCWD, HERE, 0, 0x7ff, ZEROS } },
    { "statx", SYS_statx, WRITES, { AT_FDCWD, PATH, 0, 0x7ff, HERE } },
    { "statfs, path", SYS_statfs, READS, { HERE, ZEROS } },
    { "statfs", SYS_statfs, WRITES, { PATH, HERE } },
    { "fstatfs", SYS_fstatfs, WRITES, { FD, HERE } },
    { "access", SYS_access, READS, { HERE, 0 } },
    { "faccessat", SYS_faccessat, READS, { AT_FDCWD, HERE, 0 } },
    { "mkdir", SYS_mkdir, READS, { HERE, 0700 } },
    { "mkdirat", SYS_mkdirat, READS, { AT_FDCWD, HERE, 0700 } },
    { "mknod", SYS_mknod, READS, { HERE, S_IFIFO | 0600, 0 } },
    { "mknodat", SYS_mknodat, READS, { AT_FDCWD, HERE, S_IFIFO | 0600, 0 } },
    { "rmdir", SYS_rmdir, READS, { HERE } },
    { "unlink", SYS_unlink, READS, { HERE } },
    { "unlinkat", SYS_unlinkat, READS, { AT_FDCWD, HERE, 0 } },
    { "link, from", SYS_link, READS, { HERE, PATH } },
    { "link, to", SYS_link, READS, { PATH, HERE } },
    { "linkat", SYS_linkat, READS, { AT_FDCWD, PATH, AT_FDCWD, HERE, 0 } },
    { "symlink, text", SYS_symlink, READS, { HERE, (long)"new" } },
    { "symlink", SYS_symlink, READS, { PATH, HERE } },
    { "symlinkat", SYS_symlinkat, READS, { PATH, AT_FDCWD, HERE } },
    { "rename, from", SYS_rename, READS, { HERE, PATH } },
    { "rename, to", SYS_rename, READS, { PATH, HERE } },
    { "renameat", SYS_renameat, READS, { AT_FDCWD, HERE, AT_FDCWD, PATH } },
    { "renameat2", SYS_renameat2, READS, { AT_FDCWD, PATH, AT_FDCWD, HERE, 0 } },
    { "readlink, path", SYS_readlink, READS, { HERE, ZEROS, 9 } },
    { "readlink", SYS_readlink, WRITES, { LINK, HERE, 9 } },
    { "readlinkat", SYS_readlinkat, WRITES, { AT_FDCWD, LINK, HERE, 9 } },
    { "chmod", SYS_chmod, READS, { HERE, 0600 } },
    { "fchmodat", SYS_fchmodat, READS, { AT_FDCWD, HERE, 0600 } },
    { "chown", SYS_chown, READS, { HERE, 0, 0 } },
    { "lchown", SYS_lchown, READS, { HERE, 0, 0 } },
    { "fchownat", SYS_fchownat, READS, { AT_FDCWD, HERE, 0, 0, 0 } },
    { "utime, path", SYS_utime, READS, { HERE, 0 } },
    { "utime", SYS_utime, READS | OR_NULL, { PATH, HERE } },
    { "utimes", SYS_utimes, READS | OR_NULL, { PATH, HERE } },
    { "futimesat", SYS_futimesat, READS | OR_NULL, { AT_FDCWD, PATH, HERE } },
    { "utimensat", SYS_utimensat, READS | OR_NULL, { AT_FDCWD, PATH, HERE, 0 } },
    { "chdir", SYS_chdir, READS, { HERE } },
    { "chroot", SYS_chroot, READS, { HERE } },
    { "getcwd", SYS_getcwd, WRITES, { HERE, 4000 } },
    { "mount, type", SYS_mount, READS | OR_NULL, { 0, (long)".", HERE, 0, 0 } },
    { "mount, place", SYS_mount, READS, { 0, HERE, (long)"tmpfs", 0, 0 } },
    { "umount2", SYS_umount2, READS, { HERE, 0 } },
    { "pipe", SYS_pipe, WRITES, { HERE } },
    { "pipe2", SYS_pipe2, WRITES, { HERE, O_CLOEXEC } },
    { "poll", SYS_poll, READS, { HERE, 1, 0 } },
    { "ppoll", SYS_ppoll, READS, { HERE, 1, (long)&soon, 0, 8 } },
    { "ppoll, time", SYS_ppoll, READS | OR_NULL, { 0, 0, HERE, 0, 8 } },
    { "ppoll, mask", SYS_ppoll, READS | OR_NULL, { 0, 0, (long)&soon, HERE, 8 } },
    { "select, read", SYS_select, READS | OR_NULL, { 64, HERE, 0, 0, (long)&soon_too } },
    { "select, write", SYS_select, READS | OR_NULL, { 64, 0, HERE, 0, (long)&soon_too } },
    { "select, time", SYS_select, READS | OR_NULL, { 0, 0, 0, 0, HERE } },
    { "pselect6, time", SYS_pselect6, READS | OR_NULL, { 0, 0, 0, 0, HERE, 0 } },
    { "pselect6, mask", SYS_pselect6, READS | OR_NULL, { 0, 0, 0, 0, (long)&soon, HERE } },
    { "execve", SYS_execve, READS, { HERE, 0, 0 } },
    { "execve, arguments", SYS_execve, READS | OR_NULL, { (long)"/proc/self/exe", HERE, 0 } },
    { "execveat", SYS_execveat, READS, { AT_FDCWD, HERE, 0, 0, 0 } },
    { "waitid, times", SYS_waitid, WRITES | OR_NULL, { P_ALL, 0, 0, WEXITED | WNOWAIT, HERE } },
    { "waitid", SYS_waitid, WRITES | OR_NULL, { P_ALL, 0, HERE, WEXITED | WNOWAIT, 0 } },
    { "get_robust_list", SYS_get_robust_list, WRITES, { 0, HERE, ZEROS } },
    { "arch_prctl", SYS_arch_prctl, WRITES, { 0x1003, HERE } },
    { "prctl, name", SYS_prctl, READS, { 15, HERE } },
    { "prctl, its name", SYS_prctl, WRITES, { 16, HERE } },
    { "sched_getaffinity", SYS_sched_getaffinity, WRITES, { 0, 128, HERE } },
    { "sched_setaffinity", SYS_sched_setaffinity, READS, { 0, 8, HERE } },
    { "getrusage", SYS_getrusage, WRITES, { RUSAGE_SELF, HERE } },
    { "times", SYS_times, WRITES | OR_NULL, { HERE } },
    { "getrlimit", SYS_getrlimit, WRITES, { RLIMIT_CORE, HERE } },
    { "setrlimit", SYS_setrlimit, READS, { RLIMIT_CORE, HERE } },
    { "prlimit64, new", SYS_prlimit64, READS | OR_NULL, { 0, RLIMIT_CORE, HERE, 0 } },
    { "prlimit64, old", SYS_prlimit64, WRITES | OR_NULL, { 0, RLIMIT_CORE, 0, HERE } },
    { "getresuid", SYS_getresuid, WRITES, { ZEROS, HERE, ZEROS } },
    { "getresgid", SYS_getresgid, WRITES, { ZEROS, ZEROS, HERE } },
    { "getgroups", SYS_getgroups, WRITES, { 9, HERE } },
    { "setgroups", SYS_setgroups, READS, { 4, HERE } },
    { "rt_sigaction, new", SYS_rt_sigaction, READS | OR_NULL, { SIGUSR1, HERE, 0, 8 } },
    { "rt_sigaction, old", SYS_rt_sigaction, WRITES | OR_NULL, { SIGUSR1, 0, HERE, 8 } },
    { "rt_sigprocmask, new", SYS_rt_sigprocmask, READS | OR_NULL, { SIG_BLOCK, HERE, 0, 8 } },
    { "rt_sigprocmask, old", SYS_rt_sigprocmask, WRITES | OR_NULL, { SIG_BLOCK, 0, HERE, 8 } },
    { "rt_sigpending", SYS_rt_sigpending, WRITES, { HERE, 8 } },
    { "rt_sigsuspend", SYS_rt_sigsuspend, READS, { HERE, 8 } },
    { "rt_sigtimedwait, set", SYS_rt_sigtimedwait, READS, { HERE, 0, (long)&soon, 8 } },
    { "rt_sigtimedwait, time",
      SYS_rt_sigtimedwait,
      READS | OR_NULL,
      { (long)&signals, 0, HERE, 8 } },
    { "rt_sigqueueinfo", SYS_rt_sigqueueinfo, READS, { 1, SIGUSR1, HERE } },
    { "rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, READS, { 1, 1, SIGUSR1, HERE } },
    { "sigaltstack, new", SYS_sigaltstack, READS | OR_NULL, { HERE, 0 } },
    { "sigaltstack, old", SYS_sigaltstack, WRITES | OR_NULL, { 0, HERE } },
    { "time", SYS_time, WRITES | OR_NULL, { HERE } },
    { "gettimeofday", SYS_gettimeofday, WRITES | OR_NULL, { HERE, 0 } },
    { "gettimeofday, zone", SYS_gettimeofday, WRITES | OR_NULL, { 0, HERE } },
    { "settimeofday", SYS_settimeofday, READS | OR_NULL, { HERE, 0 } },
    { "clock_gettime", SYS_clock_gettime, WRITES, { 0, HERE } },
    { "clock_settime", SYS_clock_settime, READS, { 0, HERE } },
    { "clock_getres", SYS_clock_getres, WRITES | OR_NULL, { 0, HERE } },
    { "nanosleep", SYS_nanosleep, READS, { HERE, 0 } },
    { "clock_nanosleep", SYS_clock_nanosleep, READS, { 1, 0, HERE, 0 } },
    { "getitimer", SYS_getitimer, WRITES, { ITIMER_REAL, HERE } },
    { "setitimer, new", SYS_setitimer, READS | OR_NULL, { ITIMER_REAL, HERE, 0 } },
    { "setitimer, old", SYS_setitimer, WRITES | OR_NULL, { ITIMER_REAL, 0, HERE } },
    { "uname", SYS_uname, WRITES, { HERE } },
    { "sethostname", SYS_sethostname, READS, { HERE, 8 } },
    { "setdomainname", SYS_setdomainname, READS, { HERE, 8 } },
    { "sysinfo", SYS_sysinfo, WRITES, { HERE } },
    { "getrandom", SYS_getrandom, WRITES | BYTES, { HERE, 8, 0 } },
    { "ioctl FIONREAD", SYS_ioctl, WRITES, { PIPE, FIONREAD, HERE } },
    { "ioctl FIONREAD, socket", SYS_ioctl, WRITES, { SOCKET, FIONREAD, HERE } },
    { "read, socket", SYS_read, WRITES | BYTES, { SOCKET, HERE, 10 } },
    { "write, socket", SYS_write, READS | BYTES, { SOCKET, HERE, 10 } },
    { "write, datagram", SYS_write, READS, { DATAGRAM, HERE, 10 } },
    { "bind", SYS_bind, READS, { SOCKET, HERE, 16 } },
    { "connect", SYS_connect, READS, { SOCKET, HERE, 16 } },
    { "getsockname", SYS_getsockname, WRITES, { SOCKET, HERE, (long)&sixteen } },
    { "getsockname, length", SYS_getsockname, WRITES, { SOCKET, ZEROS, HERE } },
    { "getpeername", SYS_getpeername, WRITES, { SOCKET, HERE, (long)&sixteen } },
    { "getpeername, length", SYS_getpeername, WRITES, { SOCKET, ZEROS, HERE } },
    { "getsockopt", SYS_getsockopt, WRITES, { SOCKET, SOL_SOCKET, SO_TYPE, HERE, (long)&sixteen } },
    { "getsockopt, length", SYS_getsockopt, WRITES, { SOCKET, SOL_SOCKET, SO_TYPE, ZEROS, HERE } },
    { "setsockopt", SYS_setsockopt, READS, { SOCKET, SOL_SOCKET, SO_REUSEADDR, HERE, 4 } },
    { "setsockopt, time", SYS_setsockopt, READS, { SOCKET, SOL_SOCKET, SO_RCVTIMEO, HERE, 16 } },
    { "socketpair", SYS_socketpair, WRITES, { AF_UNIX, SOCK_STREAM, 0, HERE } },
    { "sendto", SYS_sendto, READS | BYTES, { SOCKET, HERE, 10, MSG_DONTWAIT, 0, 0 } },
    { "sendto, datagram", SYS_sendto, READS, { DATAGRAM, HERE, 10, 0, 0, 0 } },
    { "sendto, address", SYS_sendto, READS | OR_NULL, { DATAGRAM, ZEROS, 1, 0, HERE, 16 } },
    { "recvfrom", SYS_recvfrom, WRITES | BYTES, { SOCKET, HERE, 10, MSG_PEEK, 0, 0 } },
    { "recvfrom, datagram", SYS_recvfrom, WRITES, { DATAGRAM, HERE, 10, MSG_PEEK, 0, 0 } },
    { "sendmsg", SYS_sendmsg, READS, { SOCKET, HERE, 0 } },
    { "recvmsg", SYS_recvmsg, READS, { SOCKET, HERE, MSG_DONTWAIT } },
    { "sendmmsg", SYS_sendmmsg, READS, { SOCKET, HERE, 1, 0 } },
    { "recvmmsg", SYS_recvmmsg, READS, { SOCKET, HERE, 1, MSG_DONTWAIT, 0 } },
    { "recvmmsg, time", SYS_recvmmsg, READS | OR_NULL, { SOCKET, ZEROS, 1, MSG_DONTWAIT, HERE } },
};
/* clang-format on */

static int is_pair_set_up(int type, int first)
{
    int ends[2];
    return socketpair(AF_UNIX, type, 0, ends) == 0 && ends[0] == first &&
           write(ends[1], "0123456789", 10) == 10;
}

static int is_set_up(void)
{
    int ends[2];
    pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return 0;
    memset(pages, 'n', 3 * PAGE);
    if (setgroups(2, (gid_t[]){ 1, 2 }) != 0 || mprotect(pages + PAGE, PAGE, PROT_READ) != 0 ||
        mprotect(pages + 2 * PAGE, PAGE, PROT_NONE) != 0)
        return 0;
    return open("f", O_RDWR | O_CREAT, 0600) == FD && write(FD, "0123456789", 10) == 10 &&
           open(".", O_RDONLY) == DIR && pipe(ends) == 0 && ends[0] == PIPE &&
           symlink("somewhere", "link") == 0 && is_pair_set_up(SOCK_STREAM, SOCKET) &&
           is_pair_set_up(SOCK_DGRAM, DATAGRAM);
}

static long call_with(const struct call *call, uintptr_t address)
{
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = call->arguments[i] == HERE ? (long)address : call->arguments[i];
    lseek(FD, 0, SEEK_SET);
    lseek(DIR, 0, SEEK_SET);
    return result(syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void try(const struct call *call, const char *what, uintptr_t address)
{
    char name[100];
    long got = call_with(call, address);
    if (got == -EFAULT)
        return;
    snprintf(name, sizeof name, "%s: %s", call->name, what);
    check_value(name, -EFAULT, got);
}

static void try_all(const struct call *call)
{
    int before = failures;
    static const struct {
        const char *what;
        uintptr_t address;
    } bad[] = {
        { "the first page", 8 },
        { "the end of user space", 0x7ffffffff000 },
        { "not canonical", 0x800000000000 },
        { "not canonical, high", 0xffff7fffffffffff },
        { "the kernel's half", 0xffff800000000000 },
        { "the direct map", 0xffff888000100000 },
        { "the kernel's code", 0xffffffff80200000 },
        { "the last bytes", 0xfffffffffffffffc },
    };
    if (!(call->kind & OR_NULL))
        try(call, "NULL", 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        try(call, bad[i].what, bad[i].address);
    try(call, "inaccessible", (uintptr_t)pages + 2 * PAGE);
    if (call->kind & WRITES)
        try(call, "read-only", (uintptr_t)pages + PAGE + 64);
    if (!(call->kind & BYTES))
        try(call, "reaches beyond", (uintptr_t)pages + (call->kind & WRITES ? 1 : 2) * PAGE - 1);
    if (failures == before)
        printf("ok %s\n", call->name);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc > 1 || argc == 0)
        return 3; /* executed by execve(2), which should have failed */
    (void)argv;
    enter_scratch("addresses.d");
    if (!is_set_up())
        return 2;
    if (fork() == 0)
        _exit(0); /* somebody to wait for */
    usleep(20000);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        try_all(&calls[i]);
    unlink("f");
    unlink("link");
    return finish("addresses.d");
}
