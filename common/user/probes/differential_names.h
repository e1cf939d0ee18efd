/* Area "names": everything that takes a path name or changes what a name leads to, by several
 * users, in a small tree, so that calls meet what others left. */
#ifndef DIFFERENTIAL_NAMES_H
#define DIFFERENTIAL_NAMES_H

#include "differential.h"

#include <sys/statfs.h>
#include <time.h>

/* ---- path names ---- */

/* A path at random; valid until eight more have been made. */
static const char *some_path(void)
{
    static char paths[8][8200];
    static unsigned next;
    static const char *const ordinary[] = { "a", "b", "c", "d" };
    static const char *const odd[] = { ".", "..", "missing", "a/", "./b", "c/..", "//" };
    char *path = paths[next++ % COUNT(paths)];
    unsigned parts = CHOOSE(((const unsigned[]){ 1, 1, 1, 2, 2, 2, 3 }));

    path[0] = '\0';
    if (chance(2))
        return path;
    if (chance(10))
        strcat(path, "/");
    for (unsigned i = 0; i < parts; i++) {
        if (i > 0)
            strcat(path, chance(5) ? "//" : "/");
        strcat(path, chance(8) ? CHOOSE(odd) : CHOOSE(ordinary));
    }
    if (chance(8))
        strcat(path, chance(70) ? "/" : chance(50) ? "/." : "/..");
    if (chance(1)) {
        size_t length = strlen(path), more = chance(50) ? 250 + pick(8) : 4090 + pick(10);

        memset(path + length, 'x', more);
        for (size_t i = 200; more > 300 && i < more; i += 200)
            path[length + i] = '/';
        path[length + more] = '\0';
    }
    return path;
}

/* Long ones by their length. */
static void say_path(const char *path)
{
    if (strlen(path) < 60)
        say(" \"%s\"", path);
    else
        say(" \"%.20s...\"(%zu)", path, strlen(path));
}

/* ---- open files ---- */

#define FIRST_SLOT 10
#define SLOTS      6

static int some_slot(void)
{
    return FIRST_SLOT + (int)pick(SLOTS);
}

/* AT_FDCWD, mostly, or a descriptor that may be of anything. */
static int some_directory(void)
{
    int directory = chance(75) ? AT_FDCWD : some_slot();

    if (directory != AT_FDCWD)
        say(" at %d", directory);
    return directory;
}

/* ---- what a call left behind ---- */

static const struct flag types[] = {
    { "file", S_IFREG }, { "dir", S_IFDIR }, { "link", S_IFLNK },  { "fifo", S_IFIFO },
    { "chr", S_IFCHR },  { "blk", S_IFBLK }, { "sock", S_IFSOCK },
};

static const char *type_name(mode_t mode)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if ((mode & S_IFMT) == types[i].bits)
            return types[i].name;
    return "odd";
}

/* How much memory directories and links take is their file system's own affair. */
static void say_stat(const struct stat *stat)
{
    say(" %s %04o n%u %u:%u s%lld b%lld", type_name(stat->st_mode), stat->st_mode & 07777,
        (unsigned)stat->st_nlink, stat->st_uid, stat->st_gid,
        S_ISDIR(stat->st_mode) ? 0 : (long long)stat->st_size,
        S_ISREG(stat->st_mode) ? (long long)stat->st_blocks : 0);
    if (S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode))
        say(" r%x", (unsigned)stat->st_rdev);
}

/* Things whose change by a call is to be seen: their times were set to MARK before it. */
#define MARK 1000

static struct watched {
    int directory;
    char path[8200];
    bool found;
    struct stat before;
} watched[4];
static unsigned watched_count;
static bool watch_changes; /* ctime, too: takes some milliseconds */

/* Waits until the coarse clock, which Linux takes time stamps from, passes the fine one's now. */
static void let_clock_tick(void)
{
    struct timespec begin, now;

    clock_gettime(CLOCK_REALTIME, &begin);
    do {
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    } while (now.tv_sec < begin.tv_sec ||
             (now.tv_sec == begin.tv_sec && now.tv_nsec <= begin.tv_nsec));
}

