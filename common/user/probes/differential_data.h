/* Area "data": what is in files, through descriptors and through mappings.
 *
 * Nothing is said of the memory behind a file, and of its holes, once it has been mapped: Linux
 * takes a page for a hole that is only looked at, and that is its own affair. */
#ifndef DIFFERENTIAL_DATA_H
#define DIFFERENTIAL_DATA_H

#include "differential.h"

#include <setjmp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define DATA_PAGE  4096
#define DATA_FILES 3
#define DATA_FIRST 20 /* descriptors of the files, DATA_SLOTS of them */
#define DATA_SLOTS 8
#define DATA_MOST  (1 << 20) /* contents of longer files are not looked at */

static struct {
    int file;    /* which one, -1: closed */
    bool append; /* at last */
} data_slots[DATA_SLOTS];
static bool data_was_mapped[DATA_FILES]; /* or given memory by fallocate() */

static char data_buffer[DATA_MOST];

static const char *data_name(int file)
{
    static char name[8];

    sprintf(name, "f%d", file);
    return name;
}

static int data_slot(void)
{
    int slot = (int)pick(DATA_SLOTS);

    say(" %d(f%d)", slot, data_slots[slot].file);
    return slot;
}

/* Close to a page's edge, or anywhere in the first ten pages. */
static long data_offset(void)
{
    static const int around[] = { -1, 0, 0, 0, 1, 7, -100 };

    if (chance(3))
        return -1 - (long)pick(5000);
    if (chance(2))
        return (1L << (33 + pick(30))) + (long)pick(9);
    if (chance(50))
        return (long)pick(10) * DATA_PAGE + (chance(90) ? 0 : CHOOSE(around));
    return (long)pick(40000);
}

static long data_size(void)
{
    static const long sizes[] = { 0, 1, 7, 100, 4095, 4096, 4097, 8192, 10000 };

    return chance(60) ? CHOOSE(sizes) : (long)pick(12000);
}

/* Fills the buffer with something that tells one call from the other. */
static void data_fill(size_t size)
{
    uint64_t word = random_number();

    for (size_t i = 0; i < size; i += sizeof(word)) {
        memcpy(data_buffer + i, &word, sizeof(word));
        word = word * 6364136223846793005u + 1442695040888963407u;
    }
}

/* The file as it is now, by a descriptor of its own that leaves no trace. */
static void data_say_file(int file)
{
    struct stat stat;
    int fd = open(data_name(file), O_RDONLY | O_NOATIME);

    if (fd < 0) {
        say_error(errno);
        return;
    }
    must("fstat", fstat(fd, &stat));
    say(" ; f%d s%lld", file, (long long)stat.st_size);
    if (!data_was_mapped[file])
        say(" b%lld", (long long)stat.st_blocks);
    if (stat.st_size <= DATA_MOST) {
        ssize_t got = pread(fd, data_buffer, sizeof(data_buffer), 0);

        say(" %zd %08x", got, (unsigned)hash_bytes(1, data_buffer, got > 0 ? (size_t)got : 0));
    }
    close(fd);
}

static void data_say_slot(int slot)
{
    say(" at %ld", (long)lseek(DATA_FIRST + slot, 0, SEEK_CUR));
    if (data_slots[slot].file >= 0)
        data_say_file(data_slots[slot].file);
}

/* ---- descriptors ---- */

static const struct flag data_open_flags[] = {
    { "CREAT", O_CREAT },     { "TRUNC", O_TRUNC },     { "APPEND", O_APPEND },
    { "EXCL", O_EXCL },       { "CLOEXEC", O_CLOEXEC }, { "NONBLOCK", O_NONBLOCK },
    { "NOATIME", O_NOATIME },
};

