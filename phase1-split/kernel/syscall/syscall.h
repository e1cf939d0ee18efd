/* The system calls, by the file that defines them.  Each takes what Linux's system call of that
 * name takes on x86-64 and returns its result or a negative errno; addresses are numbers, and the
 * structures are those of Linux's UAPI headers.  The manual page of the name, section 2, is the
 * specification. */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

#include <platform/trap.h>

/* dispatch.c: the handler of struct trap_handlers; -ENOSYS for a number that is not there. */
void system_call(struct user_registers *registers);

/* No call moves more bytes, so that every result fits an int (read(2), notes). */
#define TRANSFER_LIMIT ((size_t)0x7ffff000)

/* sys_file.c: what works on an open descriptor */
long sys_read(int fd, user_address data, size_t size);
long sys_write(int fd, user_address data, size_t size);
long sys_pread64(int fd, user_address data, size_t size, int64_t position);
long sys_pwrite64(int fd, user_address data, size_t size, int64_t position);
long sys_readv(int fd, user_address segments, int count);
long sys_writev(int fd, user_address segments, int count);
long sys_preadv(int fd, user_address segments, int count, uint64_t low, uint64_t high);
long sys_pwritev(int fd, user_address segments, int count, uint64_t low, uint64_t high);
long sys_lseek(int fd, int64_t offset, int whence);
long sys_close(int fd);
long sys_close_range(unsigned first, unsigned last, unsigned flags);
long sys_dup(int fd);
long sys_dup2(int from, int to);
long sys_dup3(int from, int to, int flags);
long sys_fcntl(int fd, int command, uint64_t argument);
long sys_flock(int fd, int operation);
long sys_ioctl(int fd, unsigned command, uint64_t argument);
long sys_fsync(int fd);
long sys_fdatasync(int fd);
long sys_ftruncate(int fd, int64_t size);
long sys_getdents64(int fd, user_address entries, unsigned size);
long sys_getdents(int fd, user_address entries, unsigned size);
long sys_preadv2(int fd, user_address segments, int count, uint64_t low, uint64_t high,
                 unsigned flags);
long sys_pwritev2(int fd, user_address segments, int count, uint64_t low, uint64_t high,
                  unsigned flags);
long sys_memfd_create(user_address name, unsigned flags);

/* sys_socket.c: making, naming and connecting sockets, and their options */
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, user_address out);
long sys_bind(int fd, user_address address, int length);
long sys_listen(int fd, int backlog);
long sys_accept(int fd, user_address address, user_address length);
long sys_accept4(int fd, user_address address, user_address length, int flags);
long sys_connect(int fd, user_address address, int length);
long sys_getsockname(int fd, user_address address, user_address length);
long sys_getpeername(int fd, user_address address, user_address length);
long sys_shutdown(int fd, int how);
long sys_setsockopt(int fd, int level, int name, user_address value, int length);
long sys_getsockopt(int fd, int level, int name, user_address value, user_address length);

/* sys_message.c: sending and receiving */
long sys_sendto(int fd, user_address data, size_t size, unsigned flags, user_address to,
                int to_length);
long sys_recvfrom(int fd, user_address data, size_t size, unsigned flags, user_address from,
                  user_address from_length);
long sys_sendmsg(int fd, user_address header, unsigned flags);
long sys_recvmsg(int fd, user_address header, unsigned flags);
long sys_sendmmsg(int fd, user_address headers, unsigned count, unsigned flags);
long sys_recvmmsg(int fd, user_address headers, unsigned count, unsigned flags,
                  user_address timeout);

/* sys_range.c: ranges of a file's bytes */
long sys_sendfile(int to, int from, user_address position, size_t count);
long sys_fallocate(int fd, int mode, int64_t offset, int64_t length);
long sys_copy_file_range(int from_fd, user_address from_position, int to_fd,
                         user_address to_position, size_t count, unsigned flags);
