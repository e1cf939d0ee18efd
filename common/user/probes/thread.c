/* probe-thread: the tasks of one process: clone, futexes, exit, exec, signals, robust mutexes.
 *
 * pthreads(7) of the C library on top, raw system calls where the library hides the kernel.  No
 * check depends on how fast anything is; whoever waits, waits for an event. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "checks_of_processes.h"

#define MANY 50

static long futex(atomic_uint *word, int operation, unsigned value, const void *timeout,
                  atomic_uint *other, unsigned value3)
{
    return syscall(SYS_futex, word, operation, value, timeout, other, value3);
}

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
}

/* ---- threads of the library ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter, arrived;

static void *count_up(void *argument)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        long before = counter;
        if (i % 100 == 0)
            sched_yield();
        counter = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void test_mutex(void)
{
    pthread_t threads[MANY];
    long created = 0, joined = 0;
    for (long i = 0; i < MANY; i++)
        created += pthread_create(&threads[i], NULL, count_up, (void *)i) == 0;
    check("threads created", MANY, created);
    for (long i = 0; i < created; i++) {
        void *result;
        joined += pthread_join(threads[i], &result) == 0 && (long)result == i;
    }
    check("threads joined", MANY, joined);
    check("mutual exclusion", MANY * 1000, counter);
}

static void *arrive(void *argument)
{
    pthread_mutex_lock(&mutex);
    arrived++;
    pthread_cond_broadcast(&condition);
    while (arrived < MANY)
        pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    return argument;
}

static void test_condition(void)
{
    pthread_t threads[MANY];
    for (long i = 0; i < MANY; i++)
        pthread_create(&threads[i], NULL, arrive, NULL);
    for (long i = 0; i < MANY; i++)
        pthread_join(threads[i], NULL);
    check("condition variable", MANY, arrived);
}

static __thread int own = 7;
static long seen_own, seen_tid, seen_pid;

static void *look_around(void *argument)
{
    seen_own = own;
    own = 8;
    seen_tid = syscall(SYS_gettid);
    seen_pid = getpid();
    return argument;
}

static void test_identity(void)
{
    pthread_t thread;
    own = 9;
    pthread_create(&thread, NULL, look_around, NULL);
    pthread_join(thread, NULL);
    check("thread-local variable of a new thread", 7, seen_own);
    check("thread-local variable of this one", 9, own);
    check("a thread's getpid", getpid(), seen_pid);
    check_true("a thread's gettid is its own", seen_tid != getpid());
    check_errno("an ended thread is gone", ESRCH, syscall(SYS_tgkill, getpid(), seen_tid, 0));
    check("the first thread's id is the process's", getpid(), syscall(SYS_gettid));
}

static sem_t semaphore;

static void *post_later(void *argument)
{
    pause_a_little();
    sem_post(&semaphore);
    return argument;
}

static void test_semaphore(void)
{
    pthread_t thread;
    struct timespec until;
    sem_init(&semaphore, 0, 0);
    pthread_create(&thread, NULL, post_later, NULL);
    check("semaphore", 0, sem_wait(&semaphore));
    pthread_join(thread, NULL);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 10000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    check_errno("semaphore times out", ETIMEDOUT, sem_timedwait(&semaphore, &until));
}

/* ---- raw futexes ---- */

static atomic_uint first_word, second_word;
static atomic_long woken;

static void *wait_for_first(void *argument)
{
    futex(&first_word, FUTEX_WAIT_BITSET, 0, NULL, NULL, (uintptr_t)argument);
    woken++;
    return NULL;
}

/* Until `count` have woken up, however long that takes: a test that hangs is ended outside. */
static void await_woken(long count)
{
    while (woken < count)
        sched_yield();
}

static void start_waiters(pthread_t *threads, int count, uintptr_t mask)
{
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, wait_for_first, (void *)mask);
    pause_a_little();
}

