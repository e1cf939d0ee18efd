/* The other thread of a child of probe-hostile: it takes away, exchanges and brings back the memory
 * and the descriptors that the calls are about, and wakes the caller when it sleeps in one, so that
 * a call finds another world when it goes on.  All that it does itself returns at once. */
#ifndef HOSTILE_THREADS_H
#define HOSTILE_THREADS_H

#include <linux/close_range.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/epoll.h>

#define ROUNDS 300 /* without a call of the other thread's, until the child ends */
#define FIXED  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

static uint64_t seed_of_thread;
static volatile int is_over; /* the caller has made all its calls */

static void wake_up(int signal)
{
    (void)signal;
}

static void disturb_memory(void)
{
    char *page = area + draw(4) * PAGE, *other = area + draw(4) * PAGE;
    switch (draw(8)) {
    case 0:
        munmap(page, PAGE);
        break;
    case 1:
        mmap(page, PAGE, PROT_READ | PROT_WRITE, FIXED, -1, 0);
        break;
    case 2:
        mmap(page, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, (int)draw(12), 0);
        break;
    case 3:
        mprotect(page, PAGE, (int)draw(8));
        break;
    case 4:
        syscall(SYS_mremap, page, PAGE * draw(2), PAGE, 3, other);
        break;
    case 5:
        madvise(page, PAGE, MADV_DONTNEED);
        break;
    case 6:
        mlock(page, PAGE);
        break;
    case 7:
        mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
}

static void disturb_descriptors(void)
{
    int fd = (int)draw(16);
    struct epoll_event event = { .events = (uint32_t)draw(32) };
    switch (draw(8)) {
    case 0:
        close(fd);
        break;
    case 1:
    case 2:
        dup2(fd, (int)draw(16));
        break;
    case 3:
        syscall(SYS_close_range, fd, fd + draw(3), CLOSE_RANGE_UNSHARE);
        break;
    case 4:
        open(names[draw(6)], O_RDWR | O_NONBLOCK | O_NOCTTY);
        break;
    case 5:
        epoll_create1(0);
        break;
    case 6:
        epoll_ctl(fd, 1 + (int)draw(3), (int)draw(16), &event);
        break;
    case 7:
        if (ftruncate(fd, (off_t)draw(4) * 5000))
            break;
    }
}

/* What belongs to the process as a whole. */
static void disturb_process(void)
{
    static char *const arguments[] = { "probe-hostile", NULL }, *const environment[] = { NULL };
    switch (draw(8)) {
    case 0:
        syscall(SYS_setresuid, -1, draw(2) * 1000, -1);
        break;
    case 1:
        if (chdir(draw(2) ? "d" : ".."))
            break;
        break;
    case 2:
        umask((mode_t)draw(512));
        break;
    case 3:
        if (draw(4) == 0 && fork() == 0)
            _exit(0);
        break;
    case 4:
        if (draw(8) == 0) /* the caller has to leave, wherever it is */
            execve("proc/self/exe", arguments, environment);
        break;
    case 5:
        waitpid(-1, NULL, WNOHANG);
        break;
    case 6:
        signal((int)draw(32), draw(2) ? SIG_IGN : wake_up);
        break;
    case 7:
        alarm((unsigned)draw(2));
        break;
    }
}

static void disturb(pid_t caller)
{
    switch (draw(4)) {
    case 0:
        disturb_memory();
        break;
    case 1:
        disturb_descriptors();
        break;
    case 2:
        disturb_process();
        break;
    case 3:
        syscall(SYS_futex, area + draw(PAGE / 4) * 4, draw(2) ? FUTEX_WAKE : FUTEX_REQUEUE, draw(4),
                draw(4), area + draw(2 * PAGE / 4) * 4, 0);
        syscall(SYS_tgkill, self, caller, SIGUSR1);
    }
}

static void *disturb_all_the_time(void *caller)
{
    unsigned seen = *counter, quiet = 0;
    state = seed_of_thread;
    for (; !is_over && quiet < ROUNDS; quiet = *counter == seen ? quiet + 1 : 0) {
        seen = *counter;
        disturb((pid_t)(intptr_t)caller);
        if (draw(8) == 0)
            sched_yield();
    }
    _exit(0);
}

static void start_disturbing(void)
{
    struct sigaction action = { .sa_handler = wake_up };
    pthread_t thread;
    seed_of_thread = draw(~0ull) | 1;
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, disturb_all_the_time, (void *)syscall(SYS_gettid));
}

#endif
