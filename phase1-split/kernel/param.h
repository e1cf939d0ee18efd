/* The tunables of the kernel, on one page; those that services go by are in service_param.h. */
#ifndef PARAM_H
#define PARAM_H

#include <service_param.h>

#define KERNEL_NAME    "Aramid"
#define KERNEL_RELEASE "0.1.0"

#define TICK_NANOSECONDS 10000000ull /* while something runs: turns and CPU-time samples */

#define TIMER_SLACK 50000u /* ns, that every task starts with (prctl(2)) */

#define SLEEPERS_CREDIT  30000000ull   /* ns by which who has slept comes before the others */
#define REAL_TIME_TURN   100000000ull  /* ns, of SCHED_RR */
#define REAL_TIME_PERIOD 1000000000ull /* ns, and what of it real-time tasks may have */
#define REAL_TIME_SHARE  950000000ull

#define ALARM_INTERVAL_LEAST 100000u /* ns between two signals of an interval timer */

#define PROCESS_LIMIT     4096  /* processes in the system, and of one user (RLIMIT_NPROC) */
#define PAGES_PER_PROCESS 64    /* of the machine's memory, when RLIMIT_NPROC is set */
#define PID_LIMIT         32768 /* process ids lie below this, at first (/proc/sys/kernel/pid_max) */
#define PID_LIMIT_LEAST   301   /* and what it can be set to */
#define PID_LIMIT_MOST    4194304
#define OPEN_FILES_SOFT   1024 /* RLIMIT_NOFILE */
#define OPEN_FILES_HARD   4096
#define FILES_LEAST       8192 /* open files in the system, however small it is */
#define SIGNALS_QUEUED    4096 /* siginfo records waiting of one user (RLIMIT_SIGPENDING) */

#define USER_STACK_LIMIT  (8ull << 20) /* bytes, RLIMIT_STACK */
#define ARGUMENTS_LIMIT   (2ull << 20) /* bytes of argv and envp together (ARG_MAX) */
#define STACK_GUARD_PAGES 256          /* kept free below a stack that may grow */

#define SYMLINK_LIMIT       40   /* links followed in one path walk */
#define DENTRY_UNUSED_LIMIT 8192 /* dentries kept although nobody uses them */
#define DENTRY_HASH_SIZE    4096
#define INODE_HASH_SIZE     2048
#define FILE_SYSTEM_TYPES   16     /* that can be registered */
#define EPOLL_WATCHES       65536  /* files in sets of epoll(7), in the system */
#define DEVICE_LIMIT        64     /* character devices, besides pseudo-terminals */
#define PATH_BUFFERS        8      /* buffers for path names that are kept for the next call */
#define TRANSFER_STRETCH    ((size_t)1 << 20) /* bytes of a transfer between chances to yield */
#define FAULT_AROUND_PAGES  16                /* cached file pages mapped by one page fault */

#define TTY_INPUT_SIZE     65536u /* bytes of edited input waiting for a reader */
#define TTY_LINE_LIMIT     4096   /* bytes in one line being edited, its end included (MAX_CANON) */
#define TTY_BACKLOG_SIZE   16384u /* bytes of echo and output that a full console is still owed */
#define TTY_DRAIN_INTERVAL 1000000u /* ns between looks whether a console's last byte has left */
#define PTY_QUEUE_SIZE     8192u /* bytes each way between the two sides of one; and its backlog */
#define TTY_PIECE          256u  /* bytes a terminal takes in or processes for output at a time */

#define AREAS_LIMIT 65530 /* areas of one address space (/proc/sys/vm/max_map_count) */

#define SOCKET_HASH_SIZE    256
#define UNIX_NAME_HASH_SIZE 64
#define DATAGRAM_LIMIT      ((size_t)1 << 20) /* bytes that Core takes for one datagram */

#define PIPE_PAGES      16           /* a pipe's capacity, pipe(7) */
#define PIPE_PAGES_MANY 2            /* the same for a user who has too many */
#define PIPE_PAGES_USER 16384        /* of all pipes of one user, before he has too many */
#define PIPE_SIZE_MAX   (1ull << 20) /* bytes that all but root may give a pipe */
#define PIPE_PAGES_KEPT 4            /* pages that an empty pipe holds on to */
#define POLL_ON_STACK   16           /* files that poll(2) waits for without allocating memory */

#define ETHERNET_DEVICES  4
#define RING_PACKETS      256       /* each way, at most, that a device holds */
#define SEND_QUEUE        256       /* frames of a device that wait for a place in its ring */
#define PACKETS_MOST      4096      /* in the system */
#define SENT_PACKETS_KEPT 32        /* in the ring, before somebody looks which can be freed */
#define ROUND_PACKETS     64        /* that are taken from a device at a time */
#define ROUND_CREDIT      1000000u  /* ns of the network's time that are saved up at most */
#define CHORES_INTERVAL   20000000u /* ns */

#endif