static void test_futex_errors(void)
{
    struct timespec soon = { 0, 1000000 }, bad = { 0, -1 };
    atomic_uint word = 5;
    check_errno("wait for another value", EAGAIN, futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0));
    check_errno("wait times out", ETIMEDOUT, futex(&word, FUTEX_WAIT, 5, &soon, NULL, 0));
    check_errno("wait, absolute time in the past", ETIMEDOUT,
                futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &soon, NULL, 1));
    check_errno("bad time", EINVAL, futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0));
    check_errno("bad time's address", EFAULT, futex(&word, FUTEX_WAIT, 5, (void *)8, NULL, 0));
    check_errno("empty mask", EINVAL, futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0));
    check_errno("empty mask of a waker", EINVAL, futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    check_errno("odd address", EINVAL,
                futex((atomic_uint *)((char *)&word + 1), FUTEX_WAIT, 5, NULL, NULL, 0));
    check_errno("no memory there", EFAULT, futex((atomic_uint *)8, FUTEX_WAIT, 5, NULL, NULL, 0));
    check_errno("unknown operation", ENOSYS, futex(&word, 99, 0, NULL, NULL, 0));
    check_errno("clock for a wake", ENOSYS,
                futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
    check("wake nobody", 0, futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    check_errno("requeue a negative number", EINVAL,
                futex(&word, FUTEX_REQUEUE, -1, (void *)1, &word, 0));
    check_errno("compare and requeue, another value", EAGAIN,
                futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &second_word, 4));
}

static void join_all(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    woken = 0;
}

static void test_wake(void)
{
    pthread_t threads[6];
    start_waiters(threads, 6, FUTEX_BITSET_MATCH_ANY);
    check("wake two", 2, futex(&first_word, FUTEX_WAKE, 2, NULL, NULL, 0));
    await_woken(2);
    check("wake the rest", 4, futex(&first_word, FUTEX_WAKE, 100, NULL, NULL, 0));
    join_all(threads, 6);
    start_waiters(threads, 2, 1);
    start_waiters(threads + 2, 3, 2);
    check("wake by mask", 3, futex(&first_word, FUTEX_WAKE_BITSET, 100, NULL, NULL, 2));
    check("no more of that mask", 0, futex(&first_word, FUTEX_WAKE_BITSET, 100, NULL, NULL, 2));
    check("the others", 2, futex(&first_word, FUTEX_WAKE, 100, NULL, NULL, 0));
    join_all(threads, 5);
}

static void test_requeue(void)
{
    pthread_t threads[6];
    start_waiters(threads, 6, FUTEX_BITSET_MATCH_ANY);
    check("wake one and move three", 4,
          futex(&first_word, FUTEX_CMP_REQUEUE, 1, (void *)3, &second_word, 0));
    await_woken(1);
    check("wake those moved", 3, futex(&second_word, FUTEX_WAKE, 100, NULL, NULL, 0));
    check("wake those left", 2, futex(&first_word, FUTEX_WAKE, 100, NULL, NULL, 0));
    join_all(threads, 6);
}

static void test_wake_operation(void)
{
    pthread_t threads[2];
    int add = FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_GT, 9);
    int set_bit = FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_EQ, 0);
    second_word = 9;
    start_waiters(threads, 2, FUTEX_BITSET_MATCH_ANY);
    check("wake and add, no more to wake", 0,
          futex(&second_word, FUTEX_WAKE_OP, 1, (void *)1, &second_word, add));
    check("added", 14, second_word);
    second_word = 0;
    first_word = 0;
    check("wake and set a bit", 1,
          futex(&first_word, FUTEX_WAKE_OP, 1, (void *)1, &second_word, set_bit));
    check("bit set", 16, second_word);
    second_word = 10;
    check("the second word is woken too", 1,
          futex(&second_word, FUTEX_WAKE_OP, 1, (void *)1, &first_word,
                FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0)));
    join_all(threads, 2);
    check_errno("unknown arithmetic", ENOSYS,
                futex(&first_word, FUTEX_WAKE_OP, 1, (void *)1, &second_word, 7 << 28));
}

static volatile sig_atomic_t handled;

static void on_signal(int signal)
{
    handled = signal;
}

static atomic_long waiter_id;
static long wait_result;