static void watch(int directory, const char *path)
{
    struct watched *it = &watched[watched_count];
    struct timespec mark[2] = { { .tv_sec = MARK }, { .tv_sec = MARK } };

    if (watched_count == COUNT(watched) || path[0] == '\0')
        return;
    it->directory = directory;
    strcpy(it->path, path);
    it->found = fstatat(directory, path, &it->before, AT_SYMLINK_NOFOLLOW) == 0;
    if (it->found && utimensat(directory, path, mark, AT_SYMLINK_NOFOLLOW) == 0)
        it->found = fstatat(directory, path, &it->before, AT_SYMLINK_NOFOLLOW) == 0;
    watched_count++;
}

static void watch_with_parent(int directory, const char *path)
{
    char parent[8200];

    watch(directory, path);
    strcpy(parent, path);
    size_t length = strlen(parent);
    while (length > 0 && parent[length - 1] == '/')
        parent[--length] = '\0';
    char *slash = strrchr(parent, '/');
    if (!slash)
        strcpy(parent, ".");
    else
        slash[1] = '\0';
    watch(directory, parent);
}

/* ctime cannot be set, but whether it is another one can be seen, if the clock that it is taken
 * from has moved on in the meantime. */
static void say_times(const struct watched *it, const struct stat *now)
{
    if (!it->found || it->before.st_ino != now->st_ino)
        return;
    say(" %s%s%s", now->st_atim.tv_sec != MARK ? "a" : "", now->st_mtim.tv_sec != MARK ? "m" : "",
        watch_changes && memcmp(&now->st_ctim, &it->before.st_ctim, sizeof(now->st_ctim)) != 0
            ? "c"
            : "");
}

static void say_watched(void)
{
    for (unsigned i = 0; i < watched_count; i++) {
        struct stat now;

        say(" ;");
        say_path(watched[i].path);
        if (fstatat(watched[i].directory, watched[i].path, &now, AT_SYMLINK_NOFOLLOW) != 0) {
            say_error(errno);
            continue;
        }
        say_stat(&now);
        say_times(&watched[i], &now);
    }
    watched_count = 0;
}

/* ---- who calls ---- */

static const struct {
    uid_t real, effective;
    gid_t group;
    size_t count;
    gid_t groups[3];
} actors[] = {
    { 0, 0, 0, 0, { 0 } },
    { 1000, 1000, 1000, 0, { 0 } },
    { 1001, 1001, 1001, 1, { 1000 } },
    { 0, 1000, 1000, 2, { 1001, 5 } },
    { 1000, 1001, 5, 1, { 1001 } },
    { 1001, 0, 1000, 0, { 0 } },
};

static unsigned actor;

static void become_root(void)
{
    must("seteuid", syscall(SYS_setresuid, 0, 0, 0));
    must("setegid", syscall(SYS_setresgid, 0, 0, 0));
    must("setgroups", syscall(SYS_setgroups, 0, NULL));
}

static void become_actor(void)
{
    if (watched_count > 0 && watch_changes)
        let_clock_tick();
    must("setgroups", syscall(SYS_setgroups, actors[actor].count, actors[actor].groups));
    must("setresgid", syscall(SYS_setresgid, actors[actor].group, actors[actor].group, 0));
    must("setresuid", syscall(SYS_setresuid, actors[actor].real, actors[actor].effective, 0));
}

/* Around every call: `CALL(expression)` makes it as the actor and tells what came of it. */
#define CALL(expression)                                                                           \
    ({                                                                                             \
        become_actor();                                                                            \
        long value_ = (long)(expression);                                                          \
        int error_ = errno;                                                                        \
        become_root();                                                                             \
        errno = error_;                                                                            \
        say(" =");                                                                                 \
        answer(value_);                                                                            \
        say_watched();                                                                             \
        value_;                                                                                    \
    })

/* ---- the operations ---- */

static unsigned some_mode(void)
{
    static const unsigned modes[] = { 0755,  0777,  0700, 0644, 0666,  0600, 0,    01777, 02775,
                                      04755, 06711, 0070, 0007, 02644, 0444, 0555, 0333 };
    return CHOOSE(modes);
}

