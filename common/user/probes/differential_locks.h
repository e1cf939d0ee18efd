/* Area "locks": record locks and flock() of three processes on two files.  One process is the
 * conductor: it tells the two others, through pipes, what to do, waits for the answer, and is the
 * only one that prints. */
#ifndef DIFFERENTIAL_LOCKS_H
#define DIFFERENTIAL_LOCKS_H

#include "differential.h"

#include <sys/file.h>

#define LOCKERS    3
#define LOCK_FIRST 30 /* descriptors, LOCK_SLOTS of them in each process */
#define LOCK_SLOTS 4

struct lock_request {
    enum { LOCK_RECORD, LOCK_WHOLE, LOCK_OPEN, LOCK_CLOSE, LOCK_DUP } kind;
    int slot, other, command, file;
    struct flock lock;
};

struct lock_answer {
    long value;
    int error;
    struct flock lock;
};

static int lock_requests[LOCKERS][2], lock_answers[LOCKERS][2];
static pid_t lockers[LOCKERS];

static void lock_perform(const struct lock_request *request, struct lock_answer *answer)
{
    int fd = LOCK_FIRST + request->slot;

    answer->lock = request->lock;
    switch (request->kind) {
    case LOCK_RECORD:
        answer->value = syscall(SYS_fcntl, fd, request->command, &answer->lock);
        break;
    case LOCK_WHOLE:
        answer->value = syscall(SYS_flock, fd, request->command);
        break;
    case LOCK_OPEN: {
        int made = open(request->file ? "g" : "f", request->command | O_CREAT, 0600);

        answer->value = made;
        if (made >= 0) {
            answer->value = dup2(made, fd) - LOCK_FIRST;
            close(made);
        }
        break;
    }
    case LOCK_CLOSE:
        answer->value = close(fd);
        break;
    case LOCK_DUP:
        answer->value = dup2(fd, LOCK_FIRST + request->other);
        break;
    }
    answer->error = errno;
}

static void lock_obey(int who)
{
    struct lock_request request;

    close(lock_requests[who][1]);
    while (read(lock_requests[who][0], &request, sizeof(request)) == sizeof(request)) {
        struct lock_answer answer;

        lock_perform(&request, &answer);
        if (write(lock_answers[who][1], &answer, sizeof(answer)) != sizeof(answer))
            break;
    }
    _exit(0);
}

static void lock_start(int who)
{
    must("pipe", pipe(lock_requests[who]));
    must("pipe", pipe(lock_answers[who]));
    lockers[who] = (pid_t)must("fork", fork());
    if (lockers[who] == 0)
        lock_obey(who);
    close(lock_requests[who][0]);
    close(lock_answers[who][1]);
}

/* All that a process held goes with it. */
static void lock_end(int who)
{
    close(lock_requests[who][1]);
    close(lock_answers[who][0]);
    kill(lockers[who], SIGKILL); /* the other one has a copy of the pipe: it will not end */
    waitpid(lockers[who], NULL, 0);
}

static void lock_ask(int who, const struct lock_request *request, struct lock_answer *answer)
{
    if (who == 0) {
        lock_perform(request, answer);
        return;
    }
    must("ask", write(lock_requests[who][1], request, sizeof(*request)));
    must("answer", read(lock_answers[who][0], answer, sizeof(*answer)));
}

static const char *lock_owner(pid_t process)
{
    static const char *const names[LOCKERS] = { "A", "B", "C" };

    for (int i = 0; i < LOCKERS; i++)
        if (process == lockers[i])
            return names[i];
    return process == 0 ? "none" : process == -1 ? "file" : "odd";
}

static void lock_record(struct lock_request *request)
{
    static const int commands[] = { F_SETLK, F_SETLK, F_SETLK, F_GETLK, F_GETLK };
    static const short types[] = { F_RDLCK, F_WRLCK, F_WRLCK, F_UNLCK };

    request->kind = LOCK_RECORD;
    request->command = CHOOSE(commands);
    request->lock.l_type = chance(2) ? 7 : CHOOSE(types);
    request->lock.l_whence = chance(90) ? SEEK_SET : (short)pick(4);
    request->lock.l_start = (off_t)pick(20) - (chance(10) ? 10 : 0);
    request->lock.l_len = chance(15) ? 0 : (off_t)pick(8) - (chance(20) ? 8 : 0);
    if (chance(2))
        request->lock.l_start = INT64_MAX - (off_t)pick(3);
    say("%s type %d whence %d start %ld length %ld", request->command == F_GETLK ? "get" : "set",
        request->lock.l_type, request->lock.l_whence, (long)request->lock.l_start,
        (long)request->lock.l_len);
}

static void lock_choose(struct lock_request *request)
{
    static const int whole[] = { LOCK_SH, LOCK_EX, LOCK_UN, LOCK_EX, 0, LOCK_SH | LOCK_EX };
    static const int accesses[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_PATH };
    unsigned kind = pick(100);

    request->slot = (int)pick(LOCK_SLOTS);
    say("%d ", request->slot);
    if (kind < 70) {
        lock_record(request);
    } else if (kind < 80) {
        request->kind = LOCK_WHOLE;
        request->command = CHOOSE(whole) | LOCK_NB;
        say("flock %d", request->command);
    } else if (kind < 92) {
        request->kind = LOCK_OPEN;
        request->file = (int)pick(2);
        request->command = CHOOSE(accesses);
        say("open %d %#x", request->file, (unsigned)request->command);
    } else if (kind < 96) {
        request->kind = LOCK_CLOSE;
        say("close");
    } else {
        request->kind = LOCK_DUP;
        request->other = (int)pick(LOCK_SLOTS);
        say("dup2 %d", request->other);
    }
}

static void run_locks(unsigned calls)
{
    close_all_from(3);
    lockers[0] = getpid();
    for (int i = 1; i < LOCKERS; i++)
        lock_start(i);
    for (unsigned i = 0; i < calls; i++) {
        struct lock_request request = { 0 };
        struct lock_answer given = { 0 };
        int who = (int)pick(LOCKERS);

        say("%u %c ", i, 'A' + who);
        if (who > 0 && chance(1)) {
            lock_end(who);
            lock_start(who);
            say("restarted");
            end_line();
            continue;
        }
        lock_choose(&request);
        lock_ask(who, &request, &given);
        errno = given.error;
        answer(given.value);
        if (request.kind == LOCK_RECORD && request.command == F_GETLK && given.value == 0) {
            say(" : %d", given.lock.l_type);
            if (given.lock.l_type != F_UNLCK)
                say(" %ld %ld by %s", (long)given.lock.l_start, (long)given.lock.l_len,
                    lock_owner(given.lock.l_pid));
        }
        end_line();
    }
    for (int i = 1; i < LOCKERS; i++)
        lock_end(i);
}

#endif