static void *wait_for_long(void *argument)
{
    struct timespec hour = { 3600, 0 };
    waiter_id = syscall(SYS_gettid);
    wait_result = futex(&first_word, FUTEX_WAIT, 0, argument ? &hour : NULL, NULL, 0) ? errno : 0;
    return NULL;
}

/* A handler without SA_RESTART ends a wait, one with it does not end a wait without time-out. */
static void test_interrupted(void)
{
    static const struct {
        const char *name;
        int flags, timed, expected;
    } cases[] = { { "wait interrupted", 0, 0, EINTR },
                  { "timed wait interrupted", 0, 1, EINTR },
                  { "wait goes on after a handler with SA_RESTART", SA_RESTART, 0, 0 },
                  { "timed wait does not", SA_RESTART, 1, EINTR } };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sigaction action = { .sa_handler = on_signal, .sa_flags = cases[i].flags };
        pthread_t thread;
        sigaction(SIGUSR1, &action, NULL);
        waiter_id = handled = 0;
        pthread_create(&thread, NULL, wait_for_long, cases[i].timed ? &thread : NULL);
        while (!waiter_id)
            sched_yield();
        pause_a_little();
        syscall(SYS_tgkill, getpid(), (pid_t)waiter_id, SIGUSR1);
        while (!handled)
            sched_yield();
        pause_a_little();
        futex(&first_word, FUTEX_WAKE, 1, NULL, NULL, 0);
        pthread_join(thread, NULL);
        check(cases[i].name, cases[i].expected, wait_result);
    }
}

/* Two processes: the word is where both have mapped it, at different addresses too. */
static void test_shared(void)
{
    atomic_uint *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        atomic_uint *moved =
            mremap(word, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)word + (1 << 20));
        if (moved == MAP_FAILED)
            moved = word;
        while (*moved == 0)
            futex(moved, FUTEX_WAIT, 0, NULL, NULL, 0);
        _exit(*moved);
    }
    pause_a_little();
    *word = 3;
    futex(word, FUTEX_WAKE, 1, NULL, NULL, 0);
    int status;
    waitpid(child, &status, 0);
    check("futex in shared memory", EXITED(3), status);
    munmap(word, 4096);
}

/* ---- robust mutexes ---- */

static pthread_mutex_t robust;

static void *die_with_lock(void *argument)
{
    pthread_mutex_lock(&robust);
    return argument;
}

static void test_robust(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&thread, NULL, die_with_lock, NULL);
    check("lock of a dead thread", EOWNERDEAD, (pause_a_little(), pthread_mutex_lock(&robust)));
    pthread_join(thread, NULL);
    check("made consistent", 0, pthread_mutex_consistent(&robust));
    check("unlock", 0, pthread_mutex_unlock(&robust));
    check("lock again", 0, pthread_mutex_lock(&robust));
    pthread_mutex_unlock(&robust);
}

static pthread_mutex_t *shared_robust;

static int die_holding(void)
{
    pthread_mutex_lock(shared_robust);
    pthread_mutex_lock(shared_robust + 1);
    raise(SIGKILL);
    return 0;
}

/* Killed outright: only the kernel can tell the next one. */
static void test_robust_process(void)
{
    pthread_mutexattr_t attributes;
    shared_robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(shared_robust, &attributes);
    pthread_mutex_init(shared_robust + 1, &attributes);
    check("killed with two locks", KILLED(SIGKILL), child_status(die_holding));
    check("first lock of a dead process", EOWNERDEAD, pthread_mutex_lock(shared_robust));
    check("second lock of a dead process", EOWNERDEAD, pthread_mutex_lock(shared_robust + 1));
    munmap(shared_robust, 4096);
}

/* A list that never ends, or that leads nowhere, keeps nobody from dying. */
static int die_with_bad_list(void)
{
    static struct robust_list_head head;
    static struct robust_list ring[2];
    head.list.next = &ring[0];
    ring[0].next = &ring[1];
    ring[1].next = &ring[0];
    head.futex_offset = 16;
    syscall(SYS_set_robust_list, &head, sizeof head);
    return 0;
}