static const struct flag open_flags[] = {
    { "CREAT", O_CREAT },     { "EXCL", O_EXCL },           { "TRUNC", O_TRUNC },
    { "APPEND", O_APPEND },   { "DIRECTORY", O_DIRECTORY }, { "NOFOLLOW", O_NOFOLLOW },
    { "NOATIME", O_NOATIME }, { "CLOEXEC", O_CLOEXEC },     { "SYNC", O_SYNC },
};

/* Never without O_NONBLOCK: the file may be a FIFO. */
static unsigned some_open_flags(void)
{
    unsigned flags = O_NONBLOCK | pick(4);

    if (chance(40))
        flags |= O_CREAT;
    if (chance(8))
        flags |= O_PATH;
    return flags | (unsigned)some_flags(open_flags, COUNT(open_flags), 12);
}

static void say_open_flags(unsigned flags)
{
    say(" %u", flags & O_ACCMODE);
    if (flags & O_PATH)
        say("|PATH");
    say_flags(flags & ~(unsigned)(O_ACCMODE | O_PATH | O_NONBLOCK), open_flags, COUNT(open_flags));
}

static void try_open(void)
{
    const char *path = some_path();
    unsigned flags = some_open_flags(), mode = some_mode();
    int slot = some_slot();

    say("open %d", slot);
    close(slot);
    int directory = some_directory();
    say_path(path);
    say_open_flags(flags);
    say(" %04o", mode);
    watch_with_parent(directory, path);
    become_actor();
    long fd = syscall(SYS_openat, directory, path, flags, mode);
    int error = errno;
    become_root();
    say(" =");
    if (fd < 0) {
        say_error(error);
    } else {
        struct stat stat;

        if (fd != slot) {
            dup2((int)fd, slot);
            close((int)fd);
        }
        fstat(slot, &stat);
        say_stat(&stat);
        say(" flags %lx", syscall(SYS_fcntl, slot, F_GETFL));
    }
    say_watched();
}

static void try_mkdir(void)
{
    const char *path = some_path();
    unsigned mode = some_mode();

    say("mkdir");
    int directory = some_directory();
    say_path(path);
    say(" %04o", mode);
    watch_with_parent(directory, path);
    CALL(syscall(SYS_mkdirat, directory, path, mode));
}

static void try_mknod(void)
{
    static const unsigned kinds[] = { 0,       S_IFREG, S_IFIFO, S_IFSOCK,
                                      S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK };
    const char *path = some_path();
    unsigned mode = CHOOSE(kinds) | some_mode();

    say("mknod");
    int directory = some_directory();
    say_path(path);
    say(" %06o", mode);
    watch_with_parent(directory, path);
    CALL(syscall(SYS_mknodat, directory, path, mode, S_ISCHR(mode) ? 0x103 : 0xc801));
}

static void try_unlink(void)
{
    static const unsigned flags_of[] = { 0, 0, 0, AT_REMOVEDIR, AT_REMOVEDIR, 1 };
    const char *path = some_path();
    unsigned flags = CHOOSE(flags_of);

    say(flags == AT_REMOVEDIR ? "rmdir" : "unlink");
    if (flags == 1)
        say(" flag 1");
    int directory = some_directory();
    say_path(path);
    watch_with_parent(directory, path);
    CALL(syscall(SYS_unlinkat, directory, path, flags));
}

static void try_link(void)
{
    static const unsigned flags_of[] = { 0, 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH,
                                         AT_SYMLINK_NOFOLLOW };
    const char *from = some_path(), *to = some_path();
    unsigned flags = CHOOSE(flags_of);
    struct stat stat;

    if (flags == AT_EMPTY_PATH && chance(50))
        from = "";
    say("link %#x", flags);
    int from_directory = some_directory();
    say_path(from);
    int to_directory = some_directory();
    say_path(to);
    /* Others' files are linked by root alone: many a Linux has fs.protected_hardlinks set. */
    if (fstatat(from_directory, from, &stat, AT_EMPTY_PATH) != 0 || !S_ISREG(stat.st_mode) ||
        stat.st_uid != actors[actor].effective)
        actor = 0;
    watch(from_directory, from);
    watch_with_parent(to_directory, to);
    CALL(syscall(SYS_linkat, from_directory, from, to_directory, to, flags));
}