long sys_fadvise64(int fd, int64_t offset, int64_t length, int advice);
long sys_readahead(int fd, int64_t offset, size_t count);
long sys_sync_file_range(int fd, int64_t offset, int64_t length, unsigned flags);

/* sys_path.c: what takes a path name */
long sys_open(user_address path, int flags, unsigned mode);
long sys_openat(int directory, user_address path, int flags, unsigned mode);
long sys_creat(user_address path, unsigned mode);
long sys_mkdir(user_address path, unsigned mode);
long sys_mkdirat(int directory, user_address path, unsigned mode);
long sys_mknod(user_address path, unsigned mode, unsigned device);
long sys_mknodat(int directory, user_address path, unsigned mode, unsigned device);
long sys_rmdir(user_address path);
long sys_unlink(user_address path);
long sys_unlinkat(int directory, user_address path, int flags);
long sys_link(user_address from, user_address to);
long sys_linkat(int from_directory, user_address from, int to_directory, user_address to,
                int flags);
long sys_symlink(user_address target, user_address path);
long sys_symlinkat(user_address target, int directory, user_address path);
long sys_rename(user_address from, user_address to);
long sys_renameat(int from_directory, user_address from, int to_directory, user_address to);
long sys_renameat2(int from_directory, user_address from, int to_directory, user_address to,
                   unsigned flags);
long sys_readlink(user_address path, user_address out, int size);
long sys_readlinkat(int directory, user_address path, user_address out, int size);
long sys_chdir(user_address path);
long sys_fchdir(int fd);
long sys_chroot(user_address path);
long sys_getcwd(user_address out, size_t size);
long sys_umask(unsigned mask);
long sys_mount(user_address source, user_address where, user_address type, uint64_t flags,
               user_address options);
long sys_umount2(user_address where, int flags);
long sys_pivot_root(user_address new, user_address put_old);
long sys_unshare(uint64_t flags);
long sys_sync(void);
long sys_syncfs(int fd);

/* sys_attributes.c: what files are like, and changes to that */
long sys_truncate(user_address path, int64_t size);
long sys_stat(user_address path, user_address out);
long sys_lstat(user_address path, user_address out);
long sys_fstat(int fd, user_address out);
long sys_newfstatat(int directory, user_address path, user_address out, int flags);
long sys_statx(int directory, user_address path, unsigned flags, unsigned mask, user_address out);
long sys_statfs(user_address path, user_address out);
long sys_fstatfs(int fd, user_address out);
long sys_access(user_address path, int mode);
long sys_faccessat(int directory, user_address path, int mode);
long sys_faccessat2(int directory, user_address path, int mode, int flags);
long sys_chmod(user_address path, unsigned mode);
long sys_fchmod(int fd, unsigned mode);
long sys_fchmodat(int directory, user_address path, unsigned mode);
long sys_chown(user_address path, unsigned uid, unsigned gid);
long sys_lchown(user_address path, unsigned uid, unsigned gid);
long sys_fchown(int fd, unsigned uid, unsigned gid);
long sys_fchownat(int directory, user_address path, unsigned uid, unsigned gid, int flags);
long sys_utime(user_address path, user_address times);
long sys_utimes(user_address path, user_address times);
long sys_futimesat(int directory, user_address path, user_address times);
long sys_utimensat(int directory, user_address path, user_address times, int flags);

/* sys_xattr.c: extended attributes, of which there are none */
long sys_setxattr(user_address path, user_address name, user_address value, size_t size, int flags);
long sys_lsetxattr(user_address path, user_address name, user_address value, size_t size,
                   int flags);
long sys_fsetxattr(int fd, user_address name, user_address value, size_t size, int flags);
long sys_getxattr(user_address path, user_address name);
long sys_lgetxattr(user_address path, user_address name);
long sys_fgetxattr(int fd, user_address name);
long sys_listxattr(user_address path);
long sys_llistxattr(user_address path);
long sys_flistxattr(int fd);
long sys_removexattr(user_address path, user_address name);
long sys_lremovexattr(user_address path, user_address name);
long sys_fremovexattr(int fd, user_address name);