static int die_with_wild_list(void)
{
    static struct robust_list_head head;
    head.list.next = (void *)0xdead0000beef0000;
    head.list_op_pending = (void *)-8;
    syscall(SYS_set_robust_list, &head, sizeof head);
    return 0;
}

/* ---- the end of threads and processes ---- */

static void *sleep_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void *run_for_ever(void *argument)
{
    for (volatile long i = 0;; i++)
        ;
    return argument;
}

static void start_crowd(void)
{
    pthread_t thread;
    for (int i = 0; i < 4; i++) {
        pthread_create(&thread, NULL, sleep_for_ever, NULL);
        pthread_create(&thread, NULL, run_for_ever, NULL);
    }
}

static void *end_process(void *argument)
{
    exit((int)(uintptr_t)argument);
}

static int exit_from_thread(void)
{
    pthread_t thread;
    start_crowd();
    pthread_create(&thread, NULL, end_process, (void *)5);
    pthread_join(thread, NULL);
    return 1;
}

static int exit_from_first(void)
{
    start_crowd();
    return 6;
}

static void *end_late(void *argument)
{
    pause_a_little();
    syscall(SYS_exit, 9);
    return argument;
}

/* exit(2), not exit_group(2): the process lives on in its other thread, whose status counts. */
static int first_ends_first(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, end_late, NULL);
    syscall(SYS_exit, 4);
    return 1;
}

static int killed_by_own_thread(void)
{
    start_crowd();
    kill(getpid(), SIGTERM);
    return 1;
}

static void *crash(void *argument)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 0;
    return argument;
}

static int crash_in_thread(void)
{
    pthread_t thread;
    start_crowd();
    pthread_create(&thread, NULL, crash, NULL);
    pthread_join(thread, NULL);
    return 1;
}

static void *execute(void *argument)
{
    execl("/proc/self/exe", "probe-thread", "count", NULL);
    return argument;
}

static int exec_from_thread(void)
{
    pthread_t thread;
    start_crowd();
    pthread_create(&thread, NULL, execute, NULL);
    pthread_join(thread, NULL);
    return 1;
}

static int exec_from_first(void)
{
    start_crowd();
    execute(NULL);
    return 1;
}

/* Exec fails: nobody has left. */
static int failed_exec(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, post_later, NULL);
    execl("/nonexistent", "x", NULL);
    int result = sem_wait(&semaphore) == 0 ? 3 : 1;
    pthread_join(thread, NULL);
    return result;
}

static void test_ends(void)
{
    check("exit in a thread", EXITED(5), child_status(exit_from_thread));
    check("exit in the first thread", EXITED(6), child_status(exit_from_first));
    check("the first thread ends before the others", EXITED(9), child_status(first_ends_first));
    check("a signal kills all threads", KILLED(SIGTERM), child_status(killed_by_own_thread));
    check("a crash kills all threads", KILLED(SIGSEGV), child_status(crash_in_thread));
    check("exec in a thread", EXITED(11), child_status(exec_from_thread));
    check("exec in the first thread", EXITED(11), child_status(exec_from_first));
    check("exec that fails", EXITED(3), child_status(failed_exec));
    check("robust list without end", EXITED(0), child_status(die_with_bad_list));
    check("robust list to nowhere", EXITED(0), child_status(die_with_wild_list));
}

/* The program that exec_from_…() start: alone, and under the process's id. */
static int count_threads(void)
{
    return syscall(SYS_gettid) == getpid() ? 11 : 12;
}

/* ---- signals ---- */

static atomic_long taken_by;

static void note_taker(int signal)
{
    (void)signal;
    taken_by = syscall(SYS_gettid);
}

static void *sleep_until_taken(void *argument)
{
    waiter_id = syscall(SYS_gettid);
    while (!taken_by)
        nanosleep(&(struct timespec){ 3600, 0 }, NULL);
    return argument;
}

