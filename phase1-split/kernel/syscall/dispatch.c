/* One switch from numbers to calls.  A call's parameters take what fits them of the six argument
 * registers: int parameters their low half, as the ABI says. */
#include <asm/unistd.h>
#include <linux/errno.h>

#include <memory/reclaim.h>
#include <platform/event.h>
#include <platform/log.h>
#include <process/process.h>
#include <syscall/syscall.h>

/* clang-format off: the two tables of this file are laid out by hand. */
#define CALL0(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name();
#define CALL1(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name(r->rdi);
#define CALL2(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name(r->rdi, r->rsi);
#define CALL3(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name(r->rdi, r->rsi, r->rdx);
#define CALL4(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name(r->rdi, r->rsi, r->rdx, r->r10);
#define CALL5(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name(r->rdi, r->rsi, r->rdx, r->r10, r->r8);
#define CALL6(name)                                                                                \
    case __NR_##name:                                                                              \
        return sys_##name(r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);

/* clang-format on */

#define NUMBER_LIMIT 512

/* What a Linux kernel, too, may be built without, so that programs and the C library ask and go on:
 * RSEQ, INOTIFY_USER, SYSVIPC and BLOCK are the names of these choices in its configuration. */
static bool is_left_out(uint64_t number)
{
    switch (number) {
    case __NR_rseq:
    case __NR_inotify_init:
    case __NR_inotify_init1:
    case __NR_shmget:
    case __NR_ioprio_get:
    case __NR_ioprio_set:
        return true;
    default:
        return false;
    }
}

/* A number that nobody implements: told once, so that the log names what a program misses. */
static long unknown(uint64_t number)
{
    static uint64_t told[NUMBER_LIMIT / 64];
    if (number < NUMBER_LIMIT && !is_left_out(number) &&
        !(told[number / 64] & 1ull << number % 64)) {
        told[number / 64] |= 1ull << number % 64;
        printk(LOG_INFO, "%s (%d): system call %llu is not implemented", current->command,
               current->process->id, (unsigned long long)number);
    }
    return -ENOSYS;
}