/* sys_poll.c and sys_select.c: waiting for files */
long sys_pipe(user_address out);
long sys_pipe2(user_address out, int flags);
long sys_poll(user_address files, unsigned count, int timeout);
long sys_ppoll(user_address files, unsigned count, user_address timeout, user_address mask,
               size_t mask_size);
long sys_select(int count, user_address read, user_address write, user_address except,
                user_address timeout);
long sys_pselect6(int count, user_address read, user_address write, user_address except,
                  user_address timeout, user_address mask);

/* sys_process.c */
long sys_fork(void);
long sys_vfork(void);
long sys_clone(uint64_t flags, user_address stack, user_address parent_tid, user_address child_tid,
               user_address tls);
long sys_execve(user_address path, user_address argv, user_address envp);
long sys_execveat(int directory, user_address path, user_address argv, user_address envp,
                  int flags);
long sys_exit(int status);
long sys_exit_group(int status);
long sys_wait4(int which, user_address status, int options, user_address usage);
long sys_waitid(int kind, int id, user_address information, int options, user_address usage);
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_getpgid(int pid);
long sys_getpgrp(void);
long sys_setpgid(int pid, int group);
long sys_getsid(int pid);
long sys_setsid(void);
long sys_vhangup(void);
long sys_clone3(user_address from, size_t size);
long sys_futex(user_address word, int operation, uint32_t value, user_address timeout,
               user_address other, uint32_t value3);
long sys_set_tid_address(user_address address);
long sys_set_robust_list(user_address head, size_t size);
long sys_get_robust_list(int pid, user_address head, user_address size);
long sys_arch_prctl(int code, user_address address);
long sys_prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
long sys_getrusage(int who, user_address out);
long sys_times(user_address out);
long sys_getrlimit(unsigned resource, user_address out);
long sys_setrlimit(unsigned resource, user_address limit);
long sys_prlimit64(int pid, unsigned resource, user_address limit, user_address old);

/* sys_schedule.c */
long sys_sched_setscheduler(int id, int policy, user_address parameter);
long sys_sched_getscheduler(int id);
long sys_sched_setparam(int id, user_address parameter);
long sys_sched_getparam(int id, user_address out);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(int id, user_address out);
long sys_sched_setattr(int id, user_address attributes, unsigned flags);
long sys_sched_getattr(int id, user_address out, unsigned size, unsigned flags);
long sys_sched_yield(void);
long sys_sched_getaffinity(int pid, unsigned size, user_address mask);
long sys_sched_setaffinity(int pid, unsigned size, user_address mask);
long sys_getcpu(user_address processor, user_address node, user_address unused);
long sys_membarrier(int command, unsigned flags, int processor);

/* sys_credentials.c */
long sys_capget(user_address header, user_address data);
long sys_capset(user_address header, user_address data);
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_getresuid(user_address real, user_address effective, user_address saved);
long sys_getresgid(user_address real, user_address effective, user_address saved);
long sys_setuid(unsigned uid);
long sys_setgid(unsigned gid);
long sys_setreuid(unsigned real, unsigned effective);
long sys_setregid(unsigned real, unsigned effective);
long sys_setresuid(unsigned real, unsigned effective, unsigned saved);
long sys_setresgid(unsigned real, unsigned effective, unsigned saved);
long sys_setfsuid(unsigned uid);
long sys_setfsgid(unsigned gid);
long sys_getgroups(int size, user_address out);
long sys_setgroups(int size, user_address groups);

/* sys_memory.c */
long sys_brk(user_address end);
long sys_mmap(user_address hint, uint64_t length, int protection, int flags, int fd,
              uint64_t offset);
long sys_munmap(user_address start, uint64_t length);
long sys_mprotect(user_address start, uint64_t length, int protection);
long sys_msync(user_address start, uint64_t length, int flags);
long sys_mremap(user_address start, uint64_t old_length, uint64_t new_length, int flags,
                user_address to);