/* A signal to the process goes to a thread that does not block it. */
static void test_signal_choice(void)
{
    pthread_t thread;
    sigset_t set, pending;
    signal(SIGUSR2, note_taker);
    waiter_id = 0;
    pthread_create(&thread, NULL, sleep_until_taken, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    while (!waiter_id)
        sched_yield();
    kill(getpid(), SIGUSR2);
    pthread_join(thread, NULL);
    check("taken by the thread that does not block it", waiter_id, taken_by);
    kill(getpid(), SIGUSR2);
    sigpending(&pending);
    check("pending when all block it", 1, sigismember(&pending, SIGUSR2));
    taken_by = 0;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    check("taken when unblocked", getpid(), taken_by);
    signal(SIGUSR2, SIG_DFL);
}

static void *wait_for_usr1(void *argument)
{
    sigset_t set;
    int signal = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    waiter_id = syscall(SYS_gettid);
    sigwait(&set, &signal);
    *(int *)argument = signal;
    return NULL;
}

static void test_sigwait(void)
{
    pthread_t thread;
    sigset_t set;
    int got = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    waiter_id = 0;
    pthread_create(&thread, NULL, wait_for_usr1, &got);
    while (!waiter_id)
        sched_yield();
    kill(getpid(), SIGUSR1);
    pthread_join(thread, NULL);
    check("sigwait in a thread", SIGUSR1, got);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Stopped and continued, all threads with it; the status is told once. */
static void test_stop(void)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        start_crowd();
        sleep_for_ever(NULL);
    }
    pause_a_little();
    kill(child, SIGSTOP);
    check("stop reported", child, waitpid(child, &status, WUNTRACED));
    check_true("stopped", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    check("continue reported", child, waitpid(child, &status, WCONTINUED));
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGKILL);
    check("killed while stopped", child, waitpid(child, &status, 0));
    check("status", KILLED(SIGKILL), status);
}

/* ---- clone(2) itself ---- */