static void try_symlink(void)
{
    static char long_target[300];
    const char *target = some_path(), *path = some_path();

    if (chance(5)) {
        memset(long_target, 'y', 299);
        long_target[CHOOSE(((const unsigned[]){ 100, 126, 127, 128, 129, 255, 299 }))] = '\0';
        target = long_target;
    }
    say("symlink");
    say_path(target);
    int directory = some_directory();
    say_path(path);
    watch_with_parent(directory, path);
    CALL(syscall(SYS_symlinkat, target, directory, path));
}

static void try_rename(void)
{
    static const unsigned flags_of[] = { 0, 0, 0, 0, 1, 2, 2, 3, 8 };
    const char *from = some_path(), *to = some_path();
    unsigned flags = CHOOSE(flags_of);

    /* Which of several errors is told when a name is too long is left open. */
    if (strlen(from) > 200 || strlen(to) > 200)
        from = to = "a";
    say("rename %u", flags);
    int from_directory = some_directory();
    say_path(from);
    int to_directory = some_directory();
    say_path(to);
    watch_with_parent(from_directory, from);
    watch_with_parent(to_directory, to);
    CALL(syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}

static void try_chmod(void)
{
    const char *path = some_path();
    unsigned mode = some_mode();
    int slot = some_slot();

    say("chmod %04o", mode);
    if (chance(20)) {
        say(" %d", slot);
        CALL(syscall(SYS_fchmod, slot, mode));
        return;
    }
    int directory = some_directory();
    say_path(path);
    watch(directory, path);
    CALL(syscall(SYS_fchmodat, directory, path, mode));
}

static void try_chown(void)
{
    static const int ids[] = { -1, 0, 5, 1000, 1001 };
    static const unsigned flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x800 };
    const char *path = some_path();
    int uid = CHOOSE(ids), gid = CHOOSE(ids), slot = some_slot();
    unsigned flags = chance(95) ? flags_of[pick(3)] : flags_of[3];

    say("chown %d:%d", uid, gid);
    if (chance(20)) {
        say(" %d", slot);
        CALL(syscall(SYS_fchown, slot, uid, gid));
        return;
    }
    say(" %#x", flags);
    int directory = some_directory();
    say_path(path);
    watch(directory, path);
    CALL(syscall(SYS_fchownat, directory, path, uid, gid, flags));
}

static void try_utimens(void)
{
    static const long nanoseconds[] = { UTIME_NOW, UTIME_OMIT, UTIME_NOW,  UTIME_OMIT,
                                        0,         999999999,  1000000000, -1 };
    static const unsigned flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1 };
    struct timespec times[2] = { { MARK, CHOOSE(nanoseconds) }, { MARK + 1, CHOOSE(nanoseconds) } };
    const char *path = some_path();
    unsigned flags = CHOOSE(flags_of);
    bool null_times = chance(15), null_path = chance(15);

    say("utimens %#x", flags);
    if (null_times)
        say(" NULL");
    else
        say(" %ld %ld", times[0].tv_nsec, times[1].tv_nsec);
    int directory = null_path ? some_slot() : some_directory();
    if (null_path) {
        say(" %d", directory);
    } else {
        say_path(path);
        watch(directory, path);
    }
    CALL(syscall(SYS_utimensat, directory, null_path ? NULL : path, null_times ? NULL : times,
                 flags));
}

static void try_truncate(void)
{
    static const long sizes[] = { 0, 1, 10, 4096, 5000, 12288, -1 };
    const char *path = some_path();
    long size = CHOOSE(sizes);
    int slot = some_slot();
    struct stat now;

    say("truncate %ld", size);
    if (chance(30)) {
        say(" %d", slot);
        CALL(syscall(SYS_ftruncate, slot, size));
        return;
    }
    say_path(path);
    /* A size that stays: whether the times do depends, on Linux, on whether there is memory. */
    if (stat(path, &now) == 0 && S_ISREG(now.st_mode) && now.st_size != size)
        watch(AT_FDCWD, path);
    CALL(syscall(SYS_truncate, path, size));
}