long sys_mlock(user_address start, uint64_t length);
long sys_mlock2(user_address start, uint64_t length, unsigned flags);
long sys_munlock(user_address start, uint64_t length);
long sys_mlockall(int flags);
long sys_munlockall(void);
long sys_mincore(user_address start, uint64_t length, user_address out);
long sys_madvise(user_address start, uint64_t length, int advice);

/* sys_signal.c */
long sys_rt_sigaction(int signal, user_address action, user_address old, size_t size);
long sys_rt_sigprocmask(int how, user_address set, user_address old, size_t size);
long sys_rt_sigpending(user_address out, size_t size);
long sys_rt_sigsuspend(user_address mask, size_t size);
long sys_rt_sigreturn(struct user_registers *registers);
long sys_rt_sigtimedwait(user_address set, user_address information, user_address timeout,
                         size_t size);
long sys_rt_sigqueueinfo(int pid, int signal, user_address information);
long sys_rt_tgsigqueueinfo(int process, int id, int signal, user_address information);
long sys_sigaltstack(user_address stack, user_address old);
long sys_pause(void);
long sys_kill(int pid, int signal);
long sys_tkill(int task, int signal);
long sys_tgkill(int process, int task, int signal);
long sys_restart_syscall(void);

/* sys_time.c */
long sys_time(user_address out);
long sys_gettimeofday(user_address time, user_address zone);
long sys_settimeofday(user_address time, user_address zone);
long sys_clock_gettime(int clock, user_address out);
long sys_clock_settime(int clock, user_address time);
long sys_clock_getres(int clock, user_address out);
long sys_nanosleep(user_address time, user_address left);
long sys_clock_nanosleep(int clock, int flags, user_address time, user_address left);
long sys_adjtimex(user_address buffer);
long sys_clock_adjtime(int clock, user_address buffer);

/* sys_timer.c */
long sys_timer_create(int clock, user_address event, user_address out);
long sys_timer_settime(int id, int flags, user_address wanted, user_address old);
long sys_timer_gettime(int id, user_address out);
long sys_timer_getoverrun(int id);
long sys_timer_delete(int id);
long sys_alarm(unsigned seconds);
long sys_getitimer(int which, user_address out);
long sys_setitimer(int which, user_address value, user_address old);

/* sys_priority.c */
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_ioprio_get(int which, int who);
long sys_ioprio_set(int which, int who, int priority);

/* sys_system.c */
long sys_uname(user_address out);
long sys_personality(unsigned domain);
long sys_sethostname(user_address name, size_t length);
long sys_setdomainname(user_address name, size_t length);
long sys_sysinfo(user_address out);
long sys_syslog(int type, user_address data, int size);
long sys_getrandom(user_address out, size_t size, unsigned flags);
long sys_reboot(unsigned magic1, unsigned magic2, unsigned command, user_address argument);

/* ---- events ---- */
long sys_eventfd(unsigned count);
long sys_eventfd2(unsigned count, int flags);
long sys_timerfd_create(int clock, int flags);
long sys_timerfd_settime(int fd, int flags, user_address wanted, user_address old);
long sys_timerfd_gettime(int fd, user_address out);
long sys_signalfd(int fd, user_address mask, size_t size);
long sys_signalfd4(int fd, user_address mask, size_t size, int flags);
long sys_epoll_create(int size);
long sys_epoll_create1(int flags);
long sys_epoll_ctl(int epoll, int operation, int fd, user_address event);
long sys_epoll_wait(int epoll, user_address events, int limit, int milliseconds);
long sys_epoll_pwait(int epoll, user_address events, int limit, int milliseconds, user_address mask,
                     size_t size);
long sys_epoll_pwait2(int epoll, user_address events, int limit, user_address timeout,
                      user_address mask, size_t size);

#endif