static void test_clone_flags(void)
{
    unsigned long thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    struct clone_args arguments = { .flags = 0, .exit_signal = SIGCHLD, .stack_size = 4096 };
    check_errno("thread without shared memory", EINVAL,
                syscall(SYS_clone, thread & ~CLONE_VM, 0, 0, 0, 0));
    check_errno("thread without shared handlers", EINVAL,
                syscall(SYS_clone, thread & ~CLONE_SIGHAND, 0, 0, 0, 0));
    check_errno("handlers without memory", EINVAL,
                syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
    check_errno("clone3, no size", EINVAL, syscall(SYS_clone3, &arguments, 0));
    check_errno("clone3, huge", E2BIG, syscall(SYS_clone3, &arguments, 1 << 20));
    check_errno("clone3, nowhere", EFAULT, syscall(SYS_clone3, (void *)8, sizeof arguments));
    check_errno("clone3, size without stack", EINVAL,
                syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.stack_size = 0;
    arguments.exit_signal = 65;
    check_errno("clone3, no such signal", EINVAL,
                syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.exit_signal = SIGCHLD;
    fflush(stdout);
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(13);
    int status = 0;
    check("clone3 as fork", child, waitpid((pid_t)child, &status, 0));
    check("its status", EXITED(13), status);
}

static void *fork_and_wait(void *argument)
{
    pid_t child = fork();
    if (child == 0)
        _exit(syscall(SYS_gettid) == getpid() ? 14 : 15);
    waitpid(child, argument, 0);
    return NULL;
}

static void test_fork_in_thread(void)
{
    pthread_t thread;
    int status = 0;
    pthread_create(&thread, NULL, fork_and_wait, &status);
    pthread_join(thread, NULL);
    check("fork in a thread", EXITED(14), status);
    struct rusage usage;
    check("RUSAGE_THREAD", 0, getrusage(RUSAGE_THREAD, &usage));
}

/* RLIMIT_NPROC counts threads. */
static int too_many_threads(void)
{
    pthread_t thread;
    setrlimit(RLIMIT_NPROC, &(struct rlimit){ 5, 5 });
    if (setuid(4711))
        return 2;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&thread, NULL, sleep_for_ever, NULL))
            return 3;
    return pthread_create(&thread, NULL, sleep_for_ever, NULL) == EAGAIN ? 0 : 4;
}

/* ---- descriptors are shared ---- */

static int ends[2];

static void *read_byte(void *argument)
{
    char byte = 0;
    *(long *)argument = read(ends[0], &byte, 1) == 1 ? byte : -errno;
    return NULL;
}

/* Another thread closes what this one reads from: the read goes on with the open file. */
static void test_close_under_read(void)
{
    pthread_t thread;
    long got = 0;
    if (pipe(ends))
        exit(2);
    pthread_create(&thread, NULL, read_byte, &got);
    pause_a_little();
    close(ends[0]);
    check("write to a pipe whose descriptor is closed, being read", 1, write(ends[1], "x", 1));
    pthread_join(thread, NULL);
    check("read goes on", 'x', got);
    close(ends[1]);
}

/* Waits for a word that has the value 0, at most 300 ms. */
struct waiter {
    atomic_uint *word;
    long result;
};

static void *wait_for_word(void *argument)
{
    struct waiter *waiter = argument;
    struct timespec limit = { 0, 300000000 };
    long got = futex(waiter->word, FUTEX_WAIT, 0, &limit, NULL, 0);
    waiter->result = got ? -errno : 0;
    return NULL;
}

static void *shared_page(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* The memory of a word for which somebody waits is gone; other memory is not mistaken for it. */
static void test_word_unmapped(void)
{
    struct waiter first = { .word = shared_page() }, second;
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, wait_for_word, &first);
    pause_a_little();
    munmap(first.word, 4096);
    second.word = shared_page();
    pthread_create(&threads[1], NULL, wait_for_word, &second);
    pause_a_little();
    check("wake who waits for the new word", 1, futex(second.word, FUTEX_WAKE, 1, NULL, NULL, 0));
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    check("the old one's time was over", -ETIMEDOUT, first.result);
    check("the new one's waiter was woken", 0, second.result);
    munmap(second.word, 4096);
}

static struct flock whole_file(short type)
{
    return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

static int locked_file;

static int hold_lock(void)
{
    struct flock lock = whole_file(F_WRLCK);
    if (fcntl(locked_file, F_SETLK, &lock))
        return 1;
    for (;;)
        pause();
}

static int can_lock(void)
{
    struct flock lock = whole_file(F_WRLCK);
    return fcntl(locked_file, F_SETLK, &lock) ? errno : 0;
}

static void *lock_and_close(void *argument)
{
    struct flock lock = whole_file(F_WRLCK);
    *(long *)argument = fcntl(locked_file, F_SETLKW, &lock);
    close(locked_file);
    return NULL;
}

/* A lock belongs to a table of descriptors.  It is waited for, and meanwhile the process gets
 * another table and the first one's other user goes. */
static void test_lock_of_lost_table(void)
{
    pthread_t thread;
    long got = -1;
    locked_file = open("locked", O_RDWR | O_CREAT, 0600);
    if (locked_file < 0)
        exit(2);
    pid_t holder = fork();
    if (holder == 0)
        _exit(hold_lock());
    pause_a_little();
    pid_t sharer = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (sharer == 0)
        pause();
    pthread_create(&thread, NULL, lock_and_close, &got);
    pause_a_little();
    check("close_range, CLOSE_RANGE_UNSHARE", 0, syscall(SYS_close_range, 1000, 1000, 2));
    kill(sharer, SIGKILL);
    waitpid(sharer, NULL, 0);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    pthread_join(thread, NULL);
    check("the lock was given", 0, got);
    locked_file = open("locked", O_RDWR);
    check("closing gave it back", EXITED(0), child_status(can_lock));
    close(locked_file);
    unlink("locked");
}

int main(int count, char **arguments)
{
    if (count > 1 && !strcmp(arguments[1], "count"))
        return count_threads();
    test_mutex();
    test_condition();
    test_identity();
    test_semaphore();
    test_futex_errors();
    test_wake();
    test_requeue();
    test_wake_operation();
    test_interrupted();
    test_shared();
    test_robust();
    test_robust_process();
    test_ends();
    test_signal_choice();
    test_sigwait();
    test_stop();
    test_clone_flags();
    test_fork_in_thread();
    check("too many threads", EXITED(0), child_status(too_many_threads));
    test_close_under_read();
    test_word_unmapped();
    test_lock_of_lost_table();
    return checks_failed;
}