static void try_access(void)
{
    static const unsigned flags_of[] = {
        0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EACCESS | AT_SYMLINK_NOFOLLOW, 1
    };
    const char *path = some_path();
    unsigned mode = chance(97) ? pick(8) : 8, flags = CHOOSE(flags_of);

    say("access %u %#x", mode, flags);
    int directory = some_directory();
    say_path(path);
    CALL(syscall(SYS_faccessat2, directory, path, mode, flags));
}

static void try_stat(void)
{
    static const unsigned flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT,
                                         AT_SYMLINK_FOLLOW };
    const char *path = some_path();
    unsigned flags = CHOOSE(flags_of);
    struct stat stat = { 0 };

    if (chance(10))
        path = "";
    say("stat %#x", flags);
    int directory = some_directory();
    say_path(path);
    if (CALL(syscall(SYS_newfstatat, directory, path, &stat, flags)) == 0)
        say_stat(&stat);
}

/* struct statx of linux/stat.h, which musl's headers leave out. */
struct extended_stat {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, spare;
    uint64_t number, size, blocks, attributes_mask, times[8];
    uint32_t device_major, device_minor, rest[30];
};
#define ATTRIBUTE_MOUNT_ROOT 0x2000

static void try_statx(void)
{
    static const unsigned flags_of[] = { 0,      AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x2000, 0x4000,
                                         0x6000, AT_REMOVEDIR };
    static const unsigned masks[] = { 0, 0x7ff, 0xfff, 0x1000, 1, 0x80000000u };
    const char *path = some_path();
    unsigned flags = CHOOSE(flags_of), mask = CHOOSE(masks);
    struct extended_stat statx = { 0 };

    say("statx %#x %#x", flags, mask);
    int directory = some_directory();
    say_path(path);
    if (CALL(syscall(SYS_statx, directory, path, flags, mask, &statx)) == 0)
        say(" %o n%u %u:%u s%" PRIu64 " b%" PRIu64 " k%u r%u,%u basic %x root %d", statx.mode,
            statx.links, statx.uid, statx.gid, S_ISDIR(statx.mode) ? 0 : statx.size,
            S_ISREG(statx.mode) ? statx.blocks : 0, statx.block_size, statx.device_major,
            statx.device_minor, statx.mask & 0x73f, (statx.attributes & ATTRIBUTE_MOUNT_ROOT) != 0);
}

static void try_readlink(void)
{
    static const int sizes[] = { 4096, 4096, 3, 1, 0, -1 };
    const char *path = some_path();
    int size = CHOOSE(sizes);
    char target[4097] = "";

    if (chance(10))
        path = "";
    say("readlink %d", size);
    int directory = some_directory();
    say_path(path);
    watch(directory, path);
    long length = CALL(syscall(SYS_readlinkat, directory, path, target, size));
    if (length > 0) {
        target[length] = '\0';
        say_path(target);
    }
}

static void try_chdir(void)
{
    const char *path = some_path();
    int slot = some_slot();
    char name[4096] = "";

    if (chance(30)) {
        say("fchdir %d", slot);
        CALL(syscall(SYS_fchdir, slot));
    } else {
        say("chdir");
        say_path(path);
        CALL(syscall(SYS_chdir, path));
    }
    say(" in");
    if (syscall(SYS_getcwd, name, sizeof(name)) < 0)
        say_error(errno);
    else
        say_path(name);
}

static void try_getcwd(void)
{
    unsigned size = pick(12);
    char name[16] = "";

    say("getcwd %u", size);
    if (CALL(syscall(SYS_getcwd, name, size)) > 0)
        say_path(name);
}

static void try_umask(void)
{
    static const unsigned masks[] = { 022, 0, 077, 027, 0777, 01022 };
    unsigned mask = CHOOSE(masks);

    say("umask %04o", mask);
    CALL(syscall(SYS_umask, mask));
}

static void try_write(void)
{
    int slot = some_slot();
    unsigned size = pick(20);

    say("write %d %u", slot, size);
    CALL(syscall(SYS_write, slot, "abcdefghijklmnopqrst", size));
}

