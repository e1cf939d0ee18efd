/* probe-schedule: who runs and when: policies, nice values, sleepers among those that never sleep;
 * barriers, capabilities, personality and the small properties of prctl(2).  Run it as root. */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "checks_of_processes.h"

#define SECOND 1000000000ll

#define RESET_ON_FORK 0x40000000

static void *volatile bad_address = (void *)8;

static long result(long value)
{
    return value == -1 ? -errno : value;
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){ milliseconds / 1000, milliseconds % 1000 * 1000000 }, NULL);
}

/* The C library's functions of these names do nothing. */
static long set_policy(int pid, int policy, int priority)
{
    int parameter = priority;
    return result(syscall(SYS_sched_setscheduler, pid, policy, &parameter));
}

static long get_policy(int pid)
{
    return result(syscall(SYS_sched_getscheduler, pid));
}

static long get_priority(int pid)
{
    int parameter = -1;
    long error = result(syscall(SYS_sched_getparam, pid, &parameter));
    return error ? error : parameter;
}

static int inherited(void)
{
    return get_policy(0) == SCHED_FIFO && get_priority(0) == 3 ? 0 : 1;
}

static int not_inherited(void)
{
    return get_policy(0) == SCHED_OTHER && get_priority(0) == 0 ? 0 : 1;
}

static int as_user(void)
{
    int priority = 1;
    if (setresuid(1000, 1000, 1000))
        return 1;
    if (set_policy(0, SCHED_FIFO, 1) != -EPERM || set_policy(0, SCHED_BATCH, 0) != 0)
        return 2;
    if (set_policy(getppid(), SCHED_BATCH, 0) != -EPERM || get_policy(getppid()) != SCHED_OTHER)
        return 3;
    return result(syscall(SYS_sched_setparam, getppid(), &priority)) == -EINVAL ? 0 : 4;
}

static void test_policies(void)
{
    int parameter = 5;
    struct timespec turn;
    check("policy at first", SCHED_OTHER, get_policy(0));
    check("priority at first", 0, get_priority(0));
    check("highest of FIFO", 99, sched_get_priority_max(SCHED_FIFO));
    check("lowest of RR", 1, sched_get_priority_min(SCHED_RR));
    check("highest of OTHER", 0, sched_get_priority_max(SCHED_OTHER));
    check("of DEADLINE", 0, sched_get_priority_min(6));
    check("of no policy", -EINVAL, result(sched_get_priority_max(4)));
    check("unknown policy", -EINVAL, set_policy(0, 4, 0));
    check("negative policy", -EINVAL, set_policy(0, -1, 0));
    check("FIFO without priority", -EINVAL, set_policy(0, SCHED_FIFO, 0));
    check("FIFO beyond", -EINVAL, set_policy(0, SCHED_FIFO, 100));
    check("OTHER with priority", -EINVAL, set_policy(0, SCHED_OTHER, 1));
    check("no such process", -ESRCH, set_policy(999999, SCHED_OTHER, 0));
    check("negative process", -EINVAL, set_policy(-1, SCHED_OTHER, 0));
    check("no parameter", -EINVAL, result(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL)));
    check("bad parameter", -EFAULT,
          result(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, bad_address)));
    check("FIFO", 0, set_policy(0, SCHED_FIFO, 3));
    check("is it", SCHED_FIFO, get_policy(0));
    check("priority", 3, get_priority(0));
    check("a child inherits it", EXITED(0), child_status(inherited));
    check("another priority", 0, result(syscall(SYS_sched_setparam, 0, &parameter)));
    check("is it", 5, get_priority(0));
    check("turn of FIFO", 0, result(syscall(SYS_sched_rr_get_interval, 0, &turn)));
    check("none", 0, turn.tv_sec * SECOND + turn.tv_nsec);
    check("RR, not inherited", 0, set_policy(0, SCHED_RR | RESET_ON_FORK, 3));
    check("is it", SCHED_RR | RESET_ON_FORK, get_policy(0));
    check("a child is ordinary", EXITED(0), child_status(not_inherited));
    syscall(SYS_sched_rr_get_interval, 0, &turn);
    check_true("turn of RR", turn.tv_sec * SECOND + turn.tv_nsec > 0);
    check("BATCH", 0, set_policy(0, SCHED_BATCH, 0));
    check("IDLE", 0, set_policy(0, SCHED_IDLE, 0));
    check("is it", SCHED_IDLE, get_policy(0));
    check("OTHER", 0, set_policy(0, SCHED_OTHER, 0));
    check("without right", EXITED(0), child_status(as_user));
}

struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t more[16];
};

static void test_attributes(void)
{
    struct attributes got = { 0 }, wanted = { .size = 48, .policy = SCHED_OTHER, .nice = 4 };
    check("get", 0, result(syscall(SYS_sched_getattr, 0, &got, 48, 0)));
    check("policy", SCHED_OTHER, got.policy);
    check("size", 48, got.size);
    check("too small", -EINVAL, result(syscall(SYS_sched_getattr, 0, &got, 40, 0)));
    check("flags", -EINVAL, result(syscall(SYS_sched_getattr, 0, &got, 48, 1)));
    check("set nice", 0, result(syscall(SYS_sched_setattr, 0, &wanted, 0)));
    check("nice", 4, getpriority(PRIO_PROCESS, 0));
    wanted.nice = 0;
    syscall(SYS_sched_setattr, 0, &wanted, 0);
    wanted = (struct attributes){ .size = 48, .policy = SCHED_FIFO, .priority = 2 };
    check("set FIFO", 0, result(syscall(SYS_sched_setattr, 0, &wanted, 0)));
    syscall(SYS_sched_getattr, 0, &got, 48, 0);
    check("policy", SCHED_FIFO, got.policy);
    check("priority", 2, got.priority);
    set_policy(0, SCHED_OTHER, 0);
    wanted.size = 47;
    check("small", -E2BIG, result(syscall(SYS_sched_setattr, 0, &wanted, 0)));
    wanted.size = sizeof wanted;
    wanted.more[15] = 1;
    check("unknown fields", -E2BIG, result(syscall(SYS_sched_setattr, 0, &wanted, 0)));
    wanted = (struct attributes){ .size = 48, .policy = 77 };
    check("unknown policy", -EINVAL, result(syscall(SYS_sched_setattr, 0, &wanted, 0)));
}

/* ---- shares ---- */

static volatile long *counts; /* shared with children */

static pid_t spinner(int slot, int nice_value)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        errno = nice(nice_value);
        for (;;)
            counts[slot]++;
    }
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_nice(void)
{
    pid_t first = spinner(0, 0), second = spinner(1, 10);
    sleep_ms(100);
    long before = counts[0], before_second = counts[1];
    sleep_ms(800);
    long ordinary = counts[0] - before, nice_one = counts[1] - before_second;
    end(first);
    end(second);
    check_true("ten steps of nice are much", ordinary > 4 * nice_one);
    check_true("but not everything", counts[1] > 0);
}

#define CROWD 40

static void test_sleepers(void)
{
    pid_t crowd[CROWD];
    for (int i = 0; i < CROWD; i++)
        crowd[i] = spinner(2 + i, 0);
    sleep_ms(500);
    int64_t begin = now();
    for (int i = 0; i < 10; i++)
        sleep_ms(2);
    int64_t took = now() - begin;
    for (int i = 0; i < CROWD; i++)
        kill(crowd[i], SIGKILL);
    for (int i = 0; i < CROWD; i++)
        waitpid(crowd[i], NULL, 0);
    check_true("who sleeps does not wait for all others", took < 1500000000);
}

static void test_real_time(void)
{
    pid_t other = spinner(0, 0);
    sleep_ms(50);
    check("FIFO", 0, set_policy(0, SCHED_FIFO, 1));
    long before = counts[0];
    for (int64_t until = now() + 60000000; now() < until;)
        ;
    long after = counts[0];
    set_policy(0, SCHED_OTHER, 0);
    sleep_ms(50);
    check("nobody else runs", 0, after - before);
    check_true("until it is over", counts[0] > after);
    end(other);
}

/* ---- the rest ---- */

static int after_exec(void)
{
    return result(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)) == -EPERM ? 0
                                                                                             : 1;
}

static void test_barriers(void)
{
    long known = result(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0));
    check_true("barriers that there are",
               (known & MEMBARRIER_CMD_GLOBAL) && (known & MEMBARRIER_CMD_PRIVATE_EXPEDITED));
    check("before registering", EXITED(0), child_status(after_exec));
    check("register", 0,
          result(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0)));
    check("barrier", 0, result(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)));
    check("flags", -EINVAL, result(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 2, 0)));
    check("unknown", -EINVAL, result(syscall(SYS_membarrier, 1 << 20, 0, 0)));
    unsigned processor = 99, node = 99;
    check("getcpu", 0, result(syscall(SYS_getcpu, &processor, &node, NULL)));
    check("the one we are on", 0, processor);
    check("getcpu of nothing", 0, result(syscall(SYS_getcpu, NULL, NULL, NULL)));
}

