/* Locks on files, as proc(5) describes /proc/locks. */
#include "procfs.h"

#include <linux/fcntl.h>

#include <fs/device.h>
#include <fs/lock.h>

#define LOCKS_AT_ONCE 8

static void add_lock(const struct lock_snapshot *lock, unsigned number, struct text *out)
{
    const char *kind = lock->of_file ? "FLOCK " : lock->process < 0 ? "OFDLCK" : "POSIX ";

    text_add(out, "%u: %s ADVISORY  %s %d %02x:%02x:%llu %llu ", number, kind,
             lock->type == F_WRLCK ? "WRITE" : "READ ", lock->process, device_major(lock->device),
             device_minor(lock->device), (unsigned long long)lock->inode,
             (unsigned long long)lock->start);
    if (lock->end == INT64_MAX)
        text_add(out, "EOF\n");
    else
        text_add(out, "%llu\n", (unsigned long long)lock->end);
}

int proc_locks(const struct proc_subject *subject, struct text *out)
{
    struct lock_snapshot locks[LOCKS_AT_ONCE];
    size_t done = 0, count;

    (void)subject;
    while ((count = file_locks(done, locks, LOCKS_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++)
            add_lock(&locks[i], (unsigned)(done + i + 1), out);
        done += count;
    }
    return 0;
}