static long call(struct user_registers *r)
{
    /* clang-format off */
    switch (r->orig_rax) {
    /* descriptors */
    CALL3(read) CALL3(write) CALL4(pread64) CALL4(pwrite64) CALL3(readv) CALL3(writev)
    CALL5(preadv) CALL5(pwritev) CALL3(lseek) CALL1(close) CALL3(close_range) CALL1(dup)
    CALL2(dup2) CALL3(dup3) CALL3(fcntl) CALL2(flock) CALL3(ioctl) CALL1(fsync) CALL1(fdatasync)
    CALL2(ftruncate) CALL3(getdents) CALL3(getdents64) CALL4(sendfile) CALL4(fallocate)
    CALL6(preadv2) CALL6(pwritev2) CALL6(copy_file_range) CALL2(memfd_create) CALL4(fadvise64)
    CALL3(readahead) CALL4(sync_file_range)
    /* path names */
    CALL3(open) CALL4(openat) CALL2(creat) CALL2(truncate) CALL2(stat) CALL2(lstat) CALL2(fstat)
    CALL4(newfstatat) CALL5(statx) CALL2(statfs) CALL2(fstatfs) CALL2(access) CALL3(faccessat)
    CALL4(faccessat2) CALL2(mkdir) CALL3(mkdirat) CALL3(mknod) CALL4(mknodat) CALL1(rmdir)
    CALL1(unlink) CALL3(unlinkat) CALL2(link) CALL5(linkat) CALL2(symlink) CALL3(symlinkat)
    CALL2(rename) CALL4(renameat) CALL5(renameat2) CALL3(readlink) CALL4(readlinkat)
    CALL2(chmod) CALL2(fchmod) CALL3(fchmodat) CALL3(chown) CALL3(lchown) CALL3(fchown)
    CALL5(fchownat) CALL2(utime) CALL2(utimes) CALL3(futimesat) CALL4(utimensat) CALL1(chdir)
    CALL1(fchdir) CALL1(chroot) CALL2(getcwd) CALL1(umask) CALL5(mount) CALL2(umount2)
    CALL2(pivot_root) CALL1(unshare)
    CALL0(sync) CALL1(syncfs)
    CALL5(setxattr) CALL5(lsetxattr) CALL5(fsetxattr) CALL2(getxattr) CALL2(lgetxattr)
    CALL2(fgetxattr) CALL1(listxattr) CALL1(llistxattr) CALL1(flistxattr) CALL2(removexattr)
    CALL2(lremovexattr) CALL2(fremovexattr)
    /* waiting for files */
    CALL1(pipe) CALL2(pipe2) CALL3(poll) CALL5(ppoll) CALL5(select) CALL6(pselect6)
    CALL1(epoll_create) CALL1(epoll_create1) CALL4(epoll_ctl) CALL4(epoll_wait)
    CALL6(epoll_pwait) CALL6(epoll_pwait2) CALL1(eventfd) CALL2(eventfd2)
    CALL3(signalfd) CALL4(signalfd4) CALL2(timerfd_create) CALL4(timerfd_settime)
    CALL2(timerfd_gettime)
    /* sockets */
    CALL3(socket) CALL4(socketpair) CALL3(bind) CALL2(listen) CALL3(accept) CALL4(accept4)
    CALL3(connect) CALL3(getsockname) CALL3(getpeername) CALL2(shutdown) CALL5(setsockopt)
    CALL5(getsockopt) CALL6(sendto) CALL6(recvfrom) CALL3(sendmsg) CALL3(recvmsg) CALL4(sendmmsg)
    CALL5(recvmmsg)
    /* processes */
    CALL0(fork) CALL0(vfork) CALL5(clone) CALL2(clone3) CALL3(execve) CALL5(execveat) CALL1(exit)
    CALL1(exit_group) CALL4(wait4) CALL5(waitid) CALL0(getpid) CALL0(gettid) CALL0(getppid)
    CALL1(getpgid) CALL0(getpgrp) CALL2(setpgid) CALL1(getsid) CALL0(setsid) CALL0(vhangup)
    CALL6(futex) CALL1(set_tid_address) CALL2(set_robust_list) CALL3(get_robust_list) CALL2(arch_prctl)
    CALL5(prctl) CALL0(sched_yield) CALL3(sched_getaffinity) CALL3(sched_setaffinity)
    CALL3(sched_setscheduler) CALL1(sched_getscheduler) CALL2(sched_setparam)
    CALL2(sched_getparam) CALL1(sched_get_priority_max) CALL1(sched_get_priority_min)
    CALL2(sched_rr_get_interval) CALL3(sched_setattr) CALL4(sched_getattr)
    CALL3(getcpu) CALL3(membarrier)
    CALL2(getpriority) CALL3(setpriority) CALL2(ioprio_get) CALL3(ioprio_set) CALL2(getrusage)
    CALL1(times) CALL2(getrlimit) CALL2(setrlimit) CALL4(prlimit64)
    /* credentials */
    CALL0(getuid) CALL0(geteuid) CALL0(getgid) CALL0(getegid) CALL3(getresuid) CALL3(getresgid)
    CALL1(setuid) CALL1(setgid) CALL2(setreuid) CALL2(setregid) CALL3(setresuid)
    CALL3(setresgid) CALL1(setfsuid) CALL1(setfsgid) CALL2(getgroups) CALL2(setgroups)
    CALL2(capget) CALL2(capset)
    /* memory */
    CALL1(brk) CALL6(mmap) CALL2(munmap) CALL3(mprotect) CALL3(msync) CALL3(madvise)
    CALL5(mremap) CALL2(mlock) CALL3(mlock2) CALL2(munlock) CALL1(mlockall) CALL0(munlockall)
    CALL3(mincore)
    /* signals */
    CALL4(rt_sigaction) CALL4(rt_sigprocmask) CALL2(rt_sigpending) CALL2(rt_sigsuspend)
    CALL4(rt_sigtimedwait) CALL3(rt_sigqueueinfo) CALL4(rt_tgsigqueueinfo)
    CALL2(sigaltstack) CALL0(pause) CALL2(kill) CALL2(tkill) CALL3(tgkill)
    CALL0(restart_syscall)
    case __NR_rt_sigreturn: return sys_rt_sigreturn(r);
    /* time */
    CALL1(time) CALL2(gettimeofday) CALL2(settimeofday) CALL2(clock_gettime)
    CALL2(clock_settime) CALL2(clock_getres) CALL2(nanosleep) CALL4(clock_nanosleep)
    CALL1(alarm) CALL2(getitimer) CALL3(setitimer) CALL1(adjtimex) CALL2(clock_adjtime)
    CALL3(timer_create) CALL4(timer_settime) CALL2(timer_gettime) CALL1(timer_getoverrun)
    CALL1(timer_delete)
    /* the system */
    CALL1(uname) CALL1(personality) CALL2(sethostname) CALL2(setdomainname) CALL1(sysinfo) CALL3(syslog)
    CALL3(getrandom) CALL4(reboot)
    default: return unknown(r->orig_rax);
    }
    /* clang-format on */
}

/* Whoever wants to get out of trouble needs to start programs. */
static bool starts_program(uint64_t number)
{
    return number == __NR_fork || number == __NR_vfork || number == __NR_clone ||
           number == __NR_clone3 || number == __NR_execve || number == __NR_execveat;
}

/* A call failed for want of memory, and so has changed nothing: is it worth another try? */
static bool has_made_room(uint64_t number)
{
    if (!memory_is_short())
        return false;
    if (memory_reclaim())
        return true;
    if (signal_fatal_waiting(current))
        return false;
    if (!memory_will_come() && (!starts_program(number) || !memory_run_out()))
        return false;
    scheduler_yield(); /* the process that has to go gives back what it had */
    return true;
}

void system_call(struct user_registers *registers)
{
    long result = call(registers);
    while (result == -ENOMEM && has_made_room(registers->orig_rax))
        result = call(registers);
    registers->rax = result;
    /* A call that a signal cut short is wound back by signal_deliver(), whatever has become of
     * the signal since. */
    if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
        events_post(EVENT_WORK);
}