static long capabilities(uint32_t version, int pid, struct __user_cap_data_struct *data)
{
    struct __user_cap_header_struct header = { version, pid };
    return result(syscall(SYS_capget, &header, data));
}

static int user_capabilities(void)
{
    struct __user_cap_data_struct data[2];
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    if (setresuid(1000, 1000, 1000) || capabilities(_LINUX_CAPABILITY_VERSION_3, 0, data))
        return 1;
    if (data[0].effective || data[0].permitted || data[1].effective || data[1].permitted)
        return 2;
    if (syscall(SYS_capset, &header, data))
        return 3;
    data[0].permitted = 1;
    return result(syscall(SYS_capset, &header, data)) == -EPERM ? 0 : 4;
}

static int shed_effective(void)
{
    struct __user_cap_data_struct data[2];
    if (setresuid(-1, 1000, 0) || capabilities(_LINUX_CAPABILITY_VERSION_3, 0, data))
        return 1;
    return !data[0].effective && data[0].permitted ? 0 : 2;
}

static void test_capabilities(void)
{
    struct __user_cap_data_struct data[2];
    struct __user_cap_header_struct header = { 1, 0 };
    check("get", 0, capabilities(_LINUX_CAPABILITY_VERSION_3, 0, data));
    check_true("root's", data[0].effective & 1 << CAP_CHOWN && data[0].permitted & 1 << CAP_KILL);
    check("of init", 0, capabilities(_LINUX_CAPABILITY_VERSION_3, 1, data));
    check("of nobody", -ESRCH, capabilities(_LINUX_CAPABILITY_VERSION_3, 999999, data));
    check("of a negative", -EINVAL, capabilities(_LINUX_CAPABILITY_VERSION_3, -1, data));
    check("unknown version", -EINVAL, result(syscall(SYS_capget, &header, data)));
    check("told which", _LINUX_CAPABILITY_VERSION_3, (long)header.version);
    header.version = 1;
    check("only asked", 0, result(syscall(SYS_capget, &header, NULL)));
    check("a user's", EXITED(0), child_status(user_capabilities));
    check("shed for a while", EXITED(0), child_status(shed_effective));
    check("bounding set", 1, prctl(PR_CAPBSET_READ, CAP_CHOWN));
    check("no such capability", -EINVAL, result(prctl(PR_CAPBSET_READ, 99)));
}

static int orphan_of_subreaper(void)
{
    int status;
    pid_t orphan;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            sleep_ms(50);
            _exit(getppid() == 1 ? 1 : 7);
        }
        _exit(0);
    }
    if (waitpid(child, NULL, 0) != child)
        return 1;
    orphan = wait(&status);
    return orphan > 0 && WEXITSTATUS(status) == 7 ? 0 : 2;
}

static void test_properties(void)
{
    int flag = 99;
    check("subreaper at first", 0, result(prctl(PR_GET_CHILD_SUBREAPER, &flag)));
    check("no", 0, flag);
    check("orphans", EXITED(0), child_status(orphan_of_subreaper));
    check("keep capabilities", 0, prctl(PR_GET_KEEPCAPS));
    check("set", 0, prctl(PR_SET_KEEPCAPS, 1));
    check("is it", 1, prctl(PR_GET_KEEPCAPS));
    check("nonsense", -EINVAL, result(prctl(PR_SET_KEEPCAPS, 2)));
    prctl(PR_SET_KEEPCAPS, 0);
    check("timer slack", 50000, prctl(PR_GET_TIMERSLACK));
    prctl(PR_SET_TIMERSLACK, 1234);
    check("another", 1234, prctl(PR_GET_TIMERSLACK));
    prctl(PR_SET_TIMERSLACK, 0);
    check("the first again", 50000, prctl(PR_GET_TIMERSLACK));
    check("personality", 0, personality(0xffffffff));
    check("another", 0, personality(ADDR_NO_RANDOMIZE));
    check("is it", ADDR_NO_RANDOMIZE, personality(0xffffffff));
    personality(0);
}

int main(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    test_policies();
    test_attributes();
    test_nice();
    test_sleepers();
    test_real_time();
    test_barriers();
    test_capabilities();
    test_properties();
    return checks_failed;
}