static void try_read(void)
{
    int slot = some_slot();
    char data[32];
    struct stat stat;

    /* What /dev/null's node and FIFOs give is another area's. */
    say("read %d", slot);
    CALL(syscall(SYS_read, slot, data, pick(20)));
    if (fstat(slot, &stat) == 0)
        say_stat(&stat);
}

static void try_statfs(void)
{
    const char *path = some_path();
    struct statfs statfs;

    say("statfs");
    say_path(path);
    if (CALL(syscall(SYS_statfs, path, &statfs)) == 0)
        say(" %lx %ld %ld", (long)statfs.f_type, (long)statfs.f_bsize, (long)statfs.f_namelen);
}

static void try_actor(void)
{
    actor = pick(COUNT(actors));
    say("actor %u:%u group %u", actors[actor].real, actors[actor].effective, actors[actor].group);
}

/* ---- listing ---- */

struct entry {
    uint64_t number;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

struct listing {
    unsigned count;
    struct {
        char name[256];
        unsigned type, told;
    } entries[256];
};

static void add_to_listing(struct listing *list, const struct entry *entry)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->entries[i].name, entry->name) == 0) {
            list->entries[i].told++;
            return;
        }
    }
    if (list->count < COUNT(list->entries)) {
        strcpy(list->entries[list->count].name, entry->name);
        list->entries[list->count].type = entry->type;
        list->entries[list->count++].told = 1;
    }
}

/* One getdents64() into `list`; its result. */
static long list_some(int fd, size_t size, struct listing *list)
{
    _Alignas(8) char buffer[32768];
    long got = syscall(SYS_getdents64, fd, buffer, size);

    for (long at = 0; at < got;) {
        const struct entry *entry = (const struct entry *)(buffer + at);

        add_to_listing(list, entry);
        at += entry->size;
    }
    return got;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void sort_listing(struct listing *list)
{
    qsort(list->entries, list->count, sizeof(list->entries[0]), by_name);
}

static void say_listing(struct listing *list)
{
    sort_listing(list);
    for (unsigned i = 0; i < list->count; i++) {
        say(" %.20s/%u", list->entries[i].name, list->entries[i].type);
        if (list->entries[i].told != 1)
            say("*%u", list->entries[i].told);
    }
}

static void try_list(void)
{
    static const unsigned sizes[] = { 32768, 100, 48, 24, 10 };
    static struct listing list;
    int slot = some_slot();
    unsigned size = CHOOSE(sizes);
    long got;

    list.count = 0;
    say("list %d %u", slot, size);
    /* Whether what is new is told to somebody who had come to the end is free. */
    lseek(slot, 0, SEEK_SET);
    become_actor();
    while ((got = list_some(slot, size, &list)) > 0)
        ;
    int error = errno;
    become_root();
    errno = error;
    answer(got);
    if (got == 0)
        say_listing(&list);
    else
        lseek(slot, 0, SEEK_SET); /* how far it came depends on the order of the names */
}

/* Something is removed and something made while a directory is listed. */
static void try_list_changing(void)
{
    static struct listing list;
    const char *path = some_path(), *removed = some_path(), *made = some_path();
    int fd = open(path, O_RDONLY | O_DIRECTORY);

    list.count = 0;
    say("list changing");
    say_path(path);
    if (fd < 0) {
        say_error(errno);
        return;
    }
    unsigned size = chance(50) ? 80 : 48;
    long got = list_some(fd, size, &list);
    say_path(removed);
    say_path(made);
    const char *base = strrchr(removed, '/'), *made_base = strrchr(made, '/');
    base = base ? base + 1 : removed;
    made_base = made_base ? made_base + 1 : made;
    answer(syscall(SYS_unlinkat, AT_FDCWD, removed, 0));
    answer(syscall(SYS_mknodat, AT_FDCWD, made, S_IFREG | 0644, 0));
    size = chance(50) ? size : 32768;
    while (got > 0)
        got = list_some(fd, size, &list);
    answer(got);
    if (got < 0)
        list.count = 0;
    /* Whether what came or went is told depends on the order of the names, which is free. */
    for (unsigned i = 0; i < list.count; i++) {
        const char *name = list.entries[i].name;

        if (strcmp(name, base) == 0 || strcmp(name, made_base) == 0)
            list.entries[i--] = list.entries[--list.count];
        else
            list.entries[i].told = 1; /* some Linux tells a name again when another goes */
    }
    say_listing(&list);
    close(fd);
}

static void try_seek(void)
{
    static const long offsets[] = { 0, 1, 2, -1, 100 };
    int slot = some_slot(), whence = (int)pick(6);
    long offset = CHOOSE(offsets);
    struct stat stat;

    /* Positions of a directory beyond "." and ".." mean something to their file system alone, and
     * those of a device to its driver. */
    if (fstat(slot, &stat) == 0 &&
        ((S_ISDIR(stat.st_mode) && (whence == SEEK_CUR || offset > 0)) || S_ISCHR(stat.st_mode)))
        return;
    say("seek %d %ld %d", slot, offset, whence);
    CALL(syscall(SYS_lseek, slot, offset, whence));
}

/* ---- all there is ---- */

static void dump(int parent, const char *name, unsigned depth)
{
    static struct listing lists[12];
    struct listing *list = &lists[depth];
    struct stat stat;
    char target[4096];

    say("%*s%.40s", (int)depth * 2, "", name);
    if (fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        say_error(errno);
        end_line();
        return;
    }
    say_stat(&stat);
    if (S_ISLNK(stat.st_mode)) {
        long length = readlinkat(parent, name, target, sizeof(target) - 1);

        target[length > 0 ? length : 0] = '\0';
        say_path(target);
    }
    end_line();
    if (!S_ISDIR(stat.st_mode) || depth + 1 == COUNT(lists))
        return;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY);
    list->count = 0;
    while (list_some(fd, 32768, list) > 0)
        ;
    sort_listing(list);
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].name, ".") != 0 && strcmp(list->entries[i].name, "..") != 0)
            dump(fd, list->entries[i].name, depth + 1);
    close(fd);
}

