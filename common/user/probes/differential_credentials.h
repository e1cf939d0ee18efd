/* Area "credentials": the ids of a process and all the ways to change them, from root down; every
 * hundred calls a new process starts as root again. */
#ifndef DIFFERENTIAL_CREDENTIALS_H
#define DIFFERENTIAL_CREDENTIALS_H

#include "differential.h"

/* Linux's setfsuid() changes capabilities and nothing gives them back; Aramid has none apart from
 * the ids.  So a process tries either what it is for or what the others are worth. */
static bool with_rights;

static void say_credentials(void)
{
    uid_t real = 7, effective = 7, saved = 7;
    gid_t groups[8], real_group = 7, effective_group = 7, saved_group = 7;
    long count = syscall(SYS_getgroups, COUNT(groups), groups);

    syscall(SYS_getresuid, &real, &effective, &saved);
    syscall(SYS_getresgid, &real_group, &effective_group, &saved_group);
    say(" ; %d/%d/%d/%ld", (int)real, (int)effective, (int)saved, syscall(SYS_setfsuid, -1));
    say(" %d/%d/%d/%ld", (int)real_group, (int)effective_group, (int)saved_group,
        syscall(SYS_setfsgid, -1));
    say(" %ld %ld %ld %ld (", syscall(SYS_getuid), syscall(SYS_geteuid), syscall(SYS_getgid),
        syscall(SYS_getegid));
    for (long i = 0; i < count; i++)
        say(" %u", groups[i]);
    say(" )");
}

static int some_id(void)
{
    static const int ids[] = { 0, 0, 1, 2, 3, 1000, -1, -1 };

    return CHOOSE(ids);
}

/* What the ids are worth: one call each that wants the right to it. */
static void try_rights(void)
{
    static const char *const files[] = { "root", "one", "two" };
    const char *file = CHOOSE(files);

    say(" use %s", file);
    int fd = open(file, O_RDWR);
    answer(fd);
    close(fd);
    answer(syscall(SYS_faccessat2, AT_FDCWD, file, R_OK | W_OK, 0));
    answer(syscall(SYS_faccessat2, AT_FDCWD, file, R_OK | W_OK, AT_EACCESS));
    answer(syscall(SYS_fchmodat, AT_FDCWD, file, 0660));
    answer(syscall(SYS_fchownat, AT_FDCWD, file, -1, some_id(), 0));
    answer(kill(getppid(), 0));
    answer(syscall(SYS_sethostname, "aramid", -1));
    answer(chroot("missing"));
}

static void change_ids(void)
{
    int a = some_id(), b = some_id(), c = some_id();
    gid_t groups[4] = { 3, 1, 2, (gid_t)some_id() };
    unsigned kind = pick(14);

    if (with_rights && (kind == 8 || kind == 9))
        kind = 13;

    switch (kind) {
    case 0:
        say("setuid %d", a);
        answer(syscall(SYS_setuid, a));
        break;
    case 1:
        say("setgid %d", a);
        answer(syscall(SYS_setgid, a));
        break;
    case 2:
        say("setreuid %d %d", a, b);
        answer(syscall(SYS_setreuid, a, b));
        break;
    case 3:
        say("setregid %d %d", a, b);
        answer(syscall(SYS_setregid, a, b));
        break;
    case 4:
    case 5:
        say("setresuid %d %d %d", a, b, c);
        answer(syscall(SYS_setresuid, a, b, c));
        break;
    case 6:
    case 7:
        say("setresgid %d %d %d", a, b, c);
        answer(syscall(SYS_setresgid, a, b, c));
        break;
    case 8:
        say("setfsuid %d", a);
        answer(syscall(SYS_setfsuid, a));
        break;
    case 9:
        say("setfsgid %d", a);
        answer(syscall(SYS_setfsgid, a));
        break;
    case 10: {
        unsigned count = pick(5);

        say("setgroups %u %d", count, (int)groups[3]);
        answer(syscall(SYS_setgroups, count, groups));
        break;
    }
    case 11: {
        int size = (int)pick(5) - 1;

        say("getgroups %d", size);
        answer(syscall(SYS_getgroups, size, groups));
        break;
    }
    default:
        if (with_rights)
            try_rights();
    }
}

static void credentials_of_child(unsigned first, unsigned calls)
{
    for (unsigned i = first; i < first + calls; i++) {
        say("%u ", i);
        change_ids();
        say_credentials();
        end_line();
    }
}

/* The child prints; its random numbers and hashes go on in the next one. */
static void run_credentials(unsigned calls)
{
    static const char *const files[] = { "root", "one", "two" };
    struct {
        uint64_t random, hash;
        unsigned lines;
    } state;

    close_all_from(3);
    for (unsigned i = 0; i < calls; i += 100) {
        int to_parent[2];

        for (unsigned j = 0; j < COUNT(files); j++) {
            unlink(files[j]);
            must("mknod", mknod(files[j], S_IFREG, 0));
            must("chown", chown(files[j], j, j));
            must("chmod", chmod(files[j], 0660));
        }
        must("pipe", pipe(to_parent));
        fflush(stdout);
        pid_t child = (pid_t)must("fork", fork());
        if (child == 0) {
            with_rights = chance(50);
            credentials_of_child(i, calls - i < 100 ? calls - i : 100);
            fflush(stdout);
            state.random = random_state;
            state.hash = block_hash;
            state.lines = lines_in_block;
            _exit(write(to_parent[1], &state, sizeof(state)) != sizeof(state));
        }
        must("read", read(to_parent[0], &state, sizeof(state)));
        random_state = state.random;
        block_hash = state.hash;
        lines_in_block = state.lines;
        waitpid(child, NULL, 0);
        close(to_parent[0]);
        close(to_parent[1]);
    }
}

#endif