static void data_open(void)
{
    int file = (int)pick(DATA_FILES), slot = (int)pick(DATA_SLOTS);
    unsigned flags = chance(60) ? O_RDWR | O_CREAT : pick(4);

    flags |= (unsigned)some_flags(data_open_flags, COUNT(data_open_flags), 10);
    if (chance(70))
        flags &= ~(unsigned)(O_TRUNC | O_EXCL);
    if (chance(3))
        flags |= O_PATH;
    say("open %d f%d %u", slot, file, flags & O_ACCMODE);
    say_flags(flags & ~(unsigned)O_ACCMODE, data_open_flags, COUNT(data_open_flags));
    close(DATA_FIRST + slot);
    data_slots[slot].file = -1;
    int fd = open(data_name(file), (int)flags, 0644);
    if (fd < 0) {
        say_error(errno);
        return;
    }
    must("dup3", syscall(SYS_dup3, fd, DATA_FIRST + slot, flags & O_CLOEXEC));
    close(fd);
    data_slots[slot].file = file;
    say(" = flags %x", fcntl(DATA_FIRST + slot, F_GETFL));
    data_say_slot(slot);
}

static void data_unlink(void)
{
    int file = (int)pick(DATA_FILES);

    say("unlink f%d", file);
    answer(unlink(data_name(file)));
    /* Descriptors of the old one stay, but are no longer looked at. */
    for (int i = 0; i < DATA_SLOTS; i++) {
        if (data_slots[i].file == file) {
            close(DATA_FIRST + i);
            data_slots[i].file = -1;
        }
    }
}

static void data_dup(void)
{
    int from = (int)pick(DATA_SLOTS), to = (int)pick(DATA_SLOTS);

    switch (pick(4)) {
    case 0:
        say("dup2 %d %d", from, to);
        if (answer(syscall(SYS_dup2, DATA_FIRST + from, DATA_FIRST + to)) >= 0)
            data_slots[to] = data_slots[from];
        break;
    case 1:
        say("dup3 %d %d", from, to);
        if (answer(syscall(SYS_dup3, DATA_FIRST + from, DATA_FIRST + to, O_CLOEXEC)) >= 0)
            data_slots[to] = data_slots[from];
        break;
    case 2:
        say("dup %d", from);
        close((int)answer(syscall(SYS_dup, DATA_FIRST + from)));
        break;
    default:
        say("F_DUPFD %d", from);
        int fd = (int)answer(syscall(SYS_fcntl, DATA_FIRST + from,
                                     chance(50) ? F_DUPFD : F_DUPFD_CLOEXEC, 40 + pick(5)));
        say(" cloexec %d", fcntl(fd, F_GETFD));
        close(fd);
    }
    say(" cloexec %d", fcntl(DATA_FIRST + to, F_GETFD));
}