/* Something to work with, again and again, and with everybody's permission to change it. */
static void restore(void)
{
    static const char *const directories[] = { "/a", "/b", "/a/b", "/b/c" };
    static const char *const files[] = { "/c", "/a/a", "/a/c", "/b/a", "/a/b/b", "/b/c/d" };

    must("chdir", chdir("/"));
    if (chance(60))
        chmod("/", 0777);
    for (size_t i = 0; i < COUNT(directories); i++) {
        mkdir(directories[i], 0777);
        if (chance(50))
            chmod(directories[i], 0777);
    }
    for (size_t i = 0; i < COUNT(files); i++)
        mknod(files[i], (chance(80) ? S_IFREG : S_IFIFO) | 0666, 0);
    for (size_t i = 0; i < COUNT(directories); i++) {
        int fd = open(directories[i], O_RDONLY | O_DIRECTORY);

        if (fd >= 0 && fd != FIRST_SLOT + (int)i) {
            dup2(fd, FIRST_SLOT + (int)i);
            close(fd);
        }
    }
}

static const struct operation name_operations[] = {
    { 20, try_open },  { 12, try_mkdir },   { 5, try_mknod },    { 10, try_unlink },
    { 10, try_link },  { 10, try_symlink }, { 16, try_rename },  { 8, try_chmod },
    { 8, try_chown },  { 6, try_utimens },  { 5, try_truncate }, { 8, try_access },
    { 6, try_stat },   { 3, try_statx },    { 5, try_readlink }, { 5, try_chdir },
    { 2, try_getcwd }, { 2, try_umask },    { 4, try_write },    { 3, try_read },
    { 2, try_statfs }, { 8, try_actor },    { 5, try_list },     { 4, try_list_changing },
    { 3, try_seek },
};

static void run_names(unsigned calls)
{
    signal(SIGPIPE, SIG_IGN);
    close_all_from(3);
    actor = 0;
    for (unsigned i = 0; i < calls; i++) {
        if (i % 50 == 0)
            restore();
        say("%u ", i);
        watch_changes = chance(10);
        run_one_of(name_operations, COUNT(name_operations));
        end_line();
        if (i % 50 == 49)
            dump(AT_FDCWD, "/", 0);
    }
}

#endif