static void data_fcntl(void)
{
    static const unsigned values[] = { 0,      O_APPEND,        O_NONBLOCK, O_APPEND | O_NOATIME,
                                       O_RDWR, O_TRUNC | O_SYNC };

    say("fcntl");
    int slot = data_slot(), fd = DATA_FIRST + slot, value = (int)CHOOSE(values);

    if (chance(50)) {
        say(" SETFL %#x", value);
        answer(fcntl(fd, F_SETFL, value));
    } else {
        say(" SETFD %d", value & 1);
        answer(fcntl(fd, F_SETFD, value & 1));
    }
    say(" flags %x %x", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
}

static void data_close(void)
{
    say("close");
    int slot = data_slot();

    answer(close(DATA_FIRST + slot));
    data_slots[slot].file = -1;
}

/* ---- reading and writing ---- */

static void data_write(void)
{
    long size = data_size(), offset = data_offset();
    bool at = chance(50);

    say(at ? "pwrite" : "write");
    int slot = data_slot();
    say(" %ld", size);
    data_fill((size_t)size);
    if (at) {
        say(" at %ld", offset);
        answer(syscall(SYS_pwrite64, DATA_FIRST + slot, data_buffer, size, offset));
    } else {
        answer(syscall(SYS_write, DATA_FIRST + slot, data_buffer, size));
    }
    data_say_slot(slot);
}

static void data_read(void)
{
    long size = data_size(), offset = data_offset(), got;
    bool at = chance(50);

    say(at ? "pread" : "read");
    int slot = data_slot();
    say(" %ld", size);
    if (at) {
        say(" at %ld", offset);
        got = answer(syscall(SYS_pread64, DATA_FIRST + slot, data_buffer, size, offset));
    } else {
        got = answer(syscall(SYS_read, DATA_FIRST + slot, data_buffer, size));
    }
    if (got > 0)
        say(" %08x", (unsigned)hash_bytes(1, data_buffer, (size_t)got));
    data_say_slot(slot);
}

static void data_vector(void)
{
    struct iovec pieces[12];
    unsigned count = chance(90) ? pick(5) : 12;
    size_t used = 0;
    bool write = chance(50);
    long got;

    say(write ? "writev" : "readv");
    int slot = data_slot();
    data_fill(60000);
    for (unsigned i = 0; i < count; i++) {
        pieces[i].iov_base = data_buffer + used;
        pieces[i].iov_len = (size_t)data_size() / 2;
        used += pieces[i].iov_len;
        say(" %zu", pieces[i].iov_len);
    }
    if (chance(50)) {
        long offset = data_offset();

        say(" at %ld", offset);
        got = answer(
            syscall(write ? SYS_pwritev : SYS_preadv, DATA_FIRST + slot, pieces, count, offset, 0));
    } else {
        got = answer(syscall(write ? SYS_writev : SYS_readv, DATA_FIRST + slot, pieces, count));
    }
    if (got > 0 && !write)
        say(" %08x", (unsigned)hash_bytes(1, data_buffer, (size_t)got));
    data_say_slot(slot);
}

static void data_seek(void)
{
    long offset = data_offset();
    int whence = (int)pick(6);

    say("lseek");
    int slot = data_slot(), file = data_slots[slot].file;
    if (whence >= 3 && file >= 0 && data_was_mapped[file])
        whence = SEEK_CUR;
    if (whence == SEEK_CUR || whence == SEEK_END)
        offset -= 10000;
    say(" %ld %d", offset, whence);
    answer(syscall(SYS_lseek, DATA_FIRST + slot, offset, whence));
}

static void data_truncate(void)
{
    long size = data_offset();

    if (chance(50)) {
        say("ftruncate");
        int slot = data_slot();
        say(" %ld", size);
        answer(syscall(SYS_ftruncate, DATA_FIRST + slot, size));
        data_say_slot(slot);
    } else {
        int file = (int)pick(DATA_FILES);

        say("truncate f%d %ld", file, size);
        answer(syscall(SYS_truncate, data_name(file), size));
        data_say_file(file);
    }
}

static void data_allocate(void)
{
    long offset = data_offset() % 200000, size = data_size();
    int mode = chance(50) ? 0 : 1;

    say("fallocate");
    int slot = data_slot();
    say(" %d %ld %ld", mode, offset, size);
    long got = answer(syscall(SYS_fallocate, DATA_FIRST + slot, mode, offset, size));
    if (got == 0 && data_slots[slot].file >= 0)
        data_was_mapped[data_slots[slot].file] = true;
    data_say_slot(slot);
}

static void data_sendfile(void)
{
    off_t offset = data_offset() % 100000;
    bool given = chance(50);
    long size = data_size() * 3;

    say("sendfile from");
    int from = data_slot();
    say(" to");
    int to = data_slot();
    /* To a file from itself: what is read may or may not be what was just written. */
    if (data_slots[from].file == data_slots[to].file)
        return;
    if (given)
        say(" at %ld", (long)offset);
    say(" %ld", size);
    answer(syscall(SYS_sendfile, DATA_FIRST + to, DATA_FIRST + from, given ? &offset : NULL, size));
    say(" offset %ld", (long)offset);
    data_say_slot(from);
    data_say_slot(to);
}

static void data_count(void)
{
    int left = -1;

    say("FIONREAD");
    int slot = data_slot();
    answer(ioctl(DATA_FIRST + slot, FIONREAD, &left));
    say(" %d", left);
}

static void data_sync(void)
{
    say("fsync");
    int slot = data_slot();
    answer(chance(50) ? fsync(DATA_FIRST + slot) : fdatasync(DATA_FIRST + slot));
}

/* Writing beyond RLIMIT_FSIZE. */
static void data_limit(void)
{
    static const rlim_t limits[] = { 5000, 8192, RLIM_INFINITY, RLIM_INFINITY };
    struct rlimit limit = { .rlim_max = RLIM_INFINITY };

    limit.rlim_cur = CHOOSE(limits);
    say("limit %ld", (long)limit.rlim_cur);
    answer(setrlimit(RLIMIT_FSIZE, &limit));
}

static volatile sig_atomic_t data_signals;

static void data_count_signal(int number)
{
    (void)number;
    data_signals++;
}

/* ---- mappings ---- */

#define REGIONS      4
#define REGION_PAGES 8

/* Each region has a place of its own in the arena, so that no address depends on the machine. */
static struct {
    int file;
    bool shared;
} regions[REGIONS];
static char *arena;

static char *region_at(unsigned region)
{
    return arena + (size_t)region * 2 * REGION_PAGES * DATA_PAGE;
}

static sigjmp_buf data_escape;
static volatile int data_fault_code;

static void data_faulted(int number, siginfo_t *info, void *context)
{
    (void)context;
    data_fault_code = info->si_code;
    siglongjmp(data_escape, number);
}

static void data_map(void)
{
    static const int protections[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
                                       PROT_NONE };
    static const int kinds[] = { MAP_SHARED,  MAP_SHARED,          MAP_PRIVATE,
                                 MAP_PRIVATE, MAP_SHARED_VALIDATE, 0 };
    unsigned region = pick(REGIONS), pages = pick(REGION_PAGES + 1);
    int protection = CHOOSE(protections), kind = CHOOSE(kinds);
    bool anonymous = chance(10);
    long offset = chance(90) ? (long)pick(4) * DATA_PAGE : chance(50) ? 100 : -DATA_PAGE;
    size_t size = (size_t)pages * DATA_PAGE - (pages > 0 ? pick(3) * 1000 : 0);

    say("mmap %u %zu %d %d", region, size, protection, kind);
    int slot = data_slot();
    if (anonymous)
        say(" anonymous");
    say(" at %ld", offset);
    munmap(region_at(region), REGION_PAGES * DATA_PAGE);
    regions[region].file = -1;
    void *got = (void *)syscall(SYS_mmap, region_at(region), size, protection,
                                kind | MAP_FIXED | (anonymous ? MAP_ANONYMOUS : 0),
                                DATA_FIRST + slot, offset);
    if (got == MAP_FAILED) {
        say_error(errno);
        return;
    }
    say(" 0");
    regions[region].shared = kind != MAP_PRIVATE;
    if (anonymous)
        return;
    regions[region].file = data_slots[slot].file;
    if (data_slots[slot].file >= 0)
        data_was_mapped[data_slots[slot].file] = true;
}

static void data_touch(void)
{
    unsigned region = pick(REGIONS);
    size_t offset = pick(REGION_PAGES) * DATA_PAGE + (chance(50) ? 0 : pick(DATA_PAGE));
    bool write = chance(50);
    volatile char *at = region_at(region) + offset;
    char value = (char)random_number();

    say("touch %u %s %zu", region, write ? "write" : "read", offset);
    int number = sigsetjmp(data_escape, 1);
    if (number != 0) {
        say(" %s %d", number == SIGBUS ? "SIGBUS" : "SIGSEGV", data_fault_code);
    } else if (write) {
        *at = value;
        say(" %02x", (unsigned char)*at);
    } else {
        say(" %02x", (unsigned char)*at);
    }
    if (write && regions[region].file >= 0)
        data_say_file(regions[region].file);
}

/* System calls that are given mapped memory. */
static void data_through_mapping(void)
{
    unsigned region = pick(REGIONS);
    size_t offset = pick(REGION_PAGES) * DATA_PAGE, size = 1 + pick(DATA_PAGE);
    bool write = chance(50);

    say("%s %u %zu %zu", write ? "write from" : "read into", region, offset, size);
    int slot = data_slot();
    if (data_slots[slot].file == regions[region].file)
        return;
    if (write) {
        /* Where Linux finds nothing to write beyond the end, it has made the file longer. */
        lseek(DATA_FIRST + slot, 0, SEEK_SET);
        /* Whether memory was taken before it turned out that there is nothing to write is free. */
        if (answer(syscall(SYS_write, DATA_FIRST + slot, region_at(region) + offset, size)) < 0 &&
            data_slots[slot].file >= 0)
            data_was_mapped[data_slots[slot].file] = true;
    } else {
        answer(syscall(SYS_read, DATA_FIRST + slot, region_at(region) + offset, size));
    }
    data_say_slot(slot);
    if (regions[region].file >= 0)
        data_say_file(regions[region].file);
}

static void data_change_mapping(void)
{
    static const int protections[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE };
    unsigned region = pick(REGIONS), kind = pick(3);
    size_t offset = pick(REGION_PAGES) * DATA_PAGE, size = pick(4) * DATA_PAGE + pick(2) * 10;
    char *at = region_at(region) + offset;

    if (offset + size > REGION_PAGES * DATA_PAGE)
        size = REGION_PAGES * DATA_PAGE - offset;
    if (chance(5))
        at += 8;
    if (kind == 0) {
        int protection = CHOOSE(protections);

        say("mprotect %u %zu %zu %d", region, offset, size, protection);
        answer(syscall(SYS_mprotect, at, size, protection));
    } else if (kind == 1) {
        say("munmap %u %zu %zu", region, offset, size);
        answer(syscall(SYS_munmap, at, size));
    } else {
        static const int flags_of[] = {
            MS_SYNC, MS_ASYNC, MS_INVALIDATE, 0, MS_SYNC | MS_ASYNC, 64
        };
        int flags = CHOOSE(flags_of);

        say("msync %u %zu %zu %d", region, offset, size, flags);
        answer(syscall(SYS_msync, at, size, flags));
    }
}

static void data_see_mapping(void)
{
    unsigned region = pick(REGIONS);

    say("see %u", region);
    for (volatile unsigned page = 0; page < REGION_PAGES; page++) {
        int number = sigsetjmp(data_escape, 1);

        if (number != 0)
            say(" %s", number == SIGBUS ? "BUS" : "SEGV");
        else
            say(" %04x",
                (unsigned)hash_bytes(1, region_at(region) + page * DATA_PAGE, DATA_PAGE) & 0xffff);
    }
}

static const struct operation data_operations[] = {
    { 12, data_open }, { 14, data_write },   { 12, data_read },    { 6, data_vector },
    { 8, data_seek },  { 8, data_truncate }, { 3, data_allocate }, { 4, data_sendfile },
    { 2, data_count }, { 1, data_sync },     { 1, data_limit },    { 4, data_dup },
    { 3, data_fcntl }, { 2, data_close },    { 2, data_unlink },
};
static const struct operation mapping_operations[] = {
    { 4, data_map },
    { 8, data_touch },
    { 3, data_through_mapping },
    { 4, data_change_mapping },
    { 3, data_see_mapping },
};

/* Half of the sequences have mappings in them. */
static void run_data(unsigned calls)
{
    bool mappings = chance(50);
    struct sigaction faulted = { .sa_sigaction = data_faulted, .sa_flags = SA_SIGINFO };

    sigaction(SIGSEGV, &faulted, NULL);
    sigaction(SIGBUS, &faulted, NULL);
    signal(SIGXFSZ, data_count_signal);
    close_all_from(3);
    for (int i = 0; i < DATA_SLOTS; i++)
        data_slots[i].file = -1;
    for (int i = 0; i < REGIONS; i++)
        regions[i].file = -1;
    arena = mmap(NULL, (size_t)REGIONS * 2 * REGION_PAGES * DATA_PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must("mmap", arena == MAP_FAILED ? -1 : 0);
    for (unsigned i = 0; i < calls; i++) {
        say("%u ", i);
        if (mappings && chance(40))
            run_one_of(mapping_operations, COUNT(mapping_operations));
        else
            run_one_of(data_operations, COUNT(data_operations));
        if (data_signals > 0)
            say(" SIGXFSZ*%d", (int)data_signals);
        data_signals = 0;
        end_line();
    }
}

#endif
